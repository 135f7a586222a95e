// SPDX-License-Identifier: Apache-2.0
// The journal over a real LMDB: every kind of row is found again.
#include "amana/v1/audit.pb-c.h"
#include "proto/model/address.h"
#include "server/store/internal.h"
#include "tests/unit/store_kit.h"

// cmocka wants these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <lmdb.h>

static void a_message_is_found_by_seq_id_and_digest(void **state)
{
    struct kit *kit = *state;
    struct kit_message m;
    struct store_view *view;
    struct store_message kept;
    struct store_pointer pointer;
    uint8_t id[16], digest[32];
    uint64_t seq;
    kit_message(&m, 1, 2, 1000);
    struct journal_outcome outcome = kit_append(kit, &m.append);
    assert_int_equal(outcome.result, JOURNAL_DONE);
    assert_int_equal(outcome.seq, 0);
    assert_int_equal(outcome.size, 1);
    kit_view(kit, &view);
    assert_int_equal(store_message(view, 0, &kept), AM_OK);
    ASSERT_BYTES(kept.header, m.header, sizeof m.header);
    ASSERT_BYTES(kept.signature, m.signature, sizeof m.signature);
    ASSERT_BYTES(kept.flags, m.flags, sizeof m.flags);
    ASSERT_BYTES(kept.body, m.body, 1000);
    assert_int_equal(message_id_check(m.id, id, NULL), AM_OK);
    assert_int_equal(store_find_id(view, m.message.device, id, &seq, digest), AM_OK);
    assert_int_equal(seq, 0);
    assert_memory_equal(digest, m.message.header_digest, 32);
    assert_int_equal(store_find_uuid(view, id, 0, &seq), AM_OK);
    assert_int_equal(store_find_uuid(view, id, 1, &seq), AM_NOT_FOUND);
    assert_int_equal(store_find_id(view, "amana://ke/dci/duty/other", id, &seq, digest), AM_NOT_FOUND);
    pointer = kit_find(view, &m);
    assert_int_equal(pointer.seq, 0);
    assert_memory_equal(pointer.digest, m.message.header_digest, 32);
    assert_int_equal(pointer.root, 0);
    assert_string_equal(pointer.originator, "ke/dci/duty");
    assert_int_equal(pointer.n_recipients, 2);
    assert_string_equal(pointer.recipients[1].unit, "et/ics/moyale");
    assert_int_equal(pointer.recipients[1].part, 1);
    store_view_end(view);
    kit_message_clear(&m);
}

// One id of two devices names two messages: the digest says which.
static void a_pointer_finds_the_message_of_both_its_id_and_its_digest(void **state)
{
    struct kit *kit = *state;
    struct kit_message m[2], neither;
    struct store_view *view;
    for (unsigned i = 0; i < 2; i++) {
        kit_message(&m[i], i, 1, 10);
        memcpy(m[i].id, m[0].id, sizeof m[i].id);
        m[i].message.device = i == 0 ? "amana://ke/dci/duty/device/d1" : "amana://ke/dci/duty/device/d2";
        assert_int_equal(kit_append(kit, &m[i].append).seq, i);
    }
    kit_view(kit, &view);
    assert_int_equal(kit_find(view, &m[0]).seq, 0);
    assert_int_equal(kit_find(view, &m[1]).seq, 1);
    neither = m[0];
    neither.message.header_digest[0] ^= 1;
    assert_int_equal(kit_find(view, &neither).seq, JOURNAL_NONE);
    neither = m[0];
    neither.id[35] ^= 1;
    assert_int_equal(kit_find(view, &neither).seq, JOURNAL_NONE);
    neither.id[0] = '\0';
    assert_int_equal(kit_find(view, &neither).seq, JOURNAL_NONE);
    store_view_end(view);
    for (unsigned i = 0; i < 2; i++)
        kit_message_clear(&m[i]);
}

