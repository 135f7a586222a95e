// SPDX-License-Identifier: Apache-2.0
// Lives of roots without versions at the hub, as transcripts: a request to its end, a hit, and whom they concern.
#include "tests/unit/hub_expect.h"

#include <stdio.h>

static struct letter *asked(struct world *world)
{
    struct letter *letter = letter_new(world, POLICE, KIND(REQUEST));
    letter_to(world, letter, POST, ACTION);
    letter_to(world, letter, SHELTER, ACTION);
    accepted(world, letter);
    return letter;
}

static const struct journal_life *life(struct world *world, const struct letter *root, const char *unit)
{
    const struct journal_life *row = model_life(&world->model, root->seq, unit);
    assert_non_null(row);
    return row;
}

static void stands(struct world *world, const struct letter *root, const char *unit, uint8_t state)
{
    assert_string_equal(life_state_name(life(world, root, unit)->state), life_state_name(state));
}

// `unit`: whose life it is, where not the sender's own.
static void forbidden(struct world *world, struct letter *letter, const char *unit, const char *state,
                      const char *moves)
{
    char at[64] = "its state";
    if (unit[0] != '\0')
        snprintf(at, sizeof at, "at %s its state", unit);
    refused(world, letter, REASON_STATE_FORBIDS, "in_reply_to");
    assert_memory_equal(letter->submission.work.detail.text, at, strlen(at));
    assert_string_equal(letter->submission.work.state_unit, unit);
    assert_string_equal(letter->submission.work.state, state);
    assert_string_equal(letter->submission.work.moves, moves);
}

static void a_request_lives_at_each_who_is_asked_by_himself(void **state)
{
    struct world *world = *state;
    struct letter *root = asked(world);
    assert_int_equal(life(world, root, POST)->ack_due, world->now + 15 * MINUTE_NS);
    assert_int_equal(life(world, root, POST)->answer_due, world->now + HOUR_NS);
    accepted(world, about(world, POST, KIND(ACK), 0, root, POLICE));
    stands(world, root, POST, LIFE(ACKNOWLEDGED));
    stands(world, root, SHELTER, LIFE(OPEN));
    accepted(world, about(world, POST, KIND(PROGRESS), OUTCOME(IN_HAND), root, POLICE));
    stands(world, root, POST, LIFE(IN_PROGRESS));
    accepted(world, about(world, SHELTER, KIND(REFUSAL), OUTCOME(NO_LEGAL_BASIS), root, POLICE));
    accepted(world, about(world, POST, KIND(RESPONSE), OUTCOME(FULL), root, POLICE));
    stands(world, root, POST, LIFE(ANSWERED));
    stands(world, root, SHELTER, LIFE(REFUSED));
    assert_string_equal(life(world, root, POST)->officer, "amana://et/ics/moyale/officer/o1");
}

static void the_answer_clock_stands_still_while_a_request_is_suspended(void **state)
{
    struct world *world = *state;
    struct letter *root = asked(world);
    uint64_t due = life(world, root, POST)->answer_due;
    world->now += 10 * MINUTE_NS;
    accepted(world, about(world, POST, KIND(PROGRESS), OUTCOME(CLARIFICATION_ASKED), root, POLICE));
    world->now += 10 * MINUTE_NS;
    accepted(world, about(world, POST, KIND(ACK), 0, root, POLICE));
    stands(world, root, POST, LIFE(SUSPENDED));
    world->now += 20 * MINUTE_NS;
    accepted(world, about(world, POLICE, KIND(CLARIFICATION), 0, root, POST));
    stands(world, root, POST, LIFE(IN_PROGRESS));
    assert_int_equal(life(world, root, POST)->answer_due, due + 30 * MINUTE_NS);
    world->now += 5 * MINUTE_NS;
    accepted(world, about(world, POST, KIND(PROGRESS), OUTCOME(IN_HAND), root, POLICE));
    assert_int_equal(life(world, root, POST)->answer_due, due + 30 * MINUTE_NS);
    assert_int_equal(life(world, root, SHELTER)->answer_due, due);
}

