// SPDX-License-Identifier: Apache-2.0
// policy.conf: what it takes, that each mistake names its line and what is allowed, and which row counts.
#include "server/policy_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOOD                                                                                                           \
    "# who may have what\n"                                                                                            \
    "ceiling \"ke/dci/*\" { classification = \"CONFIDENTIAL\" }\n"                                                     \
    "ceiling \"ke/*/*\" { classification = \"BASIC\" }\n"                                                              \
    "retention \"NOTE\" { days = 90 }\n"                                                                               \
    "quota \"*/*/*\" { requests-per-second = 7 in-flight = 3 }\n"                                                      \
    "protection-also-to = {\"ke/doj/victims\", \"et/*/*\"}\n"                                                          \
    "default { from = \"ke\" to = \"et\" purpose = \"INVESTIGATION\" legal-basis = \"BILATERAL_AGREEMENT\""            \
    " agreement = \"ke-et-2024\" retention-days = 180 handling = {\"H0\", \"H1\"} }\n"                                 \
    "default { from = \"ke\" to = \"*\" legal-basis = \"PALERMO_PROTOCOL\" }\n"                                        \
    "release { kinds = {\"REQUEST\", \"NOTE\"} from = \"ke/dci/*\" to = \"et/*/*\" }\n"                                \
    "supervisors \"ke/*/*\" { units = {\"ke/dci/headquarters\", \"ke/dcs/office\"} }\n"                                \
    "purpose-change \"INVESTIGATION\" { to = {\"PROSECUTION\"} }\n"

static enum am_err parse(const char *text, struct am_detail *detail, struct policy **policy)
{
    *detail = (struct am_detail){0};
    return policy_parse((struct am_bytes){(const uint8_t *)text, strlen(text)}, "policy.conf", detail, policy);
}

static void every_table_is_taken_and_its_lines_are_kept(void **state)
{
    struct am_detail detail;
    struct policy *policy;

    assert_int_equal(parse(GOOD, &detail, &policy), AM_OK);
    assert_int_equal(policy->n_ceilings, 2);
    assert_int_equal(policy->ceilings[1].line, 3);
    assert_int_equal(policy->ceilings[1].classification, AMANA__V1__CLASSIFICATION__CODE__BASIC);
    assert_int_equal(policy->retention_days[KIND(NOTE)], 90);
    assert_int_equal(policy->retention_lines[KIND(NOTE)], 4);
    assert_int_equal(policy->retention_days[KIND(ALERT)], 0);
    assert_int_equal(policy->quotas[0].requests_per_s, 7);
    assert_int_equal(policy->quotas[0].in_flight, 3);
    assert_int_equal(policy->n_protects, 2);
    policy_free(policy);
}

static void of_the_rows_of_a_table_the_first_that_fits_counts(void **state)
{
    struct am_detail detail;
    struct policy *policy;

    assert_int_equal(parse(GOOD, &detail, &policy), AM_OK);
    assert_int_equal(policy_ceiling(policy, "ke/dci/transnational")->line, 2);
    assert_int_equal(policy_ceiling(policy, "ke/dcs/child-protection")->line, 3);
    assert_null(policy_ceiling(policy, "et/ics/moyale"));
    assert_null(policy_ceiling(NULL, "ke/dci/transnational"));
    assert_non_null(policy_quota(policy, "et/ics/moyale"));
    assert_non_null(policy_protects(policy, "et/ics/moyale"));
    assert_null(policy_protects(policy, "ke/dci/transnational"));
    policy_free(policy);
}

