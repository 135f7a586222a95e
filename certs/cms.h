// SPDX-License-Identifier: Apache-2.0
// Signatures and seals: CMS by our profile, checked on the bytes before OpenSSL sees them (security.md, What is signed
// and sealed). Any thread; a struct that points into bytes lives as long as these.
#pragma once

#include "certs/certificate.h"

#define CMS_SIGNERS    2u
#define CMS_SEAL_NONCE 12u
#define CMS_SEAL_ICV   16u
#define CMS_POINT      65u // an uncompressed point of P-256
#define CMS_POINT_X    32u // its x, behind the first byte
#define CMS_WRAPPED    40u // bytes of a wrapped key of AES-256 (RFC 3394)

enum cms_form { CMS_DETACHED_FORM, CMS_EMBEDDED_FORM };

// One SignerInfo; all point into the DER that was read.
struct cms_signer {
    struct am_bytes issuer;      // DER of the Name in its sid
    struct am_bytes serial;      // DER of the INTEGER in its sid
    struct am_bytes attributes;  // [0] IMPLICIT SET OF Attribute, whole
    struct am_bytes digest;      // 32: messageDigest
    struct am_bytes certificate; // 32: certHash of signingCertificateV2
    struct am_bytes signature;   // ECDSA-Sig-Value
};

// A signature that keeps to the profile. Whose SignerInfo is whose is told by sid: look up with cms_signer_find.
struct cms_signature {
    struct am_bytes der;
    struct am_bytes content; // eContent of an embedded one, data NULL of a detached one
    size_t count;            // 1 or 2 signers, with as many certificates, each the signers' own
    struct cms_signer signers[CMS_SIGNERS];
    struct am_bytes certificates[CMS_SIGNERS]; // [i] is the DER whose digest signers[i] signed
};

// Walks the DER byte by byte: every clause of the profile. AM_SIGNATURE with the clause in *detail; AM_TOO_LARGE.
// No allocation, no public-key work.
AM_MUST_USE enum am_err cms_profile_signature(struct am_bytes der, enum cms_form form, struct am_detail *detail,
                                              struct cms_signature *ret_signature);

// The SignerInfo whose sid is this certificate's issuer and serial and that signed its digest; NULL if there is none.
const struct cms_signer *cms_signer_find(const struct cms_signature *signature, const struct certificate *certificate);

// The hot path: messageDigest is SHA-256(content), signingCertificateV2 is the certificate's digest, the sid is its
// issuer and serial, and ECDSA over the attributes holds. The certificate itself was judged by the caller
// (cert_cache_check). AM_SIGNATURE; AM_NOT_FOUND where this certificate is no signer.
AM_MUST_USE enum am_err cms_verify_bare(const struct cms_signature *signature, struct am_bytes content,
                                        const struct certificate *signer, struct am_detail *detail);
// The same where SHA-256(content) is known already.
AM_MUST_USE enum am_err cms_verify_digest(const struct cms_signature *signature, const uint8_t digest[32],
                                          const struct certificate *signer, struct am_detail *detail);

// Profile, then OpenSSL's CMS_verify with CMS_CADES and no chain check (tests compare the two; tools may use it).
// signers: the certificates that must have signed, exactly these, in any order. count 1 or 2.
AM_MUST_USE enum am_err cms_verify_full(struct am_bytes der, enum cms_form form, struct am_bytes content,
                                        X509 *const *signers, size_t count, struct am_detail *detail);

// Detached signature over content by one signer, DER. *ret_der is malloc'ed for the caller (free). AM_CRYPTO where key
// and certificate don't belong together.
AM_MUST_USE enum am_err cms_sign(struct am_bytes content, X509 *certificate, EVP_PKEY *key, struct am_detail *detail,
                                 struct am_bytes *ret_der);

// Adds a second signer to a detached signature; the first stays as it is, to the byte. Its digest is taken over unread:
// the caller has verified it. AM_SIGNATURE where `der` isn't one with one signer; else as cms_sign.
AM_MUST_USE enum am_err cms_sign_also(struct am_bytes der, X509 *certificate, EVP_PKEY *key, struct am_detail *detail,
                                      struct am_bytes *ret_der);

// cms_sign with the content inside (rosters).
AM_MUST_USE enum am_err cms_sign_embedded(struct am_bytes content, X509 *certificate, EVP_PKEY *key,
                                          struct am_detail *detail, struct am_bytes *ret_der);

// Whom a seal is for, as it stands in clear.
struct cms_recipient {
    struct am_bytes issuer; // DER of the Name
    struct am_bytes serial; // DER of the INTEGER
    const uint8_t *point; // CMS_POINT bytes: the ephemeral key that its own was agreed on with, looked at by nobody yet
    const uint8_t *wrapped; // CMS_WRAPPED bytes: the key of the content
};

struct cms_seal {
    const uint8_t *nonce, *icv; // CMS_SEAL_NONCE and CMS_SEAL_ICV bytes
    struct am_bytes ciphertext;
    size_t count; // 1 to LIMIT_SEALED_KEYS
    struct cms_recipient recipients[LIMIT_SEALED_KEYS];
};

// Walks the DER byte by byte: every clause of the seal's profile, and lists the recipients (26 KB: not on a small
// stack). AM_SEAL with the clause; AM_TOO_LARGE. No allocation, no public-key work.
AM_MUST_USE enum am_err cms_profile_seal(struct am_bytes der, struct am_detail *detail, struct cms_seal *ret_seal);

enum cms_match { CMS_MATCH_EXACT, CMS_MATCH_OTHERS, CMS_MATCH_LEFT_OUT };

// Compares a seal with the certificates that it must be for (no certificate twice; at most LIMIT_SEALED_KEYS).
// EXACT: exactly these, each once. OTHERS: somebody else can open it, or one stands twice. LEFT_OUT: one of these
// can't; *ret_missing (may be NULL) is then its index. Somebody else goes before left out.
enum cms_match cms_seal_matches(const struct cms_seal *seal, const struct certificate *const *certificates,
                                size_t count, size_t *ret_missing);

// The first that is this certificate's; NULL where there is none. And its point.
const struct cms_recipient *cms_seal_recipient(const struct cms_seal *seal, const struct certificate *certificate);
const uint8_t *cms_seal_point(const struct cms_seal *seal, const struct certificate *certificate);
// Whether these CMS_POINT bytes are a point of the curve.
bool cms_point_valid(const uint8_t point[CMS_POINT]);

// Seals plaintext to count recipients' certificates. *ret_der is malloc'ed for the caller (free).
AM_MUST_USE enum am_err cms_seal(struct am_bytes plaintext, X509 *const *recipients, size_t count,
                                 struct am_detail *detail, struct am_bytes *ret_der);

// Checks the profile and opens with one recipient's certificate and its key. AM_NOT_FOUND where it isn't sealed to this
// certificate, AM_SEAL where it doesn't open. *ret_plain is freed by cms_plain_free, which cleanses it.
AM_MUST_USE enum am_err cms_open(struct am_bytes der, const struct certificate *own, EVP_PKEY *key,
                                 struct am_detail *detail, struct am_bytes *ret_plain);
void cms_plain_free(struct am_bytes *plain); // zeroes *plain too
