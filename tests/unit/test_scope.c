// SPDX-License-Identifier: Apache-2.0
// Which entries an auditor of some countries may open: over a real store, entry by entry.
#include "amana/v1/relay.pb-c.h"
#include "proto/codec/codec.h"
#include "server/net/replay.h"
#include "tests/unit/store_kit.h"

#include <bsd/string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POST  "et/ics/moyale"
#define BUSIA "ug/upf/busia"

struct fixture {
    struct kit kit;
    struct replay *replay;
    struct store_view *view;
    struct arena arena;
    struct kit_message alert, update;
    Amana__V1__Pointer message;
};

static void sent(struct fixture *fixture, struct kit_message *message, const char *const *to, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        message->recipients[i].unit = message->parties[1 + i] = to[i];
        message->lives[i].recipient = message->deliveries[i].recipient = to[i];
    }
    assert_int_equal(kit_append(&fixture->kit, &message->append).result, JOURNAL_DONE);
}

static Amana__V1__Pointer pointer_to(struct kit_message *message)
{
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT;
    pointer.id = message->id;
    pointer.header_digest = (ProtobufCBinaryData){32, message->message.header_digest};
    return pointer;
}

// An alert of Kenyan police to a post in Ethiopia and to one in Uganda.
static int setup(void **state)
{
    static const char *const TO[] = {POST, BUSIA};
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct journal_chain chain = {.root = JOURNAL_SELF, .newest = JOURNAL_SELF, .clock = JOURNAL_SELF, .urgency = 2};
    fixture->replay = calloc(1, sizeof *fixture->replay);
    kit_make(&fixture->kit, 64ull << 20, 1 << 20);
    arena_init(&fixture->arena, 1024u * 1024);
    kit_message(&fixture->alert, 1, 2, 10);
    fixture->alert.append.chain = &chain;
    sent(fixture, &fixture->alert, TO, 2);
    fixture->message = pointer_to(&fixture->alert);
    assert_int_equal(store_view_begin(fixture->kit.store, &fixture->view), AM_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    kit_message_clear(&fixture->alert);
    kit_message_clear(&fixture->update);
    store_view_end(fixture->view);
    kit_clear(&fixture->kit);
    arena_clear(&fixture->arena);
    free(fixture->replay);
    free(fixture);
    return 0;
}

// Entries that their originator is told of, and not.
enum { WITH_ORIGINATOR = 0, WITHOUT = 99 };

static bool opens(struct fixture *fixture, const char *country, uint64_t seq, Amana__V1__EntryContent *content,
                  int kind_case)
{
    struct store_entry entry = {.seq = seq, .kind = AMANA__V1__ENTRY_KIND__CODE__STATE};
    bool open;
    content->kind_case = (Amana__V1__EntryContent__KindCase)kind_case;
    assert_int_equal(codec_encode(&content->base, &fixture->arena, &entry.content), AM_OK);
    strlcpy(fixture->replay->countries.code[0], country, sizeof fixture->replay->countries.code[0]);
    fixture->replay->countries.n = 1;
    assert_int_equal(scope_opens(fixture->replay, fixture->view, &fixture->arena, &entry, &open), AM_OK);
    return open;
}

// An entry that this unit alone is told of.
static uint64_t told_to(struct fixture *fixture, const char *unit)
{
    struct kit_alarm entry;
    kit_alarm(&entry, 2, 1, 1);
    entry.entries[0].parties = &unit;
    entry.entries[0].n_parties = 1;
    uint64_t seq = kit_append(&fixture->kit, &entry.append).seq;
    kit_alarm_clear(&entry);
    store_view_end(fixture->view);
    assert_int_equal(store_view_begin(fixture->kit.store, &fixture->view), AM_OK);
    return seq;
}

static void a_deadline_is_of_who_asked_and_of_whose_it_is_and_not_of_who_was_asked_too(void **state)
{
    struct fixture *fixture = *state;
    Amana__V1__DeadlineEntry deadline = AMANA__V1__DEADLINE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer hidden = fixture->message;
    hidden.id = (char *)"018f3b2c-0000-7000-8000-0000000000ff";
    deadline.message = &fixture->message;
    deadline.recipient = (char *)BUSIA;
    content.deadline = &deadline;
    for (unsigned met = 0; met < 2; met++) {
        deadline.met_by = met ? &hidden : NULL;
        assert_true(opens(fixture, "ug", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE));
        assert_true(opens(fixture, "ke", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE));
        assert_false(opens(fixture, "et", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE));
    }
    deadline.met_by = NULL;
    deadline.recipient = (char *)""; // a day to review it
    assert_true(opens(fixture, "ke", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE));
    assert_false(opens(fixture, "et", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE));
}

static void evidence_of_a_delivery_is_of_who_sent_it_and_of_whom_it_has_not_reached(void **state)
{
    static const int KINDS[] = {AMANA__V1__ENTRY_CONTENT__KIND_LATE, AMANA__V1__ENTRY_CONTENT__KIND_NON_DELIVERED,
                                AMANA__V1__ENTRY_CONTENT__KIND_NON_RETRIEVED};
    struct fixture *fixture = *state;
    Amana__V1__DeliveryEvidence evidence = AMANA__V1__DELIVERY_EVIDENCE__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    char *units[] = {(char *)BUSIA, (char *)POST};
    evidence.message = &fixture->message;
    evidence.recipients = units;
    content.late = &evidence; // the same member for all three
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        evidence.n_recipients = 1;
        assert_true(opens(fixture, "ug", WITH_ORIGINATOR, &content, KINDS[i]));
        assert_true(opens(fixture, "ke", WITH_ORIGINATOR, &content, KINDS[i]));
        assert_false(opens(fixture, "et", WITH_ORIGINATOR, &content, KINDS[i]));
        evidence.n_recipients = 2;
        assert_true(opens(fixture, "et", WITH_ORIGINATOR, &content, KINDS[i]));
    }
}

