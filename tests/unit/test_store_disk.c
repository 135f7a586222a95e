// SPDX-License-Identifier: Apache-2.0
// The journal on a disk that fails: each write and sync that a commit makes, one after the other, through LMDB itself.
#include "bad_disk.h"
#include "server/store/internal.h"
#include "store_kit.h"

// cmocka wants these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MAP    (64ull << 20)
#define BEFORE 3

static int setup(void **state)
{
    struct kit *kit = calloc(1, sizeof *kit);
    kit_make(kit, MAP, 1 << 20);
    *state = kit;
    for (unsigned i = 0; i < BEFORE; i++) {
        struct kit_message m;
        kit_message(&m, i, 2, 300);
        assert_int_equal(kit_append(kit, &m.append).result, JOURNAL_DONE);
        kit_message_clear(&m);
    }
    return 0;
}

static int teardown(void **state)
{
    struct kit *kit = *state;
    bad_disk_disarm();
    kit_clear(kit);
    free(kit);
    return 0;
}

static void fault_found(void *user, uint64_t seq, const char *what)
{
    print_error("%llu: %s\n", (unsigned long long)seq, what);
}

// After the keeper's end: what the next program finds.
static uint64_t reopened_size(struct kit *kit)
{
    struct am_detail detail;
    uint64_t size = 0;
    kit_close(kit);
    assert_int_equal(store_fsck(kit->folder, 0, NULL, fault_found, NULL, NULL, &size, &detail), AM_OK);
    kit->died = false;
    kit_open(kit);
    assert_int_equal(store_size(kit->store), size);
    return size;
}

// One message on the bad disk: done, refused or the keeper's end.
enum fate { FATE_DONE, FATE_FULL, FATE_DIED };
static enum fate append_one(struct kit *kit, unsigned number, bool essential)
{
    struct kit_message m;
    size_t before = kit->n_done;
    kit_message(&m, number, 2, 300);
    m.append.essential = essential;
    kit_submit(kit, &m.append);
    kit_wait(kit, before + 1);
    kit_message_clear(&m);
    if (kit->n_done == before)
        return FATE_DIED;
    enum journal_result result = kit->done[before].outcome.result;
    assert_true(result == JOURNAL_DONE || result == JOURNAL_FULL);
    assert_int_equal(kit->done[before].outcome.receipt.len > 0, result == JOURNAL_DONE);
    return result == JOURNAL_DONE ? FATE_DONE : FATE_FULL;
}

static void a_failed_sync_ends_the_keeper_and_a_restart_finds_the_truth(void **state)
{
    struct kit *kit = *state;
    struct store_health health;
    struct kit_message m;
    bad_disk_arm(BAD_SYNC, 1, 0, EIO);
    assert_int_equal(append_one(kit, 10, false), FATE_DIED);
    assert_int_equal(kit->died_of, AM_IO);
    assert_int_equal(bad_disk_disarm(), 1);
    store_health(kit->store, &health);
    assert_false(health.may_append);
    kit_message(&m, 11, 1, 10);
    assert_int_equal(store_submit(kit->store, &m.append), AM_READ_ONLY);
    kit_message_clear(&m);
    assert_int_equal(store_signed_size(kit->store), BEFORE);
    assert_in_range(reopened_size(kit), BEFORE, BEFORE + 1); // what the disk has of it
    assert_int_equal(append_one(kit, 12, false), FATE_DONE);
}

static void whichever_write_or_sync_fails_nothing_receipted_is_lost(void **state)
{
    struct kit *kit = *state;
    uint64_t size = BEFORE;
    unsigned number = 100, calls = 0, failures = 1;
    while (failures > 0) {
        bad_disk_arm(BAD_ANY, ++calls, 0, EIO);
        enum fate fate = append_one(kit, number++, false);
        failures = bad_disk_disarm();
        assert_int_equal(fate == FATE_DIED, failures > 0);
        if (fate == FATE_DONE)
            break;
        uint64_t found = reopened_size(kit);
        assert_in_range(found, size, size + 1); // the outcome was unknown, never half of it
        size = found;
    }
    assert_true(calls > 3); // pages, sync, meta page
    assert_int_equal(reopened_size(kit), size + 1);
}

static void no_space_for_a_page_refuses_the_batch_and_nothing_is_lost(void **state)
{
    struct kit *kit = *state;
    bad_disk_arm(BAD_WRITE, 1, 0, ENOSPC);
    assert_int_equal(append_one(kit, 10, false), FATE_FULL);
    assert_int_equal(bad_disk_disarm(), 1);
    assert_false(kit->died);
    assert_int_equal(append_one(kit, 10, false), FATE_DONE);
    assert_int_equal(reopened_size(kit), BEFORE + 1);
}

static void a_write_that_is_cut_short_is_no_space_either(void **state)
{
    struct kit *kit = *state;
    bad_disk_arm(BAD_WRITE, 1, 0, 0);
    assert_int_equal(append_one(kit, 10, false), FATE_FULL);
    assert_int_equal(bad_disk_disarm(), 1);
    assert_false(kit->died);
    assert_int_equal(append_one(kit, 10, false), FATE_DONE);
    assert_int_equal(reopened_size(kit), BEFORE + 1);
}

