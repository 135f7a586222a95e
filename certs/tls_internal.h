// SPDX-License-Identifier: Apache-2.0
// The insides of a TLS context, for the files that make it and judge peers with it. Inside certs/ only.
#pragma once

#include "certs/tls.h"

#include <pthread.h>
#include <stdatomic.h>

struct tls_context {
    atomic_size_t references;
    SSL_CTX *ssl;
    struct trust *trust;
    const struct trust_hub *hub; // inside trust: who a server is, whom a client wants
    struct cert_cache *cache;
    struct tls_admission admission;
    struct tls_clock clock;
    bool server;
    pthread_mutex_t lock; // of session
    SSL_SESSION *session; // a client's newest ticket, good for one connection
};

// UTC ns: of the clock that the context was given, else of the system.
uint64_t tls_now(const struct tls_context *context);

// Whether this certificate may connect now; fills io's peer and digest. *ret_cached as in struct tls_admission.
AM_MUST_USE enum am_err tls_judge_client(const struct tls_context *context, X509 *x509, struct tls_io *io,
                                         struct am_detail *detail, X509 **ret_cached);
// Whether this certificate is the wanted hub's.
AM_MUST_USE enum am_err tls_judge_server(const struct tls_context *context, X509 *x509, struct am_detail *detail);

// Sets the callbacks of either side on context->ssl.
void tls_set_server_callbacks(struct tls_context *context);
void tls_set_client_callbacks(struct tls_context *context);
