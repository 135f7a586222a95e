// SPDX-License-Identifier: Apache-2.0
// What is acknowledged, answered or found: the deadlines that a message meets, and clocks that stand still.
#include "tests/unit/hub_clocks.h"

static void an_ack_in_time_is_an_entry_with_both_clocks(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *ack;
    accepted(world, alert);
    world_pass(world, MINUTE_NS);
    retrieves(world, POST, URI(POST, "d1"), alert->seq);
    world_pass(world, MINUTE_NS);
    ack = world_answer(world, POST, KIND(ACK), alert, alert);
    accepted(world, ack);
    const struct model_entry *entry = &world->model.entries[ack->seq + 1];
    assert_int_equal(entry->kind, ENTRY(DEADLINE));
    const Amana__V1__DeadlineEntry *met = entry->content->deadline;
    assert_string_equal(met->message->id, alert->header.id);
    assert_string_equal(met->recipient, POST);
    assert_string_equal(met->met_by->id, ack->header.id);
    assert_memory_equal(met->met_by->header_digest.data, ack->submission.header_digest, 32);
    assert_string_equal(entry->cases[0], alert->header.case_ref);
    assert_int_equal(met->n_clocks, 2);
    clock_is(met, 0, DEADLINE(ACK), FROM(ACCEPTANCE), WORLD_START + 15 * MINUTE_NS, false);
    clock_is(met, 1, DEADLINE(ACK), FROM(RETRIEVAL), WORLD_START + 16 * MINUTE_NS, false);
    assert_true(told(world, URI(POLICE, "d1"), entry));
    assert_true(told(world, URI(POST, "d2"), entry));
    for (unsigned hour = 0; hour < 24; hour++)
        world_pass(world, HOUR_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
}

static void an_ack_between_its_clocks_is_late_by_one_of_them(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *ack;
    accepted(world, alert);
    world_pass(world, 10 * MINUTE_NS);
    retrieves(world, POST, URI(POST, "d1"), alert->seq);
    world_pass(world, 10 * MINUTE_NS);
    ack = world_answer(world, POST, KIND(ACK), alert, alert);
    accepted(world, ack);
    const Amana__V1__DeadlineEntry *met = world->model.entries[ack->seq + 1].content->deadline;
    clock_is(met, 0, DEADLINE(ACK), FROM(ACCEPTANCE), WORLD_START + 15 * MINUTE_NS, true);
    clock_is(met, 1, DEADLINE(ACK), FROM(RETRIEVAL), WORLD_START + 25 * MINUTE_NS, false);
}

static void an_answer_counts_as_the_acknowledgement_too(void **state)
{
    struct world *world = *state;
    struct letter *request = request_to(world, POST), *answer;
    world_pass(world, MINUTE_NS);
    answer = about(world, POST, KIND(RESPONSE), OUTCOME(FULL), request, POLICE);
    accepted(world, answer);
    const Amana__V1__DeadlineEntry *met = world->model.entries[answer->seq + 1].content->deadline;
    assert_int_equal(met->n_clocks, 2);
    clock_is(met, 0, DEADLINE(ACK), FROM(ACCEPTANCE), WORLD_START + 15 * MINUTE_NS, false);
    clock_is(met, 1, DEADLINE(ANSWER), FROM(ACCEPTANCE), WORLD_START + HOUR_NS, false);
    for (unsigned hour = 0; hour < 24; hour++)
        world_pass(world, HOUR_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
}

static void an_ack_does_not_count_as_the_answer(void **state)
{
    struct world *world = *state;
    struct letter *request = request_to(world, POST), *ack, *answer;
    world_pass(world, MINUTE_NS);
    ack = about(world, POST, KIND(ACK), 0, request, POLICE);
    accepted(world, ack);
    const Amana__V1__DeadlineEntry *met = world->model.entries[ack->seq + 1].content->deadline;
    assert_int_equal(met->n_clocks, 1);
    clock_is(met, 0, DEADLINE(ACK), FROM(ACCEPTANCE), WORLD_START + 15 * MINUTE_NS, false);
    answer = about(world, POST, KIND(RESPONSE), OUTCOME(FULL), request, POLICE);
    accepted(world, answer);
    met = world->model.entries[answer->seq + 1].content->deadline;
    assert_int_equal(met->n_clocks, 1);
    clock_is(met, 0, DEADLINE(ANSWER), FROM(ACCEPTANCE), WORLD_START + HOUR_NS, false);
}

static void a_second_ack_meets_nothing(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    accepted(world, world_answer(world, POST, KIND(ACK), alert, alert));
    accepted(world, world_answer(world, POST, KIND(ACK), alert, alert));
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
}

static void a_request_with_a_date_of_its_own_is_answered_by_that(void **state)
{
    struct world *world = *state;
    struct letter *request = letter_new(world, POLICE, KIND(REQUEST));
    Google__Protobuf__Timestamp by = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    by.seconds = (int64_t)((world->now + 5 * HOUR_NS) / NS_PER_S);
    request->header.answer_by = &by;
    letter_to(world, request, POST, ACTION);
    accepted(world, request);
    accepted(world, about(world, POST, KIND(ACK), 0, request, POLICE));
    world_pass(world, 4 * HOUR_NS);
    retrieves(world, POST, URI(POST, "d1"), request->seq);
    size_t before = entries_of(world, ENTRY(DEADLINE));
    world_pass(world, HOUR_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), before + 1);
    const Amana__V1__DeadlineEntry *entry = entry_of(world, ENTRY(DEADLINE), 0)->content->deadline;
    assert_int_equal(entry->n_clocks, 1);
    clock_is(entry, 0, DEADLINE(ANSWER), FROM(ACCEPTANCE), WORLD_START + 5 * HOUR_NS, false);
}

static void the_answer_clock_of_a_suspended_request_stands_still(void **state)
{
    struct world *world = *state;
    struct letter *request = request_to(world, POST);
    world_pass(world, 10 * MINUTE_NS);
    accepted(world, about(world, POST, KIND(PROGRESS), OUTCOME(CLARIFICATION_ASKED), request, POLICE));
    size_t before = entries_of(world, ENTRY(DEADLINE)); // the acknowledgement was met by it
    world_pass(world, 20 * HOUR_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), before);
    accepted(world, about(world, POLICE, KIND(CLARIFICATION), 0, request, POST));
    world_pass(world, 50 * MINUTE_NS - 1);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), before);
    world_pass(world, 1);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), before + 1);
    clock_is(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline, 0, DEADLINE(ANSWER), FROM(ACCEPTANCE),
             WORLD_START + HOUR_NS + 20 * HOUR_NS, false);
}

