// SPDX-License-Identifier: Apache-2.0
// Stands in front of the C library's calls, for LMDB too: what a program defines comes before its libraries. No
// <unistd.h> here, whose own inline forms of these would get in the way.
#include "bad_disk.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/types.h>

struct iovec;
long syscall(long number, ...);
int fdatasync(int fd);
ssize_t pwrite(int fd, const void *data, size_t len, off_t offset);
ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset);
ssize_t writev(int fd, const struct iovec *parts, int n);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool armed;
static enum bad_call wanted;
static unsigned before, left, failed;
static int wanted_error;

void bad_disk_arm(enum bad_call call, unsigned count, unsigned more, int error)
{
    pthread_mutex_lock(&lock);
    armed = true;
    wanted = call;
    before = count - 1;
    left = 1 + more;
    failed = 0;
    wanted_error = error;
    pthread_mutex_unlock(&lock);
}

unsigned bad_disk_disarm(void)
{
    pthread_mutex_lock(&lock);
    armed = false;
    unsigned n = failed;
    pthread_mutex_unlock(&lock);
    return n;
}

static bool fails(enum bad_call call)
{
    bool bad = false;
    pthread_mutex_lock(&lock);
    if (armed && (wanted == BAD_ANY || wanted == call)) {
        if (before > 0) {
            before--;
        } else if (left > 0) {
            left--;
            failed++;
            bad = true;
        }
    }
    pthread_mutex_unlock(&lock);
    if (bad && wanted_error != 0)
        errno = wanted_error;
    return bad;
}

int fdatasync(int fd)
{
    return fails(BAD_SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    if (!fails(len < 4096 ? BAD_META : BAD_WRITE))
        return syscall(SYS_pwrite64, fd, data, len, offset);
    return wanted_error != 0 ? -1 : syscall(SYS_pwrite64, fd, data, len / 2, offset);
}

// What our own files call it, whose offsets have 64 bits by name.
ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset)
{
    return pwrite(fd, data, len, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    if (!fails(BAD_WRITE))
        return syscall(SYS_writev, fd, parts, n);
    return wanted_error != 0 ? -1 : syscall(SYS_writev, fd, parts, n / 2);
}
