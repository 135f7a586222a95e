// SPDX-License-Identifier: Apache-2.0
// The signer's record on a disk that tears and garbles, and each row of the start table.
#include "bad_disk.h"
#include "server/signer/signer_state.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOT      SIGNER_SLOT_SIZE
#define FILE_SIZE (2 * SLOT)

static char folder[64], path[96];

static int make_folder(void **state)
{
    strcpy(folder, "/tmp/amana-record.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/record", folder);
    return 0;
}

static int remove_folder(void **state)
{
    unlink(path);
    return rmdir(folder);
}

static void read_file(uint8_t bytes[FILE_SIZE])
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(FILE_SIZE, fread(bytes, 1, FILE_SIZE, file));
    assert_int_equal(EOF, fgetc(file));
    fclose(file);
}

// In place: a file truncated and written anew is one that ext4 writes out at once.
static void write_file(const uint8_t *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(len, pwrite(fd, bytes, len, 0));
    assert_int_equal(0, ftruncate(fd, (off_t)len));
    close(fd);
}

static struct merkle_range range_of(unsigned size)
{
    struct merkle_range range;
    uint8_t leaf[LOG_HASH_SIZE] = {0};
    merkle_range_init(&range);
    for (unsigned i = 0; i < size; i++) {
        leaf[0] = (uint8_t)i;
        assert_int_equal(AM_OK, merkle_range_append(&range, leaf, NULL, NULL));
    }
    return range;
}

// A record whose last write was of `size` leaves, and the one before of one less.
static void make_record(unsigned size)
{
    struct signer_state state;
    unlink(path);
    assert_int_equal(AM_OK, signer_state_create(path));
    assert_int_equal(AM_OK, signer_state_open(path, SIGNER_WRITE, &state));
    for (unsigned i = 1; i <= size; i++) {
        struct merkle_range range = range_of(i);
        assert_int_equal(AM_OK, signer_state_write(&state, &range));
    }
    assert_int_equal(AM_OK, signer_state_sync(&state));
    signer_state_close(&state);
}

static void holds(unsigned size)
{
    struct signer_state state;
    struct merkle_range range = range_of(size);
    assert_int_equal(AM_OK, signer_state_open(path, SIGNER_READ, &state));
    assert_int_equal(size, state.range.size);
    assert_int_equal(range.count, state.range.count);
    assert_memory_equal(range.roots, state.range.roots, range.count * LOG_HASH_SIZE);
    signer_state_close(&state);
}

static void holds_nothing(void)
{
    struct signer_state state;
    assert_int_equal(AM_NOT_FOUND, signer_state_open(path, SIGNER_READ, &state));
}

// --- Writing
static void a_new_record_is_of_an_empty_log_and_has_room_for_both_slots(void **state)
{
    uint8_t bytes[FILE_SIZE];
    holds_nothing();
    assert_int_equal(AM_OK, signer_state_create(path));
    holds(0);
    read_file(bytes);
    assert_int_equal(AM_EXISTS, signer_state_create(path));
    holds(0);
}

static void each_write_leaves_the_other_slot_as_it_was(void **state)
{
    struct signer_state record;
    uint8_t before[FILE_SIZE], after[FILE_SIZE];
    assert_int_equal(AM_OK, signer_state_create(path));
    assert_int_equal(AM_OK, signer_state_open(path, SIGNER_WRITE, &record));
    for (unsigned size = 1; size < 20; size++) {
        struct merkle_range range = range_of(size);
        read_file(before);
        assert_int_equal(AM_OK, signer_state_write(&record, &range));
        read_file(after);
        bool first = memcmp(before, after, SLOT) != 0, second = memcmp(before + SLOT, after + SLOT, SLOT) != 0;
        assert_true(first != second);
        assert_true(first == (record.counter % 2 == 0));
        holds(size);
    }
    signer_state_close(&record);
}

