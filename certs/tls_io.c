// SPDX-License-Identifier: Apache-2.0
// One TLS connection over a non-blocking descriptor: each result is one of five words.
#include "certs/tls_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DRAIN_MAX (64u * 1024)

static bool take_session(struct tls_io *io)
{
    struct tls_context *context = io->context;
    pthread_mutex_lock(&context->lock);
    SSL_SESSION *session = context->session;
    context->session = NULL;
    pthread_mutex_unlock(&context->lock);
    if (session == NULL) // never SSL_set_session(ssl, NULL): it breaks the connection (recipes.md)
        return true;
    bool set = SSL_set_session(io->ssl, session) == 1;
    SSL_SESSION_free(session);
    return set;
}

enum am_err tls_io_init(struct tls_io *io, struct tls_context *context, int fd)
{
    *io = (struct tls_io){.fd = fd, .ssl = SSL_new(context->ssl)};
    if (io->ssl == NULL || SSL_set_fd(io->ssl, fd) != 1)
        goto fail;
    SSL_set_app_data(io->ssl, io);
    io->context = tls_context_ref(context);
    if (context->server) {
        SSL_set_accept_state(io->ssl);
        return AM_OK;
    }
    SSL_set_connect_state(io->ssl);
    if (SSL_set_tlsext_host_name(io->ssl, context->hub->dns) == 1 && take_session(io))
        return AM_OK;
fail:
    tls_io_clear(io);
    ERR_clear_error();
    return AM_NOMEM;
}

void tls_io_clear(struct tls_io *io)
{
    if (io->ssl != NULL && io->done && !io->failed) // else OpenSSL spoils the ticket of a link that merely broke
        SSL_set_shutdown(io->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(io->ssl);
    tls_context_unref(io->context);
    *io = (struct tls_io){.fd = -1};
}

// OpenSSL's own reason, where none of our rules has given one. The words name what a person can mend.
static void explain(struct tls_io *io, unsigned long code, int saved_errno)
{
    static const struct {
        int reason;
        enum am_err err;
        const char *text;
    } reasons[] = {
        {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, AM_CERTIFICATE, "the client shows no certificate"},
        {SSL_R_UNSUPPORTED_PROTOCOL, AM_PROTO, "the peer doesn't speak TLS 1.3"},
        {SSL_R_HTTP_REQUEST, AM_PROTO, "the peer speaks plain HTTP"},
        {SSL_R_WRONG_VERSION_NUMBER, AM_PROTO, "the peer doesn't speak TLS"},
        {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, AM_DENIED,
         "the hub refuses this device's certificate: revoked, expired, or not on the roster; its log says which"},
        {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, AM_DENIED, "the hub asks for a certificate"},
        {SSL_R_NO_SUITABLE_KEY_SHARE, AM_PROTO, "the peer shares no key exchange with us"},
    };
    io->err = AM_PROTO;
    if (code == 0) {
        io->err = am_fail(AM_UNAVAILABLE, &io->detail, "tls", "the connection broke: %s",
                          saved_errno == 0 ? "the peer closed it" : strerror(saved_errno));
        return;
    }
    for (unsigned i = 0; i < AM_LEN(reasons); i++) {
        if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == reasons[i].reason) {
            io->err = am_fail(reasons[i].err, &io->detail, "tls", "%s", reasons[i].text);
            return;
        }
    }
    const char *text = ERR_reason_error_string(code);
    io->err = am_fail(AM_PROTO, &io->detail, "tls", "%s", text == NULL ? "the handshake failed" : text);
}

static enum tls_result fail(struct tls_io *io, unsigned long code, int saved_errno)
{
    io->failed = true;
    if (io->err == AM_OK)
        explain(io, code, saved_errno);
    return TLS_FAILED;
}

