// SPDX-License-Identifier: Apache-2.0
// What the keeper takes at once, which appends it refuses, and how a journal is opened.
#include "proto/model/address.h"
#include "server/store/internal.h"
#include "tests/unit/store_kit.h"

// cmocka wants these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lmdb.h>

// --- What waits
static int count_idle(const char *line, void *user)
{
    size_t len = strlen(line);
    *(unsigned *)user += len > 2 && strcmp(line + len - 2, "-\n") == 0;
    return 0;
}

// Readers of LMDB's that keep no page from being used again.
static unsigned idle_readers(struct kit *kit)
{
    unsigned n = 0;
    assert_true(mdb_reader_list(kit->store->tables.env, count_idle, &n) >= 0);
    return n;
}

// Else what waits would be written over.
static void a_full_queue_is_busy_and_loses_nothing(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarms[7];
    kit_close(kit);
    kit->options.queue = 4;
    kit_open(kit);
    for (unsigned i = 0; i < AM_LEN(alarms); i++)
        kit_alarm(&alarms[i], i, 1, 10);
    kit->hold_sign = true;
    kit_submit(kit, &alarms[0].append);
    kit_wait_held(kit);
    for (unsigned i = 1; i <= 4; i++)
        assert_int_equal(store_submit(kit->store, &alarms[i].append), AM_OK);
    assert_int_equal(store_submit(kit->store, &alarms[5].append), AM_BUSY);
    kit_release(kit);
    kit_wait(kit, 5);
    assert_int_equal(store_submit(kit->store, &alarms[6].append), AM_OK);
    kit_wait(kit, 6);
    for (unsigned i = 0; i < 5; i++)
        assert_ptr_equal(kit->done[i].append, &alarms[i].append);
    assert_int_equal(store_size(kit->store), 6);
    for (unsigned i = 0; i < AM_LEN(alarms); i++)
        kit_alarm_clear(&alarms[i]);
}

// What one commit may write is bounded, however much waits: by the bytes of entries and of messages.
static void what_waits_is_committed_four_megabytes_at_a_time(void **state)
{
    struct kit *kit = *state;
    const size_t big = LIMIT_BATCH_BYTES * 2 / 5; // two are a batch, three are not
    uint8_t *body = calloc(1, big);
    struct kit_alarm hold, alarms[3];
    struct kit_message messages[3];
    assert_non_null(body);
    kit_alarm(&hold, 0, 1, 10);
    for (unsigned i = 0; i < 3; i++) {
        kit_alarm(&alarms[i], i, 1, big);
        kit_message(&messages[i], i, 1, 10);
        messages[i].message.body = (struct am_bytes){body, big};
    }
    for (unsigned kind = 0; kind < 2; kind++) {
        size_t done = kit->n_done;
        kit->hold_sign = true;
        kit_submit(kit, &hold.append);
        kit_wait_held(kit);
        unsigned signatures = kit->signatures;
        for (unsigned i = 0; i < 3; i++)
            kit_submit(kit, kind == 0 ? &alarms[i].append : &messages[i].append);
        kit_release(kit);
        kit_wait(kit, done + 4);
        for (size_t i = done; i < done + 4; i++)
            assert_int_equal(kit->done[i].outcome.result, JOURNAL_DONE);
        assert_int_equal(kit->signatures - signatures, 3); // that which was held, and two
    }
    for (unsigned i = 0; i < 3; i++) {
        kit_alarm_clear(&alarms[i]);
        kit_message_clear(&messages[i]);
    }
    kit_alarm_clear(&hold);
    free(body);
}

static void a_view_that_may_not_wait_has_no_snapshot_until_it_is_signed(void **state)
{
    struct kit *kit = *state;
    struct store_view *view;
    struct kit_alarm alarm;
    kit_alarm(&alarm, 1, 1, 10);
    kit_view(kit, &view);
    kit->hold_sign = true;
    kit_submit(kit, &alarm.append);
    kit_wait_held(kit);
    unsigned idle = idle_readers(kit);
    assert_int_equal(store_view_renew_now(view), AM_BUSY);
    assert_int_equal(idle_readers(kit), idle + 1);
    kit_release(kit);
    kit_wait(kit, 1);
    assert_int_equal(store_view_renew_now(view), AM_OK);
    assert_int_equal(store_view_size(view), 1);
    assert_int_equal(idle_readers(kit), idle);
    store_view_reset(view);
    assert_int_equal(idle_readers(kit), idle + 1);
    store_view_end(view);
    assert_int_equal(idle_readers(kit), idle);
    kit_alarm_clear(&alarm);
}

