// SPDX-License-Identifier: Apache-2.0
// Revocation lists: which is taken, which is in force, and how long.
#include "certs/check.h"
#include "certs/trust_seen.h"
#include "tests/unit/pki.h"
#include "tests/unit/trust_kit.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Signs a CRL anew after something was taken out of it.
static void write_changed_crl(const struct issuer *issuer, bool number, bool next_update)
{
    struct validity validity = {PKI_NOW - 60, next_update ? PKI_NOW + PKI_DAY : PKI_NOW - 60};
    X509_CRL *crl = issue_crl(issuer, 9, NULL, 0, validity);
    FILE *out = fopen(pki_path(&pki, "trust/crls/odd.crl"), "w");
    if (!number)
        X509_EXTENSION_free(X509_CRL_delete_ext(crl, X509_CRL_get_ext_by_NID(crl, NID_crl_number, -1)));
    assert_true(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509_CRL(out, crl), 1);
    fclose(out);
    X509_CRL_free(crl);
}

static void a_crl_without_number_or_end_is_refused(void **state)
{
    struct issuer *units = &pki_country(&pki, "ke")->units;
    struct am_detail detail;
    pki_write_trust(&pki, NULL);
    write_changed_crl(units, true, true);
    assert_int_equal(load_err(NULL, &detail), AM_OK);
    write_changed_crl(units, false, true);
    assert_int_equal(load_err(NULL, &detail), AM_INVALID);
    assert_non_null(strstr(detail.text, "CRLNumber"));
    write_changed_crl(units, true, false);
    assert_int_equal(load_err(NULL, &detail), AM_INVALID);
    assert_non_null(strstr(detail.text, "nextUpdate"));
    remove(pki_path(&pki, "trust/crls/odd.crl"));
}

static void part_of_a_list_is_refused_and_the_whole_stays_in_force(void **state)
{
    struct validity validity = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    struct issuer *units = &pki_country(&pki, "ke")->units;
    struct am_detail detail;
    ASN1_INTEGER *base = ASN1_INTEGER_new();
    X509_CRL *crl = issue_crl(units, 9, NULL, 0, validity);
    pki_write_trust(&pki, NULL);
    struct trust *before = load(NULL);
    assert_int_equal(ASN1_INTEGER_set(base, 1), 1);
    assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_delta_crl, base, 1, 0), 1);
    assert_true(X509_CRL_sign(crl, units->key, EVP_sha256()) > 0);
    FILE *out = fopen(pki_path(&pki, "trust/crls/part.crl"), "w");
    assert_int_equal(PEM_write_X509_CRL(out, crl), 1);
    fclose(out);
    assert_int_equal(load_err(before, &detail), AM_INVALID);
    assert_non_null(strstr(detail.field, "part.crl"));
    assert_non_null(strstr(detail.text, "part of a list"));
    remove(pki_path(&pki, "trust/crls/part.crl"));
    trust_unref(before);
    X509_CRL_free(crl);
    ASN1_INTEGER_free(base);
}

static void a_crl_with_a_lower_number_is_never_taken_again(void **state)
{
    struct validity validity = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    struct issuer *units = &pki_country(&pki, "ke")->units;
    struct am_detail detail;
    pki_write_trust(&pki, NULL);
    pki_write_crl(&pki, "trust/crls/ke-units.crl", units, 7, NULL, validity);
    struct trust *seven = load(NULL);
    pki_write_crl(&pki, "trust/crls/ke-units.crl", units, 6, NULL, validity);
    assert_int_equal(load_err(seven, &detail), AM_ROLLBACK);
    assert_non_null(strstr(detail.text, "ke units"));
    assert_int_equal(load_err(NULL, &detail), AM_OK);
    remove(pki_path(&pki, "trust/crls/ke-units.crl"));
    assert_int_equal(load_err(seven, &detail), AM_ROLLBACK);
    pki_write_crl(&pki, "trust/crls/ke-units.crl", units, 8, NULL, validity);
    assert_int_equal(load_err(seven, &detail), AM_OK);
    trust_unref(seven);
}

static enum am_err seen_take(struct am_bytes *seen, struct am_detail *detail)
{
    struct trust *trust = load(NULL);
    struct am_bytes now;
    enum am_err err = trust_seen_take(trust, *seen, "seen", detail, &now);
    if (err == AM_OK) {
        free((void *)seen->data);
        *seen = now;
    }
    trust_unref(trust);
    return err;
}

