// SPDX-License-Identifier: Apache-2.0
// Deadlines at the hub, as transcripts on a clock of their own: what runs out, what is met, who is told; and random
// sequences against a model that looks at every clock at every step.
#include "tests/unit/hub_expect.h"

#include "proto/model/life.h"

#include <inttypes.h>
#include <stdio.h>

#define DEADLINE(name) AMANA__V1__DEADLINE_OF__CODE__##name
#define FROM(name)     AMANA__V1__CLOCK_FROM__CODE__##name

static struct letter *request_to(struct world *world, const char *to)
{
    struct letter *letter = letter_new(world, POLICE, KIND(REQUEST));
    letter_to(world, letter, to, ACTION);
    accepted(world, letter);
    return letter;
}

static void retrieves(struct world *world, const char *unit, const char *device, uint64_t seq)
{
    struct hub_retrieval retrieval = {.work = {.kind = HUB_WORK_RETRIEVAL, .identity = device, .unit = unit},
                                      .statement = {(const uint8_t *)"statement", 9},
                                      .signature = {(const uint8_t *)"signed", 6}};
    model_read_retrieval(&world->model, &retrieval, &seq, 1, NULL, 0);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &retrieval});
    world_pump(world);
    assert_int_equal(retrieval.work.reason, REASON_NONE);
}

// The n-th entry of a kind, from the last; NULL: there are fewer.
static const struct model_entry *entry_of(const struct world *world, uint8_t kind, size_t n)
{
    for (size_t i = world->model.n; i > 0; i--)
        if (world->model.entries[i - 1].kind == kind && n-- == 0)
            return &world->model.entries[i - 1];
    return NULL;
}

static size_t entries_of(const struct world *world, uint8_t kind)
{
    size_t n = 0;
    while (entry_of(world, kind, n) != NULL)
        n++;
    return n;
}

static bool told(struct world *world, const char *device, const struct model_entry *entry)
{
    const struct model_mailbox *box = model_mailbox(&world->model, device);
    for (size_t i = 0; i < box->n; i++)
        if (box->rows[i].seq == (uint64_t)(entry - world->model.entries) && box->rows[i].kind == JOURNAL_MAIL_NOTICE)
            return true;
    return false;
}

static void clock_is(const Amana__V1__DeadlineEntry *entry, size_t n, Amana__V1__DeadlineOf__Code what,
                     Amana__V1__ClockFrom__Code from, uint64_t due, bool late)
{
    assert_true(n < entry->n_clocks);
    assert_int_equal(entry->clocks[n]->what, what);
    assert_int_equal(entry->clocks[n]->from, from);
    assert_int_equal(entry->clocks[n]->due, due);
    assert_int_equal(entry->clocks[n]->late, late);
}

// --- Passed
static void an_alert_that_nobody_acknowledges_is_told_to_both_sides(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    retrieves(world, POST, URI(POST, "d1"), alert->seq);
    retrieves(world, SHELTER, URI(SHELTER, "d1"), alert->seq);
    world_pass(world, 15 * MINUTE_NS - 1);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 0);
    world_pass(world, 1);
    const struct model_entry *entry = entry_of(world, ENTRY(DEADLINE), 0);
    assert_non_null(entry);
    const Amana__V1__DeadlineEntry *deadline = entry->content->deadline;
    assert_string_equal(deadline->message->id, alert->header.id);
    assert_memory_equal(deadline->message->header_digest.data, alert->submission.header_digest, 32);
    assert_string_equal(deadline->recipient, POST);
    assert_null(deadline->met_by);
    assert_int_equal(entry->of, alert->seq);
    assert_string_equal(entry->cases[0], alert->header.case_ref);
    clock_is(deadline, 0, DEADLINE(ACK), FROM(ACCEPTANCE), WORLD_START + 15 * MINUTE_NS, false);
    assert_true(told(world, URI(POLICE, "d1"), entry));
    assert_true(told(world, URI(POLICE, "d2"), entry));
    assert_true(told(world, URI(POST, "d1"), entry));
    assert_false(told(world, URI(SHELTER, "d1"), entry)); // it has a copy: no clock
    assert_int_equal(model_life(&world->model, alert->seq, POST)->flags & LIFE_OVERDUE,
                     LIFE_PASSED(CLOCK_ACK) | LIFE_PASSED(CLOCK_ACK_RETRIEVED));
    assert_int_equal(model_life(&world->model, alert->seq, POST)->flags & LIFE_ESCALATED, 0);
}