// --- Duplicates and conflicts
static void a_duplicate_is_told_the_first_even_within_one_batch(void **state)
{
    struct kit *kit = *state;
    struct kit_message first, m, again;
    struct kit_alarm alarm;
    kit_alarm(&alarm, 1, 1, 10);
    kit_message(&first, 5, 1, 10);
    kit_message(&m, 7, 1, 10);
    kit_message(&again, 7, 1, 20); // another body under the same id
    kit->hold_sign = true;
    kit_submit(kit, &alarm.append); // while it waits for its signature, the others become one batch
    kit_wait_held(kit);
    kit_submit(kit, &first.append);
    kit_submit(kit, &m.append);
    kit_submit(kit, &again.append);
    kit_release(kit);
    kit_wait(kit, 4);
    assert_int_equal(kit->done[2].outcome.result, JOURNAL_DONE);
    assert_int_equal(kit->done[3].outcome.result, JOURNAL_DUPLICATE);
    assert_int_equal(kit->done[3].outcome.seq, 2);
    assert_memory_equal(kit->done[3].outcome.digest, m.message.header_digest, 32);
    struct journal_outcome outcome = kit_append(kit, &again.append);
    assert_int_equal(outcome.result, JOURNAL_DUPLICATE);
    assert_int_equal(outcome.seq, 2);
    assert_int_equal(outcome.receipt.len, 0);
    assert_int_equal(store_signed_size(kit->store), 3);
    kit_message_clear(&first);
    kit_message_clear(&m);
    kit_message_clear(&again);
    kit_alarm_clear(&alarm);
}

static void one_id_of_two_devices_is_two_messages(void **state)
{
    struct kit *kit = *state;
    struct kit_message m, other;
    struct store_view *view;
    uint8_t id[16];
    uint64_t one, two;
    kit_message(&m, 7, 1, 10);
    kit_message(&other, 7, 1, 10);
    other.message.device = "amana://ke/dci/duty/desk-2";
    other.message.header_digest[0] ^= 1;
    assert_int_equal(kit_append(kit, &m.append).result, JOURNAL_DONE);
    assert_int_equal(kit_append(kit, &other.append).result, JOURNAL_DONE);
    kit_view(kit, &view);
    assert_int_equal(message_id_check(m.id, id, NULL), AM_OK);
    assert_int_equal(store_find_uuid(view, id, 0, &one), AM_OK);
    assert_int_equal(store_find_uuid(view, id, 1, &two), AM_OK);
    assert_int_equal(one + two, 1);
    assert_int_equal(store_find_uuid(view, id, 2, &two), AM_NOT_FOUND);
    store_view_end(view);
    kit_message_clear(&m);
    kit_message_clear(&other);
}

static void what_conflicts_writes_nothing_and_the_rest_of_the_batch_goes_on(void **state)
{
    struct kit *kit = *state;
    struct kit_message m, bad[3], good;
    struct kit_alarm alarm;
    struct journal_chain chain = {.root = 0, .version = 4};
    struct journal_mail taken = {"amana://ke/cpc/nairobi/desk-1", 2, 4711, 0};
    struct store_view *view;
    uint8_t id[16];
    uint64_t seq;
    kit_alarm(&alarm, 1, 1, 10);
    kit_message(&m, 1, 1, 10);
    kit_append(kit, &m.append);
    for (unsigned i = 0; i < 3; i++)
        kit_message(&bad[i], 10 + i, 1, 10);
    bad[0].lives[0].root = 0; // there, with version 1, and decided on version 0
    bad[1].append.chain = &chain;
    bad[2].append.taken = &taken;
    bad[2].append.n_taken = 1;
    kit_message(&good, 20, 1, 10);
    kit->hold_sign = true;
    kit_submit(kit, &alarm.append);
    kit_wait_held(kit);
    for (unsigned i = 0; i < 3; i++)
        kit_submit(kit, &bad[i].append);
    kit_submit(kit, &good.append);
    kit_release(kit);
    kit_wait(kit, 6);
    for (size_t i = 2; i < 5; i++)
        assert_int_equal(kit->done[i].outcome.result, JOURNAL_CONFLICT);
    assert_int_equal(kit->done[5].outcome.result, JOURNAL_DONE);
    assert_int_equal(kit->done[5].outcome.seq, 2);
    kit_view(kit, &view);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(message_id_check(bad[i].id, id, NULL), AM_OK);
        assert_int_equal(store_find_uuid(view, id, 0, &seq), AM_NOT_FOUND);
        kit_message_clear(&bad[i]);
    }
    assert_int_equal(kit_index_count(view, STORE_INDEX_PARTY, "ke/dci/duty", 11), 2);
    store_view_end(view);
    kit_message_clear(&m);
    kit_message_clear(&good);
    kit_alarm_clear(&alarm);
}

