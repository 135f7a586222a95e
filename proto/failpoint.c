// SPDX-License-Identifier: Apache-2.0
// Counting how often a place was passed.
#include "proto/failpoint.h"

#ifdef AMANA_FAILPOINTS
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_ulong passed; // one place at a time is wanted, so one counter is enough

void failpoint_again(void)
{
    passed = 0;
}

bool failpoint_hit(const char *name)
{
    const char *wanted = getenv("AMANA_FAILPOINT");
    if (wanted == NULL)
        return false;
    const char *colon = strchr(wanted, ':');
    size_t len = colon != NULL ? (size_t)(colon - wanted) : strlen(wanted);
    if (strlen(name) != len || memcmp(name, wanted, len) != 0)
        return false;
    unsigned long count = colon != NULL ? strtoul(colon + 1, NULL, 10) : 1;
    return atomic_fetch_add(&passed, 1) + 1 == count;
}

void failpoint_kill(const char *name)
{
    if (failpoint_hit(name))
        kill(getpid(), SIGKILL);
}

void failpoint_hold(const char *name)
{
    const char *path = getenv("AMANA_FAILPOINT_FIFO");
    char byte;

    if (path == NULL || !failpoint_hit(name))
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && read(fd, &byte, 1) > 0)
        continue;
    if (fd >= 0)
        close(fd);
}

static _Thread_local const char *sync_name;

void failpoint_sync(const char *name)
{
    sync_name = name;
}

// Stands in front of the C library's, for LMDB too. Weak: a test may have one of its own.
__attribute__((weak)) int fdatasync(int fd)
{
    if (sync_name != NULL && failpoint_hit(sync_name)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}
#else
typedef int failpoint_not_built; // an empty translation unit is not C
#endif
