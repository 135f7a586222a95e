// SPDX-License-Identifier: Apache-2.0
// Signs by the profile with OpenSSL's CMS: exactly contentType, messageDigest and signingCertificateV2.
#include "certs/cms.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define FLAGS          (CMS_PARTIAL | CMS_BINARY)
#define SIGNER_FLAGS   (FLAGS | CMS_NOSMIMECAP | CMS_CADES)
#define ATTRIBUTES     3
#define ATTRIBUTES_MAX 1024u

struct encoded {
    unsigned char *der;
    int len;
};

static int compare_encoded(const void *a, const void *b)
{
    const struct encoded *x = a, *y = b;
    int common = x->len < y->len ? x->len : y->len;
    int order = memcmp(x->der, y->der, (size_t)common);
    return order != 0 ? order : x->len - y->len;
}

// The DER of the signed attributes as a SET OF, which is what is signed (RFC 5652 §5.4); 0 on failure.
static size_t encode_attributes(CMS_SignerInfo *info, uint8_t out[ATTRIBUTES_MAX])
{
    struct encoded list[ATTRIBUTES] = {{0}};
    size_t len = 0, at = 0;
    bool good = CMS_signed_get_attr_count(info) == ATTRIBUTES;
    for (int i = 0; good && i < ATTRIBUTES; i++) {
        list[i].len = i2d_X509_ATTRIBUTE(CMS_signed_get_attr(info, i), &list[i].der);
        good = list[i].len > 0;
        len += good ? (size_t)list[i].len : 0;
    }
    if (good && len >= 128 && len + 5 <= ATTRIBUTES_MAX) {
        qsort(list, ATTRIBUTES, sizeof list[0], compare_encoded);
        out[at++] = 0x31;
        out[at++] = len < 256 ? 0x81 : 0x82;
        if (len >= 256)
            out[at++] = (uint8_t)(len >> 8);
        out[at++] = (uint8_t)len;
        for (int i = 0; i < ATTRIBUTES; i++) {
            memcpy(out + at, list[i].der, (size_t)list[i].len);
            at += (size_t)list[i].len;
        }
    }
    for (int i = 0; i < ATTRIBUTES; i++)
        OPENSSL_free(list[i].der);
    return at;
}

static bool sign_attributes(CMS_SignerInfo *info, EVP_PKEY *key)
{
    uint8_t attributes[ATTRIBUTES_MAX], signature[128];
    size_t len = sizeof signature, attributes_len = encode_attributes(info, attributes);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool made = attributes_len > 0 && context != NULL &&
                EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, signature, &len, attributes, attributes_len) == 1 &&
                ASN1_STRING_set(CMS_SignerInfo_get0_signature(info), signature, (int)len) == 1;
    EVP_MD_CTX_free(context);
    return made;
}

static bool put_content(CMS_ContentInfo *cms, struct am_bytes content)
{
    ASN1_OCTET_STRING **place = CMS_get0_content(cms);
    if (place == NULL)
        return false;
    ASN1_OCTET_STRING_free(*place); // OpenSSL's own is marked as still streaming
    *place = ASN1_OCTET_STRING_new();
    return *place != NULL && ASN1_OCTET_STRING_set(*place, content.data, (int)content.len) == 1;
}

// No CMS_final: it always adds signingTime (recipes.md).
static bool fill(CMS_ContentInfo *cms, enum cms_form form, struct am_bytes content, X509 *certificate, EVP_PKEY *key)
{
    uint8_t digest[32];
    CMS_SignerInfo *info = CMS_add1_signer(cms, certificate, key, EVP_sha256(), SIGNER_FLAGS);
    return info != NULL && certs_sha256(content.data, content.len, digest) &&
           CMS_signed_add1_attr_by_NID(info, NID_pkcs9_contentType, V_ASN1_OBJECT, OBJ_nid2obj(NID_pkcs7_data), -1) ==
               1 &&
           CMS_signed_add1_attr_by_NID(info, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING, digest, sizeof digest) ==
               1 &&
           (form == CMS_DETACHED_FORM || put_content(cms, content)) && sign_attributes(info, key);
}

// Encodes and looks once at what was made: nothing outside the profile leaves here.
static enum am_err encode(CMS_ContentInfo *cms, enum cms_form form, struct am_detail *detail, struct am_bytes *ret_der)
{
    struct cms_signature checked;
    int len = i2d_CMS_ContentInfo(cms, NULL);
    uint8_t *der = len <= 0 ? NULL : malloc((size_t)len), *at = der;
    if (der == NULL || i2d_CMS_ContentInfo(cms, &at) != len) {
        free(der);
        return AM_NOMEM;
    }
    enum am_err err = cms_profile_signature((struct am_bytes){der, (size_t)len}, form, detail, &checked);
    if (err != AM_OK) {
        free(der);
        return err == AM_SIGNATURE ? AM_CRYPTO : err;
    }
    *ret_der = (struct am_bytes){der, (size_t)len};
    return AM_OK;
}

static enum am_err sign(enum cms_form form, struct am_bytes content, X509 *certificate, EVP_PKEY *key,
                        struct am_detail *detail, struct am_bytes *ret_der)
{
    unsigned detached = form == CMS_DETACHED_FORM ? CMS_DETACHED : 0;
    if (X509_check_private_key(certificate, key) != 1) {
        ERR_clear_error();
        return am_fail(AM_CRYPTO, detail, "key", "the private key is not the certificate's");
    }
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, FLAGS | detached);
    if (cms == NULL)
        return AM_NOMEM;
    enum am_err err = fill(cms, form, content, certificate, key)
                          ? encode(cms, form, detail, ret_der)
                          : am_fail(AM_CRYPTO, detail, "signature", "OpenSSL could not sign");
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return err;
}

enum am_err cms_sign(struct am_bytes content, X509 *certificate, EVP_PKEY *key, struct am_detail *detail,
                     struct am_bytes *ret_der)
{
    return sign(CMS_DETACHED_FORM, content, certificate, key, detail, ret_der);
}

enum am_err cms_sign_embedded(struct am_bytes content, X509 *certificate, EVP_PKEY *key, struct am_detail *detail,
                              struct am_bytes *ret_der)
{
    return sign(CMS_EMBEDDED_FORM, content, certificate, key, detail, ret_der);
}

enum am_err cms_sign_also(struct am_bytes der, X509 *certificate, EVP_PKEY *key, struct am_detail *detail,
                          struct am_bytes *ret_der)
{
    struct cms_signature first;
    const uint8_t *at = der.data;
    TRY(cms_profile_signature(der, CMS_DETACHED_FORM, detail, &first));
    if (first.count != 1)
        return am_fail(AM_SIGNATURE, detail, "signature", "has two signers already");
    if (X509_check_private_key(certificate, key) != 1) {
        ERR_clear_error();
        return am_fail(AM_CRYPTO, detail, "key", "the private key is not the certificate's");
    }
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
    CMS_SignerInfo *info =
        cms == NULL ? NULL : CMS_add1_signer(cms, certificate, key, EVP_sha256(), SIGNER_FLAGS | CMS_REUSE_DIGEST);
    enum am_err err = info != NULL && sign_attributes(info, key)
                          ? encode(cms, CMS_DETACHED_FORM, detail, ret_der)
                          : am_fail(AM_CRYPTO, detail, "signature", "OpenSSL could not sign");
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return err;
}