static void a_record_of_the_largest_tree_fits_its_slot(void **state)
{
    struct signer_state record;
    struct merkle_range range = {.size = UINT64_MAX, .count = MERKLE_LEVELS};
    memset(range.roots, 0xee, sizeof range.roots);
    assert_int_equal(AM_OK, signer_state_create(path));
    assert_int_equal(AM_OK, signer_state_open(path, SIGNER_WRITE, &record));
    assert_int_equal(AM_OK, signer_state_write(&record, &range));
    signer_state_close(&record);
    assert_int_equal(AM_OK, signer_state_open(path, SIGNER_READ, &record));
    assert_true(record.range.size == UINT64_MAX);
    assert_memory_equal(range.roots, record.range.roots, sizeof range.roots);
    signer_state_close(&record);
}

static void a_sync_that_the_disk_fails_is_an_error_each_time_and_leaves_no_new_record(void **state)
{
    struct signer_state record;
    struct merkle_range range = range_of(1);
    bad_disk_arm(BAD_SYNC, 1, 0, EIO);
    assert_int_equal(AM_IO, signer_state_create(path));
    assert_int_equal(1, bad_disk_disarm());
    holds_nothing();
    assert_int_equal(AM_OK, signer_state_create(path));
    assert_int_equal(AM_OK, signer_state_open(path, SIGNER_WRITE, &record));
    assert_int_equal(AM_OK, signer_state_write(&record, &range));
    bad_disk_arm(BAD_SYNC, 1, 0, EIO);
    assert_int_equal(AM_IO, signer_state_sync(&record));
    assert_int_equal(1, bad_disk_disarm());
    signer_state_close(&record);
}

// A sync that failed leaves what is found as clean in the system's memory: another one alone would write nothing.
static void what_is_found_is_written_once_more_and_synced_before_it_is_gone_on_from(void **state)
{
    static const enum bad_call CALLS[] = {BAD_WRITE, BAD_SYNC};
    struct signer_state record;
    uint8_t before[FILE_SIZE], after[FILE_SIZE];
    for (unsigned size = 5; size <= 6; size++) {
        make_record(size);
        read_file(before);
        for (size_t i = 0; i < AM_LEN(CALLS); i++) {
            bad_disk_arm(CALLS[i], 1, 0, EIO);
            assert_int_equal(AM_IO, signer_state_open(path, SIGNER_WRITE, &record));
            assert_int_equal(1, bad_disk_disarm());
        }
        assert_int_equal(AM_OK, signer_state_open(path, SIGNER_WRITE, &record));
        signer_state_close(&record);
        read_file(after);
        assert_memory_equal(before, after, sizeof before);
        holds(size);
    }
}

// --- Garbling: both parities, so that each slot is once the newest.
static void a_garbled_slot_gives_way_to_the_other(void **state)
{
    uint8_t good[FILE_SIZE], bad[FILE_SIZE];
    for (unsigned size = 5; size <= 6; size++) {
        make_record(size);
        read_file(good);
        size_t newest = (size + 1) % 2 * SLOT; // the counter is one ahead of the size
        for (size_t at = 0; at < FILE_SIZE; at++) {
            memcpy(bad, good, sizeof bad);
            bad[at] ^= 1;
            write_file(bad, sizeof bad);
            holds(at / SLOT * SLOT == newest ? size - 1 : size);
        }
    }
}

static void a_torn_write_leaves_the_record_before(void **state)
{
    uint8_t before[FILE_SIZE], after[FILE_SIZE], torn[FILE_SIZE];
    for (unsigned size = 5; size <= 6; size++) {
        make_record(size - 1);
        read_file(before);
        make_record(size);
        read_file(after);
        size_t slot = (size + 1) % 2 * SLOT;
        for (size_t len = 0; len <= SLOT; len++) {
            memcpy(torn, before, sizeof torn);
            memcpy(torn + slot, after + slot, len); // from the front
            write_file(torn, sizeof torn);
            holds(memcmp(torn, after, sizeof torn) == 0 ? size : size - 1);
            memcpy(torn, before, sizeof torn);
            memcpy(torn + slot + SLOT - len, after + slot + SLOT - len, len); // from the back
            write_file(torn, sizeof torn);
            holds(memcmp(torn, after, sizeof torn) == 0 ? size : size - 1);
        }
    }
}