// Else who was asked late has twice what was given back.
static void the_clock_from_retrieval_counts_no_time_that_the_other_stood_still_before_it(void **state)
{
    struct world *world = *state;
    struct letter *request = request_to(world, POST); // U1: to be answered within an hour
    world_pass(world, 10 * MINUTE_NS);
    accepted(world, about(world, POST, KIND(PROGRESS), OUTCOME(CLARIFICATION_ASKED), request, POLICE));
    world_pass(world, 20 * MINUTE_NS);
    retrieves(world, POST, URI(POST, "d1"), request->seq);
    world_pass(world, 5 * MINUTE_NS);
    accepted(world, about(world, POLICE, KIND(CLARIFICATION), 0, request, POST));
    size_t before = entries_of(world, ENTRY(DEADLINE));
    world_pass(world, 50 * MINUTE_NS); // 25 of suspension, of which 20 before it was fetched
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), before + 1);
    clock_is(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline, 0, DEADLINE(ANSWER), FROM(ACCEPTANCE),
             WORLD_START + 85 * MINUTE_NS, false);
    world_pass(world, 10 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), before + 2);
    clock_is(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline, 0, DEADLINE(ANSWER), FROM(RETRIEVAL),
             WORLD_START + (30 + 60 + 5) * MINUTE_NS, false);
}

// The time for which it stood still is given back, whatever ends the pause.
static void an_answer_that_ends_a_pause_is_in_time_by_the_clock_that_stood_still(void **state)
{
    struct world *world = *state;
    struct letter *request = request_to(world, POST), *answer;
    world_pass(world, 10 * MINUTE_NS);
    accepted(world, about(world, POST, KIND(PROGRESS), OUTCOME(CLARIFICATION_ASKED), request, POLICE));
    world_pass(world, 20 * HOUR_NS);
    answer = about(world, POST, KIND(RESPONSE), OUTCOME(FULL), request, POLICE);
    accepted(world, answer);
    const Amana__V1__DeadlineEntry *met = world->model.entries[answer->seq + 1].content->deadline;
    assert_int_equal(met->n_clocks, 1);
    clock_is(met, 0, DEADLINE(ANSWER), FROM(ACCEPTANCE), WORLD_START + 21 * HOUR_NS, false);
}