static void what_has_passed_is_told_once_and_escalated_once(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    retrieves(world, POST, URI(POST, "d1"), alert->seq);
    retrieves(world, SHELTER, URI(SHELTER, "d1"), alert->seq);
    world_pass(world, 20 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
    world_pass(world, 9 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
    world_pass(world, MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 2);
    assert_true(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline->clocks[0]->again);
    assert_true(model_life(&world->model, alert->seq, POST)->flags & LIFE_ESCALATED);
    for (unsigned hour = 0; hour < 24; hour++)
        world_pass(world, HOUR_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 2);
}

static void mail_that_nobody_comes_for_is_told_to_its_sender(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    retrieves(world, SHELTER, URI(SHELTER, "d1"), alert->seq);
    world_pass(world, 15 * MINUTE_NS);
    const struct model_entry *entry = entry_of(world, ENTRY(NON_RETRIEVED), 0);
    assert_non_null(entry);
    assert_int_equal(entry->content->non_retrieved->n_recipients, 1);
    assert_string_equal(entry->content->non_retrieved->recipients[0], POST);
    assert_int_equal(entry->content->non_retrieved->due, WORLD_START + 15 * MINUTE_NS);
    assert_true(told(world, URI(POLICE, "d1"), entry));
    assert_false(told(world, URI(POST, "d1"), entry));
    world_pass(world, HOUR_NS);
    assert_int_equal(entries_of(world, ENTRY(NON_RETRIEVED)), 1);
    retrieves(world, POST, URI(POST, "d1"), alert->seq); // it may still be fetched
}

// What another hub is to take, as far as this one knows.
// The device that wrote it has it; a unit of one desk would be told for ever that nobody has come for it.
static void a_note_to_the_own_unit_waits_for_nobody_to_come(void **state)
{
    struct world *world = *state;
    struct letter *note = letter_new(world, POLICE, KIND(NOTE)), *other = letter_new(world, POLICE, KIND(NOTE));
    letter_to(world, note, POLICE, ACTION);
    letter_to(world, other, POST, ACTION);
    accepted(world, note);
    accepted(world, other);
    world_pass(world, 8 * 24 * HOUR_NS);
    assert_int_equal(entries_of(world, ENTRY(NON_RETRIEVED)), 1);
    assert_string_equal(entry_of(world, ENTRY(NON_RETRIEVED), 0)->content->non_retrieved->recipients[0], POST);
}

static void a_message_on_its_way_is_late_and_then_not_delivered_and_still_may_arrive(void **state)
{
    static const struct {
        Amana__V1__Urgency__Code urgency;
        uint64_t late, non_delivered;
    } TIMES[] = {
        {1, 15 * MINUTE_NS, HOUR_NS}, {2, HOUR_NS, 8 * HOUR_NS}, {3, 12 * HOUR_NS, DAY_NS}, {4, 12 * HOUR_NS, DAY_NS}};
    struct world *world = *state;
    for (size_t i = 0; i < AM_LEN(TIMES); i++) {
        struct letter *alert = letter_new(world, POLICE, KIND(ALERT));
        alert->header.urgency = TIMES[i].urgency;
        if (TIMES[i].urgency > 2)
            alert->header.urgency_reason = 0;
        letter_to(world, alert, POST, ACTION);
        accepted(world, alert);
        struct journal_delivery *delivery = &model_message_at(&world->model, alert->seq)->deliveries[0];
        delivery->state = AMANA__V1__DELIVERY_STATE__CODE__RELAYED;
        for (size_t j = 0; j < world->model.n_deadlines; j++) // where its row stands, had it begun so
            if (world->model.deadlines[j].subject == alert->seq)
                world->model.deadlines[j].at = world->now + TIMES[i].late;
        uint64_t begun = world->now;
        size_t late = entries_of(world, ENTRY(LATE)), missing = entries_of(world, ENTRY(NON_DELIVERED));
        world_pass(world, TIMES[i].late - 1);
        assert_int_equal(entries_of(world, ENTRY(LATE)), late);
        world_pass(world, 1);
        assert_int_equal(entries_of(world, ENTRY(LATE)), late + 1);
        assert_int_equal(entry_of(world, ENTRY(LATE), 0)->content->late->due, begun + TIMES[i].late);
        world_pass(world, TIMES[i].non_delivered - TIMES[i].late - 1);
        assert_int_equal(entries_of(world, ENTRY(NON_DELIVERED)), missing);
        world_pass(world, 1);
        const struct model_entry *entry = entry_of(world, ENTRY(NON_DELIVERED), 0);
        assert_int_equal(entries_of(world, ENTRY(NON_DELIVERED)), missing + 1);
        assert_string_equal(entry->content->non_delivered->recipients[0], POST);
        assert_true(told(world, URI(POLICE, "d1"), entry));
        assert_int_equal(delivery->state, AMANA__V1__DELIVERY_STATE__CODE__RELAYED);
        delivery->state = AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED;
    }
}

// The letter's deliveries, on their way to another hub since now.
static struct journal_delivery *on_their_way(struct world *world, const struct letter *letter)
{
    struct model_message *kept = model_message_at(&world->model, letter->seq);
    for (size_t i = 0; i < letter->header.n_recipients; i++)
        kept->deliveries[i].state = AMANA__V1__DELIVERY_STATE__CODE__RELAYED;
    return kept->deliveries;
}

static void late_is_told_before_not_delivered_when_both_have_passed(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    on_their_way(world, alert);
    world_pass(world, HOUR_NS); // at once: the hub was away
    const struct model_entry *late = entry_of(world, ENTRY(LATE), 0), *missing;
    missing = entry_of(world, ENTRY(NON_DELIVERED), 0);
    assert_non_null(late);
    assert_non_null(missing);
    assert_true(late < missing);
    assert_int_equal(entries_of(world, ENTRY(LATE)), 1);
    assert_int_equal(entries_of(world, ENTRY(NON_DELIVERED)), 1);
}

static void an_entry_for_several_recipients_has_the_earliest_of_their_times(void **state)
{
    struct world *world = *state;
    struct letter *alert = letter_new(world, POLICE, KIND(ALERT));
    letter_to(world, alert, POST, ACTION);
    letter_to(world, alert, SHELTER, COPY);
    accepted(world, alert);
    on_their_way(world, alert)[1].delivered_at += MINUTE_NS;
    world_pass(world, 16 * MINUTE_NS);
    const struct model_entry *late = entry_of(world, ENTRY(LATE), 0);
    assert_non_null(late);
    assert_int_equal(late->content->late->n_recipients, 2);
    assert_int_equal(late->content->late->due, WORLD_START + 15 * MINUTE_NS);
}

// An auditor opens what is of its country: the entry must hold no other's (rule 4).
static void what_has_not_reached_units_of_two_countries_is_an_entry_for_each(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_to(world, alert, LONELY, ACTION);
    letter_to(world, alert, SHELTER, COPY);
    accepted(world, alert);
    on_their_way(world, alert);
    world_pass(world, 2 * HOUR_NS);
    static const uint8_t KINDS[] = {ENTRY(LATE), ENTRY(NON_DELIVERED)};
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        assert_int_equal(entries_of(world, KINDS[i]), 2);
        const struct model_entry *ours = entry_of(world, KINDS[i], 1), *theirs = entry_of(world, KINDS[i], 0);
        assert_int_equal(ours->content->late->n_recipients, 2);
        assert_string_equal(ours->content->late->recipients[0], POST);
        assert_string_equal(ours->content->late->recipients[1], SHELTER);
        assert_int_equal(theirs->content->late->n_recipients, 1);
        assert_string_equal(theirs->content->late->recipients[0], LONELY);
        assert_true(told(world, URI(POLICE, "d1"), ours) && told(world, URI(POLICE, "d1"), theirs));
    }
}

static void the_clock_from_retrieval_runs_by_itself(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    world_pass(world, 10 * MINUTE_NS);
    retrieves(world, POST, URI(POST, "d1"), alert->seq);
    world_pass(world, 5 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
    clock_is(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline, 0, DEADLINE(ACK), FROM(ACCEPTANCE),
             WORLD_START + 15 * MINUTE_NS, false);
    world_pass(world, 10 * MINUTE_NS - 1);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
    world_pass(world, 1);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 2);
    clock_is(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline, 0, DEADLINE(ACK), FROM(RETRIEVAL),
             WORLD_START + 25 * MINUTE_NS, false);
}

static void one_retrieved_long_after_its_clock_ran_out_has_a_new_one(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    world_pass(world, 12 * HOUR_NS);
    size_t before = entries_of(world, ENTRY(DEADLINE));
    retrieves(world, POST, URI(POST, "d1"), alert->seq);
    world_pass(world, 15 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), before + 1);
    clock_is(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline, 0, DEADLINE(ACK), FROM(RETRIEVAL),
             WORLD_START + 12 * HOUR_NS + 15 * MINUTE_NS, false);
}

