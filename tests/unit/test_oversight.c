// SPDX-License-Identifier: Apache-2.0
// What a reader calls the oversight of a country (rule 12): by its own trust list, whatever hub and sender say.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "certs/cms.h"
#include "client/session/oversight.h"
#include "tests/unit/pki.h"

#include <stdlib.h>
#include <string.h>

#define UNIT      "ke/dci/transnational"
#define OVERSIGHT "amana://ke/oversight"

enum { NONE, NAMED, FORMER, DEVICE, FOREIGN, CERTIFICATES }; // DEVICE: of the country, and on no roster

static struct pki pki;
static struct certificate certificates[CERTIFICATES];

static void issue(unsigned at, const char *country, enum cert_use use, const char *name)
{
    X509 *x509 = pki_issue(&pki, country, use, name, NULL);
    assert_int_equal(certificate_init(&certificates[at], x509, NULL), AM_OK);
    X509_free(x509);
}

static int begin(void **state)
{
    pki_init(&pki);
    issue(NONE, "et", CERT_USE_SEAL, "amana://et/ics/moyale/device/d1"); // the reader's own, in each seal
    issue(NAMED, "ke", CERT_USE_OVERSIGHT, OVERSIGHT);
    issue(FORMER, "ke", CERT_USE_OVERSIGHT, OVERSIGHT);
    issue(DEVICE, "ke", CERT_USE_SEAL, "amana://ke/dci/transnational/device/d9");
    issue(FOREIGN, "et", CERT_USE_OVERSIGHT, "amana://et/oversight");
    return 0;
}

static int end(void **state)
{
    for (unsigned i = 0; i < CERTIFICATES; i++)
        certificate_clear(&certificates[i]);
    pki_clear(&pki);
    return 0;
}

