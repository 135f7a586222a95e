// SPDX-License-Identifier: Apache-2.0
// Which bytes of the redo file pass for a record, and which damage is told from its end.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "server/store/redo_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define RING (64u * REDO_BLOCK)

static char path[] = "/tmp/amana-redo.XXXXXX";
static struct redo_file file;
static struct redo_point point;
static const uint8_t KEY[REDO_KEY] = "the key of this start", OLD[REDO_KEY] = "the key of the last one";

static int begin(void **state)
{
    strcpy(path + sizeof path - 7, "XXXXXX");
    int fd = mkstemp(path);
    close(fd);
    unlink(path);
    assert_int_equal(redo_file_create(path, RING), AM_OK);
    assert_int_equal(redo_file_open(path, true, NULL, &file, &point), AM_OK);
    return 0;
}

static int end(void **state)
{
    redo_file_close(&file);
    unlink(path);
    return 0;
}

// A record of so many blocks, whose changes are these bytes and zeros; returns where the next one goes.
static uint64_t put(const uint8_t *key, uint64_t number, uint64_t place, uint64_t held, unsigned blocks,
                    const uint8_t *bytes, size_t len)
{
    struct redo_ops ops = {0};
    redo_ops_begin(&ops);
    assert_int_equal(redo_ops_pad(&ops, (size_t)blocks * REDO_BLOCK), AM_OK);
    if (len > 0)
        memcpy(ops.bytes + REDO_BLOCK, bytes, len);
    assert_int_equal(redo_file_put(&file, key, number, place, held, &ops), AM_OK);
    assert_int_equal(redo_file_sync(&file), AM_OK);
    redo_ops_free(&ops);
    return place + (uint64_t)blocks * REDO_BLOCK;
}

static enum am_err get(uint64_t number, uint64_t *place)
{
    uint8_t *bytes;
    size_t len;
    enum am_err err = redo_file_get(&file, KEY, number, place, &bytes, &len);
    if (err == AM_OK)
        free(bytes);
    return err;
}

static void spoil(off_t at)
{
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "spoilt", 6, at), 6);
    close(fd);
}

static void records_are_found_in_their_order_and_the_last_is_the_end(void **state)
{
    uint64_t place = 0;
    put(KEY, 2, put(KEY, 1, 0, 1, 3, NULL, 0), 1, 1, NULL, 0);
    assert_int_equal(get(1, &place), AM_OK);
    assert_int_equal(get(2, &place), AM_OK);
    assert_int_equal(get(3, &place), AM_NOT_FOUND);
}

// A sender's bytes stand in the ring as they came, at the start of a block too.
static void what_a_sender_wrote_into_a_message_passes_for_no_record(void **state)
{
    uint8_t forged[REDO_BLOCK];
    uint64_t place = 0;
    put(OLD, 3, 0, 1, 1, NULL, 0);
    int fd = open(path, O_RDONLY);
    assert_int_equal(pread(fd, forged, sizeof forged, 2 * REDO_BLOCK), sizeof forged);
    close(fd);
    put(KEY, 1, 0, 1, 4, forged, sizeof forged); // behind what is its first block
    put(KEY, 2, 0, 1, 1, NULL, 0);               // the ring came round
    assert_int_equal(get(2, &place), AM_OK);
    assert_int_equal(place, REDO_BLOCK);
    assert_int_equal(get(3, &place), AM_NOT_FOUND);
}

// A buffer that held a longer record before, whose bytes may be of a body that is erased meanwhile.
static void behind_its_changes_a_record_has_zeros(void **state)
{
    static uint8_t long_one[3 * REDO_BLOCK];
    const MDB_val key = {3, (void *)"key"}, large = {sizeof long_one, long_one}, small = {5, (void *)"value"};
    struct redo_ops ops = {0};
    memset(long_one, 0xaa, sizeof long_one);
    redo_ops_begin(&ops);
    assert_int_equal(redo_ops_put(&ops, 0, 0, key, large, false), AM_OK);
    redo_ops_begin(&ops);
    assert_int_equal(redo_ops_put(&ops, 0, 0, key, small, false), AM_OK);
    size_t len = ops.len;
    assert_int_equal(redo_file_put(&file, KEY, 1, 0, 1, &ops), AM_OK);
    assert_int_equal(ops.len, REDO_BLOCK);
    for (size_t i = len; i < ops.len; i++)
        assert_int_equal(ops.bytes[i], 0);
    redo_ops_free(&ops);
}