static void units_of_two_countries_are_told_each_by_an_entry_of_its_own_that_an_alert_has_expired(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_to(world, alert, LONELY, ACTION);
    accepted(world, alert);
    size_t before = entries_of(world, ENTRY(STATE));
    world_pass(world, 2 * DAY_NS);
    assert_int_equal(entries_of(world, ENTRY(STATE)), before + 2);
    const char *const units[] = {LONELY, POST}, *const devices[] = {URI(LONELY, "d1"), URI(POST, "d1")};
    for (size_t i = 0; i < 2; i++) { // from the last
        const struct model_entry *entry = entry_of(world, ENTRY(STATE), i);
        assert_int_equal(entry->content->state->n_moves, 1);
        assert_string_equal(entry->content->state->moves[0]->recipient, units[i]);
        assert_true(told(world, devices[i], entry));
        assert_false(told(world, devices[1 - i], entry));
        assert_true(told(world, URI(POLICE, "d1"), entry));
    }
}

static void an_alert_expires_by_the_clock_and_all_are_told(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    accepted(world, world_answer(world, POST, KIND(ACK), alert, alert));
    world_pass(world, 2 * DAY_NS);
    const struct model_entry *entry = entry_of(world, ENTRY(STATE), 0);
    assert_non_null(entry);
    assert_string_equal(entry->content->state->message->id, alert->header.id);
    assert_int_equal(entry->content->state->n_moves, 1);
    assert_string_equal(entry->content->state->moves[0]->recipient, POST);
    assert_int_equal(entry->content->state->moves[0]->from, LIFE(ACKNOWLEDGED));
    assert_int_equal(entry->content->state->moves[0]->to, LIFE(EXPIRED));
    assert_int_equal(model_life(&world->model, alert->seq, POST)->state, LIFE(EXPIRED));
    assert_int_equal(model_life(&world->model, alert->seq, POST)->state_at, entry->time_ns);
    assert_true(told(world, URI(POLICE, "d1"), entry));
    assert_true(told(world, URI(POST, "d1"), entry));
}

// The hub was away: its life moves once with each entry.
static void what_ran_out_before_an_alert_expired_is_told_before_that_and_by_itself(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    world_pass(world, 3 * DAY_NS);
    const struct model_entry *late = entry_of(world, ENTRY(DEADLINE), 0), *end = entry_of(world, ENTRY(STATE), 0);
    assert_non_null(late);
    assert_non_null(end);
    assert_true(late < end);
    assert_int_not_equal(late->size, end->size); // of the tree after its append
    assert_int_equal(end->content->state->moves[0]->from, LIFE(NEW));
    assert_int_equal(model_life(&world->model, alert->seq, POST)->state, LIFE(EXPIRED));
    assert_true(model_life(&world->model, alert->seq, POST)->flags & LIFE_PASSED(CLOCK_ACK));
}

static void an_update_gives_it_a_new_end(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *update;
    accepted(world, alert);
    world_pass(world, DAY_NS);
    update = world_answer(world, POLICE, KIND(UPDATE), alert, alert);
    letter_supersedes(update, alert);
    accepted(world, update);
    world_pass(world, DAY_NS + HOUR_NS);
    assert_int_equal(entries_of(world, ENTRY(STATE)), 0);
    world_pass(world, DAY_NS);
    assert_int_equal(entries_of(world, ENTRY(STATE)), 1);
    assert_string_equal(entry_of(world, ENTRY(STATE), 0)->content->state->message->id, alert->header.id);
}

