// SPDX-License-Identifier: Apache-2.0
// A hub and a device with certificates, and a connection between them, for the tests of TLS.
#pragma once

#include "certs/tls.h"
#include "tests/unit/pki.h"

#define DEVICE "amana://ke/dci/transnational/device/d1"
#define HUB    "igad/hub"

extern struct pki pki;
extern struct trust *trust;
extern X509 *device, *hub;
extern EVP_PKEY *device_key;
extern uint64_t now_ns;
extern struct cert_cache *cache; // NULL: none
// What the test's hub thinks of its callers.
extern struct admission {
    bool denies;
    X509 *cached;
    unsigned asked;
} admission;

int set_up(void **state);
int tear_down(void **state);
enum am_err admit(void *user, const struct identity *identity, const uint8_t digest[CERTIFICATE_DIGEST],
                  struct am_detail *detail, X509 **ret_cached);
uint64_t test_now(void *user);
struct tls_context *server_context(void);
struct tls_context *client_context(void);

struct pair {
    int fds[2];
    struct tls_io server, client;
};
void pair_init(struct pair *pair, struct tls_context *server, struct tls_context *client);
void pair_clear(struct pair *pair);
bool settled(enum tls_result result);
void shake(struct pair *pair, enum tls_result *ret_server, enum tls_result *ret_client);
