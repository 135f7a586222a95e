// SPDX-License-Identifier: Apache-2.0
// What a listed state's unit knows of what it began, looked for over a real store: the same however long the case is,
// and never more of it at once than the limit.
#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/model/deadline.h"
#include "server/net/asked.h"
#include "server/net/due_asked.h"
#include "server/net/status_known.h"
#include "tests/unit/apart_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

// The post asks, and is answered.
static void asked(struct kit_cases *fixture)
{
    written(fixture, message_of(fixture, KIT_POST, KIND(REQUEST), false));
}

static struct kit_message *answered(struct kit_cases *fixture, unsigned kind, uint8_t from, uint8_t to)
{
    struct kit_message *answer = message_of(fixture, KIT_BUSIA, kind, true);
    moves_of(fixture, answer, KIT_BUSIA, from, to);
    return answer;
}

struct seen {
    bool known;
    struct journal_life life;
    unsigned looks;
};

// As often as it is said that there is more; none goes further than the limit.
static struct seen look_on(struct kit_cases *fixture, struct asked_place *place, uint8_t kept)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_shield shield;
    struct store_view *view;
    struct seen seen = {.life = {.recipient = KIT_BUSIA, .state = kept, .officer = ""}};
    bool more = true;
    kit_wait(&fixture->kit, fixture->n);
    for (; more; seen.looks++) {
        uint64_t from = place->seen.next;
        assert_int_equal(store_view_begin(fixture->kit.store, &view), AM_OK);
        assert_int_equal(store_shield(view, KIT_CASE, states, &shield), AM_OK);
        struct asked_look look = {
            .view = view, .case_ref = KIT_CASE, .shield = shield.version, .reads = LIMIT_CASE_READS};
        assert_int_equal(asked_look(&look, place, &more), AM_OK);
        assert_true(place->seen.next <= from || place->seen.next - from <= LIMIT_CASE_READS);
        if (more && place->in_hand.seqs == NULL) { // asked for
            assert_string_equal(place->originator, KIT_POST);
            place->in_hand.seqs = calloc(IN_HAND_MOST, sizeof *place->in_hand.seqs);
            seen.looks--;
        }
        if (!more)
            assert_int_equal(asked_life(view, place, &seen.life, &seen.known), AM_OK);
        store_view_end(view);
    }
    return seen;
}

static struct seen look(struct kit_cases *fixture, uint8_t kept)
{
    struct asked_place place = {0};
    struct seen seen = look_on(fixture, &place, kept);
    asked_clear(&place);
    return seen;
}

// --- By the answers that it has
static void what_it_knows_is_found_however_long_the_case_is(void **state)
{
    struct kit_cases *fixture = *state;
    struct kit_message *ack;
    asked(fixture);
    written(fixture, answered(fixture, KIND(REFUSAL), LIFE(OPEN), LIFE(REFUSED)));
    assert_false(look(fixture, LIFE(REFUSED)).known); // kept from nobody yet
    shield(fixture);
    struct seen seen = look(fixture, LIFE(REFUSED));
    assert_true(seen.known);
    assert_int_equal(seen.life.state, LIFE(OPEN));
    assert_int_equal(seen.looks, 1);
    others_write(fixture, 2 * LIMIT_CASE_READS);
    ack = answered(fixture, KIND(ACK), LIFE(REFUSED), LIFE(REFUSED));
    retrieved(ack);
    written(fixture, ack);
    seen = look(fixture, LIFE(REFUSED));
    assert_true(seen.known);
    assert_int_equal(seen.life.state, LIFE(ACKNOWLEDGED));
    assert_string_equal(seen.life.officer, KIT_BUSIA);
    assert_int_equal(seen.looks, 3);
}

static void an_answer_that_it_has_is_known_to_it(void **state)
{
    struct kit_cases *fixture = *state;
    struct kit_message *refusal;
    asked(fixture);
    refusal = answered(fixture, KIND(REFUSAL), LIFE(OPEN), LIFE(REFUSED));
    retrieved(refusal);
    written(fixture, refusal);
    shield(fixture);
    assert_false(look(fixture, LIFE(REFUSED)).known);
}

