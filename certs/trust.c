// SPDX-License-Identifier: Apache-2.0
// Loads the trust folder whole or not at all, and answers who is in it.
#include "certs/keyfile.h"
#include "certs/trust_internal.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static atomic_uint_fast64_t epochs;

struct trust *trust_ref(struct trust *trust)
{
    atomic_fetch_add(&trust->references, 1);
    return trust;
}

void trust_unref(struct trust *trust)
{
    if (trust == NULL || atomic_fetch_sub(&trust->references, 1) > 1)
        return;
    for (size_t i = 0; i < trust->roots_count; i++)
        X509_free(trust->roots[i].x509);
    for (size_t i = 0; i < trust->cas_count; i++)
        X509_free(trust->cas[i].x509);
    for (size_t i = 0; i < trust->crls_count; i++)
        X509_CRL_free(trust->crls[i].crl);
    for (size_t i = 0; i < trust->oversight_count; i++)
        certificate_clear(&trust->oversight[i]);
    X509_STORE_free(trust->store);
    free(trust->countries);
    free(trust->hubs);
    free((void *)trust->file.data);
    free(trust);
}

static enum am_err join(const char *folder, const char *name, struct am_detail *detail, char path[PATH_MAX])
{
    if (snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
        return am_fail(AM_TOO_LARGE, detail, folder, "this path is too long");
    return AM_OK;
}

static enum am_err read_conf(struct trust *trust, const char *folder, struct am_detail *detail)
{
    char path[PATH_MAX];
    TRY(join(folder, "trust.conf", detail, path));
    TRY(certs_read_file(path, LIMIT_CONFIG, detail, &trust->file));
    if (!certs_sha256(trust->file.data, trust->file.len, trust->digest))
        return AM_NOMEM;
    return trust_conf_read(trust, path, detail);
}

// Moves the certificates of a PEM file into rows.
static enum am_err read_cas(const char *folder, const char *name, size_t limit, struct trust_ca_row *rows,
                            size_t *count, struct am_detail *detail)
{
    char path[PATH_MAX];
    STACK_OF(X509) *stack;
    TRY(join(folder, name, detail, path));
    TRY(certs_read_pem(path, detail, &stack));
    enum am_err err = AM_OK;
    if ((size_t)sk_X509_num(stack) > limit)
        err = am_fail(AM_TOO_LARGE, detail, path, "%d certificates, allowed are %zu", sk_X509_num(stack), limit);
    while (err == AM_OK && sk_X509_num(stack) > 0) {
        struct trust_ca_row *row = &rows[(*count)++];
        row->x509 = sk_X509_shift(stack);
        if (!certs_digest(row->x509, row->digest))
            err = AM_NOMEM;
        else if (X509_check_ca(row->x509) != 1)
            err = am_fail(AM_CERTIFICATE, detail, path, "certificate %zu is not a CA's (basicConstraints)", *count);
    }
    certs_free_pem(stack);
    return err;
}

bool trust_signed_by(X509 *x509, X509 *issuer)
{
    bool good = X509_check_issued(issuer, x509) == X509_V_OK && X509_verify(x509, X509_get0_pubkey(issuer)) == 1;
    ERR_clear_error();
    return good;
}

static enum am_err check_anchors(const struct trust *trust, const char *folder, struct am_detail *detail)
{
    for (size_t i = 0; i < trust->roots_count; i++) {
        if (!trust_signed_by(trust->roots[i].x509, trust->roots[i].x509))
            return am_fail(AM_CERTIFICATE, detail, folder, "certificate %zu of roots.pem didn't sign itself", i + 1);
    }
    for (size_t i = 0; i < trust->cas_count; i++) {
        bool good = false;
        for (size_t root = 0; root < trust->roots_count; root++)
            good |= trust_signed_by(trust->cas[i].x509, trust->roots[root].x509);
        if (!good || X509_get_pathlen(trust->cas[i].x509) != 0)
            return am_fail(AM_CERTIFICATE, detail, folder,
                           "certificate %zu of cas.pem must be signed by a root of roots.pem and have pathlen:0",
                           i + 1);
    }
    return AM_OK;
}

X509 *trust_ca(const struct trust *trust, const uint8_t digest[CERTIFICATE_DIGEST])
{
    for (size_t i = 0; i < trust->roots_count; i++) {
        if (memcmp(trust->roots[i].digest, digest, CERTIFICATE_DIGEST) == 0)
            return trust->roots[i].x509;
    }
    for (size_t i = 0; i < trust->cas_count; i++) {
        if (memcmp(trust->cas[i].digest, digest, CERTIFICATE_DIGEST) == 0)
            return trust->cas[i].x509;
    }
    return NULL;
}

// Each country's two CAs are there, and no CA serves twice: it tells whose an identity may be.
static enum am_err check_countries(const struct trust *trust, const char *folder, struct am_detail *detail)
{
    const uint8_t *seen[2 * TRUST_COUNTRIES];
    size_t count = 0;
    for (size_t i = 0; i < trust->countries_count; i++) {
        const struct trust_country *country = &trust->countries[i];
        const uint8_t *digests[] = {country->units_ca, country->hubs_ca};
        for (unsigned j = 0; j < AM_LEN(digests); j++) {
            const char *which = j == 0 ? "units-ca" : "hubs-ca";
            if (trust_ca(trust, digests[j]) == NULL)
                return am_fail(AM_CONFIG, detail, folder, "cas.pem doesn't hold the %s of country \"%s\"", which,
                               country->code);
            for (size_t k = 0; k < count; k++) {
                if (memcmp(seen[k], digests[j], CERTIFICATE_DIGEST) == 0)
                    return am_fail(AM_CONFIG, detail, folder, "the %s of country \"%s\" stands in trust.conf twice",
                                   which, country->code);
            }
            seen[count++] = digests[j];
        }
    }
    return AM_OK;
}

static enum am_err fill_store(struct trust *trust)
{
    trust->store = X509_STORE_new();
    bool good = trust->store != NULL;
    for (size_t i = 0; good && i < trust->roots_count; i++)
        good = X509_STORE_add_cert(trust->store, trust->roots[i].x509) == 1;
    for (size_t i = 0; good && i < trust->cas_count; i++)
        good = X509_STORE_add_cert(trust->store, trust->cas[i].x509) == 1;
    for (size_t i = 0; good && i < trust->crls_count; i++)
        good = X509_STORE_add_crl(trust->store, trust->crls[i].crl) == 1;
    good = good && X509_STORE_set_flags(trust->store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
                                                          X509_V_FLAG_X509_STRICT) == 1;
    ERR_clear_error();
    return good ? AM_OK : AM_NOMEM;
}

// SHA-256 over the digests of all parts; the CRLs in an order that doesn't hang on file names.
static bool compute_state(struct trust *trust)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t digest[32];
    bool good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, trust->digest, sizeof trust->digest) == 1;
    for (size_t i = 0; good && i < trust->roots_count + trust->cas_count; i++) {
        const struct trust_ca_row *row =
            i < trust->roots_count ? &trust->roots[i] : &trust->cas[i - trust->roots_count];
        const struct trust_crl *crl = trust_crl_of(trust, row->x509);
        good = EVP_DigestUpdate(context, row->digest, sizeof row->digest) == 1;
        if (good && crl != NULL)
            good = X509_CRL_digest(crl->crl, EVP_sha256(), digest, NULL) == 1 &&
                   EVP_DigestUpdate(context, digest, sizeof digest) == 1;
    }
    for (size_t i = 0; good && i < trust->oversight_count; i++)
        good = EVP_DigestUpdate(context, trust->oversight[i].digest, CERTIFICATE_DIGEST) == 1;
    good = good && EVP_DigestFinal_ex(context, trust->state, NULL) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static enum am_err load(struct trust *trust, const char *folder, const struct trust *previous, struct am_detail *detail)
{
    TRY(read_conf(trust, folder, detail));
    TRY(read_cas(folder, "roots.pem", TRUST_ROOTS, trust->roots, &trust->roots_count, detail));
    TRY(read_cas(folder, "cas.pem", TRUST_CAS, trust->cas, &trust->cas_count, detail));
    TRY(check_anchors(trust, folder, detail));
    TRY(check_countries(trust, folder, detail));
    TRY(trust_oversight_read(trust, folder, detail));
    TRY(trust_crls_read(trust, folder, previous, detail));
    trust_oversight_judge(trust);
    for (size_t i = 0; i < trust->roots_count; i++)
        memcpy(trust->root_digests[i], trust->roots[i].digest, CERTIFICATE_DIGEST);
    TRY(fill_store(trust));
    return compute_state(trust) ? AM_OK : AM_NOMEM;
}

