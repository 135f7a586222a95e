// SPDX-License-Identifier: Apache-2.0
// Seals and opens with OpenSSL's CMS: AuthEnvelopedData, one key agreement per recipient (recipes.md, CMS seal).
#include "certs/cms.h"
#include "certs/der.h"

#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

// Only the KDF's digest: setting its type as well makes CMS_final fail, leaving it out gives SHA-1 (tried).
static bool add_recipient(CMS_ContentInfo *cms, X509 *certificate)
{
    CMS_RecipientInfo *info = CMS_add1_recipient_cert(cms, certificate, CMS_KEY_PARAM);
    EVP_PKEY_CTX *context = info == NULL ? NULL : CMS_RecipientInfo_get0_pkey_ctx(info);
    return context != NULL && EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0;
}

static bool fill(CMS_ContentInfo *cms, struct am_bytes plaintext, X509 *const *recipients, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!add_recipient(cms, recipients[i]))
            return false;
    }
    BIO *in = BIO_new_mem_buf(plaintext.data, (int)plaintext.len);
    bool filled = in != NULL && CMS_final(cms, in, NULL, CMS_BINARY) == 1;
    BIO_free(in);
    return filled;
}

// Encodes and looks once at what was made: nothing outside the profile leaves here.
static enum am_err encode(CMS_ContentInfo *cms, struct am_detail *detail, struct am_bytes *ret_der)
{
    int len = i2d_CMS_ContentInfo(cms, NULL);
    uint8_t *der = len <= 0 ? NULL : malloc((size_t)len), *at = der;
    struct cms_seal *seal = malloc(sizeof *seal);
    enum am_err err = der == NULL || seal == NULL || i2d_CMS_ContentInfo(cms, &at) != len ? AM_NOMEM : AM_OK;
    if (err == AM_OK)
        err = cms_profile_seal((struct am_bytes){der, (size_t)len}, detail, seal);
    free(seal);
    if (err == AM_OK)
        *ret_der = (struct am_bytes){der, (size_t)len};
    else
        free(der);
    return err == AM_SEAL ? AM_CRYPTO : err;
}

enum am_err cms_seal(struct am_bytes plaintext, X509 *const *recipients, size_t count, struct am_detail *detail,
                     struct am_bytes *ret_der)
{
    if (plaintext.len == 0 || plaintext.len > LIMIT_BODY_PLAIN)
        return am_fail(AM_TOO_LARGE, detail, "body", "it has %zu bytes, allowed are 1 to %u", plaintext.len,
                       LIMIT_BODY_PLAIN);
    if (count == 0 || count > LIMIT_SEALED_KEYS)
        return am_fail(AM_TOO_LARGE, detail, "recipients", "%zu devices, allowed are 1 to %u", count,
                       LIMIT_SEALED_KEYS);
    CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), CMS_PARTIAL | CMS_BINARY);
    if (cms == NULL)
        return AM_NOMEM;
    enum am_err err = fill(cms, plaintext, recipients, count)
                          ? encode(cms, detail, ret_der)
                          : am_fail(AM_CRYPTO, detail, "body", "OpenSSL could not seal it");
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return err;
}

static enum am_err check_recipient(struct am_bytes der, X509 *certificate, struct am_detail *detail)
{
    struct certificate own = {0};
    struct cms_seal *seal = malloc(sizeof *seal);
    if (seal == NULL)
        return AM_NOMEM;
    enum am_err err = certificate_init(&own, certificate, detail);
    if (err == AM_OK)
        err = cms_profile_seal(der, detail, seal);
    bool found = false;
    for (size_t i = 0; err == AM_OK && i < seal->count; i++)
        found |= der_equal(seal->recipients[i].issuer, own.issuer) &&
                 der_equal(seal->recipients[i].serial, (struct am_bytes){own.serial, own.serial_len});
    certificate_clear(&own);
    free(seal);
    if (err == AM_OK && !found)
        return am_fail(AM_NOT_FOUND, detail, "sealed_body", "it is not sealed to this device's certificate");
    return err;
}

// The plaintext may stand in out even where the tag turns out wrong: only its owner decides to read it.
static bool decrypt(struct am_bytes der, X509 *certificate, EVP_PKEY *key, BIO *out)
{
    const uint8_t *at = der.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
    bool good =
        cms != NULL && at == der.data + der.len && CMS_decrypt(cms, key, certificate, NULL, out, CMS_BINARY) == 1;
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return good;
}

enum am_err cms_open(struct am_bytes der, X509 *certificate, EVP_PKEY *key, struct am_detail *detail,
                     struct am_bytes *ret_plain)
{
    TRY(check_recipient(der, certificate, detail));
    BIO *out = BIO_new(BIO_s_secmem()); // cleanses what it frees and outgrows
    if (out == NULL)
        return AM_NOMEM;
    enum am_err err = AM_OK;
    if (!decrypt(der, certificate, key, out))
        err = am_fail(AM_SEAL, detail, "sealed_body", "it doesn't open with this device's key, or was altered");
    char *data = NULL;
    long len = BIO_get_mem_data(out, &data);
    uint8_t *plain = err != AM_OK || len <= 0 ? NULL : malloc((size_t)len);
    if (plain != NULL) {
        memcpy(plain, data, (size_t)len);
        *ret_plain = (struct am_bytes){plain, (size_t)len};
    } else if (err == AM_OK) {
        err = AM_NOMEM;
    }
    BIO_free(out);
    return err;
}

void cms_plain_free(struct am_bytes *plain)
{
    if (plain->data != NULL) {
        OPENSSL_cleanse((void *)plain->data, plain->len);
        free((void *)plain->data);
    }
    *plain = (struct am_bytes){0};
}
