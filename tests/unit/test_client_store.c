// SPDX-License-Identifier: Apache-2.0
// What a client keeps: rows, moves, beginnings of ids, and files that are not what they should be.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "amana/v1/relay.pb-c.h"
#include "client/session/news.h"
#include "client/session/store_index.h"
#include "client/session/store_notice.h"
#include "client/session/store_roster.h"
#include "client/session/store_rows.h"
#include "desk_store.h"
#include "proto/codec/codec.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID_A "0199b2d4-7c3e-7abc-8def-0123456789ab"
#define ID_B "0199b2d4-7c3e-7abc-8def-0123456789ac"
#define ID_C "0199b2d5-0000-7abc-8def-0123456789ab"

static void put(enum store_box box, const char *id, const char *fault)
{
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    message.header = (ProtobufCBinaryData){3, (uint8_t *)"abc"};
    kept.message = &message;
    kept.fault = (char *)fault;
    assert_int_equal(store_put(store, box, id, &kept), AM_OK);
}

static void put_of_case(enum store_box box, const char *id, const char *case_ref, uint64_t index)
{
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    struct am_bytes bytes;
    header.case_ref = (char *)case_ref;
    assert_int_equal(codec_encode(&header.base, &arena, &bytes), AM_OK);
    message.header = codec_binary(bytes);
    entry.index = index;
    kept.message = &message;
    kept.entry = &entry;
    assert_int_equal(store_put(store, box, id, &kept), AM_OK);
}

static void is_next(const char *case_ref, uint64_t from, uint64_t seq, enum store_box box, const char *id)
{
    enum store_box found;
    char found_id[STORE_ID];
    assert_int_equal(store_next_of_case(store, case_ref, &from, &found, found_id), AM_OK);
    assert_int_equal(from, seq);
    assert_int_equal(found, box);
    assert_string_equal(found_id, id);
}

static void what_is_written_together_is_there_at_once(void **state)
{
    Amana__V1__Kept *kept;
    assert_int_equal(store_together(store), AM_OK);
    put(STORE_INBOX, ID_A, "");
    put(STORE_INBOX, ID_B, "");
    assert_int_equal(store_get(store, STORE_INBOX, ID_A, &arena, &kept), AM_NOT_FOUND);
    assert_int_equal(store_apart(store), AM_OK);
    assert_int_equal(store_get(store, STORE_INBOX, ID_A, &arena, &kept), AM_OK);
    assert_int_equal(store_get(store, STORE_INBOX, ID_B, &arena, &kept), AM_OK);
    assert_int_equal(store_apart(store), AM_OK); // of nothing
}

static void a_case_s_messages_are_found_in_the_order_of_the_log_and_no_others(void **state)
{
    uint64_t seq = 10;
    enum store_box box;
    char id[STORE_ID];
    put_of_case(STORE_INBOX, ID_A, "ke/dci/2026/1", 9);
    put_of_case(STORE_SENT, ID_B, "ke/dci/2026/1", 7);
    put_of_case(STORE_INBOX, ID_C, "ke/dci/2026/10", 8);
    is_next("ke/dci/2026/1", 0, 7, STORE_SENT, ID_B);
    is_next("ke/dci/2026/1", 8, 9, STORE_INBOX, ID_A);
    assert_int_equal(store_next_of_case(store, "ke/dci/2026/1", &seq, &box, id), AM_NOT_FOUND);
    is_next("ke/dci/2026/10", 0, 8, STORE_INBOX, ID_C);
    put_of_case(STORE_INBOX, ID_A, "ke/dci/2026/1", 9); // once more: still one row
    uint64_t count = 0;
    assert_int_equal(AM_OK, store_count(store, &count));
    assert_int_equal(3, count); // two of the inbox, one sent
    seq = 10;
    assert_int_equal(store_next_of_case(store, "ke/dci/2026/1", &seq, &box, id), AM_NOT_FOUND);
}

