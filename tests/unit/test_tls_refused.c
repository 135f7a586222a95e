// SPDX-License-Identifier: Apache-2.0
// Who is refused by TLS: clients with their reason, and hubs that are none.
#include "certs/tls.h"
#include "tests/unit/pki.h"
#include "tests/unit/tls_kit.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

// A client of our own making, as wrong as a row wants it.
static SSL_CTX *odd_client(X509 *x509, EVP_PKEY *key, int version, bool alpn)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_security_level(context, 0);
    if (alpn)
        SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\x02h2", 3);
    if (x509 != NULL) {
        assert_int_equal(SSL_CTX_use_certificate(context, x509), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(context, key), 1);
    }
    return context;
}

// The reason in the server's log, and whether the client sees an alert and not a reset.
static enum am_err refuse(SSL_CTX *odd, struct am_detail *detail, bool *ret_alert)
{
    struct tls_context *context = server_context();
    struct tls_io io;
    int fds[2];
    enum tls_result result = TLS_WANT_READ;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(tls_io_init(&io, context, fds[0]), AM_OK);
    SSL *client = SSL_new(odd);
    char byte;
    assert_int_equal(SSL_set_fd(client, fds[1]), 1);
    int returned = -1;
    for (unsigned i = 0; i < 20 && !settled(result); i++) {
        returned = SSL_connect(client);
        result = tls_io_handshake(&io);
    }
    enum am_err err = tls_io_refusal(&io, detail);
    if (result == TLS_FAILED) {
        enum tls_result drained = tls_io_drain(&io);
        assert_true(drained == TLS_WANT_READ || drained == TLS_CLOSED);
        assert_false(SSL_get0_peer_certificate(io.ssl) != NULL && io.done);
        assert_int_equal(tls_io_read(&io, &byte, 1, &(size_t){0}), TLS_FAILED);
    }
    ERR_clear_error();
    if (returned != 1)
        returned = SSL_connect(client);
    if (returned == 1)
        returned = SSL_read(client, &byte, 1);
    *ret_alert = returned <= 0 && SSL_get_error(client, returned) == SSL_ERROR_SSL &&
                 ERR_GET_REASON(ERR_peek_error()) >= SSL_AD_REASON_OFFSET;
    ERR_clear_error();
    SSL_free(client);
    tls_io_clear(&io);
    tls_context_unref(context);
    close(fds[0]);
    close(fds[1]);
    return err;
}

static X509 *two_names(EVP_PKEY **ret_key)
{
    X509 *x509 = pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, ret_key);
    int at = X509_get_ext_by_NID(x509, NID_subject_alt_name, -1);
    X509_EXTENSION_free(X509_delete_ext(x509, at));
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
                                                "URI:" DEVICE ",URI:amana://ke/dci/transnational/device/d2");
    assert_int_equal(X509_add_ext(x509, names, -1), 1);
    X509_EXTENSION_free(names);
    assert_true(X509_sign(x509, pki_country(&pki, "ke")->units.key, EVP_sha256()) > 0);
    return x509;
}

static X509 *no_eku(EVP_PKEY **ret_key)
{
    X509 *x509 = pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, ret_key);
    X509_EXTENSION_free(X509_delete_ext(x509, X509_get_ext_by_NID(x509, NID_ext_key_usage, -1)));
    assert_true(X509_sign(x509, pki_country(&pki, "ke")->units.key, EVP_sha256()) > 0);
    return x509;
}

