// SPDX-License-Identifier: Apache-2.0
// Points of the journal and its redo file: what is synced when, what a failed sync ends, and which files are not
// opened.
#include "proto/failpoint.h"
#include "server/store/internal.h"
#include "tests/unit/cut_disk.h"
#include "tests/unit/store_kit.h"

// cmocka wants these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

// The hub was killed between writing a point and syncing it, or that sync failed: a start finds it all the same, and
// what it does again goes over pages of the point before.
static void a_point_that_only_the_system_remembers_is_made_durable_first(void **state)
{
    struct power *power = *state;
    struct kit_alarm alarm;
    append_some(&power->kit, 0, 20, 300);
    kit_alarm(&alarm, 7, 4, 150 * 1024); // a quarter of the ring: a point is due
    hold_left = 2;                       // behind the record's: of the database, by the thread
    assert_int_equal(kit_append(&power->kit, &alarm.append).result, JOURNAL_DONE);
    hold_wait();
    append_some(&power->kit, 20, 5, 300);
    uint64_t size = store_size(power->kit.store);
    hold_end(1); // of the point
    kit_wait(&power->kit, SIZE_MAX);
    assert_true(power->kit.died);
    kit_close(&power->kit);
    for (unsigned fails = 1; fails <= 4; fails++) {
        struct am_detail detail;
        struct store *store;
        uint8_t root[32];
        syncs_left = fails;
        assert_int_equal(store_open(&power->kit.options, &detail, &store), AM_IO);
        for (unsigned i = 0; i < 4; i++) {
            cut_power(&power->kit, false, power->cut);
            assert_int_equal(found(power->cut, root), size);
        }
    }
    kit_alarm_clear(&alarm);
}

// The system tells a write that failed once to each descriptor, so to one of those who share it.
static void no_two_threads_hear_of_a_failed_write_by_one_descriptor(void **state)
{
    struct power *power = *state;
    shared_watch();
    append_some(&power->kit, 0, 300, 300);
    assert_false(shared);
}

// A record has one block or two, and a point is due at a quarter of the ring.
static void each_commit_costs_one_sync_and_the_database_one_in_many(void **state)
{
    struct power *power = *state;
    unsigned records = sync_times(1), points = sync_times(0);
    append_some(&power->kit, 0, 500, 100);
    points = sync_times(0) - points;
    records = sync_times(1) - records - points;
    assert_in_range(points, 2, 10);
    assert_in_range(records, 499, 500); // the last point may not have got to its own yet
}

static void a_batch_that_is_too_large_for_the_ring_is_durable_too(void **state)
{
    struct power *power = *state;
    struct kit_alarm alarm;
    append_some(&power->kit, 0, 5, 300);
    kit_alarm(&alarm, 7, 4, 900 * 1024);
    assert_int_equal(kit_append(&power->kit, &alarm.append).result, JOURNAL_DONE);
    kit_alarm_clear(&alarm);
    cut_power(&power->kit, false, power->cut);
    assert_whole(power);
    append_some(&power->kit, 10, 5, 300);
    cut_power(&power->kit, false, power->cut);
    assert_whole(power);
}

static void a_point_that_cannot_be_made_ends_a_keeper_that_has_nothing_to_do(void **state)
{
    struct power *power = *state;
    struct kit_alarm alarm;
    kit_alarm(&alarm, 7, 4, 150 * 1024); // a quarter of the ring: a point is due
    syncs_left = 2;                      // the record's holds
    assert_int_equal(kit_append(&power->kit, &alarm.append).result, JOURNAL_DONE);
    kit_wait(&power->kit, SIZE_MAX);
    assert_true(power->kit.died);
    assert_int_equal(power->kit.died_of, AM_IO);
    kit_alarm_clear(&alarm);
}

// It is in the database alone, and so has to wait for a point of its own.
static void a_large_batch_behind_a_point_that_failed_is_not_answered(void **state)
{
    struct power *power = *state;
    struct kit_alarm due, large;
    kit_alarm(&due, 7, 4, 150 * 1024);
    kit_alarm(&large, 8, 4, 900 * 1024);
    hold_left = 2; // behind the record's: of the database, by the thread
    assert_int_equal(kit_append(&power->kit, &due.append).result, JOURNAL_DONE);
    hold_wait();
    size_t before = power->kit.n_done;
    kit_submit(&power->kit, &large.append);
    hold_end(1); // of the point
    kit_wait(&power->kit, SIZE_MAX);
    assert_true(power->kit.died);
    assert_int_equal(power->kit.died_of, AM_IO);
    assert_int_equal(power->kit.n_done, before);
    kit_alarm_clear(&due);
    kit_alarm_clear(&large);
}

// Without it what is committed then would be behind a point that says that nothing is.
static void a_first_point_that_is_not_durable_is_no_start(void **state)
{
    struct power *power = *state;
    kit_close(&power->kit);
    for (unsigned fails = 1; fails <= 2; fails++) { // of the database, of the point
        struct am_detail detail;
        struct store *store;
        assert_int_equal(store_open(&power->kit.options, &detail, &store), AM_OK);
        syncs_left = fails;
        assert_int_equal(redo_start(store->redo, &store->tables, NULL, NULL), AM_IO);
        assert_int_equal(redo_stop(store->redo, false), AM_OK);
        store_close(store);
    }
    kit_open(&power->kit);
}