static void who_is_asked_again_by_an_update_has_its_clock_and_not_the_old_one(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *update;
    accepted(world, alert);
    world_pass(world, 10 * MINUTE_NS);
    update = world_answer(world, POLICE, KIND(UPDATE), alert, alert);
    letter_supersedes(update, alert);
    accepted(world, update);
    world_pass(world, 10 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 0);
    world_pass(world, 5 * MINUTE_NS);
    assert_string_equal(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline->message->id, update->header.id);
}

static void a_cancel_that_nobody_acknowledges_is_late_too(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *cancel;
    accepted(world, alert);
    accepted(world, world_answer(world, POST, KIND(ACK), alert, alert));
    cancel = world_answer(world, POLICE, KIND(CANCEL), alert, alert);
    accepted(world, cancel);
    world_pass(world, 15 * MINUTE_NS);
    assert_string_equal(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline->message->id, cancel->header.id);
}

// --- Met
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

// --- Others
static void what_is_to_be_reviewed_is_its_originators_to_decide(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    at.seconds = (int64_t)((world->now + 30 * DAY_NS) / NS_PER_S);
    alert->header.review_at = &at;
    accepted(world, alert);
    world_pass(world, 29 * DAY_NS);
    world_pass(world, DAY_NS);
    const struct model_entry *entry = entry_of(world, ENTRY(DEADLINE), 0);
    clock_is(entry->content->deadline, 0, DEADLINE(REVIEW), FROM(UNSPECIFIED), WORLD_START + 30 * DAY_NS, false);
    assert_true(told(world, URI(POLICE, "d1"), entry));
    assert_false(told(world, URI(POST, "d1"), entry));
    world_pass(world, DAY_NS);
    assert_ptr_equal(entry_of(world, ENTRY(DEADLINE), 0), entry);
}

static void a_delivery_that_nobody_came_for_ends_with_its_message(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    retrieves(world, SHELTER, URI(SHELTER, "d1"), alert->seq);
    world_pass(world, 90 * DAY_NS);
    const struct model_message *kept = model_message_at(&world->model, alert->seq);
    assert_int_equal(kept->deliveries[0].state, AMANA__V1__DELIVERY_STATE__CODE__EXPIRED);
    assert_int_equal(kept->deliveries[1].state, AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED);
    const Amana__V1__StateEntry *entry = entry_of(world, ENTRY(STATE), 0)->content->state;
    assert_int_equal(entry->n_undelivered, 1);
    assert_string_equal(entry->undelivered[0], POST);
    assert_int_equal(world->model.n_deadlines, 0); // of this message; nothing is left to wait for
}

static void what_nobody_came_for_ends_by_an_entry_for_the_units_of_each_country(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_to(world, alert, LONELY, ACTION);
    letter_to(world, alert, SHELTER, COPY);
    accepted(world, alert);
    world_pass(world, 90 * DAY_NS);
    const struct model_message *kept = model_message_at(&world->model, alert->seq);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(kept->deliveries[i].state, AMANA__V1__DELIVERY_STATE__CODE__EXPIRED);
    const struct model_entry *ours = entry_of(world, ENTRY(STATE), 1), *theirs = entry_of(world, ENTRY(STATE), 0);
    assert_int_equal(ours->content->state->n_undelivered, 2);
    assert_string_equal(ours->content->state->undelivered[0], POST);
    assert_string_equal(ours->content->state->undelivered[1], SHELTER);
    assert_int_equal(theirs->content->state->n_undelivered, 1);
    assert_string_equal(theirs->content->state->undelivered[0], LONELY);
    assert_true(told(world, URI(LONELY, "d1"), theirs) && !told(world, URI(LONELY, "d1"), ours));
    assert_true(told(world, URI(POST, "d1"), ours) && !told(world, URI(POST, "d1"), theirs));
    assert_true(told(world, URI(POLICE, "d1"), ours) && told(world, URI(POLICE, "d1"), theirs));
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

static void supervisors_that_policy_names_are_told_of_what_passed(void **state)
{
    struct world *world = *state;
    struct policy *policy = calloc(1, sizeof *policy);
    policy->supervisors = calloc(1, sizeof *policy->supervisors);
    policy->n_supervisors = 1;
    strcpy(policy->supervisors[0].party, POLICE);
    strcpy(policy->supervisors[0].unit, COLLEAGUES);
    hub_set_policy(world->hub, policy);
    accepted(world, alert_to(world, POLICE, POST));
    world_pass(world, 15 * MINUTE_NS);
    assert_true(told(world, URI(COLLEAGUES, "d1"), entry_of(world, ENTRY(DEADLINE), 0)));
}

static void who_has_not_confirmed_an_erasure_in_time_is_told_to_the_dpo(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *erasure;
    world_grant(world, "ke/odpc/desk", "dpo", NULL, 0);
    world_roster(world, "ke/odpc/desk", 1, 1, 7);
    accepted(world, alert);
    erasure = world_answer(world, POLICE, KIND(ERASURE), alert, alert);
    accepted(world, erasure);
    world_pass(world, 7 * DAY_NS - HOUR_NS);
    size_t before = entries_of(world, ENTRY(DEADLINE));
    world_pass(world, HOUR_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), before + 1);
    const struct model_entry *entry = entry_of(world, ENTRY(DEADLINE), 0);
    clock_is(entry->content->deadline, 0, DEADLINE(ANSWER), FROM(ACCEPTANCE), WORLD_START + 7 * DAY_NS, false);
    assert_true(told(world, "amana://ke/odpc/desk/device/d1", entry));
    assert_false(told(world, "amana://ke/odpc/desk/device/d1", entry_of(world, ENTRY(DEADLINE), 1))); // an alert's
}

