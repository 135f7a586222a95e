// SPDX-License-Identifier: Apache-2.0
// The insides of a loaded trust folder, for the files that fill it and judge by it. Inside certs/ only.
#pragma once

#include "certs/trust.h"

#include <stdatomic.h>

#define TRUST_CAS   (2 * TRUST_COUNTRIES)
#define TRUST_CRLS  TRUST_LISTS
#define TRUST_ROOTS (TRUST_LISTS - TRUST_CAS)

struct trust_ca_row {
    X509 *x509;
    uint8_t digest[CERTIFICATE_DIGEST];
};

// The CRL in force of one CA.
struct trust_crl {
    X509_CRL *crl;
    const X509 *issuer; // one of the roots or CAs
    uint64_t number;
    uint64_t this_update, next_update; // UTC ns
};

struct trust {
    atomic_size_t references;
    uint64_t epoch;
    struct am_bytes file; // trust.conf
    uint8_t digest[32], state[32];
    size_t countries_count, hubs_count, roots_count, cas_count, crls_count;
    struct trust_country *countries;
    struct trust_hub *hubs;
    struct trust_ca_row roots[TRUST_ROOTS], cas[TRUST_CAS];
    uint8_t root_digests[TRUST_ROOTS][CERTIFICATE_DIGEST];
    struct trust_crl crls[TRUST_CRLS];
    struct certificate oversight[TRUST_OVERSIGHT];
    size_t oversight_count;
    unsigned oversight_lines[TRUST_COUNTRIES]; // of trust.conf, of those named, in its order
    size_t oversight_named;
    X509_STORE *store;
    uint64_t crl_tolerance_ns; // past nextUpdate
};

// trust_conf.c: fills countries, hubs, file and digest from the bytes of trust.conf (NUL after them). path for errors.
AM_MUST_USE enum am_err trust_conf_read(struct trust *trust, const char *path, struct am_detail *detail);

// trust.c: whether the key of `issuer` signed it, which may issue.
bool trust_signed_by(X509 *x509, X509 *issuer);

// trust_oversight.c: reads oversight.pem where it is there; each is its country's, and what is named is in it.
AM_MUST_USE enum am_err trust_oversight_read(struct trust *trust, const char *folder, struct am_detail *detail);
// Once the CRLs are there: which of those named are revoked.
void trust_oversight_judge(struct trust *trust);

// trust_crl.c: reads crls/ and keeps the highest number of each issuer, against previous too.
AM_MUST_USE enum am_err trust_crls_read(struct trust *trust, const char *folder, const struct trust *previous,
                                        struct am_detail *detail);
// Issuer, number and times of a CRL, which stays the caller's. AM_INVALID: not one of ours, or part of one; path for
// errors.
AM_MUST_USE enum am_err trust_crl_read(const struct trust *trust, X509_CRL *crl, const char *path,
                                       struct am_detail *detail, struct trust_crl *row);
// The CRL in force of this CA, or NULL.
const struct trust_crl *trust_crl_of(const struct trust *trust, const X509 *ca);

// Whether the CRL of this CA has that number or a higher one: AM_OK or AM_ROLLBACK, with `where` as the detail's field.
AM_MUST_USE enum am_err trust_crl_compare(const struct trust *trust, const X509 *issuer, uint64_t before,
                                          const char *where, struct am_detail *detail);

// ASN.1 time to UTC ns, 0 for one before 1970 or that can't be read; what lies past 2500 is cut to it.
uint64_t certs_time_ns(const ASN1_TIME *time);
