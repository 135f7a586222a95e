// SPDX-License-Identifier: Apache-2.0
// The machine's clocks read together, whatever happens between one and the other.
#include "certs/clock.h"

#include "proto/model/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define UTC_AT_BOOT (1800000000ull * NS_PER_S)
#define MS          (NS_PER_S / 1000)

// The machine: how long a reading takes, and how long it sleeps before one of them, counted from 1.
static uint64_t boot_ns, reading_ns, sleep_ns;
static unsigned readings, sleeps_before;

int __wrap_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
    boot_ns += reading_ns;
    if (++readings == sleeps_before)
        boot_ns += sleep_ns;
    uint64_t ns = id == CLOCK_REALTIME ? UTC_AT_BOOT + boot_ns : boot_ns;
    *ret = (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
    return 0;
}

static uint64_t apart(void)
{
    uint64_t utc, boot;
    readings = 0;
    clock_both(&utc, &boot);
    return utc - boot - UTC_AT_BOOT;
}

static void a_machine_that_sleeps_between_two_readings_shows_no_step(void **state)
{
    reading_ns = 100;
    for (sleep_ns = 5 * MS; sleep_ns < 48 * NS_PER_HOUR; sleep_ns *= 10)
        for (sleeps_before = 1; sleeps_before <= 6; sleeps_before++)
            assert_in_range(apart(), 0, MS);
}

static void a_machine_too_slow_to_read_both_at_once_is_not_asked_for_ever(void **state)
{
    reading_ns = 2 * MS;
    sleeps_before = 0;
    assert_in_range(apart(), 0, 2 * MS);
    assert_in_range(readings, 3, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_that_sleeps_between_two_readings_shows_no_step),
        cmocka_unit_test(a_machine_too_slow_to_read_both_at_once_is_not_asked_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
