// SPDX-License-Identifier: Apache-2.0
// What a member's row may say: each thing wrong once.
#include "proto/model/member.h"

#include "proto/model/kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
    Amana__V1__MemberRecord member;
    Amana__V1__Member said;
    Amana__V1__GrantRecord grant, *grants[MEMBER_GRANTS + 1];
    Amana__V1__Kind__Code kinds[KIND_COUNT];
    char *parties[MEMBER_PARTIES + 1], *languages[MEMBER_CODES + 1], *scope[MEMBER_CODES + 1];
};

static void row_good(struct row *row)
{
    amana__v1__member_record__init(&row->member);
    amana__v1__member__init(&row->said);
    row->member.said = &row->said;
    amana__v1__grant_record__init(&row->grant);
    row->member.unit = (char *)"ke/kra/malaba";
    row->said.role = (char *)"unit";
    for (size_t i = 0; i < AM_LEN(row->grants); i++)
        row->grants[i] = &row->grant;
    for (size_t i = 0; i < AM_LEN(row->kinds); i++)
        row->kinds[i] = KIND(ALERT);
    for (size_t i = 0; i < AM_LEN(row->parties); i++)
        row->parties[i] = (char *)"et/*/*";
    for (size_t i = 0; i < AM_LEN(row->languages); i++) {
        row->languages[i] = (char *)"en";
        row->scope[i] = (char *)"ke";
    }
    row->grant.kinds = row->kinds;
    row->grant.n_kinds = 1;
    row->grant.parties = row->parties;
    row->grant.n_parties = 1;
    row->member.grants = row->grants;
    row->member.n_grants = 1;
    row->said.languages = row->languages;
    row->said.n_languages = 1;
    row->said.scope = row->scope;
}

static void no_unit(struct row *row)
{
    row->member.unit = (char *)"ke/kra";
}
static void no_role(struct row *row)
{
    row->said.role = (char *)"";
}
static void wrong_role(struct row *row)
{
    row->said.role = (char *)"police";
}
static void many_languages(struct row *row)
{
    row->said.n_languages = MEMBER_CODES + 1;
}
static void wrong_language(struct row *row)
{
    row->languages[0] = (char *)"English";
}
static void scope_of_unit(struct row *row)
{
    row->said.n_scope = 1;
}
static void wrong_hours(struct row *row)
{
    row->said.hours = (char *)"till late\n";
}
static void wrong_telephone(struct row *row)
{
    row->said.telephone = (char *)"0201234567";
}
static void wrong_deputy(struct row *row)
{
    row->said.deputy = (char *)"ke/kra";
}
static void own_successor(struct row *row)
{
    row->said.successor = row->member.unit;
}
static void office_closed(struct row *row)
{
    row->said.role = (char *)"registrar";
    row->member.n_grants = 0;
    row->said.successor = (char *)"ke/kra/busia";
}
static void removed_with_telephone(struct row *row)
{
    row_good(row);
    row->said.role = (char *)"";
    row->said.n_languages = row->member.n_grants = 0;
    row->said.telephone = (char *)"+254201234567";
}
static void wrong_scope(struct row *row)
{
    row->said.role = (char *)"auditor";
    row->member.n_grants = 0;
    row->said.n_scope = 1;
    row->scope[0] = (char *)"Kenya";
}
static void grant_of_office(struct row *row)
{
    row->said.role = (char *)"auditor";
}
static void many_grants(struct row *row)
{
    row->member.n_grants = MEMBER_GRANTS + 1;
}
static void no_kinds(struct row *row)
{
    row->grant.n_kinds = 0;
}
static void wrong_kind(struct row *row)
{
    row->kinds[0] = (Amana__V1__Kind__Code)99;
}
static void no_parties(struct row *row)
{
    row->grant.n_parties = 0;
}
static void many_parties(struct row *row)
{
    row->grant.n_parties = MEMBER_PARTIES + 1;
}
static void wrong_party(struct row *row)
{
    row->parties[0] = (char *)"et/ics";
}

static void each_thing_wrong_names_its_field_and_what_is_allowed(void **state)
{
    static const struct {
        void (*spoil)(struct row *row);
        const char *field, *says;
    } ROWS[] = {
        {no_unit, "member.unit", "country/agency/unit"},
        {no_role, "member.role", "write one of unit, protection"},
        {wrong_role, "member.role", "must be one of unit, protection"},
        {many_languages, "member.languages", "at most 32"},
        {wrong_language, "member.languages", "ISO 639"},
        {scope_of_unit, "member.scope", "auditor alone"},
        {wrong_scope, "member.scope", "lower case"},
        {grant_of_office, "member.grants", "unit and protection alone"},
        {many_grants, "member.grants", "at most 64"},
        {no_kinds, "member.grants[0].kinds", "1 to "},
        {wrong_kind, "member.grants[0].kinds", "no kind of message"},
        {no_parties, "member.grants[0].parties", "1 to 64"},
        {many_parties, "member.grants[0].parties", "1 to 64"},
        {wrong_party, "member.grants[0].parties", "COUNTRY/AGENCY/UNIT"},
        {wrong_hours, "member.hours", "1 to 64 printable"},
        {wrong_telephone, "member.telephone", "+254201234567"},
        {wrong_deputy, "member.deputy", "another unit"},
        {own_successor, "member.successor", "another unit"},
        {office_closed, "member.successor", "unit and protection alone"},
        {removed_with_telephone, "member.role", "write one of unit, protection"},
    };
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        struct am_detail detail = {0};
        struct row row;
        row_good(&row);
        assert_int_equal(member_check(&row.member, &detail), AM_OK);
        ROWS[i].spoil(&row);
        assert_int_equal(member_check(&row.member, &detail), AM_INVALID);
        assert_string_equal(detail.field, ROWS[i].field);
        assert_non_null(strstr(detail.text, ROWS[i].says));
    }
}

static void a_row_that_removes_says_nothing_else(void **state)
{
    struct am_detail detail = {0};
    struct row row;
    row_good(&row);
    row.said.role = (char *)"";
    row.member.n_grants = row.said.n_languages = 0;
    assert_int_equal(member_check(&row.member, &detail), AM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_thing_wrong_names_its_field_and_what_is_allowed),
        cmocka_unit_test(a_row_that_removes_says_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