static void a_date_of_its_own_is_met_by_that_alone_whenever_it_was_retrieved(void **state)
{
    struct world *world = *state;
    struct letter *request = letter_new(world, POLICE, KIND(REQUEST)), *answer;
    Google__Protobuf__Timestamp by = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    by.seconds = (int64_t)((world->now + 5 * HOUR_NS) / NS_PER_S);
    request->header.answer_by = &by;
    letter_to(world, request, POST, ACTION);
    accepted(world, request);
    accepted(world, about(world, POST, KIND(ACK), 0, request, POLICE));
    retrieves(world, POST, URI(POST, "d1"), request->seq);
    answer = about(world, POST, KIND(RESPONSE), OUTCOME(FULL), request, POLICE);
    accepted(world, answer);
    const Amana__V1__DeadlineEntry *met = world->model.entries[answer->seq + 1].content->deadline;
    assert_int_equal(met->n_clocks, 1);
    clock_is(met, 0, DEADLINE(ANSWER), FROM(ACCEPTANCE), WORLD_START + 5 * HOUR_NS, false);
}

static size_t clocks_at(const struct world *world, uint64_t subject, uint64_t from, uint64_t until)
{
    size_t n = 0;
    for (size_t i = 0; i < world->model.n_deadlines; i++) {
        const struct journal_deadline *row = &world->model.deadlines[i];
        n += row->kind == DEADLINE_CLOCKS && row->subject == subject && row->at >= from && row->at < until;
    }
    return n;
}

// The clock that it starts again is the request's; a CLARIFICATION asks for nothing itself.
static void what_starts_a_clock_again_has_no_row_at_it(void **state)
{
    struct world *world = *state;
    struct letter *request = request_to(world, POST), *clarification;
    world_pass(world, 10 * MINUTE_NS);
    retrieves(world, POST, URI(POST, "d1"), request->seq);
    world_pass(world, 45 * MINUTE_NS);
    accepted(world, about(world, POST, KIND(PROGRESS), OUTCOME(CLARIFICATION_ASKED), request, POLICE));
    world_pass(world, HOUR_NS);
    clarification = about(world, POLICE, KIND(CLARIFICATION), 0, request, POST);
    accepted(world, clarification);
    assert_int_equal(clocks_at(world, request->seq, world->now, world->now + 5 * MINUTE_NS + 1), 1);
    assert_int_equal(clocks_at(world, clarification->seq, world->now, world->now + 5 * MINUTE_NS + 1), 0);
}

static void a_clock_that_goes_on_past_the_end_of_its_request_has_no_row(void **state)
{
    struct world *world = *state;
    struct letter *request = letter_new(world, POLICE, KIND(REQUEST)), *clarification;
    letter_to(world, request, POST, ACTION);
    uint64_t end = world->now + 3 * HOUR_NS;
    request->retain_until.seconds = (int64_t)(end / NS_PER_S);
    accepted(world, request);
    accepted(world, about(world, POST, KIND(PROGRESS), OUTCOME(CLARIFICATION_ASKED), request, POLICE));
    world_pass(world, 150 * MINUTE_NS);
    clarification = about(world, POLICE, KIND(CLARIFICATION), 0, request, POST);
    accepted(world, clarification);
    assert_int_equal(clocks_at(world, request->seq, end, UINT64_MAX), 0);
}

static void an_ack_that_comes_while_a_deadline_is_looked_at_is_not_told_as_late(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    retrieves(world, POST, URI(POST, "d1"), alert->seq);
    world->now += 15 * MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world);
    struct letter *ack = world_answer(world, POST, KIND(ACK), alert, alert);
    letter_arrive(world, ack);
    world_check_one(world, 0); // the deadline: read before the ACK is there
    world_check_one(world, 0); // the ACK
    assert_int_equal(world->n_appends, 2);
    world_commit_one(world, 1); // is faster
    world_pump(world);
    assert_int_equal(ack->submission.work.reason, REASON_NONE);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
    assert_non_null(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline->met_by);
}