static void a_default_counts_for_its_countries_and_its_purpose(void **state)
{
    struct am_detail detail;
    struct policy *policy;

    assert_int_equal(parse(GOOD, &detail, &policy), AM_OK);
    const struct policy_default *row =
        policy_default(policy, "ke/dci/x", "et/ics/moyale", AMANA__V1__PURPOSE__CODE__INVESTIGATION);
    assert_int_equal(row->line, 7);
    assert_int_equal(row->legal_basis, AMANA__V1__LEGAL_BASIS__CODE__BILATERAL_AGREEMENT);
    assert_string_equal(row->agreement, "ke-et-2024");
    assert_int_equal(row->retention_days, 180);
    assert_int_equal(row->handling, 1u << AMANA__V1__HANDLING__CODE__H0 | 1u << AMANA__V1__HANDLING__CODE__H1);
    row = policy_default(policy, "ke/dci/x", "et/ics/moyale", AMANA__V1__PURPOSE__CODE__PROTECTION);
    assert_int_equal(row->line, 8);
    assert_null(policy_default(policy, "et/ics/moyale", "ke/dci/x", AMANA__V1__PURPOSE__CODE__INVESTIGATION));
    policy_free(policy);
}

static void a_release_counts_for_its_kinds_between_its_units(void **state)
{
    struct am_detail detail;
    struct policy *policy;

    assert_int_equal(parse(GOOD, &detail, &policy), AM_OK);
    assert_int_equal(policy_release(policy, KIND(NOTE), "ke/dci/x", "et/ics/moyale")->line, 9);
    assert_null(policy_release(policy, KIND(ALERT), "ke/dci/x", "et/ics/moyale"));
    assert_null(policy_release(policy, KIND(NOTE), "ke/dcs/x", "et/ics/moyale"));
    assert_null(policy_release(policy, KIND(NOTE), "ke/dci/x", "ke/dcs/x"));
    policy_free(policy);
}

static void supervisors_release_for_units_of_their_own_agency_alone(void **state)
{
    struct am_detail detail;
    struct policy *policy;

    assert_int_equal(parse(GOOD, &detail, &policy), AM_OK);
    assert_true(policy_supervises(policy, "ke/dci/x", "ke/dci/x"));
    assert_true(policy_supervises(NULL, "ke/dci/x", "ke/dci/x"));
    assert_true(policy_supervises(policy, "ke/dci/x", "ke/dci/headquarters"));
    assert_false(policy_supervises(policy, "ke/dci/x", "ke/dcs/office"));
    assert_false(policy_supervises(policy, "ke/dci/x", "ke/dci/y"));
    assert_true(policy_supervises(policy, "ke/dcs/x", "ke/dcs/office"));
    policy_free(policy);
}

static void an_empty_file_is_a_policy_that_sets_nothing(void **state)
{
    struct am_detail detail;
    struct policy *policy;

    assert_int_equal(parse("", &detail, &policy), AM_OK);
    assert_int_equal(policy->n_ceilings + policy->n_quotas + policy->n_protects, 0);
    policy_free(policy);
}

static void a_table_has_so_many_rows_and_not_one_more(void **state)
{
    struct am_detail detail;
    struct policy *policy;
    char *text = calloc(POLICY_ROWS + 1, 64);

    for (unsigned row = 0; row < POLICY_ROWS; row++)
        sprintf(text + strlen(text), "ceiling \"ke/a/b%u\" { classification = \"BASIC\" }\n", row);
    assert_int_equal(parse(text, &detail, &policy), AM_OK);
    policy_free(policy);
    strcat(text, "ceiling \"ke/a/c\" { classification = \"BASIC\" }\n");
    assert_int_equal(parse(text, &detail, &policy), AM_CONFIG);
    assert_non_null(strstr(detail.text, "1025 rows; at most 1024"));
    free(text);
}

static void a_list_may_be_added_to_and_wider_rows_may_follow_narrower_ones(void **state)
{
    struct am_detail detail;
    struct policy *policy;

    assert_int_equal(parse("protection-also-to = {\"ke/a/b\", \"ke/c/d\"}\nprotection-also-to += {\"ke/e/f\"}\n"
                           "ceiling \"ke/dci/x\" { classification = \"BASIC\" }\n"
                           "ceiling \"ke/*/x\" { classification = \"RESTRICTED\" }\n"
                           "ceiling \"ke/dci/*\" { classification = \"RESTRICTED\" }\n"
                           "ceiling \"*/*/*\" { classification = \"CONFIDENTIAL\" }\n"
                           "supervisors \"*/dci/*\" { units = {\"ke/dci/a\", \"et/dci/b\"} }\n",
                           &detail, &policy),
                     AM_OK);
    assert_int_equal(policy->n_protects, 3);
    assert_int_equal(policy->n_ceilings, 4);
    policy_free(policy);
}