static void a_row_comes_back_as_it_was_also_after_reopening(void **state)
{
    Amana__V1__Kept *kept;
    put(STORE_INBOX, ID_A, "BINDING");
    store_close(store);
    assert_int_equal(store_open(folder, NULL, &store), AM_OK);
    assert_int_equal(store_get(store, STORE_INBOX, ID_A, &arena, &kept), AM_OK);
    assert_string_equal(kept->fault, "BINDING");
    assert_int_equal(kept->message->header.len, 3);
    assert_int_equal(store_get(store, STORE_SENT, ID_A, &arena, &kept), AM_NOT_FOUND);
    assert_int_equal(store_get(store, STORE_INBOX, ID_B, &arena, &kept), AM_NOT_FOUND);
}

static void a_message_is_got_by_its_whole_id_from_the_first_box_that_has_it(void **state)
{
    Amana__V1__Kept *kept, no_message = AMANA__V1__KEPT__INIT;
    enum store_box box = STORE_BOXES;
    assert_int_equal(store_get_any(store, ID_A, &arena, &box, &kept), AM_NOT_FOUND);
    assert_int_equal(box, STORE_BOXES);
    put(STORE_INBOX, ID_A, "came");
    assert_int_equal(store_get_any(store, ID_A, &arena, &box, &kept), AM_OK);
    assert_int_equal(box, STORE_INBOX);
    assert_string_equal(kept->fault, "came");
    put(STORE_SENT, ID_A, "sent"); // another message under its id
    assert_int_equal(store_get_any(store, ID_A, &arena, &box, &kept), AM_OK);
    assert_int_equal(box, STORE_SENT);
    assert_string_equal(kept->fault, "sent");
    assert_int_equal(store_put(store, STORE_OUTBOX, ID_A, &no_message), AM_OK);
    assert_int_equal(store_get_any(store, ID_A, &arena, &box, &kept), AM_CORRUPT);
    assert_int_equal(box, STORE_SENT);
}

static void a_move_leaves_the_row_in_one_box(void **state)
{
    Amana__V1__Kept *kept, moved = AMANA__V1__KEPT__INIT;
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    put(STORE_OUTBOX, ID_A, "");
    moved.message = &message;
    moved.wait = (char *)"moved";
    assert_int_equal(store_move(store, STORE_OUTBOX, STORE_SENT, ID_A, &moved), AM_OK);
    assert_int_equal(store_get(store, STORE_OUTBOX, ID_A, &arena, &kept), AM_NOT_FOUND);
    assert_int_equal(store_get(store, STORE_SENT, ID_A, &arena, &kept), AM_OK);
    assert_string_equal(kept->wait, "moved");
}

static void rows_are_walked_in_the_order_of_their_ids(void **state)
{
    static const char first[STORE_ID] = "";
    char id[STORE_ID];
    put(STORE_INBOX, ID_C, "");
    put(STORE_INBOX, ID_A, "");
    put(STORE_INBOX, ID_B, "");
    put(STORE_SENT, ID_A, "");
    assert_int_equal(store_next(store, STORE_INBOX, first, id), AM_OK);
    assert_string_equal(id, ID_A);
    assert_int_equal(store_next(store, STORE_INBOX, ID_A, id), AM_OK);
    assert_string_equal(id, ID_B);
    assert_int_equal(store_next(store, STORE_INBOX, ID_B, id), AM_OK);
    assert_string_equal(id, ID_C);
    assert_int_equal(store_next(store, STORE_INBOX, ID_C, id), AM_NOT_FOUND);
    assert_int_equal(store_next(store, STORE_OUTBOX, first, id), AM_NOT_FOUND);
}

static void a_unique_beginning_is_enough(void **state)
{
    const unsigned all = 1u << STORE_OUTBOX | 1u << STORE_SENT | 1u << STORE_INBOX;
    struct am_detail detail = {0};
    enum store_box box;
    char id[STORE_ID];
    put(STORE_INBOX, ID_A, "");
    put(STORE_SENT, ID_B, "");
    put(STORE_INBOX, ID_C, "");
    assert_int_equal(store_find(store, all, "0199b2d5", &detail, &box, id), AM_OK);
    assert_string_equal(id, ID_C);
    assert_int_equal(box, STORE_INBOX);
    assert_int_equal(store_find(store, all, ID_B, &detail, &box, id), AM_OK);
    assert_int_equal(box, STORE_SENT);
    assert_int_equal(store_find(store, all, "0199b2d4", &detail, &box, id), AM_CONFLICT);
    assert_int_equal(store_find(store, 1u << STORE_SENT, "0199b2d4", &detail, &box, id), AM_OK);
    assert_string_equal(id, ID_B);
    assert_int_equal(store_find(store, all, "77", &detail, &box, id), AM_NOT_FOUND);
    assert_int_equal(store_find(store, all, ID_A "0", &detail, &box, id), AM_NOT_FOUND);
}

