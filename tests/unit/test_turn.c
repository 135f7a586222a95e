// SPDX-License-Identifier: Apache-2.0
// Whose turn a desk's stream is, and the pauses between attempts: two that take it from each other come to a minute.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/session/turn.h"
#include "proto/model/limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST (60 * NS_PER_S)

static char folder[] = "/tmp/amana-turn.XXXXXX";

static int begin(void **state)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int end(void **state)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void make_data(void)
{
    char path[64];
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
}

// A process that has the turn, says so on the pipe and ends once the other pipe is closed; its pid.
static pid_t other_takes(bool (*take)(struct turn *turn), int *ret_leave)
{
    int said[2], leave[2];
    char byte = 0;
    assert_int_equal(pipe(said), 0);
    assert_int_equal(pipe(leave), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct turn turn;
        close(leave[1]);
        bool has = turn_open(folder, NULL, &turn) == AM_OK && take(&turn);
        byte = has ? 'y' : 'n';
        if (write(said[1], &byte, 1) == 1)
            (void)!read(leave[0], &byte, 1);
        _exit(0);
    }
    close(said[1]);
    close(leave[0]);
    assert_int_equal(read(said[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    close(said[0]);
    *ret_leave = leave[1];
    return pid;
}

static void one_has_the_turn_and_who_waits_is_woken_when_it_ends_however_it_ends(void **state)
{
    struct turn turn;
    int leave;
    make_data();
    pid_t pid = other_takes(turn_take, &leave);
    assert_int_equal(turn_open(folder, NULL, &turn), AM_OK);
    assert_true(turn.watch >= 0);
    assert_false(turn_take(&turn));
    assert_false(turn_take_once(&turn));
    assert_true(turn_followed(&turn));
    close(leave);
    turn_wait(&turn, 3600 * NS_PER_S, NULL);
    assert_true(turn_take(&turn));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    turn_close(&turn);
}

static void who_takes_it_once_keeps_it_from_others_and_is_not_taken_for_one_who_follows(void **state)
{
    struct turn turn;
    int leave;
    make_data();
    pid_t pid = other_takes(turn_take_once, &leave);
    assert_int_equal(turn_open(folder, NULL, &turn), AM_OK);
    assert_false(turn_take(&turn));
    assert_false(turn_take_once(&turn));
    assert_false(turn_followed(&turn));
    close(leave);
    turn_wait(&turn, 3600 * NS_PER_S, NULL);
    assert_true(turn_take_once(&turn));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    turn_close(&turn);
}

static bool take_and_give(struct turn *turn)
{
    bool has = turn_take(turn);
    turn_give(turn);
    return has && turn_take(turn);
}

static void who_gives_it_back_can_take_it_again_and_keeps_it_from_others_then(void **state)
{
    struct turn turn;
    int leave;
    make_data();
    pid_t pid = other_takes(take_and_give, &leave);
    assert_int_equal(turn_open(folder, NULL, &turn), AM_OK);
    assert_false(turn_take_once(&turn));
    assert_true(turn_followed(&turn));
    close(leave);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    turn_close(&turn);
}

// This process waits; the other gives it back and goes on.
static void who_waits_is_woken_by_one_who_gives_it_back_and_goes_on(void **state)
{
    struct turn turn;
    int said[2], give[2], leave[2];
    char byte = 0;
    make_data();
    assert_int_equal(pipe(said), 0);
    assert_int_equal(pipe(give), 0);
    assert_int_equal(pipe(leave), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(give[1]);
        close(leave[1]);
        bool has = turn_open(folder, NULL, &turn) == AM_OK && turn_take(&turn);
        byte = has ? 'y' : 'n';
        if (write(said[1], &byte, 1) == 1)
            (void)!read(give[0], &byte, 1);
        turn_give(&turn);
        (void)!read(leave[0], &byte, 1);
        _exit(0);
    }
    assert_int_equal(read(said[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_int_equal(turn_open(folder, NULL, &turn), AM_OK);
    assert_false(turn_take(&turn));
    close(give[1]);
    turn_wait(&turn, 3600 * NS_PER_S, NULL);
    assert_true(turn_take(&turn));
    close(leave[1]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    turn_close(&turn);
}

static void a_write_to_the_store_ends_the_wait(void **state)
{
    struct turn turn;
    char path[64];
    make_data();
    assert_int_equal(turn_open(folder, NULL, &turn), AM_OK);
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    int fd = open(path, O_WRONLY);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    turn_wait(&turn, 3600 * NS_PER_S, NULL);
    turn_close(&turn);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    struct am_detail detail = {0};
    struct turn turn;
    assert_int_equal(turn_open("/nowhere", &detail, &turn), AM_IO);
    assert_string_equal(detail.field, "/nowhere/turn");
}

static void pauses_grow_from_half_a_second_to_a_minute_and_are_spread(void **state)
{
    struct backoff backoff = {0};
    uint64_t most = NS_PER_S / 2;
    for (unsigned i = 0; i < 12; i++, most = most * 2 < LAST ? most * 2 : LAST) {
        struct backoff same = backoff;
        assert_int_equal(backoff_next(&same, 0, 0), most / 2);
        assert_int_equal(backoff_next(&backoff, 0, most / 2), most);
    }
}

static void a_stream_that_lasted_begins_anew(void **state)
{
    struct backoff backoff = {0};
    for (unsigned i = 0; i < 3; i++) // of at most 0.5, 1 and 2 s
        (void)backoff_next(&backoff, 0, 0);
    struct backoff short_one = backoff;
    assert_int_equal(backoff_next(&short_one, 8 * NS_PER_S - 1, 0), 2 * NS_PER_S);
    assert_int_equal(backoff_next(&backoff, 8 * NS_PER_S, 0), NS_PER_S / 4);
}

// Each stream lasts as long as the other's pause and no longer.
static void two_that_take_the_stream_from_each_other_come_to_a_minute_and_stay_there(void **state)
{
    struct backoff one = {0}, two = {0};
    uint64_t lasted = 0, sum = 0;
    srand(7);
    for (unsigned i = 0; i < 200; i++) {
        uint64_t pause = backoff_next(i % 2 == 0 ? &one : &two, lasted, (uint64_t)rand() << 20);
        sum += i >= 20 ? pause : 0;
        lasted = pause;
    }
    assert_true(sum / 180 >= LAST / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_has_the_turn_and_who_waits_is_woken_when_it_ends_however_it_ends, begin,
                                        end),
        cmocka_unit_test_setup_teardown(who_takes_it_once_keeps_it_from_others_and_is_not_taken_for_one_who_follows,
                                        begin, end),
        cmocka_unit_test_setup_teardown(who_gives_it_back_can_take_it_again_and_keeps_it_from_others_then, begin, end),
        cmocka_unit_test_setup_teardown(who_waits_is_woken_by_one_who_gives_it_back_and_goes_on, begin, end),
        cmocka_unit_test_setup_teardown(a_write_to_the_store_ends_the_wait, begin, end),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_named, begin, end),
        cmocka_unit_test(pauses_grow_from_half_a_second_to_a_minute_and_are_spread),
        cmocka_unit_test(a_stream_that_lasted_begins_anew),
        cmocka_unit_test(two_that_take_the_stream_from_each_other_come_to_a_minute_and_stay_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
