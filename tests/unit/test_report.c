// SPDX-License-Identifier: Apache-2.0
// The hub's log: whatever a value holds, a line stays one line with the fields that the hub wrote.
#include "server/net/report.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char said[4096];

// What goes to stderr between the two.
static int caught_pipe[2], stderr_kept;

static void catch_begin(void)
{
    assert_int_equal(pipe2(caught_pipe, O_CLOEXEC), 0);
    stderr_kept = dup(STDERR_FILENO);
    assert_true(dup2(caught_pipe[1], STDERR_FILENO) >= 0);
}

static void catch_end(void)
{
    dup2(stderr_kept, STDERR_FILENO);
    close(stderr_kept);
    close(caught_pipe[1]);
    ssize_t len = read(caught_pipe[0], said, sizeof said - 1);
    close(caught_pipe[0]);
    assert_true(len > 0);
    said[len] = '\0';
}

#define SAYS(line, ...)                                                                                                \
    do {                                                                                                               \
        catch_begin();                                                                                                 \
        report(REPORT_ERROR, "died", __VA_ARGS__);                                                                     \
        catch_end();                                                                                                   \
        assert_string_equal(said, "died " line "\n");                                                                  \
    } while (0)

static void a_value_in_quotes_ends_neither_its_field_nor_the_line(void **state)
{
    (void)state;
    SAYS("reason=\"a \\\" b=\\\"c\" n=4", "reason=\"%s\" n=%u", "a \" b=\"c", 4u);
    SAYS("reason=\"a\\ndied reason=x\"", "reason=\"%s\"", "a\ndied reason=x");
    SAYS("reason=\"a\\\\\" do=\"b\"", "reason=\"%s\" do=\"%s\"", "a\\", "b");
    SAYS("reason=\"a\\x1b[2J\\x0d\\xe1\\x88\\x80\"", "reason=\"%s%s\"", "a\x1b[2J\r", "\xe1\x88\x80");
}

static void a_value_without_quotes_gets_them_where_it_could_be_taken_for_more_than_one(void **state)
{
    (void)state;
    SAYS("unit=ke/dci/transnational n=1", "unit=%s n=%d", "ke/dci/transnational", 1);
    SAYS("call=\"/x reason=OK\" n=1", "call=%s n=%d", "/x reason=OK", 1);
    SAYS("call=\"/x\\\"\\n\" n=-1", "call=%s n=%d", "/x\"\n", -1);
    SAYS("file=\"\" field=\"a=b\"", "file=%s field=%s", "", "a=b");
}

static void numbers_of_every_width_are_whole(void **state)
{
    (void)state;
    SAYS("a=-2147483648 b=-9223372036854775808 c=4294967295 d=18446744073709551615 e=18446744073709551615",
         "a=%d b=%lld c=%u d=%llu e=%zu", INT32_MIN, (long long)INT64_MIN, UINT32_MAX, (unsigned long long)UINT64_MAX,
         SIZE_MAX);
}

static void a_line_that_is_too_long_ends_with_its_quote_closed_and_no_half_of_an_escape(void **state)
{
    char value[2000];
    (void)state;
    memset(value, '\n', sizeof value);
    value[sizeof value - 1] = '\0';
    for (size_t odd = 0; odd < 4; odd++) {
        memset(value, 'x', odd);
        catch_begin();
        report(REPORT_ERROR, "died", "a=\"%s\" b=%u", value, 1u);
        catch_end();
        size_t len = strlen(said);
        assert_in_range(len, 1000, 1032);
        assert_string_equal(said + len - 7, "\\n...\"\n");
        assert_ptr_equal(strchr(said, '\n'), said + len - 1);
    }
    memset(value, 'x', sizeof value - 1);
    catch_begin();
    report(REPORT_ERROR, "died", "a=%u b=%s", 1u, value);
    catch_end();
    assert_string_equal(said + strlen(said) - 5, "x...\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_in_quotes_ends_neither_its_field_nor_the_line),
        cmocka_unit_test(a_value_without_quotes_gets_them_where_it_could_be_taken_for_more_than_one),
        cmocka_unit_test(numbers_of_every_width_are_whole),
        cmocka_unit_test(a_line_that_is_too_long_ends_with_its_quote_closed_and_no_half_of_an_escape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