static void an_answer_that_its_device_has_in_hand_is_known_to_it(void **state)
{
    struct kit_cases *fixture = *state;
    struct asked_place place = {0};
    asked(fixture);
    written(fixture, answered(fixture, KIND(PROGRESS), LIFE(OPEN), LIFE(SUSPENDED)));
    written(fixture, answered(fixture, KIND(RESPONSE), LIFE(SUSPENDED), LIFE(ANSWERED)));
    shield(fixture);
    place.in_hand.seqs = calloc(IN_HAND_MOST, sizeof *place.in_hand.seqs);
    place.in_hand.seqs[0] = 1;
    place.in_hand.n = 1;
    struct seen seen = look_on(fixture, &place, LIFE(ANSWERED));
    assert_true(seen.known);
    assert_int_equal(seen.life.state, LIFE(SUSPENDED));
    asked_clear(&place);
}

static void what_it_has_signed_for_since_a_look_began_is_looked_at_anew(void **state)
{
    struct kit_cases *fixture = *state;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__RetrievedEntry signed_for = AMANA__V1__RETRIEVED_ENTRY__INIT;
    struct asked_place place = {0};
    asked(fixture);
    written(fixture, answered(fixture, KIND(REFUSAL), LIFE(OPEN), LIFE(REFUSED)));
    shield(fixture);
    assert_int_equal(look_on(fixture, &place, LIFE(REFUSED)).looks, 1);
    uint64_t began = place.seen.size;
    others_write(fixture, 1);
    (void)look_on(fixture, &place, LIFE(REFUSED));
    assert_int_equal(place.seen.size, began);
    signed_for.device = (char *)KIT_DESK;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED;
    content.retrieved = &signed_for;
    by_the_clock(fixture, &content, AMANA__V1__ENTRY_KIND__CODE__RETRIEVED);
    (void)look_on(fixture, &place, LIFE(REFUSED));
    assert_true(place.seen.size > began);
    asked_clear(&place);
}

// --- By the clocks that it was told of
static void late(struct kit_cases *fixture, const char *told)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__DeadlineEntry deadline = AMANA__V1__DEADLINE_ENTRY__INIT;
    Amana__V1__DeadlineClock clock = AMANA__V1__DEADLINE_CLOCK__INIT, *clocks[] = {&clock};
    Amana__V1__Pointer message = pointer_of(fixture, 0);
    clock.what = AMANA__V1__DEADLINE_OF__CODE__ACK;
    clock.from = AMANA__V1__CLOCK_FROM__CODE__ACCEPTANCE;
    deadline.message = &message;
    deadline.recipient = (char *)KIT_BUSIA;
    deadline.clocks = clocks;
    deadline.n_clocks = 1;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE;
    content.deadline = &deadline;
    told_by_the_clock(fixture, &content, AMANA__V1__ENTRY_KIND__CODE__DEADLINE, told);
}

static void of_clocks_those_have_passed_to_it_that_it_was_told_of(void **state)
{
    struct kit_cases *fixture = *state;
    asked(fixture);
    written(fixture, answered(fixture, KIND(PROGRESS), LIFE(OPEN), LIFE(SUSPENDED)));
    shield(fixture);
    late(fixture, KIT_BUSIA);
    assert_int_equal(look(fixture, LIFE(SUSPENDED)).life.flags, 0);
    late(fixture, KIT_POST);
    assert_int_equal(look(fixture, LIFE(SUSPENDED)).life.flags, LIFE_PASSED(CLOCK_ACK));
}

