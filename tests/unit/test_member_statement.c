// SPDX-License-Identifier: Apache-2.0
// Statements about members: a registrar's word counts for its own country, as it was signed, and nothing else does.
#include "tests/unit/pki.h"

#include "certs/cms.h"
#include "certs/member_statement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct pki pki;
static struct trust *trust;

// A row, to be changed by a test before it is signed.
struct row {
    Amana__V1__MemberRecord record;
    Amana__V1__Member said;
    Amana__V1__GrantRecord grant, *grants[1];
    Amana__V1__Kind__Code kinds[2];
    char *parties[1], *languages[2];
};

static void row_init(struct row *row)
{
    *row = (struct row){.kinds = {AMANA__V1__KIND__CODE__UPDATE, AMANA__V1__KIND__CODE__ALERT},
                        .parties = {(char *)"et/ics/*"},
                        .languages = {(char *)"en", (char *)"sw"}};
    amana__v1__member_record__init(&row->record);
    amana__v1__member__init(&row->said);
    amana__v1__grant_record__init(&row->grant);
    row->grants[0] = &row->grant;
    row->grant.kinds = row->kinds, row->grant.n_kinds = 2;
    row->grant.parties = row->parties, row->grant.n_parties = 1;
    row->said.role = (char *)"unit";
    row->said.languages = row->languages, row->said.n_languages = 2;
    row->said.telephone = (char *)"+254201234567";
    row->record.unit = (char *)"ke/dci/transnational";
    row->record.revision = 3;
    row->record.said = &row->said;
    row->record.grants = row->grants, row->record.n_grants = 1;
}

static struct am_bytes signed_by(const char *code, const struct row *row)
{
    const struct pki_country *country = pki_country(&pki, code);
    struct am_bytes cms;
    assert_int_equal(
        member_statement_sign(&row->record, PKI_NOW_NS, country->registrar, country->registrar_key, NULL, &cms), AM_OK);
    return cms;
}

static enum am_err take(struct am_bytes cms, struct am_detail *detail, struct member_statement **ret_statement)
{
    struct member_statement *statement = NULL;
    *detail = (struct am_detail){0};
    enum am_err err = member_statement_from_wire(cms, trust, PKI_NOW_NS, detail, &statement);
    free((void *)cms.data);
    if (ret_statement != NULL)
        *ret_statement = statement;
    else
        member_statement_free(statement);
    return err;
}

static void what_a_registrar_signs_of_its_country_s_unit_is_taken(void **state)
{
    struct row row;
    struct am_detail detail;
    struct member_statement *statement;
    row_init(&row);
    assert_int_equal(take(signed_by("ke", &row), &detail, &statement), AM_OK);
    assert_string_equal(statement->message->unit, "ke/dci/transnational");
    assert_int_equal(statement->message->revision, 3);
    assert_int_equal(statement->message->time->seconds, PKI_NOW);
    assert_string_equal(statement->message->said->telephone, "+254201234567");
    assert_string_equal(statement->by.registrar.identity.uri, "amana://ke/registry/desk/officer/r-1");
    assert_int_equal(member_statement_fits(statement, &row.record, &detail), AM_OK);
    member_statement_free(statement);
}

static void another_country_s_registrar_says_nothing(void **state)
{
    struct row row;
    struct am_detail detail;
    row_init(&row);
    assert_int_equal(take(signed_by("et", &row), &detail, NULL), AM_DENIED);
    assert_non_null(strstr(detail.text, "is no registrar of \"ke\""));
}

static void an_officer_who_is_no_registrar_says_nothing(void **state)
{
    struct row row;
    struct am_detail detail;
    struct am_bytes cms;
    EVP_PKEY *key;
    X509 *officer = pki_issue(&pki, "ke", CERT_USE_SIGN_OFFICER, "amana://ke/dci/transnational/officer/o-1", &key);
    row_init(&row);
    assert_int_equal(member_statement_sign(&row.record, PKI_NOW_NS, officer, key, NULL, &cms), AM_OK);
    assert_int_equal(take(cms, &detail, NULL), AM_DENIED);
    X509_free(officer);
    EVP_PKEY_free(key);
}

