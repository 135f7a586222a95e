// SPDX-License-Identifier: Apache-2.0
// Who a certificate speaks for: grammar, the one name, the uses.
#include "tests/unit/pki.h"

#include "certs/extension.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct pki pki;

static enum am_err parse(const char *uri, struct identity *identity)
{
    return identity_parse(uri, strlen(uri), NULL, identity);
}

static void a_device_an_officer_a_hub_and_an_oversight_are_read(void **state)
{
    struct identity identity;
    assert_int_equal(parse("amana://ke/dci/transnational/device/d2", &identity), AM_OK);
    assert_int_equal(identity.kind, IDENTITY_DEVICE);
    assert_string_equal(identity.unit, "ke/dci/transnational");
    assert_string_equal(identity.country, "ke");
    assert_string_equal(identity.name, "d2");
    assert_int_equal(parse("amana://ke/dci/transnational/officer/kdci-0417", &identity), AM_OK);
    assert_int_equal(identity.kind, IDENTITY_OFFICER);
    assert_string_equal(identity.name, "kdci-0417");
    assert_int_equal(parse("amana://igad/hub", &identity), AM_OK);
    assert_int_equal(identity.kind, IDENTITY_HUB);
    assert_string_equal(identity.unit, "igad/hub");
    assert_string_equal(identity.uri, "amana://igad/hub");
    assert_int_equal(parse("amana://ke/oversight", &identity), AM_OK);
    assert_int_equal(identity.kind, IDENTITY_OVERSIGHT);
    assert_string_equal(identity.country, "ke");
}

static void every_part_may_have_31_bytes_and_no_more(void **state)
{
    struct identity identity;
    char uri[400];
    const char *part = "a123456789012345678901234567890"; // 31
    snprintf(uri, sizeof uri, "amana://%s/%s/%s/device/%s", part, part, part, part);
    assert_int_equal(parse(uri, &identity), AM_OK);
    assert_int_equal(strlen(identity.unit), LIMIT_ADDRESS);
    snprintf(uri, sizeof uri, "amana://%s/%s/%s/device/%s1", part, part, part, part);
    assert_int_equal(parse(uri, &identity), AM_INVALID);
    snprintf(uri, sizeof uri, "amana://%s1/hub", part);
    assert_int_equal(parse(uri, &identity), AM_INVALID);
}

static void anything_outside_the_grammar_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "amana://",
                                      "amana:/ke/hub",
                                      "AMANA://ke/hub",
                                      "amana://KE/hub",
                                      "amana://ke",
                                      "amana://ke/hub/",
                                      "amana:///hub",
                                      "amana://ke//hub",
                                      "amana://ke:x@et/hub",
                                      "amana://ke:80/hub",
                                      "amana://ke/h%75b",
                                      "amana://ke/hub?x",
                                      "amana://ke/hub#x",
                                      "amana://ke/hub ",
                                      " amana://ke/hub",
                                      "amana://ke/hubs",
                                      "amana://ke/oversight/ke",
                                      "amana://ke/dci/oversight",
                                      "amana://-ke/hub",
                                      "amana://ke/dci/transnational",
                                      "amana://ke/dci/transnational/device",
                                      "amana://ke/dci/transnational/device/",
                                      "amana://ke/dci/transnational/device/D2",
                                      "amana://ke/dci/transnational/desk/d2",
                                      "amana://ke/dci/transnational/device/d2/x",
                                      "amana://ke/dci/transnational/../device/d2",
                                      "https://ke/hub",
                                      "amana://ke/dci/device/d2"};
    struct identity identity = {.uri = "untouched"};
    for (unsigned i = 0; i < AM_LEN(bad); i++) {
        if (parse(bad[i], &identity) != AM_INVALID)
            fail_msg("\"%s\" was taken", bad[i]);
    }
    assert_int_equal(identity_parse("amana://ke/hub\0", 15, NULL, &identity), AM_INVALID);
    assert_int_equal(identity_parse("amana://ke\0et/hub", 17, NULL, &identity), AM_INVALID);
    assert_string_equal(identity.uri, "untouched");
}

