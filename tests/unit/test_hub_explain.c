// SPDX-License-Identifier: Apache-2.0
// What an operator is told would become of a message, by which rule: each answer and each sentence once.
#include "tests/unit/hub_expect.h"

#include "proto/model/policy.h"

#include <bsd/string.h>

#define DPO    "ke/odpc/desk"
#define CLOSED "et/ics/galafi"

// Policy's rows: a ceiling of POST, a quota of POLICE, and what else it may name.
static struct policy *policy_given(struct world *world)
{
    struct policy *policy = calloc(1, sizeof *policy);
    policy->ceilings = calloc(1, sizeof *policy->ceilings);
    policy->ceilings[0] = (struct policy_ceiling){
        .party = POST, .classification = AMANA__V1__CLASSIFICATION__CODE__RESTRICTED, .line = 3};
    policy->n_ceilings = 1;
    policy->quotas = calloc(1, sizeof *policy->quotas);
    policy->quotas[0] = (struct policy_quota){.party = "ke/dci/*", .requests_per_s = 7, .line = 4};
    policy->n_quotas = 1;
    policy->retention_days[KIND(ALERT)] = 90;
    policy->retention_lines[KIND(ALERT)] = 5;
    hub_set_policy(world->hub, policy);
    return policy;
}

static void closed_unit(struct world *world)
{
    Amana__V1__MemberRecord record = AMANA__V1__MEMBER_RECORD__INIT;
    Amana__V1__Member said = AMANA__V1__MEMBER__INIT;
    record.unit = (char *)CLOSED;
    record.said = &said;
    said.role = (char *)"unit";
    said.successor = (char *)POST;
    assert_int_equal(hub_set_member(world->hub, &record), AM_OK);
    world_roster(world, CLOSED, 1, 1, 7);
}

static struct hub_explanation tried(struct world *world, const char *as, unsigned kind, const char *to,
                                    unsigned classification, enum reason reason)
{
    struct hub_explanation said;
    const struct hub_trial trial = {.as = as, .to = to, .kind = kind, .classification = classification};
    assert_string_equal(reason_name(hub_explain(world->hub, &trial, &said)), reason_name(reason));
    return said;
}

static const char *rule_of(const struct hub_explanation *said, const char *question)
{
    for (size_t i = 0; i < said->n; i++)
        if (strcmp(said->rows[i].question, question) == 0)
            return said->rows[i].rule;
    return "";
}

// --- Refused: the last row is what it is refused by, and none before it
static void what_is_refused_is_refused_by_its_last_row_alone(void **state)
{
    static const struct {
        const char *as, *to;
        unsigned kind;
        const char *question, *rule;
    } ROWS[] = {
        {"ke/no/such", POST, KIND(ALERT), "sender", "ke/no/such is no member"},
        {POLICE "l", POST, KIND(ALERT), "sender", POLICE "l is no member; did you mean \"" POLICE "\"?"},
        {POLICE, "et/ics/moyal", KIND(ALERT), "recipient", "et/ics/moyal is no member; did you mean \"" POST "\"?"},
        {AUDITOR, POST, KIND(ALERT), "sender", "role auditor sends nothing"},
        {DPO, POST, KIND(ALERT), "sender", "role dpo may not send ALERT"},
        {POLICE, DPO, KIND(SUBJECT_ACCESS), "sender", "role unit may not send SUBJECT_ACCESS"},
        {POLICE, "et/no/such", KIND(ALERT), "recipient", "et/no/such is no member"},
        {POLICE, AUDITOR, KIND(ALERT), "recipient", "role auditor receives nothing"},
        {POLICE, CLOSED, KIND(ALERT), "recipient",
         CLOSED " is closed, its successor is " POST ": answers alone go to it"},
        {POLICE, DPO, KIND(ALERT), "recipient", DPO " has no roster"},
        {POLICE, STRANGER, KIND(ALERT), "grant", "no grant of " POLICE " names ALERT to " STRANGER},
    };
    struct world *world = *state;
    closed_unit(world);
    world_grant(world, DPO, "dpo", NULL, 0);
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        struct hub_explanation said = tried(world, ROWS[i].as, ROWS[i].kind, ROWS[i].to, 1, REASON_NOT_PERMITTED);
        for (size_t row = 0; row < said.n; row++)
            assert_int_equal(said.rows[row].allows, row < said.n - 1);
        assert_string_equal(said.rows[said.n - 1].question, ROWS[i].question);
        assert_string_equal(said.rows[said.n - 1].rule, ROWS[i].rule);
    }
    tried(world, "KE/dci/x", KIND(ALERT), POST, 1, REASON_FIELD_INVALID);
    tried(world, POLICE, KIND(ALERT), "et", 1, REASON_FIELD_INVALID);
    tried(world, POLICE, 99, POST, 1, REASON_FIELD_INVALID);
}

