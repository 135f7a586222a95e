// SPDX-License-Identifier: Apache-2.0
// The verdict on a certificate: chain, uses, countries, time, revocation, cache.
#include "certs/check.h"
#include "tests/unit/pki.h"
#include "tests/unit/trust_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void each_use_passes_and_no_other(void **state)
{
    static const char *const names[CERT_USES] = {[CERT_USE_AUTH] = DEVICE,
                                                 [CERT_USE_SEAL] = DEVICE,
                                                 [CERT_USE_SIGN_DEVICE] = DEVICE,
                                                 [CERT_USE_SIGN_OFFICER] = "amana://ke/dci/transnational/officer/o1",
                                                 [CERT_USE_HUB_SERVER] = "hub.ke.amana.example",
                                                 [CERT_USE_OVERSIGHT] = "amana://ke/oversight"};
    pki_write_trust(&pki, NULL);
    struct trust *trust = load(NULL);
    for (unsigned use = 0; use < CERT_USES; use++) {
        X509 *x509 = pki_issue(&pki, "ke", (enum cert_use)use, names[use], NULL);
        for (unsigned as = 0; as < CERT_USES; as++) {
            struct identity identity = {0};
            struct am_detail detail = {0};
            enum am_err err = certs_check(trust, x509, (enum cert_use)as, PKI_NOW_NS, &detail, &identity);
            if (err != (as == use ? AM_OK : AM_CERTIFICATE))
                fail_msg("%s as %s: %d %s", cert_use_text((enum cert_use)use), cert_use_text((enum cert_use)as), err,
                         detail.text);
            if (as == use && use != CERT_USE_HUB_SERVER)
                assert_string_equal(identity.uri, names[use]);
        }
        X509_free(x509);
    }
    trust_unref(trust);
}

static void another_country_another_root_and_the_wrong_ca_are_refused(void **state)
{
    struct validity validity = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    struct pki stranger;
    struct am_detail detail;
    pki_write_trust(&pki, NULL);
    struct trust *trust = load(NULL);
    pki_init(&stranger);
    const struct {
        const char *what;
        const struct issuer *issuer;
        const char *name;
        enum cert_use use;
    } rows[] = {
        {"another country's name", &pki_country(&pki, "et")->units, DEVICE, CERT_USE_AUTH},
        {"another country's officer", &pki_country(&pki, "et")->units, "amana://ke/dci/transnational/officer/o1",
         CERT_USE_SIGN_OFFICER},
        {"a URI from the hubs' CA", &pki_country(&pki, "ke")->hubs, DEVICE, CERT_USE_AUTH},
        {"a seal from the hubs' CA", &pki_country(&pki, "ke")->hubs, DEVICE, CERT_USE_SEAL},
        {"a server from the units' CA", &pki_country(&pki, "ke")->units, "hub.ke.amana.example", CERT_USE_HUB_SERVER},
        {"a server of another tree", &pki_country(&pki, "ke")->hubs, "hub.et.amana.example", CERT_USE_HUB_SERVER},
        {"an end entity of the root", &pki.root, DEVICE, CERT_USE_AUTH},
        {"the right CA of a stranger's root", &pki_country(&stranger, "ke")->units, DEVICE, CERT_USE_AUTH},
    };
    for (unsigned i = 0; i < AM_LEN(rows); i++) {
        X509 *x509 = pki_issue_by(rows[i].issuer, rows[i].use, rows[i].name, validity, NULL);
        if (certs_check(trust, x509, rows[i].use, PKI_NOW_NS, &detail, NULL) != AM_CERTIFICATE)
            fail_msg("%s: was taken", rows[i].what);
        X509_free(x509);
    }
    pki_clear(&stranger);
    trust_unref(trust);
}

static void without_the_constraint_in_the_certificate_our_own_comparison_still_holds(void **state)
{
    // A units CA of et whose constraint permits ke: what a careless root could sign.
    struct validity validity = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    struct pki_country *et = pki_country(&pki, "et");
    struct issuer saved = et->units, loose = {NULL, keyfile_generate()};
    struct am_detail detail;
    loose.certificate = issue_authority(&pki.root, AUTHORITY_UNITS, "ke", NULL, loose.key, validity);
    et->units = loose;
    pki_write_trust(&pki, NULL);
    struct trust *trust = load(NULL);
    X509 *x509 = pki_issue_by(&loose, CERT_USE_AUTH, DEVICE, validity, NULL);
    assert_int_equal(certs_check(trust, x509, CERT_USE_AUTH, PKI_NOW_NS, &detail, NULL), AM_CERTIFICATE);
    assert_non_null(strstr(detail.text, "the CA of \"et\" may not issue"));
    X509_free(x509);
    X509_free(loose.certificate);
    EVP_PKEY_free(loose.key);
    et->units = saved;
    trust_unref(trust);
}

