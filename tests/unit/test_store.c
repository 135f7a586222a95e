// SPDX-License-Identifier: Apache-2.0
// The journal over a real LMDB: every kind of row, duplicates and conflicts, views and proofs.
#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/model/address.h"
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
#include <dlfcn.h>
#include <lmdb.h>

static unsigned steps; // of all cursors

int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op)
{
    static int (*get)(MDB_cursor *, MDB_val *, MDB_val *, MDB_cursor_op);
    if (get == NULL)
        *(void **)&get = dlsym(RTLD_NEXT, "mdb_cursor_get");
    steps++;
    return get(cursor, key, value, op);
}

#define MAP (64ull << 20)

static int setup(void **state)
{
    struct kit *kit = calloc(1, sizeof *kit);
    kit_make(kit, MAP, 1 << 20);
    *state = kit;
    return 0;
}

static int teardown(void **state)
{
    kit_clear(*state);
    free(*state);
    return 0;
}

static void view_of(struct kit *kit, struct store_view **view)
{
    assert_int_equal(store_view_begin(kit->store, view), AM_OK);
}

static void assert_bytes(struct am_bytes bytes, const void *data, size_t len)
{
    assert_int_equal(bytes.len, len);
    assert_memory_equal(bytes.data, data, len);
}

// --- Rows
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
    view_of(kit, &view);
    assert_int_equal(store_message(view, 0, &kept), AM_OK);
    assert_bytes(kept.header, m.header, sizeof m.header);
    assert_bytes(kept.signature, m.signature, sizeof m.signature);
    assert_bytes(kept.flags, m.flags, sizeof m.flags);
    assert_bytes(kept.body, m.body, 1000);
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
    view_of(kit, &view);
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
    view_of(kit, &view);
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
    view_of(kit, &view);
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
    view_of(kit, &view);
    assert_int_equal(store_mail_device_next(view, &at, &device), AM_NOT_FOUND);
    store_view_end(view);
    for (unsigned i = 0; i < 2; i++) {
        kit_message(&m, i, 3, 10);
        assert_int_equal(kit_append(kit, &m.append).result, JOURNAL_DONE);
        if (i == 0)
            kit_message_clear(&m);
    }
    view_of(kit, &view);
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
    view_of(kit, &view);
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
    view_of(kit, &view);
    assert_int_equal(store_records(view, JOURNAL_RECORD_ROSTER, record_seen, text), AM_OK);
    assert_string_equal(text, "et/ics/moyale/1=one ke/dci/duty/2=two ke/dci/duty/10=ten ");
    assert_int_equal(store_record(view, JOURNAL_RECORD_TRUST, "", 0, &record), AM_OK);
    assert_bytes(record.value, "t", 1);
    assert_int_equal(record.seq, 0); // of the append's first entry
    assert_int_equal(store_record(view, JOURNAL_RECORD_ROSTER, "ke/dci/duty", 3, &record), AM_NOT_FOUND);
    store_view_end(view);
    kit_alarm_clear(&alarm);
}

// The alarm's first entry, as an ERASED entry that names the body of `named` and is about `of`.
static void as_erased(struct kit_alarm *alarm, uint64_t of, uint64_t named)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__ErasedEntry erased = AMANA__V1__ERASED_ENTRY__INIT;
    Amana__V1__ErasedBody body = AMANA__V1__ERASED_BODY__INIT, *bodies[] = {&body};
    body.seq = named;
    erased.bodies = bodies;
    erased.n_bodies = 1;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ERASED;
    content.erased = &erased;
    free(alarm->contents[0]);
    alarm->contents[0] = malloc(amana__v1__entry_content__get_packed_size(&content));
    assert_non_null(alarm->contents[0]);
    size_t len = amana__v1__entry_content__pack(&content, alarm->contents[0]);
    alarm->append.entries[0].content = (struct am_bytes){alarm->contents[0], len};
    alarm->append.entries[0].kind = AMANA__V1__ENTRY_KIND__CODE__ERASED;
    alarm->append.entries[0].of = of;
}

static struct journal_outcome erase(struct kit *kit, struct kit_alarm *alarm, uint64_t *message, uint64_t time)
{
    kit_alarm(alarm, 1, 1, 10);
    alarm->append.time_ns = time;
    alarm->append.erased = message;
    alarm->append.n_erased = 1;
    as_erased(alarm, *message, *message);
    return kit_append(kit, &alarm->append);
}

