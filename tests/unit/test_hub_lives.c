// SPDX-License-Identifier: Apache-2.0
// The life of an alert at the hub, as transcripts: who moves it, what crosses, what is refused, who must be told.
#include "tests/sim/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACTION AMANA__V1__PART__CODE__ACTION
#define COPY   AMANA__V1__PART__CODE__COPY

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world_init(world, NULL);
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_clear(*state);
    free(*state);
    return 0;
}

static const struct model_entry *last(const struct world *world)
{
    return &world->model.entries[world->model.n - 1];
}

static void accepted(struct world *world, struct letter *letter)
{
    assert_string_equal(reason_name(letter_send(world, letter)), "NONE");
}

static void refused(struct world *world, struct letter *letter, enum reason reason, const char *field)
{
    assert_string_equal(reason_name(letter_send(world, letter)), reason_name(reason));
    assert_string_equal(letter->submission.work.detail.field, field);
    assert_int_equal(last(world)->kind, AMANA__V1__ENTRY_KIND__CODE__REJECTED);
}

static void forbidden(struct world *world, struct letter *letter, const char *field, const char *life,
                      const char *moves)
{
    refused(world, letter, REASON_STATE_FORBIDS, field);
    assert_string_equal(letter->submission.work.state, life);
    assert_string_equal(letter->submission.work.moves, moves);
}

static void lives_as(struct world *world, const struct letter *root, const char *unit, uint8_t life)
{
    const struct journal_life *row = model_life(&world->model, root->seq, unit);
    assert_non_null(row);
    assert_string_equal(life_state_name(row->state), life_state_name(life));
}

static struct letter *ack(struct world *world, const struct letter *answered, const struct letter *root)
{
    return world_answer(world, POST, KIND(ACK), answered, root);
}

static struct letter *update(struct world *world, const struct letter *newest, const struct letter *root)
{
    struct letter *letter = world_answer(world, POLICE, KIND(UPDATE), root, root);
    letter_supersedes(letter, newest);
    return letter;
}

static struct letter *cancel(struct world *world, const struct letter *root)
{
    return world_answer(world, POLICE, KIND(CANCEL), root, root);
}

static void crossed(struct world *world, struct letter *letter)
{
    accepted(world, letter);
    assert_true(last(world)->content->submitted->crossed);
    assert_int_equal(last(world)->content->submitted->n_moves, 0);
}

// --- Birth
static void an_alert_begins_one_life_for_each_recipient_who_shall_act(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    const struct journal_life *life = model_life(&world->model, alert->seq, POST);
    assert_int_equal(life->state, LIFE(NEW));
    assert_int_equal(life->state_at, world->now);
    assert_int_equal(life->clock_seq, alert->seq);
    assert_int_equal(life->ack_due, world->now + 15 * MINUTE_NS);
    assert_int_equal(life->answer_due, 0);
    assert_string_equal(life->officer, "");
    assert_null(model_life(&world->model, alert->seq, SHELTER)); // a COPY
}

static void its_clock_is_that_of_its_urgency(void **state)
{
    struct world *world = *state;
    static const uint64_t DUE[] = {0, 15 * MINUTE_NS, HOUR_NS, 4 * HOUR_NS, 24 * HOUR_NS};
    for (int urgency = 1; urgency <= 4; urgency++) {
        struct letter *alert = letter_new(world, POLICE, KIND(ALERT));
        letter_to(world, alert, POST, ACTION);
        alert->header.urgency = (Amana__V1__Urgency__Code)urgency;
        if (urgency > 2)
            alert->header.urgency_reason = 0;
        accepted(world, alert);
        assert_int_equal(model_life(&world->model, alert->seq, POST)->ack_due, world->now + DUE[urgency]);
    }
}

static void its_chain_begins_with_itself(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    const struct model_message *root = model_message_at(&world->model, alert->seq);
    assert_true(root->has_chain);
    assert_int_equal(root->chain.newest, alert->seq);
    assert_int_equal(root->chain.clock, alert->seq);
    assert_int_equal(root->chain.valid_until, world->now + 2 * DAY_NS);
    assert_int_equal(root->chain.urgency, 1);
    assert_false(root->chain.cancelled);
}

