// SPDX-License-Identifier: Apache-2.0
// The oversight that a country names in its trust list.
#include "certs/check.h"
#include "tests/unit/pki.h"
#include "tests/unit/trust_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OVERSIGHT "amana://ke/oversight"

static void write_oversight(X509 *first, X509 *second)
{
    STACK_OF(X509) *both = sk_X509_new_null();
    assert_true(sk_X509_push(both, first) > 0 && (second == NULL || sk_X509_push(both, second) > 0));
    assert_int_equal(certs_write_pem(pki_path(&pki, "trust/oversight.pem"), both, NULL), AM_OK);
    sk_X509_free(both);
}

static void a_country_names_its_oversight_among_those_of_the_file(void **state)
{
    struct pki_country *ke = pki_country(&pki, "ke");
    X509 *former = pki_issue(&pki, "ke", CERT_USE_OVERSIGHT, OVERSIGHT, NULL);
    pki_write_trust(&pki, NULL);
    struct trust *none = load(NULL);
    assert_null(trust_oversight(none, "ke"));
    ke->oversight = pki_issue(&pki, "ke", CERT_USE_OVERSIGHT, OVERSIGHT, NULL);
    pki_write_trust(&pki, NULL);
    write_oversight(former, ke->oversight);
    struct trust *named = load(none);
    const struct certificate *certificate = trust_oversight(named, "ke");
    uint8_t digest[32];
    assert_non_null(certificate);
    assert_true(certs_digest(ke->oversight, digest));
    assert_memory_equal(certificate->digest, digest, 32);
    assert_ptr_equal(trust_oversight_of(named, "ke/dci/transnational"), certificate);
    assert_null(trust_oversight_of(named, "et/ics/moyale"));
    assert_null(trust_oversight(named, "ug"));
    assert_int_equal(certs_check(named, certificate->x509, CERT_USE_OVERSIGHT, PKI_NOW_NS, NULL, NULL), AM_OK);
    write_oversight(ke->oversight, NULL);
    struct trust *fewer = load(named);
    assert_memory_equal(trust_digest(named), trust_digest(fewer), 32);
    assert_memory_not_equal(trust_state(named), trust_state(fewer), 32);
    trust_unref(none);
    trust_unref(named);
    trust_unref(fewer);
    X509_free(former);
    X509_free(ke->oversight);
    ke->oversight = NULL;
}

static void a_revoked_oversight_is_none_and_one_that_has_ended_still_is(void **state)
{
    struct pki_country *ke = pki_country(&pki, "ke");
    const struct validity past = {PKI_NOW - 2 * PKI_DAY, PKI_NOW - PKI_DAY},
                          validity = {PKI_NOW - PKI_DAY, PKI_NOW + PKI_DAY};
    struct am_detail detail = {0};
    ke->oversight = pki_issue_by(&ke->units, CERT_USE_OVERSIGHT, OVERSIGHT, past, NULL);
    pki_write_trust(&pki, NULL);
    struct trust *ended = load(NULL);
    const struct certificate *certificate = trust_oversight(ended, "ke");
    assert_non_null(certificate);
    assert_int_equal(certs_check(ended, certificate->x509, CERT_USE_OVERSIGHT, PKI_NOW_NS, &detail, NULL), AM_EXPIRED);
    assert_false(trust_country(ended, "ke")->oversight_revoked);
    pki_write_crl(&pki, "trust/crls/ke-units.crl", &ke->units, 2, ke->oversight, validity);
    struct trust *revoked = load(ended);
    assert_null(trust_oversight(revoked, "ke"));
    assert_null(trust_oversight_of(revoked, "ke/dci/transnational"));
    assert_non_null(trust_oversight_named(revoked, "ke"));
    assert_true(trust_country(revoked, "ke")->oversight_revoked);
    assert_memory_equal(trust_digest(ended), trust_digest(revoked), 32);
    assert_memory_not_equal(trust_state(ended), trust_state(revoked), 32);
    trust_unref(ended);
    trust_unref(revoked);
    X509_free(ke->oversight);
    ke->oversight = NULL;
    pki_write_trust(&pki, NULL);
}

