// SPDX-License-Identifier: Apache-2.0
// Deadlines at the hub that nobody keeps, as transcripts on a clock of their own: what runs out, what expires, who is
// told.
#include "tests/unit/hub_clocks.h"

#include "proto/model/life.h"

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
    assert_string_equal(entry->content->state->moves[0]->root->id, alert->header.id);
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
    const Amana__V1__StateEntry *end = entry_of(world, ENTRY(STATE), 0)->content->state;
    assert_string_equal(end->message->id, update->header.id); // whoever hasn't it isn't told
    assert_string_equal(end->moves[0]->root->id, alert->header.id);
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

// What has been told of the version before is no word of this one.
static void who_was_late_and_is_asked_again_by_an_update_is_told_of_anew(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *update;
    accepted(world, alert);
    retrieves(world, POST, URI(POST, "d1"), alert->seq);
    world_pass(world, HOUR_NS);
    size_t before = entries_of(world, ENTRY(DEADLINE));
    update = world_answer(world, POLICE, KIND(UPDATE), alert, alert);
    letter_supersedes(update, alert);
    accepted(world, update);
    assert_int_equal(model_life(&world->model, alert->seq, POST)->flags, 0);
    world_pass(world, 15 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), before + 1);
    const Amana__V1__DeadlineEntry *late = entry_of(world, ENTRY(DEADLINE), 0)->content->deadline;
    assert_string_equal(late->message->id, update->header.id);
    assert_false(late->clocks[0]->again);
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
    assert_string_equal(entry->content->deadline->message->id, alert->header.id);
    assert_true(told(world, URI(POLICE, "d1"), entry));
    assert_false(told(world, URI(POST, "d1"), entry));
    world_pass(world, DAY_NS);
    assert_ptr_equal(entry_of(world, ENTRY(DEADLINE), 0), entry);
}

static void supervisors_that_policy_names_are_told_of_what_passed(void **state)
{
    struct world *world = *state;
    colleagues_supervise(world);
    accepted(world, alert_to(world, POLICE, POST));
    world_pass(world, 15 * MINUTE_NS);
    assert_true(told(world, URI(COLLEAGUES, "d1"), entry_of(world, ENTRY(DEADLINE), 0)));
}

static void supervisors_of_one_unit_are_told_nothing_of_another(void **state)
{
    struct world *world = *state;
    char *parties[] = {(char *)"et/*/*"};
    colleagues_supervise(world);
    world_grant(world, POST, "unit", parties, 1);
    struct letter *alert = alert_to(world, POST, SHELTER);
    alert->header.case_ref = (char *)"et/ics/2026/17";
    accepted(world, alert);
    world_pass(world, 15 * MINUTE_NS);
    assert_true(told(world, URI(POST, "d1"), entry_of(world, ENTRY(DEADLINE), 0)));
    assert_int_equal(mail_of(world, URI(COLLEAGUES, "d1")), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(an_alert_that_nobody_acknowledges_is_told_to_both_sides),
        HUB_TEST(what_has_passed_is_told_once_and_escalated_once),
        HUB_TEST(the_clock_from_retrieval_runs_by_itself),
        HUB_TEST(one_retrieved_long_after_its_clock_ran_out_has_a_new_one),
        HUB_TEST(units_of_two_countries_are_told_each_by_an_entry_of_its_own_that_an_alert_has_expired),
        HUB_TEST(an_alert_expires_by_the_clock_and_all_are_told),
        HUB_TEST(what_ran_out_before_an_alert_expired_is_told_before_that_and_by_itself),
        HUB_TEST(an_update_gives_it_a_new_end),
        HUB_TEST(who_is_asked_again_by_an_update_has_its_clock_and_not_the_old_one),
        HUB_TEST(who_was_late_and_is_asked_again_by_an_update_is_told_of_anew),
        HUB_TEST(a_cancel_that_nobody_acknowledges_is_late_too),
        HUB_TEST(what_is_to_be_reviewed_is_its_originators_to_decide),
        HUB_TEST(supervisors_that_policy_names_are_told_of_what_passed),
        HUB_TEST(supervisors_of_one_unit_are_told_nothing_of_another),
        HUB_TEST(who_has_not_confirmed_an_erasure_in_time_is_told_to_the_dpo),
        HUB_TEST(the_dpo_is_told_of_what_is_to_be_confirmed_and_of_nothing_that_ran_out_beside_it),
        HUB_TEST(what_has_passed_is_an_entry_of_those_whom_it_is_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