// Each file, what is said of it, and of which line.
static const struct {
    const char *text, *says;
    unsigned line;
} MISTAKES[] = {
    {"\nceiling \"ke/dci\" { classification = \"BASIC\" }", "COUNTRY/AGENCY/UNIT", 2},
    {"ceiling \"ke/dci/x\" { classification = \"RESTRICT\" }", "did you mean \"RESTRICTED\"", 1},
    {"ceiling \"ke/dci/x\" { classification = \"SECRET\" }",
     "\"SECRET\" is no classification; allowed: BASIC, RESTRICTED, CONFIDENTIAL", 1},
    {"ceiling \"ke/dci/x\" { }", "needs a classification: BASIC, RESTRICTED or CONFIDENTIAL", 1},
    {"\n\nretention \"NOTES\" { days = 3 }", "did you mean \"NOTE\"", 3},
    {"retention \"NOTE\" { }", "needs days", 1},
    {"retention \"NOTE\" { days = 0 }", "from 1 to 3660", 1},
    {"retention \"NOTE\" { days = 3661 }", "from 1 to 3660", 1},
    {"quota \"ke/dci/x\" { }", "needs requests-per-second, in-flight or both", 1},
    {"quota \"ke/dci/x\" { in-flight = 0 }", "from 1 to 1000000", 1},
    {"quota \"dci\" { in-flight = 1 }", "COUNTRY/AGENCY/UNIT", 1},
    {"protection-also-to = {\"ke/*/*\", \"all\"}", "\"all\" is no unit", 1},
    {"default { from = \"ke\" }", "needs from and to", 1},
    {"default { from = \"ke/dci\" to = \"et\" }", "is no country", 1},
    {"default { from = \"ke\" to = \"et\" legal-basis = \"BILATERAL_AGREEMENT\" }", "agreement goes with", 1},
    {"default { from = \"ke\" to = \"et\" agreement = \"a\" }", "agreement goes with", 1},
    {"default { from = \"ke\" to = \"et\" agreement = \"A b\" }", "1 to 31 characters", 1},
    {"default { from = \"ke\" to = \"et\" purpose = \"PROTECTON\" }", "did you mean \"PROTECTION\"", 1},
    {"default { from = \"ke\" to = \"et\" handling = {\"H9\"} }",
     "\"H9\" is no handling; did you mean \"H0\"? allowed: H0, H1, H2, H3", 1},
    {"release { from = \"ke/*/*\" to = \"*/*/*\" }", "needs kinds, from and to", 1},
    {"release { kinds = {\"ALRT\"} }", "did you mean \"ALERT\"", 1},
    {"supervisors \"ke/dci/*\" { }", "needs units", 1},
    {"supervisors \"ke/dci/*\" { units = {\"ke/dci/*\"} }", "units: \"ke/dci/*\"", 1},
    {"purpose-change \"INVESTIGATION\" { }", "needs to", 1},
    {"purpose-change \"ANY\" { to = {\"PROSECUTION\"} }", "\"ANY\" is no purpose; allowed: INVESTIGATION, PROTECTION, ",
     1},
    {"ceilings \"ke/dci/x\" { classification = \"BASIC\" }",
     "no such option 'ceilings'; did you mean \"ceiling\"? there are ceiling, retention,", 1},
    {"ceiling \"ke/dci/x\" { klass = \"BASIC\" }", "no such option 'klass'; there are classification", 1},
    {"retention \"NOTE\" { days = ten }", "invalid integer value for option 'days'; write a whole number", 1},
    {"retention \"NOTE\" { days = 99999999999999999999 }", "out of range; write a whole number", 1},
    {"ceiling \"ke/dci/x\" { classification = \"BASIC\" }\nceiling \"ke/dci/x\" { classification = \"BASIC\" }",
     "duplicate", 2},
    {"ceiling \"ke/dci/x\" { classification = \"BASIC\"", "ends inside a section", 1},
    {"ceiling \"ke/dci/x\" {\n classification = \"BASIC\"\n classification = \"CONFIDENTIAL\"\n}",
     "classification: is given twice", 3},
    {"retention \"NOTE\" { days = 3 days = 300 }", "days: is given twice", 1},
    {"h2-also-to = {\"ke/a/b\", \"ke/c/d\"}\nh2-also-to = {\"ke/a/b\", \"ke/c/d\"}", "h2-also-to: is given twice", 2},
    {"protection-also-to = {\"ke/a/b\"}\n\nprotection-also-to = {\"ke/c/d\"}", "protection-also-to: is given twice", 3},
    {"ceiling \"ke/*/*\" { classification = \"BASIC\" }\nceiling \"ke/dci/x\" { classification = \"RESTRICTED\" }",
     "ceiling \"ke/dci/x\" never counts: the first that fits does, and line 1 fits", 2},
    {"quota \"*/*/*\" { in-flight = 3 }\nquota \"ke/dci/*\" { in-flight = 5 }", "never counts", 2},
    {"default { from = \"*\" to = \"*\" retention-days = 3 }\ndefault { from = \"ke\" to = \"et\" retention-days = "
     "9 }",
     "default never counts", 2},
    {"default { from = \"ke\" to = \"et\" retention-days = 3 }\ndefault { from = \"ke\" to = \"et\" purpose = "
     "\"BORDER_CONTROL\" retention-days = 9 }",
     "default never counts", 2},
    {"supervisors \"ke/dci/*\" { units = {\"ke/dci/headquarters\", \"ke/dcs/office\"} }",
     "ke/dcs/office is of another agency", 1},
    {"retention \"ACK\" { days = 3 }", "always answers, and is kept as long as what it answers", 1},
    {"ceiling \"ke/dci/${HOME}\" { classification = \"BASIC\" }", "environment variables", 1},
    {"include(\"other.conf\")", "no such option 'include'", 1},
    {"ceiling \"ke/dci/x\" { ceiling \"ke/dci/y\" { classification = \"BASIC\" } }", "no such option 'ceiling'", 1},
    {"retention \"NOTE\" { days = 99999999999999999999 }", "out of range", 1},
    {"retention \"NOTE\" { days = 3.5 }", "invalid integer", 1},
    {"quota \"ke/dci/x\" { in-flight = -1 }", "from 1 to 1000000", 1},
    {"ceiling \"ke/d*/x\" { classification = \"BASIC\" }", "where a part may be *", 1},
    {"ceiling \"KE/dci/x\" { classification = \"BASIC\" }", "is no unit", 1},
    {"release { kinds = {} from = \"ke/*/*\" to = \"*/*/*\" }", "needs kinds, from and to", 1},
};