static bool recalled(const struct trust *trust, const struct issuer *issuer, uint64_t number, const X509 *revoked,
                     int more)
{
    const struct validity validity = {PKI_NOW - PKI_DAY, PKI_NOW + PKI_DAY};
    const struct revocation row = {
        .serial = revoked != NULL ? X509_get0_serialNumber(revoked) : NULL, .time = PKI_NOW - 60, .reason = 1};
    X509_CRL *crl = issue_crl(issuer, number, &row, revoked != NULL, validity);
    uint8_t *der = NULL, *bytes;
    int len = i2d_X509_CRL(crl, &der);
    assert_true(len > 0);
    bytes = calloc(1, (size_t)(len + 1));
    assert_non_null(bytes);
    memcpy(bytes, der, (size_t)len);
    bool found =
        trust_oversight_recalled(trust, "ke/dci/transnational", (struct am_bytes){bytes, (size_t)(len + more)});
    free(bytes);
    OPENSSL_free(der);
    X509_CRL_free(crl);
    return found;
}

static void a_newer_list_of_the_country_s_own_ca_recalls_its_oversight_whoever_brings_it(void **state)
{
    const struct validity validity = {PKI_NOW - PKI_DAY, PKI_NOW + PKI_DAY};
    struct pki_country *ke = pki_country(&pki, "ke"), *et = pki_country(&pki, "et");
    const struct issuer forged = {ke->units.certificate, et->units.key};
    X509 *former = pki_issue(&pki, "ke", CERT_USE_OVERSIGHT, OVERSIGHT, NULL);
    struct am_bytes crl;
    ke->oversight = pki_issue(&pki, "ke", CERT_USE_OVERSIGHT, OVERSIGHT, NULL);
    pki_write_trust(&pki, NULL);
    struct trust *trust = load(NULL);
    assert_true(recalled(trust, &ke->units, 2, ke->oversight, 0));
    assert_false(recalled(trust, &ke->units, 1, ke->oversight, 0)); // the number that is in force here
    assert_false(recalled(trust, &ke->units, 2, NULL, 0));
    assert_false(recalled(trust, &ke->units, 2, former, 0));
    assert_false(recalled(trust, &et->units, 2, ke->oversight, 0));
    assert_false(recalled(trust, &ke->hubs, 2, ke->oversight, 0));
    assert_false(recalled(trust, &forged, 2, ke->oversight, 0));
    assert_false(recalled(trust, &ke->units, 2, ke->oversight, 1));
    assert_false(recalled(trust, &ke->units, 2, ke->oversight, -1));
    assert_false(trust_oversight_recalled(trust, "ke/dci/transnational", (struct am_bytes){0}));
    assert_int_equal(trust_oversight_recall(trust, "ke/dci/transnational", &crl), AM_NOT_FOUND);
    assert_non_null(trust_oversight(trust, "ke")); // nothing has changed
    pki_write_crl(&pki, "trust/crls/ke-units.crl", &ke->units, 2, ke->oversight, validity);
    struct trust *revoked = load(trust);
    assert_int_equal(trust_oversight_recall(revoked, "ke/dci/transnational", &crl), AM_OK);
    assert_true(trust_oversight_recalled(trust, "ke/dci/transnational", crl));
    assert_int_equal(trust_oversight_recall(revoked, "et/ics/moyale", &(struct am_bytes){0}), AM_NOT_FOUND);
    free((void *)crl.data);
    trust_unref(trust);
    trust_unref(revoked);
    X509_free(former);
    X509_free(ke->oversight);
    ke->oversight = NULL;
    pki_write_trust(&pki, NULL);
}