static void a_record_of_an_earlier_start_is_none(void **state)
{
    uint64_t place = 0;
    put(OLD, 1, 0, 1, 1, NULL, 0);
    assert_int_equal(get(1, &place), AM_NOT_FOUND);
}

static void damage_before_a_record_that_is_whole_is_not_taken_for_the_end(void **state)
{
    uint64_t first = put(KEY, 1, 0, 1, 2, NULL, 0), second = put(KEY, 2, first, 1, 2, NULL, 0), place = 0;
    put(KEY, 3, second, 1, 1, NULL, 0);
    spoil((off_t)(2 * REDO_BLOCK + first + 100));
    assert_int_equal(get(1, &place), AM_OK);
    assert_int_equal(get(2, &place), AM_CORRUPT);
}

static void without_the_point_that_held_an_older_one_does_not_do(void **state)
{
    uint64_t place = 0;
    memcpy(point.key, KEY, sizeof point.key);
    assert_int_equal(redo_file_put_point(&file, &point), AM_OK);
    put(KEY, 1, 0, file.counter, 1, NULL, 0);
    assert_int_equal(redo_file_put_point(&file, &point), AM_OK);
    put(KEY, 1, 0, file.counter, 1, NULL, 0);
    assert_int_equal(get(1, &place), AM_OK);
    spoil((off_t)(file.counter % 2 * REDO_BLOCK + 100));
    redo_file_close(&file);
    assert_int_equal(redo_file_open(path, true, NULL, &file, &point), AM_OK);
    place = 0;
    assert_int_equal(get(1, &place), AM_CORRUPT);
}

// Else a start would say that the file is damaged, and somebody would put an older one in its place.
static void a_file_that_cannot_be_opened_is_told_from_one_that_is_damaged(void **state)
{
    struct rlimit kept, few;
    struct am_detail detail;
    redo_file_close(&file);
    int next = open(path, O_RDONLY);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    for (int left = 0; left < 2; left++) { // for records, for points
        few = (struct rlimit){(rlim_t)(next + left), kept.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        enum am_err err = redo_file_open(path, true, &detail, &file, &point);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
        assert_int_equal(err, AM_IO);
        assert_string_equal(detail.field, path);
        assert_string_equal(detail.text, strerror(EMFILE));
    }
    assert_int_equal(redo_file_open(path, true, &detail, &file, &point), AM_OK);
}

// What one large batch took is not kept for ever.
static void the_room_of_a_large_batch_is_given_back(void **state)
{
    static uint8_t large[5u << 20];
    struct redo_ops ops = {0};
    const MDB_val key = {3, (void *)"key"}, value = {sizeof large, large}, small = {5, (void *)"value"};
    redo_ops_begin(&ops);
    assert_int_equal(redo_ops_put(&ops, 0, 0, key, value, false), AM_OK);
    assert_true(ops.room > sizeof large);
    redo_ops_begin(&ops);
    assert_int_equal(redo_ops_put(&ops, 0, 0, key, small, false), AM_OK);
    assert_in_range(ops.room, ops.len, 1u << 20);
    assert_memory_equal(ops.bytes + ops.len - 5, "value", 5);
    redo_ops_free(&ops);
}

static void a_record_that_is_taken_back_is_none(void **state)
{
    uint64_t place = 0;
    put(KEY, 1, 0, 1, 2, NULL, 0);
    assert_int_equal(redo_file_void(&file, 0), AM_OK);
    assert_int_equal(get(1, &place), AM_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_are_found_in_their_order_and_the_last_is_the_end, begin, end),
        cmocka_unit_test_setup_teardown(what_a_sender_wrote_into_a_message_passes_for_no_record, begin, end),
        cmocka_unit_test_setup_teardown(behind_its_changes_a_record_has_zeros, begin, end),
        cmocka_unit_test_setup_teardown(a_record_of_an_earlier_start_is_none, begin, end),
        cmocka_unit_test_setup_teardown(damage_before_a_record_that_is_whole_is_not_taken_for_the_end, begin, end),
        cmocka_unit_test_setup_teardown(without_the_point_that_held_an_older_one_does_not_do, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_opened_is_told_from_one_that_is_damaged, begin, end),
        cmocka_unit_test(the_room_of_a_large_batch_is_given_back),
        cmocka_unit_test_setup_teardown(a_record_that_is_taken_back_is_none, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
