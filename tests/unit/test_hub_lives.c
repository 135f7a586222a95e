// SPDX-License-Identifier: Apache-2.0
// The life of an alert at the hub, as transcripts: UPDATE, CANCEL, expiry, what crosses, two in flight.
#include "tests/unit/hub_expect.h"

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
    assert_true(last_entry(world)->content->submitted->crossed);
    assert_int_equal(last_entry(world)->content->submitted->n_moves, 0);
}

// --- UPDATE
static void a_clock_that_begins_anew_has_no_officer_yet(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next, *first = ack(world, alert, alert);
    accepted(world, first);
    assert_string_equal(model_life(&world->model, alert->seq, POST)->officer, first->header.officer);
    next = update(world, alert, alert);
    accepted(world, next);
    assert_string_equal(model_life(&world->model, alert->seq, POST)->officer, "");
    accepted(world, ack(world, next, alert));
    assert_string_equal(model_life(&world->model, alert->seq, POST)->officer, first->header.officer);
    accepted(world, cancel(world, alert));
    assert_string_equal(model_life(&world->model, alert->seq, POST)->officer, "");
}

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
    struct letter *answer = world_answer(world, LONELY, KIND(ACK), next, alert);
    accepted(world, answer);
    lives_as(world, alert, LONELY, LIFE(ACKNOWLEDGED));
    lives_as(world, alert, POST, LIFE(NEW));
    const Amana__V1__Move *move = world->model.entries[answer->seq].content->submitted->moves[0];
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

// What it names is the first one, whose urgency is another by then.
static void a_cancel_after_an_update_has_the_ack_clock_of_the_newest_version(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next = update(world, alert, alert);
    next->header.urgency = AMANA__V1__URGENCY__CODE__U2;
    accepted(world, next);
    accepted(world, cancel(world, alert));
    assert_int_equal(model_life(&world->model, alert->seq, POST)->ack_due, world->now + HOUR_NS);
}

// Who found it has read that version, and no other.
static void a_hit_has_the_ack_clock_of_the_version_that_it_answers(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next = update(world, alert, alert), *hit;
    next->header.urgency = AMANA__V1__URGENCY__CODE__U2;
    accepted(world, next);
    hit = world_answer(world, POST, KIND(HIT), alert, alert);
    accepted(world, hit);
    assert_int_equal(model_life(&world->model, hit->seq, POLICE)->ack_due, world->now + 15 * MINUTE_NS);
    hit = world_answer(world, POST, KIND(HIT), next, alert);
    accepted(world, hit);
    assert_int_equal(model_life(&world->model, hit->seq, POLICE)->ack_due, world->now + HOUR_NS);
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
    forbidden(world, cancel(world, alert), "in_reply_to", "STOPPED", "ACK");
}

static void a_later_acknowledgement_of_a_cancel_names_a_new_officer(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *stop = cancel(world, alert), *later;
    accepted(world, stop);
    accepted(world, ack(world, stop, alert));
    later = ack(world, stop, alert);
    later->header.officer = (char *)"amana://et/ics/moyale/officer/o2";
    accepted(world, later);
    lives_as(world, alert, POST, LIFE(STOPPED));
    assert_string_equal(model_life(&world->model, alert->seq, POST)->officer, later->header.officer);
    crossed(world, ack(world, alert, alert)); // of what was stopped
}

static struct letter *confirm(struct world *world, const char *unit, const struct letter *asked,
                              const struct letter *root)
{
    struct letter *letter = world_answer(world, unit, KIND(CONFIRM), asked, root);
    letter->header.outcome = AMANA__V1__OUTCOME__CODE__DONE;
    return letter;
}