static void a_stale_crl_is_judged_by_as_long_as_it_is_tolerated(void **state)
{
    struct validity stale = {PKI_NOW - 3 * PKI_DAY, PKI_NOW - PKI_DAY};
    struct issuer *units = &pki_country(&pki, "ke")->units;
    X509 *good = pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, NULL);
    X509 *bad = pki_issue(&pki, "ke", CERT_USE_AUTH, "amana://ke/dci/transnational/device/d7", NULL);
    X509 *other = pki_issue(&pki, "et", CERT_USE_AUTH, "amana://et/ics/moyale/device/d1", NULL);
    struct cert_cache *cache = cert_cache_new(4);
    struct certificate certificate = {0};
    struct am_detail detail = {0};
    pki_write_trust(&pki, NULL);
    pki_write_crl(&pki, "trust/crls/ke-units.crl", units, 20, bad, stale);
    struct trust *trust = load(NULL);
    assert_int_equal(certs_check(trust, good, CERT_USE_AUTH, PKI_NOW_NS, &detail, NULL), AM_EXPIRED);
    trust_crls_tolerate(trust, 7 * DAY_NS);
    assert_int_equal(certs_check(trust, good, CERT_USE_AUTH, PKI_NOW_NS, &detail, NULL), AM_OK);
    assert_int_equal(certs_check(trust, bad, CERT_USE_AUTH, PKI_NOW_NS, &detail, NULL), AM_REVOKED);
    assert_int_equal(trust_crls_stale(trust, good, PKI_NOW_NS), DAY_NS);
    assert_int_equal(trust_crls_stale(trust, good, PKI_NOW_NS - 2 * DAY_NS), 0);
    assert_int_equal(trust_crls_stale(trust, other, PKI_NOW_NS), 0);
    assert_int_equal(certificate_init(&certificate, good, &detail), AM_OK);
    assert_int_equal(cert_cache_check(cache, trust, &certificate, CERT_USE_AUTH, PKI_NOW_NS, &detail), AM_OK);
    trust_crls_tolerate(trust, DAY_NS - NS_PER_S);
    assert_int_equal(certs_check(trust, good, CERT_USE_AUTH, PKI_NOW_NS, &detail, NULL), AM_EXPIRED);
    certificate_clear(&certificate);
    cert_cache_free(cache);
    trust_unref(trust);
    X509_free(good);
    X509_free(bad);
    X509_free(other);
    remove(pki_path(&pki, "trust/crls/ke-units.crl"));
}

static void what_a_list_says_of_a_certificate_is_found_by_its_bytes_alone(void **state)
{
    struct issuer *units = &pki_country(&pki, "ke")->units;
    struct validity validity = {PKI_NOW - 3600, PKI_NOW + PKI_DAY};
    X509 *certificates[] = {pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, NULL),
                            pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, NULL),
                            pki_issue(&pki, "et", CERT_USE_AUTH, "amana://et/ics/moyale/device/d1", NULL)};
    struct trust_revocation parsed, read;
    bool revoked;
    pki_write_trust(&pki, NULL);
    pki_write_crl(&pki, "trust/crls/ke-units.crl", units, 2, certificates[0], validity);
    struct trust *trust = load(NULL);
    for (size_t i = 0; i < AM_LEN(certificates); i++) {
        uint8_t *der = NULL;
        int len = i2d_X509(certificates[i], &der);
        assert_true(len > 0);
        assert_int_equal(trust_revocation_der(trust, (struct am_bytes){der, (size_t)len}, &revoked, &read), AM_OK);
        assert_int_equal(revoked, i == 0);
        assert_int_equal(trust_revocation(trust, certificates[i], &parsed), revoked);
        if (revoked)
            assert_memory_equal(&read, &parsed, sizeof read);
        for (int cut = 0; cut < len; cut++)
            assert_int_equal(trust_revocation_der(trust, (struct am_bytes){der, (size_t)cut}, &revoked, &read),
                             AM_INVALID);
        OPENSSL_free(der);
        X509_free(certificates[i]);
    }
    trust_unref(trust);
}

static void what_was_signed_before_a_revocation_holds_unless_the_key_was_stolen_by_then(void **state)
{
    static const struct {
        struct trust_revocation revocation;
        uint64_t signed_ns;
        bool spoilt;
    } ROWS[] = {{{100, 0, 0}, 99, false},  {{100, 0, 0}, 100, true}, {{100, 0, 4}, 99, false},
                {{100, 50, 1}, 49, false}, {{100, 50, 1}, 50, true}, {{100, 50, 4}, 60, false},
                {{100, 0, 1}, 99, false}};
    for (size_t i = 0; i < AM_LEN(ROWS); i++)
        assert_int_equal(trust_revocation_spoils(&ROWS[i].revocation, ROWS[i].signed_ns), ROWS[i].spoilt);
}