static void the_end_of_a_life_is_of_who_sent_the_alert_and_of_whose_life_it_is(void **state)
{
    struct fixture *fixture = *state;
    Amana__V1__StateEntry ended = AMANA__V1__STATE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Move move = AMANA__V1__MOVE__INIT, *moves[] = {&move};
    move.recipient = (char *)BUSIA;
    move.to = AMANA__V1__LIFE_STATE__CODE__EXPIRED;
    ended.message = &fixture->message;
    ended.moves = moves;
    ended.n_moves = 1;
    content.state = &ended;
    assert_true(opens(fixture, "ug", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE));
    assert_true(opens(fixture, "ke", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE));
    assert_false(opens(fixture, "et", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE));
}

// Its index says who is told: there the originator is not.
static void what_a_unit_is_told_of_a_life_that_goes_on_apart_is_of_its_country_alone(void **state)
{
    struct fixture *fixture = *state;
    Amana__V1__DeadlineEntry deadline = AMANA__V1__DEADLINE_ENTRY__INIT;
    Amana__V1__StateEntry ended = AMANA__V1__STATE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Move move = AMANA__V1__MOVE__INIT, *moves[] = {&move};
    deadline.message = ended.message = &fixture->message;
    deadline.recipient = move.recipient = (char *)BUSIA;
    move.to = AMANA__V1__LIFE_STATE__CODE__EXPIRED;
    ended.moves = moves;
    ended.n_moves = 1;
    content.deadline = &deadline;
    uint64_t told = told_to(fixture, BUSIA);
    assert_true(opens(fixture, "ug", told, &content, AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE));
    assert_false(opens(fixture, "ke", told, &content, AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE));
    content.state = &ended;
    assert_true(opens(fixture, "ug", WITHOUT, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE));
    assert_false(opens(fixture, "ke", WITHOUT, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE));
}

// From whom answers are withheld: what others are said to be late with is so to that unit alone.
static void what_a_unit_is_told_of_what_it_asked_itself_is_of_its_country_alone(void **state)
{
    struct fixture *fixture = *state;
    Amana__V1__DeadlineEntry deadline = AMANA__V1__DEADLINE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    uint64_t told = told_to(fixture, "ke/dci/duty");
    deadline.message = &fixture->message;
    deadline.recipient = (char *)BUSIA;
    content.deadline = &deadline;
    assert_true(opens(fixture, "ke", told, &content, AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE));
    assert_false(opens(fixture, "ug", told, &content, AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE));
}

