// SPDX-License-Identifier: Apache-2.0
// A request whose clock was set going by what is withheld from a listed state's unit, looked for over a real store: to
// the unit, which asked, it stands still.
#include "server/net/due_apart.h"
#include "server/net/send_apart.h"
#include "tests/unit/apart_kit.h"

#include <stdlib.h>
#include <string.h>

#define ASKED  1u // the post's question: seq
#define ANSWER 2u // its answer, which the post hasn't got

// As the post's life of it is kept; the message is to be written.
static struct kit_message *life_is(struct kit_message *root, uint8_t state)
{
    root->lives[0].state = state;
    root->lives[0].answer_due = 5000000;
    root->lives[0].officer = "amana://et/ics/moyale/officer/eics-1207";
    return root;
}

static void asked_and_answered(struct kit_cases *fixture, uint8_t state)
{
    struct kit_message *request = message_of(fixture, "ke/dci/duty", KIND(REQUEST), true), *question, *answer;
    retrieved(request);
    written(fixture, life_is(request, state));
    question = message_of(fixture, KIT_POST, KIND(PROGRESS), false);
    moves(fixture, question, LIFE(OPEN), LIFE(SUSPENDED));
    written(fixture, question);
    answer = message_of(fixture, "ke/dci/duty", KIND(CLARIFICATION), true);
    moves(fixture, answer, LIFE(SUSPENDED), LIFE(IN_PROGRESS));
    written(fixture, answer);
}

// That the answer never came, or has; the life that is kept is as the test sets it.
static void said(struct kit_cases *fixture, uint8_t from, uint8_t to)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__StateEntry state = AMANA__V1__STATE_ENTRY__INIT;
    Amana__V1__Move move = AMANA__V1__MOVE__INIT, *list[] = {&move};
    Amana__V1__Pointer root = pointer_of(fixture, 0), message = pointer_of(fixture, ANSWER);
    move.root = &root;
    move.recipient = (char *)KIT_POST;
    move.from = (Amana__V1__LifeState__Code)from;
    move.to = (Amana__V1__LifeState__Code)to;
    state.message = &message;
    state.moves = list;
    state.n_moves = 1;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_STATE;
    content.state = &state;
    kit_wait(&fixture->kit, fixture->n);
    by_the_clock(fixture, &content, AMANA__V1__ENTRY_KIND__CODE__STATE);
}

static const struct in_hand NOTHING = {.n = 0};

// What a deadline of that message finds.
static struct hub_due due_with(struct kit_cases *fixture, uint64_t seq, unsigned kind, const struct in_hand *in_hand,
                               struct clock_party *party)
{
    struct hub_due hub = {.about = {.found = true, .kind = (uint8_t)kind, .seq = seq, .originator = "ke/dci/duty"},
                          .root = {.found = true, .kind = KIND(REQUEST)}};
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    struct due_place *places = NULL;
    struct store_view *view;
    bool more = true;
    header.case_ref = (char *)KIT_CASE;
    hub.about.header = &header;
    hub.clocks.n = 1;
    hub.clocks.parties = party;
    kit_wait(&fixture->kit, fixture->n);
    *party = (struct clock_party){.unit = KIT_POST, .has_delivery = true};
    while (more) {
        assert_int_equal(store_view_begin(fixture->kit.store, &view), AM_OK);
        assert_int_equal(store_delivery(view, seq, KIT_POST, &party->delivery), AM_OK);
        assert_int_equal(store_life(view, 0, KIT_POST, &party->lives[0].life), AM_OK);
        party->lives[0].there = seq == 0;
        party->lives[0].life.recipient = KIT_POST;
        assert_int_equal(due_apart_lives(view, &hub, &places, &more), AM_OK);
        assert_true(!more || !party->lives[0].changes);
        store_view_end(view);
        (void)in_hand_asked(places, in_hand);
    }
    due_places_free(places);
    return hub;
}

static struct hub_due due(struct kit_cases *fixture, uint64_t seq, unsigned kind, struct clock_party *party)
{
    return due_with(fixture, seq, kind, &NOTHING, party);
}

