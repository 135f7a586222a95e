// SPDX-License-Identifier: Apache-2.0
// Seals with OpenSSL's CMS: AuthEnvelopedData, one key agreement per recipient (recipes.md, CMS seal).
#include "certs/cms.h"

#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <stdlib.h>

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