static struct trust *trust_of(unsigned named, unsigned revoked)
{
    const struct validity validity = {PKI_NOW - PKI_DAY, PKI_NOW + PKI_DAY};
    struct pki_country *ke = pki_country(&pki, "ke");
    STACK_OF(X509) *all = sk_X509_new_null();
    struct am_detail detail = {0};
    struct trust *trust;
    ke->oversight = named != NONE ? certificates[named].x509 : NULL;
    pki_write_trust(&pki, NULL);
    for (unsigned i = 0; i < CERTIFICATES; i++)
        if (certificates[i].use == CERT_USE_OVERSIGHT)
            assert_true(sk_X509_push(all, certificates[i].x509) > 0);
    assert_int_equal(certs_write_pem(pki_path(&pki, "trust/oversight.pem"), all, NULL), AM_OK);
    sk_X509_free(all);
    if (revoked != NONE)
        pki_write_crl(&pki, "trust/crls/ke-units.crl", &ke->units, 2, certificates[revoked].x509, validity);
    if (trust_load(pki_path(&pki, "trust"), NULL, &detail, &trust) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    return trust;
}

struct row {
    const char *what;
    unsigned named, revoked, sealed[2], called; // called: whose point the header has
    enum am_err err;
    enum oversight found;
    const char *words;
};

static const struct row ROWS[] = {
    {"nobody is named and nobody is sealed to", NONE, NONE, {NONE}, NONE, AM_OK, OVERSIGHT_NONE, ""},
    {"the one that is named", NAMED, NONE, {NAMED}, NAMED, AM_OK, OVERSIGHT_NAMED, "the oversight of ke can open it"},
    {"a device off the roster is called so",
     NAMED,
     NONE,
     {DEVICE},
     DEVICE,
     AM_OK,
     OVERSIGHT_UNKNOWN,
     "tell the auditor"},
    {"the same where nobody is named", NONE, NONE, {DEVICE}, DEVICE, AM_OK, OVERSIGHT_UNKNOWN, "tell the auditor"},
    {"a former one", NAMED, NONE, {FORMER}, FORMER, AM_OK, OVERSIGHT_FORMER, "a former oversight of ke"},
    {"a former one where nobody is named", NONE, NONE, {FORMER}, FORMER, AM_OK, OVERSIGHT_FORMER, "names no more"},
    {"the one that is named and revoked",
     NAMED,
     NAMED,
     {NAMED},
     NAMED,
     AM_OK,
     OVERSIGHT_REVOKED,
     "of a revoked oversight"},
    {"a former one that is revoked",
     NAMED,
     FORMER,
     {FORMER},
     FORMER,
     AM_OK,
     OVERSIGHT_REVOKED,
     "of a revoked oversight"},
    {"one of another country", NAMED, NONE, {FOREIGN}, FOREIGN, AM_INVALID, OVERSIGHT_UNKNOWN, "tell the auditor"},
    {"both, by the other's point", NAMED, NONE, {NAMED, DEVICE}, DEVICE, AM_INVALID, OVERSIGHT_UNKNOWN, "tell"},
    {"a former one beside it, by the other's",
     NONE,
     NONE,
     {FORMER, DEVICE},
     DEVICE,
     AM_INVALID,
     OVERSIGHT_UNKNOWN,
     "tell"},
    {"it, and the header is silent", NAMED, NONE, {NAMED}, NONE, AM_INVALID, OVERSIGHT_NONE, ""},
};

static struct am_bytes seal_to(const struct row *row)
{
    static const uint8_t plain[64] = {1};
    X509 *to[3] = {certificates[NONE].x509};
    size_t n = 1;
    struct am_bytes der;
    for (unsigned i = 0; i < AM_LEN(row->sealed); i++)
        if (row->sealed[i] != NONE)
            to[n++] = certificates[row->sealed[i]].x509;
    assert_int_equal(cms_seal((struct am_bytes){plain, sizeof plain}, to, n, NULL, &der), AM_OK);
    return der;
}

static void a_reader_calls_oversight_what_its_own_list_bears_out(void **state)
{
    for (unsigned i = 0; i < AM_LEN(ROWS); i++) {
        const struct row *row = &ROWS[i];
        Amana__V1__UnitRoster sender = AMANA__V1__UNIT_ROSTER__INIT;
        Amana__V1__Header header = AMANA__V1__HEADER__INIT;
        Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
        struct session *session = calloc(1, sizeof *session);
        struct am_bytes der = seal_to(row);
        struct am_detail detail = {0};
        struct arena arena = {0};
        char words[OVERSIGHT_TEXT];
        assert_non_null(session);
        arena_init(&arena, 4096);
        session->trust = trust_of(row->named, row->revoked);
        sender.unit = (char *)UNIT;
        header.sender = &sender;
        message.sealed_body = (ProtobufCBinaryData){der.len, (uint8_t *)der.data};
        const struct certificate *called = row->called != NONE ? &certificates[row->called] : NULL;
        assert_int_equal(oversight_fill(called, der, &arena, &header), AM_OK);
        enum am_err err = oversight_check(session, &message, &header, &detail);
        enum oversight found = oversight_of(session, &message, &header);
        oversight_words_of(session, &message, &header, words);
        if (err != row->err || found != row->found || strstr(words, row->words) == NULL ||
            (strncmp(words, "the oversight", 13) == 0) != (found == OVERSIGHT_NAMED))
            fail_msg("%s: %s, %s, \"%s\" %s", row->what, am_err_text(err), oversight_name(found), words, detail.text);
        message.sealed_body.len = 0; // it was destroyed: nobody can open it here
        assert_int_equal(oversight_of(session, &message, &header), OVERSIGHT_NONE);
        free((void *)der.data);
        arena_clear(&arena);
        trust_unref(session->trust);
        free(session);
    }
    pki_country(&pki, "ke")->oversight = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_reader_calls_oversight_what_its_own_list_bears_out)};
    return cmocka_run_group_tests(tests, begin, end);
}
