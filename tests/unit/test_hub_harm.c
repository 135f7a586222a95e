// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm: whom a hub lets a message reach, and what a state that is not to learn of it can see.
#include "tests/unit/hub_expect.h"

#include "proto/model/country.h"
#include "proto/model/header.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#define FLAG(name) AMANA__V1__PROTECTION__CODE__##name

static char *ET[] = {(char *)"et"}, *SO[] = {(char *)"so"};

static void shield(struct letter *letter, Amana__V1__Protection__Code protection, char **states)
{
    letter->flags.protection = protection;
    letter->flags.never_tell = states;
    letter->flags.n_never_tell = states != NULL ? 1 : 0;
}

static const Amana__V1__SubmittedEntry *entry_of(const struct world *world, const struct letter *letter)
{
    return world->model.entries[letter->seq].content->submitted;
}

// --- By the message's own flags
static void nothing_goes_to_a_state_that_the_flags_name(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    shield(alert, FLAG(YES), ET);
    refused(world, alert, REASON_NOT_PERMITTED, "recipients[0].unit");
    alert = alert_to(world, POLICE, POST);
    shield(alert, FLAG(YES), SO);
    accepted(world, alert);
}

static void a_copy_is_kept_from_it_too(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, LONELY);
    letter_to(world, alert, SHELTER, COPY);
    shield(alert, FLAG(YES), ET);
    refused(world, alert, REASON_NOT_PERMITTED, "recipients[1].unit");
}

static void unknown_keeps_it_too_unless_a_child_is_at_risk(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    shield(alert, FLAG(UNKNOWN), ET);
    alert->header.urgency_reason = AMANA__V1__URGENCY_REASON__CODE__EVIDENCE_AT_RISK;
    refused(world, alert, REASON_NOT_PERMITTED, "recipients[0].unit");
    alert = alert_to(world, POLICE, POST);
    shield(alert, FLAG(UNKNOWN), ET);
    accepted(world, alert);
}

static void the_refusal_is_that_of_a_unit_that_is_not_there(void **state)
{
    struct world *world = *state;
    struct letter *harm = alert_to(world, POLICE, POST), *none = alert_to(world, POLICE, "et/police/nobody");
    shield(harm, FLAG(YES), ET);
    refused(world, harm, REASON_NOT_PERMITTED, "recipients[0].unit");
    refused(world, none, REASON_NOT_PERMITTED, "recipients[0].unit");
    assert_string_equal(harm->submission.work.detail.text, none->submission.work.detail.text);
}

// --- By what the case's messages have said
static struct letter *note(struct world *world, const char *from, const char *to)
{
    struct letter *letter = letter_new(world, from, KIND(NOTE));
    letter_to(world, letter, to, ACTION);
    return letter;
}

// To the protection unit, which rule 3 opens to police: the person may have fled this state.
static struct letter *flagged(struct world *world, Amana__V1__Protection__Code protection, char **states)
{
    struct letter *letter = note(world, POLICE, CHILD_DESK);
    letter->flags.child = true;
    shield(letter, protection, states);
    accepted(world, letter);
    return letter;
}

static struct letter *alert_to_both(struct world *world)
{
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_to(world, alert, LONELY, ACTION);
    accepted(world, alert);
    return alert;
}

static void a_flag_stays_with_the_case(void **state)
{
    struct world *world = *state;
    world_alert(world);
    accepted(world, note(world, POLICE, POST));
    flagged(world, FLAG(YES), ET);
    refused(world, note(world, POLICE, POST), REASON_NOT_PERMITTED, "recipients[0].unit");
    refused(world, note(world, POLICE, SHELTER), REASON_NOT_PERMITTED, "recipients[0].unit");
    accepted(world, note(world, POLICE, LONELY));
    struct letter *other = note(world, POLICE, POST);
    other->header.case_ref = (char *)"ke/dci/2026/004212";
    accepted(world, other);
}

static void unknown_becomes_yes_and_yes_not_unknown(void **state)
{
    struct world *world = *state;
    flagged(world, FLAG(UNKNOWN), ET);
    accepted(world, note(world, POLICE, POST)); // a child is at risk
    flagged(world, FLAG(YES), ET);
    flagged(world, FLAG(UNKNOWN), ET);
    refused(world, note(world, POLICE, POST), REASON_NOT_PERMITTED, "recipients[0].unit");
}

static struct letter *taken_back(struct world *world, const char *unit, const struct letter *answered)
{
    struct letter *letter = world_answer(world, unit, KIND(NOTE), answered, answered);
    letter->header.in_reply_to = &letter->in_reply_to;
    letter->flags.protection = FLAG(NO);
    return letter;
}

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