static void an_end_that_is_not_durable_is_told(void **state)
{
    struct power *power = *state;
    append_some(&power->kit, 0, 3, 300);
    cut_power(&power->kit, false, power->cut);
    syncs_left = 1;
    kit_close(&power->kit);
    assert_true(power->kit.died);
    assert_int_equal(power->kit.died_of, AM_IO);
    kit_open(&power->kit); // and is found at the next start
    assert_int_equal(store_size(power->kit.store), 3);
}

static void without_its_redo_file_or_a_good_point_a_journal_is_not_opened(void **state)
{
    struct power *power = *state;
    struct am_detail detail;
    struct store *store;
    char path[256];
    kit_close(&power->kit);
    path_to(power->kit.folder, "redo", path);
    int fd = open(path, O_WRONLY);
    for (off_t slot = 0; slot < 2; slot++)
        assert_int_equal(pwrite(fd, "x", 1, slot * PAGE + 30), 1);
    close(fd);
    assert_int_equal(store_open(&power->kit.options, &detail, &store), AM_CORRUPT);
    assert_non_null(strstr(detail.field, "journal/redo"));
    assert_fault(power, "the file journal/redo is missing or damaged");
    assert_int_equal(remove(path), 0);
    assert_int_equal(store_open(&power->kit.options, &detail, &store), AM_CORRUPT);
    assert_non_null(strstr(detail.text, "journal/redo is missing"));
    assert_fault(power, "the file journal/redo is missing or damaged");
}

// Another machine's copy ended early, or somebody cut it: what lies behind would pass for never written, and receipts
// would be given for other entries under the same numbers.
static void a_redo_file_of_another_size_stops_the_start_and_put_back_it_goes_on(void **state)
{
    struct power *power = *state;
    struct store_options options = {.folder = power->cut, .map_size = MAP, .origin = KIT_ORIGIN};
    char path[256], whole[256], sizes[64];
    struct stat stat_;
    append_some(&power->kit, 0, 6, 300);
    path_to(power->kit.folder, "redo", whole);
    assert_int_equal(stat(whole, &stat_), 0);
    path_to(power->cut, "redo", path);
    const off_t cuts[] = {stat_.st_size - PAGE, 4 * PAGE, 3 * PAGE, 2 * PAGE + 100, 2 * PAGE, stat_.st_size + PAGE};
    for (size_t i = 0; i < AM_LEN(cuts); i++) {
        struct am_detail detail;
        struct store *store;
        cut_power(&power->kit, false, power->cut);
        assert_int_equal(truncate(path, cuts[i]), 0);
        assert_int_equal(store_open(&options, &detail, &store), AM_CORRUPT);
        snprintf(sizes, sizeof sizes, "it has %lld bytes and was made with %lld", (long long)cuts[i],
                 (long long)stat_.st_size);
        assert_string_equal(detail.field, path);
        assert_non_null(strstr(detail.text, sizes));
        assert_non_null(strstr(detail.text, "put the whole file back"));
        cut_file(1, false, power->kit.folder, power->cut);
        assert_whole(power);
    }
}

// The database of a backup under the redo file of today.
static void a_database_that_is_older_than_its_redo_file_is_not_opened(void **state)
{
    struct power *power = *state;
    struct store_options options = {.folder = power->cut, .map_size = MAP, .origin = KIT_ORIGIN};
    struct am_detail detail;
    struct store *store;
    kit_close(&power->kit);
    cut_power(&power->kit, false, power->cut);
    kit_open(&power->kit);
    append_some(&power->kit, 0, 3, 300);
    kit_close(&power->kit);
    kit_open(&power->kit); // the point is of now, and the file is left open
    cut_file(1, false, power->kit.folder, power->cut);
    assert_int_equal(store_open(&options, &detail, &store), AM_CORRUPT);
    assert_non_null(strstr(detail.text, "journal/redo"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_point_that_only_the_system_remembers_is_made_durable_first, setup, teardown),
        cmocka_unit_test_setup_teardown(no_two_threads_hear_of_a_failed_write_by_one_descriptor, setup, teardown),
        cmocka_unit_test_setup_teardown(each_commit_costs_one_sync_and_the_database_one_in_many, setup, teardown),
        cmocka_unit_test_setup_teardown(a_batch_that_is_too_large_for_the_ring_is_durable_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_point_that_cannot_be_made_ends_a_keeper_that_has_nothing_to_do, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_large_batch_behind_a_point_that_failed_is_not_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_first_point_that_is_not_durable_is_no_start, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_that_is_not_durable_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(without_its_redo_file_or_a_good_point_a_journal_is_not_opened, setup, teardown),
        cmocka_unit_test_setup_teardown(a_redo_file_of_another_size_stops_the_start_and_put_back_it_goes_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_database_that_is_older_than_its_redo_file_is_not_opened, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