// Two lives of each recipient, of which one ends with a CONFIRM: all run out in one look, after the hub was away.
static void the_dpo_is_told_of_what_is_to_be_confirmed_and_of_nothing_that_ran_out_beside_it(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *cancel;
    static const char DPO[] = "amana://ke/odpc/desk/device/d1";
    size_t of_dpo = 0, others = 0;
    world_grant(world, "ke/odpc/desk", "dpo", NULL, 0);
    world_roster(world, "ke/odpc/desk", 1, 1, 7);
    letter_to(world, alert, LONELY, ACTION);
    accepted(world, alert);
    cancel = world_answer(world, POLICE, KIND(CANCEL), alert, alert);
    cancel->header.outcome = OUTCOME(SENT_IN_ERROR);
    accepted(world, cancel);
    world_pass(world, 7 * DAY_NS);
    for (size_t i = 0; i < entries_of(world, ENTRY(DEADLINE)); i++) {
        const struct model_entry *entry = entry_of(world, ENTRY(DEADLINE), i);
        bool confirm = entry->content->deadline->clocks[0]->what == DEADLINE(ANSWER);
        assert_int_equal(told(world, DPO, entry), confirm);
        of_dpo += confirm;
        others += !confirm;
    }
    assert_int_equal(of_dpo, 2);
    assert_true(others >= 2);
}

// --- Rows
static void a_message_costs_one_row_and_an_answer_in_time_none(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    assert_int_equal(world->model.n_deadlines, 1);
    accepted(world, world_answer(world, POST, KIND(ACK), alert, alert));
    assert_int_equal(world->model.n_deadlines, 2); // its own
}

// A hub that could not do without what such a row is about would look at it again each minute, for ever.
static void a_row_that_leads_to_nothing_goes_and_tells_nobody(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    retrieves(world, POST, URI(POST, "d1"), alert->seq);
    struct journal_deadline rows[] = {
        {.kind = DEADLINE_CLOCKS, .subject = world->model.n - 1}, // RETRIEVED: no message
        {.kind = DEADLINE_REVIEW, .subject = 1000},
        {.kind = DEADLINE_RELEASE, .subject = alert->seq}, // waits for nobody
        {.kind = DEADLINE_RING, .subject = alert->seq},
        {.kind = DEADLINE_KINDS, .subject = alert->seq},
        {.kind = 0, .subject = alert->seq},
    };
    const struct journal_append append = {.deadlines = rows, .n_deadlines = AM_LEN(rows), .time_ns = world->now};
    size_t entries = world->model.n, kept = world->model.n_deadlines;
    for (size_t i = 0; i < AM_LEN(rows); i++)
        rows[i].at = world->now + MINUTE_NS + i;
    assert_int_equal(model_commit(&world->model, &append).result, JOURNAL_DONE);
    assert_int_equal(world->model.n_deadlines, kept + AM_LEN(rows));
    world_restart(world);
    world_pass(world, 2 * MINUTE_NS);
    assert_int_equal(world->model.n_deadlines, kept);
    assert_int_equal(world->model.n, entries);
}

static void deadlines_go_on_after_a_restart(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    world_pass(world, 5 * MINUTE_NS);
    world_restart(world);
    world_pass(world, 10 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
    world_restart(world);
    world_pass(world, DAY_NS); // the hub was away for a day
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 2);
    assert_true(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline->clocks[0]->again);
}

static void what_finds_no_room_comes_again(void **state)
{
    struct world *world = *state;
    accepted(world, alert_to(world, POLICE, POST));
    world->model.no_room = true;
    world_pass(world, 15 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 0);
    world->model.no_room = false;
    world_pass(world, NS_PER_S);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 0); // a minute
    world_pass(world, MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
}

static void a_full_disk_keeps_no_deadline_from_being_told(void **state)
{
    struct world *world = *state;
    accepted(world, alert_to(world, POLICE, POST));
    world->model.full = true;
    world_pass(world, 15 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
}

// The hub was away, and is looking at what ran out twice over: its row goes, and must not take the new clock's with it.
static void a_retrieval_that_comes_while_a_deadline_is_looked_at_begins_its_clock(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    world->now += 31 * MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world);
    world_check_one(world, 0);
    world_commit_one(world, 0); // overdue; what has escalated by now follows at once
    assert_int_equal(world->n_checks, 1);
    world_check_one(world, 0);
    assert_int_equal(world->n_appends, 1);
    struct hub_retrieval retrieval = {
        .work = {.kind = HUB_WORK_RETRIEVAL, .identity = URI(POST, "d1"), .unit = POST},
        .statement = {(const uint8_t *)"statement", 9},
        .signature = {(const uint8_t *)"signed", 6},
    };
    model_read_retrieval(&world->model, &retrieval, &alert->seq, 1, NULL, 0);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &retrieval});
    assert_int_equal(world->n_appends, 2);
    world_commit_one(world, 1); // is faster
    world_pump(world);
    assert_int_equal(retrieval.work.reason, REASON_NONE);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 2);
    world_pass(world, 15 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 3);
    clock_is(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline, 0, DEADLINE(ACK), FROM(RETRIEVAL),
             WORLD_START + 46 * MINUTE_NS, false);
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