// Each who names it stands for it: who has named it once is judged by it, and nothing is written twice.
static void what_the_same_country_says_again_changes_nothing(void **state)
{
    struct world *world = *state;
    (void)flagged(world, FLAG(YES), ET);
    assert_int_equal(world->model.n_shields, 1);
    uint64_t version = world->model.shields[0].version;
    (void)flagged(world, FLAG(YES), ET);
    (void)flagged(world, FLAG(UNKNOWN), ET);
    assert_int_equal(world->model.shields[0].version, version);
}

static void its_answers_are_three_and_no_other(void **state)
{
    struct world *world = *state;
    char *to_police[] = {(char *)POLICE};
    world_grant(world, POST, "unit", to_police, 1);
    world_alert(world);
    struct letter *request = letter_new(world, POST, KIND(REQUEST)), *answer;
    letter_to(world, request, POLICE, ACTION);
    accepted(world, request);
    flagged(world, FLAG(YES), ET);
    static const struct {
        Amana__V1__Kind__Code kind;
        int outcome;
        bool taken;
    } ROWS[] = {
        {KIND(ACK), 0, true},
        {KIND(PROGRESS), OUTCOME(CLARIFICATION_ASKED), false},
        {KIND(PROGRESS), OUTCOME(IN_HAND), true},
        {KIND(REFUSAL), OUTCOME(NOT_DISCLOSED), false},
        {KIND(RESPONSE), OUTCOME(FULL), false},
        {KIND(RESPONSE), OUTCOME(PARTIAL), false},
        {KIND(NOTE), 0, false},
        {KIND(RESPONSE), OUTCOME(NO_DATA), true},
    };
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        answer = world_answer(world, POLICE, ROWS[i].kind, request, request);
        answer->header.n_recipients = 0;
        letter_to(world, answer, POST, ACTION);
        answer->header.outcome = (Amana__V1__Outcome__Code)ROWS[i].outcome;
        if (ROWS[i].taken)
            accepted(world, answer);
        else
            refused(world, answer, REASON_NOT_PERMITTED, "recipients[0].unit");
    }
    assert_null(model_life(&world->model, request->seq, POST));
    assert_int_equal(model_life(&world->model, request->seq, POLICE)->state, LIFE(ANSWERED));
}

// The three are for what it asked itself: nobody else's answer takes a copy to it.
static void an_answer_to_another_state_takes_no_copy_to_it(void **state)
{
    struct world *world = *state;
    char *both[] = {(char *)"ke/*/*", (char *)"et/*/*"};
    world_grant(world, LONELY, "unit", both, 2);
    (void)alert_to_both(world);
    struct letter *request = letter_new(world, LONELY, KIND(REQUEST)), *answer;
    letter_to(world, request, POLICE, ACTION);
    letter_to(world, request, POST, COPY); // a party of what is answered
    accepted(world, request);
    flagged(world, FLAG(YES), ET);
    answer = world_answer(world, POLICE, KIND(RESPONSE), request, request);
    answer->header.n_recipients = 0;
    letter_to(world, answer, LONELY, ACTION);
    letter_to(world, answer, POST, COPY);
    answer->header.outcome = (Amana__V1__Outcome__Code)OUTCOME(NO_DATA);
    refused(world, answer, REASON_NOT_PERMITTED, "recipients[1].unit");
}

static void a_state_is_named_by_its_whole_code(void **state)
{
    struct world *world = *state;
    static char *ER[] = {(char *)"er"};
    flagged(world, FLAG(YES), ER);
    accepted(world, note(world, POLICE, POST));
}

static void unknown_keeps_mail_from_it_unless_a_child_is_at_risk_and_is_not_lowered_by_a_later_unknown(void **state)
{
    struct world *world = *state;
    flagged(world, FLAG(UNKNOWN), ET);
    struct letter *letter = note(world, POLICE, POST);
    letter->header.urgency_reason = AMANA__V1__URGENCY_REASON__CODE__EVIDENCE_AT_RISK;
    refused(world, letter, REASON_NOT_PERMITTED, "recipients[0].unit");
    flagged(world, FLAG(YES), ET);
    flagged(world, FLAG(YES), ET); // said twice: still one
    refused(world, note(world, POLICE, POST), REASON_NOT_PERMITTED, "recipients[0].unit");
}