static void a_file_cut_short_has_what_is_whole_in_it(void **state)
{
    uint8_t good[FILE_SIZE];
    for (unsigned size = 5; size <= 6; size++) {
        make_record(size);
        read_file(good);
        bool newest_first = (size + 1) % 2 == 0;
        for (size_t len = 0; len < FILE_SIZE; len += 61) {
            write_file(good, len);
            if (len < SLOT)
                holds_nothing();
            else
                holds(newest_first ? size : size - 1);
        }
    }
}

static void two_bad_slots_are_no_record(void **state)
{
    uint8_t bytes[FILE_SIZE];
    make_record(5);
    read_file(bytes);
    bytes[100] ^= 1;
    bytes[SLOT + 100] ^= 1;
    write_file(bytes, sizeof bytes);
    holds_nothing();
    memset(bytes, 0, sizeof bytes);
    write_file(bytes, sizeof bytes);
    holds_nothing();
}

// Else the next write could go over the only good slot.
static void a_slot_in_the_other_slots_place_is_none(void **state)
{
    uint8_t bytes[FILE_SIZE], copy[SLOT];
    make_record(5); // newest in slot 0
    read_file(bytes);
    memcpy(copy, bytes, SLOT);
    memcpy(bytes, bytes + SLOT, SLOT);
    memcpy(bytes + SLOT, copy, SLOT);
    write_file(bytes, sizeof bytes);
    holds_nothing();
}

static void after_a_garbled_slot_writing_goes_on(void **state)
{
    uint8_t bytes[FILE_SIZE];
    for (unsigned size = 5; size <= 6; size++)
        for (size_t slot = 0; slot < 2; slot++) {
            struct signer_state record;
            struct merkle_range range = range_of(9);
            make_record(size);
            read_file(bytes);
            bytes[slot * SLOT + 20] ^= 1;
            write_file(bytes, sizeof bytes);
            assert_int_equal(AM_OK, signer_state_open(path, SIGNER_WRITE, &record));
            assert_int_equal(AM_OK, signer_state_write(&record, &range));
            signer_state_close(&record);
            holds(9);
        }
}

// --- The lock

// In a process of its own that doesn't share our lock: its exit status is the error.
static pid_t open_elsewhere(int locked)
{
    signal(SIGALRM, SIG_IGN); // until it waits
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    struct signer_state record;
    struct sigaction alarm;
    struct itimerval timer;
    close(locked);
    enum am_err err = signer_state_open(path, SIGNER_WRITE, &record);
    // No alarm is left behind, which would end it later.
    bool left = getitimer(ITIMER_REAL, &timer) != 0 || timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0;
    left |= sigaction(SIGALRM, NULL, &alarm) != 0 || alarm.sa_handler != SIG_IGN;
    _exit(left ? 100 : (int)err);
}

static void a_record_in_use_may_be_read_and_is_waited_for(void **state)
{
    struct signer_state record;
    int status = 0;
    make_record(5);
    assert_int_equal(AM_OK, signer_state_open(path, SIGNER_WRITE, &record));
    holds(5);
    pid_t pid = open_elsewhere(record.fd);
    assert_int_equal(0, waitpid(pid, &status, WNOHANG));
    signer_state_close(&record);
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_int_equal(AM_OK, WEXITSTATUS(status));
}

static void a_record_that_stays_in_use_is_busy(void **state)
{
    struct signer_state record;
    int status = 0;
    make_record(5);
    assert_int_equal(AM_OK, signer_state_open(path, SIGNER_WRITE, &record));
    pid_t pid = open_elsewhere(record.fd);
    // Each alarm is a second to it.
    while (waitpid(pid, &status, WNOHANG) == 0)
        kill(pid, SIGALRM);
    assert_true(WIFEXITED(status));
    assert_int_equal(AM_BUSY, WEXITSTATUS(status));
    signer_state_close(&record);
}