// By these a unit finds it in the log, and an auditor sees what is of its countries.
static void what_has_passed_is_an_entry_of_those_whom_it_is_about(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    retrieves(world, POST, URI(POST, "d1"), alert->seq);
    world->now += 15 * MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world);
    world_check_one(world, 0);
    const struct journal_append *append = world->appends[0];
    assert_int_equal(append->n_entries, 2);
    assert_int_equal(append->entries[0].kind, ENTRY(NON_RETRIEVED)); // by SHELTER
    assert_int_equal(append->entries[0].n_parties, 1);
    assert_string_equal(append->entries[0].parties[0], POLICE);
    assert_int_equal(append->entries[1].kind, ENTRY(DEADLINE)); // of POST
    assert_int_equal(append->entries[1].n_parties, 2);
    assert_string_equal(append->entries[1].parties[0], POLICE);
    assert_string_equal(append->entries[1].parties[1], POST);
    world_pump(world);
    letter_arrive(world, world_answer(world, POST, KIND(ACK), alert, alert));
    world_check_one(world, 0);
    append = world->appends[0];
    assert_int_equal(append->n_entries, 2);
    assert_int_equal(append->entries[1].kind, ENTRY(DEADLINE)); // is met, late
    assert_int_equal(append->entries[1].n_parties, 2);
    assert_string_equal(append->entries[1].parties[0], POST);
    assert_string_equal(append->entries[1].parties[1], POLICE);
    world_pump(world);
}

static void what_two_units_of_a_country_did_not_come_for_is_one_entry(void **state)
{
    struct world *world = *state;
    world_alert(world);
    world->now += 15 * MINUTE_NS - 1;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_pump(world);
    world->now += 1;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_check_one(world, 0);
    const struct journal_append *append = world->appends[0];
    assert_int_equal(append->n_entries, 2); // and POST's life
    for (size_t i = 0; i < append->n_entries; i++)
        assert_true(append->entries[i].content.len > 0);
    world_pump(world);
    assert_int_equal(entry_of(world, ENTRY(NON_RETRIEVED), 0)->content->non_retrieved->n_recipients, 2);
}

// Else nothing would destroy it.
static void what_is_to_go_before_its_first_clock_runs_out_goes(void **state)
{
    struct world *world = *state;
    struct letter *letter = letter_new(world, POLICE, KIND(NOTE));
    letter_to(world, letter, POST, ACTION);
    letter->retain_until.seconds = (int64_t)((world->now + 10 * MINUTE_NS) / NS_PER_S);
    accepted(world, letter);
    world_pass(world, 10 * MINUTE_NS);
    assert_true(model_message_at(&world->model, letter->seq)->erased);
    assert_int_equal(entries_of(world, ENTRY(ERASED)), 1);
}

static void the_hub_does_not_stop_over_a_deadline_that_is_looked_at(void **state)
{
    struct world *world = *state;
    accepted(world, alert_to(world, POLICE, POST));
    world->now += 15 * MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world);
    assert_int_equal(world->n_checks, 1);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "end"}});
    assert_int_equal(world->n_appends, 0);
    world_pump(world);
    assert_true(world->stopped);
    assert_int_equal(last_entry(world)->kind, ENTRY(STOP));
}

// --- Random sequences against a model that has no rows: at each step every clock of every message is looked at.
struct naive {
    struct world *world;
    uint64_t random;
};

static uint32_t chance(struct naive *naive, uint32_t below)
{
    naive->random ^= naive->random >> 12;
    naive->random ^= naive->random << 25;
    naive->random ^= naive->random >> 27;
    return (uint32_t)((naive->random * 2685821657736338717u) >> 33) % below;
}

// Nothing that has run out by now is left untold, in whatever order things came.
static void nothing_is_left(struct naive *naive)
{
    struct world *world = naive->world;
    for (uint64_t seq = 0; seq < world->model.n; seq++) {
        struct journal_deadline row = {.kind = DEADLINE_CLOCKS, .subject = seq, .at = 1};
        struct hub_due due = {.deadline = row};
        bool there = false;
        uint64_t first = UINT64_MAX;
        if (world->model.entries[seq].message == NULL)
            continue;
        for (size_t i = 0; i < world->model.n_deadlines; i++) {
            const struct journal_deadline *at = &world->model.deadlines[i];
            if (at->subject != seq || at->kind == DEADLINE_REVIEW)
                continue;
            due.deadline = *at;
            there = true;
            first = at->at < first ? at->at : first;
        }
        if (!there)
            continue; // beyond its retain_until
        model_read_due(&world->model, &due);
        uint64_t next = clock_next(&due.clocks);
        if (next != 0 && next <= world->now)
            fail_msg("a clock of %" PRIu64 " ran out at %" PRIu64 " and was not told at %" PRIu64, seq,
                     (uint64_t)((next - WORLD_START) / NS_PER_S), (uint64_t)((world->now - WORLD_START) / NS_PER_S));
        if (first > (next != 0 ? next : due.clocks.retain_until))
            fail_msg("the row of %" PRIu64 " is late: %" PRId64 ", and not %" PRId64 " or %" PRId64 "; now %" PRIu64,
                     seq, (int64_t)(first - WORLD_START) / (int64_t)NS_PER_S,
                     (int64_t)(next - WORLD_START) / (int64_t)NS_PER_S,
                     (int64_t)(due.clocks.retain_until - WORLD_START) / (int64_t)NS_PER_S,
                     (uint64_t)((world->now - WORLD_START) / NS_PER_S));
        assert_true(first > world->now);
    }
}