// --- ACK
static void an_ack_moves_the_life_and_names_the_officer(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer;
    world->now += 3 * MINUTE_NS;
    answer = ack(world, alert, alert);
    accepted(world, answer);
    const struct journal_life *life = model_life(&world->model, alert->seq, POST);
    assert_int_equal(life->state, LIFE(ACKNOWLEDGED));
    assert_int_equal(life->state_at, world->now);
    assert_string_equal(life->officer, "amana://" POST "/officer/o1");
    assert_int_equal(life->ack_due, WORLD_START + 15 * MINUTE_NS);
}

static void the_entry_of_an_answer_names_the_move(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    accepted(world, ack(world, alert, alert));
    const Amana__V1__SubmittedEntry *entry = last(world)->content->submitted;
    assert_int_equal(entry->n_moves, 1);
    assert_string_equal(entry->moves[0]->root->id, alert->header.id);
    assert_memory_equal(entry->moves[0]->root->header_digest.data, alert->submission.header_digest, 32);
    assert_string_equal(entry->moves[0]->recipient, POST);
    assert_int_equal(entry->moves[0]->from, LIFE(NEW));
    assert_int_equal(entry->moves[0]->to, LIFE(ACKNOWLEDGED));
    assert_int_equal(model_message_at(&world->model, world->model.n - 1)->root, alert->seq);
}

static void a_later_ack_names_a_new_officer(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *second = ack(world, alert, alert);
    accepted(world, ack(world, alert, alert));
    second->header.officer = (char *)"amana://" POST "/officer/o2";
    accepted(world, second);
    lives_as(world, alert, POST, LIFE(ACKNOWLEDGED));
    assert_string_equal(model_life(&world->model, alert->seq, POST)->officer, "amana://" POST "/officer/o2");
}

static void an_answer_needs_no_grant_towards_those_it_answers(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer = ack(world, alert, alert);
    letter_to(world, answer, SHELTER, COPY); // POST has a grant towards POLICE alone
    accepted(world, answer);
}

static void an_answer_needs_a_grant_towards_others(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer = ack(world, alert, alert);
    letter_to(world, answer, LONELY, COPY);
    refused(world, answer, REASON_NOT_PERMITTED, "recipients[1].unit");
}

static void no_purpose_stands_in_the_way_of_an_answer(void **state)
{
    struct world *world = *state;
    struct letter *alert = letter_new(world, POLICE, KIND(ALERT));
    letter_to(world, alert, SHELTER, ACTION);
    alert->header.purpose = AMANA__V1__PURPOSE__CODE__PROTECTION;
    accepted(world, alert);
    accepted(world, world_answer(world, SHELTER, KIND(ACK), alert, alert)); // back to police
}

static void an_answer_goes_back_to_the_one_it_answers(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer = letter_new(world, POST, KIND(ACK));
    letter_answers(answer, alert, alert);
    letter_to(world, answer, SHELTER, COPY);
    refused(world, answer, REASON_FIELD_INVALID, "recipients");
}

static void who_has_a_copy_does_not_acknowledge(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    refused(world, world_answer(world, SHELTER, KIND(ACK), alert, alert), REASON_NOT_PERMITTED, "in_reply_to");
}

static void who_has_no_part_in_it_answers_as_if_it_were_not_there(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *other = world_answer(world, CHILD_DESK, KIND(ACK), alert, alert);
    refused(world, other, REASON_NOT_PERMITTED, "in_reply_to");
    struct letter *none = world_answer(world, CHILD_DESK, KIND(ACK), alert, alert);
    none->in_reply_to.id = (char *)"01936f3a-7c4e-7d2b-8a51-0000000eeeee";
    refused(world, none, REASON_NOT_PERMITTED, "in_reply_to");
    assert_string_equal(other->submission.work.detail.text, none->submission.work.detail.text);
}

static void the_originator_does_not_acknowledge_its_own_alert(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    refused(world, world_answer(world, POLICE, KIND(ACK), alert, alert), REASON_NOT_PERMITTED, "in_reply_to");
}

static void an_ack_of_an_ack_is_no_answer(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer = ack(world, alert, alert);
    accepted(world, answer);
    struct letter *again = world_answer(world, POLICE, KIND(ACK), answer, alert);
    refused(world, again, REASON_FIELD_INVALID, "in_reply_to");
}

