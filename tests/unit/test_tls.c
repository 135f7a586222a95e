// SPDX-License-Identifier: Apache-2.0
// Both ends of a connection in one thread: who gets in, who doesn't and why, tickets, and how it ends.
#include "tests/unit/pki.h"

#include "certs/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define DEVICE "amana://ke/dci/transnational/device/d1"
#define HUB    "igad/hub"

static struct pki pki;
static struct trust *trust;
static X509 *device, *hub;
static EVP_PKEY *device_key;
static uint64_t now_ns = PKI_NOW_NS;

// What the test's hub thinks of its callers.
static struct {
    bool refuse;
    X509 *cached;
    unsigned asked;
} admission;

static enum am_err admit(void *user, const struct identity *identity, const uint8_t digest[CERTIFICATE_DIGEST],
                         struct am_detail *detail, X509 **ret_cached)
{
    admission.asked++;
    if (admission.refuse)
        return am_fail(AM_DENIED, detail, identity->unit, "not on the roster");
    *ret_cached = admission.cached;
    return AM_OK;
}

static uint64_t test_now(void *user)
{
    return now_ns;
}

static struct cert_cache *cache; // NULL: none

static struct tls_context *server_context(void)
{
    struct am_detail detail = {0};
    struct tls_context *context = NULL;
    struct tls_server_config config = {.certificate_file = pki_path(&pki, "hub.pem"),
                                       .key_file = pki_path(&pki, "hub.key"),
                                       .hub = HUB,
                                       .trust = trust,
                                       .cache = cache,
                                       .admission = {admit, NULL},
                                       .clock = {test_now, NULL}};
    if (tls_server_new(&config, &detail, &context) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    return context;
}

static struct tls_context *client_context(void)
{
    struct am_detail detail = {0};
    struct tls_context *context = NULL;
    struct tls_client_config config = {.certificate_file = pki_path(&pki, "d1.pem"),
                                       .key_file = pki_path(&pki, "d1.key"),
                                       .hub = HUB,
                                       .trust = trust,
                                       .clock = {test_now, NULL}};
    if (tls_client_new(&config, &detail, &context) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    return context;
}

struct pair {
    int fds[2];
    struct tls_io server, client;
};

static void pair_init(struct pair *pair, struct tls_context *server, struct tls_context *client)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
    assert_int_equal(tls_io_init(&pair->server, server, pair->fds[0]), AM_OK);
    assert_int_equal(tls_io_init(&pair->client, client, pair->fds[1]), AM_OK);
}

static void pair_clear(struct pair *pair)
{
    tls_io_clear(&pair->server);
    tls_io_clear(&pair->client);
    close(pair->fds[0]);
    close(pair->fds[1]);
}

static bool settled(enum tls_result result)
{
    return result != TLS_WANT_READ && result != TLS_WANT_WRITE;
}

static void shake(struct pair *pair, enum tls_result *ret_server, enum tls_result *ret_client)
{
    *ret_server = *ret_client = TLS_WANT_READ;
    for (unsigned i = 0; i < 20 && !(settled(*ret_server) && settled(*ret_client)); i++) {
        if (!settled(*ret_client))
            *ret_client = tls_io_handshake(&pair->client);
        if (!settled(*ret_server))
            *ret_server = tls_io_handshake(&pair->server);
    }
}

// One byte from server to client: it carries the tickets with it.
static void send_byte(struct pair *pair)
{
    uint8_t byte = 'x';
    size_t len = 0;
    assert_int_equal(tls_io_write(&pair->server, &byte, 1, &len), TLS_DONE);
    assert_int_equal(tls_io_read(&pair->client, &byte, 1, &len), TLS_DONE);
    assert_int_equal(len, 1);
}

static void a_device_and_the_hub_know_each_other(void **state)
{
    struct tls_context *server = server_context(), *client = client_context();
    struct pair pair;
    enum tls_result at_server, at_client;
    char buffer[8];
    size_t len;
    pair_init(&pair, server, client);
    tls_context_unref(server); // a connection keeps its context
    tls_context_unref(client);
    shake(&pair, &at_server, &at_client);
    assert_int_equal(at_client, TLS_DONE);
    assert_int_equal(at_server, TLS_DONE);
    assert_string_equal(pair.server.peer.uri, DEVICE);
    assert_string_equal(SSL_get_version(pair.server.ssl), "TLSv1.3");
    assert_int_equal(tls_io_refusal(&pair.server, NULL), AM_OK);
    assert_int_equal(tls_io_write(&pair.client, "hello", 5, &len), TLS_DONE);
    assert_int_equal(tls_io_read(&pair.server, buffer, 2, &len), TLS_DONE);
    assert_int_equal(tls_io_pending(&pair.server), 3);
    assert_int_equal(tls_io_read(&pair.server, buffer, sizeof buffer, &len), TLS_DONE);
    assert_int_equal(len, 3);
    assert_int_equal(tls_io_read(&pair.server, buffer, sizeof buffer, &len), TLS_WANT_READ);
    assert_int_equal(tls_io_shutdown(&pair.client), TLS_DONE);
    assert_int_equal(tls_io_read(&pair.server, buffer, sizeof buffer, &len), TLS_CLOSED);
    pair_clear(&pair);
}

static void the_rosters_own_certificate_takes_the_place_of_the_chain(void **state)
{
    struct tls_context *server = server_context(), *client = client_context();
    struct pair pair;
    enum tls_result at_server, at_client;
    admission.cached = device;
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    assert_int_equal(at_server, TLS_DONE);
    assert_ptr_equal(SSL_get0_peer_certificate(pair.server.ssl), device);
    assert_true(SSL_get_peer_cert_chain(pair.server.ssl) == NULL ||
                sk_X509_num(SSL_get_peer_cert_chain(pair.server.ssl)) == 0);
    pair_clear(&pair);
    admission.cached = hub; // another one than the peer's: not taken
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    assert_int_equal(at_server, TLS_DONE);
    assert_ptr_not_equal(SSL_get0_peer_certificate(pair.server.ssl), hub);
    pair_clear(&pair);
    admission.cached = NULL;
    tls_context_unref(server);
    tls_context_unref(client);
}

static void a_ticket_resumes_until_the_device_may_not_connect(void **state)
{
    struct tls_context *server = server_context(), *client = client_context();
    enum tls_result at_server, at_client;
    for (unsigned i = 0; i < 3; i++) {
        struct pair pair;
        unsigned asked = admission.asked;
        pair_init(&pair, server, client);
        shake(&pair, &at_server, &at_client);
        assert_int_equal(at_server, TLS_DONE);
        assert_int_equal(at_client, TLS_DONE);
        assert_int_equal(tls_io_resumed(&pair.server), i > 0);
        assert_int_equal(tls_io_resumed(&pair.client), i > 0);
        assert_string_equal(pair.server.peer.uri, DEVICE);
        assert_int_equal(admission.asked, asked + 1);
        send_byte(&pair);
        pair_clear(&pair);
    }
    struct pair pair;
    admission.refuse = true;
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    assert_int_equal(at_server, TLS_FAILED);
    assert_int_equal(tls_io_refusal(&pair.server, NULL), AM_DENIED);
    admission.refuse = false;
    pair_clear(&pair);
    tls_context_unref(server);
    tls_context_unref(client);
}

static void a_client_whose_hub_expired_does_not_resume_either(void **state)
{
    struct tls_context *server = server_context(), *client = client_context();
    enum tls_result at_server, at_client;
    struct pair pair;
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    send_byte(&pair);
    pair_clear(&pair);
    now_ns += 3ull * PKI_DAY * NS_PER_S; // past the CRLs: for both, but the server is asked in the same turn
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    assert_int_equal(at_client, TLS_FAILED);
    assert_int_equal(tls_io_refusal(&pair.client, NULL), AM_EXPIRED);
    now_ns = PKI_NOW_NS;
    pair_clear(&pair);
    tls_context_unref(server);
    tls_context_unref(client);
}

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
    admission.refuse = true;
    assert_int_equal(refuse(odd, &detail, &alert), AM_DENIED);
    assert_string_equal(detail.text, "not on the roster");
    assert_string_equal(detail.field, "ke/dci/transnational");
    assert_true(alert);
    admission.refuse = false;
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
    admission.refuse = true;
    assert_int_equal(refuse(odd, &detail, &alert), AM_DENIED);
    admission.refuse = false;
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

static void a_context_says_what_is_wrong_with_its_files(void **state)
{
    struct am_detail detail = {0};
    struct tls_context *context = NULL;
    struct tls_server_config config = {.certificate_file = pki_path(&pki, "d1.pem"),
                                       .key_file = pki_path(&pki, "d1.key"),
                                       .hub = HUB,
                                       .trust = trust,
                                       .admission = {admit, NULL}};
    assert_int_equal(tls_server_new(&config, &detail, &context), AM_CERTIFICATE);
    config.certificate_file = pki_path(&pki, "hub.pem");
    assert_int_equal(tls_server_new(&config, &detail, &context), AM_CONFIG); // the key is another certificate's
    config.key_file = pki_path(&pki, "none.key");
    assert_int_equal(tls_server_new(&config, &detail, &context), AM_NOT_FOUND);
    config.hub = "ke/hub";
    assert_int_equal(tls_server_new(&config, &detail, &context), AM_CONFIG);
    struct tls_client_config client = {.certificate_file = pki_path(&pki, "hub.pem"),
                                       .key_file = pki_path(&pki, "hub.key"),
                                       .hub = HUB,
                                       .trust = trust};
    assert_int_equal(tls_client_new(&client, &detail, &context), AM_CERTIFICATE);
    assert_null(context);
}

static void noise_and_a_peer_that_leaves_are_told_apart(void **state)
{
    static const char *const noise[] = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x00\x04\x02\xff\xff\xff",
                                        "nonsense!!"};
    for (unsigned i = 0; i <= AM_LEN(noise); i++) {
        struct tls_context *server = server_context();
        struct tls_io io;
        struct am_detail detail = {0};
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        assert_int_equal(tls_io_init(&io, server, fds[0]), AM_OK);
        assert_int_equal(tls_io_handshake(&io), TLS_WANT_READ);
        if (i < AM_LEN(noise))
            assert_true(write(fds[1], noise[i], i == 1 ? 9 : strlen(noise[i])) > 0);
        shutdown(fds[1], SHUT_WR);
        assert_int_equal(tls_io_handshake(&io), TLS_FAILED);
        assert_int_equal(tls_io_refusal(&io, &detail), i < AM_LEN(noise) ? AM_PROTO : AM_UNAVAILABLE);
        assert_string_not_equal(detail.text, "");
        assert_int_equal(tls_io_handshake(&io), TLS_FAILED);
        assert_int_equal(tls_io_drain(&io), TLS_CLOSED);
        tls_io_clear(&io);
        tls_context_unref(server);
        close(fds[0]);
        close(fds[1]);
    }
}