static void a_body_that_is_erased_goes_with_its_flags_and_the_envelope_stays(void **state)
{
    struct kit *kit = *state;
    struct kit_message m;
    struct kit_alarm alarm;
    struct store_view *view;
    struct store_message kept;
    struct store_pointer pointer;
    uint64_t message = 0, by;
    kit_message(&m, 1, 2, 3000);
    kit_append(kit, &m.append);
    view_of(kit, &view);
    assert_int_equal(store_erased_by(view, 0, &by), AM_NOT_FOUND);
    store_view_end(view);
    assert_int_equal(erase(kit, &alarm, &message, 10 * NS_PER_S).result, JOURNAL_DONE);
    kit_close(kit);
    kit_open(kit);
    view_of(kit, &view);
    assert_int_equal(store_message(view, 0, &kept), AM_OK);
    assert_true(kept.erased);
    assert_int_equal(kept.body.len + kept.flags.len, 0);
    assert_bytes(kept.header, m.header, sizeof m.header);
    assert_bytes(kept.signature, m.signature, sizeof m.signature);
    assert_int_equal(store_pointer_of(view, 0, &pointer), AM_OK);
    assert_string_equal(pointer.recipients[1].unit, "et/ics/moyale");
    assert_int_equal(store_erased_by(view, 0, &by), AM_OK);
    assert_int_equal(by, 1);
    store_view_end(view);
    kit_message_clear(&m);
    kit_alarm_clear(&alarm);
}

// An order whose own body goes later has two: the first says what it had destroyed.
static void the_entry_that_a_body_is_gone_by_is_the_one_that_names_it(void **state)
{
    struct kit *kit = *state;
    struct kit_message order;
    struct kit_alarm destroyed, gone;
    struct store_view *view;
    uint64_t message = 0, by;
    kit_message(&order, 1, 2, 3000);
    kit_append(kit, &order.append);
    kit_alarm(&destroyed, 1, 1, 10);
    destroyed.append.time_ns = 9 * NS_PER_S;
    as_erased(&destroyed, message, 7);
    assert_int_equal(kit_append(kit, &destroyed.append).result, JOURNAL_DONE);
    view_of(kit, &view);
    assert_int_equal(store_erased_by(view, message, &by), AM_NOT_FOUND);
    store_view_end(view);
    assert_int_equal(erase(kit, &gone, &message, 10 * NS_PER_S).result, JOURNAL_DONE);
    view_of(kit, &view);
    assert_int_equal(store_erased_by(view, message, &by), AM_OK);
    assert_int_equal(by, 2);
    store_view_end(view);
    kit_message_clear(&order);
    kit_alarm_clear(&destroyed);
    kit_alarm_clear(&gone);
}

static void what_a_hold_in_force_keeps_is_erased_by_nobody_until_it_ends(void **state)
{
    struct kit *kit = *state;
    struct kit_message m;
    struct kit_alarm alarm, hold;
    struct store_view *view;
    struct store_orders orders;
    uint64_t message = 0;
    kit_message(&m, 1, 2, 1000);
    kit_append(kit, &m.append);
    struct journal_order order = {.message = 0, .by = JOURNAL_SELF, .until = 100 * NS_PER_S};
    kit_alarm(&hold, 2, 1, 10);
    hold.append.orders = &order;
    hold.append.n_orders = 1;
    assert_int_equal(kit_append(kit, &hold.append).result, JOURNAL_DONE);
    view_of(kit, &view);
    assert_int_equal(store_orders(view, 0, &orders), AM_OK);
    assert_int_equal(orders.held_until, 100 * NS_PER_S);
    assert_int_equal(orders.erasure, JOURNAL_NONE);
    store_view_end(view);
    assert_int_equal(erase(kit, &alarm, &message, 100 * NS_PER_S - 1).result, JOURNAL_CONFLICT);
    kit_alarm_clear(&alarm);
    assert_int_equal(erase(kit, &alarm, &message, 100 * NS_PER_S).result, JOURNAL_DONE);
    kit_message_clear(&m);
    kit_alarm_clear(&alarm);
    kit_alarm_clear(&hold);
}

static void orders_are_looked_for_among_the_rows_of_the_message_alone(void **state)
{
    struct kit *kit = *state;
    struct store_view *view;
    struct store_orders orders;
    for (unsigned i = 0; i < 40; i++) {
        struct kit_message m;
        kit_message(&m, i, 2, 100);
        assert_int_equal(kit_append(kit, &m.append).result, JOURNAL_DONE);
        kit_message_clear(&m);
    }
    view_of(kit, &view);
    steps = 0;
    assert_int_equal(store_orders(view, 0, &orders), AM_OK);
    assert_in_range(steps, 1, 8);
    assert_int_equal(orders.erasure, JOURNAL_NONE);
    store_view_end(view);
}