static void rosters_are_kept_by_number_and_the_highest_is_given(void **state)
{
    struct am_bytes bytes;
    assert_int_equal(store_roster_put(store, "ke/dci/a", 9, (struct am_bytes){(const uint8_t *)"nine", 4}), AM_OK);
    assert_int_equal(store_roster_put(store, "ke/dci/a", 10, (struct am_bytes){(const uint8_t *)"ten", 3}), AM_OK);
    assert_int_equal(store_roster_put(store, "ke/dci/ab", 300, (struct am_bytes){(const uint8_t *)"other", 5}), AM_OK);
    assert_int_equal(store_roster_get(store, "ke/dci/a", 0, &arena, &bytes), AM_OK);
    assert_memory_equal(bytes.data, "ten", 3);
    assert_int_equal(store_roster_get(store, "ke/dci/a", 9, &arena, &bytes), AM_OK);
    assert_memory_equal(bytes.data, "nine", 4);
    assert_int_equal(store_roster_get(store, "ke/dci/a", 11, &arena, &bytes), AM_NOT_FOUND);
    assert_int_equal(store_roster_get(store, "ke/dci/", 0, &arena, &bytes), AM_NOT_FOUND);
    assert_int_equal(store_roster_get(store, "ke/dci", 0, &arena, &bytes), AM_NOT_FOUND);
}

static enum am_err put_notice(uint64_t seq, const char *fault)
{
    Amana__V1__KeptNotice notice = AMANA__V1__KEPT_NOTICE__INIT;
    notice.fault = (char *)fault;
    return store_notice_put(store, seq, &notice);
}

static void notices_are_walked_by_seq(void **state)
{
    Amana__V1__KeptNotice *notice;
    uint64_t seq = 0;
    assert_int_equal(put_notice(256, "b"), AM_OK);
    assert_int_equal(put_notice(7, "a"), AM_OK);
    assert_int_equal(store_notice_next(store, &seq, &arena, &notice), AM_OK);
    assert_int_equal(seq, 7);
    seq++;
    assert_int_equal(store_notice_next(store, &seq, &arena, &notice), AM_OK);
    assert_int_equal(seq, 256);
    seq++;
    assert_int_equal(store_notice_next(store, &seq, &arena, &notice), AM_NOT_FOUND);
}

static void what_came_is_news_until_it_was_shown(void **state)
{
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    struct news news;
    assert_int_equal(store_put_new(store, STORE_SENT, ID_B, 300, &kept), AM_OK);
    assert_int_equal(put_notice(7, "a"), AM_OK);
    assert_int_equal(store_put_new(store, STORE_INBOX, ID_A, 9, &kept), AM_OK);
    put(STORE_INBOX, ID_C, "");
    assert_int_equal(news_next(store, 0, &news), AM_OK);
    assert_true(news.notice && news.seq == 7);
    assert_int_equal(news_remove(store, 7), AM_OK);
    assert_int_equal(news_next(store, 0, &news), AM_OK);
    assert_true(!news.notice && news.seq == 9 && news.box == STORE_INBOX);
    assert_string_equal(news.id, ID_A);
    assert_int_equal(news_next(store, 10, &news), AM_OK);
    assert_true(!news.notice && news.seq == 300 && news.box == STORE_SENT);
    assert_string_equal(news.id, ID_B);
    assert_int_equal(news_next(store, 301, &news), AM_NOT_FOUND);
}

