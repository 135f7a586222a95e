// SPDX-License-Identifier: Apache-2.0
// Rule 4: what goes on without a state from which a case is kept, and how its units' lives go on beside it.
#include "tests/unit/hub_expect.h"

#include "proto/model/header.h"
#include "tests/unit/hub_shield.h"

static struct letter *update(struct world *world, const struct letter *alert, const struct letter *before)
{
    struct letter *letter = letter_new(world, POLICE, KIND(UPDATE));
    letter_answers(letter, alert, alert);
    letter_supersedes(letter, before);
    return letter;
}

static void an_update_goes_to_the_others_and_leaves_its_life_alone(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to_both(world), *newer, *answer;
    flagged(world, FLAG(YES), ET);
    const struct journal_life before = *model_life(&world->model, alert->seq, POST);
    newer = update(world, alert, alert);
    letter_to(world, newer, POST, ACTION);
    letter_to(world, newer, LONELY, ACTION);
    refused(world, newer, REASON_NOT_PERMITTED, "recipients[0].unit");
    newer = update(world, alert, alert);
    letter_to(world, newer, LONELY, ACTION);
    newer->valid_until.seconds -= 3600; // for the others
    accepted(world, newer);
    assert_memory_equal(model_life(&world->model, alert->seq, POST), &before, sizeof before);
    world->now += 2 * DAY_NS - HOUR_NS / 2; // the newer version has expired, its own has not
    answer = world_answer(world, POST, KIND(ACK), alert, alert);
    accepted(world, answer);
    assert_int_equal(submitted_of(world, answer)->n_moves, 1);
    assert_int_equal(submitted_of(world, answer)->crossed, 0);
    assert_int_equal(model_life(&world->model, alert->seq, POST)->state, LIFE(ACKNOWLEDGED));
}

// What it has seen says until when: neither a later date for the others nor an end that was kept from it.
static void a_life_expires_by_the_version_that_its_unit_has(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to_both(world), *newer, *end;
    flagged(world, FLAG(YES), ET);
    newer = update(world, alert, alert);
    letter_to(world, newer, LONELY, ACTION);
    newer->valid_until.seconds += 86400;
    accepted(world, newer);
    end = letter_new(world, POLICE, KIND(CANCEL));
    letter_answers(end, alert, alert);
    letter_to(world, end, LONELY, ACTION);
    accepted(world, end);
    world_pass(world, 2 * DAY_NS + HOUR_NS);
    assert_int_equal(model_life(&world->model, alert->seq, POST)->state, LIFE(EXPIRED));
    assert_int_equal(model_life(&world->model, alert->seq, LONELY)->state, LIFE(STOPPING));
}

static void what_expires_at_once_is_an_entry_for_each_country(void **state)
{
    struct world *world = *state;
    (void)alert_to_both(world);
    size_t before = world->model.n, n = 0;
    world_pass(world, 2 * DAY_NS);
    for (size_t i = before; i < world->model.n; i++) {
        const Amana__V1__EntryContent *content = world->model.entries[i].content;
        if (content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_STATE)
            continue;
        assert_int_equal(content->state->n_moves, 1);
        n++;
    }
    assert_int_equal(n, 2);
}

static void an_end_goes_to_the_others_alone_too(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to_both(world), *end;
    flagged(world, FLAG(YES), ET);
    end = letter_new(world, POLICE, KIND(CANCEL));
    letter_answers(end, alert, alert);
    letter_to(world, end, LONELY, ACTION);
    accepted(world, end);
    assert_int_equal(model_life(&world->model, alert->seq, LONELY)->state, LIFE(STOPPING));
    assert_int_equal(model_life(&world->model, alert->seq, POST)->state, LIFE(NEW));
    accepted(world, world_answer(world, POST, KIND(ACK), alert, alert));
    assert_int_equal(model_life(&world->model, alert->seq, POST)->state, LIFE(ACKNOWLEDGED));
}

// Each lives by the version that it has seen, and is told by itself.
static void it_expires_by_what_it_has_seen_whatever_became_of_the_alert_for_the_others(void **state)
{
    for (unsigned kind = KIND(UPDATE);; kind = KIND(CANCEL)) {
        struct world *world = *state;
        void *other = NULL;
        if (kind == KIND(CANCEL)) {
            assert_int_equal(hub_begin(&other), 0);
            world = other;
        }
        struct letter *alert = alert_to_both(world), *later;
        uint64_t until = header_time_or_0(alert->header.valid_until);
        flagged(world, FLAG(YES), ET);
        later = letter_new(world, POLICE, (Amana__V1__Kind__Code)kind);
        letter_answers(later, alert, alert);
        if (kind == KIND(UPDATE)) {
            letter_supersedes(later, alert);
            later->valid_until.seconds += 24 * 3600;
        }
        letter_to(world, later, LONELY, ACTION);
        accepted(world, later);
        world_pass(world, until - 1 - world->now);
        size_t before = mail_of(world, URI(POST, "d1"));
        assert_int_equal(model_life(&world->model, alert->seq, POST)->state, LIFE(NEW));
        world_pass(world, 1);
        assert_int_equal(model_life(&world->model, alert->seq, POST)->state, LIFE(EXPIRED));
        assert_int_equal(mail_of(world, URI(POST, "d1")), before + 1);
        assert_int_equal(model_life(&world->model, alert->seq, LONELY)->state,
                         kind == KIND(UPDATE) ? LIFE(NEW) : LIFE(STOPPING));
        if (kind == KIND(CANCEL)) {
            assert_int_equal(hub_end(&other), 0);
            return;
        }
    }
}