static void a_crl_number_of_an_earlier_run_is_not_undercut(void **state)
{
    struct validity validity = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    struct issuer *units = &pki_country(&pki, "ke")->units;
    struct am_bytes seen = {0}, before;
    struct am_detail detail = {0};
    pki_write_trust(&pki, NULL);
    pki_write_crl(&pki, "trust/crls/ke-units.crl", units, 7, NULL, validity);
    assert_int_equal(seen_take(&seen, &detail), AM_OK);
    before = seen;
    before.data = memcpy(malloc(seen.len), seen.data, seen.len);
    assert_int_equal(seen_take(&seen, &detail), AM_OK);
    assert_int_equal(seen.len, before.len);
    assert_memory_equal(seen.data, before.data, seen.len);
    pki_write_crl(&pki, "trust/crls/ke-units.crl", units, 6, NULL, validity);
    assert_int_equal(seen_take(&seen, &detail), AM_ROLLBACK);
    assert_string_equal(detail.field, "seen");
    assert_non_null(strstr(detail.text, "was number 7 before and is 6 now"));
    remove(pki_path(&pki, "trust/crls/ke-units.crl"));
    assert_int_equal(seen_take(&seen, &detail), AM_ROLLBACK);
    assert_non_null(strstr(detail.text, "missing"));
    pki_write_crl(&pki, "trust/crls/ke-units.crl", units, 9, NULL, validity);
    assert_int_equal(seen_take(&seen, &detail), AM_OK);
    pki_write_crl(&pki, "trust/crls/ke-units.crl", units, 8, NULL, validity);
    assert_int_equal(seen_take(&seen, &detail), AM_ROLLBACK);
    free((void *)before.data);
    free((void *)seen.data);
}

static void numbers_that_can_not_be_read_are_not_taken_for_none(void **state)
{
    static const char GOOD[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 7\n";
    struct am_detail detail = {0};
    struct am_bytes now;
    char text[3 * sizeof GOOD];
    pki_write_trust(&pki, NULL);
    struct trust *trust = load(NULL);
    assert_int_equal(
        trust_seen_take(trust, (struct am_bytes){(const uint8_t *)GOOD, sizeof GOOD - 1}, "seen", &detail, &now),
        AM_OK); // of an issuer that has gone: it stays
    assert_memory_equal(now.data, GOOD, sizeof GOOD - 1);
    free((void *)now.data);
    for (size_t len = 1; len < sizeof GOOD - 1; len++) {
        assert_int_equal(trust_seen_take(trust, (struct am_bytes){(const uint8_t *)GOOD, len}, "seen", &detail, &now),
                         AM_CORRUPT);
        assert_non_null(strstr(detail.text, "newest lists"));
    }
    for (size_t at = 0; at < sizeof GOOD - 1; at++) {
        memcpy(text, GOOD, sizeof GOOD);
        text[at] = 'x';
        assert_int_equal(
            trust_seen_take(trust, (struct am_bytes){(const uint8_t *)text, sizeof GOOD - 1}, "seen", &detail, &now),
            AM_CORRUPT);
    }
    snprintf(text, sizeof text, "%s%s", GOOD, GOOD);
    assert_int_equal(
        trust_seen_take(trust, (struct am_bytes){(const uint8_t *)text, strlen(text)}, "seen", &detail, &now),
        AM_CORRUPT);
    trust_unref(trust);
}

static void the_highest_of_several_crls_is_in_force(void **state)
{
    struct validity validity = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    struct issuer *units = &pki_country(&pki, "ke")->units;
    X509 *device = pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, NULL);
    struct am_detail detail;
    pki_write_trust(&pki, NULL);
    pki_write_crl(&pki, "trust/crls/a.crl", units, 9, device, validity);
    pki_write_crl(&pki, "trust/crls/z.crl", units, 8, NULL, validity);
    struct trust *trust = load(NULL);
    assert_int_equal(certs_check(trust, device, CERT_USE_AUTH, PKI_NOW_NS, &detail, NULL), AM_REVOKED);
    trust_unref(trust);
    X509_free(device);
    remove(pki_path(&pki, "trust/crls/a.crl"));
    remove(pki_path(&pki, "trust/crls/z.crl"));
}

static void a_crl_that_another_key_signed_is_refused(void **state)
{
    struct validity validity = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    struct issuer forged = {pki_country(&pki, "ke")->units.certificate, pki_country(&pki, "et")->units.key};
    struct am_detail detail;
    pki_write_trust(&pki, NULL);
    pki_write_crl(&pki, "trust/crls/forged.crl", &forged, 99, NULL, validity);
    assert_int_equal(load_err(NULL, &detail), AM_INVALID);
    assert_non_null(strstr(detail.field, "forged.crl"));
    remove(pki_path(&pki, "trust/crls/forged.crl"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crl_without_number_or_end_is_refused),
        cmocka_unit_test(part_of_a_list_is_refused_and_the_whole_stays_in_force),
        cmocka_unit_test(a_crl_with_a_lower_number_is_never_taken_again),
        cmocka_unit_test(a_stale_crl_is_judged_by_as_long_as_it_is_tolerated),
        cmocka_unit_test(what_a_list_says_of_a_certificate_is_found_by_its_bytes_alone),
        cmocka_unit_test(what_was_signed_before_a_revocation_holds_unless_the_key_was_stolen_by_then),
        cmocka_unit_test(a_crl_number_of_an_earlier_run_is_not_undercut),
        cmocka_unit_test(numbers_that_can_not_be_read_are_not_taken_for_none),
        cmocka_unit_test(the_highest_of_several_crls_is_in_force),
        cmocka_unit_test(a_crl_that_another_key_signed_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