// What the record of so small a change lacks then are but the zeros behind it.
static void a_record_that_was_cut_short_and_refused_is_not_there_after_a_crash(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarm;
    kit_alarm(&alarm, 7, 1, 10);
    bad_disk_arm(BAD_WRITE, 1, 0, 0);
    assert_int_equal(kit_append(kit, &alarm.append).result, JOURNAL_FULL);
    assert_int_equal(bad_disk_disarm(), 1);
    kit_alarm_clear(&alarm);
    bad_disk_arm(BAD_WRITE, 1, 0, EIO); // the crash
    assert_int_equal(append_one(kit, 10, false), FATE_DIED);
    assert_int_equal(bad_disk_disarm(), 1);
    assert_int_equal(reopened_size(kit), BEFORE);
}

static void a_meta_page_that_is_cut_short_is_no_refusal(void **state)
{
    struct kit *kit = *state;
    bad_disk_arm(BAD_META, 1, 0, 0);
    assert_int_equal(append_one(kit, 10, false), FATE_DIED);
    bad_disk_disarm();
    assert_in_range(reopened_size(kit), BEFORE, BEFORE + 1);
}

static void what_is_essential_is_tried_again_by_itself(void **state)
{
    struct kit *kit = *state;
    bad_disk_arm(BAD_WRITE, 1, 0, ENOSPC);
    assert_int_equal(append_one(kit, 10, true), FATE_DONE);
    assert_int_equal(bad_disk_disarm(), 1);
    bad_disk_arm(BAD_WRITE, 1, 1000, ENOSPC);
    assert_int_equal(append_one(kit, 11, true), FATE_FULL);
    bad_disk_disarm();
    assert_int_equal(reopened_size(kit), BEFORE + 1);
}

static void no_space_for_the_meta_page_is_no_refusal(void **state)
{
    struct kit *kit = *state;
    bad_disk_arm(BAD_META, 1, 0, ENOSPC);
    assert_int_equal(append_one(kit, 10, false), FATE_DIED);
    assert_int_equal(bad_disk_disarm(), 1);
    assert_in_range(reopened_size(kit), BEFORE, BEFORE + 1);
}

static void without_any_write_left_reading_goes_on(void **state)
{
    struct kit *kit = *state;
    struct store_view *view;
    struct store_entry entry;
    struct merkle_path path;
    bad_disk_arm(BAD_ANY, 1, 1000, EIO);
    assert_int_equal(append_one(kit, 10, false), FATE_DIED);
    assert_int_equal(store_view_begin(kit->store, &view), AM_OK);
    assert_int_equal(store_view_size(view), BEFORE);
    assert_int_equal(store_entry(view, BEFORE - 1, &entry), AM_OK);
    assert_int_equal(store_inclusion(view, 0, 0, &path), AM_OK);
    store_view_end(view);
}

// Whether the file system knows of every block of the redo file: one that only was set aside is a hole to it.
static bool redo_is_written(struct kit *kit)
{
    char path[512];
    snprintf(path, sizeof path, "%s/journal/redo", kit->folder);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    off_t hole = lseek(fd, 0, SEEK_HOLE), end = lseek(fd, 0, SEEK_END);
    close(fd);
    return hole == end;
}

static void a_redo_file_whose_blocks_a_copy_lost_gets_them_at_the_start(void **state)
{
    struct kit *kit = *state;
    char path[512];
    assert_true(redo_is_written(kit));
    kit_close(kit);
    snprintf(path, sizeof path, "%s/journal/redo", kit->folder);
    int fd = open(path, O_RDWR);
    assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1 << 20, 1 << 19), 0);
    close(fd);
    assert_false(redo_is_written(kit));
    kit_open(kit);
    assert_true(redo_is_written(kit));
    assert_int_equal(append_one(kit, 10, false), FATE_DONE);
    assert_int_equal(reopened_size(kit), BEFORE + 1);
}

// Larger than half of the ring: its place is LMDB's file.
static void a_large_batch_whose_sync_fails_ends_the_keeper_unanswered(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarm;
    for (unsigned sync = 1; sync <= 2; sync++) { // of LMDB's file, of the point
        kit_alarm(&alarm, 7, 4, 900 * 1024);
        bad_disk_arm(BAD_SYNC, sync, 0, EIO);
        size_t before = kit->n_done;
        kit_submit(kit, &alarm.append);
        kit_wait(kit, before + 1);
        assert_true(kit->died);
        assert_int_equal(kit->n_done, before);
        assert_int_equal(kit->died_of, AM_IO);
        assert_int_equal(bad_disk_disarm(), 1);
        uint64_t size = reopened_size(kit);
        assert_true(size == BEFORE || size == BEFORE + 4);
        kit_alarm_clear(&alarm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_failed_sync_ends_the_keeper_and_a_restart_finds_the_truth, setup, teardown),
        cmocka_unit_test_setup_teardown(whichever_write_or_sync_fails_nothing_receipted_is_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(no_space_for_a_page_refuses_the_batch_and_nothing_is_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(a_write_that_is_cut_short_is_no_space_either, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_that_was_cut_short_and_refused_is_not_there_after_a_crash, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_meta_page_that_is_cut_short_is_no_refusal, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_essential_is_tried_again_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(no_space_for_the_meta_page_is_no_refusal, setup, teardown),
        cmocka_unit_test_setup_teardown(without_any_write_left_reading_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(a_redo_file_whose_blocks_a_copy_lost_gets_them_at_the_start, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_batch_whose_sync_fails_ends_the_keeper_unanswered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
