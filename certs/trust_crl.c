// SPDX-License-Identifier: Apache-2.0
// CRLs: each must be signed by one of our CAs; the highest CRLNumber of each is in force, and never a lower one again.
#include "certs/der.h"
#include "certs/keyfile.h"
#include "certs/trust_internal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 512u

uint64_t certs_time_ns(const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    bool good =
        time != NULL && epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 && days >= 0 && seconds >= 0;
    ASN1_TIME_free(epoch);
    if (!good)
        return 0;
    days = days > 193500 ? 193500 : days; // the year 2500 fits in 64 bits of ns, the year 9999 doesn't
    return (uint64_t)days * NS_PER_DAY + (uint64_t)seconds * NS_PER_S;
}

const struct trust_crl *trust_crl_of(const struct trust *trust, const X509 *ca)
{
    for (size_t i = 0; i < trust->crls_count; i++) {
        if (X509_cmp(trust->crls[i].issuer, ca) == 0)
            return &trust->crls[i];
    }
    return NULL;
}

// The root or CA of that name whose key verifies the CRL.
static const X509 *find_issuer(const struct trust *trust, X509_CRL *crl)
{
    for (size_t i = 0; i < trust->roots_count + trust->cas_count; i++) {
        X509 *ca = i < trust->roots_count ? trust->roots[i].x509 : trust->cas[i - trust->roots_count].x509;
        if (X509_NAME_cmp(X509_get_subject_name(ca), X509_CRL_get_issuer(crl)) == 0 &&
            X509_CRL_verify(crl, X509_get0_pubkey(ca)) == 1)
            return ca;
    }
    ERR_clear_error();
    return NULL;
}

// A part of a list (RFC 5280 §5.2.4 and §5.2.5) has a higher number and not all that is revoked.
static bool is_whole(const X509_CRL *crl)
{
    for (int i = 0; i < X509_CRL_get_ext_count(crl); i++)
        if (X509_EXTENSION_get_critical(X509_CRL_get_ext(crl, i)))
            return false;
    return true;
}

enum am_err trust_crl_read(const struct trust *trust, X509_CRL *crl, const char *path, struct am_detail *detail,
                           struct trust_crl *row)
{
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    bool numbered = number != NULL && ASN1_INTEGER_get_uint64(&row->number, number) == 1;
    ASN1_INTEGER_free(number);
    if (!numbered)
        return am_fail(AM_INVALID, detail, path, "this CRL has no CRLNumber of at most 64 bits");
    row->crl = crl;
    row->issuer = find_issuer(trust, crl);
    row->this_update = certs_time_ns(X509_CRL_get0_lastUpdate(crl));
    row->next_update = certs_time_ns(X509_CRL_get0_nextUpdate(crl));
    if (row->issuer == NULL)
        return am_fail(AM_INVALID, detail, path, "this CRL is signed by none of the CAs in roots.pem and cas.pem");
    if (row->next_update <= row->this_update)
        return am_fail(AM_INVALID, detail, path, "this CRL has no nextUpdate after its thisUpdate");
    if (!is_whole(crl))
        return am_fail(AM_INVALID, detail, path,
                       "this CRL is part of a list, or has a critical extension that is not known here: take the whole "
                       "list");
    return AM_OK;
}

// Takes crl over on success.
static enum am_err keep_highest(struct trust *trust, X509_CRL *crl, const char *path, struct am_detail *detail)
{
    struct trust_crl row = {0};
    TRY(trust_crl_read(trust, crl, path, detail, &row));
    struct trust_crl *known = (struct trust_crl *)trust_crl_of(trust, row.issuer);
    if (known == NULL) {
        trust->crls[trust->crls_count++] = row; // there is room for one of each root and CA
    } else if (row.number > known->number) {
        X509_CRL_free(known->crl);
        *known = row;
    } else {
        X509_CRL_free(crl);
    }
    return AM_OK;
}

static enum am_err read_blocks(struct trust *trust, BIO *bio, const char *path, struct am_detail *detail)
{
    for (unsigned count = 0;; count++) {
        X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
        bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        ERR_clear_error();
        if (crl == NULL && end && count > 0)
            return AM_OK;
        if (crl == NULL)
            return am_fail(AM_INVALID, detail, path, "this file must hold CRLs in PEM (BEGIN X509 CRL), whole");
        enum am_err err = keep_highest(trust, crl, path, detail);
        if (err != AM_OK) {
            X509_CRL_free(crl);
            return err;
        }
    }
}

static enum am_err read_crl_file(struct trust *trust, const char *path, struct am_detail *detail)
{
    struct am_bytes file;
    TRY(certs_read_file(path, LIMIT_CONFIG, detail, &file));
    ERR_clear_error();
    BIO *bio = BIO_new_mem_buf(file.data, (int)file.len);
    enum am_err err = bio == NULL ? AM_NOMEM : read_blocks(trust, bio, path, detail);
    BIO_free(bio);
    free((void *)file.data);
    return err;
}

static bool is_crl_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot != NULL && (strcmp(dot, ".crl") == 0 || strcmp(dot, ".pem") == 0);
}

static enum am_err read_folder(struct trust *trust, DIR *dir, const char *folder, struct am_detail *detail)
{
    char path[PATH_MAX];
    unsigned files = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (!is_crl_name(entry->d_name))
            continue;
        if (++files > FILES_MAX || snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path)
            return am_fail(AM_TOO_LARGE, detail, folder, "more than %u CRL files", FILES_MAX);
        TRY(read_crl_file(trust, path, detail));
    }
    return AM_OK;
}