static void an_answer_carries_what_its_root_says(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer;
    answer = ack(world, alert, alert);
    answer->header.status = AMANA__V1__STATUS__CODE__EXERCISE;
    refused(world, answer, REASON_FIELD_INVALID, "status");
    answer = ack(world, alert, alert);
    answer->header.case_ref = (char *)"ke/dci/2026/9";
    refused(world, answer, REASON_FIELD_INVALID, "case_ref");
    answer = ack(world, alert, alert);
    answer->header.purpose = AMANA__V1__PURPOSE__CODE__PROSECUTION;
    refused(world, answer, REASON_PURPOSE_MISMATCH, "purpose");
    answer = ack(world, alert, alert);
    answer->header.legal_basis = AMANA__V1__LEGAL_BASIS__CODE__PALERMO_PROTOCOL;
    refused(world, answer, REASON_FIELD_INVALID, "legal_basis");
    answer = ack(world, alert, alert);
    answer->retain_until.seconds++;
    refused(world, answer, REASON_FIELD_INVALID, "retain_until");
    answer = ack(world, alert, alert);
    answer->header.classification = AMANA__V1__CLASSIFICATION__CODE__BASIC;
    refused(world, answer, REASON_FIELD_INVALID, "classification");
    lives_as(world, alert, POST, LIFE(NEW));
}

// --- UPDATE
static void an_update_asks_everybody_anew(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next;
    accepted(world, ack(world, alert, alert));
    world->now += HOUR_NS;
    next = update(world, alert, alert);
    next->header.urgency = AMANA__V1__URGENCY__CODE__U2;
    accepted(world, next);
    const struct journal_life *life = model_life(&world->model, alert->seq, POST);
    const struct model_message *root = model_message_at(&world->model, alert->seq);
    assert_int_equal(life->state, LIFE(NEW));
    assert_int_equal(life->clock_seq, next->seq);
    assert_int_equal(life->ack_due, world->now + HOUR_NS);
    assert_int_equal(root->chain.newest, next->seq);
    assert_int_equal(root->chain.clock, next->seq);
    assert_int_equal(root->chain.urgency, 2);
    assert_int_equal(root->chain.valid_until, world->now + 2 * DAY_NS);
}

static void an_update_supersedes_the_newest_version(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *second = update(world, alert, alert);
    accepted(world, second);
    forbidden(world, update(world, alert, alert), "supersedes", "NEW", "UPDATE, CANCEL, HIT, CANNOT_EXECUTE, ACK");
    accepted(world, update(world, second, alert));
}

static void an_update_goes_to_all_who_had_it_with_the_same_part(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *fewer = update(world, alert, alert);
    fewer->header.n_recipients = 1;
    refused(world, fewer, REASON_FIELD_INVALID, "recipients");
    struct letter *other = update(world, alert, alert);
    other->recipients[1]->part = ACTION;
    refused(world, other, REASON_FIELD_INVALID, "recipients");
    lives_as(world, alert, POST, LIFE(NEW));
}

static void an_update_may_add_recipients_with_a_grant(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next = update(world, alert, alert);
    letter_to(world, next, LONELY, ACTION);
    accepted(world, next);
    lives_as(world, alert, LONELY, LIFE(NEW));
    struct letter *further = update(world, next, alert); // and then they stay
    letter_to(world, further, LONELY, ACTION);
    accepted(world, further);
    struct letter *stranger = update(world, further, alert);
    letter_to(world, stranger, LONELY, ACTION);
    letter_to(world, stranger, STRANGER, COPY);
    refused(world, stranger, REASON_NOT_PERMITTED, "recipients[3].unit");
}

static void who_was_added_still_hears_of_it_when_the_grant_has_gone(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next = update(world, alert, alert), *third, *stop;
    char *fewer[] = {(char *)"et/*/*"};
    letter_to(world, next, LONELY, ACTION);
    accepted(world, next);
    world_grant(world, POLICE, "unit", fewer, 1);
    third = update(world, next, alert);
    letter_to(world, third, LONELY, ACTION);
    accepted(world, third);
    stop = cancel(world, alert);
    letter_to(world, stop, LONELY, ACTION);
    accepted(world, stop);
    struct letter *fresh = letter_new(world, POLICE, KIND(ALERT));
    letter_to(world, fresh, LONELY, ACTION);
    refused(world, fresh, REASON_NOT_PERMITTED, "recipients[0].unit");
}

static void who_was_added_acknowledges_the_update(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next = update(world, alert, alert);
    letter_to(world, next, LONELY, ACTION);
    accepted(world, next);
    accepted(world, world_answer(world, LONELY, KIND(ACK), next, alert));
    lives_as(world, alert, LONELY, LIFE(ACKNOWLEDGED));
    lives_as(world, alert, POST, LIFE(NEW));
    const Amana__V1__Move *move = last(world)->content->submitted->moves[0];
    assert_string_equal(move->root->id, alert->header.id); // the root, though the UPDATE is answered
    assert_memory_equal(move->root->header_digest.data, alert->submission.header_digest, 32);
}

