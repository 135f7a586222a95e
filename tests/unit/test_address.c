// SPDX-License-Identifier: Apache-2.0
// The grammar of addresses, case references and message ids.
#include "proto/model/address.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PART31 "abcdefghijklmnopqrstuvwxyz01234"

static void a_unit_has_three_parts(void **state)
{
    static const char *const GOOD[] = {"ke/dci/transnational", "et/ics/moyale", "igad/secretariat/desk", "0/1/2-",
                                       PART31 "/" PART31 "/" PART31};
    for (size_t i = 0; i < AM_LEN(GOOD); i++)
        assert_int_equal(address_check(GOOD[i], NULL), AM_OK);
}

static void anything_else_is_no_unit(void **state)
{
    static const char *const BAD[] = {"",
                                      "ke",
                                      "ke/dci",
                                      "ke/dci/",
                                      "/dci/x",
                                      "ke//x",
                                      "ke/dci/x/",
                                      "ke/dci/x/y",
                                      "KE/dci/x",
                                      "ke/dci/-x",
                                      "ke/*/x",
                                      "ke/dci/x y",
                                      "ke/dci/\xc3\xa9",
                                      "ke/dci/x\n",
                                      PART31 "5/a/b",
                                      "ke/a/" PART31 "5",
                                      "ke:x@et/a/b"};
    for (size_t i = 0; i < AM_LEN(BAD); i++) {
        struct am_detail detail = {0};
        assert_int_equal(address_check(BAD[i], &detail), AM_INVALID);
        assert_non_null(strstr(detail.text, "country/agency/unit"));
    }
}

static void country_and_agency_are_the_first_parts(void **state)
{
    char country[ADDRESS_COUNTRY_MAX + 1], agency[LIMIT_ADDRESS + 1];
    address_country("ke/dci/transnational", country);
    assert_string_equal(country, "ke");
    address_agency("ke/dci/transnational", agency);
    assert_string_equal(agency, "ke/dci");
    address_country("igad", country);
    assert_string_equal(country, "igad");
    address_agency(PART31 "/" PART31 "/" PART31, agency);
    assert_string_equal(agency, PART31 "/" PART31);
}

static void units_are_of_one_country_or_one_agency(void **state)
{
    assert_true(address_in_country("ke/dci/transnational", "ke"));
    assert_false(address_in_country("ke/dci/transnational", "k"));
    assert_false(address_in_country("ke/dci/transnational", "ke/dci"));
    assert_true(address_same_country("ke/dci/transnational", "ke/dcs/child-protection"));
    assert_false(address_same_country("ke/dci/transnational", "et/ics/moyale"));
    assert_true(address_same_agency("ke/dci/transnational", "ke/dci/2026/004211"));
    assert_false(address_same_agency("ke/dci/transnational", "ke/dcs/child-protection"));
    assert_false(address_same_agency("ke/dci/transnational", "et/dci/transnational"));
}

static void a_case_names_agency_year_and_number(void **state)
{
    static const char *const GOOD[] = {"ke/dci/2026/004211", "ke/dci/2026/1", "ke/dci/0000/123456789"};
    static const char *const BAD[] = {"",
                                      "ke/dci",
                                      "ke/dci/2026",
                                      "ke/dci/2026/",
                                      "ke/dci/26/1",
                                      "ke/dci/20260/1",
                                      "ke/dci/2026/1234567890",
                                      "ke/dci/2026/12a",
                                      "ke/dci/2026/1/2",
                                      "ke/2026/1",
                                      "ke/dci/unit/1",
                                      "KE/dci/2026/1",
                                      "ke/dci/2026/-1"};
    for (size_t i = 0; i < AM_LEN(GOOD); i++)
        assert_int_equal(case_ref_check(GOOD[i], NULL), AM_OK);
    for (size_t i = 0; i < AM_LEN(BAD); i++)
        assert_int_equal(case_ref_check(BAD[i], NULL), AM_INVALID);
}

static void a_message_id_is_a_uuid_of_version_7_in_lower_case(void **state)
{
    static const char *const BAD[] = {"",
                                      "01936f3a-7c4e-4d2b-8a51-9f0c2e6b7d11",  // version 4
                                      "01936f3a-7c4e-7d2b-7a51-9f0c2e6b7d11",  // variant
                                      "01936F3A-7c4e-7d2b-8a51-9f0c2e6b7d11",  // case
                                      "01936f3a7c4e7d2b8a519f0c2e6b7d11",      // hyphens
                                      "01936f3a-7c4e-7d2b-8a51-9f0c2e6b7d1",   // short
                                      "01936f3a-7c4e-7d2b-8a51-9f0c2e6b7d111", // long
                                      "01936f3a-7c4e-7d2b-8a51_9f0c2e6b7d11",
                                      "01936f3a-7c4e-7d2b-8a51-9f0c2e6b7g11",
                                      "{1936f3a-7c4e-7d2b-8a51-9f0c2e6b7d11"};
    uint8_t bytes[16] = {0};
    assert_int_equal(message_id_check("01936f3a-7c4e-7d2b-8a51-9f0c2e6b7d11", bytes, NULL), AM_OK);
    assert_int_equal(bytes[0], 0x01);
    assert_int_equal(bytes[15], 0x11);
    for (size_t i = 0; i < AM_LEN(BAD); i++)
        assert_int_equal(message_id_check(BAD[i], NULL, NULL), AM_INVALID);
}

static void each_character_of_a_message_id_is_looked_at(void **state)
{
    static const char GOOD[] = "01936f3a-7c4e-7d2b-8a51-9f0c2e6b7d11", HEX[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof GOOD - 1; i++) {
        for (int c = CHAR_MIN; c <= CHAR_MAX; c++) {
            char id[sizeof GOOD];
            bool digit = c != 0 && strchr(HEX, c) != NULL;
            bool good = GOOD[i] == '-' ? c == '-'
                        : i == 14      ? c == '7'
                        : i == 19      ? c != 0 && strchr("89ab", c) != NULL
                                       : digit;
            memcpy(id, GOOD, sizeof id);
            id[i] = (char)c;
            assert_int_equal(message_id_check(id, NULL, NULL), good ? AM_OK : AM_INVALID);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unit_has_three_parts),
        cmocka_unit_test(anything_else_is_no_unit),
        cmocka_unit_test(country_and_agency_are_the_first_parts),
        cmocka_unit_test(units_are_of_one_country_or_one_agency),
        cmocka_unit_test(a_case_names_agency_year_and_number),
        cmocka_unit_test(a_message_id_is_a_uuid_of_version_7_in_lower_case),
        cmocka_unit_test(each_character_of_a_message_id_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