// A notice whose statement names these messages.
static void put_retrieval(uint64_t seq, const uint64_t *messages, size_t n)
{
    struct arena AM_CLEANUP(arena_clear) room = {0};
    Amana__V1__RetrievedMessage rows[4], *list[4];
    Amana__V1__Retrieved statement = AMANA__V1__RETRIEVED__INIT;
    Amana__V1__RetrievedEntry retrieved = AMANA__V1__RETRIEVED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
    Amana__V1__KeptNotice notice = AMANA__V1__KEPT_NOTICE__INIT;
    struct am_bytes bytes;
    arena_init(&room, 65536);
    for (size_t i = 0; i < n; i++) {
        amana__v1__retrieved_message__init(&rows[i]);
        rows[i].seq = messages[i];
        list[i] = &rows[i];
    }
    statement.messages = list;
    statement.n_messages = n;
    assert_int_equal(codec_encode(&statement.base, &room, &bytes), AM_OK);
    retrieved.statement = codec_binary(bytes);
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED;
    content.retrieved = &retrieved;
    assert_int_equal(codec_encode(&content.base, &room, &bytes), AM_OK);
    entry.content = codec_binary(bytes);
    entry.index = seq;
    notice.entry = &entry;
    assert_int_equal(store_notice_put(store, seq, &notice), AM_OK);
}

static void retrievals_are(uint64_t message, uint64_t first, uint64_t second)
{
    const uint64_t expected[] = {first, second};
    Amana__V1__KeptNotice *notice;
    uint64_t seq = 0;
    for (size_t i = 0; i < 2 && expected[i] != 0; i++, seq++) {
        assert_int_equal(store_retrieval_next(store, message, &seq, &arena, &notice), AM_OK);
        assert_int_equal(seq, expected[i]);
        assert_int_equal(notice->entry->index, seq);
    }
    assert_int_equal(store_retrieval_next(store, message, &seq, &arena, &notice), AM_NOT_FOUND);
}

static void a_retrieval_is_found_by_each_message_that_it_names(void **state)
{
    put_retrieval(300, (uint64_t[]){5}, 1);
    put_retrieval(9, (uint64_t[]){3, 5}, 2);
    assert_int_equal(put_notice(7, "a"), AM_OK); // no retrieval
    retrievals_are(3, 9, 0);
    retrievals_are(4, 0, 0);
    retrievals_are(5, 9, 300);
}

static void a_store_of_an_earlier_program_gets_its_index_of_retrievals_when_it_is_opened(void **state)
{
    uint64_t key[] = {htobe64(5), htobe64(9)};
    put_retrieval(9, (uint64_t[]){5}, 1);
    const struct store_row gone[] = {{TABLE_RETRIEVAL, store_value(key, sizeof key), {0, NULL}, false},
                                     {TABLE_META, store_value("retrieval-index", 15), {0, NULL}, false}};
    assert_int_equal(store_rows_write(store, gone, AM_LEN(gone)), AM_OK);
    retrievals_are(5, 0, 0);
    store_close(store);
    assert_int_equal(store_open(folder, NULL, &store), AM_OK);
    retrievals_are(5, 9, 0);
}

static void a_notice_that_comes_twice_is_news_once(void **state)
{
    Amana__V1__KeptNotice *notice;
    struct news news;
    uint64_t seq = 7;
    assert_int_equal(put_notice(7, "a"), AM_OK);
    assert_int_equal(news_remove(store, 7), AM_OK);
    assert_int_equal(put_notice(7, "b"), AM_OK);
    assert_int_equal(news_next(store, 0, &news), AM_NOT_FOUND);
    assert_int_equal(store_notice_next(store, &seq, &arena, &notice), AM_OK);
    assert_string_equal(notice->fault, "a");
}

static void a_message_is_found_by_its_entry_in_whichever_box_it_is(void **state)
{
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
    enum store_box box;
    char id[STORE_ID];
    put(STORE_OUTBOX, ID_A, "");
    assert_int_equal(store_at_entry(store, 300, &box, id), AM_NOT_FOUND);
    entry.index = 300;
    kept.entry = &entry;
    assert_int_equal(store_move(store, STORE_OUTBOX, STORE_SENT, ID_A, &kept), AM_OK);
    assert_int_equal(store_at_entry(store, 300, &box, id), AM_OK);
    assert_int_equal(box, STORE_SENT);
    assert_string_equal(id, ID_A);
    entry.index = 301;
    assert_int_equal(store_put_new(store, STORE_INBOX, ID_B, 301, &kept), AM_OK);
    assert_int_equal(store_at_entry(store, 301, &box, id), AM_OK);
    assert_int_equal(box, STORE_INBOX);
    assert_string_equal(id, ID_B);
    assert_int_equal(store_at_entry(store, 302, &box, id), AM_NOT_FOUND);
}

