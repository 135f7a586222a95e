// SPDX-License-Identifier: Apache-2.0
// The one verdict about an end-entity certificate: chain, revocation, own rules (security.md, Names); and its cache.
#pragma once

#include "certs/trust.h"

// Checks x509 at the time now_ns (UTC): chain to a root over the country's own issuing CA, CRLs of every issuer,
// X509_STRICT, and then key usage, extended key usage and name exactly as use demands; the name's first part must
// be the country of the issuing CA in trust.conf. AM_CERTIFICATE, AM_REVOKED or AM_EXPIRED (of the certificate, a CA
// or a CRL), each with the reason in *detail. ret_identity may be NULL. Any thread.
AM_MUST_USE enum am_err certs_check(const struct trust *trust, X509 *x509, enum cert_use use, uint64_t now_ns,
                                    struct am_detail *detail, struct identity *ret_identity);

// Remembers good verdicts by (trust_epoch, digest, use), with the span of time in which they hold (notBefore and
// notAfter of the chain, thisUpdate and nextUpdate of the CRLs). Bad ones are not kept. Any number of threads.
struct cert_cache;

// entries: how many verdicts are kept at most; the one unused for longest goes first. NULL: out of memory.
struct cert_cache *cert_cache_new(size_t entries);
void cert_cache_free(struct cert_cache *cache);

// The verdict of certs_check for a certificate already taken in, at the cost of one look-up from the second time on.
AM_MUST_USE enum am_err cert_cache_check(struct cert_cache *cache, const struct trust *trust,
                                         const struct certificate *certificate, enum cert_use use, uint64_t now_ns,
                                         struct am_detail *detail);

// When it ends, UTC ns.
uint64_t certs_not_after(const X509 *x509);
// Before its end that a certificate on which a whole country rests is warned of: a registrar's, an oversight's.
#define CERTS_SOON_NS (14 * NS_PER_DAY)
// Whether it ends within that time, or has ended. What is wrong with it otherwise certs_check says.
bool certs_ends_soon(const X509 *x509, uint64_t now_ns);