static size_t index_count(struct store_view *view, enum store_index index, const void *key, size_t len)
{
    size_t n = 0;
    for (uint64_t seq = 0; store_index_next(view, index, (struct am_bytes){key, len}, &seq) == AM_OK; seq++)
        n++;
    return n;
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
    view_of(kit, &view);
    assert_int_equal(index_count(view, STORE_INDEX_PARTY, "ug/upf/busia", 12), 2);
    assert_int_equal(store_index_next(view, STORE_INDEX_PARTY, (struct am_bytes){(uint8_t *)"ug/upf/busia", 12}, &seq),
                     AM_OK);
    assert_int_equal(seq, BATCHES * AM_LEN(rows) + 1);
    assert_int_equal(index_count(view, STORE_INDEX_KIND, &alarm, 1), BATCHES * AM_LEN(rows) + 2);
    assert_int_equal(index_count(view, STORE_INDEX_KIND, &stop, 1), 0);
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
    view_of(kit, &view);
    assert_int_equal(index_count(view, STORE_INDEX_CASE, cases[0], strlen(cases[0])), 5);
    assert_int_equal(index_count(view, STORE_INDEX_CASE, cases[1], strlen(cases[1])), 5);
    assert_int_equal(index_count(view, STORE_INDEX_CASE, "ke/dci/2026/0000", 16), 0);
    assert_int_equal(index_count(view, STORE_INDEX_PARTY, "ke/dci/duty", 11), 9);
    assert_int_equal(index_count(view, STORE_INDEX_PARTY, "et/ics/moyale", 13), 4);
    assert_int_equal(index_count(view, STORE_INDEX_PARTY, "ug/upf/busia", 12), 1);
    assert_int_equal(index_count(view, STORE_INDEX_KIND, &submitted, 1), 9);
    assert_int_equal(index_count(view, STORE_INDEX_KIND, &alarm, 1), 1);
    assert_int_equal(index_count(view, STORE_INDEX_MESSAGE, message, 8), 2);
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
    view_of(kit, &view);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(store_entry(view, i, &entry), AM_OK);
        assert_int_equal(log_leaf_parse((struct am_bytes){entry.leaf, 46}, &leaf), AM_OK);
        assert_int_equal(leaf.time_ns, kept[i]);
        assert_int_equal(entry.kind, AMANA__V1__ENTRY_KIND__CODE__ALARM);
        assert_bytes(entry.content, alarm.entries[0].content.data, alarm.entries[0].content.len);
    }
    assert_int_equal(store_entry(view, 5, &entry), AM_NOT_FOUND);
    for (size_t i = 0; i < AM_LEN(at); i++) {
        assert_int_equal(store_seq_at(view, at[i].time, &seq), AM_OK);
        assert_int_equal(seq, at[i].seq);
    }
    store_view_end(view);
    kit_alarm_clear(&alarm);
}

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
    view_of(kit, &view);
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
    view_of(kit, &view);
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
    view_of(kit, &view);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(message_id_check(bad[i].id, id, NULL), AM_OK);
        assert_int_equal(store_find_uuid(view, id, 0, &seq), AM_NOT_FOUND);
        kit_message_clear(&bad[i]);
    }
    assert_int_equal(index_count(view, STORE_INDEX_PARTY, "ke/dci/duty", 11), 2);
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
    view_of(kit, &view);
    assert_int_equal(store_view_size(view), 2);
    store_view_checkpoint(view, &checkpoint);
    kit_signature(2, checkpoint.root, signature);
    assert_memory_equal(checkpoint.signature, signature, 68);
    assert_int_equal(store_entry(view, 2, &entry), AM_NOT_FOUND);
    assert_int_equal(store_pointer_of(view, 2, &pointer), AM_NOT_FOUND);
    assert_int_equal(kit_find(view, &m[2]).seq, JOURNAL_NONE);
    assert_int_equal(index_count(view, STORE_INDEX_PARTY, "ke/dci/duty", 11), 2);
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
        cmocka_unit_test_setup_teardown(a_message_is_found_by_seq_id_and_digest, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pointer_finds_the_message_of_both_its_id_and_its_digest, setup, teardown),
        cmocka_unit_test_setup_teardown(lives_chains_and_deliveries_are_kept_with_their_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(
            from_whom_a_case_is_kept_goes_without_an_entry_unless_something_came_to_it_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(every_device_that_has_mail_is_found_and_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(mail_comes_by_urgency_and_then_by_seq, setup, teardown),
        cmocka_unit_test_setup_teardown(records_come_in_the_order_of_their_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(a_body_that_is_erased_goes_with_its_flags_and_the_envelope_stays, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_entry_that_a_body_is_gone_by_is_the_one_that_names_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_hold_in_force_keeps_is_erased_by_nobody_until_it_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(orders_are_looked_for_among_the_rows_of_the_message_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_party_and_a_kind_are_found_again_in_a_later_era, setup, teardown),
        cmocka_unit_test_setup_teardown(indexes_find_each_entry_of_a_case_a_party_a_kind_and_a_message, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(time_never_goes_back_and_is_searched, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_queue_is_busy_and_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_waits_is_committed_four_megabytes_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_view_that_may_not_wait_has_no_snapshot_until_it_is_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_duplicate_is_told_the_first_even_within_one_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(one_id_of_two_devices_is_two_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_checked_by_an_older_roster_of_its_unit_conflicts, setup, teardown),
        cmocka_unit_test_setup_teardown(what_conflicts_writes_nothing_and_the_rest_of_the_batch_goes_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_second_of_two_moves_decided_on_one_version_conflicts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_malformed_append_is_refused_at_the_door, setup, teardown),
        cmocka_unit_test_setup_teardown(a_journal_is_made_once_and_opened_only_where_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(one_program_at_a_time_has_a_journal_open, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_keeper_what_the_last_kept_checkpoint_covers_is_shown, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
