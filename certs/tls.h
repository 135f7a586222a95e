// SPDX-License-Identifier: Apache-2.0
// TLS 1.3 with certificates on both sides, ALPN h2, and a non-blocking wrapper over a file descriptor.
//
// A context is immutable and counted; new certificates, CRLs or trust.conf mean a new context. A program that uses it
// ignores SIGPIPE.
#pragma once

#include "certs/check.h"
#include "certs/keyfile.h"

#include <openssl/ssl.h>

struct tls_context;

// Asked by a server, in the middle of a handshake, once the chain and all own rules have passed: is this very
// certificate on its unit's newest roster? AM_OK, and *ret_cached the caller's own X509 of the same digest (borrowed;
// NULL if it has none), which then takes the place of what the peer sent and saves 11 KiB a connection.
// Asked too for a resumed session (then ret_cached is not used). Called in the thread that drives the handshake.
struct tls_admission {
    enum am_err (*admit)(void *user, const struct identity *identity, const uint8_t digest[CERTIFICATE_DIGEST],
                         struct am_detail *detail, X509 **ret_cached);
    void *user;
};

// UTC ns. NULL stands for the system's clock.
struct tls_clock {
    uint64_t (*now)(void *user);
    void *user;
};

// certificate_file, key_file: PEM, the certificate alone (its CA is taken from trust). Keeps a reference of trust.
// hub: the name in trust.conf ("igad/hub") whose `dns` and `certificate` this file must be.
// cache: verdicts on clients' certificates, shared with the message path; outlives the context. NULL: none.
struct tls_server_config {
    const char *certificate_file, *key_file, *hub;
    struct trust *trust;
    struct cert_cache *cache;
    struct tls_admission admission;
    struct tls_clock clock;
};
AM_MUST_USE enum am_err tls_server_new(const struct tls_server_config *config, struct am_detail *detail,
                                       struct tls_context **ret_context);

// A client shows a device's (or a hub's) auth certificate and takes only the server that trust.conf names as hub:
// DNS name, pinned digest, chain over its country's hubs CA, CRLs. passphrase may be NULL.
struct tls_client_config {
    const char *certificate_file, *key_file, *hub;
    const struct keyfile_passphrase *passphrase;
    struct trust *trust;
    struct tls_clock clock;
};
AM_MUST_USE enum am_err tls_client_new(const struct tls_client_config *config, struct am_detail *detail,
                                       struct tls_context **ret_context);

// One more reference to it, and one less; with the last it is freed. Any thread; NULL is fine for the second.
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context);
// What it shows to the other side; lives as long as the context.
const X509 *tls_certificate(const struct tls_context *context);

enum tls_result {
    TLS_DONE,       // it is done; read and write: *ret_len > 0 bytes
    TLS_WANT_READ,  // again when the descriptor is readable
    TLS_WANT_WRITE, // again when it is writable
    TLS_CLOSED,     // the peer has closed, cleanly or not: no more to read
    TLS_FAILED      // broken or refused: tls_io_refusal says why; tls_io_drain, then close
};

// New keys are due once in 2^24 records (RFC 8446 §5.5). OpenSSL makes as many as it is asked for, all in one read.
#define TLS_KEY_UPDATES 100u

// One connection. Not moved once begun. The descriptor stays the caller's: non-blocking, closed by the caller after
// tls_io_clear.
struct tls_io {
    SSL *ssl;
    struct tls_context *context;
    int fd;
    bool done; // the handshake
    bool failed;
    unsigned key_updates; // that the peer sent; past TLS_KEY_UPDATES the connection has failed
    size_t drained;
    enum am_err err; // of a refusal
    struct am_detail detail;
    bool has_peer;
    struct identity peer; // a server's: who the client is, once the handshake is done
    uint8_t peer_digest[CERTIFICATE_DIGEST];
};

// A connection over fd, which stays the caller's; takes a reference to the context, whose side it speaks. `io` must not
// move until it is cleared. AM_NOMEM.
AM_MUST_USE enum am_err tls_io_init(struct tls_io *io, struct tls_context *context, int fd);
void tls_io_clear(struct tls_io *io); // a zeroed one is fine

// Drives the handshake; TLS_DONE once, then read and write. ALPN h2 must have been agreed upon.
enum tls_result tls_io_handshake(struct tls_io *io);
enum tls_result tls_io_read(struct tls_io *io, void *buffer, size_t size, size_t *ret_len);
// A write that wants more must be repeated with the same bytes at least (the buffer may have moved, and may have
// grown).
enum tls_result tls_io_write(struct tls_io *io, const void *data, size_t len, size_t *ret_len);
// Bytes that are decrypted and wait in memory: no event will announce them.
size_t tls_io_pending(const struct tls_io *io);
// Sends close_notify and ends our half of the connection. TLS_DONE or TLS_WANT_WRITE.
enum tls_result tls_io_shutdown(struct tls_io *io);
// After TLS_FAILED or a shutdown: ends our half (SHUT_WR) and throws away what the peer still sends, so that a reset
// doesn't overtake the alert. TLS_WANT_READ: again when readable, until TLS_CLOSED (EOF, an error, or 64 KiB).
enum tls_result tls_io_drain(struct tls_io *io);

// Why it was refused or broke, for the log; AM_OK where nothing was. *detail (may be NULL) has the reason in words.
enum am_err tls_io_refusal(const struct tls_io *io, struct am_detail *detail);
bool tls_io_resumed(const struct tls_io *io);