static void each_use_is_told_by_its_key_usage_and_name(void **state)
{
    static const char *const names[CERT_USES] = {[CERT_USE_AUTH] = "amana://ke/dci/transnational/device/d1",
                                                 [CERT_USE_SEAL] = "amana://ke/dci/transnational/device/d1",
                                                 [CERT_USE_SIGN_DEVICE] = "amana://ke/dci/transnational/device/d1",
                                                 [CERT_USE_SIGN_OFFICER] = "amana://ke/dci/transnational/officer/o1",
                                                 [CERT_USE_HUB_SERVER] = "hub.ke.amana.example",
                                                 [CERT_USE_OVERSIGHT] = "amana://ke/oversight"};
    for (unsigned use = 0; use < CERT_USES; use++) {
        X509 *x509 = pki_issue(&pki, "ke", (enum cert_use)use, names[use], NULL);
        struct certificate certificate = {0};
        assert_int_equal(certificate_init(&certificate, x509, NULL), AM_OK);
        assert_int_equal(certificate.use, use);
        assert_string_equal(certificate.identity.uri, use == CERT_USE_HUB_SERVER ? "" : names[use]);
        certificate_clear(&certificate);
        X509_free(x509);
    }
}

// A certificate with any extensions, to show what is refused.
static X509 *odd_certificate(const char *key_usage, const char *eku, const char *san, const char *san2,
                             const char *constraints)
{
    X509V3_CTX context;
    EVP_PKEY *key = keyfile_generate();
    struct validity validity = {PKI_NOW - 1, PKI_NOW + PKI_DAY};
    X509 *x509 = issue_root(key, "odd", validity);
    while (X509_get_ext_count(x509) > 0)
        X509_EXTENSION_free(X509_delete_ext(x509, 0));
    X509V3_set_ctx(&context, NULL, x509, NULL, NULL, 0);
    const struct {
        int nid;
        const char *value;
    } wanted[] = {{NID_key_usage, key_usage},
                  {NID_ext_key_usage, eku},
                  {NID_subject_alt_name, san},
                  {NID_subject_alt_name, san2},
                  {NID_basic_constraints, constraints}};
    for (unsigned i = 0; i < AM_LEN(wanted); i++) {
        if (wanted[i].value == NULL)
            continue;
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, wanted[i].nid, wanted[i].value);
        assert_non_null(extension);
        assert_int_equal(X509_add_ext(x509, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    uint8_t *der = NULL;
    int len = i2d_X509(x509, &der);
    const uint8_t *at = der;
    X509_free(x509);
    x509 = d2i_X509(NULL, &at, len);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    return x509;
}

#define DEVICE  "URI:amana://ke/dci/transnational/device/d1"
#define OFFICER "URI:amana://ke/dci/transnational/officer/o1"

static void a_certificate_that_fits_no_use_is_refused(void **state)
{
    static const struct {
        const char *what, *key_usage, *eku, *san, *san2, *constraints;
    } rows[] = {
        {"no extended key usage and no fitting key usage", "keyEncipherment", NULL, DEVICE, NULL, NULL},
        {"clientAuth and one more", "digitalSignature", "clientAuth,emailProtection", DEVICE, NULL, NULL},
        {"clientAuth and an unknown one", "digitalSignature", "clientAuth,1.2.3.4", DEVICE, NULL, NULL},
        {"an unknown extended key usage", "digitalSignature", "1.2.3.4", DEVICE, NULL, NULL},
        {"anyExtendedKeyUsage", "digitalSignature", "anyExtendedKeyUsage", DEVICE, NULL, NULL},
        {"auth with two key usages", "digitalSignature,keyAgreement", "clientAuth", DEVICE, NULL, NULL},
        {"no key usage", NULL, "clientAuth", DEVICE, NULL, NULL},
        {"an officer that may connect", "digitalSignature", "clientAuth", OFFICER, NULL, NULL},
        {"an officer with clientAuth", "digitalSignature,nonRepudiation", "clientAuth", OFFICER, NULL, NULL},
        {"a device that signs as an officer", "digitalSignature,nonRepudiation", NULL, DEVICE, NULL, NULL},
        {"an officer that signs as a device", "digitalSignature", NULL, OFFICER, NULL, NULL},
        {"two URIs", "digitalSignature", "clientAuth", DEVICE ",URI:amana://ke/hub", NULL, NULL},
        {"two extensions with names", "digitalSignature", "clientAuth", DEVICE, DEVICE, NULL},
        {"a DNS name beside", "digitalSignature", "clientAuth", DEVICE ",DNS:x.example", NULL, NULL},
        {"an otherName", "digitalSignature", "clientAuth", "otherName:1.2.3.4;UTF8:amana://ke/hub", NULL, NULL},
        {"no name", "digitalSignature", "clientAuth", NULL, NULL, NULL},
        {"a URI of another grammar", "digitalSignature", "clientAuth", "URI:amana://KE/hub", NULL, NULL},
        {"a server with a URI", "digitalSignature", "serverAuth", "URI:amana://ke/hub", NULL, NULL},
        {"a client with a DNS name", "digitalSignature", "clientAuth", "DNS:hub.ke.amana.example", NULL, NULL},
        {"a server with two names", "digitalSignature", "serverAuth", "DNS:a.example,DNS:b.example", NULL, NULL},
        {"a CA", "digitalSignature", "clientAuth", DEVICE, NULL, "critical,CA:TRUE"},
        {"a seal that signs", "digitalSignature,keyAgreement", NULL, DEVICE, NULL, NULL},
    };
    for (unsigned i = 0; i < AM_LEN(rows); i++) {
        X509 *x509 = odd_certificate(rows[i].key_usage, rows[i].eku, rows[i].san, rows[i].san2, rows[i].constraints);
        struct certificate certificate = {0};
        struct am_detail detail = {0};
        if (certificate_init(&certificate, x509, &detail) != AM_CERTIFICATE)
            fail_msg("%s: was taken", rows[i].what);
        assert_string_not_equal(detail.text, "");
        X509_free(x509);
    }
    X509 *good = odd_certificate("digitalSignature", "clientAuth", DEVICE, NULL, NULL);
    struct certificate certificate = {0};
    assert_int_equal(certificate_init(&certificate, good, NULL), AM_OK);
    certificate_clear(&certificate);
    X509_free(good);
}

static void a_key_that_is_not_on_p256_is_refused(void **state)
{
    EVP_PKEY *keys[] = {EVP_EC_gen("P-384"), EVP_EC_gen("secp256k1"), EVP_RSA_gen(2048),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    struct validity validity = {PKI_NOW - 1, PKI_NOW + PKI_DAY};
    for (unsigned i = 0; i < AM_LEN(keys); i++) {
        struct certificate certificate = {0};
        X509 *x509 = issue_end(&pki_country(&pki, "ke")->units, CERT_USE_AUTH, "amana://ke/dci/transnational/device/d1",
                               keys[i], validity);
        assert_non_null(x509);
        assert_int_equal(certificate_init(&certificate, x509, NULL), AM_CERTIFICATE);
        X509_free(x509);
        EVP_PKEY_free(keys[i]);
    }
}

// Changes a good certificate, signs it anew, and reads it from its bytes.
static enum am_err take_changed(void (*change)(X509 *x509))
{
    struct certificate certificate = {0};
    X509 *x509 = pki_issue(&pki, "ke", CERT_USE_AUTH, "amana://ke/dci/transnational/device/d1", NULL);
    uint8_t *der = NULL;
    change(x509);
    assert_true(X509_sign(x509, pki_country(&pki, "ke")->units.key, EVP_sha256()) > 0);
    int len = i2d_X509(x509, &der);
    const uint8_t *at = der;
    X509_free(x509);
    x509 = d2i_X509(NULL, &at, len);
    assert_non_null(x509);
    enum am_err err = certificate_init(&certificate, x509, NULL);
    certificate_clear(&certificate);
    OPENSSL_free(der);
    X509_free(x509);
    return err;
}

static void set_serial(X509 *x509, const char *number)
{
    BIGNUM *value = NULL;
    assert_true(BN_hex2bn(&value, number) > 0);
    assert_non_null(BN_to_ASN1_INTEGER(value, X509_get_serialNumber(x509)));
    BN_free(value);
}

static void add_comment(X509 *x509, size_t len)
{
    char *text = malloc(len + 1);
    assert_non_null(text);
    memset(text, 'x', len);
    text[len] = '\0';
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_netscape_comment, text);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
    free(text);
}

static void leave(X509 *x509)
{
}
static void serial_of_20(X509 *x509)
{
    set_serial(x509, "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
}
static void serial_of_21(X509 *x509)
{
    set_serial(x509, "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
}
static void serial_negative(X509 *x509)
{
    set_serial(x509, "-5");
}
static void usage_twice(X509 *x509)
{
    X509_add_ext(x509, X509_get_ext(x509, X509_get_ext_by_NID(x509, NID_key_usage, -1)), -1);
}
static void long_comment(X509 *x509)
{
    add_comment(x509, 3000);
}
static void too_long_comment(X509 *x509)
{
    add_comment(x509, 4096);
}

static void what_the_hot_path_relies_on_is_checked_once(void **state)
{
    assert_int_equal(take_changed(leave), AM_OK);
    assert_int_equal(take_changed(serial_of_20), AM_OK);
    assert_int_equal(take_changed(serial_of_21), AM_CERTIFICATE);
    assert_int_equal(take_changed(serial_negative), AM_CERTIFICATE);
    assert_int_equal(take_changed(usage_twice), AM_CERTIFICATE);
    assert_int_equal(take_changed(long_comment), AM_OK);
    assert_int_equal(take_changed(too_long_comment), AM_CERTIFICATE);
}

static void der_with_a_byte_after_it_is_no_certificate(void **state)
{
    X509 *x509 = pki_issue(&pki, "ke", CERT_USE_AUTH, "amana://ke/hub", NULL);
    uint8_t der[LIMIT_CERTIFICATE + 1] = {0}, *at = der;
    struct certificate certificate = {0};
    int len = i2d_X509(x509, &at);
    assert_true(len > 0);
    assert_int_equal(certificate_init_der(&certificate, (struct am_bytes){der, (size_t)len}, NULL), AM_OK);
    certificate_clear(&certificate);
    assert_int_equal(certificate_init_der(&certificate, (struct am_bytes){der, (size_t)len + 1}, NULL), AM_INVALID);
    assert_int_equal(certificate_init_der(&certificate, (struct am_bytes){der, (size_t)len - 1}, NULL), AM_INVALID);
    assert_int_equal(certificate_init_der(&certificate, (struct am_bytes){der, sizeof der}, NULL), AM_TOO_LARGE);
    assert_int_equal(certificate_init_der(&certificate, (struct am_bytes){der, 0}, NULL), AM_INVALID);
    X509_free(x509);
}

static int passphrase_calls;

static int passphrase(void *user, char *buffer, size_t size)
{
    passphrase_calls++;
    memcpy(buffer, user, strlen(user));
    return (int)strlen(user);
}

static void a_key_file_is_private_and_never_replaced(void **state)
{
    struct am_detail detail;
    EVP_PKEY *key = keyfile_generate(), *read = NULL;
    const char *path = pki_path(&pki, "d1.key");
    assert_int_equal(keyfile_write(path, key, NULL, &detail), AM_OK);
    assert_int_equal(keyfile_write(path, key, NULL, &detail), AM_EXISTS);
    assert_int_equal(keyfile_read(path, NULL, &detail, &read), AM_OK);
    assert_int_equal(EVP_PKEY_eq(key, read), 1);
    EVP_PKEY_free(read);
    char command[300];
    snprintf(command, sizeof command, "test $(stat -c %%a %s) = 600 && chmod 640 %s", path, path);
    assert_int_equal(system(command), 0);
    assert_int_equal(keyfile_read(path, NULL, &detail, &read), AM_DENIED);
    EVP_PKEY_free(key);
}

static void an_officers_key_needs_its_passphrase(void **state)
{
    struct am_detail detail;
    EVP_PKEY *key = keyfile_generate(), *read = NULL;
    struct keyfile_passphrase right = {passphrase, (void *)"correct horse"}, wrong = {passphrase, (void *)"mule"};
    const char *path = pki_path(&pki, "officer.key");
    assert_int_equal(keyfile_write(path, key, &right, &detail), AM_OK);
    assert_int_equal(keyfile_read(path, NULL, &detail, &read), AM_DENIED);
    assert_int_equal(keyfile_read(path, &wrong, &detail, &read), AM_CRYPTO);
    assert_int_equal(keyfile_read(path, &right, &detail, &read), AM_OK);
    assert_int_equal(EVP_PKEY_eq(key, read), 1);
    EVP_PKEY_free(read);
    char command[400];
    snprintf(command, sizeof command,
             "openssl pkcs8 -in %s -passin pass:'correct horse' -out /dev/null && grep -q 'ENCRYPTED PRIVATE' %s", path,
             path);
    assert_int_equal(system(command), 0);
    EVP_PKEY_free(key);
}

static void a_request_asks_for_one_use_and_the_stock_command_reads_it(void **state)
{
    struct am_detail detail;
    X509_REQ *request = NULL;
    EVP_PKEY *key = keyfile_generate();
    const char *path = pki_path(&pki, "d1.csr");
    assert_int_equal(keyfile_request(key, CERT_USE_AUTH, "amana://ke/dci/transnational/device/d1", &detail, &request),
                     AM_OK);
    assert_int_equal(keyfile_write_request(path, request, &detail), AM_OK);
    char command[400];
    snprintf(
        command, sizeof command,
        "openssl req -in %s -noout -verify -text 2>/dev/null >%s.txt && grep -q 'Subject: O = ke dci transnational' "
        "%s.txt && grep -q 'URI:amana://ke/dci/transnational/device/d1' %s.txt",
        path, path, path, path);
    assert_int_equal(system(command), 0);
    X509_REQ_free(request);
    assert_int_equal(
        keyfile_request(key, CERT_USE_SIGN_OFFICER, "amana://ke/dci/transnational/device/d1", &detail, &request),
        AM_INVALID);
    assert_int_equal(keyfile_request(key, CERT_USE_HUB_SERVER, "Hub.example", &detail, &request), AM_INVALID);
    EVP_PKEY_free(key);
}

static void dns_names_are_lower_case_with_a_dot(void **state)
{
    static const char *const good[] = {"a.b", "hub.igad.amana.example", "x-1.y2"};
    static const char *const bad[] = {"", "a", ".a.b", "a.b.", "a..b", "-a.b", "a-.b", "a.b-", "A.b", "a b.c", "*.a.b"};
    for (unsigned i = 0; i < AM_LEN(good); i++)
        assert_true(certs_dns_valid(good[i]));
    for (unsigned i = 0; i < AM_LEN(bad); i++)
        assert_false(certs_dns_valid(bad[i]));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_an_officer_a_hub_and_an_oversight_are_read),
        cmocka_unit_test(every_part_may_have_31_bytes_and_no_more),
        cmocka_unit_test(anything_outside_the_grammar_is_refused),
        cmocka_unit_test(each_use_is_told_by_its_key_usage_and_name),
        cmocka_unit_test(a_certificate_that_fits_no_use_is_refused),
        cmocka_unit_test(a_key_that_is_not_on_p256_is_refused),
        cmocka_unit_test(what_the_hot_path_relies_on_is_checked_once),
        cmocka_unit_test(der_with_a_byte_after_it_is_no_certificate),
        cmocka_unit_test(a_key_file_is_private_and_never_replaced),
        cmocka_unit_test(an_officers_key_needs_its_passphrase),
        cmocka_unit_test(a_request_asks_for_one_use_and_the_stock_command_reads_it),
        cmocka_unit_test(dns_names_are_lower_case_with_a_dot),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