static void every_mistake_of_a_client_is_refused_with_its_reason_in_the_log(void **state)
{
    struct validity past = {PKI_NOW - 2 * PKI_DAY, PKI_NOW - PKI_DAY}, good = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    struct pki_country *ke = pki_country(&pki, "ke"), *et = pki_country(&pki, "et");
    struct pki stranger;
    EVP_PKEY *keys[12] = {0};
    pki_init(&stranger);
    struct {
        const char *what;
        X509 *x509;
        EVP_PKEY *key;
        int version;
        bool alpn;
        enum am_err err;
        const char *words;
    } rows[] = {
        {"no certificate", NULL, NULL, 0, true, AM_CERTIFICATE, "shows no certificate"},
        {"a stranger's CA", pki_issue_by(&pki_country(&stranger, "ke")->units, CERT_USE_AUTH, DEVICE, good, &keys[0]),
         NULL, 0, true, AM_CERTIFICATE, ""},
        {"an expired one", pki_issue_by(&ke->units, CERT_USE_AUTH, DEVICE, past, &keys[1]), NULL, 0, true, AM_EXPIRED,
         "expired"},
        {"another country's name", pki_issue_by(&et->units, CERT_USE_AUTH, DEVICE, good, &keys[2]), NULL, 0, true,
         AM_CERTIFICATE, "permitted subtree violation"},
        {"two names", two_names(&keys[3]), NULL, 0, true, AM_CERTIFICATE, "exactly one name"},
        {"no extended key usage", no_eku(&keys[4]), NULL, 0, true, AM_CERTIFICATE, "\"sign\", not for \"auth\""},
        {"an officer's",
         pki_issue(&pki, "ke", CERT_USE_SIGN_OFFICER, "amana://ke/dci/transnational/officer/o1", &keys[5]), NULL, 0,
         true, AM_CERTIFICATE, "\"officer\", not for \"auth\""},
        {"a seal", pki_issue(&pki, "ke", CERT_USE_SEAL, DEVICE, &keys[6]), NULL, 0, true, AM_CERTIFICATE, ""},
        {"a server's", pki_issue(&pki, "ke", CERT_USE_HUB_SERVER, "x.ke.amana.example", &keys[7]), NULL, 0, true,
         AM_CERTIFICATE, ""},
        {"a URI from the hubs' CA", pki_issue_by(&ke->hubs, CERT_USE_AUTH, DEVICE, good, &keys[8]), NULL, 0, true,
         AM_CERTIFICATE, ""},
        {"no ALPN", pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, &keys[9]), NULL, 0, false, AM_PROTO, "no ALPN"},
        {"TLS 1.2", pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, &keys[10]), NULL, TLS1_2_VERSION, true, AM_PROTO,
         "TLS 1.3"},
    };
    for (unsigned i = 0; i < AM_LEN(rows); i++) {
        SSL_CTX *odd = odd_client(rows[i].x509, i == 0 ? NULL : keys[i - 1], rows[i].version, rows[i].alpn);
        struct am_detail detail = {0};
        bool alert = false;
        enum am_err err = refuse(odd, &detail, &alert);
        if (err != rows[i].err || strstr(detail.text, rows[i].words) == NULL || !alert)
            fail_msg("%s: %d (alert %d) %s: %s", rows[i].what, err, alert, detail.field, detail.text);
        assert_string_not_equal(detail.text, "");
        SSL_CTX_free(odd);
        X509_free(rows[i].x509);
        if (i > 0)
            EVP_PKEY_free(keys[i - 1]);
    }
    pki_clear(&stranger);
}

static void one_who_is_not_on_the_roster_is_refused(void **state)
{
    SSL_CTX *odd = odd_client(device, device_key, 0, true);
    struct am_detail detail = {0};
    bool alert;
    admission.denies = true;
    assert_int_equal(refuse(odd, &detail, &alert), AM_DENIED);
    assert_string_equal(detail.text, "not on the roster");
    assert_string_equal(detail.field, "ke/dci/transnational");
    assert_true(alert);
    admission.denies = false;
    assert_int_equal(refuse(odd, &detail, &alert), AM_OK);
    SSL_CTX_free(odd);
}

static void a_revoked_device_is_refused(void **state)
{
    struct validity crl = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    struct trust *before = trust;
    SSL_CTX *odd = odd_client(device, device_key, 0, true);
    struct am_detail detail = {0};
    bool alert;
    pki_write_crl(&pki, "trust/crls/ke-units.crl", &pki_country(&pki, "ke")->units, 2, device, crl);
    assert_int_equal(trust_load(pki_path(&pki, "trust"), before, &detail, &trust), AM_OK);
    assert_int_equal(refuse(odd, &detail, &alert), AM_REVOKED);
    assert_true(alert);
    trust_unref(trust);
    trust = before;
    SSL_CTX_free(odd);
}

// A kept verdict is of one trust and one span of time, and whoever is on no roster any more is none the better for it.
static void a_verdict_that_is_kept_holds_for_its_trust_its_time_and_no_roster(void **state)
{
    struct validity crl = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    struct trust *before = trust;
    SSL_CTX *odd = odd_client(device, device_key, 0, true);
    struct am_detail detail = {0};
    bool alert;
    cache = cert_cache_new(16);
    assert_int_equal(refuse(odd, &detail, &alert), AM_OK); // kept now
    assert_int_equal(refuse(odd, &detail, &alert), AM_OK);
    admission.denies = true;
    assert_int_equal(refuse(odd, &detail, &alert), AM_DENIED);
    admission.denies = false;
    now_ns = (uint64_t)(PKI_NOW + 400 * PKI_DAY) * NS_PER_S;
    assert_int_equal(refuse(odd, &detail, &alert), AM_EXPIRED);
    now_ns = PKI_NOW_NS;
    pki_write_crl(&pki, "trust/crls/ke-units.crl", &pki_country(&pki, "ke")->units, 3, device, crl);
    assert_int_equal(trust_load(pki_path(&pki, "trust"), before, &detail, &trust), AM_OK);
    assert_int_equal(refuse(odd, &detail, &alert), AM_REVOKED);
    assert_true(alert);
    trust_unref(trust);
    trust = before;
    cert_cache_free(cache);
    cache = NULL;
    SSL_CTX_free(odd);
}

