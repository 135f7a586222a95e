// SPDX-License-Identifier: Apache-2.0
// Revocation lists that travel from a hub to a desk: which of them one has, what is newer, and how it is kept.
#include "certs/keyfile.h"
#include "certs/trust_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const struct trust_ca_row *ca_at(const struct trust *trust, size_t i)
{
    return i < trust->roots_count ? &trust->roots[i] : &trust->cas[i - trust->roots_count];
}

size_t trust_list_numbers(const struct trust *trust, struct trust_list_number ret_numbers[TRUST_LISTS])
{
    size_t n = trust->roots_count + trust->cas_count;
    for (size_t i = 0; i < n; i++) {
        const struct trust_ca_row *ca = ca_at(trust, i);
        const struct trust_crl *crl = trust_crl_of(trust, ca->x509);
        memcpy(ret_numbers[i].issuer, ca->digest, CERTIFICATE_DIGEST);
        ret_numbers[i].number = crl != NULL ? crl->number : 0;
    }
    return n;
}

enum am_err trust_list_newer(const struct trust *trust, const struct trust_list_number *than, struct am_bytes *ret_der)
{
    const X509 *ca = trust_ca(trust, than->issuer);
    const struct trust_crl *crl = ca != NULL ? trust_crl_of(trust, ca) : NULL;
    uint8_t *der = NULL;
    if (crl == NULL || crl->number <= than->number)
        return AM_NOT_FOUND;
    int len = i2d_X509_CRL(crl->crl, &der);
    if (len <= 0)
        return AM_NOMEM;
    *ret_der = (struct am_bytes){der, (size_t)len}; // OpenSSL's memory is malloc's
    return AM_OK;
}

// --- What came
static enum am_err judge(const struct trust *trust, X509_CRL *crl, uint64_t now_ns, struct am_detail *detail,
                         struct trust_list_came *came)
{
    struct trust_crl row = {0};
    TRY(trust_crl_read(trust, crl, "revocation list", detail, &row));
    const struct trust_crl *known = trust_crl_of(trust, row.issuer);
    if (!certs_digest(row.issuer, came->of.issuer))
        return AM_NOMEM;
    came->of.number = row.number;
    came->begun = row.this_update <= now_ns;
    X509_NAME_get_text_by_NID(X509_get_subject_name(row.issuer), NID_organizationName, came->name, sizeof came->name);
    if (known != NULL && row.number <= known->number)
        return am_fail(AM_ROLLBACK, detail, "revocation list",
                       "that of \"%s\" has number %llu, and number %llu is here", came->name,
                       (unsigned long long)row.number, (unsigned long long)known->number);
    return AM_OK;
}

static enum am_err to_pem(X509_CRL *crl, struct am_detail *detail, struct am_bytes *ret_pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    long len = bio != NULL && PEM_write_bio_X509_CRL(bio, crl) == 1 ? BIO_get_mem_data(bio, &pem) : 0;
    uint8_t *copy = len > 0 && len <= (long)LIMIT_CONFIG ? malloc((size_t)len) : NULL;
    enum am_err err = copy != NULL ? AM_OK : AM_NOMEM;
    if (copy != NULL) {
        memcpy(copy, pem, (size_t)len);
        *ret_pem = (struct am_bytes){copy, (size_t)len};
    } else if (len > (long)LIMIT_CONFIG) { // no program would read it again
        err = am_fail(AM_TOO_LARGE, detail, "revocation list", "as PEM it has %ld bytes, allowed are %u", len,
                      LIMIT_CONFIG);
    }
    BIO_free(bio);
    return err;
}

enum am_err trust_list_read(const struct trust *trust, struct am_bytes der, uint64_t now_ns, struct am_detail *detail,
                            struct trust_list_came *ret_came)
{
    struct trust_list_came came = {0};
    const uint8_t *at = der.data;
    X509_CRL *crl = der.len > 0 && der.len <= LIMIT_CONFIG ? d2i_X509_CRL(NULL, &at, (long)der.len) : NULL;
    enum am_err err =
        crl == NULL || at != der.data + der.len
            ? am_fail(AM_INVALID, detail, "revocation list", "what came is none, or not one and nothing more")
            : judge(trust, crl, now_ns, detail, &came);
    if (err == AM_OK)
        err = to_pem(crl, detail, &came.pem);
    X509_CRL_free(crl);
    ERR_clear_error();
    if (err == AM_OK)
        *ret_came = came;
    return err;
}

void trust_list_clear(struct trust_list_came *came)
{
    free((void *)came->pem.data);
    came->pem = (struct am_bytes){0};
}

// --- Keeping
// Each issuer has one file that is written from here, whole or not at all, beside those that people put there.
static enum am_err write_newer(const char *crls, const struct trust *trust, const struct trust_list_came *came,
                               struct am_detail *detail)
{
    char path[PATH_MAX], hex[2 * CERTIFICATE_DIGEST + 1];
    const X509 *ca = trust_ca(trust, came->of.issuer);
    const struct trust_crl *known = ca != NULL ? trust_crl_of(trust, ca) : NULL;
    if (ca == NULL || (known != NULL && known->number >= came->of.number))
        return AM_OK; // another command has kept it, or a newer one
    certs_digest_hex(came->of.issuer, hex);
    if (snprintf(path, sizeof path, "%s/%s.crl", crls, hex) >= (int)sizeof path)
        return am_fail(AM_TOO_LARGE, detail, crls, "this path is too long");
    return certs_write_file(path, came->pem, 0644, detail);
}

static enum am_err keep_locked(const char *folder, const char *crls, const struct trust *trust,
                               const struct trust_list_came *came, size_t n, struct am_detail *detail,
                               struct trust **ret_trust)
{
    struct trust *now;
    TRY(trust_load(folder, trust, detail, &now));
    enum am_err err = AM_OK;
    for (size_t i = 0; i < n && err == AM_OK; i++)
        err = write_newer(crls, now, &came[i], detail);
    if (err == AM_OK)
        err = trust_load(folder, now, detail, ret_trust);
    trust_unref(now);
    return err;
}

enum am_err trust_lists_keep(const char *folder, const struct trust *trust, const struct trust_list_came *came,
                             size_t n, struct am_detail *detail, struct trust **ret_trust)
{
    char crls[PATH_MAX];
    if (snprintf(crls, sizeof crls, "%s/crls", folder) >= (int)sizeof crls)
        return am_fail(AM_TOO_LARGE, detail, folder, "this path is too long");
    // Of two commands that keep one at the same time the second sees what the first has kept.
    int lock = open(crls, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) {
        int saved = errno;
        if (lock >= 0)
            close(lock);
        return am_fail(AM_IO, detail, crls, "can't be opened: %s", strerror(saved));
    }
    enum am_err err = keep_locked(folder, crls, trust, came, n, detail, ret_trust);
    close(lock);
    return err;
}
