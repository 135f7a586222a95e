// SPDX-License-Identifier: Apache-2.0
// Who may connect: all rules in OpenSSL's certificate callback, and again for each ticket (recipes.md, TLS server).
#include "certs/tls_internal.h"

#include "certs/clock.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

static const unsigned char ALPN_H2[] = {2, 'h', '2'};

uint64_t tls_now(const struct tls_context *context)
{
    if (context->clock.now != NULL)
        return context->clock.now(context->clock.user);
    return clock_utc();
}

static enum am_err judge(const struct tls_context *context, X509 *x509, struct certificate *certificate,
                         struct am_detail *detail, X509 **ret_cached)
{
    uint64_t now = tls_now(context);
    TRY(certificate_init(certificate, x509, detail));
    if (context->cache != NULL)
        TRY(cert_cache_check(context->cache, context->trust, certificate, CERT_USE_AUTH, now, detail));
    else
        TRY(certs_check(context->trust, x509, CERT_USE_AUTH, now, detail, NULL));
    return context->admission.admit(context->admission.user, &certificate->identity, certificate->digest, detail,
                                    ret_cached);
}

enum am_err tls_judge_client(const struct tls_context *context, X509 *x509, struct tls_io *io, struct am_detail *detail,
                             X509 **ret_cached)
{
    struct certificate certificate = {0};
    *ret_cached = NULL;
    io->has_peer = false;
    enum am_err err = judge(context, x509, &certificate, detail, ret_cached);
    if (err == AM_OK) {
        io->peer = certificate.identity;
        memcpy(io->peer_digest, certificate.digest, sizeof io->peer_digest);
        io->has_peer = true;
    }
    certificate_clear(&certificate);
    return err;
}

enum am_err tls_judge_server(const struct tls_context *context, X509 *x509, struct am_detail *detail)
{
    const struct trust_hub *hub = context->hub;
    uint8_t digest[CERTIFICATE_DIGEST];
    if (!certs_digest(x509, digest))
        return AM_NOMEM;
    if (memcmp(digest, hub->certificate, sizeof digest) != 0)
        return am_fail(AM_CERTIFICATE, detail, hub->name,
                       "it shows another certificate than trust.conf names; it may have a new one: get the new "
                       "trust.conf, or it is somebody else");
    if (X509_check_host(x509, hub->dns, 0, X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) !=
        1)
        return am_fail(AM_CERTIFICATE, detail, hub->name, "its certificate is not for %s", hub->dns);
    return certs_check(context->trust, x509, CERT_USE_HUB_SERVER, tls_now(context), detail, NULL);
}

static struct tls_io *io_of(X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    return SSL_get_app_data(ssl);
}

static int answer(X509_STORE_CTX *store, struct tls_io *io, enum am_err err, const struct am_detail *detail)
{
    if (err == AM_OK) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    io->err = err;
    io->detail = *detail;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED); // one alert for every reason
    return 0;
}

// The stack that becomes the session's peer and chain: ours in the first place, nothing behind it.
static void let_chain_go(X509_STORE_CTX *store, X509 *cached)
{
    STACK_OF(X509) *stack = X509_STORE_CTX_get0_untrusted(store);
    if (stack == NULL || sk_X509_num(stack) == 0)
        return;
    while (sk_X509_num(stack) > 1)
        X509_free(sk_X509_pop(stack));
    if (cached == NULL || X509_cmp(cached, sk_X509_value(stack, 0)) != 0)
        return;
    X509_up_ref(cached);
    X509 *sent = sk_X509_value(stack, 0);
    sk_X509_set(stack, 0, cached);
    X509_free(sent);
}

static int verify_client(X509_STORE_CTX *store, void *user)
{
    const struct tls_context *context = user;
    struct tls_io *io = io_of(store);
    struct am_detail detail = {0};
    X509 *cached;
    enum am_err err = tls_judge_client(context, X509_STORE_CTX_get0_cert(store), io, &detail, &cached);
    if (err == AM_OK)
        let_chain_go(store, cached);
    return answer(store, io, err, &detail);
}

static int verify_server(X509_STORE_CTX *store, void *user)
{
    const struct tls_context *context = user;
    struct am_detail detail = {0};
    enum am_err err = tls_judge_server(context, X509_STORE_CTX_get0_cert(store), &detail);
    return answer(store, io_of(store), err, &detail);
}

// OpenSSL asks no verify callback on resumption: a ticket of one who may not connect any more is as good as none,
// and the full handshake that follows says why.
static SSL_TICKET_RETURN open_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t name_len,
                                     SSL_TICKET_STATUS status, void *user)
{
    const struct tls_context *context = user;
    struct am_detail detail;
    X509 *cached, *peer = session == NULL ? NULL : SSL_SESSION_get0_peer(session);
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    if (peer == NULL || tls_judge_client(context, peer, SSL_get_app_data(ssl), &detail, &cached) != AM_OK)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    return SSL_TICKET_RETURN_USE_RENEW;
}

// OpenSSL asks the ALPN callback only if the client sent the extension: without it the hello ends here.
static int check_hello(SSL *ssl, int *alert, void *user)
{
    const unsigned char *extension;
    size_t len;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &extension, &len) == 1)
        return SSL_CLIENT_HELLO_SUCCESS;
    struct tls_io *io = SSL_get_app_data(ssl);
    io->err = am_fail(AM_PROTO, &io->detail, "alpn", "the client offers no ALPN; this port speaks h2 alone");
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

static int select_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                     unsigned in_len, void *user)
{
    unsigned char *selected;
    if (SSL_select_next_proto(&selected, out_len, ALPN_H2, sizeof ALPN_H2, in, in_len) == OPENSSL_NPN_NEGOTIATED) {
        *out = selected;
        return SSL_TLSEXT_ERR_OK;
    }
    struct tls_io *io = SSL_get_app_data(ssl);
    io->err = am_fail(AM_PROTO, &io->detail, "alpn", "the client doesn't offer h2; this port speaks h2 alone");
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void tls_set_server_callbacks(struct tls_context *context)
{
    SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context->ssl, verify_client, context);
    SSL_CTX_set_session_ticket_cb(context->ssl, NULL, open_ticket, context);
    SSL_CTX_set_client_hello_cb(context->ssl, check_hello, context);
    SSL_CTX_set_alpn_select_cb(context->ssl, select_h2, context);
}

// The newest ticket replaces the one before; a ticket is used once (RFC 8446 §C.4).
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_io *io = SSL_get_app_data(ssl);
    struct tls_context *context = io->context;
    pthread_mutex_lock(&context->lock);
    SSL_SESSION_free(context->session);
    context->session = session;
    pthread_mutex_unlock(&context->lock);
    return 1; // ours now
}

void tls_set_client_callbacks(struct tls_context *context)
{
    SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context->ssl, verify_server, context);
    SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context->ssl, keep_session);
    SSL_CTX_set_alpn_protos(context->ssl, ALPN_H2, sizeof ALPN_H2);
}
