// SPDX-License-Identifier: Apache-2.0
// Opens a seal by the places that the profile found in it (RFC 5753 §3.1, RFC 5083). OpenSSL's CMS_decrypt, which the
// tests compare, takes two and a half times as long: it looks its algorithms up anew for each body and multiplies the
// ephemeral point by the order of its group, which for a point on P-256, whose cofactor is 1, says nothing new.
#include "certs/cms.h"
#include "certs/der.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KEY 32u // bytes: AES-256, and the x of a point

// DER of ECC-CMS-SharedInfo: aes256-wrap without parameters, no ukm, a key of 256 bits (RFC 5753 §7.2); before it the
// counter of X9.63's first block, which is as long as the key (SEC 1 §3.6.1).
static const uint8_t COUNTER_AND_INFO[] = {0,    0,    0,    1,    0x30, 0x15, 0x30, 0x0b, 0x06,
                                           0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01,
                                           0x2d, 0xa2, 0x06, 0x04, 0x04, 0x00, 0x00, 0x01, 0x00};

// Looked up once.
static EVP_CIPHER *wrap, *gcm;
static pthread_once_t ciphers_once = PTHREAD_ONCE_INIT;

static void fetch_ciphers(void)
{
    wrap = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
    gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

// The x of the point that the key agrees on with the ephemeral one.
static bool agree(EVP_PKEY *key, const uint8_t point[CMS_POINT], uint8_t ret_secret[KEY])
{
    EVP_PKEY *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    size_t len = KEY;
    bool good = peer != NULL && context != NULL && cms_point_valid(point) && EVP_PKEY_copy_parameters(peer, key) == 1 &&
                EVP_PKEY_set1_encoded_public_key(peer, point, CMS_POINT) == 1 && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer_ex(context, peer, 0) == 1 && EVP_PKEY_derive(context, ret_secret, &len) == 1 &&
                len == KEY;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    return good;
}

// The key that wraps: one block of X9.63's KDF with SHA-256.
static bool wrapping_key(EVP_PKEY *key, const uint8_t point[CMS_POINT], uint8_t ret_key[KEY])
{
    uint8_t hashed[KEY + sizeof COUNTER_AND_INFO];
    bool good = agree(key, point, hashed);

    memcpy(hashed + KEY, COUNTER_AND_INFO, sizeof COUNTER_AND_INFO);
    good = good && certs_sha256(hashed, sizeof hashed, ret_key);
    OPENSSL_cleanse(hashed, sizeof hashed);
    return good;
}

// RFC 3394, whose integrity value holds.
static bool unwrap(const uint8_t wrapping[KEY], const uint8_t wrapped[CMS_WRAPPED], uint8_t ret_key[KEY])
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t out[CMS_WRAPPED];
    int len = 0, rest = 0;

    if (context != NULL)
        EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    bool good = context != NULL && EVP_DecryptInit_ex2(context, wrap, wrapping, NULL, NULL) == 1 &&
                EVP_DecryptUpdate(context, out, &len, wrapped, CMS_WRAPPED) == 1 && len == (int)KEY &&
                EVP_DecryptFinal_ex(context, out + len, &rest) == 1 && rest == 0;
    if (good)
        memcpy(ret_key, out, KEY);
    OPENSSL_cleanse(out, sizeof out);
    EVP_CIPHER_CTX_free(context);
    return good;
}

// Into ciphertext.len bytes, which are nobody's to read where the tag doesn't hold.
static bool decrypt(const struct cms_seal *seal, const uint8_t key[KEY], uint8_t *plain)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len = 0, rest = 0;
    bool good = context != NULL && EVP_DecryptInit_ex2(context, gcm, key, seal->nonce, NULL) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, CMS_SEAL_ICV, (void *)seal->icv) == 1 &&
                EVP_DecryptUpdate(context, plain, &len, seal->ciphertext.data, (int)seal->ciphertext.len) == 1 &&
                EVP_DecryptFinal_ex(context, plain + len, &rest) == 1 && (size_t)(len + rest) == seal->ciphertext.len;

    EVP_CIPHER_CTX_free(context);
    return good;
}

static bool open_with(const struct cms_seal *seal, const struct cms_recipient *recipient, EVP_PKEY *key, uint8_t *plain)
{
    uint8_t wrapping[KEY], content[KEY];
    bool good = wrapping_key(key, recipient->point, wrapping) && unwrap(wrapping, recipient->wrapped, content) &&
                decrypt(seal, content, plain);

    OPENSSL_cleanse(wrapping, sizeof wrapping);
    OPENSSL_cleanse(content, sizeof content);
    return good;
}

static enum am_err open_profiled(const struct cms_seal *seal, const struct certificate *own, EVP_PKEY *key,
                                 struct am_detail *detail, struct am_bytes *ret_plain)
{
    const struct cms_recipient *recipient = cms_seal_recipient(seal, own);
    size_t len = seal->ciphertext.len;

    if (recipient == NULL)
        return am_fail(AM_NOT_FOUND, detail, "sealed_body", "it is not sealed to this device's certificate");
    pthread_once(&ciphers_once, fetch_ciphers);
    uint8_t *plain = malloc(len);
    if (plain == NULL || wrap == NULL || gcm == NULL) {
        free(plain);
        return AM_NOMEM;
    }
    bool good = open_with(seal, recipient, key, plain);
    ERR_clear_error();
    if (good) {
        *ret_plain = (struct am_bytes){plain, len};
        return AM_OK;
    }
    OPENSSL_cleanse(plain, len);
    free(plain);
    return am_fail(AM_SEAL, detail, "sealed_body", "it doesn't open with this device's key, or was altered");
}

enum am_err cms_open(struct am_bytes der, const struct certificate *own, EVP_PKEY *key, struct am_detail *detail,
                     struct am_bytes *ret_plain)
{
    struct cms_seal *seal = malloc(sizeof *seal);

    if (seal == NULL)
        return AM_NOMEM;
    enum am_err err = cms_profile_seal(der, detail, seal);
    if (err == AM_OK)
        err = open_profiled(seal, own, key, detail, ret_plain);
    free(seal);
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