static void only_the_originator_updates(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *foreign = world_answer(world, POST, KIND(UPDATE), alert, alert);
    letter_supersedes(foreign, alert);
    refused(world, foreign, REASON_NOT_PERMITTED, "supersedes");
    struct letter *other = world_answer(world, POST, KIND(CANCEL), alert, alert);
    refused(world, other, REASON_NOT_PERMITTED, "in_reply_to");
}

static void an_ack_of_the_version_before_crosses(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next = update(world, alert, alert);
    accepted(world, next);
    crossed(world, ack(world, alert, alert));
    lives_as(world, alert, POST, LIFE(NEW));
    accepted(world, ack(world, next, alert));
    lives_as(world, alert, POST, LIFE(ACKNOWLEDGED));
}

// --- CANCEL
static void a_cancel_begins_a_clock_at_the_alerts_urgency(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *stop;
    world->now += HOUR_NS;
    stop = cancel(world, alert);
    stop->header.urgency = AMANA__V1__URGENCY__CODE__U4;
    stop->header.urgency_reason = 0;
    accepted(world, stop);
    const struct journal_life *life = model_life(&world->model, alert->seq, POST);
    assert_int_equal(life->state, LIFE(STOPPING));
    assert_int_equal(life->clock_seq, stop->seq);
    assert_int_equal(life->ack_due, world->now + 15 * MINUTE_NS);
    assert_true(model_message_at(&world->model, alert->seq)->chain.cancelled);
}

static void stopped_is_who_acknowledged_the_cancel(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *stop = cancel(world, alert);
    accepted(world, stop);
    crossed(world, ack(world, alert, alert)); // nobody is recorded as having stopped who never saw the CANCEL
    lives_as(world, alert, POST, LIFE(STOPPING));
    accepted(world, ack(world, stop, alert));
    lives_as(world, alert, POST, LIFE(STOPPED));
    forbidden(world, ack(world, stop, alert), "in_reply_to", "STOPPED", "none");
}

static void a_cancelled_alert_is_neither_updated_nor_cancelled_again(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    accepted(world, cancel(world, alert));
    forbidden(world, update(world, alert, alert), "in_reply_to", "STOPPING", "ACK");
    forbidden(world, cancel(world, alert), "in_reply_to", "STOPPING", "ACK");
}

static void a_cancel_goes_to_those_who_have_the_alert_and_no_others(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *fewer = cancel(world, alert), *more;
    fewer->header.n_recipients = 1;
    refused(world, fewer, REASON_FIELD_INVALID, "recipients");
    more = cancel(world, alert);
    letter_to(world, more, LONELY, COPY);
    refused(world, more, REASON_FIELD_INVALID, "recipients");
}

static void a_cancel_goes_to_those_of_the_newest_version(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next = update(world, alert, alert);
    letter_to(world, next, LONELY, ACTION);
    accepted(world, next);
    refused(world, cancel(world, alert), REASON_FIELD_INVALID, "recipients");
    struct letter *stop = cancel(world, alert);
    letter_to(world, stop, LONELY, ACTION);
    accepted(world, stop);
    lives_as(world, alert, LONELY, LIFE(STOPPING));
    lives_as(world, alert, POST, LIFE(STOPPING));
}

// --- Expiry
static void an_expired_alert_is_not_moved_but_its_ack_is_taken(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    world->now += 2 * DAY_NS;
    crossed(world, ack(world, alert, alert));
    lives_as(world, alert, POST, LIFE(NEW)); // judged from valid_until: nothing is written
    forbidden(world, update(world, alert, alert), "in_reply_to", "EXPIRED", "none");
    forbidden(world, cancel(world, alert), "in_reply_to", "EXPIRED", "none");
}

static void a_clock_that_steps_back_makes_no_expired_alert_live(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer;
    world->now += 2 * DAY_NS;
    (void)world_alert(world); // the log has seen that time
    world->now -= HOUR_NS;
    answer = ack(world, alert, alert);
    crossed(world, answer);
}