static void a_unit_without_anybody_on_its_roster_is_named_with_the_number_that_took_them_away(void **state)
{
    struct world *world = *state;
    world_roster(world, POST, 2, 0, 7);
    struct hub_explanation said = tried(world, POLICE, KIND(ALERT), POST, 1, REASON_NOT_PERMITTED);
    assert_string_equal(said.rows[said.n - 1].rule, "the roster of " POST " was taken out of force by number 2");
}

// --- Where no grant is asked for
static void where_no_grant_is_asked_for_it_is_said_why(void **state)
{
    static const struct {
        const char *as, *to;
        unsigned kind;
        const char *says;
    } ROWS[] = {{POST, STRANGER, KIND(ACK), "where it goes to those whom the message answered names"},
                {DPO, POLICE, KIND(SUBJECT_ACCESS), "units of its office's own country"},
                {STRANGER, STRANGER, KIND(NOTE), "one's own unit"},
                {POLICE, CHILD_DESK, KIND(ALERT), "protection unit of the sender's country"}};
    struct world *world = *state;
    world_grant(world, DPO, "dpo", NULL, 0);
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        struct hub_explanation said = tried(world, ROWS[i].as, ROWS[i].kind, ROWS[i].to, 1, REASON_NONE);
        assert_non_null(strstr(rule_of(&said, "grant"), ROWS[i].says));
        for (size_t row = 0; row < said.n; row++)
            assert_true(said.rows[row].allows);
    }
    tried(world, POLICE, KIND(NOTE), COLLEAGUES, 1, REASON_NOT_PERMITTED);
    tried(world, POLICE, KIND(CANCEL), CHILD_DESK, 1, REASON_NONE);
}

// --- Ceilings
static void both_ceilings_are_looked_at_and_named_with_their_line(void **state)
{
    struct world *world = *state;
    struct policy *policy = policy_given(world);
    struct hub_explanation said =
        tried(world, POLICE, KIND(ALERT), POST, AMANA__V1__CLASSIFICATION__CODE__RESTRICTED, REASON_NONE);
    assert_string_equal(rule_of(&said, "sender's ceiling"), "no ceiling for " POLICE);
    assert_string_equal(rule_of(&said, "recipient's ceiling"),
                        "policy.conf line 3: ceiling \"" POST "\" is RESTRICTED, asked for RESTRICTED");
    said = tried(world, POLICE, KIND(ALERT), POST, AMANA__V1__CLASSIFICATION__CODE__CONFIDENTIAL,
                 REASON_CLASSIFICATION_ABOVE_CEILING);
    assert_false(said.rows[said.n - 1].allows);
    strcpy(policy->ceilings[0].party, POLICE);
    said = tried(world, POLICE, KIND(ALERT), POST, AMANA__V1__CLASSIFICATION__CODE__CONFIDENTIAL,
                 REASON_CLASSIFICATION_ABOVE_CEILING);
    assert_false(said.rows[said.n - 2].allows);
    assert_string_equal(said.rows[said.n - 1].rule, "no ceiling for " POST); // both are told
}