static void what_was_sent_in_error_is_confirmed_by_every_recipient_copies_too(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *stop = cancel(world, alert);
    stop->header.outcome = AMANA__V1__OUTCOME__CODE__SENT_IN_ERROR;
    accepted(world, stop);
    lives_as(world, alert, POST, LIFE(STOPPING)); // the life of the alert goes its way beside
    lives_as(world, stop, POST, LIFE(OPEN));
    lives_as(world, stop, SHELTER, LIFE(OPEN));
    const struct journal_life *life = model_life(&world->model, stop->seq, SHELTER);
    assert_int_equal(life->answer_due, world->now + 7 * DAY_NS);
    assert_int_equal(life->ack_due, 0);
    struct letter *done = confirm(world, SHELTER, stop, alert);
    accepted(world, done);
    lives_as(world, stop, SHELTER, LIFE(CONFIRMED));
    const Amana__V1__Move *move = world->model.entries[done->seq].content->submitted->moves[0];
    assert_string_equal(move->root->id, stop->header.id);
    accepted(world, ack(world, stop, alert));
    lives_as(world, alert, POST, LIFE(STOPPED));
    lives_as(world, stop, POST, LIFE(OPEN));
    accepted(world, confirm(world, POST, stop, alert));
    lives_as(world, stop, POST, LIFE(CONFIRMED));
    struct letter *again = confirm(world, POST, stop, alert);
    refused(world, again, REASON_STATE_FORBIDS, "in_reply_to");
    assert_string_equal(again->submission.work.state, "CONFIRMED");
}

static void a_cancel_that_asks_for_no_confirm_gets_none(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *stop = cancel(world, alert);
    accepted(world, stop);
    assert_null(model_life(&world->model, stop->seq, POST));
    refused(world, confirm(world, POST, stop, alert), REASON_FIELD_INVALID, "in_reply_to");
}

static void who_has_a_copy_confirms_an_end_and_does_not_acknowledge_it(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *stop = cancel(world, alert);
    stop->header.outcome = AMANA__V1__OUTCOME__CODE__COURT_ORDER;
    accepted(world, stop);
    refused(world, world_answer(world, SHELTER, KIND(ACK), stop, alert), REASON_NOT_PERMITTED, "in_reply_to");
    refused(world, confirm(world, LONELY, stop, alert), REASON_NOT_PERMITTED, "in_reply_to");
    accepted(world, confirm(world, SHELTER, stop, alert));
}

static void consent_that_is_withdrawn_is_withdrawn_from_all_who_have_it(void **state)
{
    struct world *world = *state;
    char *own[] = {(char *)"ke/*/*"};
    world_grant(world, POLICE, "unit", own, 1);
    struct letter *offer = letter_new(world, POLICE, KIND(REFERRAL)), *gone;
    offer->header.consent = AMANA__V1__CONSENT__CODE__GIVEN;
    letter_to(world, offer, CHILD_DESK, ACTION);
    letter_to(world, offer, COLLEAGUES, COPY);
    accepted(world, offer);
    gone = world_answer(world, POLICE, KIND(WITHDRAW), offer, offer);
    gone->header.outcome = AMANA__V1__OUTCOME__CODE__CONSENT_WITHDRAWN;
    gone->header.n_recipients = 1;
    refused(world, gone, REASON_FIELD_INVALID, "recipients");
    gone = world_answer(world, POLICE, KIND(WITHDRAW), offer, offer);
    gone->header.outcome = AMANA__V1__OUTCOME__CODE__CONSENT_WITHDRAWN;
    accepted(world, gone);
    lives_as(world, offer, CHILD_DESK, LIFE(WITHDRAWN));
    lives_as(world, gone, CHILD_DESK, LIFE(OPEN));
    lives_as(world, gone, COLLEAGUES, LIFE(OPEN));
    accepted(world, confirm(world, COLLEAGUES, gone, offer));
}

