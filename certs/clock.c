// SPDX-License-Identifier: Apache-2.0
// Reading the machine's clocks.
#include "certs/clock.h"

#include "proto/model/limits.h"

#include <time.h>
#ifdef AMANA_FAILPOINTS
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

#define TOGETHER_NS (NS_PER_S / 1000) // between two readings of one moment
#define TRIES       8u                // of a machine that is too slow for that

#ifdef AMANA_FAILPOINTS
// AMANA_CLOCK names a file of 8 bytes: nanoseconds, of this machine's order, that every program which has it open is
// ahead by. Whoever writes them moves the time of all at once. Like a sleep of the machine: clock_monotonic stays.
static const volatile int64_t *ahead;

__attribute__((constructor)) static void ahead_open(void)
{
    const char *path = getenv("AMANA_CLOCK");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
    ahead = map != MAP_FAILED ? map : NULL;
    close(fd);
}

static uint64_t moved(uint64_t ns)
{
    return ahead != NULL ? ns + (uint64_t)*ahead : ns;
}
#else
static uint64_t moved(uint64_t ns)
{
    return ns;
}
#endif

static uint64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_utc(void)
{
    return moved(read_clock(CLOCK_REALTIME));
}

uint64_t clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_boot(void)
{
    return moved(read_clock(CLOCK_BOOTTIME));
}

void clock_both(uint64_t *ret_utc, uint64_t *ret_boot)
{
    unsigned tries = 0;

    do {
        *ret_boot = clock_boot();
        *ret_utc = clock_utc();
    } while (clock_boot() - *ret_boot > TOGETHER_NS && ++tries < TRIES);
}
