// SPDX-License-Identifier: Apache-2.0
// The trust folder and the verdict on certificates: chain, CRLs, own rules, cache.
#include "tests/unit/pki.h"

#include "certs/trust_seen.h"

#include "certs/check.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEVICE   "amana://ke/dci/transnational/device/d1"
#define DAY_NS   (86400 * NS_PER_S)
#define HEX_OF_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct pki pki;

static struct trust *load(const struct trust *previous)
{
    struct trust *trust = NULL;
    struct am_detail detail = {0};
    if (trust_load(pki_path(&pki, "trust"), previous, &detail, &trust) != AM_OK)
        fail_msg("%s:%u: %s", detail.field, detail.line, detail.text);
    return trust;
}

static void the_folder_says_who_is_trusted_with_what(void **state)
{
    pki_write_trust(&pki, "hub \"igad/hub\" {\n  dns = \"hub.igad.amana.example\"\n  certificate = \"" HEX_OF_A
                          "\"\n  origin = \"igad.amana.example/log\"\n  countries = {\"igad\", \"ke\", \"et\"}\n}\n");
    struct trust *trust = load(NULL);
    const struct trust_hub *hub = trust_hub(trust, "igad/hub");
    const uint8_t(*roots)[CERTIFICATE_DIGEST];
    uint8_t digest[32];
    assert_non_null(hub);
    assert_string_equal(hub->dns, "hub.igad.amana.example");
    assert_string_equal(hub->log_key, "");
    assert_int_equal(hub->countries_count, 3);
    assert_string_equal(hub->countries[2], "et");
    assert_int_equal(hub->certificate[31], 0xaa);
    assert_null(trust_hub(trust, "ke/hub"));
    assert_string_equal(trust_protection_unit(trust, "ke"), "ke/dcs/child-protection");
    assert_null(trust_protection_unit(trust, "ug"));
    assert_true(certs_digest(pki_country(&pki, "ke")->registrar, digest));
    assert_true(trust_is_registrar(trust, "ke", digest));
    assert_false(trust_is_registrar(trust, "et", digest));
    assert_int_equal(trust_roots(trust, &roots), 1);
    assert_true(certs_digest(pki.root.certificate, digest));
    assert_memory_equal(roots[0], digest, 32);
    assert_true(certs_sha256(trust_bytes(trust).data, trust_bytes(trust).len, digest));
    assert_memory_equal(trust_digest(trust), digest, 32);
    assert_int_equal(trust_crls_expire(trust), PKI_NOW_NS + 2 * DAY_NS);
    trust_unref(trust);
}

static void loading_anew_changes_the_epoch_and_the_state_only_with_the_bytes(void **state)
{
    pki_write_trust(&pki, NULL);
    struct trust *first = load(NULL), *second = load(first);
    assert_int_not_equal(trust_epoch(first), trust_epoch(second));
    assert_memory_equal(trust_state(first), trust_state(second), 32);
    struct validity validity = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    pki_write_crl(&pki, "trust/crls/ke-units.crl", &pki_country(&pki, "ke")->units, 2, NULL, validity);
    struct trust *third = load(second);
    assert_memory_not_equal(trust_state(second), trust_state(third), 32);
    trust_unref(first);
    trust_unref(second);
    trust_unref(third);
}

