// SPDX-License-Identifier: Apache-2.0
// Rule 4: how a case that was kept from a state becomes open to it, by a word or once nothing is left of it.
#include "tests/unit/hub_expect.h"
#include "tests/unit/hub_shield.h"

#include <stdio.h>
#include <string.h>

// --- Taken back: by who answers what has said so
static void a_protection_unit_that_has_seen_it_takes_it_back(void **state)
{
    struct world *world = *state;
    struct letter *yes = flagged(world, FLAG(YES), ET);
    accepted(world, taken_back(world, CHILD_DESK, yes));
    accepted(world, note(world, POLICE, POST));
}

// What is played protects whom it names, and gives nobody away.
static void an_exercise_takes_nothing_back(void **state)
{
    struct world *world = *state;
    struct letter *played = note(world, POLICE, CHILD_DESK), *no;
    struct letter *yes = flagged(world, FLAG(YES), ET);
    played->flags.child = true;
    played->header.status = AMANA__V1__STATUS__CODE__EXERCISE;
    shield(played, FLAG(YES), ET);
    accepted(world, played);
    accepted(world, taken_back(world, CHILD_DESK, played));
    no = taken_back(world, CHILD_DESK, played);
    letter_refers(no, yes);
    accepted(world, no);
    refused(world, note(world, POLICE, POST), REASON_NOT_PERMITTED, "recipients[0].unit");
    accepted(world, taken_back(world, CHILD_DESK, yes));
    accepted(world, note(world, POLICE, POST));
}

static void nobody_else_takes_it_back(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *yes = flagged(world, FLAG(YES), ET), *no;
    no = taken_back(world, POLICE, yes); // no protection unit
    accepted(world, no);
    no = note(world, CHILD_DESK, POLICE); // of another message than the one that said so
    letter_answers(no, no, alert);
    no->header.in_reply_to = NULL;
    no->flags.child = true;
    no->flags.protection = FLAG(NO);
    (void)letter_send(world, no);
    accepted(world, taken_back(world, SHELTER, alert)); // of the state itself
    no = taken_back(world, CHILD_DESK, yes);
    no->flags.protection = FLAG(NOT_CONCERNED); // doesn't answer
    accepted(world, no);
    refused(world, note(world, POLICE, POST), REASON_NOT_PERMITTED, "recipients[0].unit");
}

static void who_waits_in_a_state_that_is_free_again_is_woken(void **state)
{
    struct world *world = *state;
    struct letter *yes = flagged(world, FLAG(YES), ET);
    world->n_woken = 0;
    accepted(world, taken_back(world, CHILD_DESK, yes));
    bool post = false;
    for (size_t i = 0; i < world->n_woken; i++)
        post |= strcmp(world->woken[i], URI(POST, "d1")) == 0;
    assert_true(post);
}

// A state may have thousands of devices: what waits at each of them comes with one append.
static void a_state_with_thousands_of_devices_is_freed_like_any_other(void **state)
{
    struct world *world = *state;
    char name[LIMIT_ADDRESS + 1];
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "et/ics/post-%u", i);
        world_roster(world, arena_copy(&world->arena, name, strlen(name)), 1, LIMIT_DEVICES, 7);
    }
    struct letter *yes = flagged(world, FLAG(YES), ET);
    accepted(world, taken_back(world, CHILD_DESK, yes));
    accepted(world, note(world, POLICE, POST));
}

// That the case is kept from fewer states now is nothing to those from which it is kept still.
static void who_is_kept_out_still_is_not_woken(void **state)
{
    struct world *world = *state;
    struct letter *yes = flagged(world, FLAG(YES), ET);
    flagged(world, FLAG(YES), SO);
    world->n_woken = 0;
    accepted(world, taken_back(world, CHILD_DESK, yes));
    for (size_t i = 0; i < world->n_woken; i++)
        assert_string_not_equal(world->woken[i], URI(LONELY, "d1"));
}

// --- Taken back: by who points at what has said so
static void a_reference_to_it_is_enough_to_take_it_back(void **state)
{
    struct world *world = *state;
    struct letter *before = note(world, POLICE, CHILD_DESK), *more = note(world, POLICE, CHILD_DESK), *yes, *no;
    before->flags.child = more->flags.child = true;
    accepted(world, before);
    accepted(world, more);
    yes = flagged(world, FLAG(YES), ET);
    no = taken_back(world, CHILD_DESK, before);
    letter_refers(no, yes);
    letter_refers(no, more); // whatever else it names
    accepted(world, no);
    accepted(world, note(world, POLICE, POST));
}

