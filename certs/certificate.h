// SPDX-License-Identifier: Apache-2.0
// One end-entity certificate, parsed once, with what the hot path compares: digest, issuer, serial, identity.
#pragma once

#include "certs/identity.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#define CERTIFICATE_DIGEST     32u // bytes of the SHA-256 of a certificate's DER
#define CERTIFICATE_SERIAL_MAX 23u // bytes of the DER of a serial number of at most 20 octets and a sign octet

// What a certificate is for. Each use has one exact key usage, extended key usage and kind of name.
//   use           keyUsage                          extendedKeyUsage  SAN
//   AUTH          digitalSignature                  clientAuth        URI of a device or a hub
//   SEAL          keyAgreement                      none              URI of a device
//   SIGN_DEVICE   digitalSignature                  none              URI of a device
//   SIGN_OFFICER  digitalSignature, nonRepudiation  none              URI of an officer
//   HUB_SERVER    digitalSignature                  serverAuth        one DNS name
//   OVERSIGHT     keyAgreement                      none              URI of a country's oversight
enum cert_use {
    CERT_USE_AUTH,
    CERT_USE_SEAL,
    CERT_USE_SIGN_DEVICE,
    CERT_USE_SIGN_OFFICER,
    CERT_USE_HUB_SERVER,
    CERT_USE_OVERSIGHT,
    CERT_USES
};

// Immutable after init, shared by threads; struct copies are not allowed (the slot below), hold it by pointer.
struct certificate {
    X509 *x509;                             // owned (one reference)
    EVP_PKEY *key;                          // x509's public key, P-256; not a reference of its own
    uint8_t digest[CERTIFICATE_DIGEST];     // SHA-256 of the DER
    struct am_bytes issuer;                 // DER of the issuer Name, inside x509
    uint8_t serial[CERTIFICATE_SERIAL_MAX]; // DER of the INTEGER
    size_t serial_len;
    struct identity identity; // uri "" for CERT_USE_HUB_SERVER
    enum cert_use use;
    _Atomic(EVP_PKEY_CTX *) verifier; // a context kept ready between checks: taken and put back by cms_verify_bare
};

// Takes a certificate in: P-256 key, at most LIMIT_CERTIFICATE bytes, version 3, and its use told by key usage,
// extended key usage and name (exactly one row of the table above). Takes a reference of its own of x509.
// Says nothing about issuer, time or revocation (certs_check does). AM_CERTIFICATE with the reason; AM_NOMEM.
AM_MUST_USE enum am_err certificate_init(struct certificate *certificate, X509 *x509, struct am_detail *detail);

// The same from DER, which must have no byte after it. AM_INVALID if it isn't a certificate, AM_TOO_LARGE.
AM_MUST_USE enum am_err certificate_init_der(struct certificate *certificate, struct am_bytes der,
                                             struct am_detail *detail);

// Frees what it holds and zeroes it; a zeroed one is fine.
void certificate_clear(struct certificate *certificate);

// The words for a use: "auth", "seal", "sign", "officer", "hub", "oversight". cert_use_parse: AM_INVALID for others.
const char *cert_use_text(enum cert_use use);
AM_MUST_USE enum am_err cert_use_parse(const char *text, enum cert_use *ret_use);

// The use that key usage, extended key usage and name of x509 say, or AM_CERTIFICATE and why none fits.
// ret_identity (may be NULL) is zeroed for a hub's server certificate.
AM_MUST_USE enum am_err certificate_use(X509 *x509, struct am_detail *detail, enum cert_use *ret_use,
                                        struct identity *ret_identity);

// SHA-256 of data. False only where OpenSSL itself fails (out of memory).
AM_MUST_USE bool certs_sha256(const void *data, size_t len, uint8_t ret_digest[32]);

// SHA-256 of the DER of x509.
AM_MUST_USE bool certs_digest(const X509 *x509, uint8_t ret_digest[CERTIFICATE_DIGEST]);

// 64 lower-case hex digits and NUL; and back: AM_INVALID unless exactly 64 hex digits.
void certs_digest_hex(const uint8_t digest[32], char ret_hex[65]);
AM_MUST_USE enum am_err certs_digest_parse(const char *hex, uint8_t ret_digest[32]);

// Every CERTIFICATE of a PEM file (at most LIMIT_CONFIG bytes), in its order. The caller frees with
// certs_free_pem. AM_NOT_FOUND, AM_IO with the system's reason, AM_INVALID if a block
// doesn't parse or none is there.
AM_MUST_USE enum am_err certs_read_pem(const char *path, struct am_detail *detail, STACK_OF(X509) **ret_stack);
void certs_free_pem(STACK_OF(X509) *stack); // NULL is fine
