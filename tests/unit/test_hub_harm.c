// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm: whom a hub lets a message reach, and what a state that is not to learn of it can see.
#include "tests/unit/hub_expect.h"

#include "proto/model/country.h"
#include "proto/model/policy.h"
#include "tests/unit/hub_shield.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

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

// Of another case, as a search for the same driver is: what it says of her whereabouts would else reach them by it.
static void what_refers_to_such_a_case_is_kept_from_them_too(void **state)
{
    struct world *world = *state;
    static const char *const TO[] = {POST, SHELTER};
    struct letter *alert = world_alert(world), *fled = flagged(world, FLAG(YES), ET), *other;
    for (size_t i = 0; i < AM_LEN(TO); i++) {
        other = note(world, POLICE, TO[i]);
        other->header.case_ref = (char *)"ke/dci/2026/004212";
        letter_refers(other, i == 0 ? fled : alert);
        refused(world, other, REASON_NOT_PERMITTED, "recipients[0].unit");
    }
    other = note(world, POLICE, LONELY);
    other->header.case_ref = (char *)"ke/dci/2026/004212";
    letter_refers(other, fled);
    accepted(world, other);
    other = note(world, POST, POST); // and they see no difference
    other->header.case_ref = (char *)"et/ics/2026/000017";
    letter_refers(other, alert);
    accepted(world, other);
}

static void nobody_is_returned_by_what_refers_to_such_a_case(void **state)
{
    struct world *world = *state;
    struct letter *fled = flagged(world, FLAG(YES), ET), *other = note(world, POLICE, LONELY);
    struct policy *policy = calloc(1, sizeof *policy);
    policy->purpose_changes[AMANA__V1__PURPOSE__CODE__INVESTIGATION] =
        1u << AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION;
    hub_set_policy(world->hub, policy);
    other->header.case_ref = (char *)"ke/dci/2026/004212";
    other->header.purpose = AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION;
    other->header.consent = AMANA__V1__CONSENT__CODE__GIVEN;
    other->flags.protection = FLAG(NO);
    letter_refers(other, fled);
    refused(world, other, REASON_PURPOSE_MISMATCH, "purpose");
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

#define EACH 64u // states that one message names
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
    for (size_t i = 0; i < n; i += EACH) {
        more = note(world, POLICE, CHILD_DESK);
        more->flags.child = true;
        shield(more, FLAG(YES), names + i);
        more->flags.n_never_tell = n - i < EACH ? n - i : EACH;
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

// --- What it can see: the same with and without
#define SEEN 4096u
static void see(char seen[SEEN], struct world *world, struct letter *letter)
{
    enum reason reason = letter_send(world, letter);
    const Amana__V1__SubmittedEntry *entry = reason == REASON_NONE ? submitted_of(world, letter) : NULL;
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
        HUB_TEST(what_refers_to_such_a_case_is_kept_from_them_too),
        HUB_TEST(nobody_is_returned_by_what_refers_to_such_a_case),
        HUB_TEST(unknown_becomes_yes_and_yes_not_unknown),
        HUB_TEST(what_the_same_country_says_again_changes_nothing),
        HUB_TEST(its_answers_are_three_and_no_other),
        HUB_TEST(an_answer_to_another_state_takes_no_copy_to_it),
        HUB_TEST(a_state_is_named_by_its_whole_code),
        HUB_TEST(unknown_keeps_mail_from_it_unless_a_child_is_at_risk_and_is_not_lowered_by_a_later_unknown),
        HUB_TEST(a_listed_state_names_another_however_many_the_case_has),
        HUB_TEST(a_case_is_kept_from_its_own_state_too_whoever_says_so),
        HUB_TEST(a_state_that_has_named_itself_keeps_nothing_from_its_own_units),
        HUB_TEST(a_listed_state_is_bound_by_its_own_word_and_by_what_was_said_before),
        HUB_TEST(what_a_listed_state_sends_is_taken_and_receipted_as_if_nobody_had_said_anything),
        HUB_TEST(nothing_goes_to_a_state_that_the_flags_name),
        HUB_TEST(a_copy_is_kept_from_it_too),
        HUB_TEST(unknown_keeps_it_too_unless_a_child_is_at_risk),
        HUB_TEST(the_refusal_is_that_of_a_unit_that_is_not_there),
        HUB_TEST(a_contest_of_a_listed_state_is_decided_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