static void its_life_is_put_back_to_how_the_unit_knows_it_however_long_the_case_is(void **state)
{
    struct kit_cases *fixture = *state;
    struct clock_party party;
    asked_and_answered(fixture, LIFE(IN_PROGRESS));
    uint64_t stood = fixture->messages[ANSWER].append.time_ns - fixture->messages[ASKED].append.time_ns;
    (void)due(fixture, ANSWER, KIND(CLARIFICATION), &party);
    assert_false(party.lives[0].changes); // kept from nobody yet
    others_write(fixture, LIMIT_CASE_READS);
    shield(fixture);
    struct hub_due hub = due(fixture, ANSWER, KIND(CLARIFICATION), &party);
    assert_true(party.lives[0].changes && !party.lives[0].apart);
    assert_false(hub.untold);
    assert_int_equal(hub.case_seen, fixture->n - 1);
    assert_int_equal(party.lives[0].from, LIFE(IN_PROGRESS));
    assert_int_equal(party.lives[0].life.state, LIFE(SUSPENDED));
    assert_int_equal(party.lives[0].life.state_at, fixture->messages[ASKED].append.time_ns);
    assert_int_equal(party.lives[0].life.answer_due, 5000000 - stood);
    assert_string_not_equal(party.lives[0].life.officer, KIT_POST); // who took it on
}

static void no_deadline_of_it_tells_anything_before_that(void **state)
{
    struct kit_cases *fixture = *state;
    struct clock_party party;
    asked_and_answered(fixture, LIFE(IN_PROGRESS));
    assert_false(due(fixture, 0, KIND(REQUEST), &party).stands);
    shield(fixture);
    struct hub_due hub = due(fixture, 0, KIND(REQUEST), &party);
    assert_true(hub.stands);
    assert_int_equal(hub.going, ANSWER);
    assert_false(party.lives[0].changes);
}

static void once_it_stands_still_nothing_more_is_to_be_done(void **state)
{
    struct kit_cases *fixture = *state;
    struct clock_party party;
    asked_and_answered(fixture, LIFE(SUSPENDED));
    shield(fixture);
    said(fixture, LIFE(IN_PROGRESS), LIFE(SUSPENDED));
    (void)due(fixture, ANSWER, KIND(CLARIFICATION), &party);
    assert_false(party.lives[0].changes);
    assert_false(due(fixture, 0, KIND(REQUEST), &party).stands);
}

static void what_a_device_has_in_hand_has_set_its_clock_going(void **state)
{
    struct kit_cases *fixture = *state;
    uint64_t answer = ANSWER;
    struct in_hand in_hand = {&answer, 1};
    struct clock_party party;
    asked_and_answered(fixture, LIFE(IN_PROGRESS));
    shield(fixture);
    (void)due_with(fixture, ANSWER, KIND(CLARIFICATION), &in_hand, &party);
    assert_false(party.lives[0].changes);
    assert_false(due_with(fixture, 0, KIND(REQUEST), &in_hand, &party).stands);
}

static void a_life_that_the_unit_moved_since_is_as_its_receipt_said(void **state)
{
    struct kit_cases *fixture = *state;
    struct clock_party party;
    asked_and_answered(fixture, LIFE(IN_PROGRESS));
    struct kit_message *ack = message_of(fixture, KIT_POST, KIND(ACK), false);
    moves(fixture, ack, LIFE(IN_PROGRESS), LIFE(IN_PROGRESS));
    written(fixture, ack);
    shield(fixture);
    (void)due(fixture, ANSWER, KIND(CLARIFICATION), &party);
    assert_false(party.lives[0].changes);
    assert_false(due(fixture, 0, KIND(REQUEST), &party).stands);
}

// Fetched after all: an ACK meanwhile is nothing to its clock, another question is.
static void goes_on_once_it_has_come(struct kit_cases *fixture, unsigned meanwhile, bool goes_on)
{
    struct clock_party party;
    asked_and_answered(fixture, LIFE(SUSPENDED));
    said(fixture, LIFE(IN_PROGRESS), LIFE(SUSPENDED));
    if (meanwhile != 0) {
        struct kit_message *answer = message_of(fixture, KIT_POST, meanwhile, false);
        moves(fixture, answer, LIFE(SUSPENDED), LIFE(SUSPENDED));
        written(fixture, answer);
    }
    (void)due(fixture, ANSWER, KIND(CLARIFICATION), &party);
    assert_false(party.lives[0].changes); // it hasn't
    struct kit_alarm entry;
    struct journal_delivery delivery = party.delivery;
    delivery.seq = ANSWER;
    delivery.recipient = KIT_POST;
    delivery.retrieved_at = 7;
    kit_alarm(&entry, fixture->n++, 1, 1);
    entry.append.deliveries = &delivery;
    entry.append.n_deliveries = 1;
    assert_int_equal(kit_append(&fixture->kit, &entry.append).result, JOURNAL_DONE);
    kit_alarm_clear(&entry);
    (void)due(fixture, ANSWER, KIND(CLARIFICATION), &party);
    assert_int_equal(party.lives[0].changes, goes_on);
    assert_int_equal(party.lives[0].life.state, goes_on ? LIFE(IN_PROGRESS) : LIFE(SUSPENDED));
}