static void an_alarm_about_a_message_is_of_its_countries_and_any_other_of_all(void **state)
{
    struct fixture *fixture = *state;
    Amana__V1__AlarmEntry alarm = AMANA__V1__ALARM_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    content.alarm = &alarm;
    for (unsigned about = 0; about < 2; about++) {
        alarm.message = about ? &fixture->message : NULL;
        assert_true(opens(fixture, "ke", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_ALARM));
        assert_true(opens(fixture, "ug", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_ALARM));
        assert_int_equal(opens(fixture, "tz", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_ALARM), !about);
    }
}

// It never came to the unit, or did after all: to that its clock was never otherwise.
static void that_a_clock_stands_still_again_or_goes_on_is_of_its_originator_alone(void **state)
{
    struct fixture *fixture = *state;
    Amana__V1__StateEntry halted = AMANA__V1__STATE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Move move = AMANA__V1__MOVE__INIT, *moves[] = {&move};
    halted.message = &fixture->message;
    halted.moves = moves;
    halted.n_moves = 1;
    move.recipient = (char *)BUSIA;
    content.state = &halted;
    for (unsigned i = 0; i < 2; i++) {
        move.to = i == 0 ? AMANA__V1__LIFE_STATE__CODE__SUSPENDED : AMANA__V1__LIFE_STATE__CODE__IN_PROGRESS;
        assert_true(opens(fixture, "ke", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE));
        assert_false(opens(fixture, "ug", WITH_ORIGINATOR, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE));
        assert_false(opens(fixture, "ke", WITHOUT, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE));
    }
}

// That it was found elsewhere, in the index of the parties that are told.
static uint64_t found_told(struct fixture *fixture, const char *const *units, size_t n)
{
    const char *parties[] = {units[0], units[n - 1]};
    struct kit_alarm entry;
    kit_alarm(&entry, 9, 1, 10);
    entry.entries[0].parties = parties;
    entry.entries[0].n_parties = n;
    struct journal_outcome outcome = kit_append(&fixture->kit, &entry.append);
    assert_int_equal(outcome.result, JOURNAL_DONE);
    kit_alarm_clear(&entry);
    store_view_end(fixture->view);
    assert_int_equal(store_view_begin(fixture->kit.store, &fixture->view), AM_OK);
    return outcome.seq;
}

static void found_elsewhere_is_of_whom_it_is_told_also_where_an_update_has_added_or_left_them_out(void **state)
{
    static const char *const NEWER[] = {"tz/tpf/namanga", "ug/upf/busia"}, *const TOLD[] = {"tz/tpf/namanga", POST};
    struct fixture *fixture = *state;
    Amana__V1__StateEntry found = AMANA__V1__STATE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    struct journal_chain chain = {.root = 0, .newest = JOURNAL_SELF, .clock = JOURNAL_SELF, .version = 1, .urgency = 2};
    kit_message(&fixture->update, 2, 2, 10);
    header.supersedes = &fixture->message;
    assert_int_equal(codec_encode(&header.base, &fixture->arena, &fixture->update.message.header), AM_OK);
    fixture->update.message.root = 0;
    fixture->update.append.chain = &chain;
    sent(fixture, &fixture->update, NEWER, 2);
    found.message = &fixture->message;
    found.found_elsewhere = true;
    content.state = &found;
    uint64_t seq = found_told(fixture, TOLD, 2);
    assert_true(opens(fixture, "tz", seq, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE));
    assert_true(opens(fixture, "et", seq, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE)); // not of the newest version
    assert_true(opens(fixture, "ke", seq, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE));
    assert_false(opens(fixture, "ug", seq, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE)); // it has found it
    seq = found_told(fixture, NEWER, 1);
    assert_false(opens(fixture, "et", seq, &content, AMANA__V1__ENTRY_CONTENT__KIND_STATE));
}

// Its body goes.
static void erased(struct fixture *fixture, uint64_t seq)
{
    struct kit_alarm entry;
    kit_alarm(&entry, 10, 1, 10);
    entry.append.erased = &seq;
    entry.append.n_erased = 1;
    assert_int_equal(kit_append(&fixture->kit, &entry.append).result, JOURNAL_DONE);
    kit_alarm_clear(&entry);
    store_view_end(fixture->view);
    assert_int_equal(store_view_begin(fixture->kit.store, &fixture->view), AM_OK);
}