// Nobody who was asked to act may learn of it: who protects acts in their place, and the others have it as before.
static void an_alert_to_listed_units_alone_is_renewed_and_ended_by_way_of_who_protects(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *newer, *end;
    letter_to(world, alert, LONELY, COPY);
    accepted(world, alert);
    newer = update(world, alert, alert);
    letter_to(world, newer, LONELY, COPY);
    letter_to(world, newer, CHILD_DESK, ACTION);
    refused(world, newer, REASON_NOT_PERMITTED, "recipients[1].unit"); // nobody is listed
    flagged(world, FLAG(YES), ET);
    const struct journal_life before = *model_life(&world->model, alert->seq, POST);
    newer = update(world, alert, alert);
    letter_to(world, newer, LONELY, ACTION);
    refused(world, newer, REASON_FIELD_INVALID, "recipients");
    newer = update(world, alert, alert);
    letter_to(world, newer, CHILD_DESK, ACTION);
    refused(world, newer, REASON_FIELD_INVALID, "recipients"); // without who has a copy
    newer = update(world, alert, alert);
    letter_to(world, newer, LONELY, COPY);
    letter_to(world, newer, CHILD_DESK, ACTION);
    accepted(world, newer);
    assert_int_equal(model_life(&world->model, alert->seq, CHILD_DESK)->state, LIFE(NEW));
    end = letter_new(world, POLICE, KIND(CANCEL));
    letter_answers(end, alert, alert);
    letter_to(world, end, LONELY, COPY);
    letter_to(world, end, CHILD_DESK, ACTION);
    accepted(world, end);
    assert_int_equal(model_life(&world->model, alert->seq, CHILD_DESK)->state, LIFE(STOPPING));
    assert_memory_equal(model_life(&world->model, alert->seq, POST), &before, sizeof before);
    accepted(world, world_answer(world, POST, KIND(ACK), alert, alert));
    assert_int_equal(model_life(&world->model, alert->seq, POST)->state, LIFE(ACKNOWLEDGED));
}

static void who_had_a_copy_and_acts_now_has_a_life_and_a_clock(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *newer, *end;
    letter_to(world, alert, CHILD_DESK, COPY);
    alert->flags.child = true;
    accepted(world, alert);
    flagged(world, FLAG(YES), ET);
    newer = update(world, alert, alert);
    letter_to(world, newer, CHILD_DESK, ACTION);
    accepted(world, newer);
    assert_int_equal(model_life(&world->model, alert->seq, CHILD_DESK)->state, LIFE(NEW));
    assert_true(model_life(&world->model, alert->seq, CHILD_DESK)->ack_due > 0);
    end = letter_new(world, POLICE, KIND(CANCEL));
    letter_answers(end, alert, alert);
    letter_to(world, end, CHILD_DESK, ACTION);
    accepted(world, end);
    accepted(world, world_answer(world, CHILD_DESK, KIND(ACK), end, alert));
    assert_int_equal(model_life(&world->model, alert->seq, CHILD_DESK)->state, LIFE(STOPPED));
}

static void it_is_ended_at_once_too_and_where_nobody_else_has_it(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *end;
    accepted(world, alert);
    flagged(world, FLAG(YES), ET);
    end = letter_new(world, POLICE, KIND(CANCEL));
    letter_answers(end, alert, alert);
    letter_to(world, end, CHILD_DESK, ACTION);
    letter_to(world, end, LONELY, COPY);
    refused(world, end, REASON_FIELD_INVALID, "recipients"); // to no others
    end = letter_new(world, POLICE, KIND(CANCEL));
    letter_answers(end, alert, alert);
    letter_to(world, end, CHILD_DESK, ACTION);
    accepted(world, end);
    assert_int_equal(model_life(&world->model, alert->seq, POST)->state, LIFE(NEW));
    end = letter_new(world, POLICE, KIND(NOTE)); // which nobody stands in for
    letter_answers(end, alert, alert);
    letter_to(world, end, CHILD_DESK, ACTION);
    refused(world, end, REASON_NOT_PERMITTED, "recipients[0].unit");
}

// No life says that it was: those of the listed units stay what they are.
static void what_was_ended_by_way_of_others_is_ended_and_renewed_no_more(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *end, *newer;
    accepted(world, alert);
    flagged(world, FLAG(YES), ET);
    remove_member(world, CHILD_DESK);
    for (unsigned i = 0; i < 2; i++) {
        end = letter_new(world, POLICE, KIND(CANCEL));
        letter_answers(end, alert, alert);
        letter_to(world, end, POLICE, ACTION);
        if (i == 0)
            accepted(world, end);
        else
            refused(world, end, REASON_STATE_FORBIDS, "in_reply_to");
    }
    assert_string_equal(end->submission.work.state, "STOPPING");
    newer = update(world, alert, alert);
    letter_to(world, newer, LONELY, ACTION);
    refused(world, newer, REASON_STATE_FORBIDS, "in_reply_to");
    assert_int_equal(model_life(&world->model, alert->seq, POST)->state, LIFE(NEW));
}