// A trust folder that names this certificate for the hub, and a client by it.
static struct tls_context *client_that_pins(X509 *x509, const char *dns)
{
    struct am_detail detail = {0};
    struct trust *before = trust;
    char conf[600], hex[65];
    uint8_t digest[32];
    assert_true(certs_digest(x509, digest));
    certs_digest_hex(digest, hex);
    snprintf(conf, sizeof conf,
             "hub \"igad/hub\" {\n  dns = \"%s\"\n  certificate = \"%s\"\n"
             "  origin = \"igad.amana.example/log\"\n  countries = {\"ke\"}\n}\n",
             dns, hex);
    pki_write_trust(&pki, conf);
    assert_int_equal(trust_load(pki_path(&pki, "trust"), NULL, &detail, &trust), AM_OK);
    struct tls_context *client = client_context();
    trust_unref(trust);
    trust = before;
    return client;
}

static void a_hub_with_another_certificate_is_not_believed(void **state)
{
    EVP_PKEY *key;
    X509 *second = pki_issue(&pki, "igad", CERT_USE_HUB_SERVER, "hub.igad.amana.example", &key);
    struct tls_context *server = server_context(), *client = client_that_pins(second, "hub.igad.amana.example");
    struct am_detail detail = {0};
    struct pair pair;
    enum tls_result at_server, at_client;
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    assert_int_equal(at_client, TLS_FAILED);
    assert_int_equal(tls_io_refusal(&pair.client, &detail), AM_CERTIFICATE);
    assert_non_null(strstr(detail.text, "another certificate than trust.conf names"));
    assert_int_equal(at_server, TLS_FAILED);
    pair_clear(&pair);
    tls_context_unref(server);
    tls_context_unref(client);
    X509_free(second);
    EVP_PKEY_free(key);
}

static void a_hub_of_another_name_is_not_believed(void **state)
{
    struct tls_context *server = server_context(), *client = client_that_pins(hub, "hub.et.amana.example");
    struct am_detail detail;
    struct pair pair;
    enum tls_result at_server, at_client;
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    assert_int_equal(at_client, TLS_FAILED);
    assert_int_equal(tls_io_refusal(&pair.client, &detail), AM_CERTIFICATE);
    assert_non_null(strstr(detail.text, "not for hub.et.amana.example"));
    pair_clear(&pair);
    tls_context_unref(server);
    tls_context_unref(client);
}

static void a_server_that_agrees_on_no_alpn_is_left(void **state)
{
    struct tls_context *client = client_that_pins(hub, "hub.igad.amana.example");
    struct am_detail detail;
    struct tls_io io;
    int fds[2];
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    enum tls_result result = TLS_WANT_READ;
    assert_int_equal(SSL_CTX_use_certificate_file(context, pki_path(&pki, "hub.pem"), SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(context, pki_path(&pki, "hub.key"), SSL_FILETYPE_PEM), 1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(tls_io_init(&io, client, fds[1]), AM_OK);
    SSL *server = SSL_new(context);
    assert_int_equal(SSL_set_fd(server, fds[0]), 1);
    for (unsigned i = 0; i < 20 && !settled(result); i++) {
        SSL_accept(server);
        result = tls_io_handshake(&io);
    }
    assert_int_equal(result, TLS_FAILED);
    assert_int_equal(tls_io_refusal(&io, &detail), AM_PROTO);
    assert_string_equal(detail.field, "alpn");
    ERR_clear_error();
    SSL_free(server);
    SSL_CTX_free(context);
    tls_io_clear(&io);
    tls_context_unref(client);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_of_a_client_is_refused_with_its_reason_in_the_log),
        cmocka_unit_test(one_who_is_not_on_the_roster_is_refused),
        cmocka_unit_test(a_revoked_device_is_refused),
        cmocka_unit_test(a_verdict_that_is_kept_holds_for_its_trust_its_time_and_no_roster),
        cmocka_unit_test(a_hub_with_another_certificate_is_not_believed),
        cmocka_unit_test(a_hub_of_another_name_is_not_believed),
        cmocka_unit_test(a_server_that_agrees_on_no_alpn_is_left),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
