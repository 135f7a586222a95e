// SPDX-License-Identifier: Apache-2.0
// The trust folder: what it says, and which files are refused with what is allowed.
#include "certs/check.h"
#include "tests/unit/pki.h"
#include "tests/unit/trust_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

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
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