static void a_mistake_names_its_line_and_what_is_allowed(void **state)
{
    for (size_t i = 0; i < AM_LEN(MISTAKES); i++) {
        struct am_detail detail;
        struct policy *policy;
        print_message("%s\n", MISTAKES[i].text);
        assert_int_equal(parse(MISTAKES[i].text, &detail, &policy), AM_CONFIG);
        assert_string_equal(detail.field, "policy.conf");
        assert_non_null(strstr(detail.text, MISTAKES[i].says));
        assert_int_equal(detail.line, MISTAKES[i].line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_is_taken_and_its_lines_are_kept),
        cmocka_unit_test(of_the_rows_of_a_table_the_first_that_fits_counts),
        cmocka_unit_test(a_default_counts_for_its_countries_and_its_purpose),
        cmocka_unit_test(a_release_counts_for_its_kinds_between_its_units),
        cmocka_unit_test(supervisors_release_for_units_of_their_own_agency_alone),
        cmocka_unit_test(an_empty_file_is_a_policy_that_sets_nothing),
        cmocka_unit_test(a_table_has_so_many_rows_and_not_one_more),
        cmocka_unit_test(a_list_may_be_added_to_and_wider_rows_may_follow_narrower_ones),
        cmocka_unit_test(a_mistake_names_its_line_and_what_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