static void a_hit_tells_the_others_that_it_was_found_elsewhere(void **state)
{
    struct world *world = *state;
    struct letter *alert = letter_new(world, POLICE, KIND(ALERT)), *hit;
    letter_to(world, alert, POST, ACTION);
    letter_to(world, alert, LONELY, ACTION);
    accepted(world, alert);
    hit = about(world, POST, KIND(HIT), 0, alert, POLICE);
    accepted(world, hit);
    const struct model_entry *entry = entry_of(world, ENTRY(STATE), 0);
    assert_non_null(entry);
    assert_true(entry->content->state->found_elsewhere);
    assert_string_equal(entry->content->state->message->id, alert->header.id);
    assert_true(told(world, URI(LONELY, "d1"), entry));
    assert_false(told(world, URI(POST, "d1"), entry));
    assert_false(told(world, URI(POLICE, "d1"), entry)); // it has the HIT itself
    assert_int_equal(entries_of(world, ENTRY(STATE)), 1);
}

// Its finder had only the older version when it was found: the others go on looking all the same.
static void a_hit_that_crosses_an_update_is_told_to_the_others_and_one_after_the_end_is_not(void **state)
{
    struct world *world = *state;
    struct letter *alert = letter_new(world, POLICE, KIND(ALERT)), *newer, *end;
    letter_to(world, alert, POST, ACTION);
    letter_to(world, alert, LONELY, ACTION);
    accepted(world, alert);
    newer = letter_new(world, POLICE, KIND(UPDATE));
    letter_answers(newer, alert, alert);
    letter_supersedes(newer, alert);
    letter_to(world, newer, POST, ACTION);
    letter_to(world, newer, LONELY, ACTION);
    accepted(world, newer);
    accepted(world, about(world, POST, KIND(HIT), 0, alert, POLICE));
    assert_int_equal(entries_of(world, ENTRY(STATE)), 1);
    const struct model_entry *entry = entry_of(world, ENTRY(STATE), 0);
    assert_true(entry->content->state->found_elsewhere);
    assert_true(told(world, URI(LONELY, "d1"), entry));
    assert_false(told(world, URI(POST, "d1"), entry));
    end = letter_new(world, POLICE, KIND(CANCEL));
    letter_answers(end, alert, alert);
    end->header.outcome = AMANA__V1__OUTCOME__CODE__RESOLVED;
    letter_to(world, end, POST, ACTION);
    letter_to(world, end, LONELY, ACTION);
    accepted(world, end);
    accepted(world, about(world, POST, KIND(HIT), 0, newer, POLICE));
    assert_int_equal(entries_of(world, ENTRY(STATE)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(an_ack_in_time_is_an_entry_with_both_clocks),
        HUB_TEST(an_ack_between_its_clocks_is_late_by_one_of_them),
        HUB_TEST(an_answer_counts_as_the_acknowledgement_too),
        HUB_TEST(an_ack_does_not_count_as_the_answer),
        HUB_TEST(a_second_ack_meets_nothing),
        HUB_TEST(a_request_with_a_date_of_its_own_is_answered_by_that),
        HUB_TEST(the_answer_clock_of_a_suspended_request_stands_still),
        HUB_TEST(the_clock_from_retrieval_counts_no_time_that_the_other_stood_still_before_it),
        HUB_TEST(an_answer_that_ends_a_pause_is_in_time_by_the_clock_that_stood_still),
        HUB_TEST(a_date_of_its_own_is_met_by_that_alone_whenever_it_was_retrieved),
        HUB_TEST(what_starts_a_clock_again_has_no_row_at_it),
        HUB_TEST(a_clock_that_goes_on_past_the_end_of_its_request_has_no_row),
        HUB_TEST(an_ack_that_comes_while_a_deadline_is_looked_at_is_not_told_as_late),
        HUB_TEST(a_hit_tells_the_others_that_it_was_found_elsewhere),
        HUB_TEST(a_hit_that_crosses_an_update_is_told_to_the_others_and_one_after_the_end_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