static void a_newer_version_of_what_has_said_so_takes_it_back(void **state)
{
    struct world *world = *state;
    char *somalia[] = {(char *)LONELY};
    struct letter *before = note(world, POLICE, CHILD_DESK), *alert, *newer[2];
    world_grant(world, CHILD_DESK, "protection", somalia, 1);
    before->flags.child = true;
    accepted(world, before); // it is in the case
    alert = alert_to(world, CHILD_DESK, LONELY);
    accepted(world, alert);
    for (size_t i = 0; i < 2; i++) {
        newer[i] = letter_new(world, CHILD_DESK, KIND(UPDATE));
        letter_answers(newer[i], alert, alert);
        letter_supersedes(newer[i], i == 0 ? alert : newer[0]);
        letter_to(world, newer[i], LONELY, ACTION);
        if (i == 0)
            shield(newer[i], FLAG(YES), ET);
        else
            newer[i]->flags.protection = FLAG(NO);
        accepted(world, newer[i]);
        letter_to(world, before = note(world, POLICE, LONELY), POST, COPY);
        if (i == 0)
            refused(world, before, REASON_NOT_PERMITTED, "recipients[1].unit");
        else
            accepted(world, before);
    }
}

static void it_takes_back_the_states_that_the_message_has_named_and_no_other(void **state)
{
    struct world *world = *state;
    struct letter *yes = flagged(world, FLAG(YES), ET);
    flagged(world, FLAG(YES), SO);
    accepted(world, taken_back(world, CHILD_DESK, yes));
    accepted(world, note(world, POLICE, POST));
    refused(world, note(world, POLICE, LONELY), REASON_NOT_PERMITTED, "recipients[0].unit");
}

static void nobody_is_sent_back_in_a_case_that_is_kept_from_a_state(void **state)
{
    struct world *world = *state;
    for (unsigned kept = 0; kept < 2; kept++) {
        struct letter *back = note(world, POLICE, LONELY);
        back->header.purpose = AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION;
        back->header.consent = AMANA__V1__CONSENT__CODE__GIVEN;
        if (kept == 1) {
            flagged(world, FLAG(YES), ET);
            refused(world, back, REASON_PURPOSE_MISMATCH, "purpose");
        } else {
            accepted(world, back);
        }
    }
}

// It goes back to whom it came from, and ends what was begun.
static void what_answers_goes_on_there_with_the_purpose_that_it_was_asked_for(void **state)
{
    struct world *world = *state;
    struct letter *back = alert_to(world, POLICE, LONELY);
    back->header.purpose = AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION;
    back->header.consent = AMANA__V1__CONSENT__CODE__GIVEN;
    accepted(world, back);
    flagged(world, FLAG(YES), ET);
    accepted(world, world_answer(world, LONELY, KIND(ACK), back, back));
}

// The person may tell those first who were asked.
static void what_answers_about_a_return_says_that_the_person_fears_it(void **state)
{
    struct world *world = *state;
    struct letter *back = note(world, POLICE, LONELY), *fears, *more;
    back->header.purpose = AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION;
    back->header.consent = AMANA__V1__CONSENT__CODE__GIVEN;
    accepted(world, back);
    fears = world_answer(world, LONELY, KIND(NOTE), back, back);
    shield(fears, FLAG(YES), ET);
    accepted(world, fears);
    more = note(world, POLICE, LONELY);
    more->header.purpose = AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION;
    more->header.consent = AMANA__V1__CONSENT__CODE__GIVEN;
    refused(world, more, REASON_PURPOSE_MISMATCH, "purpose");
}

static void who_points_at_nothing_that_has_said_so_takes_nothing_back(void **state)
{
    struct world *world = *state;
    struct letter *before = note(world, POLICE, CHILD_DESK);
    before->flags.child = true;
    accepted(world, before);
    flagged(world, FLAG(YES), ET);
    accepted(world, taken_back(world, CHILD_DESK, before));
    refused(world, note(world, POLICE, POST), REASON_NOT_PERMITTED, "recipients[0].unit");
}

static void the_protection_unit_of_the_state_itself_takes_nothing_back_that_it_has_seen(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, LONELY), *no;
    letter_to(world, alert, SHELTER, COPY);
    shield(alert, FLAG(UNKNOWN), ET); // a child is at risk: it goes there too
    accepted(world, alert);
    no = taken_back(world, SHELTER, alert);
    no->header.urgency_reason = AMANA__V1__URGENCY_REASON__CODE__EVIDENCE_AT_RISK;
    accepted(world, no);
    struct letter *letter = note(world, POLICE, POST);
    letter->header.urgency_reason = AMANA__V1__URGENCY_REASON__CODE__EVIDENCE_AT_RISK;
    refused(world, letter, REASON_NOT_PERMITTED, "recipients[0].unit");
}