static void the_second_of_two_moves_decided_on_one_version_conflicts(void **state)
{
    struct kit *kit = *state;
    struct kit_message m;
    struct kit_alarm hold, one, two;
    struct journal_life life = {.root = 0, .recipient = "ke/cpc/nairobi", .version = 1, .state = 2, .officer = "a"};
    kit_message(&m, 1, 1, 10);
    kit_append(kit, &m.append);
    kit_alarm(&hold, 1, 1, 10);
    kit_alarm(&one, 1, 1, 10);
    kit_alarm(&two, 1, 1, 10);
    one.append.lives = two.append.lives = &life;
    one.append.n_lives = two.append.n_lives = 1;
    kit->hold_sign = true;
    kit_submit(kit, &hold.append);
    kit_wait_held(kit);
    kit_submit(kit, &one.append);
    kit_submit(kit, &two.append);
    kit_release(kit);
    kit_wait(kit, 4);
    assert_int_equal(kit->done[2].outcome.result, JOURNAL_DONE);
    assert_int_equal(kit->done[3].outcome.result, JOURNAL_CONFLICT);
    kit_message_clear(&m);
    kit_alarm_clear(&hold);
    kit_alarm_clear(&one);
    kit_alarm_clear(&two);
}

static void what_was_checked_by_an_older_roster_of_its_unit_conflicts(void **state)
{
    struct kit *kit = *state;
    static const struct {
        const char *unit;
        uint64_t number;
        enum journal_result result;
    } ROWS[] = {{"ke/dci/duty", 6, JOURNAL_CONFLICT},
                {"ke/dci/duty", 7, JOURNAL_DONE},
                {"ke/dci/dut", 1, JOURNAL_DONE},
                {"ke/dci/duty2", 1, JOURNAL_DONE},
                {"zz/a/b", 1, JOURNAL_DONE}};
    struct journal_record rosters[] = {{JOURNAL_RECORD_ROSTER, "ke/dci/duty", 3, {(const uint8_t *)"x", 1}},
                                       {JOURNAL_RECORD_ROSTER, "ke/dci/duty", 7, {(const uint8_t *)"x", 1}}};
    struct kit_alarm alarm;
    kit_alarm(&alarm, 1, 1, 10);
    alarm.append.records = rosters;
    alarm.append.n_records = AM_LEN(rosters);
    assert_int_equal(kit_append(kit, &alarm.append).result, JOURNAL_DONE);
    kit_alarm_clear(&alarm);
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        kit_alarm(&alarm, (unsigned)i + 2, 1, 10);
        alarm.append.roster.unit = ROWS[i].unit;
        alarm.append.roster.number = ROWS[i].number;
        assert_int_equal(kit_append(kit, &alarm.append).result, ROWS[i].result);
        kit_alarm_clear(&alarm);
    }
}

static void a_malformed_append_is_refused_at_the_door(void **state)
{
    struct kit *kit = *state;
    struct kit_message m;
    char long_text[600];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    kit_message(&m, 1, 1, 10);
    m.message.id = "no id";
    assert_int_equal(store_submit(kit->store, &m.append), AM_INVALID);
    m.message.id = m.id;
    m.message.device = long_text;
    assert_int_equal(store_submit(kit->store, &m.append), AM_INVALID);
    m.message.device = "d";
    m.message.originator = long_text;
    assert_int_equal(store_submit(kit->store, &m.append), AM_INVALID);
    m.message.originator = "o";
    m.message.header.len = 70000;
    assert_int_equal(store_submit(kit->store, &m.append), AM_TOO_LARGE);
    m.message.header.len = 10;
    m.append.n_entries = 0;
    assert_int_equal(store_submit(kit->store, &m.append), AM_INVALID);
    m.append.n_entries = LIMIT_BATCH_ENTRIES + 1;
    assert_int_equal(store_submit(kit->store, &m.append), AM_TOO_LARGE);
    kit_message_clear(&m);
}

