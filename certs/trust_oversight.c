// SPDX-License-Identifier: Apache-2.0
// Who may open a country's messages under law: the certificates of oversight.pem, and which of them is named.
#include "certs/keyfile.h"
#include "certs/trust_internal.h"

#include <limits.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#define FILE_NAME "oversight.pem"
#define FORM                                                                                                           \
    "a key on P-256, keyUsage keyAgreement and nothing more, no extendedKeyUsage, and the one name amana://COUNTRY/"   \
    "oversight"

// The country that names this certificate, or NULL.
static const struct trust_country *named_by(const struct trust *trust, const uint8_t digest[CERTIFICATE_DIGEST])
{
    for (size_t i = 0; i < trust->countries_count; i++)
        if (trust->countries[i].has_oversight && memcmp(trust->countries[i].oversight, digest, CERTIFICATE_DIGEST) == 0)
            return &trust->countries[i];
    return NULL;
}

// What is wrong with a certificate is told where it is named; of one that nobody names, where it stands.
struct place {
    const struct trust_country *named;
    const char *folder;
    size_t at;
    struct am_detail *detail;
};

__attribute__((format(printf, 2, 3))) static enum am_err wrong(const struct place *place, const char *format, ...)
{
    char text[200], file[PATH_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(file, sizeof file, "%s/%s", place->folder, place->named != NULL ? "trust.conf" : FILE_NAME);
    if (place->named == NULL)
        return am_fail(AM_CERTIFICATE, place->detail, file, "certificate %zu: %s", place->at, text);
    (void)am_fail(AM_CONFIG, place->detail, file, "oversight of country \"%s\": %s", place->named->code, text);
    if (place->detail != NULL)
        place->detail->line = place->named->oversight_line;
    return AM_CONFIG;
}

static enum am_err check_one(const struct trust *trust, const struct certificate *certificate,
                             const struct place *place)
{
    if (certificate->use != CERT_USE_OVERSIGHT)
        return wrong(place, "it is for \"%s\"; allowed is " FORM, cert_use_text(certificate->use));
    const struct identity *identity = &certificate->identity;
    if (place->named != NULL && strcmp(identity->country, place->named->code) != 0)
        return wrong(place, "it is of %s; allowed is amana://%s/oversight", identity->uri, place->named->code);
    const struct trust_country *country = trust_country(trust, identity->country);
    X509 *ca = country == NULL ? NULL : trust_ca(trust, country->units_ca);
    return ca != NULL && trust_signed_by(certificate->x509, ca)
               ? AM_OK
               : wrong(place, "it must be issued by the units-ca of country \"%s\"", identity->country);
}

static enum am_err take(struct trust *trust, X509 *x509, const char *folder, struct am_detail *detail)
{
    struct certificate *certificate = &trust->oversight[trust->oversight_count];
    struct am_detail why = {0};
    uint8_t digest[CERTIFICATE_DIGEST];
    if (!certs_digest(x509, digest))
        return AM_NOMEM;
    const struct place place = {named_by(trust, digest), folder, trust->oversight_count + 1, detail};
    enum am_err err = certificate_init(certificate, x509, &why);
    if (err == AM_NOMEM)
        return err;
    if (err != AM_OK)
        return wrong(&place, "%.60s; allowed is " FORM, why.text);
    trust->oversight_count++; // so that it is freed
    return check_one(trust, certificate, &place);
}

static enum am_err read_file(struct trust *trust, const char *folder, struct am_detail *detail)
{
    char path[PATH_MAX];
    STACK_OF(X509) *stack;
    if (snprintf(path, sizeof path, "%s/" FILE_NAME, folder) >= (int)sizeof path)
        return am_fail(AM_TOO_LARGE, detail, folder, "this path is too long");
    enum am_err err = certs_read_pem(path, detail, &stack);
    if (err == AM_NOT_FOUND) { // most countries have none
        if (detail != NULL)
            *detail = (struct am_detail){0};
        return AM_OK;
    }
    TRY(err);
    if (sk_X509_num(stack) > (int)TRUST_OVERSIGHT)
        err =
            am_fail(AM_TOO_LARGE, detail, path, "%d certificates, allowed are %u", sk_X509_num(stack), TRUST_OVERSIGHT);
    for (int i = 0; err == AM_OK && i < sk_X509_num(stack); i++)
        err = take(trust, sk_X509_value(stack, i), folder, detail);
    certs_free_pem(stack);
    return err;
}

enum am_err trust_oversight_read(struct trust *trust, const char *folder, struct am_detail *detail)
{
    TRY(read_file(trust, folder, detail));
    for (size_t i = 0; i < trust->countries_count; i++) {
        const struct trust_country *country = &trust->countries[i];
        if (country->has_oversight && trust_oversight_named(trust, country->code) == NULL)
            return wrong(&(struct place){country, folder, 0, detail},
                         "the file " FILE_NAME " beside this one must hold that certificate, in PEM");
    }
    return AM_OK;
}

const struct certificate *trust_oversight_named(const struct trust *trust, const char *code)
{
    const struct trust_country *country = trust_country(trust, code);
    for (size_t i = 0; country != NULL && country->has_oversight && i < trust->oversight_count; i++)
        if (memcmp(trust->oversight[i].digest, country->oversight, CERTIFICATE_DIGEST) == 0)
            return &trust->oversight[i];
    return NULL;
}

void trust_oversight_judge(struct trust *trust)
{
    for (size_t i = 0; i < trust->countries_count; i++) {
        struct trust_country *country = &trust->countries[i];
        const struct certificate *named = trust_oversight_named(trust, country->code);
        struct trust_revocation revocation;
        country->oversight_revoked = named != NULL && trust_revocation(trust, named->x509, &revocation);
    }
}

const struct certificate *trust_oversight(const struct trust *trust, const char *code)
{
    const struct trust_country *country = trust_country(trust, code);
    return country != NULL && !country->oversight_revoked ? trust_oversight_named(trust, code) : NULL;
}

size_t trust_oversights(const struct trust *trust, const struct certificate **ret_first)
{
    *ret_first = trust->oversight;
    return trust->oversight_count;
}

// --- A list that comes with a message
static bool takes_back(const struct trust *trust, X509_CRL *crl, const X509 *ca, const X509 *x509)
{
    const struct trust_crl *known = trust_crl_of(trust, ca);
    struct trust_crl row = {0};
    X509_REVOKED *revoked;
    return trust_crl_read(trust, crl, "crl", NULL, &row) == AM_OK && X509_cmp(row.issuer, ca) == 0 &&
           (known == NULL || row.number > known->number) &&
           X509_CRL_get0_by_serial(crl, &revoked, (ASN1_INTEGER *)X509_get0_serialNumber(x509)) == 1;
}

bool trust_oversight_recalled(const struct trust *trust, const char *unit, struct am_bytes crl)
{
    const struct certificate *named = trust_oversight_of(trust, unit);
    const uint8_t *at = crl.data;
    if (named == NULL || crl.len == 0 || crl.len > LIMIT_RECALL)
        return false;
    const struct trust_country *country = trust_country(trust, named->identity.country);
    const X509 *ca = trust_ca(trust, country->units_ca);
    X509_CRL *list = d2i_X509_CRL(NULL, &at, (long)crl.len);
    bool recalled = list != NULL && at == crl.data + crl.len && ca != NULL && takes_back(trust, list, ca, named->x509);
    X509_CRL_free(list);
    ERR_clear_error();
    return recalled;
}

enum am_err trust_oversight_recall(const struct trust *trust, const char *unit, struct am_bytes *ret_crl)
{
    char code[ADDRESS_COUNTRY_MAX + 1];
    uint8_t *der = NULL;
    address_country(unit, code);
    const struct trust_country *country = trust_country(trust, code);
    const X509 *ca = country != NULL && country->oversight_revoked ? trust_ca(trust, country->units_ca) : NULL;
    const struct trust_crl *crl = ca != NULL ? trust_crl_of(trust, ca) : NULL;
    if (crl == NULL)
        return AM_NOT_FOUND;
    int len = i2d_X509_CRL(crl->crl, &der);
    if (len <= 0 || (size_t)len > LIMIT_RECALL) {
        OPENSSL_free(der);
        return len <= 0 ? AM_NOMEM : AM_TOO_LARGE;
    }
    *ret_crl = (struct am_bytes){der, (size_t)len}; // OpenSSL's memory is malloc's
    return AM_OK;
}

const struct certificate *trust_oversight_of(const struct trust *trust, const char *unit)
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, country);
    return trust_oversight(trust, country);
}