enum am_err trust_load(const char *folder, const struct trust *previous, struct am_detail *detail,
                       struct trust **ret_trust)
{
    struct trust *trust = calloc(1, sizeof *trust);
    if (trust == NULL)
        return AM_NOMEM;
    atomic_init(&trust->references, 1);
    trust->epoch = atomic_fetch_add(&epochs, 1) + 1;
    enum am_err err = load(trust, folder, previous, detail);
    if (err == AM_OK)
        *ret_trust = trust;
    else
        trust_unref(trust);
    return err;
}

const struct trust_country *trust_country(const struct trust *trust, const char *code)
{
    for (size_t i = 0; i < trust->countries_count; i++) {
        if (strcmp(trust->countries[i].code, code) == 0)
            return &trust->countries[i];
    }
    return NULL;
}

const struct trust_hub *trust_hub(const struct trust *trust, const char *name)
{
    for (size_t i = 0; i < trust->hubs_count; i++) {
        if (strcmp(trust->hubs[i].name, name) == 0)
            return &trust->hubs[i];
    }
    return NULL;
}

size_t trust_countries(const struct trust *trust, const struct trust_country **ret_first)
{
    *ret_first = trust->countries;
    return trust->countries_count;
}

size_t trust_hubs(const struct trust *trust, const struct trust_hub **ret_first)
{
    *ret_first = trust->hubs;
    return trust->hubs_count;
}