// --- What else holds
static void the_rest_is_said_by_policys_line_or_by_the_kind(void **state)
{
    struct world *world = *state;
    struct hub_explanation said = tried(world, POLICE, KIND(ALERT), POST, 1, REASON_NONE);
    assert_string_equal(rule_of(&said, "kept at most"), "1096 days, by its kind");
    assert_non_null(strstr(rule_of(&said, "quota"), "by amanad.conf"));
    assert_string_equal(rule_of(&said, "purpose PROTECTION"),
                        "refused with PURPOSE_MISMATCH: it is no protection unit");
    assert_string_equal(rule_of(&said, "second person"), "needed where it is about a PERSON or GROUP");
    assert_string_equal(rule_of(&said, "what others marked H2"),
                        "only with a DECISION of its sender, or where it has it already");
    said = tried(world, POLICE, KIND(REFERRAL), SHELTER, 1, REASON_NONE);
    assert_string_equal(rule_of(&said, "purpose PROTECTION"), "allowed: it is a protection unit");
    assert_string_equal(rule_of(&said, "second person"), "needed: it goes abroad");
    said = tried(world, POLICE, KIND(NOTE), POLICE, 1, REASON_NONE);
    assert_string_equal(rule_of(&said, "what others marked H2"),
                        "only with a DECISION of its sender: h2-also-to doesn't name it");
    assert_string_equal(rule_of(&said, "second person"), "not needed");
    said = tried(world, POST, KIND(ACK), POLICE, 1, REASON_NONE);
    assert_string_equal(rule_of(&said, "kept at most"), "as long as the message answered");
    said = tried(world, POLICE, KIND(CANCEL), POST, 1, REASON_NONE);
    assert_string_equal(rule_of(&said, "second person"), "needed where what it is about needed one");
    struct policy *policy = policy_given(world);
    policy->releases = calloc(1, sizeof *policy->releases);
    policy->releases[0] =
        (struct policy_release){.line = 6, .from = "ke/*/*", .to = POST, .kinds = KIND_BIT(KIND(ALERT))};
    policy->n_releases = 1;
    said = tried(world, POLICE, KIND(ALERT), POST, 1, REASON_NONE);
    assert_string_equal(rule_of(&said, "second person"), "policy.conf line 6: always");
    assert_string_equal(rule_of(&said, "kept at most"), "policy.conf line 5: 90 days");
    assert_non_null(strstr(rule_of(&said, "quota"), "policy.conf line 4: 7 requests a second"));
    for (size_t i = 0; i < said.n; i++)
        assert_true(said.rows[i].allows);
}

// What the two units and the marking decide is answered, and not asked back.
static void whether_a_second_person_is_needed_is_said_as_far_as_it_is_known(void **state)
{
    static const struct {
        const char *as, *to;
        unsigned kind, classification;
        const char *says;
    } ROWS[] = {
        {POLICE, POST, KIND(REFERRAL), 2, "needed: it goes abroad"},
        {POLICE, POST, KIND(REFERRAL), 3, "needed: it goes abroad"},
        {POLICE, CHILD_DESK, KIND(REFERRAL), 2, "not needed"},
        {POLICE, CHILD_DESK, KIND(REFERRAL), 3, "needed where it answers nothing: it is CONFIDENTIAL"},
        {POLICE, POST, KIND(ALERT), 3, "needed: it is CONFIDENTIAL"},
        {POLICE, POST, KIND(ALERT), 2, "needed where it is about a PERSON or GROUP"},
        {POLICE, POST, KIND(NOTE), 3, "needed where it answers nothing: it is CONFIDENTIAL"},
        {POST, POLICE, KIND(ACK), 3, "not needed"}, // answers never are for their marking
    };
    struct world *world = *state;
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        struct hub_explanation said =
            tried(world, ROWS[i].as, ROWS[i].kind, ROWS[i].to, ROWS[i].classification, REASON_NONE);
        assert_string_equal(rule_of(&said, "second person"), ROWS[i].says);
    }
}

// Of what decides, a line says yes or no; what is only told is marked so, and doesn't look like a yes.
static void what_decides_is_told_apart_from_what_only_informs(void **state)
{
    struct hub_explanation said = tried(*state, POLICE, KIND(ALERT), POST, 1, REASON_NONE);
    const char *DECIDE[] = {"sender", "recipient", "grant", "sender's ceiling", "recipient's ceiling"};
    for (size_t i = 0; i < said.n; i++) {
        assert_int_equal(said.rows[i].tells, i >= AM_LEN(DECIDE));
        if (i < AM_LEN(DECIDE))
            assert_string_equal(said.rows[i].question, DECIDE[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(whether_a_second_person_is_needed_is_said_as_far_as_it_is_known),
        HUB_TEST(what_decides_is_told_apart_from_what_only_informs),
        HUB_TEST(what_is_refused_is_refused_by_its_last_row_alone),
        HUB_TEST(a_unit_without_anybody_on_its_roster_is_named_with_the_number_that_took_them_away),
        HUB_TEST(where_no_grant_is_asked_for_it_is_said_why),
        HUB_TEST(both_ceilings_are_looked_at_and_named_with_their_line),
        HUB_TEST(the_rest_is_said_by_policys_line_or_by_the_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