enum am_err trust_crl_compare(const struct trust *trust, const X509 *issuer, uint64_t before, const char *where,
                              struct am_detail *detail)
{
    const struct trust_crl *now = trust_crl_of(trust, issuer);
    if (now != NULL && now->number >= before)
        return AM_OK;
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(issuer), NID_organizationName, name, sizeof name);
    return am_fail(AM_ROLLBACK, detail, where,
                   "the CRL of \"%s\" was number %llu before and is %s%llu now: an older one is never taken again; put "
                   "the newest into trust/crls",
                   name, (unsigned long long)before, now == NULL ? "missing, " : "",
                   now == NULL ? 0ull : (unsigned long long)now->number);
}

// No issuer may go back: an old list would let a revoked certificate in again.
static enum am_err compare_previous(const struct trust *trust, const struct trust *previous, const char *folder,
                                    struct am_detail *detail)
{
    for (size_t i = 0; previous != NULL && i < previous->crls_count; i++) {
        const struct trust_crl *before = &previous->crls[i];
        uint8_t digest[CERTIFICATE_DIGEST];
        if (!certs_digest(before->issuer, digest))
            return AM_NOMEM;
        if (trust_ca(trust, digest) != NULL) // else the CA itself has gone
            TRY(trust_crl_compare(trust, before->issuer, before->number, folder, detail));
    }
    return AM_OK;
}

static bool revocation_of(const struct trust *trust, const X509_NAME *issuer, const ASN1_INTEGER *serial,
                          struct trust_revocation *ret_revocation)
{
    X509_REVOKED *row = NULL;
    bool found = false;
    for (size_t i = 0; i < trust->crls_count && !found; i++) {
        X509_CRL *crl = trust->crls[i].crl;
        found = X509_NAME_cmp(X509_CRL_get_issuer(crl), issuer) == 0 &&
                X509_CRL_get0_by_serial(crl, &row, (ASN1_INTEGER *)serial) == 1;
    }
    if (!found)
        return false;
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(row, NID_crl_reason, NULL, NULL);
    ASN1_GENERALIZEDTIME *invalid = X509_REVOKED_get_ext_d2i(row, NID_invalidity_date, NULL, NULL);
    *ret_revocation = (struct trust_revocation){.time_ns = certs_time_ns(X509_REVOKED_get0_revocationDate(row)),
                                                .invalid_ns = invalid != NULL ? certs_time_ns(invalid) : 0,
                                                .reason = reason != NULL ? (int)ASN1_ENUMERATED_get(reason) : 0};
    ASN1_ENUMERATED_free(reason);
    ASN1_GENERALIZEDTIME_free(invalid);
    return true;
}

bool trust_revocation(const struct trust *trust, const X509 *x509, struct trust_revocation *ret_revocation)
{
    return revocation_of(trust, X509_get_issuer_name(x509), X509_get0_serialNumber(x509), ret_revocation);
}

// RFC 5280 §4.1: version, serialNumber, signature, issuer.
static bool read_name(struct am_bytes certificate, struct am_bytes *ret_issuer, struct am_bytes *ret_serial)
{
    struct der all = der_of(certificate), outer, fields;
    struct am_bytes skipped;
    return der_enter(&all, DER_SEQUENCE, &outer) && der_at_end(&all) && der_enter(&outer, DER_SEQUENCE, &fields) &&
           der_get(&fields, DER_CONTEXT(0), &skipped) && der_get_serial(&fields, CERTIFICATE_SERIAL_MAX, ret_serial) &&
           der_get(&fields, DER_SEQUENCE, &skipped) && der_get_whole(&fields, DER_SEQUENCE, &skipped, ret_issuer);
}

enum am_err trust_revocation_der(const struct trust *trust, struct am_bytes certificate, bool *ret_revoked,
                                 struct trust_revocation *ret_revocation)
{
    struct am_bytes issuer, serial;
    if (!read_name(certificate, &issuer, &serial))
        return AM_INVALID;
    const uint8_t *at = issuer.data, *number_at = serial.data;
    X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)issuer.len);
    ASN1_INTEGER *number = d2i_ASN1_INTEGER(NULL, &number_at, (long)serial.len);
    enum am_err err = name != NULL && number != NULL ? AM_OK : AM_INVALID;
    if (err == AM_OK)
        *ret_revoked = revocation_of(trust, name, number, ret_revocation);
    X509_NAME_free(name);
    ASN1_INTEGER_free(number);
    ERR_clear_error();
    return err;
}

bool trust_revocation_spoils(const struct trust_revocation *revocation, uint64_t signed_ns)
{
    if (revocation->reason == CRL_REASON_KEY_COMPROMISE && revocation->invalid_ns != 0 &&
        revocation->invalid_ns <= signed_ns)
        return true;
    return revocation->time_ns <= signed_ns;
}

enum am_err trust_crls_read(struct trust *trust, const char *folder, const struct trust *previous,
                            struct am_detail *detail)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/crls", folder) >= (int)sizeof path)
        return am_fail(AM_TOO_LARGE, detail, folder, "this path is too long");
    DIR *dir = opendir(path);
    if (dir == NULL)
        return am_fail(AM_IO, detail, path, "can't be opened: %s", strerror(errno));
    enum am_err err = read_folder(trust, dir, path, detail);
    closedir(dir);
    if (err == AM_OK)
        err = compare_previous(trust, previous, path, detail);
    return err;
}