// --- Opening
static void a_journal_is_made_once_and_opened_only_where_it_is(void **state)
{
    struct kit *kit = *state;
    struct am_detail detail;
    struct store *store;
    struct store_options other = kit->options;
    assert_int_equal(store_create(&kit->options, &detail), AM_EXISTS);
    kit_close(kit);
    other.origin = "et.amana.example/log";
    assert_int_equal(store_open(&other, &detail, &store), AM_CONFIG);
    other.folder = "/nonexistent";
    assert_int_equal(store_open(&other, &detail, &store), AM_NOT_FOUND);
    kit_open(kit);
}

static void ignore_fault(void *user, uint64_t seq, const char *what)
{
}

static void one_program_at_a_time_has_a_journal_open(void **state)
{
    struct kit *kit = *state;
    struct am_detail detail;
    struct store *store;
    uint64_t size;
    assert_int_equal(store_open(&kit->options, &detail, &store), AM_BUSY);
    assert_int_equal(store_fsck(kit->folder, 0, NULL, ignore_fault, NULL, NULL, &size, &detail), AM_BUSY);
    kit_close(kit);
    assert_int_equal(store_fsck(kit->folder, 0, NULL, ignore_fault, NULL, NULL, &size, &detail), AM_OK);
    kit_open(kit);
}

static void without_a_keeper_what_the_last_kept_checkpoint_covers_is_shown(void **state)
{
    struct kit *kit = *state;
    struct kit_message m[3];
    struct store_view *view;
    struct store_entry entry;
    struct store_pointer pointer;
    struct log_checkpoint checkpoint;
    uint8_t urgency = 0, kind, signature[68];
    uint64_t seq = 0;
    struct am_detail detail;
    for (unsigned i = 0; i < 3; i++) {
        kit_message(&m[i], i, 1, 10);
        kit_append(kit, &m[i].append);
    }
    kit_close(kit);
    assert_int_equal(store_open(&kit->options, &detail, &kit->store), AM_OK);
    assert_int_equal(store_size(kit->store), 3);
    assert_int_equal(store_signed_size(kit->store), 2); // the last one's signature was to come with the next batch
    kit_view(kit, &view);
    assert_int_equal(store_view_size(view), 2);
    store_view_checkpoint(view, &checkpoint);
    kit_signature(2, checkpoint.root, signature);
    assert_memory_equal(checkpoint.signature, signature, 68);
    assert_int_equal(store_entry(view, 2, &entry), AM_NOT_FOUND);
    assert_int_equal(store_pointer_of(view, 2, &pointer), AM_NOT_FOUND);
    assert_int_equal(kit_find(view, &m[2]).seq, JOURNAL_NONE);
    assert_int_equal(kit_index_count(view, STORE_INDEX_PARTY, "ke/dci/duty", 11), 2);
    while (store_mail_next(view, "amana://ke/cpc/nairobi/desk-1", &urgency, &seq, &kind) == AM_OK)
        assert_true(seq < 2);
    assert_int_equal(store_submit(kit->store, &m[0].append), AM_READ_ONLY);
    store_view_end(view);
    for (unsigned i = 0; i < 3; i++)
        kit_message_clear(&m[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_queue_is_busy_and_loses_nothing, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(what_waits_is_committed_four_megabytes_at_a_time, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(a_view_that_may_not_wait_has_no_snapshot_until_it_is_signed, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(a_duplicate_is_told_the_first_even_within_one_batch, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(one_id_of_two_devices_is_two_messages, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(what_was_checked_by_an_older_roster_of_its_unit_conflicts, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(what_conflicts_writes_nothing_and_the_rest_of_the_batch_goes_on, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(the_second_of_two_moves_decided_on_one_version_conflicts, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(a_malformed_append_is_refused_at_the_door, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(a_journal_is_made_once_and_opened_only_where_it_is, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(one_program_at_a_time_has_a_journal_open, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(without_a_keeper_what_the_last_kept_checkpoint_covers_is_shown, kit_setup,
                                        kit_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