// What follows a correct beginning, and the line and words of the error.
static void a_wrong_value_is_named_with_its_line_and_what_is_allowed(void **state)
{
    static const struct {
        const char *extra;
        unsigned line; // after the three countries, which take 18 lines
        const char *words;
    } rows[] = {
        {"country \"ug\" {\n  units-ca = \"xyz\"\n}\n", 2, "64 digits"},
        {"country \"ug\" {\n  units-ca = \"" HEX_OF_A "\"\n}\n", 3, "needs hubs-ca"},
        {"country \"UG\" {\n  units-ca = \"" HEX_OF_A "\"\n  hubs-ca = \"" HEX_OF_A "\"\n}\n", 4, "no country"},
        {"country \"ug\" {\n  colour = \"red\"\n}\n", 2, "no such option 'colour'"},
        {"country \"ke\" {\n  hubs-ca = \"" HEX_OF_A "\"\n}\n", 1, "found duplicate title"},
        {"country \"ug\" {\n\n  protection-unit = \"ug\"\n}\n", 3, "country/agency/unit"},
        {"country \"ug\" {\n  oversight = \"ug\"\n}\n", 2, "64 digits"},
        {"country \"ug\" {\n  registrars = {\"" HEX_OF_A "\",\n \"" HEX_OF_A "b\"}\n}\n", 3, "64 digits"},
        {"hub \"ke\" {\n}\n", 2, "no hub"},
        {"hub \"ke/hub\" {\n}\n", 2, "needs dns"},
        {"hub \"ke/hub\" {\n  dns = \"Hub\"\n}\n", 2, "DNS name"},
        {"hub \"ke/hub\" {\n  origin = \"a b\"\n}\n", 2, "printable"},
        {"hub \"ke/hub\" {\n  log-key = \"\"\n}\n", 2, "printable"},
        {"hub \"ke/hub\" {\n  countries = {\"ke\", \"KE\"}\n}\n", 2, "lower case"},
        {"hub \"ke/hub\" {\n  dns = \"a.b\"\n  certificate = \"" HEX_OF_A
         "\"\n  origin = \"o\"\n  countries = {\"ug\"}\n}\n",
         6, "doesn't have as a country"},
        {"hub \"ug/hub\" {\n  dns = \"a.b\"\n  certificate = \"" HEX_OF_A
         "\"\n  origin = \"o\"\n  countries = {\"ke\"}\n}\n",
         6, "doesn't have \"ug\""},
        {"hub \"ke/hub\" {\n  origin = \"${HOME}\"\n}\n", 2, "environment"},
        {"country \"ug\" {\n  units-ca = \"" HEX_OF_A "\"\n  hubs-ca = \"" HEX_OF_A "\"\n", 4, "ends inside"},
        {"country \"ug\" {\n  units-ca =", 3, "64 digits"},
        {"country \"ug\" {\n  units-ca = \"aa", 4, "premature end"},
        {"/* country \"ug\" {\n}", 2, "ends inside"},
        {"include(\"/etc/passwd\")\n", 1, "no such option 'include'"},
        {"{}\n", 1, "unexpected token"},
    };
    for (unsigned i = 0; i < AM_LEN(rows); i++) {
        struct trust *trust = NULL;
        struct am_detail detail = {0};
        pki_write_trust(&pki, rows[i].extra);
        enum am_err err = trust_load(pki_path(&pki, "trust"), NULL, &detail, &trust);
        if (err != AM_CONFIG || strstr(detail.text, rows[i].words) == NULL || detail.line != 18 + rows[i].line)
            fail_msg("row %u: err %d at %s:%u: %s", i, err, detail.field, detail.line, detail.text);
        assert_non_null(strstr(detail.field, "trust.conf"));
        assert_null(trust);
    }
}

static enum am_err load_err(const struct trust *previous, struct am_detail *detail)
{
    struct trust *trust = NULL;
    enum am_err err = trust_load(pki_path(&pki, "trust"), previous, detail, &trust);
    trust_unref(trust);
    return err;
}

static void a_missing_or_damaged_file_is_named(void **state)
{
    static const char *const files[] = {"trust/trust.conf", "trust/roots.pem", "trust/cas.pem"};
    struct am_detail detail;
    for (unsigned i = 0; i < AM_LEN(files); i++) {
        pki_write_trust(&pki, NULL);
        assert_int_equal(remove(pki_path(&pki, files[i])), 0);
        assert_int_equal(load_err(NULL, &detail), AM_NOT_FOUND);
        assert_non_null(strstr(detail.field, files[i]));
        pki_write(&pki, files[i], (struct am_bytes){(const uint8_t *)"nonsense", 8});
        assert_int_not_equal(load_err(NULL, &detail), AM_OK);
        assert_non_null(strstr(detail.field, files[i]));
    }
    pki_write_trust(&pki, NULL);
    pki_write(&pki, "trust/crls/bad.crl", (struct am_bytes){(const uint8_t *)"nonsense", 8});
    assert_int_equal(load_err(NULL, &detail), AM_INVALID);
    assert_non_null(strstr(detail.field, "bad.crl"));
    remove(pki_path(&pki, "trust/crls/bad.crl"));
}