static void change_keys(struct pair *pair, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(SSL_key_update(pair->client.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(pair->client.ssl), 1);
    }
}

static void a_peer_changes_its_keys_a_hundred_times_and_not_once_more(void **state)
{
    struct tls_context *server = server_context(), *client = client_context();
    struct am_detail detail = {0};
    struct pair pair;
    enum tls_result at_server, at_client;
    uint8_t byte = 'x';
    size_t len = 0;
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    send_byte(&pair);
    change_keys(&pair, TLS_KEY_UPDATES);
    assert_int_equal(tls_io_write(&pair.client, &byte, 1, &len), TLS_DONE);
    assert_int_equal(tls_io_read(&pair.server, &byte, 1, &len), TLS_DONE);
    change_keys(&pair, 150);
    assert_int_equal(tls_io_read(&pair.server, &byte, 1, &len), TLS_FAILED);
    assert_int_equal(tls_io_refusal(&pair.server, &detail), AM_PROTO);
    assert_string_equal(detail.text, "the peer changes its keys all the time");
    assert_in_range(pair.server.key_updates, TLS_KEY_UPDATES + 1, TLS_KEY_UPDATES + 2); // no more in this one read
    assert_int_equal(tls_io_read(&pair.server, &byte, 1, &len), TLS_FAILED);
    pair_clear(&pair);
    tls_context_unref(server);
    tls_context_unref(client);
}