static void a_revoked_registrar_says_nothing_more(void **state)
{
    struct pki_country *country = pki_country(&pki, "ke");
    struct validity validity = {PKI_NOW - PKI_DAY, PKI_NOW + PKI_DAY};
    struct trust *before = trust;
    struct row row;
    struct am_detail detail = {0};
    row_init(&row);
    pki_write_crl(&pki, "trust/crls/ke-units.crl", &country->units, 7, country->registrar, validity);
    assert_int_equal(trust_load(pki_path(&pki, "trust"), NULL, &detail, &trust), AM_OK);
    assert_int_equal(take(signed_by("ke", &row), &detail, NULL), AM_REVOKED);
    trust_unref(trust);
    trust = before;
}

static void no_byte_can_be_another(void **state)
{
    struct row row;
    struct am_detail detail;
    row_init(&row);
    struct am_bytes cms = signed_by("ke", &row);
    for (size_t i = 0; i < cms.len; i++) {
        struct member_statement *statement = NULL;
        ((uint8_t *)cms.data)[i] ^= 1;
        if (member_statement_from_wire(cms, trust, PKI_NOW_NS, &detail, &statement) == AM_OK)
            fail_msg("byte %zu of %zu", i, cms.len);
        ((uint8_t *)cms.data)[i] ^= 1;
    }
    assert_int_equal(take(cms, &detail, NULL), AM_OK);
}

static enum am_err take_content(const Amana__V1__MemberStatement *message, const char *more, struct am_detail *detail)
{
    const struct pki_country *country = pki_country(&pki, "ke");
    uint8_t content[1024];
    struct am_bytes cms;
    size_t len = amana__v1__member_statement__pack(message, content);
    memcpy(content + len, more, strlen(more));
    assert_int_equal(cms_sign_embedded((struct am_bytes){content, len + strlen(more)}, country->registrar,
                                       country->registrar_key, NULL, &cms),
                     AM_OK);
    return take(cms, detail, NULL);
}

static void what_else_a_registrar_signs_is_no_statement(void **state)
{
    static const struct {
        const char *context, *unit, *more;
        uint64_t revision;
        bool silent, timeless;
        size_t grants;
        enum am_err err;
        const char *says;
    } ROWS[] = {
        {MEMBER_STATEMENT_CONTEXT, "ke/dci/transnational", "", 1, false, false, 32, AM_OK, ""},
        {"amana-member-v2", "ke/dci/transnational", "", 1, false, false, 0, AM_INVALID, "no statement about a member"},
        {"", "ke/dci/transnational", "", 1, false, false, 0, AM_INVALID, "no statement about a member"},
        {MEMBER_STATEMENT_CONTEXT, "ke/dci", "", 1, false, false, 0, AM_INVALID, "country/agency/unit"},
        {MEMBER_STATEMENT_CONTEXT, "ke/dci/transnational", "", 0, false, false, 0, AM_INVALID, "begins with 1"},
        {MEMBER_STATEMENT_CONTEXT, "ke/dci/transnational", "", 1, true, false, 0, AM_INVALID, "nothing is said"},
        {MEMBER_STATEMENT_CONTEXT, "ke/dci/transnational", "", 1, false, true, 0, AM_INVALID, "needs a time"},
        {MEMBER_STATEMENT_CONTEXT, "ke/dci/transnational", "", 1, false, false, 31, AM_INVALID, "32 bytes"},
        {MEMBER_STATEMENT_CONTEXT, "ke/dci/transnational", "\x18\x02", 1, false, false, 0, AM_INVALID, "repeated"},
        {MEMBER_STATEMENT_CONTEXT, "ke/dci/transnational", "\x78\x02", 1, false, false, 0, AM_INVALID, "unknown"},
    };
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        Amana__V1__MemberStatement message = AMANA__V1__MEMBER_STATEMENT__INIT;
        Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
        Amana__V1__Member said = AMANA__V1__MEMBER__INIT;
        uint8_t digest[32] = {1};
        struct am_detail detail;
        time.seconds = PKI_NOW;
        said.role = (char *)"unit";
        message.context = (char *)ROWS[i].context;
        message.unit = (char *)ROWS[i].unit;
        message.revision = ROWS[i].revision;
        message.said = ROWS[i].silent ? NULL : &said;
        message.time = ROWS[i].timeless ? NULL : &time;
        message.grants = (ProtobufCBinaryData){ROWS[i].grants, digest};
        assert_int_equal(take_content(&message, ROWS[i].more, &detail), ROWS[i].err);
        if (strstr(detail.text, ROWS[i].says) == NULL)
            fail_msg("row %zu says: %s", i, detail.text);
    }
}