// --- The start table
static void each_row_of_the_start_table(void **state)
{
    enum { SAME_ROOT, OTHER_ROOT };
    static const struct {
        const char *what;
        int record; // size, -1: none
        unsigned size;
        int root;
        int extended; // size of the record's range with the log's leaves, -1: as it was
        enum signer_judgement expected;
    } ROWS[] = {
        {"equal, same root", 5, 5, SAME_ROOT, -1, SIGNER_SAME},
        {"equal and empty", 0, 0, SAME_ROOT, -1, SIGNER_SAME},
        {"equal, another root", 5, 5, OTHER_ROOT, -1, SIGNER_EDITED},
        {"larger, and it extends", 5, 9, SAME_ROOT, 9, SIGNER_EXTENDED},
        {"larger than an empty one", 0, 9, SAME_ROOT, 9, SIGNER_EXTENDED},
        {"larger, to another root", 5, 9, OTHER_ROOT, 9, SIGNER_EDITED},
        {"larger, with a leaf too few", 5, 9, SAME_ROOT, 8, SIGNER_EDITED},
        {"larger, with a leaf too many", 5, 9, SAME_ROOT, 10, SIGNER_EDITED},
        {"larger, without leaves", 5, 9, SAME_ROOT, -1, SIGNER_EDITED},
        {"smaller", 5, 4, SAME_ROOT, -1, SIGNER_ROLLED_BACK},
        {"smaller and empty", 5, 0, SAME_ROOT, -1, SIGNER_ROLLED_BACK},
        {"no record", -1, 5, SAME_ROOT, -1, SIGNER_NO_RECORD},
        {"no record of an empty log", -1, 0, SAME_ROOT, -1, SIGNER_NO_RECORD},
    };
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        struct signer_state record = {.fd = -1};
        struct merkle_range log = range_of(ROWS[i].size), extended;
        uint8_t root[LOG_HASH_SIZE];
        record.range = range_of(ROWS[i].record < 0 ? 0 : (unsigned)ROWS[i].record);
        extended = ROWS[i].extended < 0 ? record.range : range_of((unsigned)ROWS[i].extended);
        assert_int_equal(AM_OK, merkle_range_root(&log, root));
        root[7] ^= ROWS[i].root == OTHER_ROOT;
        enum signer_judgement judgement =
            signer_judge(ROWS[i].record < 0 ? NULL : &record, ROWS[i].size, root, &extended);
        if (judgement != ROWS[i].expected)
            fail_msg("%s: %s", ROWS[i].what, signer_judgement_text(judgement));
    }
}

// A root alone doesn't say how many leaves it has.
static void a_size_that_is_not_the_roots_is_edited(void **state)
{
    struct signer_state record = {.fd = -1, .range = range_of(5)};
    struct merkle_range extended = range_of(9);
    uint8_t root[LOG_HASH_SIZE];
    assert_int_equal(AM_OK, merkle_range_root(&extended, root));
    assert_int_equal(SIGNER_EXTENDED, signer_judge(&record, 9, root, &extended));
    assert_int_equal(SIGNER_EDITED, signer_judge(&record, 10, root, &extended));
}

static void each_judgement_is_told_and_each_bad_one_says_what_to_do(void **state)
{
    for (int i = 0; i < SIGNER_JUDGEMENTS; i++) {
        const char *text = signer_judgement_text((enum signer_judgement)i);
        assert_true(strlen(text) > 20);
        if (i != SIGNER_SAME && i != SIGNER_EXTENDED)
            assert_non_null(strstr(text, " back"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        TEST(a_new_record_is_of_an_empty_log_and_has_room_for_both_slots),
        TEST(each_write_leaves_the_other_slot_as_it_was),
        TEST(a_record_of_the_largest_tree_fits_its_slot),
        TEST(what_is_found_is_written_once_more_and_synced_before_it_is_gone_on_from),
        TEST(a_sync_that_the_disk_fails_is_an_error_each_time_and_leaves_no_new_record),
        TEST(a_garbled_slot_gives_way_to_the_other),
        TEST(a_torn_write_leaves_the_record_before),
        TEST(a_file_cut_short_has_what_is_whole_in_it),
        TEST(two_bad_slots_are_no_record),
        TEST(a_slot_in_the_other_slots_place_is_none),
        TEST(after_a_garbled_slot_writing_goes_on),
        TEST(a_record_in_use_may_be_read_and_is_waited_for),
        TEST(a_record_that_stays_in_use_is_busy),
        cmocka_unit_test(each_row_of_the_start_table),
        cmocka_unit_test(a_size_that_is_not_the_roots_is_edited),
        cmocka_unit_test(each_judgement_is_told_and_each_bad_one_says_what_to_do),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