// --- As a deadline finds it: behind what is kept, of which the unit is not told
static void a_deadline_has_both_lives_once_the_case_is_through(void **state)
{
    struct kit_cases *fixture = *state;
    struct clock_party party = {.unit = KIT_BUSIA, .has_delivery = true};
    struct hub_due hub = {.about = {.found = true, .kind = KIND(REQUEST), .originator = KIT_POST}, .untold = true};
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    struct asked_place places[DUE_ASKED] = {{.n = 0}};
    struct store_view *view;
    bool more = true;
    unsigned looks = 0;
    asked(fixture);
    written(fixture, answered(fixture, KIND(REFUSAL), LIFE(OPEN), LIFE(REFUSED)));
    shield(fixture);
    others_write(fixture, LIMIT_CASE_READS);
    header.case_ref = (char *)KIT_CASE;
    hub.about.header = &header;
    hub.clocks.n = 1;
    hub.clocks.parties = &party;
    party.lives[0] =
        (struct clock_life){.there = true, .root_kind = KIND(REQUEST), .life = {.state = LIFE(REFUSED), .officer = ""}};
    kit_wait(&fixture->kit, fixture->n);
    for (; more; looks++) {
        more = false;
        assert_false(party.lives[0].untold);
        assert_int_equal(store_view_begin(fixture->kit.store, &view), AM_OK);
        assert_int_equal(due_asked_lives(view, &hub, places, &more), AM_OK);
        store_view_end(view);
        if (places[0].in_hand.seqs == NULL) { // asked for
            places[0].in_hand.seqs = calloc(IN_HAND_MOST, sizeof *places[0].in_hand.seqs);
            looks--;
        }
    }
    assert_int_equal(looks, 2);
    assert_true(party.lives[0].untold && !party.lives[0].asked);
    assert_true(party.lives[DUE_ASKED].there && party.lives[DUE_ASKED].asked);
    assert_int_equal(party.lives[DUE_ASKED].life.state, LIFE(OPEN));
    assert_int_equal(hub.case_seen, fixture->n - 1);
    for (size_t i = 0; i < DUE_ASKED; i++)
        asked_clear(&places[i]);
}

// A call may be about hundreds of messages, each of a long case.
static void what_is_looked_through_for_a_call_is_of_its_callers_memory(void **state)
{
    struct kit_cases *fixture = *state;
    struct arena_budget budget = {.limit = 64u * 1024};
    struct known_lives lives = {.budget = &budget};
    struct store_view *view;
    enum am_err err = AM_BUSY;
    uint64_t root = 0;
    for (unsigned i = 0; i < 40; i++)
        asked(fixture);
    kit_wait(&fixture->kit, fixture->n);
    assert_int_equal(store_view_begin(fixture->kit.store, &view), AM_OK);
    for (; root < 40 && err == AM_BUSY; root++) {
        struct known_look look = {
            .lives = &lives, .unit = KIT_POST, .asked = {.view = view, .case_ref = KIT_CASE, .reads = 1}};
        struct journal_life life = {.recipient = KIT_BUSIA, .state = LIFE(OPEN), .officer = ""};
        err = status_known(&look, root, KIT_BUSIA, &life);
        assert_true(budget.used <= budget.limit);
    }
    assert_int_equal(err, AM_NOMEM);
    assert_true(lives.n > 1);
    assert_true(budget.used >= lives.n * IN_HAND_MOST * sizeof(uint64_t));
    known_clear(&lives);
    assert_int_equal(budget.used, 0);
    store_view_end(view);
}

#define ASKED_TEST(test) cmocka_unit_test_setup_teardown(test, kit_cases_setup, kit_cases_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ASKED_TEST(what_it_knows_is_found_however_long_the_case_is),
        ASKED_TEST(an_answer_that_it_has_is_known_to_it),
        ASKED_TEST(an_answer_that_its_device_has_in_hand_is_known_to_it),
        ASKED_TEST(what_it_has_signed_for_since_a_look_began_is_looked_at_anew),
        ASKED_TEST(of_clocks_those_have_passed_to_it_that_it_was_told_of),
        ASKED_TEST(a_deadline_has_both_lives_once_the_case_is_through),
        ASKED_TEST(what_is_looked_through_for_a_call_is_of_its_callers_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