static void lives_chains_and_deliveries_are_kept_with_their_versions(void **state)
{
    struct kit *kit = *state;
    struct kit_message m;
    struct kit_alarm alarm;
    struct journal_chain chain = {
        .root = JOURNAL_SELF, .newest = JOURNAL_SELF, .clock = JOURNAL_SELF, .valid_until = 77, .urgency = 2};
    struct store_view *view;
    struct journal_life life;
    struct journal_delivery delivery;
    struct journal_chain kept;
    kit_alarm(&alarm, 1, 2, 10); // so that the message's seq is not 0
    kit_append(kit, &alarm.append);
    kit_message(&m, 1, 2, 10);
    m.append.chain = &chain;
    kit_append(kit, &m.append);
    kit_view(kit, &view);
    assert_int_equal(store_life(view, 2, "ke/cpc/nairobi", &life), AM_OK);
    assert_int_equal(life.version, 1);
    assert_int_equal(life.clock_seq, 2);
    assert_int_equal(life.ack_due, 5000);
    assert_int_equal(life.answer_due, 6000);
    assert_int_equal(life.flags, 0);
    assert_string_equal(life.officer, "");
    assert_string_equal(life.recipient, "ke/cpc/nairobi");
    assert_int_equal(store_life(view, 2, "ke/dci/duty", &life), AM_NOT_FOUND);
    assert_int_equal(store_delivery(view, 2, "et/ics/moyale", &delivery), AM_OK);
    assert_int_equal(delivery.delivered_at, 1001);
    assert_int_equal(delivery.retrieved_at, 0);
    assert_int_equal(store_chain(view, 2, &kept), AM_OK);
    assert_int_equal(kept.newest, 2);
    assert_int_equal(kept.clock, 2);
    assert_int_equal(kept.version, 1);
    // The next move is decided on version 1.
    life =
        (struct journal_life){.root = 2, .recipient = "ke/cpc/nairobi", .version = 1, .state = 3, .officer = "o.kamau"};
    kept.version = 1;
    kept.cancelled = true;
    delivery.version = 1;
    delivery.retrieved_at = 99;
    delivery.recipient = "et/ics/moyale";
    alarm.append.lives = &life;
    alarm.append.n_lives = 1;
    alarm.append.chain = &kept;
    alarm.append.deliveries = &delivery;
    alarm.append.n_deliveries = 1;
    assert_int_equal(kit_append(kit, &alarm.append).result, JOURNAL_DONE);
    assert_int_equal(kit_append(kit, &alarm.append).result, JOURNAL_CONFLICT);
    assert_int_equal(store_view_renew(view), AM_OK);
    assert_int_equal(store_life(view, 2, "ke/cpc/nairobi", &life), AM_OK);
    assert_int_equal(life.version, 2);
    assert_string_equal(life.officer, "o.kamau");
    assert_int_equal(life.ack_due, 0);
    assert_int_equal(store_chain(view, 2, &kept), AM_OK);
    assert_true(kept.cancelled);
    assert_int_equal(store_delivery(view, 2, "et/ics/moyale", &delivery), AM_OK);
    assert_int_equal(delivery.retrieved_at, 99);
    store_view_end(view);
    kit_message_clear(&m);
    kit_alarm_clear(&alarm);
}

// What comes to the case while its end is being written is kept from those states too.
static void from_whom_a_case_is_kept_goes_without_an_entry_unless_something_came_to_it_meanwhile(void **state)
{
    struct kit *kit = *state;
    struct kit_message m, later;
    struct journal_shield_state states[JOURNAL_SHIELD_STATES] = {
        {.country = "et", .protection = 2, .seq = JOURNAL_SELF}};
    struct journal_shield shield = {.n = 1, .states = states}, kept;
    struct journal_append end = {.time_ns = 1, .shield = &shield, .essential = true};
    struct store_view *view;
    bool any;
    kit_message(&m, 1, 1, 10);
    kit_message(&later, 2, 1, 10);
    shield.case_ref = m.case_ref;
    m.append.shield = &shield;
    assert_int_equal(kit_append(kit, &m.append).result, JOURNAL_DONE);
    shield = (struct journal_shield){.case_ref = m.case_ref, .version = 1, .over = true};
    end.case_seen.case_ref = m.case_ref;
    memcpy(later.case_ref, m.case_ref, sizeof later.case_ref);
    assert_int_equal(kit_append(kit, &later.append).result, JOURNAL_DONE);
    assert_int_equal(kit_append(kit, &end).result, JOURNAL_CONFLICT);
    end.case_seen.last = 1;
    shield.version = 2;
    assert_int_equal(kit_append(kit, &end).result, JOURNAL_CONFLICT);
    shield.version = 1;
    shield.over = false;
    assert_int_equal(store_submit(kit->store, &end), AM_INVALID); // it would change, and no entry say so
    shield.over = true;
    assert_int_equal(kit_append(kit, &end).result, JOURNAL_DONE);
    kit_view(kit, &view);
    assert_int_equal(store_size(kit->store), 2);
    assert_int_equal(store_shield(view, m.case_ref, states, &kept), AM_OK);
    assert_int_equal(kept.version, 0);
    assert_int_equal(store_any_shield(view, &any), AM_OK);
    assert_false(any);
    store_view_end(view);
    kit_message_clear(&m);
    kit_message_clear(&later);
}