static void a_withdrawal_ends_it_at_those_whom_it_names_alone(void **state)
{
    struct world *world = *state;
    struct letter *root = asked(world), *more;
    accepted(world, about(world, POLICE, KIND(WITHDRAW), OUTCOME(NO_LONGER_NEEDED), root, SHELTER));
    stands(world, root, SHELTER, LIFE(WITHDRAWN));
    stands(world, root, POST, LIFE(OPEN));
    accepted(world, about(world, POST, KIND(RESPONSE), OUTCOME(PARTIAL), root, POLICE));
    more = about(world, POLICE, KIND(WITHDRAW), OUTCOME(NO_LONGER_NEEDED), root, POST);
    forbidden(world, more, POST, "ANSWERED", "RESPONSE");
    refused(world, about(world, POLICE, KIND(WITHDRAW), OUTCOME(NO_LONGER_NEEDED), root, LONELY), REASON_FIELD_INVALID,
            "recipients");
}

// Each had what was asked for himself: the end of one is not the end of another.
static void a_withdrawal_ends_it_for_whom_it_is_open_and_is_refused_where_it_is_over_for_all(void **state)
{
    struct world *world = *state;
    struct letter *root = asked(world), *gone;
    accepted(world, about(world, POST, KIND(RESPONSE), OUTCOME(FULL), root, POLICE));
    gone = about(world, POLICE, KIND(WITHDRAW), OUTCOME(NO_LONGER_NEEDED), root, POST);
    letter_to(world, gone, SHELTER, ACTION);
    accepted(world, gone);
    assert_int_equal(last_entry(world)->content->submitted->n_moves, 1);
    assert_string_equal(last_entry(world)->content->submitted->moves[0]->recipient, SHELTER);
    assert_string_equal(gone->submission.work.state, "");
    assert_string_equal(gone->submission.work.state_unit, "");
    assert_string_equal(gone->submission.work.detail.text, "");
    stands(world, root, POST, LIFE(ANSWERED));
    stands(world, root, SHELTER, LIFE(WITHDRAWN));
    gone = about(world, POLICE, KIND(WITHDRAW), OUTCOME(NO_LONGER_NEEDED), root, POST);
    letter_to(world, gone, SHELTER, ACTION);
    forbidden(world, gone, POST, "ANSWERED", "RESPONSE"); // the first of them
}

static void what_one_of_two_can_not_be_asked_is_refused_with_the_unit_and_its_state(void **state)
{
    struct world *world = *state;
    struct letter *root = asked(world), *clear;
    accepted(world, about(world, POST, KIND(PROGRESS), OUTCOME(CLARIFICATION_ASKED), root, POLICE));
    clear = about(world, POLICE, KIND(CLARIFICATION), 0, root, POST);
    letter_to(world, clear, SHELTER, ACTION);
    forbidden(world, clear, SHELTER, "OPEN", "RESPONSE, REFUSAL, ACK, PROGRESS, WITHDRAW");
}

static void an_answer_that_crosses_a_withdrawal_is_taken_marked_and_moves_nothing(void **state)
{
    static const struct {
        unsigned kind, outcome;
    } CROSSES[] = {{KIND(ACK), 0}, {KIND(RESPONSE), OUTCOME(FULL)}, {KIND(REFUSAL), OUTCOME(DISPROPORTIONATE)}};
    struct world *world = *state;
    struct letter *root = asked(world);
    accepted(world, about(world, POLICE, KIND(WITHDRAW), OUTCOME(NO_LONGER_NEEDED), root, POST));
    for (size_t i = 0; i < AM_LEN(CROSSES); i++) {
        accepted(world, about(world, POST, CROSSES[i].kind, CROSSES[i].outcome, root, POLICE));
        assert_true(last_entry(world)->content->submitted->crossed);
        assert_int_equal(last_entry(world)->content->submitted->n_moves, 0);
        stands(world, root, POST, LIFE(WITHDRAWN));
    }
    forbidden(world, about(world, POST, KIND(PROGRESS), OUTCOME(IN_HAND), root, POLICE), "", "WITHDRAWN", "none");
}

static void two_answers_in_flight_do_not_both_move_one_life(void **state)
{
    struct world *world = *state;
    struct letter *root = asked(world);
    struct letter *response = about(world, POST, KIND(RESPONSE), OUTCOME(FULL), root, POLICE);
    struct letter *refusal = about(world, POST, KIND(REFUSAL), OUTCOME(DISPROPORTIONATE), root, POLICE);
    refusal->header.device = (char *)URI(POST, "d2");
    letter_arrive(world, response);
    letter_arrive(world, refusal);
    while (world->n_checks > 0)
        world_check_one(world, 0); // both are decided on the same row
    world_pump(world);
    assert_string_equal(reason_name(response->submission.work.reason), "NONE");
    assert_string_equal(reason_name(refusal->submission.work.reason), "STATE_FORBIDS");
    stands(world, root, POST, LIFE(ANSWERED));
}

