// SPDX-License-Identifier: Apache-2.0
// The journal when the map is full, when a commit fails, and when the process is killed at each place that matters.
#include "proto/failpoint.h"
#include "store_kit.h"

// cmocka wants these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void arm(const char *failpoint)
{
    failpoint_again();
    setenv("AMANA_FAILPOINT", failpoint, 1);
}

static void fault_found(void *user, uint64_t seq, const char *what)
{
    print_error("%llu: %s\n", (unsigned long long)seq, what);
}

static void assert_sound(struct kit *kit, uint64_t size)
{
    struct am_detail detail;
    uint64_t checked = 0;
    assert_int_equal(store_fsck(kit->folder, 0, NULL, fault_found, NULL, NULL, &checked, &detail), AM_OK);
    assert_int_equal(checked, size);
}

// --- Killed
#define BEFORE 3 // messages of the parent
#define CHILD  20

// The child appends one message after the other and tells of each receipt; it is killed on the way.
static void child_main(struct kit *kit, const char *failpoint, int fd)
{
    static struct kit_message m[CHILD];
    arm(failpoint);
    kit_open(kit);
    for (unsigned i = 0; i < CHILD; i++) {
        kit_message(&m[i], 100 + i, 2, 300);
        struct journal_outcome outcome = kit_append(kit, &m[i].append);
        uint32_t len = (uint32_t)outcome.receipt.len;
        if (write(fd, &len, sizeof len) != sizeof len || write(fd, outcome.receipt.data, len) != (ssize_t)len)
            _exit(1);
    }
    _exit(0);
}

static unsigned receipts_compare(struct kit *kit, int fd)
{
    struct store_view *view;
    uint32_t len;
    unsigned n = 0;
    assert_int_equal(store_view_begin(kit->store, &view), AM_OK);
    while (read(fd, &len, sizeof len) == sizeof len) {
        uint8_t told[8192], *kept;
        size_t kept_len;
        assert_true(len <= sizeof told);
        for (size_t at = 0; at < len;) {
            ssize_t got = read(fd, told + at, len - at);
            assert_true(got > 0);
            at += (size_t)got;
        }
        assert_int_equal(store_receipt(view, BEFORE + n, &kept, &kept_len), AM_OK);
        assert_int_equal(kept_len, len);
        assert_memory_equal(kept, told, len);
        free(kept);
        n++;
    }
    store_view_end(view);
    return n;
}

