// SPDX-License-Identifier: Apache-2.0
// The profiles of certificates and CRLs, made with OpenSSL (recipes.md, Certificates).
#include "certs/ca/issue.h"

#include "certs/extension.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define NO_ADDRESSES "excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0"

static X509_NAME *organisation(const char *name)
{
    X509_NAME *made = X509_NAME_new();
    if (made != NULL && X509_NAME_add_entry_by_NID(made, NID_organizationName, MBSTRING_UTF8,
                                                   (const unsigned char *)name, -1, -1, 0) != 1) {
        X509_NAME_free(made);
        return NULL;
    }
    return made;
}

// 63 bits, never zero: short, since each sealed recipient repeats it.
static bool set_serial(X509 *x509)
{
    uint8_t bytes[8];
    uint64_t serial;
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    memcpy(&serial, bytes, sizeof serial);
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), (serial >> 1) | 1ull << 62) == 1;
}

static bool add(X509 *x509, X509V3_CTX *context, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
    bool added = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool add_ca_extensions(X509 *x509, X509V3_CTX *context, enum authority kind, const char *country,
                              const char *dns)
{
    char constraints[512];
    if (!add(x509, context, NID_basic_constraints,
             kind == AUTHORITY_ROOT ? "critical,CA:TRUE" : "critical,CA:TRUE,pathlen:0") ||
        !add(x509, context, NID_key_usage, "critical,keyCertSign,cRLSign"))
        return false;
    if (kind == AUTHORITY_ROOT)
        return true;
    if (kind == AUTHORITY_HUBS) {
        snprintf(constraints, sizeof constraints, "critical,permitted;DNS:%s," NO_ADDRESSES, dns);
        return add(x509, context, NID_ext_key_usage, "serverAuth") &&
               add(x509, context, NID_name_constraints, constraints);
    }
    snprintf(constraints, sizeof constraints,
             "critical,permitted;URI:%s,permitted;DNS:invalid,permitted;email:invalid," NO_ADDRESSES, country);
    return add(x509, context, NID_name_constraints, constraints);
}

static bool add_use_extensions(X509 *x509, X509V3_CTX *context, enum cert_use use, const char *name)
{
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    bool added = certs_use_extensions(&extensions, context, use, name);
    for (int i = 0; added && i < sk_X509_EXTENSION_num(extensions); i++)
        added = X509_add_ext(x509, sk_X509_EXTENSION_value(extensions, i), -1) == 1;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return added;
}

// Everything but the extensions that differ: version, serial, names, time, key.
static bool fill_common(X509 *x509, X509_NAME *subject, X509_NAME *issuer, EVP_PKEY *key, struct validity validity)
{
    return subject != NULL && X509_set_version(x509, X509_VERSION_3) == 1 && set_serial(x509) &&
           X509_set_subject_name(x509, subject) == 1 && X509_set_issuer_name(x509, issuer) == 1 &&
           X509_set_pubkey(x509, key) == 1 && ASN1_TIME_set(X509_getm_notBefore(x509), validity.not_before) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(x509), validity.not_after) != NULL;
}

// Frees x509 unless all went well and the signature is on it.
static X509 *finish(X509 *x509, bool filled, EVP_PKEY *key)
{
    if (filled && X509_sign(x509, key, EVP_sha256()) > 0)
        return x509;
    X509_free(x509);
    return NULL;
}

X509 *issue_root(EVP_PKEY *key, const char *name, struct validity validity)
{
    X509V3_CTX context;
    X509 *x509 = X509_new();
    X509_NAME *subject = organisation(name);
    if (x509 == NULL)
        return NULL;
    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    bool filled = fill_common(x509, subject, subject, key, validity) &&
                  add(x509, &context, NID_subject_key_identifier, "hash") &&
                  add_ca_extensions(x509, &context, AUTHORITY_ROOT, NULL, NULL);
    X509_NAME_free(subject);
    return finish(x509, filled, key);
}