static void random_sequence(uint64_t seed)
{
    struct world *world = calloc(1, sizeof *world);
    struct naive naive = {world, seed * 2 + 1};
    static const unsigned ANSWERS[] = {KIND(ACK), KIND(PROGRESS), KIND(PROGRESS), KIND(CLARIFICATION), KIND(RESPONSE)};
    struct letter *roots[200];
    size_t n = 0;
    world_init(world, NULL);
    for (unsigned step = 0; step < 600; step++) {
        struct letter *letter = NULL;
        switch (chance(&naive, 8)) {
        case 0:
            if (n == AM_LEN(roots))
                break;
            letter = letter_new(world, POLICE, chance(&naive, 2) ? KIND(ALERT) : KIND(REQUEST));
            letter->header.urgency = 1 + chance(&naive, 4);
            if (letter->header.urgency > 2)
                letter->header.urgency_reason = 0;
            letter_to(world, letter, POST, ACTION);
            if (chance(&naive, 2))
                letter_to(world, letter, LONELY, ACTION);
            if (letter->header.kind == KIND(ALERT))
                letter->valid_until.seconds = letter->written_at.seconds + 60 + chance(&naive, 200000);
            letter->retain_until.seconds = letter->written_at.seconds + 200000 + chance(&naive, 900000);
            accepted(world, letter);
            roots[n++] = letter;
            break;
        case 1:
        case 2: {
            if (n == 0)
                break;
            const struct letter *root = roots[chance(&naive, (uint32_t)n)];
            if (root->header.kind == KIND(ALERT)) {
                (void)letter_send(world, world_answer(world, POST, KIND(ACK), root, root));
                break;
            }
            unsigned kind = ANSWERS[chance(&naive, AM_LEN(ANSWERS))];
            unsigned outcome = kind == KIND(PROGRESS) ? OUTCOME(IN_HAND) + chance(&naive, 3) : 0;
            if (kind == KIND(RESPONSE))
                outcome = OUTCOME(FULL);
            bool back = kind != KIND(CLARIFICATION);
            (void)letter_send(world, about(world, back ? POST : POLICE, kind, outcome, root, back ? POLICE : POST));
            break;
        }
        case 3: {
            const struct model_mailbox *box = model_mailbox(&world->model, URI(POST, "d1"));
            for (size_t i = 0; i < box->n; i++)
                if (box->rows[i].kind == JOURNAL_MAIL_MESSAGE && chance(&naive, 2)) {
                    retrieves(world, POST, URI(POST, "d1"), box->rows[i].seq);
                    break;
                }
            break;
        }
        case 4:
            if (chance(&naive, 10) == 0)
                world_restart(world);
            break;
        default: break;
        }
        world_pass(world, chance(&naive, 4) == 0 ? chance(&naive, 20000) * NS_PER_S : chance(&naive, 600) * NS_PER_S);
        nothing_is_left(&naive);
    }
    for (unsigned day = 0; day < 30; day++) {
        world_pass(world, DAY_NS);
        nothing_is_left(&naive);
    }
    assert_int_equal(world->model.n_deadlines, 0);
    world_clear(world);
    free(world);
}

static void random_sequences_leave_nothing_untold(void **state)
{
    const char *said = getenv("AMANA_SEED");
    uint64_t seed = said != NULL ? strtoull(said, NULL, 10) : (uint64_t)arc4random();
    print_message("seed %" PRIu64 " (AMANA_SEED=%" PRIu64 " repeats it)\n", seed, seed);
    for (uint64_t fixed = 1; fixed <= 5; fixed++)
        random_sequence(fixed);
    random_sequence(seed);
}

// A million that lie far ahead, as the journal has them: what the hub keeps of them.
static void a_deadline_that_is_looked_at_while_the_hub_stops_is_told_at_its_next_start(void **state)
{
    struct world *world = *state;
    accepted(world, alert_to(world, POLICE, POST));
    world->now += 15 * MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world);
    assert_int_equal(world->n_checks, 1);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "end"}});
    world_pump(world);
    assert_true(world->stopped);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 0);
    world_restart(world);
    world_pass(world, NS_PER_S);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
}

static void only_the_next_hour_is_read(void **state)
{
    struct world *world = *state;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    assert_true(world->reading);
    assert_int_equal(world->read_until, world->now + HOUR_NS);
    world_read(world);
    for (unsigned minute = 0; minute < 29; minute++) {
        world->now += MINUTE_NS;
        world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
        assert_false(world->reading);
    }
    world->now += 2 * MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    assert_true(world->reading);
    assert_int_equal(world->read_after.at, WORLD_START + HOUR_NS);
    assert_int_equal(world->read_until, world->now + HOUR_NS);
}

static void more_than_one_reading_holds_are_read_one_after_the_other(void **state)
{
    struct world *world = *state;
    struct journal_deadline *rows = calloc(HUB_DEADLINES_READ, sizeof *rows);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    for (size_t i = 0; i < HUB_DEADLINES_READ; i++)
        rows[i] = (struct journal_deadline){
            .kind = DEADLINE_CLOCKS, .subject = 1000000 + i, .at = world->now + MINUTE_NS + i / 2};
    world->reading = false;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_DEADLINES, .deadlines = {rows, HUB_DEADLINES_READ, AM_OK}});
    assert_true(world->reading);
    assert_int_equal(world->read_after.subject, rows[HUB_DEADLINES_READ - 1].subject);
    assert_int_equal(world->read_after.at, rows[HUB_DEADLINES_READ - 1].at);
    free(rows);
}

