// SPDX-License-Identifier: Apache-2.0
// TLS contexts of both sides: version, groups, own certificate, trust.
#include "certs/tls_internal.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CHAIN      (16 * 1024) // bytes of certificates that a peer may send
#define TICKET_LIFE    7200        // seconds
#define SECURITY_LEVEL 2

// The hybrid group first, where this OpenSSL has it; the list as a whole fails where it hasn't.
static const char *const GROUPS[] = {"X25519MLKEM768:X25519:P-256", "X25519:P-256"};

struct tls_context *tls_context_ref(struct tls_context *context)
{
    atomic_fetch_add(&context->references, 1);
    return context;
}

void tls_context_unref(struct tls_context *context)
{
    if (context == NULL || atomic_fetch_sub(&context->references, 1) > 1)
        return;
    SSL_SESSION_free(context->session);
    SSL_CTX_free(context->ssl);
    trust_unref(context->trust);
    pthread_mutex_destroy(&context->lock);
    free(context);
}

const X509 *tls_certificate(const struct tls_context *context)
{
    return SSL_CTX_get0_certificate(context->ssl);
}

static bool set_groups(SSL_CTX *ssl)
{
    bool set = false;
    for (unsigned i = 0; !set && i < AM_LEN(GROUPS); i++)
        set = SSL_CTX_set1_groups_list(ssl, GROUPS[i]) == 1;
    ERR_clear_error();
    return set;
}

static void on_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl, void *user)
{
    struct tls_io *io = SSL_get_app_data(ssl);
    if (sent || io == NULL || type != SSL3_RT_HANDSHAKE || len == 0 || *(const uint8_t *)data != SSL3_MT_KEY_UPDATE)
        return;
    if (++io->key_updates > TLS_KEY_UPDATES)
        SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN); // what comes after it is thrown away, and the read ends
}

static bool set_common(SSL_CTX *ssl)
{
    static const unsigned char session_context[] = "amana";
    SSL_CTX_set_security_level(ssl, SECURITY_LEVEL);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF); // HTTP/2 frames have lengths of their own
    SSL_CTX_set_mode(ssl,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_msg_callback(ssl, on_message);
    SSL_CTX_set_max_cert_list(ssl, MAX_CHAIN);
    SSL_CTX_set_max_early_data(ssl, 0);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(ssl, TICKET_LIFE);
    return SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1 && SSL_CTX_set_num_tickets(ssl, 1) == 1 &&
           SSL_CTX_set_session_id_context(ssl, session_context, sizeof session_context - 1) == 1 && set_groups(ssl);
}

static enum am_err context_new(const SSL_METHOD *method, struct trust *trust, const char *hub, struct am_detail *detail,
                               struct tls_context **ret_context)
{
    const struct trust_hub *row = trust_hub(trust, hub);
    if (row == NULL)
        return am_fail(AM_CONFIG, detail, "trust.conf", "it has no hub \"%s\"", hub);
    struct tls_context *context = calloc(1, sizeof *context);
    if (context == NULL)
        return AM_NOMEM;
    atomic_init(&context->references, 1);
    pthread_mutex_init(&context->lock, NULL);
    context->trust = trust_ref(trust);
    context->hub = row;
    context->ssl = SSL_CTX_new(method);
    if (context->ssl == NULL || !set_common(context->ssl)) {
        tls_context_unref(context);
        return am_fail(AM_CRYPTO, detail, "tls", "OpenSSL refuses the settings of TLS 1.3");
    }
    *ret_context = context;
    return AM_OK;
}

// Loads certificate and key and puts them on the context; *ret_certificate is for the caller to clear.
static enum am_err use_own(struct tls_context *context, const char *certificate_file, const char *key_file,
                           const struct keyfile_passphrase *passphrase, struct am_detail *detail,
                           struct certificate *ret_certificate)
{
    STACK_OF(X509) *stack;
    EVP_PKEY *key = NULL;
    TRY(certs_read_pem(certificate_file, detail, &stack));
    enum am_err err = certificate_init(ret_certificate, sk_X509_value(stack, 0), detail);
    certs_free_pem(stack);
    if (err == AM_OK)
        err = keyfile_read(key_file, passphrase, detail, &key);
    if (err == AM_OK && (SSL_CTX_use_certificate(context->ssl, ret_certificate->x509) != 1 ||
                         SSL_CTX_use_PrivateKey(context->ssl, key) != 1))
        err =
            am_fail(AM_CONFIG, detail, key_file, "this key is not the one of the certificate in %s", certificate_file);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return err;
}

static enum am_err check_server_certificate(struct tls_context *context, const struct certificate *own,
                                            const char *file, struct am_detail *detail)
{
    char country[ADDRESS_COUNTRY_MAX + 1], hex[65];
    certs_digest_hex(own->digest, hex);
    if (own->use != CERT_USE_HUB_SERVER)
        return am_fail(AM_CERTIFICATE, detail, file, "this is a certificate for \"%s\", not for \"hub\"",
                       cert_use_text(own->use));
    if (memcmp(own->digest, context->hub->certificate, sizeof own->digest) != 0)
        return am_fail(AM_CONFIG, detail, file, "its digest %s is not the one in trust.conf, hub \"%s\"", hex,
                       context->hub->name);
    address_country(context->hub->name, country);
    X509 *ca = trust_ca(context->trust, trust_country(context->trust, country)->hubs_ca);
    if (SSL_CTX_add1_chain_cert(context->ssl, ca) != 1)
        return AM_NOMEM;
    return AM_OK;
}

enum am_err tls_server_new(const struct tls_server_config *config, struct am_detail *detail,
                           struct tls_context **ret_context)
{
    struct tls_context *context;
    struct certificate own = {0};
    TRY(context_new(TLS_server_method(), config->trust, config->hub, detail, &context));
    context->server = true;
    context->cache = config->cache;
    context->admission = config->admission;
    context->clock = config->clock;
    tls_set_server_callbacks(context);
    enum am_err err = use_own(context, config->certificate_file, config->key_file, NULL, detail, &own);
    if (err == AM_OK)
        err = check_server_certificate(context, &own, config->certificate_file, detail);
    certificate_clear(&own);
    if (err == AM_OK)
        *ret_context = context;
    else
        tls_context_unref(context);
    return err;
}

enum am_err tls_client_new(const struct tls_client_config *config, struct am_detail *detail,
                           struct tls_context **ret_context)
{
    struct tls_context *context;
    struct certificate own = {0};
    TRY(context_new(TLS_client_method(), config->trust, config->hub, detail, &context));
    context->clock = config->clock;
    tls_set_client_callbacks(context);
    enum am_err err = use_own(context, config->certificate_file, config->key_file, config->passphrase, detail, &own);
    if (err == AM_OK && own.use != CERT_USE_AUTH)
        err = am_fail(AM_CERTIFICATE, detail, config->certificate_file,
                      "this is a certificate for \"%s\", not for \"auth\"", cert_use_text(own.use));
    certificate_clear(&own);
    if (err == AM_OK)
        *ret_context = context;
    else
        tls_context_unref(context);
    return err;
}