static bool fill_issued(X509 *x509, X509V3_CTX *context, X509_NAME *subject, const struct issuer *issuer, EVP_PKEY *key,
                        struct validity validity)
{
    X509V3_set_ctx(context, issuer->certificate, x509, NULL, NULL, 0);
    return fill_common(x509, subject, X509_get_subject_name(issuer->certificate), key, validity) &&
           add(x509, context, NID_subject_key_identifier, "hash") &&
           add(x509, context, NID_authority_key_identifier, "keyid:always");
}

X509 *issue_authority(const struct issuer *root, enum authority kind, const char *country, const char *dns,
                      EVP_PKEY *subject_key, struct validity validity)
{
    char name[64];
    X509V3_CTX context;
    X509 *x509 = X509_new();
    if (x509 == NULL)
        return NULL;
    snprintf(name, sizeof name, "%s %s", country, kind == AUTHORITY_UNITS ? "units" : "hubs");
    X509_NAME *subject = organisation(name);
    bool filled = fill_issued(x509, &context, subject, root, subject_key, validity) &&
                  add_ca_extensions(x509, &context, kind, country, dns);
    X509_NAME_free(subject);
    return finish(x509, filled, root->key);
}

X509 *issue_end(const struct issuer *issuer, enum cert_use use, const char *name, EVP_PKEY *subject_key,
                struct validity validity)
{
    X509V3_CTX context;
    X509 *x509 = X509_new();
    if (x509 == NULL)
        return NULL;
    X509_NAME *subject = certs_subject(use, name);
    bool filled = fill_issued(x509, &context, subject, issuer, subject_key, validity) &&
                  add_use_extensions(x509, &context, use, name);
    X509_NAME_free(subject);
    return finish(x509, filled, issuer->key);
}

static bool add_revocation(X509_CRL *crl, const struct revocation *revocation)
{
    X509_REVOKED *row = X509_REVOKED_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, revocation->time);
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
    bool added = row != NULL && time != NULL && reason != NULL &&
                 X509_REVOKED_set_serialNumber(row, (ASN1_INTEGER *)revocation->serial) == 1 &&
                 X509_REVOKED_set_revocationDate(row, time) == 1;
    if (added && revocation->reason >= 0)
        added = ASN1_ENUMERATED_set(reason, revocation->reason) == 1 &&
                X509_REVOKED_add1_ext_i2d(row, NID_crl_reason, reason, 0, 0) == 1;
    added = added && X509_CRL_add0_revoked(crl, row) == 1;
    if (!added)
        X509_REVOKED_free(row);
    ASN1_ENUMERATED_free(reason);
    ASN1_TIME_free(time);
    return added;
}

static bool fill_crl(X509_CRL *crl, const struct issuer *issuer, uint64_t number, struct validity validity)
{
    ASN1_TIME *from = ASN1_TIME_set(NULL, validity.not_before), *until = ASN1_TIME_set(NULL, validity.not_after);
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer->certificate, NULL, NULL, crl, 0);
    X509_EXTENSION *key = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
    bool filled = from != NULL && until != NULL && serial != NULL && key != NULL &&
                  X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
                  X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->certificate)) == 1 &&
                  X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, until) == 1 &&
                  ASN1_INTEGER_set_uint64(serial, number) == 1 && X509_CRL_add_ext(crl, key, -1) == 1 &&
                  X509_CRL_add1_ext_i2d(crl, NID_crl_number, serial, 0, 0) == 1;
    X509_EXTENSION_free(key);
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return filled;
}

X509_CRL *issue_crl(const struct issuer *issuer, uint64_t number, const struct revocation *revocations, size_t count,
                    struct validity validity)
{
    X509_CRL *crl = X509_CRL_new();
    if (crl == NULL)
        return NULL;
    bool filled = fill_crl(crl, issuer, number, validity);
    for (size_t i = 0; filled && i < count; i++)
        filled = add_revocation(crl, &revocations[i]);
    if (filled && X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0)
        return crl;
    X509_CRL_free(crl);
    return NULL;
}