// --- Until nothing is left of the case
static void kept_for(struct world *world, struct letter *letter, uint64_t ns)
{
    letter->retain_until.seconds = (int64_t)((world->now + ns) / NS_PER_S);
    letter->retain_until.nanos = 0;
    accepted(world, letter);
}

// It is about a person: it is kept no longer than anything that it protects.
static void a_case_is_kept_from_nobody_once_nothing_is_left_of_it(void **state)
{
    struct world *world = *state;
    struct letter *said = note(world, POLICE, CHILD_DESK), *other;
    said->flags.child = true;
    shield(said, FLAG(YES), ET);
    kept_for(world, said, 2 * DAY_NS);
    kept_for(world, note(world, POLICE, LONELY), 5 * DAY_NS);
    world_pass(world, 4 * DAY_NS); // what named the state is gone, and something of the case is left
    assert_int_equal(world->model.n_shields, 1);
    refused(world, note(world, POLICE, POST), REASON_NOT_PERMITTED, "recipients[0].unit");
    world_pass(world, DAY_NS + MINUTE_NS);
    assert_int_equal(world->model.n_shields, 1);
    size_t entries = world->model.n;
    world->n_woken = 0;
    world_pass(world, DAY_NS);
    assert_int_equal(world->model.n_shields, 0);
    assert_int_equal(world->model.n_deadlines, 0);
    assert_int_equal(world->model.n, entries); // no entry tells of it, as none tells of flags
    assert_int_equal(world->n_woken, 0);
    other = note(world, POLICE, POST);
    accepted(world, other);
}

// What is asked of a worker, and of the keeper what it says; which rows of deadlines the append has.
static struct journal_deadline looked(struct world *world)
{
    while (world->reading)
        world_read(world);
    assert_int_equal(world->n_checks, 1);
    world_check_one(world, 0);
    assert_int_equal(world->n_appends, 1);
    const struct journal_append *append = world->appends[0];
    struct journal_deadline row = append->deadlines[append->n_deadlines - 1];
    world_commit_one(world, 0);
    return row;
}

// A case of any length: its place stands in the row, and a hub that starts anew goes on from there.
static void a_long_case_is_looked_at_in_parts_also_over_a_restart(void **state)
{
    struct world *world = *state;
    struct letter *said = note(world, POLICE, CHILD_DESK);
    said->flags.child = true;
    shield(said, FLAG(YES), ET);
    kept_for(world, said, DAY_NS);
    for (size_t i = 1; i <= LIMIT_CASE_READS / 2; i++) // each has two entries: its own, and that nothing is left of it
        kept_for(world, note(world, POLICE, LONELY), DAY_NS);
    world_pass(world, DAY_NS + MINUTE_NS);
    world->now += DAY_NS;
    world->monotonic += DAY_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    struct journal_deadline row = looked(world);
    assert_int_equal(row.kind, DEADLINE_CASE);
    assert_true(row.at != 0 && row.place >= LIMIT_CASE_READS);
    uint64_t place = row.place;
    world_restart(world);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_START, .clean = false});
    world_commit_one(world, 0);
    do {
        row = looked(world);
        assert_true(row.kind == DEADLINE_SHIELD || row.at == 0 || row.place > place);
        place = row.place;
    } while (row.kind == DEADLINE_CASE && row.at != 0);
    assert_int_equal(world->model.n_shields, 1);
    while (world->model.n_shields > 0)
        row = looked(world);
    assert_int_equal(row.kind, DEADLINE_SHIELD);
    assert_int_equal(world->model.n_deadlines, 0);
}