// How many states the others have named is nothing that it may read off.
static void a_listed_state_names_another_however_many_the_case_has(void **state)
{
    struct world *world = *state;
    char codes[COUNTRIES][3], *names[COUNTRIES], *to_police[] = {(char *)POLICE};
    size_t n = 0;
    world_grant(world, POST, "unit", to_police, 1);
    world_alert(world);
    struct letter *more;
    for (size_t i = 0; i < COUNTRIES; i++) {
        country_at(i, codes[i]);
        if (strcmp(codes[i], "ke") != 0 && strcmp(codes[i], "so") != 0)
            names[n++] = codes[i];
    }
    for (size_t i = 0; i < n; i += LIMIT_NEVER_TELL) {
        more = note(world, POLICE, CHILD_DESK);
        more->flags.child = true;
        shield(more, FLAG(YES), names + i);
        more->flags.n_never_tell = n - i < LIMIT_NEVER_TELL ? n - i : LIMIT_NEVER_TELL;
        accepted(world, more);
    }
    accepted(world, note(world, POLICE, LONELY));
    more = note(world, POST, POLICE);
    shield(more, FLAG(YES), SO);
    accepted(world, more);
    refused(world, note(world, POLICE, LONELY), REASON_NOT_PERMITTED, "recipients[0].unit");
}

// --- What binds a sender that is listed itself
static void says(struct world *world, char **states)
{
    struct letter *letter = note(world, POST, POLICE);
    shield(letter, FLAG(YES), states);
    accepted(world, letter);
}

// It has named a state, and tries it: the answer is the same whether or not it is listed meanwhile.
static void a_listed_state_is_bound_by_its_own_word_and_by_what_was_said_before(void **state)
{
    char *all[] = {(char *)"*/*/*"}, *both[] = {(char *)"so", (char *)"et"};
    static const struct {
        const char *what;
        int before, own, after; // so is named: before et is listed, by et (2: last), after it (2: with it)
        bool refused;
    } ROWS[] = {
        {"by nobody", 0, 0, 0, false},          {"before it", 1, 0, 0, true}, {"by itself", 0, 1, 0, true},
        {"by itself and after", 0, 1, 1, true}, {"after it", 0, 0, 1, false}, {"together with it", 0, 0, 2, false},
    };
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        void *one = NULL;
        assert_int_equal(hub_begin(&one), 0);
        struct world *world = one;
        world_grant(world, POST, "unit", all, 1);
        (void)alert_to_both(world);
        if (ROWS[i].before)
            flagged(world, FLAG(YES), SO);
        if (ROWS[i].after == 2) {
            struct letter *letter = note(world, POLICE, CHILD_DESK);
            letter->flags.child = true;
            shield(letter, FLAG(YES), both);
            letter->flags.n_never_tell = 2;
            accepted(world, letter);
        } else {
            flagged(world, FLAG(YES), ET);
        }
        if (ROWS[i].own == 1)
            says(world, SO);
        if (ROWS[i].after == 1)
            flagged(world, FLAG(YES), SO);
        if (ROWS[i].own == 2)
            says(world, SO);
        struct letter *tries = note(world, POST, LONELY);
        if ((letter_send(world, tries) == REASON_NOT_PERMITTED) != ROWS[i].refused)
            fail_msg("so is named %s", ROWS[i].what);
        assert_int_equal(hub_end(&one), 0);
    }
    (void)state;
}

// --- Who says so
static char *KE[] = {(char *)"ke"};

// Who flees may flee the state that looks for them, and another be the first to hear of it.
static void a_case_is_kept_from_its_own_state_too_whoever_says_so(void **state)
{
    struct world *world = *state;
    char *all[] = {(char *)"*/*/*"};
    world_grant(world, LONELY, "unit", all, 1);
    (void)alert_to_both(world);
    accepted(world, note(world, LONELY, POLICE));
    struct letter *letter = note(world, LONELY, POST);
    shield(letter, FLAG(YES), KE);
    accepted(world, letter);
    refused(world, note(world, LONELY, POLICE), REASON_NOT_PERMITTED, "recipients[0].unit");
}

