// SPDX-License-Identifier: Apache-2.0
// PEM and PKCS#8 by hand for the shape of our own key files: OpenSSL's decoders leave the text and the DER of a key in
// memory that they give back unwiped (tests/unit/test_keyfile.c looks for them).
#include "certs/keyfile_plain.h"

#include "certs/der.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#define SECRET 32u // bytes of a private key
#define POINT  65u // a point of P-256: 4, x, y

static const uint8_t P256[] = {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                               0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t ZERO[] = {DER_INTEGER, 1, 0}, ONE[] = {DER_INTEGER, 1, 1};

// The base64 between the two lines, in secure memory of *ret_len bytes; NULL where the text is another.
static uint8_t *base64_read(struct am_bytes pem, const char *begin, const char *end, size_t *ret_len)
{
    const char *text = (const char *)pem.data, *from = strstr(text, begin), *until = strstr(text, end);
    size_t len = 0;
    int decoded = -1;

    if (from == NULL || until == NULL || until < from)
        return NULL;
    from += strlen(begin);
    uint8_t *letters = OPENSSL_secure_malloc((size_t)(until - from) + 1);
    uint8_t *der = letters != NULL ? OPENSSL_secure_zalloc((size_t)(until - from) + 1) : NULL;
    for (const char *at = from; der != NULL && at < until; at++)
        if (*at != '\n' && *at != '\r')
            letters[len++] = (uint8_t)*at;
    if (der != NULL && len > 0 && len % 4 == 0)
        decoded = EVP_DecodeBlock(der, letters, (int)len);
    if (decoded > 0) // it counts the padding too
        *ret_len = (size_t)decoded - (letters[len - 1] == '=') - (letters[len - 2] == '=');
    OPENSSL_secure_clear_free(letters, letters != NULL ? (size_t)(until - from) + 1 : 0);
    if (decoded > 0)
        return der;
    OPENSSL_secure_clear_free(der, der != NULL ? (size_t)(until - from) + 1 : 0);
    return NULL;
}

static EVP_PKEY *p256_make(struct am_bytes secret, struct am_bytes point)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    BIGNUM *number = BN_secure_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (build != NULL && context != NULL && number != NULL && BN_bin2bn(secret.data, (int)secret.len, number) != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.len) == 1 &&
        OSSL_PARAM_BLD_push_BN_pad(build, OSSL_PKEY_PARAM_PRIV_KEY, number, SECRET) == 1)
        params = OSSL_PARAM_BLD_to_param(build);
    if (params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) != 1)
        key = NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    BN_clear_free(number);
    return key;
}

// RFC 5915 with the public key, which says which certificate it belongs to.
static EVP_PKEY *p256_read(struct am_bytes inside)
{
    struct der outer = der_of(inside), fields, tagged;
    struct am_bytes secret, bits;

    if (!der_enter(&outer, DER_SEQUENCE, &fields) || !der_at_end(&outer) || !DER_EXPECT(&fields, ONE) ||
        !der_get(&fields, DER_OCTET_STRING, &secret) || secret.len != SECRET ||
        !der_enter(&fields, DER_CONTEXT(1), &tagged) || !der_at_end(&fields) ||
        !der_get(&tagged, DER_BIT_STRING, &bits) || !der_at_end(&tagged) || bits.len != 1 + POINT || bits.data[0] != 0)
        return NULL;
    return p256_make(secret, (struct am_bytes){bits.data + 1, bits.len - 1});
}

static EVP_PKEY *pkcs8_read(struct am_bytes der)
{
    struct der outer = der_of(der), fields;
    struct am_bytes algorithm, inside;

    if (!der_enter(&outer, DER_SEQUENCE, &fields) || !der_at_end(&outer) || !DER_EXPECT(&fields, ZERO) ||
        !der_get(&fields, DER_SEQUENCE, &algorithm) || !der_get(&fields, DER_OCTET_STRING, &inside) ||
        !der_at_end(&fields))
        return NULL;
    return der_equal(algorithm, (struct am_bytes){P256, sizeof P256}) ? p256_read(inside) : NULL;
}

EVP_PKEY *keyfile_plain(struct am_bytes pem)
{
    size_t len = 0;
    uint8_t *der = base64_read(pem, "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", &len);
    EVP_PKEY *key = der != NULL ? pkcs8_read((struct am_bytes){der, len}) : NULL;

    OPENSSL_secure_clear_free(der, len);
    return key;
}

// --- Encrypted (RFC 5958 §3)
X509_SIG *keyfile_encrypted(struct am_bytes pem)
{
    size_t len = 0;
    uint8_t *der =
        base64_read(pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----END ENCRYPTED PRIVATE KEY-----", &len);
    const uint8_t *at = der;
    X509_SIG *sealed = der != NULL ? d2i_X509_SIG(NULL, &at, (long)len) : NULL;

    OPENSSL_secure_clear_free(der, len);
    return sealed;
}

// A key of another shape than ours, by OpenSSL's decoder, which wipes what it copies.
static EVP_PKEY *other_read(struct am_bytes der)
{
    const uint8_t *at = der.data;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len);
    EVP_PKEY *key = info != NULL ? EVP_PKCS82PKEY(info) : NULL;

    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}

// How it is encrypted OpenSSL reads and sets up; what comes out goes into the secure heap.
EVP_PKEY *keyfile_decrypt(const X509_SIG *sealed, const char *passphrase, int passphrase_len)
{
    const X509_ALGOR *algorithm;
    const ASN1_OCTET_STRING *bytes;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    EVP_PKEY *key = NULL;
    int len = 0, last = 0;

    X509_SIG_get0(sealed, &algorithm, &bytes);
    size_t room = (size_t)bytes->length + EVP_MAX_BLOCK_LENGTH;
    uint8_t *der = OPENSSL_secure_zalloc(room);
    if (context != NULL && der != NULL &&
        EVP_PBE_CipherInit(algorithm->algorithm, passphrase, passphrase_len, algorithm->parameter, context, 0) == 1 &&
        EVP_CipherUpdate(context, der, &len, bytes->data, bytes->length) == 1 &&
        EVP_CipherFinal_ex(context, der + len, &last) == 1) {
        struct am_bytes whole = {der, (size_t)len + (size_t)last};
        key = pkcs8_read(whole);
        if (key == NULL)
            key = other_read(whole);
    }
    OPENSSL_secure_clear_free(der, room);
    EVP_CIPHER_CTX_free(context);
    return key;
}