static void every_device_that_has_mail_is_found_and_no_other(void **state)
{
    struct kit *kit = *state;
    struct kit_message m;
    struct store_view *view;
    const char *device;
    uint32_t at = 0;
    size_t n = 0;
    kit_view(kit, &view);
    assert_int_equal(store_mail_device_next(view, &at, &device), AM_NOT_FOUND);
    store_view_end(view);
    for (unsigned i = 0; i < 2; i++) {
        kit_message(&m, i, 3, 10);
        assert_int_equal(kit_append(kit, &m.append).result, JOURNAL_DONE);
        if (i == 0)
            kit_message_clear(&m);
    }
    kit_view(kit, &view);
    for (at = 0; store_mail_device_next(view, &at, &device) == AM_OK; n++) {
        bool mailed = false;
        for (size_t i = 0; i < m.append.n_mail; i++)
            mailed |= strcmp(m.append.mail[i].device, device) == 0;
        assert_true(mailed);
    }
    assert_int_equal(n, m.append.n_mail);
    store_view_end(view);
    kit_message_clear(&m);
}

static void mail_comes_by_urgency_and_then_by_seq(void **state)
{
    struct kit *kit = *state;
    struct kit_message m[6];
    const uint8_t urgencies[] = {3, 1, 4, 1, 2, 3};
    const uint64_t order[] = {1, 3, 4, 0, 5, 2};
    const char *device = "amana://ke/cpc/nairobi/desk-1";
    struct store_view *view;
    uint8_t urgency = 0, kind;
    uint64_t seq = 0;
    for (unsigned i = 0; i < 6; i++) {
        kit_message(&m[i], i, 1, 10);
        m[i].mail[0].urgency = urgencies[i];
        kit_append(kit, &m[i].append);
    }
    kit_view(kit, &view);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(store_mail_next(view, device, &urgency, &seq, &kind), AM_OK);
        assert_int_equal(seq, order[i]);
        assert_int_equal(urgency, urgencies[seq]);
        assert_int_equal(kind, JOURNAL_MAIL_MESSAGE);
    }
    assert_int_equal(store_mail_next(view, device, &urgency, &seq, &kind), AM_NOT_FOUND);
    assert_int_equal(store_mail_find(view, device, 4, &urgency, &kind), AM_OK);
    assert_int_equal(urgency, 2);
    assert_int_equal(store_mail_find(view, "amana://no/such/one", 4, &urgency, &kind), AM_NOT_FOUND);
    // Taken without an entry: no new checkpoint, and the second time a conflict.
    struct journal_mail taken[] = {{device, 2, 4, 0}, {device, 1, 1, 0}};
    struct journal_append take = {.taken = taken, .n_taken = 2};
    unsigned signatures = kit->signatures;
    struct journal_outcome outcome = kit_append(kit, &take);
    assert_int_equal(outcome.result, JOURNAL_DONE);
    assert_int_equal(outcome.seq, JOURNAL_NONE);
    assert_int_equal(outcome.receipt.len, 0);
    assert_int_equal(outcome.size, 6);
    assert_int_equal(kit->signatures, signatures);
    take.n_taken = 1;
    assert_int_equal(kit_append(kit, &take).result, JOURNAL_CONFLICT);
    assert_int_equal(store_view_renew(view), AM_OK);
    assert_int_equal(store_mail_find(view, device, 4, &urgency, &kind), AM_NOT_FOUND);
    assert_int_equal(store_mail_find(view, device, 5, &urgency, &kind), AM_OK);
    store_view_end(view);
    for (unsigned i = 0; i < 6; i++)
        kit_message_clear(&m[i]);
}

static enum am_err record_seen(void *user, const struct journal_record *record)
{
    char *text = user;
    sprintf(text + strlen(text), "%s/%u=%.*s ", record->key, (unsigned)record->number, (int)record->value.len,
            (const char *)record->value.data);
    return AM_OK;
}