const char *trust_protection_unit(const struct trust *trust, const char *code)
{
    const struct trust_country *country = trust_country(trust, code);
    return country == NULL || country->protection_unit[0] == '\0' ? NULL : country->protection_unit;
}

const char *trust_protection_of(const struct trust *trust, const char *unit)
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, country);
    return trust_protection_unit(trust, country);
}

bool trust_is_protection(const struct trust *trust, const char *unit)
{
    for (size_t i = 0; i < trust->countries_count; i++)
        if (strcmp(trust->countries[i].protection_unit, unit) == 0)
            return true;
    return false;
}

bool trust_is_registrar(const struct trust *trust, const char *code, const uint8_t digest[CERTIFICATE_DIGEST])
{
    const struct trust_country *country = trust_country(trust, code);
    for (size_t i = 0; country != NULL && i < country->registrars_count; i++) {
        if (memcmp(country->registrars[i], digest, CERTIFICATE_DIGEST) == 0)
            return true;
    }
    return false;
}

const uint8_t *trust_digest(const struct trust *trust)
{
    return trust->digest;
}

struct am_bytes trust_bytes(const struct trust *trust)
{
    return trust->file;
}

const uint8_t *trust_state(const struct trust *trust)
{
    return trust->state;
}

size_t trust_roots(const struct trust *trust, const uint8_t (**ret_digests)[CERTIFICATE_DIGEST])
{
    *ret_digests = (const uint8_t(*)[CERTIFICATE_DIGEST])trust->root_digests;
    return trust->roots_count;
}

uint64_t trust_epoch(const struct trust *trust)
{
    return trust->epoch;
}

size_t trust_lists(const struct trust *trust, struct trust_list ret_lists[TRUST_LISTS])
{
    for (size_t i = 0; i < trust->crls_count; i++) {
        struct trust_list *list = &ret_lists[i];
        *list = (struct trust_list){.until = trust->crls[i].next_update};
        X509_NAME_get_text_by_NID(X509_get_subject_name(trust->crls[i].issuer), NID_organizationName, list->issuer,
                                  sizeof list->issuer);
    }
    return trust->crls_count;
}

uint64_t trust_crls_expire(const struct trust *trust)
{
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < trust->crls_count; i++)
        first = trust->crls[i].next_update < first ? trust->crls[i].next_update : first;
    return first;
}

void trust_crls_tolerate(struct trust *trust, uint64_t ns)
{
    trust->crl_tolerance_ns = ns;
}

static uint64_t stale_by(const struct trust *trust, const X509 *issuer, uint64_t now_ns)
{
    const struct trust_crl *crl = trust_crl_of(trust, issuer);
    return crl != NULL && now_ns > crl->next_update ? now_ns - crl->next_update : 0;
}

uint64_t trust_crls_stale(const struct trust *trust, const X509 *x509, uint64_t now_ns)
{
    uint64_t worst = 0;
    if (now_ns <= trust_crls_expire(trust))
        return 0;
    for (size_t i = 0; i < trust->cas_count; i++) {
        if (X509_NAME_cmp(X509_get_subject_name(trust->cas[i].x509), X509_get_issuer_name(x509)) != 0)
            continue;
        uint64_t by = stale_by(trust, trust->cas[i].x509, now_ns);
        worst = by > worst ? by : worst;
    }
    for (size_t i = 0; i < trust->roots_count; i++) { // of whichever root, its word on the CAs is old
        uint64_t by = stale_by(trust, trust->roots[i].x509, now_ns);
        worst = by > worst ? by : worst;
    }
    return worst;
}

X509_STORE *trust_store(const struct trust *trust)
{
    return trust->store;
}