static void an_update_before_it_expires_gives_it_a_time_of_its_own(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next;
    world->now += 2 * DAY_NS - 1;
    next = update(world, alert, alert);
    accepted(world, next);
    world->now += DAY_NS;
    accepted(world, ack(world, next, alert));
    lives_as(world, alert, POST, LIFE(ACKNOWLEDGED));
}

static void who_saw_the_cancel_stops_even_after_the_alert_would_have_expired(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *stop = cancel(world, alert);
    accepted(world, stop);
    world->now += 3 * DAY_NS;
    accepted(world, ack(world, stop, alert));
    lives_as(world, alert, POST, LIFE(STOPPED));
}

// --- Two in flight
static void two_answers_in_flight_do_not_both_move_one_life(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *stop = cancel(world, alert), *answer = ack(world, alert, alert);
    letter_arrive(world, stop);
    letter_arrive(world, answer);
    world_check_one(world, 0);
    world_check_one(world, 0);
    assert_int_equal(world->n_appends, 2); // both were decided on NEW
    world_pump(world);
    assert_int_equal(stop->submission.work.reason, REASON_NONE);
    assert_int_equal(answer->submission.work.reason, REASON_NONE);
    lives_as(world, alert, POST, LIFE(STOPPING));
    assert_true(last(world)->content->submitted->crossed);
}

static void of_two_updates_in_flight_one_is_refused(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *one = update(world, alert, alert), *two = update(world, alert, alert);
    letter_arrive(world, one);
    letter_arrive(world, two);
    world_pump(world);
    assert_int_equal(one->submission.work.reason, REASON_NONE);
    assert_int_equal(two->submission.work.reason, REASON_STATE_FORBIDS);
    assert_int_equal(model_message_at(&world->model, alert->seq)->chain.newest, one->seq);
}

static void a_conflict_that_does_not_end_is_answered_busy(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer = ack(world, alert, alert);
    unsigned rounds = 0;
    letter_arrive(world, answer);
    while (answer->replies == 0) {
        world_check_one(world, 0);
        model_message_at(&world->model, alert->seq)->lives[0].version++; // somebody is always faster
        world_commit_one(world, 0);
        assert_true(++rounds < 100);
    }
    assert_int_equal(answer->submission.work.reason, REASON_BUSY);
    assert_true(answer->submission.work.retry_ns > 0);
    assert_int_equal(world->n_appends, 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_alert_begins_one_life_for_each_recipient_who_shall_act),
        T(its_clock_is_that_of_its_urgency),
        T(its_chain_begins_with_itself),
        T(an_ack_moves_the_life_and_names_the_officer),
        T(the_entry_of_an_answer_names_the_move),
        T(a_later_ack_names_a_new_officer),
        T(an_answer_needs_no_grant_towards_those_it_answers),
        T(an_answer_needs_a_grant_towards_others),
        T(no_purpose_stands_in_the_way_of_an_answer),
        T(an_answer_goes_back_to_the_one_it_answers),
        T(who_has_a_copy_does_not_acknowledge),
        T(who_has_no_part_in_it_answers_as_if_it_were_not_there),
        T(the_originator_does_not_acknowledge_its_own_alert),
        T(an_ack_of_an_ack_is_no_answer),
        T(an_answer_carries_what_its_root_says),
        T(an_update_asks_everybody_anew),
        T(an_update_supersedes_the_newest_version),
        T(an_update_goes_to_all_who_had_it_with_the_same_part),
        T(an_update_may_add_recipients_with_a_grant),
        T(who_was_added_still_hears_of_it_when_the_grant_has_gone),
        T(who_was_added_acknowledges_the_update),
        T(only_the_originator_updates),
        T(an_ack_of_the_version_before_crosses),
        T(a_cancel_begins_a_clock_at_the_alerts_urgency),
        T(stopped_is_who_acknowledged_the_cancel),
        T(a_cancelled_alert_is_neither_updated_nor_cancelled_again),
        T(a_cancel_goes_to_those_who_have_the_alert_and_no_others),
        T(a_cancel_goes_to_those_of_the_newest_version),
        T(an_expired_alert_is_not_moved_but_its_ack_is_taken),
        T(a_clock_that_steps_back_makes_no_expired_alert_live),
        T(an_update_before_it_expires_gives_it_a_time_of_its_own),
        T(who_saw_the_cancel_stops_even_after_the_alert_would_have_expired),
        T(two_answers_in_flight_do_not_both_move_one_life),
        T(of_two_updates_in_flight_one_is_refused),
        T(a_conflict_that_does_not_end_is_answered_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