// A busy hour: what comes later than what is held is left in the journal, and read when its time has come.
static void more_than_the_hub_holds_is_left_in_the_journal_and_lost_by_nobody(void **state)
{
    struct world *world = *state;
    const struct journal_deadline *row;
    size_t n = 17u * HUB_DEADLINES_READ, taken = 0;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world); // nothing: the next hour is known
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert); // its row, and as many others as no hour has
    for (size_t i = 0; i < n; i++) {
        struct journal_deadline more = {
            .kind = DEADLINE_REVIEW, .subject = 1000000 + i, .at = world->now + MINUTE_NS + i};
        world->model.deadlines =
            reallocarray(world->model.deadlines, world->model.n_deadlines + 1, sizeof *world->model.deadlines);
        world->model.deadlines_room = ++world->model.n_deadlines;
        world->model.deadlines[world->model.n_deadlines - 1] = more;
    }
    world_restart(world);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    for (; world->reading; taken++)
        world_read(world);
    assert_int_equal(taken, 4); // and no more for now
    row = &world->read_after;
    assert_true(row->at < world->now + MINUTE_NS + n);
    world_pass(world, 2 * MINUTE_NS); // they are about nothing that is there: each goes, none stays
    assert_int_equal(world->model.n_deadlines, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(an_alert_that_nobody_acknowledges_is_told_to_both_sides),
        HUB_TEST(what_has_passed_is_told_once_and_escalated_once),
        HUB_TEST(mail_that_nobody_comes_for_is_told_to_its_sender),
        HUB_TEST(a_note_to_the_own_unit_waits_for_nobody_to_come),
        HUB_TEST(a_message_on_its_way_is_late_and_then_not_delivered_and_still_may_arrive),
        HUB_TEST(late_is_told_before_not_delivered_when_both_have_passed),
        HUB_TEST(an_entry_for_several_recipients_has_the_earliest_of_their_times),
        HUB_TEST(what_has_not_reached_units_of_two_countries_is_an_entry_for_each),
        HUB_TEST(the_clock_from_retrieval_runs_by_itself),
        HUB_TEST(one_retrieved_long_after_its_clock_ran_out_has_a_new_one),
        HUB_TEST(an_alert_expires_by_the_clock_and_all_are_told),
        HUB_TEST(units_of_two_countries_are_told_each_by_an_entry_of_its_own_that_an_alert_has_expired),
        HUB_TEST(an_update_gives_it_a_new_end),
        HUB_TEST(who_is_asked_again_by_an_update_has_its_clock_and_not_the_old_one),
        HUB_TEST(a_cancel_that_nobody_acknowledges_is_late_too),
        HUB_TEST(an_ack_in_time_is_an_entry_with_both_clocks),
        HUB_TEST(an_ack_between_its_clocks_is_late_by_one_of_them),
        HUB_TEST(an_answer_counts_as_the_acknowledgement_too),
        HUB_TEST(an_ack_does_not_count_as_the_answer),
        HUB_TEST(a_second_ack_meets_nothing),
        HUB_TEST(a_request_with_a_date_of_its_own_is_answered_by_that),
        HUB_TEST(the_answer_clock_of_a_suspended_request_stands_still),
        HUB_TEST(the_clock_from_retrieval_counts_no_time_that_the_other_stood_still_before_it),
        HUB_TEST(what_is_to_be_reviewed_is_its_originators_to_decide),
        HUB_TEST(a_delivery_that_nobody_came_for_ends_with_its_message),
        HUB_TEST(what_nobody_came_for_ends_by_an_entry_for_the_units_of_each_country),
        HUB_TEST(a_hit_tells_the_others_that_it_was_found_elsewhere),
        HUB_TEST(supervisors_that_policy_names_are_told_of_what_passed),
        HUB_TEST(who_has_not_confirmed_an_erasure_in_time_is_told_to_the_dpo),
        HUB_TEST(a_message_costs_one_row_and_an_answer_in_time_none),
        HUB_TEST(a_row_that_leads_to_nothing_goes_and_tells_nobody),
        HUB_TEST(deadlines_go_on_after_a_restart),
        HUB_TEST(what_finds_no_room_comes_again),
        HUB_TEST(a_full_disk_keeps_no_deadline_from_being_told),
        HUB_TEST(a_retrieval_that_comes_while_a_deadline_is_looked_at_begins_its_clock),
        HUB_TEST(a_deadline_that_is_looked_at_while_the_hub_stops_is_told_at_its_next_start),
        HUB_TEST(what_ran_out_before_an_alert_expired_is_told_before_that_and_by_itself),
        HUB_TEST(the_dpo_is_told_of_what_is_to_be_confirmed_and_of_nothing_that_ran_out_beside_it),
        HUB_TEST(an_ack_that_comes_while_a_deadline_is_looked_at_is_not_told_as_late),
        HUB_TEST(what_has_passed_is_an_entry_of_those_whom_it_is_about),
        HUB_TEST(what_two_units_of_a_country_did_not_come_for_is_one_entry),
        HUB_TEST(what_is_to_go_before_its_first_clock_runs_out_goes),
        HUB_TEST(the_hub_does_not_stop_over_a_deadline_that_is_looked_at),
        HUB_TEST(only_the_next_hour_is_read),
        HUB_TEST(more_than_one_reading_holds_are_read_one_after_the_other),
        HUB_TEST(more_than_the_hub_holds_is_left_in_the_journal_and_lost_by_nobody),
        cmocka_unit_test(random_sequences_leave_nothing_untold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