static void kill_at(const char *failpoint, unsigned told, uint64_t size)
{
    struct kit kit;
    struct kit_message m[BEFORE], again;
    int pipes[2], status;
    kit_make(&kit, 64ull << 20, 1 << 20);
    for (unsigned i = 0; i < BEFORE; i++) {
        kit_message(&m[i], i, 1, 300);
        kit_append(&kit, &m[i].append);
        kit_message_clear(&m[i]);
    }
    kit_close(&kit);
    assert_int_equal(pipe(pipes), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        child_main(&kit, failpoint, pipes[1]);
    close(pipes[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    kit_open(&kit);
    assert_int_equal(store_signed_size(kit.store), size);
    assert_int_equal(receipts_compare(&kit, pipes[0]), told);
    // What the child was not told: it asks again, and is told either that it is new or that it is there.
    kit_message(&again, 100 + told, 2, 300);
    struct journal_outcome outcome = kit_append(&kit, &again.append);
    assert_int_equal(outcome.result, size > BEFORE + told ? JOURNAL_DUPLICATE : JOURNAL_DONE);
    assert_int_equal(outcome.seq, BEFORE + told);
    uint64_t end = store_size(kit.store);
    kit_close(&kit);
    assert_sound(&kit, end);
    close(pipes[0]);
    kit_message_clear(&again);
    kit_clear(&kit);
}

static void killed_before_the_commit_nothing_of_the_batch_is_there(void **state)
{
    kill_at("store-before-commit:6", 5, BEFORE + 5);
    kill_at("store-before-commit:1", 0, BEFORE);
}

// Its record was begun, and the system still has it: nobody has a receipt, and who asks again gets one.
static void killed_before_the_commit_is_durable_the_batch_is_there_and_nobody_was_told(void **state)
{
    kill_at("store-before-redo:6", 5, BEFORE + 6);
    kill_at("store-before-redo:1", 0, BEFORE + 1);
}

static void killed_around_a_point_everything_is_there(void **state)
{
    kill_at("redo-before-point", 0, BEFORE);
    kill_at("redo-after-point", 0, BEFORE);
}

static void killed_after_the_commit_the_batch_is_signed_at_the_next_start(void **state)
{
    kill_at("store-after-commit:6", 5, BEFORE + 6);
    kill_at("store-after-commit:1", 0, BEFORE + 1);
}

static void killed_after_the_signature_the_same_is_signed_again(void **state)
{
    kill_at("store-after-sign:4", 3, BEFORE + 4);
}

static void killed_after_publishing_the_receipt_is_given_later(void **state)
{
    kill_at("store-after-publish:7", 6, BEFORE + 7);
}

// --- Commits that fail
static void a_commit_that_fails_ends_the_keeper_and_writes_no_more(void **state)
{
    struct kit kit;
    struct kit_message m[3];
    struct journal_append *appends[3];
    kit_make(&kit, 64ull << 20, 1 << 20);
    for (unsigned i = 0; i < 3; i++) {
        kit_message(&m[i], i, 1, 300);
        appends[i] = &m[i].append;
    }
    kit_append(&kit, appends[0]);
    kit.hold_sign = true;
    kit_submit(&kit, appends[1]);
    kit_wait_held(&kit);
    arm("store-commit-error");
    kit_submit(&kit, appends[2]);
    kit_release(&kit);
    kit_wait(&kit, 3);
    assert_true(kit.died);
    assert_int_equal(kit.died_of, AM_IO);
    assert_string_equal(kit.died_why, "writing the journal failed");
    assert_int_equal(kit.n_done, 2);
    unsetenv("AMANA_FAILPOINT");
    assert_int_equal(store_submit(kit.store, appends[2]), AM_READ_ONLY);
    kit_close(&kit);
    kit_open(&kit); // the outcome was unknown: the start finds that it is there
    assert_int_equal(store_signed_size(kit.store), 3);
    kit_close(&kit);
    assert_sound(&kit, 3);
    for (unsigned i = 0; i < 3; i++)
        kit_message_clear(&m[i]);
    kit_clear(&kit);
}

static void a_full_map_or_disk_refuses_the_batch_but_not_what_is_essential(void **state)
{
    const char *const failpoints[] = {"store-map-full", "store-commit-full"};
    for (size_t f = 0; f < AM_LEN(failpoints); f++) {
        struct kit kit;
        struct kit_alarm hold;
        struct kit_message m[4];
        struct store_view *view;
        bool there = false;
        kit_make(&kit, 64ull << 20, 1 << 20);
        kit_alarm(&hold, 1, 1, 10);
        for (unsigned i = 0; i < 4; i++) {
            kit_message(&m[i], i, 1, 300);
            m[i].append.essential = i == 1 || i == 2;
        }
        kit.hold_sign = true;
        kit_submit(&kit, &hold.append);
        kit_wait_held(&kit);
        for (unsigned i = 0; i < 4; i++)
            kit_submit(&kit, &m[i].append);
        arm(failpoints[f]);
        kit_release(&kit);
        kit_wait(&kit, 5);
        unsetenv("AMANA_FAILPOINT");
        assert_false(kit.died);
        assert_int_equal(kit.n_done, 5);
        for (size_t i = 1; i < 5; i++) {
            bool essential = kit.done[i].append->essential;
            assert_int_equal(kit.done[i].outcome.result, essential ? JOURNAL_DONE : JOURNAL_FULL);
        }
        // Room again: it goes on.
        struct journal_outcome outcome = kit_append(&kit, &m[0].append);
        assert_int_equal(outcome.result, JOURNAL_DONE);
        assert_int_equal(outcome.seq, 3);
        // A pair of names that the batch had added is there, too: nobody remembers it from what was given up.
        assert_int_equal(store_view_begin(kit.store, &view), AM_OK);
        assert_int_equal(store_case_party(view, m[0].case_ref, m[0].recipients[0].unit, &there), AM_OK);
        assert_true(there);
        store_view_end(view);
        kit_close(&kit);
        assert_sound(&kit, 4);
        for (unsigned i = 0; i < 4; i++)
            kit_message_clear(&m[i]);
        kit_alarm_clear(&hold);
        kit_clear(&kit);
    }
}

// By this the hub says that it takes nothing more.
static void that_a_batch_found_no_room_is_told_until_one_does(void **state)
{
    struct kit kit;
    struct kit_message m;
    struct store_health health;
    kit_make(&kit, 64ull << 20, 1 << 20);
    kit_message(&m, 0, 1, 300);
    arm("store-commit-full");
    assert_int_equal(kit_append(&kit, &m.append).result, JOURNAL_FULL);
    unsetenv("AMANA_FAILPOINT");
    store_health(kit.store, &health);
    assert_true(health.full);
    assert_int_equal(kit_append(&kit, &m.append).result, JOURNAL_DONE);
    store_health(kit.store, &health);
    assert_false(health.full);
    kit_message_clear(&m);
    kit_clear(&kit);
}

static void a_small_map_is_not_all_reserve(void **state)
{
    struct kit kit;
    struct kit_message message;
    kit_make(&kit, 64ull << 20, 0);
    kit_message(&message, 1, 1, 200);
    assert_int_equal(kit_append(&kit, &message.append).result, JOURNAL_DONE);
    kit_message_clear(&message);
    kit_clear(&kit);
}

// A commit takes copies of some twenty pages, and those it replaces are kept for the point: of so small a map more than
// there are.
static void pages_that_are_kept_for_a_point_alone_fill_no_map(void **state)
{
    struct kit kit;
    struct store_health health;
    kit_make(&kit, 4ull << 20, 64 << 10);
    for (unsigned i = 0; i < 120; i++) {
        struct kit_message m;
        kit_message(&m, i, 1, 300);
        assert_int_equal(kit_append(&kit, &m.append).result, JOURNAL_DONE);
        kit_message_clear(&m);
    }
    store_health(kit.store, &health);
    assert_false(health.full);
    kit_clear(&kit);
}

static void below_the_reserve_only_what_is_essential_goes_until_the_map_is_really_full(void **state)
{
    struct kit kit;
    struct kit_alarm large, small;
    struct store_health health;
    unsigned done = 0, essential = 0;
    struct journal_outcome outcome;
    kit_make(&kit, 8ull << 20, 3ull << 20);
    kit_alarm(&large, 1, 1, 100000);
    kit_alarm(&small, 1, 1, 100000);
    small.append.essential = true;
    store_health(kit.store, &health);
    assert_false(health.full);
    assert_true(health.may_append);
    while ((outcome = kit_append(&kit, &large.append)).result == JOURNAL_DONE)
        done++;
    assert_int_equal(outcome.result, JOURNAL_FULL);
    assert_true(done > 10 && done < 60);
    store_health(kit.store, &health);
    assert_true(health.full);
    assert_true(health.free_bytes < (3ull << 20) && health.free_bytes > (2ull << 20));
    while ((outcome = kit_append(&kit, &small.append)).result == JOURNAL_DONE)
        essential++;
    assert_int_equal(outcome.result, JOURNAL_FULL);
    assert_true(essential >= 15);
    assert_false(kit.died);
    uint64_t size = store_size(kit.store);
    assert_int_equal(size, done + essential);
    kit_close(&kit);
    assert_sound(&kit, size);
    // A larger map, and it goes on.
    kit.options.map_size = 16ull << 20;
    kit_open(&kit);
    assert_int_equal(kit_append(&kit, &large.append).result, JOURNAL_DONE);
    kit_alarm_clear(&large);
    kit_alarm_clear(&small);
    kit_clear(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_before_the_commit_nothing_of_the_batch_is_there),
        cmocka_unit_test(killed_before_the_commit_is_durable_the_batch_is_there_and_nobody_was_told),
        cmocka_unit_test(killed_around_a_point_everything_is_there),
        cmocka_unit_test(killed_after_the_commit_the_batch_is_signed_at_the_next_start),
        cmocka_unit_test(killed_after_the_signature_the_same_is_signed_again),
        cmocka_unit_test(killed_after_publishing_the_receipt_is_given_later),
        cmocka_unit_test(a_commit_that_fails_ends_the_keeper_and_writes_no_more),
        cmocka_unit_test(a_full_map_or_disk_refuses_the_batch_but_not_what_is_essential),
        cmocka_unit_test(that_a_batch_found_no_room_is_told_until_one_does),
        cmocka_unit_test(a_small_map_is_not_all_reserve),
        cmocka_unit_test(pages_that_are_kept_for_a_point_alone_fill_no_map),
        cmocka_unit_test(below_the_reserve_only_what_is_essential_goes_until_the_map_is_really_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
