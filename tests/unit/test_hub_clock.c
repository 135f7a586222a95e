// SPDX-License-Identifier: Apache-2.0
// When the machine's clock is believed, and when it isn't until somebody says so.
#include "server/net/hub_clock.h"

#include "proto/model/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BOOT  "0b2d1f6e-4c2b-4b6e-8f0e-1d2c3b4a5f60"
#define OTHER "ffffffff-4c2b-4b6e-8f0e-1d2c3b4a5f60"
#define S     NS_PER_S
#define UTC   (1800000000ull * S)
#define HOUR  (3600 * S)

static struct hub_clock fresh(void)
{
    struct hub_clock clock;
    hub_clock_init(&clock, &(struct hub_clock_mark){0}, BOOT, UTC, 100 * S);
    return clock;
}

static void a_clock_that_keeps_step_is_no_news(void **state)
{
    struct hub_clock clock = fresh();
    int64_t step;
    assert_int_equal(hub_clock_look(&clock, UTC + 9 * S, 109 * S, &step), HUB_CLOCK_SAME);
    assert_int_equal(hub_clock_look(&clock, UTC + 10 * S + S / 4, 110 * S, &step), HUB_CLOCK_SAME); // slewing
    assert_int_equal(hub_clock_now(&clock, UTC + 11 * S, 111 * S), UTC + 11 * S);
}

static void a_step_within_an_hour_or_back_is_told_and_believed(void **state)
{
    struct hub_clock clock = fresh();
    int64_t step;
    assert_int_equal(hub_clock_look(&clock, UTC + HOUR, 100 * S, &step), HUB_CLOCK_STEPPED);
    assert_int_equal(step, HOUR);
    assert_int_equal(hub_clock_look(&clock, UTC + HOUR + S, 101 * S, &step), HUB_CLOCK_SAME);
    assert_int_equal(hub_clock_look(&clock, UTC - 9 * HOUR, 102 * S, &step), HUB_CLOCK_STEPPED);
    assert_false(clock.doubted);
}

static void a_jump_of_more_than_an_hour_is_doubted_and_time_goes_on_without_it(void **state)
{
    struct hub_clock clock = fresh();
    int64_t step;
    assert_int_equal(hub_clock_look(&clock, UTC + HOUR + 1, 100 * S, &step), HUB_CLOCK_DOUBTED);
    assert_true(clock.doubted);
    assert_int_equal(step, HOUR + 1);
    assert_int_equal(hub_clock_now(&clock, UTC + HOUR + 1 + 5 * S, 105 * S), UTC + 5 * S);
    assert_int_equal(hub_clock_look(&clock, UTC + 2 * HOUR, 106 * S, &step), HUB_CLOCK_SAME); // told once
    assert_false(hub_clock_unsaved(&clock));
}

static void a_clock_that_comes_back_is_believed_again(void **state)
{
    struct hub_clock clock = fresh();
    int64_t step;
    (void)hub_clock_look(&clock, UTC + 5 * HOUR, 100 * S, &step);
    assert_int_equal(hub_clock_look(&clock, UTC + 12 * S, 110 * S, &step), HUB_CLOCK_RETURNED);
    assert_int_equal(step, 2 * S);
    assert_false(clock.doubted);
    assert_int_equal(hub_clock_now(&clock, UTC + 13 * S, 111 * S), UTC + 13 * S);
}