// What goes on between its own units is no secret to it.
static void a_state_that_has_named_itself_keeps_nothing_from_its_own_units(void **state)
{
    struct world *world = *state;
    char *all[] = {(char *)"*/*/*"};
    world_grant(world, POLICE, "unit", all, 1);
    struct letter *letter = note(world, POLICE, LONELY);
    shield(letter, FLAG(YES), KE);
    accepted(world, letter);
    accepted(world, note(world, POLICE, COLLEAGUES));
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

// --- What goes on without it
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
    assert_int_equal(entry_of(world, answer)->n_moves, 1);
    assert_int_equal(entry_of(world, answer)->crossed, 0);
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

// --- What it can see: the same with and without
#define SEEN 4096u
static void see(char seen[SEEN], struct world *world, struct letter *letter)
{
    enum reason reason = letter_send(world, letter);
    const Amana__V1__SubmittedEntry *entry = reason == REASON_NONE ? entry_of(world, letter) : NULL;
    char line[1024];
    snprintf(line, sizeof line, "%s %s %s %s", kind_name((unsigned)letter->header.kind), reason_name(reason),
             letter->submission.work.detail.field, letter->submission.work.detail.text);
    strlcat(seen, line, SEEN);
    for (size_t i = 0; entry != NULL && i < entry->n_delivered_to; i++)
        strlcat(seen, " >", SEEN), strlcat(seen, entry->delivered_to[i], SEEN);
    for (size_t i = 0; entry != NULL && i < entry->n_moves; i++) {
        snprintf(line, sizeof line, " %s:%d-%d", entry->moves[i]->recipient, (int)entry->moves[i]->from,
                 (int)entry->moves[i]->to);
        strlcat(seen, line, SEEN);
    }
    strlcat(seen, entry != NULL && entry->crossed ? " crossed\n" : "\n", SEEN);
}

// A post's whole day in a case: what it may do, and what it may not.
static void a_day_of_the_post(struct world *world, bool flag, char seen[SEEN])
{
    char *to_police[] = {(char *)POLICE};
    world_grant(world, POST, "unit", to_police, 1);
    struct letter *alert = alert_to_both(world), *request, *answer;
    if (flag)
        flagged(world, FLAG(YES), ET);
    see(seen, world, world_answer(world, POST, KIND(ACK), alert, alert));
    see(seen, world, world_answer(world, POST, KIND(HIT), alert, alert));
    see(seen, world, world_answer(world, POST, KIND(CANCEL), alert, alert));
    request = letter_new(world, POST, KIND(REQUEST));
    letter_to(world, request, POLICE, ACTION);
    see(seen, world, request);
    answer = world_answer(world, POLICE, KIND(ACK), request, request);
    answer->header.n_recipients = 0;
    letter_to(world, answer, POST, ACTION);
    accepted(world, answer);
    see(seen, world, world_answer(world, POST, KIND(CLARIFICATION), request, request));
    see(seen, world, note(world, POST, POLICE));
    see(seen, world, note(world, POST, LONELY)); // no grant
    answer = note(world, POST, POLICE);
    letter_to(world, answer, SHELTER, COPY);
    see(seen, world, answer);
    world->now += 3 * DAY_NS;
    see(seen, world, world_answer(world, POST, KIND(ACK), alert, alert));
    see(seen, world, world_answer(world, POST, KIND(HIT), alert, alert));
    see(seen, world, world_answer(world, POST, KIND(WITHDRAW), request, request));
}

static void what_a_listed_state_sends_is_taken_and_receipted_as_if_nobody_had_said_anything(void **state)
{
    static char with[SEEN], without[SEEN];
    void *other = NULL;
    with[0] = without[0] = '\0';
    a_day_of_the_post(*state, true, with);
    assert_int_equal(hub_begin(&other), 0);
    a_day_of_the_post(other, false, without);
    assert_int_equal(hub_end(&other), 0);
    assert_string_equal(with, without);
    assert_non_null(strstr(with, "HIT NONE"));
}

// It would see its contest decided, and have no word of it.
static void a_contest_of_a_listed_state_is_decided_for_nobody(void **state)
{
    struct world *world = *state;
    char *parties[] = {(char *)"ke/*/*", (char *)"et/*/*"};
    world_grant(world, POLICE, "unit", parties, 2);
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_to(world, alert, CHILD_DESK, COPY);
    accepted(world, alert);
    struct letter *contest = world_answer(world, POST, KIND(CONTEST), alert, alert);
    letter_to(world, contest, CHILD_DESK, COPY);
    accepted(world, contest);
    struct letter *fled = world_answer(world, CHILD_DESK, KIND(NOTE), alert, alert);
    shield(fled, FLAG(YES), ET);
    accepted(world, fled);
    for (unsigned back = 0; back < 2; back++) {
        struct letter *decision = letter_new(world, POLICE, KIND(DECISION));
        letter_answers(decision, contest, contest);
        decision->header.outcome = AMANA__V1__OUTCOME__CODE__REJECTED;
        letter_to(world, decision, CHILD_DESK, back ? COPY : ACTION);
        if (back)
            letter_to(world, decision, POST, ACTION);
        refused(world, decision, back ? REASON_NOT_PERMITTED : REASON_FIELD_INVALID, NULL);
    }
    assert_int_equal(model_life(&world->model, contest->seq, POLICE)->state, LIFE(OPEN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_flag_stays_with_the_case),
        HUB_TEST(unknown_becomes_yes_and_yes_not_unknown),
        HUB_TEST(a_protection_unit_that_has_seen_it_takes_it_back),
        HUB_TEST(an_exercise_takes_nothing_back),
        HUB_TEST(nobody_else_takes_it_back),
        HUB_TEST(who_waits_in_a_state_that_is_free_again_is_woken),
        HUB_TEST(who_is_kept_out_still_is_not_woken),
        HUB_TEST(what_the_same_country_says_again_changes_nothing),
        HUB_TEST(its_answers_are_three_and_no_other),
        HUB_TEST(a_case_is_kept_from_nobody_once_nothing_is_left_of_it),
        HUB_TEST(a_long_case_is_looked_at_in_parts_also_over_a_restart),
        HUB_TEST(what_was_withheld_does_not_come_when_that_ends),
        HUB_TEST(a_hold_keeps_a_case_from_a_state_as_it_keeps_its_messages),
        HUB_TEST(a_message_that_comes_while_it_ends_keeps_it),
        HUB_TEST(an_update_goes_to_the_others_and_leaves_its_life_alone),
        HUB_TEST(a_life_expires_by_the_version_that_its_unit_has),
        HUB_TEST(what_expires_at_once_is_an_entry_for_each_country),
        HUB_TEST(an_end_goes_to_the_others_alone_too),
        HUB_TEST(it_expires_by_what_it_has_seen_whatever_became_of_the_alert_for_the_others),
        HUB_TEST(an_alert_to_listed_units_alone_is_renewed_and_ended_by_way_of_who_protects),
        HUB_TEST(who_had_a_copy_and_acts_now_has_a_life_and_a_clock),
        HUB_TEST(it_is_ended_at_once_too_and_where_nobody_else_has_it),
        HUB_TEST(an_answer_to_another_state_takes_no_copy_to_it),
        HUB_TEST(a_state_is_named_by_its_whole_code),
        HUB_TEST(unknown_keeps_mail_from_it_unless_a_child_is_at_risk_and_is_not_lowered_by_a_later_unknown),
        HUB_TEST(a_listed_state_names_another_however_many_the_case_has),
        HUB_TEST(a_case_is_kept_from_its_own_state_too_whoever_says_so),
        HUB_TEST(a_state_that_has_named_itself_keeps_nothing_from_its_own_units),
        HUB_TEST(a_listed_state_is_bound_by_its_own_word_and_by_what_was_said_before),
        HUB_TEST(a_reference_to_it_is_enough_to_take_it_back),
        HUB_TEST(a_newer_version_of_what_has_said_so_takes_it_back),
        HUB_TEST(it_takes_back_the_states_that_the_message_has_named_and_no_other),
        HUB_TEST(nobody_is_sent_back_in_a_case_that_is_kept_from_a_state),
        HUB_TEST(what_answers_goes_on_there_with_the_purpose_that_it_was_asked_for),
        HUB_TEST(what_answers_about_a_return_says_that_the_person_fears_it),
        HUB_TEST(who_points_at_nothing_that_has_said_so_takes_nothing_back),
        HUB_TEST(the_protection_unit_of_the_state_itself_takes_nothing_back_that_it_has_seen),
        HUB_TEST(what_it_finds_itself_is_told_among_its_units_as_before),
        HUB_TEST(what_is_found_where_a_child_is_at_risk_is_told_to_a_state_that_may_be_the_one),
        HUB_TEST(what_was_ended_by_way_of_others_is_ended_and_renewed_no_more),
        HUB_TEST(it_is_not_told_that_something_was_found_elsewhere),
        HUB_TEST(what_a_listed_state_finds_makes_as_many_entries_whoever_else_is_listed),
        HUB_TEST(one_that_is_free_again_takes_up_its_life),
        HUB_TEST(what_a_listed_state_sends_is_taken_and_receipted_as_if_nobody_had_said_anything),
        HUB_TEST(nothing_goes_to_a_state_that_the_flags_name),
        HUB_TEST(a_copy_is_kept_from_it_too),
        HUB_TEST(unknown_keeps_it_too_unless_a_child_is_at_risk),
        HUB_TEST(the_refusal_is_that_of_a_unit_that_is_not_there),
        HUB_TEST(a_contest_of_a_listed_state_is_decided_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