static int set_up(void **state)
{
    char conf[600], hex[65];
    uint8_t digest[32];
    EVP_PKEY *hub_key;
    signal(SIGPIPE, SIG_IGN);
    pki_init(&pki);
    hub = pki_issue(&pki, "igad", CERT_USE_HUB_SERVER, "hub.igad.amana.example", &hub_key);
    device = pki_issue(&pki, "ke", CERT_USE_AUTH, DEVICE, &device_key);
    pki_write_certificate(&pki, "hub.pem", hub);
    pki_write_certificate(&pki, "d1.pem", device);
    if (!certs_digest(hub, digest) || keyfile_write(pki_path(&pki, "hub.key"), hub_key, NULL, NULL) != AM_OK ||
        keyfile_write(pki_path(&pki, "d1.key"), device_key, NULL, NULL) != AM_OK)
        return 1;
    EVP_PKEY_free(hub_key);
    certs_digest_hex(digest, hex);
    snprintf(conf, sizeof conf,
             "hub \"igad/hub\" {\n  dns = \"hub.igad.amana.example\"\n  certificate = \"%s\"\n"
             "  origin = \"igad.amana.example/log\"\n  countries = {\"igad\", \"ke\", \"et\"}\n}\n",
             hex);
    pki_write_trust(&pki, conf);
    return trust_load(pki_path(&pki, "trust"), NULL, NULL, &trust) != AM_OK;
}

static int tear_down(void **state)
{
    X509_free(hub);
    X509_free(device);
    EVP_PKEY_free(device_key);
    trust_unref(trust);
    pki_clear(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_and_the_hub_know_each_other),
        cmocka_unit_test(the_rosters_own_certificate_takes_the_place_of_the_chain),
        cmocka_unit_test(a_ticket_resumes_until_the_device_may_not_connect),
        cmocka_unit_test(a_client_whose_hub_expired_does_not_resume_either),
        cmocka_unit_test(every_mistake_of_a_client_is_refused_with_its_reason_in_the_log),
        cmocka_unit_test(one_who_is_not_on_the_roster_is_refused),
        cmocka_unit_test(a_revoked_device_is_refused),
        cmocka_unit_test(a_verdict_that_is_kept_holds_for_its_trust_its_time_and_no_roster),
        cmocka_unit_test(a_hub_with_another_certificate_is_not_believed),
        cmocka_unit_test(a_hub_of_another_name_is_not_believed),
        cmocka_unit_test(a_server_that_agrees_on_no_alpn_is_left),
        cmocka_unit_test(a_context_says_what_is_wrong_with_its_files),
        cmocka_unit_test(noise_and_a_peer_that_leaves_are_told_apart),
        cmocka_unit_test(a_peer_changes_its_keys_a_hundred_times_and_not_once_more),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
