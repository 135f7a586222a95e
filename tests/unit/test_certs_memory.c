// SPDX-License-Identifier: Apache-2.0
// Each allocation of ours fails in turn: what was begun ends with AM_NOMEM, or went well, and nothing leaks.
#include "tests/unit/pki.h"

#include "amana/v1/message.pb-c.h"
#include "certs/cms.h"
#include "certs/roster.h"
#include "certs/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// The linker sends our own calls here (--wrap); those inside shared libraries stay.
static long countdown = -1; // -1: nothing fails

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

static bool fails(void)
{
    return countdown >= 0 && countdown-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

static struct pki pki;
static struct trust *trust;
static X509 *seal, *officer;
static struct certificate seal_certificate;
static EVP_PKEY *seal_key, *officer_key;
static struct am_bytes sealed, roster_cms;
static const struct am_bytes BODY = {(const uint8_t *)"body", 4};

static enum am_err do_sign(void)
{
    struct am_bytes der = {0};
    TRY(cms_sign(BODY, officer, officer_key, NULL, &der));
    free((void *)der.data);
    return AM_OK;
}

static enum am_err do_seal(void)
{
    struct am_bytes der = {0};
    TRY(cms_seal(BODY, &seal, 1, NULL, &der));
    free((void *)der.data);
    return AM_OK;
}

static enum am_err do_open(void)
{
    struct am_bytes plain = {0};
    TRY(cms_open(sealed, &seal_certificate, seal_key, NULL, &plain));
    cms_plain_free(&plain);
    return AM_OK;
}

static enum am_err do_trust(void)
{
    struct trust *loaded = NULL;
    TRY(trust_load(pki_path(&pki, "trust"), trust, NULL, &loaded));
    trust_unref(loaded);
    return AM_OK;
}

static enum am_err do_roster(void)
{
    struct roster *roster = NULL;
    uint8_t *der = NULL;
    int len = i2d_X509(officer, &der);
    struct am_bytes certificate = {der, (size_t)len};
    enum am_err err = roster_from_wire(roster_cms, &certificate, 1, trust, PKI_NOW_NS, NULL, &roster);
    roster_unref(roster);
    OPENSSL_free(der);
    return err;
}

// A cache that can't remember is only slower: the verdict is the same.
static enum am_err do_cache(void)
{
    struct certificate certificate = {0};
    struct cert_cache *cache = cert_cache_new(4);
    if (cache == NULL)
        return AM_NOMEM;
    enum am_err err = certificate_init(&certificate, officer, NULL);
    if (err == AM_OK)
        err = cert_cache_check(cache, trust, &certificate, CERT_USE_SIGN_OFFICER, PKI_NOW_NS, NULL);
    certificate_clear(&certificate);
    cert_cache_free(cache);
    return err;
}

static enum am_err admit(void *user, const struct identity *identity, const uint8_t digest[CERTIFICATE_DIGEST],
                         struct am_detail *detail, X509 **ret_cached)
{
    return AM_OK;
}

static enum am_err do_tls(void)
{
    struct tls_context *context = NULL;
    struct tls_server_config config = {.certificate_file = pki_path(&pki, "hub.pem"),
                                       .key_file = pki_path(&pki, "hub.key"),
                                       .hub = "igad/hub",
                                       .trust = trust,
                                       .admission = {admit, NULL}};
    TRY(tls_server_new(&config, NULL, &context));
    tls_context_unref(context);
    return AM_OK;
}

static void each_allocation_may_fail(void **state)
{
    static const struct {
        const char *what;
        enum am_err (*run)(void);
        unsigned least; // allocations of ours that there are to fail
    } rows[] = {{"sign", do_sign, 1},     {"seal", do_seal, 2},   {"open", do_open, 2}, {"trust", do_trust, 5},
                {"roster", do_roster, 5}, {"cache", do_cache, 2}, {"tls", do_tls, 2}};
    for (unsigned i = 0; i < AM_LEN(rows); i++) {
        unsigned failed = 0;
        for (long nth = 0;; nth++) {
            countdown = nth;
            enum am_err err = rows[i].run();
            bool reached = countdown < 0;
            countdown = -1;
            if (err != AM_OK && (!reached || (err != AM_NOMEM && err != AM_CONFIG && err != AM_INVALID)))
                fail_msg("%s: allocation %ld: %s", rows[i].what, nth, am_err_text(err));
            if (!reached)
                break;
            failed++;
        }
        if (failed < rows[i].least)
            fail_msg("%s: only %u allocations failed", rows[i].what, failed);
    }
}

static void make_roster(void)
{
    Amana__V1__Roster roster = AMANA__V1__ROSTER__INIT;
    Amana__V1__RosterOfficer row = AMANA__V1__ROSTER_OFFICER__INIT, *rows[] = {&row};
    Google__Protobuf__Timestamp from = GOOGLE__PROTOBUF__TIMESTAMP__INIT, until = from;
    struct pki_country *ke = pki_country(&pki, "ke");
    uint8_t digest[32], content[256];
    assert_true(certs_digest(officer, digest));
    until.seconds = PKI_NOW;
    row.uri = (char *)"amana://ke/dci/transnational/officer/o1";
    row.sign = (ProtobufCBinaryData){32, digest};
    roster.unit = (char *)"ke/dci/transnational";
    roster.number = 1;
    roster.not_before = &from;
    roster.not_after = &until;
    roster.officers = rows;
    roster.n_officers = 1;
    size_t len = amana__v1__roster__pack(&roster, content);
    assert_int_equal(
        cms_sign_embedded((struct am_bytes){content, len}, ke->registrar, ke->registrar_key, NULL, &roster_cms), AM_OK);
}

static int set_up(void **state)
{
    char conf[600], hex[65];
    uint8_t digest[32];
    EVP_PKEY *hub_key;
    pki_init(&pki);
    X509 *hub = pki_issue(&pki, "igad", CERT_USE_HUB_SERVER, "hub.igad.amana.example", &hub_key);
    seal = pki_issue(&pki, "ke", CERT_USE_SEAL, "amana://ke/dci/transnational/device/d1", &seal_key);
    officer = pki_issue(&pki, "ke", CERT_USE_SIGN_OFFICER, "amana://ke/dci/transnational/officer/o1", &officer_key);
    pki_write_certificate(&pki, "hub.pem", hub);
    if (!certs_digest(hub, digest) || keyfile_write(pki_path(&pki, "hub.key"), hub_key, NULL, NULL) != AM_OK ||
        certificate_init(&seal_certificate, seal, NULL) != AM_OK || cms_seal(BODY, &seal, 1, NULL, &sealed) != AM_OK)
        return 1;
    certs_digest_hex(digest, hex);
    snprintf(conf, sizeof conf,
             "hub \"igad/hub\" {\n dns = \"hub.igad.amana.example\"\n certificate = \"%s\"\n origin = \"o\"\n"
             " countries = {\"ke\"}\n}\n",
             hex);
    pki_write_trust(&pki, conf);
    make_roster();
    X509_free(hub);
    EVP_PKEY_free(hub_key);
    return trust_load(pki_path(&pki, "trust"), NULL, NULL, &trust) != AM_OK;
}

static int tear_down(void **state)
{
    certificate_clear(&seal_certificate);
    X509_free(seal);
    X509_free(officer);
    EVP_PKEY_free(seal_key);
    EVP_PKEY_free(officer_key);
    free((void *)sealed.data);
    free((void *)roster_cms.data);
    trust_unref(trust);
    pki_clear(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