static void records_come_in_the_order_of_their_keys(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarm;
    struct journal_record records[] = {
        {JOURNAL_RECORD_ROSTER, "ke/dci/duty", 2, {(const uint8_t *)"two", 3}},
        {JOURNAL_RECORD_ROSTER, "ke/dci/duty", 10, {(const uint8_t *)"ten", 3}},
        {JOURNAL_RECORD_MEMBER, "ke/dci/duty", 0, {(const uint8_t *)"m", 1}},
        {JOURNAL_RECORD_ROSTER, "et/ics/moyale", 1, {(const uint8_t *)"one", 3}},
        {JOURNAL_RECORD_TRUST, "", 0, {(const uint8_t *)"t", 1}},
    };
    struct store_view *view;
    struct journal_record record;
    char text[200] = "";
    kit_alarm(&alarm, 1, 1, 10);
    alarm.append.records = records;
    alarm.append.n_records = AM_LEN(records);
    kit_append(kit, &alarm.append);
    kit_view(kit, &view);
    assert_int_equal(store_records(view, JOURNAL_RECORD_ROSTER, record_seen, text), AM_OK);
    assert_string_equal(text, "et/ics/moyale/1=one ke/dci/duty/2=two ke/dci/duty/10=ten ");
    assert_int_equal(store_record(view, JOURNAL_RECORD_TRUST, "", 0, &record), AM_OK);
    ASSERT_BYTES(record.value, "t", 1);
    assert_int_equal(record.seq, 0); // of the append's first entry
    assert_int_equal(store_record(view, JOURNAL_RECORD_ROSTER, "ke/dci/duty", 3, &record), AM_NOT_FOUND);
    store_view_end(view);
    kit_alarm_clear(&alarm);
}

// The rows of an index stand in eras of 16,384 entries each.
static void a_party_and_a_kind_are_found_again_in_a_later_era(void **state)
{
    enum { BATCHES = 33 }; // two eras and a piece
    static struct journal_entry rows[LIMIT_BATCH_ENTRIES];
    struct kit *kit = *state;
    struct kit_alarm first, last, other;
    struct journal_append many[BATCHES];
    struct store_view *view;
    const char *parties[] = {"ug/upf/busia"};
    const uint8_t alarm = AMANA__V1__ENTRY_KIND__CODE__ALARM, stop = AMANA__V1__ENTRY_KIND__CODE__STOP;
    uint64_t seq = 1;
    kit_alarm(&first, 1, 1, 10);
    kit_alarm(&last, 2, 1, 10);
    kit_alarm(&other, 3, 1, 10);
    first.entries[0].parties = last.entries[0].parties = parties;
    first.entries[0].n_parties = last.entries[0].n_parties = 1;
    kit_append(kit, &first.append);
    for (size_t i = 0; i < AM_LEN(rows); i++)
        rows[i] = other.entries[0];
    for (size_t i = 0; i < BATCHES; i++) {
        many[i] = other.append;
        many[i].entries = rows;
        many[i].n_entries = AM_LEN(rows);
        kit_append(kit, &many[i]);
    }
    kit_append(kit, &last.append);
    kit_view(kit, &view);
    assert_int_equal(kit_index_count(view, STORE_INDEX_PARTY, "ug/upf/busia", 12), 2);
    assert_int_equal(store_index_next(view, STORE_INDEX_PARTY, (struct am_bytes){(uint8_t *)"ug/upf/busia", 12}, &seq),
                     AM_OK);
    assert_int_equal(seq, BATCHES * AM_LEN(rows) + 1);
    assert_int_equal(kit_index_count(view, STORE_INDEX_KIND, &alarm, 1), BATCHES * AM_LEN(rows) + 2);
    assert_int_equal(kit_index_count(view, STORE_INDEX_KIND, &stop, 1), 0);
    store_view_end(view);
    kit_alarm_clear(&first);
    kit_alarm_clear(&last);
    kit_alarm_clear(&other);
}

