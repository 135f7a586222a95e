// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm: whom a hub lets a message reach, and what a state that is not to learn of it can see.
#include "tests/unit/hub_expect.h"

#define FLAG(name) AMANA__V1__PROTECTION__CODE__##name

static char *ET[] = {(char *)"et"}, *SO[] = {(char *)"so"};

static void shield(struct letter *letter, Amana__V1__Protection__Code protection, char **states)
{
    letter->flags.protection = protection;
    letter->flags.never_tell = states;
    letter->flags.n_never_tell = states != NULL ? 1 : 0;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(nothing_goes_to_a_state_that_the_flags_name),
        HUB_TEST(a_copy_is_kept_from_it_too),
        HUB_TEST(unknown_keeps_it_too_unless_a_child_is_at_risk),
        HUB_TEST(the_refusal_is_that_of_a_unit_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
