// SPDX-License-Identifier: Apache-2.0
// Makes certificates and CRLs in memory, by the profiles of recipes.md; amana-ca keeps them in files, tests don't.
// Any thread.
#pragma once

#include "certs/certificate.h"
#include "proto/model/limits.h"

#include <time.h>

struct issuer {
    X509 *certificate;
    EVP_PKEY *key;
};

// From when until when, in seconds since 1970.
struct validity {
    time_t not_before, not_after;
};
#define VALIDITY_DAY  ((time_t)(NS_PER_DAY / NS_PER_S))
#define VALIDITY_SKEW ((time_t)(LIMIT_CLOCK_AHEAD_NS / NS_PER_S)) // by which what we make is dated back: clocks differ

enum authority { AUTHORITY_ROOT, AUTHORITY_UNITS, AUTHORITY_HUBS };

// What each makes is returned with one reference, NULL where OpenSSL fails. Serial numbers are 63 random bits.

// A self-signed root of this name (O).
X509 *issue_root(EVP_PKEY *key, const char *name, struct validity validity);

// An issuing authority of a country: for its units (constrained to their URIs), or for hubs' server certificates
// (constrained to dns). subject_key is its public key.
X509 *issue_authority(const struct issuer *root, enum authority kind, const char *country, const char *dns,
                      EVP_PKEY *subject_key, struct validity validity);

// An end entity's certificate. The name was checked (certs_name_check).
X509 *issue_end(const struct issuer *issuer, enum cert_use use, const char *name, EVP_PKEY *subject_key,
                struct validity validity);

struct revocation {
    const ASN1_INTEGER *serial;
    time_t time;
    int reason; // CRL_REASON_…, -1 for none
};

// A CRL of the issuer, good from not_before to not_after.
X509_CRL *issue_crl(const struct issuer *issuer, uint64_t number, const struct revocation *revocations, size_t count,
                    struct validity validity);