static void it_goes_on_once_the_answer_has_come(void **state)
{
    goes_on_once_it_has_come(*state, 0, true);
}

static void an_acknowledgement_meanwhile_is_nothing_to_its_clock(void **state)
{
    goes_on_once_it_has_come(*state, KIND(ACK), true);
}

static void another_question_meanwhile_is_not_answered_by_that(void **state)
{
    goes_on_once_it_has_come(*state, KIND(PROGRESS), false);
}

// --- An answer that is faster
static bool known(struct kit_cases *fixture, struct journal_life *ret_life)
{
    static struct hub_submission submission;
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    struct check check = {.s = &submission, .header = &header, .arena = &fixture->arena, .unit = KIT_POST};
    struct apart_place place = {0};
    bool is = false;
    header.device = (char *)KIT_DESK;
    header.case_ref = (char *)KIT_CASE;
    kit_wait(&fixture->kit, fixture->n);
    do {
        submission = (struct hub_submission){.root = {.found = true, .kind = KIND(REQUEST)}};
        assert_int_equal(store_view_begin(fixture->kit.store, &check.view), AM_OK);
        assert_int_equal(store_shield(check.view, KIT_CASE, states, &submission.shield), AM_OK);
        assert_int_equal(apart_find(&check, &NOTHING, &place, 0, ret_life, &is), AM_OK);
        store_view_end(check.view);
    } while (submission.more);
    assert_false(submission.apart); // it is kept as the unit knows it from then on
    return is;
}

static void an_answer_of_the_unit_is_judged_by_how_it_knows_the_life(void **state)
{
    struct kit_cases *fixture = *state;
    struct journal_life life;
    asked_and_answered(fixture, LIFE(IN_PROGRESS));
    assert_false(known(fixture, &life));
    shield(fixture);
    assert_true(known(fixture, &life));
    assert_int_equal(life.state, LIFE(SUSPENDED));
    struct kit_message *goes_on = message_of(fixture, KIT_POST, KIND(PROGRESS), false);
    moves(fixture, goes_on, LIFE(SUSPENDED), LIFE(IN_PROGRESS));
    written(fixture, goes_on);
    assert_false(known(fixture, &life));
}

// --- Which are to be looked at
static size_t listed(struct kit_cases *fixture, uint64_t *ret_seq)
{
    struct journal_deadline row = {.kind = DEADLINE_APART};
    struct hub_due_case of_case;
    struct store_view *view;
    kit_wait(&fixture->kit, fixture->n);
    assert_int_equal(store_view_begin(fixture->kit.store, &view), AM_OK);
    assert_int_equal(due_apart_messages(view, &fixture->arena, KIT_CASE, &row, &of_case), AM_OK);
    store_view_end(view);
    *ret_seq = of_case.n_apart > 0 ? of_case.apart[0] : JOURNAL_NONE;
    return of_case.n_apart;
}

static void what_has_set_a_clock_going_and_was_not_fetched_is_looked_at(void **state)
{
    struct kit_cases *fixture = *state;
    uint64_t seq;
    asked_and_answered(fixture, LIFE(IN_PROGRESS));
    shield(fixture);
    assert_int_equal(listed(fixture, &seq), 1);
    assert_int_equal(seq, ANSWER);
}

static void of_what_stands_still_nothing_is_looked_at(void **state)
{
    struct kit_cases *fixture = *state;
    uint64_t seq;
    asked_and_answered(fixture, LIFE(SUSPENDED));
    shield(fixture);
    assert_int_equal(listed(fixture, &seq), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, kit_cases_setup, kit_cases_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(its_life_is_put_back_to_how_the_unit_knows_it_however_long_the_case_is),
        TEST(no_deadline_of_it_tells_anything_before_that),
        TEST(once_it_stands_still_nothing_more_is_to_be_done),
        TEST(what_a_device_has_in_hand_has_set_its_clock_going),
        TEST(a_life_that_the_unit_moved_since_is_as_its_receipt_said),
        TEST(it_goes_on_once_the_answer_has_come),
        TEST(an_acknowledgement_meanwhile_is_nothing_to_its_clock),
        TEST(another_question_meanwhile_is_not_answered_by_that),
        TEST(an_answer_of_the_unit_is_judged_by_how_it_knows_the_life),
        TEST(what_has_set_a_clock_going_and_was_not_fetched_is_looked_at),
        TEST(of_what_stands_still_nothing_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