static void time_and_revocation_are_told_apart(void **state)
{
    struct issuer *units = &pki_country(&pki, "ke")->units;
    struct validity past = {PKI_NOW - 2 * PKI_DAY, PKI_NOW - PKI_DAY}, later = {PKI_NOW + 60, PKI_NOW + PKI_DAY},
                    crl = {PKI_NOW - 3600, PKI_NOW + PKI_DAY};
    X509 *expired = pki_issue_by(units, CERT_USE_AUTH, DEVICE, past, NULL);
    X509 *early = pki_issue_by(units, CERT_USE_AUTH, DEVICE, later, NULL);
    X509 *revoked = pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, NULL);
    X509 *good = pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, NULL);
    struct am_detail detail;
    pki_write_trust(&pki, NULL);
    pki_write_crl(&pki, "trust/crls/ke-units.crl", units, 2, revoked, crl);
    struct trust *trust = load(NULL);
    assert_int_equal(certs_check(trust, expired, CERT_USE_AUTH, PKI_NOW_NS, &detail, NULL), AM_EXPIRED);
    assert_int_equal(certs_check(trust, early, CERT_USE_AUTH, PKI_NOW_NS, &detail, NULL), AM_EXPIRED);
    assert_int_equal(certs_check(trust, revoked, CERT_USE_AUTH, PKI_NOW_NS, &detail, NULL), AM_REVOKED);
    assert_int_equal(certs_check(trust, good, CERT_USE_AUTH, PKI_NOW_NS, &detail, NULL), AM_OK);
    assert_int_equal(certs_check(trust, good, CERT_USE_AUTH, PKI_NOW_NS + 3 * DAY_NS, &detail, NULL), AM_EXPIRED);
    assert_non_null(strstr(detail.text, "CRL has expired"));
    remove(pki_path(&pki, "trust/crls/ke-units.crl"));
    struct trust *without = load(NULL);
    assert_int_equal(certs_check(without, good, CERT_USE_AUTH, PKI_NOW_NS, &detail, NULL), AM_CERTIFICATE);
    assert_non_null(strstr(detail.text, "CRL"));
    trust_unref(without);
    trust_unref(trust);
    X509_free(expired);
    X509_free(early);
    X509_free(revoked);
    X509_free(good);
}

static void a_revoked_authority_takes_all_with_it(void **state)
{
    struct validity crl = {PKI_NOW - 3600, PKI_NOW + PKI_DAY};
    X509 *device = pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, NULL);
    struct am_detail detail;
    pki_write_trust(&pki, NULL);
    pki_write_crl(&pki, "trust/crls/root.crl", &pki.root, 2, pki_country(&pki, "ke")->units.certificate, crl);
    struct trust *trust = load(NULL);
    assert_int_equal(certs_check(trust, device, CERT_USE_AUTH, PKI_NOW_NS, &detail, NULL), AM_REVOKED);
    trust_unref(trust);
    X509_free(device);
}

static void the_cache_gives_the_same_verdicts(void **state)
{
    struct issuer *units = &pki_country(&pki, "ke")->units;
    struct validity short_life = {PKI_NOW - 60, PKI_NOW + 600}, crl = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    X509 *x509 = pki_issue_by(units, CERT_USE_AUTH, DEVICE, short_life, NULL);
    struct certificate device = {0}, others[3] = {{0}};
    struct cert_cache *cache = cert_cache_new(2);
    assert_int_equal(certificate_init(&device, x509, NULL), AM_OK);
    pki_write_trust(&pki, NULL);
    struct trust *before = load(NULL);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(cert_cache_check(cache, before, &device, CERT_USE_AUTH, PKI_NOW_NS, NULL), AM_OK);
        assert_int_equal(cert_cache_check(cache, before, &device, CERT_USE_SEAL, PKI_NOW_NS, NULL), AM_CERTIFICATE);
    }
    // Its own end, seen at the use and not when it was put in.
    assert_int_equal(cert_cache_check(cache, before, &device, CERT_USE_AUTH, PKI_NOW_NS + 601 * NS_PER_S, NULL),
                     AM_EXPIRED);
    assert_int_equal(cert_cache_check(cache, before, &device, CERT_USE_AUTH, PKI_NOW_NS - 61 * NS_PER_S, NULL),
                     AM_EXPIRED);
    pki_write_crl(&pki, "trust/crls/ke-units.crl", units, 2, x509, crl);
    struct trust *after = load(before);
    assert_int_equal(cert_cache_check(cache, after, &device, CERT_USE_AUTH, PKI_NOW_NS, NULL), AM_REVOKED);
    assert_int_equal(cert_cache_check(cache, before, &device, CERT_USE_AUTH, PKI_NOW_NS, NULL), AM_OK);
    for (unsigned i = 0; i < 3; i++) { // more than it keeps
        X509 *other = pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, NULL);
        assert_int_equal(certificate_init(&others[i], other, NULL), AM_OK);
        assert_int_equal(cert_cache_check(cache, after, &others[i], CERT_USE_AUTH, PKI_NOW_NS, NULL), AM_OK);
        X509_free(other);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(cert_cache_check(cache, after, &others[i], CERT_USE_AUTH, PKI_NOW_NS, NULL), AM_OK);
        certificate_clear(&others[i]);
    }
    cert_cache_free(cache);
    certificate_clear(&device);
    X509_free(x509);
    trust_unref(before);
    trust_unref(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_use_passes_and_no_other),
        cmocka_unit_test(another_country_another_root_and_the_wrong_ca_are_refused),
        cmocka_unit_test(without_the_constraint_in_the_certificate_our_own_comparison_still_holds),
        cmocka_unit_test(time_and_revocation_are_told_apart),
        cmocka_unit_test(a_revoked_authority_takes_all_with_it),
        cmocka_unit_test(the_cache_gives_the_same_verdicts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