static void a_ca_that_no_root_signed_is_refused(void **state)
{
    struct am_detail detail;
    pki_write_trust(&pki, NULL);
    pki_write_certificate(&pki, "trust/roots.pem", pki_country(&pki, "ke")->units.certificate);
    assert_int_equal(load_err(NULL, &detail), AM_CERTIFICATE);
    assert_non_null(strstr(detail.text, "didn't sign itself"));
    pki_write_trust(&pki, NULL);
    pki_write_certificate(&pki, "trust/cas.pem", pki.root.certificate);
    assert_int_equal(load_err(NULL, &detail), AM_CERTIFICATE);
    pki_write_trust(&pki, NULL);
    pki_write_certificate(&pki, "trust/cas.pem", pki_country(&pki, "ke")->units.certificate);
    assert_int_equal(load_err(NULL, &detail), AM_CONFIG);
    pki_write_trust(&pki, NULL);
    pki_write_certificate(&pki, "trust/cas.pem", pki_country(&pki, "ke")->registrar);
    assert_int_equal(load_err(NULL, &detail), AM_CERTIFICATE);
}

static void a_ca_serves_one_country_once_and_roots_are_few(void **state)
{
    struct pki_country *ke = pki_country(&pki, "ke"), *et = pki_country(&pki, "et");
    struct issuer saved = et->units;
    struct am_detail detail;
    et->units = ke->units; // the CA of ke as that of et: an identity of either would pass
    pki_write_trust(&pki, NULL);
    assert_int_equal(load_err(NULL, &detail), AM_CONFIG);
    assert_non_null(strstr(detail.text, "stands in trust.conf twice"));
    et->units = saved;
    pki_write_trust(&pki, NULL);
    STACK_OF(X509) *roots = sk_X509_new_null();
    for (unsigned i = 0; i < 9; i++)
        sk_X509_push(roots, pki.root.certificate);
    assert_int_equal(certs_write_pem(pki_path(&pki, "trust/roots.pem"), roots, NULL), AM_OK);
    assert_int_equal(load_err(NULL, &detail), AM_TOO_LARGE);
    sk_X509_free(roots);
}

static void a_conf_with_a_nul_in_it_is_refused(void **state)
{
    static const char text[] = "country \"ke\" {}\n\0hidden";
    struct am_detail detail;
    pki_write_trust(&pki, NULL);
    pki_write(&pki, "trust/trust.conf", (struct am_bytes){(const uint8_t *)text, sizeof text - 1});
    assert_int_equal(load_err(NULL, &detail), AM_CONFIG);
    assert_non_null(strstr(detail.text, "NUL"));
}

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

static int set_up(void **state)
{
    pki_init(&pki);
    return 0;
}

static int tear_down(void **state)
{
    pki_clear(&pki);
    return 0;
}

// --- Oversight
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
        cmocka_unit_test(the_folder_says_who_is_trusted_with_what),
        cmocka_unit_test(loading_anew_changes_the_epoch_and_the_state_only_with_the_bytes),
        cmocka_unit_test(a_wrong_value_is_named_with_its_line_and_what_is_allowed),
        cmocka_unit_test(a_missing_or_damaged_file_is_named),
        cmocka_unit_test(a_ca_that_no_root_signed_is_refused),
        cmocka_unit_test(a_ca_serves_one_country_once_and_roots_are_few),
        cmocka_unit_test(a_conf_with_a_nul_in_it_is_refused),
        cmocka_unit_test(a_crl_without_number_or_end_is_refused),
        cmocka_unit_test(a_crl_with_a_lower_number_is_never_taken_again),
        cmocka_unit_test(a_stale_crl_is_judged_by_as_long_as_it_is_tolerated),
        cmocka_unit_test(what_was_signed_before_a_revocation_holds_unless_the_key_was_stolen_by_then),
        cmocka_unit_test(a_crl_number_of_an_earlier_run_is_not_undercut),
        cmocka_unit_test(numbers_that_can_not_be_read_are_not_taken_for_none),
        cmocka_unit_test(the_highest_of_several_crls_is_in_force),
        cmocka_unit_test(a_crl_that_another_key_signed_is_refused),
        cmocka_unit_test(each_use_passes_and_no_other),
        cmocka_unit_test(another_country_another_root_and_the_wrong_ca_are_refused),
        cmocka_unit_test(without_the_constraint_in_the_certificate_our_own_comparison_still_holds),
        cmocka_unit_test(time_and_revocation_are_told_apart),
        cmocka_unit_test(a_revoked_authority_takes_all_with_it),
        cmocka_unit_test(the_cache_gives_the_same_verdicts),
        cmocka_unit_test(a_country_names_its_oversight_among_those_of_the_file),
        cmocka_unit_test(a_revoked_oversight_is_none_and_one_that_has_ended_still_is),
        cmocka_unit_test(a_newer_list_of_the_country_s_own_ca_recalls_its_oversight_whoever_brings_it),
        cmocka_unit_test(an_oversight_that_is_none_is_named_with_its_line_and_what_is_allowed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