static void a_request_may_answer_an_alert_and_lives_by_itself(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *request = about(world, POST, KIND(REQUEST), 0, alert, POLICE);
    accepted(world, request);
    stands(world, request, POLICE, LIFE(OPEN));
    stands(world, alert, POST, LIFE(NEW));
    accepted(world, about(world, POLICE, KIND(RESPONSE), OUTCOME(FULL), request, POST));
    stands(world, request, POLICE, LIFE(ANSWERED));
    stands(world, alert, POST, LIFE(NEW));
}

// --- HIT and CANNOT_EXECUTE
static void a_hit_moves_the_alert_and_begins_a_life_at_its_sender(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *hit = about(world, POST, KIND(HIT), 0, alert, POLICE);
    accepted(world, hit);
    stands(world, alert, POST, LIFE(ACKNOWLEDGED));
    stands(world, hit, POLICE, LIFE(OPEN));
    assert_int_equal(life(world, hit, POLICE)->ack_due, world->now + 15 * MINUTE_NS);
    accepted(world, about(world, POLICE, KIND(ACK), 0, hit, POST));
    stands(world, hit, POLICE, LIFE(ACKNOWLEDGED));
    stands(world, alert, POST, LIFE(ACKNOWLEDGED));
    assert_string_equal(life(world, hit, POLICE)->officer, "amana://ke/dci/transnational/officer/o1");
}

static void a_hit_asks_nobody_to_act_but_the_alert_s_sender(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *hit = about(world, POST, KIND(HIT), 0, alert, POLICE);
    hit->recipients[0]->part = COPY;
    refused(world, hit, REASON_FIELD_INVALID, "recipients");
    hit = about(world, POST, KIND(HIT), 0, alert, POLICE);
    letter_to(world, hit, SHELTER, ACTION);
    refused(world, hit, REASON_FIELD_INVALID, "recipients");
}

static void what_can_t_be_executed_counts_as_the_acknowledgement(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    accepted(world, about(world, POST, KIND(CANNOT_EXECUTE), OUTCOME(LAW), alert, POLICE));
    stands(world, alert, POST, LIFE(ACKNOWLEDGED));
}

// --- NOTE
static void a_note_answers_anything_and_moves_nothing(void **state)
{
    struct world *world = *state;
    struct letter *root = asked(world), *alone = letter_new(world, POLICE, KIND(NOTE)), *note;
    accepted(world, about(world, SHELTER, KIND(NOTE), 0, root, POLICE));
    assert_int_equal(last_entry(world)->content->submitted->n_moves, 0);
    stands(world, root, SHELTER, LIFE(OPEN));
    letter_to(world, alone, POST, ACTION);
    accepted(world, alone);
    assert_null(model_life(&world->model, alone->seq, POST));
    note = about(world, POST, KIND(NOTE), 0, alone, POLICE);
    accepted(world, note);
    refused(world, about(world, POST, KIND(RESPONSE), OUTCOME(FULL), alone, POLICE), REASON_FIELD_INVALID,
            "in_reply_to");
}

static void a_note_to_the_own_unit_reaches_its_other_device(void **state)
{
    struct world *world = *state;
    struct letter *root = asked(world), *note = about(world, POST, KIND(NOTE), 0, root, POST);
    accepted(world, note);
    assert_string_equal(world->woken[world->n_woken - 1], URI(POST, "d2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_request_lives_at_each_who_is_asked_by_himself),
        HUB_TEST(the_answer_clock_stands_still_while_a_request_is_suspended),
        HUB_TEST(a_withdrawal_ends_it_at_those_whom_it_names_alone),
        HUB_TEST(a_withdrawal_ends_it_for_whom_it_is_open_and_is_refused_where_it_is_over_for_all),
        HUB_TEST(what_one_of_two_can_not_be_asked_is_refused_with_the_unit_and_its_state),
        HUB_TEST(an_answer_that_crosses_a_withdrawal_is_taken_marked_and_moves_nothing),
        HUB_TEST(two_answers_in_flight_do_not_both_move_one_life),
        HUB_TEST(a_request_may_answer_an_alert_and_lives_by_itself),
        HUB_TEST(a_hit_moves_the_alert_and_begins_a_life_at_its_sender),
        HUB_TEST(a_hit_asks_nobody_to_act_but_the_alert_s_sender),
        HUB_TEST(what_can_t_be_executed_counts_as_the_acknowledgement),
        HUB_TEST(a_note_answers_anything_and_moves_nothing),
        HUB_TEST(a_note_to_the_own_unit_reaches_its_other_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