// --- Rows as a damaged disk may give them
static void write_row(enum store_table table, const char *key, size_t key_len, const char *value, size_t len)
{
    const struct store_row row = {table, store_value(key, key_len), store_value(value, len), false};
    assert_int_equal(store_rows_write(store, &row, 1), AM_OK);
}

static void a_row_without_a_message_is_damage(void **state)
{
    Amana__V1__Kept *kept;
    write_row(TABLE_INBOX, ID_A, strlen(ID_A),
              "\x22\x05"
              "fault",
              7); // its fault alone
    assert_int_equal(store_get(store, STORE_INBOX, ID_A, &arena, &kept), AM_CORRUPT);
}

static void an_id_that_a_nul_cuts_short_ends_the_walk(void **state)
{
    struct store_person person = {.row = "a digest, of 16 b"};
    enum store_box box;
    char id[STORE_ID] = "";
    write_row(TABLE_INBOX, "0199\0b2d4", 9, "", 0);
    assert_int_equal(store_next(store, STORE_INBOX, id, id), AM_CORRUPT);
    write_row(TABLE_ENTRY, "\0\0\0\0\0\0\0\x07", 8,
              "\x02"
              "0199\0b2d4",
              10);
    assert_int_equal(store_at_entry(store, 7, &box, id), AM_CORRUPT);
    write_row(TABLE_PERSON,
              "a digest, of 16 byte\x02"
              "0199\0b2d4",
              30, "", 0);
    assert_int_equal(store_next_person(store, &person), AM_CORRUPT);
}

static void the_last_number_of_all_is_no_entry_s(void **state)
{
    static const char LAST[] = "\xff\xff\xff\xff\xff\xff\xff\xff";
    Amana__V1__KeptNotice *notice;
    struct news news;
    enum store_box box;
    char id[STORE_ID];
    uint64_t seq = 0;
    write_row(TABLE_ENTRY, LAST, 8, "\x02" ID_A, 1 + strlen(ID_A));
    assert_int_equal(store_next_entry(store, &seq, &box, id), AM_CORRUPT);
    write_row(TABLE_CASE, "ke/dci/2026/004211\0\xff\xff\xff\xff\xff\xff\xff\xff", 27, "\x02" ID_A, 1 + strlen(ID_A));
    assert_int_equal(store_next_of_case(store, "ke/dci/2026/004211", &seq, &box, id), AM_CORRUPT);
    write_row(TABLE_NEWS, LAST, 8, "\x02" ID_A, 1 + strlen(ID_A));
    assert_int_equal(news_next(store, 0, &news), AM_CORRUPT);
    write_row(TABLE_NOTICE, LAST, 8, "", 0);
    assert_int_equal(store_notice_next(store, &seq, &arena, &notice), AM_CORRUPT);
}

static void a_folder_that_is_none_is_an_error(void **state)
{
    struct store *other;
    struct am_detail detail = {0};
    assert_int_not_equal(store_open("/proc/nowhere/store", &detail, &other), AM_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_case_s_messages_are_found_in_the_order_of_the_log_and_no_others),
        TEST(a_row_comes_back_as_it_was_also_after_reopening),
        TEST(what_is_written_together_is_there_at_once),
        TEST(a_message_is_got_by_its_whole_id_from_the_first_box_that_has_it),
        TEST(a_move_leaves_the_row_in_one_box),
        TEST(rows_are_walked_in_the_order_of_their_ids),
        TEST(a_unique_beginning_is_enough),
        TEST(rosters_are_kept_by_number_and_the_highest_is_given),
        TEST(notices_are_walked_by_seq),
        TEST(what_came_is_news_until_it_was_shown),
        TEST(a_notice_that_comes_twice_is_news_once),
        TEST(a_retrieval_is_found_by_each_message_that_it_names),
        TEST(a_store_of_an_earlier_program_gets_its_index_of_retrievals_when_it_is_opened),
        TEST(a_message_is_found_by_its_entry_in_whichever_box_it_is),
        TEST(a_row_without_a_message_is_damage),
        TEST(an_id_that_a_nul_cuts_short_ends_the_walk),
        TEST(the_last_number_of_all_is_no_entry_s),
        TEST(a_folder_that_is_none_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
