// SPDX-License-Identifier: Apache-2.0
// A whole public key infrastructure in memory, and its trust folder on disk, for tests that need certificates.
#pragma once

#include "certs/ca/issue.h"
#include "certs/keyfile.h"

#define PKI_COUNTRIES 3u
#define PKI_NOW       1790000000 // 2026-09-21T14:13:20Z, the time that these tests live at
#define PKI_NOW_NS    (PKI_NOW * 1000000000ull)
#define PKI_DAY       86400

struct pki_country {
    const char *code, *dns;
    struct issuer units, hubs;
    X509 *registrar; // the officer that signs this country's rosters
    EVP_PKEY *registrar_key;
    X509 *oversight; // named by trust.conf, in oversight.pem; NULL: none. The test's own
};

struct pki {
    struct issuer root;
    struct pki_country countries[PKI_COUNTRIES]; // igad, ke, et
    char folder[64];                             // a temporary folder; removed by pki_clear
};

// Aborts the test where something fails. All valid from a day before PKI_NOW.
void pki_init(struct pki *pki);
void pki_clear(struct pki *pki);

struct pki_country *pki_country(struct pki *pki, const char *code);

// A certificate of this country's units (or, for CERT_USE_HUB_SERVER, hubs) authority with a fresh key, 90 days.
X509 *pki_issue(struct pki *pki, const char *code, enum cert_use use, const char *name, EVP_PKEY **ret_key);
// The same from any issuer, with any validity.
X509 *pki_issue_by(const struct issuer *issuer, enum cert_use use, const char *name, struct validity validity,
                   EVP_PKEY **ret_key);

// Writes roots.pem, cas.pem, crls/, oversight.pem (or none) and trust.conf (with `extra` after the countries) to
// FOLDER/trust.
void pki_write_trust(struct pki *pki, const char *extra);
// Writes one CRL of an issuer over the one that is there.
void pki_write_crl(struct pki *pki, const char *file, const struct issuer *issuer, uint64_t number, const X509 *revoked,
                   struct validity validity);

// "FOLDER/name", in a buffer of its own, good until the fourth next call.
const char *pki_path(const struct pki *pki, const char *name);
void pki_write(const struct pki *pki, const char *name, struct am_bytes bytes);
void pki_write_certificate(const struct pki *pki, const char *name, X509 *x509);