static void it_is_not_told_that_something_was_found_elsewhere(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to_both(world);
    size_t before = mail_of(world, URI(POST, "d1"));
    accepted(world, world_answer(world, LONELY, KIND(HIT), alert, alert));
    assert_int_equal(mail_of(world, URI(POST, "d1")), before + 1);
    flagged(world, FLAG(YES), ET);
    accepted(world, world_answer(world, LONELY, KIND(HIT), alert, alert));
    assert_int_equal(mail_of(world, URI(POST, "d1")), before + 1);
}

// By how far the log has grown a listed state could tell that another is listed too.
static void what_a_listed_state_finds_makes_as_many_entries_whoever_else_is_listed(void **state)
{
    size_t grown[2];
    for (size_t i = 0; i < AM_LEN(grown); i++) {
        void *one = NULL;
        assert_int_equal(hub_begin(&one), 0);
        struct world *world = one;
        struct letter *alert = alert_to_both(world);
        flagged(world, FLAG(YES), ET);
        if (i == 1)
            flagged(world, FLAG(YES), SO);
        size_t before = world->model.n, lonely = mail_of(world, URI(LONELY, "d1"));
        accepted(world, world_answer(world, POST, KIND(HIT), alert, alert));
        grown[i] = world->model.n - before;
        assert_int_equal(mail_of(world, URI(LONELY, "d1")), lonely + (i == 0));
        assert_int_equal(hub_end(&one), 0);
    }
    assert_int_equal(grown[0], grown[1]);
    (void)state;
}

// What its own units find is told among them as before; and where a child is at risk nobody holds it back.
static void what_it_finds_itself_is_told_among_its_units_as_before(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to_both(world), *other = alert_to(world, POLICE, POST);
    letter_to(world, other, SHELTER, ACTION);
    accepted(world, other);
    flagged(world, FLAG(YES), ET);
    size_t before = mail_of(world, URI(SHELTER, "d1"));
    accepted(world, world_answer(world, POST, KIND(HIT), other, other));
    assert_int_equal(mail_of(world, URI(SHELTER, "d1")), before + 1);
    before = mail_of(world, URI(POST, "d1"));
    accepted(world, world_answer(world, LONELY, KIND(HIT), alert, alert));
    assert_int_equal(mail_of(world, URI(POST, "d1")), before);
}

static void what_is_found_where_a_child_is_at_risk_is_told_to_a_state_that_may_be_the_one(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to_both(world), *hit;
    flagged(world, FLAG(UNKNOWN), ET);
    size_t before = mail_of(world, URI(POST, "d1"));
    hit = world_answer(world, LONELY, KIND(HIT), alert, alert);
    accepted(world, hit);
    assert_int_equal(mail_of(world, URI(POST, "d1")), before + 1);
}

static void one_that_is_free_again_takes_up_its_life(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to_both(world), *yes = flagged(world, FLAG(YES), ET), *newer, *newest;
    newer = update(world, alert, alert);
    letter_to(world, newer, LONELY, ACTION);
    accepted(world, newer);
    accepted(world, taken_back(world, CHILD_DESK, yes));
    newest = update(world, alert, newer);
    letter_to(world, newest, LONELY, ACTION);
    letter_to(world, newest, POST, ACTION);
    accepted(world, newest);
    assert_int_equal(model_life(&world->model, alert->seq, POST)->clock_seq, newest->seq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(an_update_goes_to_the_others_and_leaves_its_life_alone),
        HUB_TEST(a_life_expires_by_the_version_that_its_unit_has),
        HUB_TEST(what_expires_at_once_is_an_entry_for_each_country),
        HUB_TEST(an_end_goes_to_the_others_alone_too),
        HUB_TEST(it_expires_by_what_it_has_seen_whatever_became_of_the_alert_for_the_others),
        HUB_TEST(an_alert_to_listed_units_alone_is_renewed_and_ended_by_way_of_who_protects),
        HUB_TEST(who_had_a_copy_and_acts_now_has_a_life_and_a_clock),
        HUB_TEST(it_is_ended_at_once_too_and_where_nobody_else_has_it),
        HUB_TEST(what_it_finds_itself_is_told_among_its_units_as_before),
        HUB_TEST(what_is_found_where_a_child_is_at_risk_is_told_to_a_state_that_may_be_the_one),
        HUB_TEST(what_was_ended_by_way_of_others_is_ended_and_renewed_no_more),
        HUB_TEST(it_is_not_told_that_something_was_found_elsewhere),
        HUB_TEST(what_a_listed_state_finds_makes_as_many_entries_whoever_else_is_listed),
        HUB_TEST(one_that_is_free_again_takes_up_its_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
