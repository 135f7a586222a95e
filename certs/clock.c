// SPDX-License-Identifier: Apache-2.0
// Reading the machine's clocks.
#include "certs/clock.h"

#include "proto/model/limits.h"

#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_utc(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_boot(void)
{
    return read_clock(CLOCK_BOOTTIME);
}
