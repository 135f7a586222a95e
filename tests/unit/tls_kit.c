// SPDX-License-Identifier: Apache-2.0
// The kit of tls_kit.h.
#include "tests/unit/tls_kit.h"

#include "certs/tls.h"
#include "tests/unit/pki.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct pki pki;
struct trust *trust;
X509 *device, *hub;
EVP_PKEY *device_key;
uint64_t now_ns = PKI_NOW_NS;
struct cert_cache *cache;
struct admission admission;

enum am_err admit(void *user, const struct identity *identity, const uint8_t digest[CERTIFICATE_DIGEST],
                  struct am_detail *detail, X509 **ret_cached)
{
    admission.asked++;
    if (admission.denies)
        return am_fail(AM_DENIED, detail, identity->unit, "not on the roster");
    *ret_cached = admission.cached;
    return AM_OK;
}

uint64_t test_now(void *user)
{
    return now_ns;
}

struct tls_context *server_context(void)
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

struct tls_context *client_context(void)
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

void pair_init(struct pair *pair, struct tls_context *server, struct tls_context *client)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
    assert_int_equal(tls_io_init(&pair->server, server, pair->fds[0]), AM_OK);
    assert_int_equal(tls_io_init(&pair->client, client, pair->fds[1]), AM_OK);
}

void pair_clear(struct pair *pair)
{
    tls_io_clear(&pair->server);
    tls_io_clear(&pair->client);
    close(pair->fds[0]);
    close(pair->fds[1]);
}

bool settled(enum tls_result result)
{
    return result != TLS_WANT_READ && result != TLS_WANT_WRITE;
}

void shake(struct pair *pair, enum tls_result *ret_server, enum tls_result *ret_client)
{
    *ret_server = *ret_client = TLS_WANT_READ;
    for (unsigned i = 0; i < 20 && !(settled(*ret_server) && settled(*ret_client)); i++) {
        if (!settled(*ret_client))
            *ret_client = tls_io_handshake(&pair->client);
        if (!settled(*ret_server))
            *ret_server = tls_io_handshake(&pair->server);
    }
}

int set_up(void **state)
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

int tear_down(void **state)
{
    X509_free(hub);
    X509_free(device);
    EVP_PKEY_free(device_key);
    trust_unref(trust);
    pki_clear(&pki);
    return 0;
}
