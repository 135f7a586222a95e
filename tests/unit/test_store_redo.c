// SPDX-License-Identifier: Apache-2.0
// After a crash the journal is whole: what was not synced is done again, whatever of it the disk kept.
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
#include <unistd.h>

static void whatever_of_the_database_was_not_synced_is_done_again(void **state)
{
    struct power *power = *state;
    for (unsigned n = 0; n < 20; n++) {
        append_some(&power->kit, n, 1, 300);
        for (unsigned i = 0; i < 3; i++) {
            cut_power(&power->kit, false, power->cut);
            assert_whole(power);
        }
    }
}

// The ring comes round several times, and points are made beside commits.
static void so_it_is_after_many_points_at_any_moment(void **state)
{
    struct power *power = *state;
    for (unsigned n = 0; n < 24; n++) {
        append_some(&power->kit, n * 40, 40, n % 3 == 0 ? 4000 : 300);
        cut_power(&power->kit, false, power->cut);
        assert_whole(power);
    }
}

static void a_record_that_was_cut_is_left_out_and_the_next_takes_its_place(void **state)
{
    struct power *power = *state;
    unsigned whole = 0;
    for (unsigned n = 0; n < 40; n++) {
        uint8_t root[32];
        append_some(&power->kit, n, 1, 4000);
        cut_power(&power->kit, true, power->cut);
        uint64_t size = found(power->cut, root);
        assert_in_range(size, n, n + 1);
        whole += size == n + 1;
        // It goes on from there.
        struct kit other = power->kit;
        memcpy(other.folder, power->cut, sizeof other.folder);
        other.options.folder = power->cut;
        other.done = NULL;
        other.n_done = other.room = 0;
        kit_open(&other);
        append_some(&other, 1000, 2, 300);
        kit_close(&other);
        kit_forget(&other);
        free(other.done);
        assert_int_equal(found(power->cut, root), size + 2);
    }
    assert_in_range(whole, 1, 39); // both were met
}

// Its record had been begun before the commit that found no room.
static void what_was_refused_for_want_of_room_is_not_there_after_a_crash_either(void **state)
{
    struct power *power = *state;
    for (unsigned n = 0; n < 8; n++) {
        struct kit_message m;
        append_some(&power->kit, 2 * n, 1, 300);
        kit_message(&m, 2 * n + 1, 2, 300);
        failpoint_again();
        setenv("AMANA_FAILPOINT", "store-commit-full", 1);
        assert_int_equal(kit_append(&power->kit, &m.append).result, JOURNAL_FULL);
        unsetenv("AMANA_FAILPOINT");
        cut_power(&power->kit, false, power->cut);
        assert_whole(power);
        kit_message_clear(&m);
    }
}

static void a_crash_while_it_is_done_again_costs_nothing(void **state)
{
    struct power *power = *state;
    append_some(&power->kit, 0, 50, 300);
    // The first sync is of the point that was found, the second of what was taken back, the third of what was done
    // again, the fourth of the point then.
    for (unsigned fails = 1; fails <= 4; fails++) {
        struct store_options options = {.folder = power->cut, .map_size = MAP, .origin = KIT_ORIGIN};
        struct am_detail detail;
        struct store *store;
        cut_power(&power->kit, false, power->cut);
        syncs_left = fails;
        assert_int_equal(store_open(&options, &detail, &store), AM_IO);
        assert_int_equal(syncs_left, 0);
        assert_whole(power);
    }
}

// The keeper's end in the middle of a commit: the next start finds the journal left.
static void keeper_lost(struct kit *kit)
{
    struct kit_message m;
    kit_message(&m, 999, 1, 10);
    failpoint_again();
    setenv("AMANA_FAILPOINT", "store-commit-error", 1);
    kit_submit(kit, &m.append);
    kit_wait(kit, SIZE_MAX);
    unsetenv("AMANA_FAILPOINT");
    assert_true(kit->died);
    kit_close(kit);
    kit->died = false;
    kit_message_clear(&m);
}