static void change_unit(struct row *row)
{
    row->record.unit = (char *)"ke/dci/other";
}
static void change_revision(struct row *row)
{
    row->record.revision = 2;
}
static void change_role(struct row *row)
{
    row->said.role = (char *)"protection";
}
static void change_language(struct row *row)
{
    row->languages[1] = (char *)"so";
}
static void drop_language(struct row *row)
{
    row->said.n_languages = 1;
}
static void change_hours(struct row *row)
{
    row->said.hours = (char *)"always";
}
static void change_telephone(struct row *row)
{
    row->said.telephone = (char *)"+254700000000";
}
static void change_deputy(struct row *row)
{
    row->said.deputy = (char *)"ke/dci/other";
}
static void change_successor(struct row *row)
{
    row->said.successor = (char *)"ke/dci/other";
}
static void change_scope(struct row *row)
{
    row->said.scope = row->parties;
    row->said.n_scope = 1;
}
static void change_kinds(struct row *row)
{
    row->grant.n_kinds = 1;
}
static void change_party(struct row *row)
{
    row->parties[0] = (char *)"et/*/*";
}
static void drop_grant(struct row *row)
{
    row->record.n_grants = 0;
}

static void a_row_that_says_anything_else_is_not_what_was_signed(void **state)
{
    static void (*const CHANGES[])(struct row * row) = {
        change_unit,   change_revision,  change_role,  change_language, drop_language, change_hours, change_telephone,
        change_deputy, change_successor, change_scope, change_kinds,    change_party,  drop_grant};
    for (size_t i = 0; i < AM_LEN(CHANGES); i++) {
        struct row row;
        struct am_detail detail;
        struct member_statement *statement;
        row_init(&row);
        assert_int_equal(take(signed_by("ke", &row), &detail, &statement), AM_OK);
        CHANGES[i](&row);
        if (member_statement_fits(statement, &row.record, &detail) != AM_CONFLICT)
            fail_msg("change %zu", i);
        member_statement_free(statement);
    }
}

static void a_row_that_is_no_row_is_not_signed(void **state)
{
    const struct pki_country *country = pki_country(&pki, "ke");
    struct am_detail detail = {0};
    struct am_bytes cms;
    struct row row;
    row_init(&row);
    row.said.role = (char *)"police";
    assert_int_equal(
        member_statement_sign(&row.record, PKI_NOW_NS, country->registrar, country->registrar_key, &detail, &cms),
        AM_INVALID);
    assert_string_equal(detail.field, "member.role");
}

static int setup(void **state)
{
    struct am_detail detail = {0};
    pki_init(&pki);
    pki_write_trust(&pki, "");
    return trust_load(pki_path(&pki, "trust"), NULL, &detail, &trust) == AM_OK ? 0 : -1;
}

static int teardown(void **state)
{
    trust_unref(trust);
    pki_clear(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_registrar_signs_of_its_country_s_unit_is_taken),
        cmocka_unit_test(another_country_s_registrar_says_nothing),
        cmocka_unit_test(an_officer_who_is_no_registrar_says_nothing),
        cmocka_unit_test(no_byte_can_be_another),
        cmocka_unit_test(what_else_a_registrar_signs_is_no_statement),
        cmocka_unit_test(a_row_that_says_anything_else_is_not_what_was_signed),
        cmocka_unit_test(a_row_that_is_no_row_is_not_signed),
        cmocka_unit_test(a_revoked_registrar_says_nothing_more),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
