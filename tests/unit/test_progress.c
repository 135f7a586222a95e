// SPDX-License-Identifier: Apache-2.0
// The line that says how far something long has come.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/cmd/progress.h"
#include "proto/model/limits.h"

#define BEGUN (7 * NS_PER_S)

static struct progress progress;
static char line[PROGRESS_LINE];

static int begin(void **state)
{
    progress = (struct progress){.what = "entries", .begun = BEGUN};
    return 0;
}

static void nothing_is_said_within_two_seconds(void **state)
{
    assert_false(progress_line(&progress, BEGUN + 2 * NS_PER_S - 1, 10, 10, 100, line));
    assert_true(progress_line(&progress, BEGUN + 2 * NS_PER_S, 10, 10, 100, line));
}

static void it_is_said_anew_five_times_a_second(void **state)
{
    progress.shown = BEGUN + 3 * NS_PER_S;
    assert_false(progress_line(&progress, progress.shown + NS_PER_S / 5 - 1, 10, 10, 100, line));
    assert_true(progress_line(&progress, progress.shown + NS_PER_S / 5, 10, 10, 100, line));
}

static void rate_share_and_time_left_are_said(void **state)
{
    assert_true(progress_line(&progress, BEGUN + 4 * NS_PER_S, 1000, 10, 40, line));
    assert_string_equal("1000 entries, 250/s, 25 %, 12 s left", line);
}

static void of_what_nobody_knows_the_whole_only_the_rate_is_said(void **state)
{
    assert_true(progress_line(&progress, BEGUN + 4 * NS_PER_S, 1000, 1000, 0, line));
    assert_string_equal("1000 entries, 250/s", line);
    assert_true(progress_line(&progress, BEGUN + 4 * NS_PER_S, 1000, 50, 40, line)); // it grew meanwhile
    assert_string_equal("1000 entries, 250/s", line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_said_within_two_seconds, begin),
        cmocka_unit_test_setup(it_is_said_anew_five_times_a_second, begin),
        cmocka_unit_test_setup(rate_share_and_time_left_are_said, begin),
        cmocka_unit_test_setup(of_what_nobody_knows_the_whole_only_the_rate_is_said, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