// A certificate for sealing of the country's own, but with a key that isn't on P-256.
static X509 *oversight_of_another_curve(void)
{
    const struct validity validity = {PKI_NOW - PKI_DAY, PKI_NOW + PKI_DAY};
    EVP_PKEY *key = EVP_EC_gen("P-384");
    X509 *x509 = issue_end(&pki_country(&pki, "ke")->units, CERT_USE_OVERSIGHT, OVERSIGHT, key, validity);
    EVP_PKEY_free(key);
    return x509;
}

static void an_oversight_that_is_none_is_named_with_its_line_and_what_is_allowed(void **state)
{
    const struct issuer elsewhere = {pki_country(&pki, "ke")->units.certificate, pki_country(&pki, "et")->units.key};
    const struct validity validity = {PKI_NOW - PKI_DAY, PKI_NOW + PKI_DAY};
    struct pki_country *ke = pki_country(&pki, "ke");
    X509 *good = pki_issue(&pki, "ke", CERT_USE_OVERSIGHT, OVERSIGHT, NULL);
    const struct {
        X509 *named;
        const char *words;
    } rows[] = {
        {pki_issue(&pki, "ke", CERT_USE_SEAL, DEVICE, NULL), "it is for \"seal\"; allowed is a key on P-256"},
        {pki_issue(&pki, "ke", CERT_USE_AUTH, "amana://ke/hub", NULL), "it is for \"auth\""},
        {oversight_of_another_curve(), "must be on P-256"},
        {pki_issue(&pki, "et", CERT_USE_OVERSIGHT, "amana://et/oversight", NULL), "allowed is amana://ke/oversight"},
        {pki_issue_by(&elsewhere, CERT_USE_OVERSIGHT, OVERSIGHT, validity, NULL), "by the units-ca of country \"ke\""},
        {pki_issue_by(&ke->hubs, CERT_USE_OVERSIGHT, OVERSIGHT, validity, NULL), "by the units-ca of country \"ke\""},
    };
    struct am_detail detail = {0};
    for (unsigned i = 0; i < AM_LEN(rows); i++) {
        ke->oversight = rows[i].named;
        pki_write_trust(&pki, NULL);
        if (load_err(NULL, &detail) != AM_CONFIG || detail.line != 12 || strstr(detail.field, "trust.conf") == NULL ||
            strstr(detail.text, rows[i].words) == NULL)
            fail_msg("row %u: %s:%u: %s", i, detail.field, detail.line, detail.text);
        write_oversight(good, rows[i].named); // it is looked at wherever it stands
        assert_int_equal(load_err(NULL, &detail), AM_CONFIG);
        ke->oversight = NULL; // and where nobody names it
        pki_write_trust(&pki, NULL);
        write_oversight(good, rows[i].named);
        enum am_err err = load_err(NULL, &detail);
        if (i == 3) // it is Ethiopia's
            assert_int_equal(err, AM_OK);
        else if (err != AM_CERTIFICATE || strstr(detail.field, "oversight.pem") == NULL ||
                 strstr(detail.text, "certificate 2") == NULL)
            fail_msg("row %u: %s: %s", i, detail.field, detail.text);
        X509_free(rows[i].named);
    }
    ke->oversight = good;
    pki_write_trust(&pki, NULL);
    assert_int_equal(load_err(NULL, &detail), AM_OK);
    assert_int_equal(remove(pki_path(&pki, "trust/oversight.pem")), 0);
    assert_int_equal(load_err(NULL, &detail), AM_CONFIG);
    assert_int_equal(detail.line, 12);
    assert_non_null(strstr(detail.text, "oversight.pem beside this one must hold that certificate"));
    X509_free(good);
    ke->oversight = NULL;
    pki_write_trust(&pki, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_country_names_its_oversight_among_those_of_the_file),
        cmocka_unit_test(a_revoked_oversight_is_none_and_one_that_has_ended_still_is),
        cmocka_unit_test(a_newer_list_of_the_country_s_own_ca_recalls_its_oversight_whoever_brings_it),
        cmocka_unit_test(an_oversight_that_is_none_is_named_with_its_line_and_what_is_allowed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