static void indexes_find_each_entry_of_a_case_a_party_a_kind_and_a_message(void **state)
{
    struct kit *kit = *state;
    struct kit_message m[9];
    struct kit_alarm about;
    struct store_view *view;
    const uint8_t submitted = AMANA__V1__ENTRY_KIND__CODE__SUBMITTED, alarm = AMANA__V1__ENTRY_KIND__CODE__ALARM;
    const uint8_t message[8] = {0, 0, 0, 0, 0, 0, 0, 3};
    const uint64_t also[] = {3, 3, 4};
    const char *cases[] = {"ke/dci/2026/000000", "ke/dci/2026/000001"}, *parties[] = {"ug/upf/busia"};
    bool yes;
    uint64_t seq = 4;
    for (unsigned i = 0; i < 9; i++) {
        kit_message(&m[i], i, 1 + i % 2, 10);
        kit_append(kit, &m[i].append);
    }
    kit_alarm(&about, 1, 1, 10);
    about.entries[0].of = 2;
    about.entries[0].also_of = also;
    about.entries[0].n_also_of = 3;
    about.entries[0].case_ref = cases[0];
    about.entries[0].also_cases = cases;
    about.entries[0].n_also_cases = 2;
    about.entries[0].parties = parties;
    about.entries[0].n_parties = 1;
    assert_int_equal(kit_append(kit, &about.append).seq, 9);
    kit_view(kit, &view);
    assert_int_equal(kit_index_count(view, STORE_INDEX_CASE, cases[0], strlen(cases[0])), 5);
    assert_int_equal(kit_index_count(view, STORE_INDEX_CASE, cases[1], strlen(cases[1])), 5);
    assert_int_equal(kit_index_count(view, STORE_INDEX_CASE, "ke/dci/2026/0000", 16), 0);
    assert_int_equal(kit_index_count(view, STORE_INDEX_PARTY, "ke/dci/duty", 11), 9);
    assert_int_equal(kit_index_count(view, STORE_INDEX_PARTY, "et/ics/moyale", 13), 4);
    assert_int_equal(kit_index_count(view, STORE_INDEX_PARTY, "ug/upf/busia", 12), 1);
    assert_int_equal(kit_index_count(view, STORE_INDEX_KIND, &submitted, 1), 9);
    assert_int_equal(kit_index_count(view, STORE_INDEX_KIND, &alarm, 1), 1);
    assert_int_equal(kit_index_count(view, STORE_INDEX_MESSAGE, message, 8), 2);
    assert_int_equal(store_index_next(view, STORE_INDEX_MESSAGE, (struct am_bytes){message, 8}, &seq), AM_OK);
    assert_int_equal(seq, 9);
    // Parties of a case are those of its messages.
    assert_int_equal(store_case_exists(view, cases[1], &yes), AM_OK);
    assert_true(yes);
    assert_int_equal(store_case_exists(view, "ke/dci/2026/000077", &yes), AM_OK);
    assert_false(yes);
    assert_int_equal(store_case_party(view, cases[0], "et/ics/moyale", &yes), AM_OK);
    assert_true(yes);
    assert_int_equal(store_case_party(view, cases[0], "ug/upf/busia", &yes), AM_OK);
    assert_false(yes);
    store_view_end(view);
    for (unsigned i = 0; i < 9; i++)
        kit_message_clear(&m[i]);
    kit_alarm_clear(&about);
}

static void time_never_goes_back_and_is_searched(void **state)
{
    struct kit *kit = *state;
    const uint64_t times[] = {100, 300, 200, 300, 500}, kept[] = {100, 300, 300, 300, 500};
    const struct {
        uint64_t time, seq;
    } at[] = {{0, 0}, {100, 0}, {101, 1}, {300, 1}, {301, 4}, {500, 4}, {501, 5}};
    struct kit_alarm alarm;
    struct store_view *view;
    struct store_entry entry;
    struct log_leaf leaf;
    uint64_t seq;
    kit_alarm(&alarm, 1, 1, 10);
    for (size_t i = 0; i < 5; i++) {
        alarm.append.time_ns = times[i];
        kit_append(kit, &alarm.append);
    }
    kit_view(kit, &view);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(store_entry(view, i, &entry), AM_OK);
        assert_int_equal(log_leaf_parse((struct am_bytes){entry.leaf, 46}, &leaf), AM_OK);
        assert_int_equal(leaf.time_ns, kept[i]);
        assert_int_equal(entry.kind, AMANA__V1__ENTRY_KIND__CODE__ALARM);
        ASSERT_BYTES(entry.content, alarm.entries[0].content.data, alarm.entries[0].content.len);
    }
    assert_int_equal(store_entry(view, 5, &entry), AM_NOT_FOUND);
    for (size_t i = 0; i < AM_LEN(at); i++) {
        assert_int_equal(store_seq_at(view, at[i].time, &seq), AM_OK);
        assert_int_equal(seq, at[i].seq);
    }
    store_view_end(view);
    kit_alarm_clear(&alarm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_is_found_by_seq_id_and_digest, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(a_pointer_finds_the_message_of_both_its_id_and_its_digest, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(lives_chains_and_deliveries_are_kept_with_their_versions, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(
            from_whom_a_case_is_kept_goes_without_an_entry_unless_something_came_to_it_meanwhile, kit_setup,
            kit_teardown),
        cmocka_unit_test_setup_teardown(every_device_that_has_mail_is_found_and_no_other, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(mail_comes_by_urgency_and_then_by_seq, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(records_come_in_the_order_of_their_keys, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(a_party_and_a_kind_are_found_again_in_a_later_era, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(indexes_find_each_entry_of_a_case_a_party_a_kind_and_a_message, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(time_never_goes_back_and_is_searched, kit_setup, kit_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