static void consent_is_withdrawn_from_all_though_one_has_refused(void **state)
{
    struct world *world = *state;
    char *all[] = {(char *)"ke/*/*", (char *)"et/*/*"};
    world_grant(world, POLICE, "unit", all, 2);
    struct letter *offer = letter_new(world, POLICE, KIND(REQUEST)), *declined, *gone;
    letter_to(world, offer, CHILD_DESK, ACTION);
    letter_to(world, offer, POST, ACTION);
    letter_to(world, offer, COLLEAGUES, COPY);
    accepted(world, offer);
    declined = world_answer(world, CHILD_DESK, KIND(REFUSAL), offer, offer);
    declined->header.outcome = AMANA__V1__OUTCOME__CODE__DISPROPORTIONATE;
    accepted(world, declined);
    gone = world_answer(world, POLICE, KIND(WITHDRAW), offer, offer);
    gone->header.outcome = AMANA__V1__OUTCOME__CODE__CONSENT_WITHDRAWN;
    accepted(world, gone);
    lives_as(world, offer, CHILD_DESK, LIFE(REFUSED));
    lives_as(world, offer, POST, LIFE(WITHDRAWN));
    lives_as(world, gone, CHILD_DESK, LIFE(OPEN)); // what it has is to be erased all the same
    lives_as(world, gone, POST, LIFE(OPEN));
    lives_as(world, gone, COLLEAGUES, LIFE(OPEN));
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
// Whoever still looks for somebody must hear that it is over, whatever became of another unit.
static void an_alert_goes_on_and_ends_for_all_others_when_a_unit_that_has_it_is_a_member_no_more(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *newer, *end;
    letter_to(world, alert, SHELTER, ACTION);
    accepted(world, alert);
    accepted(world, ack(world, alert, alert));
    remove_member(world, POST);
    refused(world, update(world, alert, alert), REASON_NOT_PERMITTED, "recipients[0].unit");
    newer = letter_new(world, POLICE, KIND(UPDATE));
    letter_answers(newer, alert, alert);
    letter_supersedes(newer, alert);
    letter_to(world, newer, SHELTER, ACTION);
    accepted(world, newer);
    end = letter_new(world, POLICE, KIND(CANCEL));
    letter_answers(end, alert, alert);
    letter_to(world, end, SHELTER, ACTION);
    accepted(world, end);
    lives_as(world, alert, SHELTER, LIFE(STOPPING));
    lives_as(world, alert, POST, LIFE(STOPPING)); // though no newer version went to it
    assert_int_equal(model_life(&world->model, alert->seq, POST)->ack_due, 0);
}

static void where_only_such_units_have_it_who_protects_hears_of_the_end(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *end;
    accepted(world, alert);
    remove_member(world, POST);
    end = letter_new(world, POLICE, KIND(CANCEL));
    letter_answers(end, alert, alert);
    letter_to(world, end, CHILD_DESK, ACTION);
    accepted(world, end);
}

static void where_nobody_is_left_the_end_goes_to_the_senders_own_unit(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *end, *again;
    accepted(world, alert);
    remove_member(world, POST);
    remove_member(world, CHILD_DESK);
    end = letter_new(world, POLICE, KIND(CANCEL));
    letter_answers(end, alert, alert);
    end->header.outcome = OUTCOME(SENT_IN_ERROR);
    letter_to(world, end, POLICE, ACTION);
    accepted(world, end);
    lives_as(world, alert, POST, LIFE(STOPPING));
    assert_int_equal(model_life(&world->model, alert->seq, POST)->ack_due, 0); // nobody waits for it
    assert_null(model_life(&world->model, end->seq, POLICE));                  // what it orders it does by that
    again = letter_new(world, POLICE, KIND(CANCEL));
    letter_answers(again, alert, alert);
    letter_to(world, again, POLICE, ACTION);
    forbidden(world, again, "in_reply_to", "STOPPING", "ACK");
}

static void an_expired_alert_is_not_moved_but_its_ack_is_taken(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    world->now += 2 * DAY_NS;
    crossed(world, ack(world, alert, alert));
    lives_as(world, alert, POST, LIFE(NEW)); // judged from valid_until: nothing is written
    forbidden(world, update(world, alert, alert), "in_reply_to", "EXPIRED", "CANCEL");
    forbidden(world, cancel(world, alert), "outcome", "EXPIRED", "CANCEL");
}

static void what_was_sent_in_error_is_erased_after_it_has_expired_too(void **state)
{
    static const Amana__V1__Outcome__Code WHY[] = {OUTCOME(SENT_IN_ERROR), OUTCOME(COURT_ORDER)};
    struct world *world = *state;
    for (size_t i = 0; i < 2 * AM_LEN(WHY); i++) {
        struct letter *alert = world_alert(world), *stop = cancel(world, alert);
        stop->header.outcome = WHY[i / 2];
        if (i % 2 == 0)
            world_pass(world, 2 * DAY_NS); // the log says that it has expired
        else
            world->now += 2 * DAY_NS; // it doesn't yet
        lives_as(world, alert, POST, i % 2 == 0 ? LIFE(EXPIRED) : LIFE(NEW));
        accepted(world, stop);
        lives_as(world, alert, POST, LIFE(STOPPING));
        lives_as(world, stop, POST, LIFE(OPEN));
        lives_as(world, stop, SHELTER, LIFE(OPEN));
        assert_int_equal(model_life(&world->model, alert->seq, POST)->ack_due, world->now + 15 * MINUTE_NS);
        accepted(world, confirm(world, POST, stop, alert));
        forbidden(world, cancel(world, alert), "in_reply_to", "STOPPING", "ACK");
        world_pass(world, DAY_NS);
        lives_as(world, alert, POST, LIFE(STOPPING)); // and expires no second time
        accepted(world, ack(world, stop, alert));
        lives_as(world, alert, POST, LIFE(STOPPED));
    }
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
    assert_true(last_entry(world)->content->submitted->crossed);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_clock_that_begins_anew_has_no_officer_yet),
        HUB_TEST(an_update_asks_everybody_anew),
        HUB_TEST(an_update_supersedes_the_newest_version),
        HUB_TEST(an_update_goes_to_all_who_had_it_with_the_same_part),
        HUB_TEST(an_update_may_add_recipients_with_a_grant),
        HUB_TEST(who_was_added_still_hears_of_it_when_the_grant_has_gone),
        HUB_TEST(who_was_added_acknowledges_the_update),
        HUB_TEST(only_the_originator_updates),
        HUB_TEST(an_ack_of_the_version_before_crosses),
        HUB_TEST(a_cancel_begins_a_clock_at_the_alerts_urgency),
        HUB_TEST(a_cancel_after_an_update_has_the_ack_clock_of_the_newest_version),
        HUB_TEST(a_hit_has_the_ack_clock_of_the_version_that_it_answers),
        HUB_TEST(stopped_is_who_acknowledged_the_cancel),
        HUB_TEST(a_later_acknowledgement_of_a_cancel_names_a_new_officer),
        HUB_TEST(what_was_sent_in_error_is_confirmed_by_every_recipient_copies_too),
        HUB_TEST(a_cancel_that_asks_for_no_confirm_gets_none),
        HUB_TEST(who_has_a_copy_confirms_an_end_and_does_not_acknowledge_it),
        HUB_TEST(consent_that_is_withdrawn_is_withdrawn_from_all_who_have_it),
        HUB_TEST(consent_is_withdrawn_from_all_though_one_has_refused),
        HUB_TEST(a_cancelled_alert_is_neither_updated_nor_cancelled_again),
        HUB_TEST(a_cancel_goes_to_those_who_have_the_alert_and_no_others),
        HUB_TEST(a_cancel_goes_to_those_of_the_newest_version),
        HUB_TEST(an_alert_goes_on_and_ends_for_all_others_when_a_unit_that_has_it_is_a_member_no_more),
        HUB_TEST(where_only_such_units_have_it_who_protects_hears_of_the_end),
        HUB_TEST(where_nobody_is_left_the_end_goes_to_the_senders_own_unit),
        HUB_TEST(an_expired_alert_is_not_moved_but_its_ack_is_taken),
        HUB_TEST(what_was_sent_in_error_is_erased_after_it_has_expired_too),
        HUB_TEST(a_clock_that_steps_back_makes_no_expired_alert_live),
        HUB_TEST(an_update_before_it_expires_gives_it_a_time_of_its_own),
        HUB_TEST(who_saw_the_cancel_stops_even_after_the_alert_would_have_expired),
        HUB_TEST(two_answers_in_flight_do_not_both_move_one_life),
        HUB_TEST(of_two_updates_in_flight_one_is_refused),
        HUB_TEST(a_conflict_that_does_not_end_is_answered_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