static void a_clock_that_was_confirmed_as_it_is_goes_on(void **state)
{
    struct hub_clock clock = fresh();
    struct hub_clock_mark mark = {BOOT, (int64_t)(UTC + 5 * HOUR - 100 * S)};
    int64_t step;
    assert_false(hub_clock_confirmed(&clock, &mark, UTC, 100 * S, &step)); // nothing is doubted
    (void)hub_clock_look(&clock, UTC + 5 * HOUR, 100 * S, &step);
    assert_false(hub_clock_confirmed(&clock, &(struct hub_clock_mark){BOOT, mark.offset - (int64_t)(2 * HOUR)},
                                     UTC + 5 * HOUR, 100 * S, &step)); // it was another time that was confirmed
    assert_false(
        hub_clock_confirmed(&clock, &(struct hub_clock_mark){OTHER, mark.offset}, UTC + 5 * HOUR, 100 * S, &step));
    assert_false(hub_clock_confirmed(&clock, &(struct hub_clock_mark){0}, UTC + 5 * HOUR, 100 * S, &step));
    assert_true(hub_clock_confirmed(&clock, &mark, UTC + 5 * HOUR + S, 101 * S, &step));
    assert_int_equal(step, 5 * HOUR);
    assert_int_equal(hub_clock_look(&clock, UTC + 5 * HOUR + 2 * S, 102 * S, &step), HUB_CLOCK_SAME);
}

static void a_restart_within_one_boot_remembers_and_another_boot_has_nothing_to_compare_with(void **state)
{
    struct hub_clock_mark saved = {BOOT, (int64_t)(UTC - 100 * S)};
    struct hub_clock clock;
    int64_t step;
    hub_clock_init(&clock, &saved, BOOT, UTC + 3 * HOUR, 200 * S);
    assert_int_equal(hub_clock_look(&clock, UTC + 3 * HOUR, 200 * S, &step), HUB_CLOCK_DOUBTED);
    hub_clock_init(&clock, &saved, OTHER, UTC + 3 * HOUR, 200 * S);
    assert_int_equal(hub_clock_look(&clock, UTC + 3 * HOUR, 200 * S, &step), HUB_CLOCK_SAME);
    assert_true(hub_clock_unsaved(&clock));
    hub_clock_init(&clock, &saved, BOOT, UTC + 59 * S, 100 * S);
    (void)hub_clock_look(&clock, UTC + 59 * S, 100 * S, &step);
    assert_false(hub_clock_unsaved(&clock));
    (void)hub_clock_look(&clock, UTC + 60 * S, 100 * S, &step);
    assert_true(hub_clock_unsaved(&clock));
}

static void a_file_is_read_as_it_was_written_and_an_odd_one_is_none(void **state)
{
    static const char *const ODD[] = {"",          "\n",          BOOT,           BOOT " ",       BOOT " 1",
                                      BOOT " x\n", BOOT " 1 2\n", BOOT "  1\n\n", "0b2d1f6e 1\n", "-1\n"};
    char path[] = "/tmp/amana-clock-XXXXXX";
    struct hub_clock_mark mark = {BOOT, -1234567890123456789}, read = {0};
    struct am_detail detail = {0};
    close(mkstemp(path));
    assert_int_equal(hub_clock_write(path, &mark, &detail), AM_OK);
    assert_int_equal(hub_clock_read(path, &detail, &read), AM_OK);
    assert_string_equal(read.boot, BOOT);
    assert_int_equal(read.offset, mark.offset);
    for (size_t i = 0; i < AM_LEN(ODD); i++) {
        FILE *file = fopen(path, "w");
        fputs(ODD[i], file);
        fclose(file);
        assert_int_equal(hub_clock_read(path, &detail, &read), AM_OK);
        assert_string_equal(read.boot, "");
    }
    unlink(path);
    assert_int_equal(hub_clock_read(path, &detail, &read), AM_OK);
    assert_string_equal(read.boot, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_keeps_step_is_no_news),
        cmocka_unit_test(a_step_within_an_hour_or_back_is_told_and_believed),
        cmocka_unit_test(a_jump_of_more_than_an_hour_is_doubted_and_time_goes_on_without_it),
        cmocka_unit_test(a_clock_that_comes_back_is_believed_again),
        cmocka_unit_test(a_clock_that_was_confirmed_as_it_is_goes_on),
        cmocka_unit_test(a_restart_within_one_boot_remembers_and_another_boot_has_nothing_to_compare_with),
        cmocka_unit_test(a_file_is_read_as_it_was_written_and_an_odd_one_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