static enum tls_result result_of(struct tls_io *io, int returned)
{
    int saved_errno = errno;
    if (io->key_updates > TLS_KEY_UPDATES) {
        ERR_clear_error();
        io->failed = true;
        io->err = am_fail(AM_PROTO, &io->detail, "tls", "the peer changes its keys all the time");
        return TLS_FAILED;
    }
    unsigned long code = ERR_peek_error();
    int error = SSL_get_error(io->ssl, returned);
    enum tls_result result;
    switch (error) {
    case SSL_ERROR_NONE: result = TLS_DONE; break;
    case SSL_ERROR_WANT_READ: result = TLS_WANT_READ; break;
    case SSL_ERROR_WANT_WRITE: result = TLS_WANT_WRITE; break;
    case SSL_ERROR_ZERO_RETURN: result = TLS_CLOSED; break;
    case SSL_ERROR_SYSCALL:
        if (io->done && code == 0 && (saved_errno == 0 || saved_errno == ECONNRESET || saved_errno == EPIPE)) {
            result = TLS_CLOSED;
            break;
        }
        result = fail(io, code, saved_errno);
        break;
    default: result = fail(io, code, 0);
    }
    ERR_clear_error();
    return result;
}

static void begin(void)
{
    ERR_clear_error();
    errno = 0;
}

// What OpenSSL did not ask a callback about: what was agreed upon, and who stands at the other end after resumption.
static enum am_err check_done(struct tls_io *io)
{
    const unsigned char *alpn;
    unsigned len;
    uint8_t digest[CERTIFICATE_DIGEST];
    X509 *peer = SSL_get0_peer_certificate(io->ssl);
    SSL_get0_alpn_selected(io->ssl, &alpn, &len);
    if (len != 2 || memcmp(alpn, "h2", 2) != 0)
        return am_fail(AM_PROTO, &io->detail, "alpn", "h2 was not agreed upon");
    if (peer == NULL || !certs_digest(peer, digest))
        return am_fail(AM_CERTIFICATE, &io->detail, "tls", "the peer shows no certificate");
    if (!io->context->server)
        return SSL_session_reused(io->ssl) ? tls_judge_server(io->context, peer, &io->detail) : AM_OK;
    if (!io->has_peer || memcmp(digest, io->peer_digest, sizeof digest) != 0)
        return am_fail(AM_CERTIFICATE, &io->detail, "tls", "the session is another certificate's");
    return AM_OK;
}

enum tls_result tls_io_handshake(struct tls_io *io)
{
    if (io->failed)
        return TLS_FAILED;
    begin();
    enum tls_result result = result_of(io, SSL_do_handshake(io->ssl));
    if (result == TLS_CLOSED)
        return fail(io, 0, 0);
    if (result != TLS_DONE || io->done)
        return result;
    enum am_err err = check_done(io);
    if (err != AM_OK) {
        io->err = err;
        io->failed = true;
        return TLS_FAILED;
    }
    io->done = true;
    return TLS_DONE;
}

enum tls_result tls_io_read(struct tls_io *io, void *buffer, size_t size, size_t *ret_len)
{
    if (io->failed || !io->done)
        return TLS_FAILED;
    begin();
    return result_of(io, SSL_read_ex(io->ssl, buffer, size, ret_len));
}

enum tls_result tls_io_write(struct tls_io *io, const void *data, size_t len, size_t *ret_len)
{
    if (io->failed || !io->done)
        return TLS_FAILED;
    begin();
    return result_of(io, SSL_write_ex(io->ssl, data, len, ret_len));
}

size_t tls_io_pending(const struct tls_io *io)
{
    return (size_t)SSL_pending(io->ssl);
}

enum tls_result tls_io_shutdown(struct tls_io *io)
{
    if (!io->failed && io->done) {
        begin();
        int returned = SSL_shutdown(io->ssl);
        if (returned < 0 && SSL_get_error(io->ssl, returned) == SSL_ERROR_WANT_WRITE) {
            ERR_clear_error();
            return TLS_WANT_WRITE;
        }
        ERR_clear_error();
    }
    shutdown(io->fd, SHUT_WR);
    return TLS_DONE;
}

enum tls_result tls_io_drain(struct tls_io *io)
{
    uint8_t waste[4096];
    shutdown(io->fd, SHUT_WR);
    while (io->drained < DRAIN_MAX) {
        ssize_t got = read(io->fd, waste, sizeof waste);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return TLS_WANT_READ;
        if (got <= 0)
            break;
        io->drained += (size_t)got;
    }
    return TLS_CLOSED;
}

enum am_err tls_io_refusal(const struct tls_io *io, struct am_detail *detail)
{
    if (detail != NULL && io->err != AM_OK)
        *detail = io->detail;
    return io->err;
}

bool tls_io_resumed(const struct tls_io *io)
{
    return io->ssl != NULL && SSL_session_reused(io->ssl) == 1;
}