// Else it would see by what comes then that it was listed: who was there all the time had not been given it.
static void what_was_withheld_does_not_come_when_that_ends(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *said = note(world, POLICE, CHILD_DESK);
    letter_to(world, alert, LONELY, ACTION);
    kept_for(world, alert, 3 * DAY_NS);
    said->flags.child = true;
    shield(said, FLAG(YES), ET);
    kept_for(world, said, 2 * DAY_NS);
    struct letter *elsewhere = note(world, POLICE, POST);
    elsewhere->header.case_ref = (char *)"ke/dci/2026/004212";
    accepted(world, elsewhere);
    world_pass(world, 3 * DAY_NS); // its clocks run out, it expires, it is fetched by nobody: all of it withheld
    assert_true(mail_of(world, URI(POST, "d1")) > 2);
    size_t lonely = mail_of(world, URI(LONELY, "d1"));
    world_pass(world, 2 * DAY_NS);
    assert_int_equal(world->model.n_shields, 0);
    const struct model_mailbox *box = model_mailbox(&world->model, URI(POST, "d1"));
    for (size_t i = 0; i < box->n; i++)
        assert_string_equal(world->model.entries[box->rows[i].seq].cases[0], "ke/dci/2026/004212");
    assert_true(box->n > 0);
    assert_int_equal(mail_of(world, URI(LONELY, "d1")), lonely); // from whom it was not kept has it still
}

// A court's order keeps the listing as it keeps what that protects.
static void a_hold_keeps_a_case_from_a_state_as_it_keeps_its_messages(void **state)
{
    struct world *world = *state;
    struct letter *said = note(world, POLICE, CHILD_DESK), *hold = letter_new(world, POLICE, KIND(HOLD));
    said->flags.child = true;
    shield(said, FLAG(YES), ET);
    kept_for(world, said, 2 * DAY_NS);
    letter_answers(hold, said, said);
    letter_to(world, hold, CHILD_DESK, ACTION);
    hold->valid_until = said->retain_until;
    hold->valid_until.seconds = (int64_t)((world->now + 6 * DAY_NS) / NS_PER_S);
    hold->header.valid_until = &hold->valid_until;
    accepted(world, hold);
    world_pass(world, 4 * DAY_NS);
    assert_int_equal(world->model.n_shields, 1);
    world_pass(world, 2 * DAY_NS + MINUTE_NS);
    world_pass(world, DAY_NS);
    assert_int_equal(world->model.n_shields, 0);
}

// What comes while the end is being written is protected too.
static void a_message_that_comes_while_it_ends_keeps_it(void **state)
{
    struct world *world = *state;
    struct letter *said = note(world, POLICE, CHILD_DESK);
    said->flags.child = true;
    shield(said, FLAG(YES), ET);
    kept_for(world, said, DAY_NS);
    world_pass(world, DAY_NS + MINUTE_NS);
    world->now += DAY_NS;
    world->monotonic += DAY_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world);
    world_check_one(world, 0);
    world_commit_one(world, 0); // nothing is left
    world_check_one(world, 0);
    assert_int_equal(world->n_appends, 1);
    assert_true(world->appends[0]->shield->over); // the end
    letter_arrive(world, note(world, POLICE, LONELY));
    world_check_one(world, 0);
    world_commit_one(world, 1); // is faster
    world_pump(world);
    assert_int_equal(world->model.n_shields, 1);
    refused(world, note(world, POLICE, POST), REASON_NOT_PERMITTED, "recipients[0].unit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_protection_unit_that_has_seen_it_takes_it_back),
        HUB_TEST(an_exercise_takes_nothing_back),
        HUB_TEST(nobody_else_takes_it_back),
        HUB_TEST(who_waits_in_a_state_that_is_free_again_is_woken),
        HUB_TEST(a_state_with_thousands_of_devices_is_freed_like_any_other),
        HUB_TEST(who_is_kept_out_still_is_not_woken),
        HUB_TEST(a_case_is_kept_from_nobody_once_nothing_is_left_of_it),
        HUB_TEST(a_long_case_is_looked_at_in_parts_also_over_a_restart),
        HUB_TEST(what_was_withheld_does_not_come_when_that_ends),
        HUB_TEST(a_hold_keeps_a_case_from_a_state_as_it_keeps_its_messages),
        HUB_TEST(a_message_that_comes_while_it_ends_keeps_it),
        HUB_TEST(a_reference_to_it_is_enough_to_take_it_back),
        HUB_TEST(a_newer_version_of_what_has_said_so_takes_it_back),
        HUB_TEST(it_takes_back_the_states_that_the_message_has_named_and_no_other),
        HUB_TEST(nobody_is_sent_back_in_a_case_that_is_kept_from_a_state),
        HUB_TEST(what_answers_goes_on_there_with_the_purpose_that_it_was_asked_for),
        HUB_TEST(what_answers_about_a_return_says_that_the_person_fears_it),
        HUB_TEST(who_points_at_nothing_that_has_said_so_takes_nothing_back),
        HUB_TEST(the_protection_unit_of_the_state_itself_takes_nothing_back_that_it_has_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