static bool opens_message(struct fixture *fixture, const char *country, uint64_t seq)
{
    struct store_entry entry;
    bool open;
    assert_int_equal(store_entry(fixture->view, seq, &entry), AM_OK);
    assert_int_equal(entry.kind, AMANA__V1__ENTRY_KIND__CODE__SUBMITTED);
    strlcpy(fixture->replay->countries.code[0], country, sizeof fixture->replay->countries.code[0]);
    fixture->replay->countries.n = 1;
    assert_int_equal(scope_opens(fixture->replay, fixture->view, &fixture->arena, &entry, &open), AM_OK);
    return open;
}

// Whether it was withheld nothing says any more.
static void what_never_came_is_not_of_a_country_once_nothing_is_left_of_it(void **state)
{
    static const char *const TO[] = {POST, BUSIA};
    struct fixture *fixture = *state;
    Amana__V1__DeadlineEntry deadline = AMANA__V1__DEADLINE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    kit_message(&fixture->update, 2, 2, 10);
    fixture->update.deliveries[1].retrieved_at = 77;
    sent(fixture, &fixture->update, TO, 2);
    store_view_end(fixture->view);
    assert_int_equal(store_view_begin(fixture->kit.store, &fixture->view), AM_OK);
    uint64_t seq = kit_find(fixture->view, &fixture->update).seq;
    fixture->message = pointer_to(&fixture->update);
    deadline.message = &fixture->message;
    deadline.recipient = (char *)POST;
    content.deadline = &deadline;
    for (unsigned gone = 0; gone < 2; gone++) {
        if (gone)
            erased(fixture, seq);
        assert_int_equal(opens_message(fixture, "et", seq), !gone);
        assert_int_equal(opens(fixture, "et", 1, &content, AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE), !gone);
        assert_true(opens_message(fixture, "ug", seq)); // whose post has it
        assert_true(opens_message(fixture, "ke", seq));
    }
}

// Whose second person signed after it had gone: it is its own.
static void what_went_first_and_was_released_after_is_judged_by_its_own_deliveries(void **state)
{
    static const char *const TO[] = {POST, BUSIA};
    struct fixture *fixture = *state;
    struct journal_release release = {.seq = JOURNAL_SELF,
                                      .state = AMANA__V1__RELEASE_STATE__CODE__RELEASED,
                                      .urgency = 1,
                                      .deferred = true,
                                      .ended_by = JOURNAL_NTH(1),
                                      .releasing = "ke/dci/duty",
                                      .officer = ""};
    kit_message(&fixture->update, 2, 2, 10);
    fixture->update.deliveries[1].retrieved_at = 77;
    fixture->update.append.release = &release;
    sent(fixture, &fixture->update, TO, 2);
    store_view_end(fixture->view);
    assert_int_equal(store_view_begin(fixture->kit.store, &fixture->view), AM_OK);
    uint64_t seq = kit_find(fixture->view, &fixture->update).seq;
    erased(fixture, seq);
    assert_false(opens_message(fixture, "et", seq));
    assert_true(opens_message(fixture, "ug", seq));
}

int main(void)
{
#define SCOPE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCOPE_TEST(a_deadline_is_of_who_asked_and_of_whose_it_is_and_not_of_who_was_asked_too),
        SCOPE_TEST(evidence_of_a_delivery_is_of_who_sent_it_and_of_whom_it_has_not_reached),
        SCOPE_TEST(the_end_of_a_life_is_of_who_sent_the_alert_and_of_whose_life_it_is),
        SCOPE_TEST(what_a_unit_is_told_of_a_life_that_goes_on_apart_is_of_its_country_alone),
        SCOPE_TEST(what_a_unit_is_told_of_what_it_asked_itself_is_of_its_country_alone),
        SCOPE_TEST(an_alarm_about_a_message_is_of_its_countries_and_any_other_of_all),
        SCOPE_TEST(that_a_clock_stands_still_again_or_goes_on_is_of_its_originator_alone),
        SCOPE_TEST(found_elsewhere_is_of_whom_it_is_told_also_where_an_update_has_added_or_left_them_out),
        SCOPE_TEST(what_never_came_is_not_of_a_country_once_nothing_is_left_of_it),
        SCOPE_TEST(what_went_first_and_was_released_after_is_judged_by_its_own_deliveries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