// One bit of a record that others follow.
static void flip_in_ring(struct power *power, off_t at)
{
    char path[256];
    uint8_t byte;
    path_to(power->kit.folder, "redo", path);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, 2 * PAGE + at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 2 * PAGE + at), 1);
    close(fd);
}

static void a_record_that_is_damaged_before_others_stops_the_start_and_nothing_is_given_up(void **state)
{
    struct power *power = *state;
    struct am_detail detail;
    struct store *store;
    append_some(&power->kit, 0, 6, 300);
    keeper_lost(&power->kit);
    flip_in_ring(power, 100);
    for (unsigned i = 0; i < 2; i++) { // the first attempt made no point
        assert_int_equal(store_open(&power->kit.options, &detail, &store), AM_CORRUPT);
        assert_non_null(strstr(detail.text, "done again"));
        assert_fault(power, "the file journal/redo is missing or damaged");
    }
    flip_in_ring(power, 100);
    kit_open(&power->kit);
    assert_in_range(store_size(power->kit.store), 6, 7);
}

// What there was room for once has room when it is done again: bodies lie in pages that have to be side by side.
static void a_journal_without_any_room_left_is_done_again_too(void **state)
{
    struct power *power = *state;
    unsigned full = 0;
    kit_clear(&power->kit);
    watch_end();
    kit_make(&power->kit, 6ull << 20, 256 << 10);
    kit_close(&power->kit);
    watch(power->kit.folder);
    kit_open(&power->kit);
    snprintf(power->cut, sizeof power->cut, "%s/cut", power->kit.folder);
    for (unsigned n = 0; full < 8; n++) {
        struct kit_message m;
        kit_message(&m, n, 1 + n % 3, n % 4 == 0 ? 4000 : 300);
        m.append.essential = full > 0;
        full += kit_append(&power->kit, &m.append).result == JOURNAL_FULL;
        kit_message_clear(&m);
        if (full > 0 || n % 16 == 0) {
            cut_power(&power->kit, false, power->cut);
            assert_whole(power);
        }
    }
}

// A copy lost the database's empty tail, so that it is smaller than what has to be done again.
static void where_the_map_has_no_room_to_do_it_again_the_start_says_so_and_a_larger_one_goes_on(void **state)
{
    struct power *power = *state;
    struct store_options options = {.folder = power->cut, .map_size = 1, .origin = KIT_ORIGIN}; // as large as the file
    struct am_detail detail;
    struct store *store;
    MDB_envinfo info;
    char path[256];
    assert_int_equal(mdb_env_info(power->kit.store->tables.env, &info), 0);
    append_some(&power->kit, 0, 30, 4000);
    cut_power(&power->kit, false, power->cut);
    path_to(power->cut, "data.mdb", path);
    assert_int_equal(truncate(path, (off_t)(info.me_last_pgno + 1) * PAGE), 0);
    for (unsigned i = 0; i < 2; i++) { // the first attempt gave up nothing
        assert_int_equal(store_open(&options, &detail, &store), AM_FULL);
        assert_non_null(strstr(detail.text, "done again: no space left: make map-size larger"));
    }
    options.map_size = MAP;
    assert_int_equal(store_open(&options, &detail, &store), AM_OK);
    store_close(store);
    assert_whole(power);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whatever_of_the_database_was_not_synced_is_done_again, setup, teardown),
        cmocka_unit_test_setup_teardown(so_it_is_after_many_points_at_any_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_that_was_cut_is_left_out_and_the_next_takes_its_place, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_was_refused_for_want_of_room_is_not_there_after_a_crash_either, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_crash_while_it_is_done_again_costs_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_that_is_damaged_before_others_stops_the_start_and_nothing_is_given_up,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_journal_without_any_room_left_is_done_again_too, setup, teardown),
        cmocka_unit_test_setup_teardown(
            where_the_map_has_no_room_to_do_it_again_the_start_says_so_and_a_larger_one_goes_on, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
