// SPDX-License-Identifier: Apache-2.0
// Keys, texts and signatures of checkpoints.
#include "proto/log/checkpoint.h"

#include "proto/codec/base64.h"
#include "proto/log/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ALGORITHM_ED25519 1
#define KEY_BYTES         33u // algorithm and public key

int log_origin_valid(const char *origin)
{
    size_t len = strlen(origin);
    for (size_t i = 0; i < len; i++)
        if (origin[i] <= ' ' || origin[i] > '~' || origin[i] == '+')
            return 0;
    return len >= 1 && len <= LOG_ORIGIN_MAX;
}

// C2SP signed-note: the key hash binds name, algorithm and key.
static enum am_err key_hash(const char *name, const uint8_t key[KEY_BYTES], uint8_t ret_hash[4])
{
    uint8_t text[LOG_ORIGIN_MAX + 1 + KEY_BYTES], digest[LOG_HASH_SIZE];
    size_t len = strlen(name);
    memcpy(text, name, len);
    text[len++] = '\n';
    memcpy(text + len, key, KEY_BYTES);
    TRY(log_sha256((struct am_bytes){text, len + KEY_BYTES}, digest));
    memcpy(ret_hash, digest, 4);
    return AM_OK;
}

static enum am_err bad_vkey(struct am_detail *detail, const char *vkey)
{
    return am_fail(AM_INVALID, detail, "log-key",
                   "\"%.80s\" is not a verifier key: origin+8 hexadecimal digits+base64 of an Ed25519 key, as `amanad "
                   "init` prints it",
                   vkey);
}

enum am_err log_verifier_parse(const char *vkey, struct am_detail *detail, struct log_verifier *ret_verifier)
{
    struct log_verifier verifier = {.pkey = NULL};
    const char *plus = strchr(vkey, '+');
    if (plus == NULL || (size_t)(plus - vkey) > LOG_ORIGIN_MAX)
        return bad_vkey(detail, vkey);
    memcpy(verifier.origin, vkey, (size_t)(plus - vkey));
    size_t rest = strlen(plus + 1);
    // 8 digits, '+', and base64 of 33 bytes: 44 characters. The base64 may hold '+' itself.
    if (!log_origin_valid(verifier.origin) || rest != 8 + 1 + 44 || plus[9] != '+')
        return bad_vkey(detail, vkey);
    uint8_t key[KEY_BYTES];
    if (!text_base64((struct am_bytes){(const uint8_t *)plus + 10, 44}, key, sizeof key) || key[0] != ALGORITHM_ED25519)
        return bad_vkey(detail, vkey);
    TRY(key_hash(verifier.origin, key, verifier.hash));
    char digits[9];
    snprintf(digits, sizeof digits, "%02x%02x%02x%02x", verifier.hash[0], verifier.hash[1], verifier.hash[2],
             verifier.hash[3]);
    if (memcmp(digits, plus + 1, 8) != 0)
        return bad_vkey(detail, vkey);
    memcpy(verifier.key, key + 1, sizeof verifier.key);
    verifier.pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, verifier.key, sizeof verifier.key);
    if (verifier.pkey == NULL)
        return AM_CRYPTO;
    *ret_verifier = verifier;
    return AM_OK;
}

void log_verifier_clear(struct log_verifier *verifier)
{
    EVP_PKEY_free(verifier->pkey);
    verifier->pkey = NULL;
}

static enum am_err public_key(EVP_PKEY *key, uint8_t ret_key[KEY_BYTES])
{
    size_t len = KEY_BYTES - 1;
    ret_key[0] = ALGORITHM_ED25519;
    if (EVP_PKEY_get_raw_public_key(key, ret_key + 1, &len) != 1 || len != KEY_BYTES - 1)
        return AM_CRYPTO;
    return AM_OK;
}

enum am_err log_vkey_text(const char *origin, EVP_PKEY *key, char ret_vkey[LOG_VKEY_MAX])
{
    if (!log_origin_valid(origin))
        return AM_INVALID;
    uint8_t bytes[KEY_BYTES], hash[4];
    TRY(public_key(key, bytes));
    TRY(key_hash(origin, bytes, hash));
    char text[BASE64_ENCODED(KEY_BYTES)];
    base64_encode(bytes, KEY_BYTES, text);
    snprintf(ret_vkey, LOG_VKEY_MAX, "%s+%02x%02x%02x%02x+%s", origin, hash[0], hash[1], hash[2], hash[3], text);
    return AM_OK;
}

size_t log_checkpoint_text(const char *origin, const struct log_checkpoint *checkpoint, char ret_text[LOG_NOTE_MAX])
{
    char root[BASE64_ENCODED(LOG_HASH_SIZE)];
    base64_encode(checkpoint->root, LOG_HASH_SIZE, root);
    return (size_t)snprintf(ret_text, LOG_NOTE_MAX, "%.255s\n%llu\n%s\n", origin, (unsigned long long)checkpoint->size,
                            root);
}

enum am_err log_checkpoint_sign(const char *origin, EVP_PKEY *key, struct log_checkpoint *checkpoint)
{
    char text[LOG_NOTE_MAX];
    size_t len = log_checkpoint_text(origin, checkpoint, text), signature = 64;
    uint8_t bytes[KEY_BYTES];
    if (!log_origin_valid(origin))
        return AM_INVALID;
    TRY(public_key(key, bytes));
    TRY(key_hash(origin, bytes, checkpoint->signature));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(context, checkpoint->signature + 4, &signature, (const uint8_t *)text, len) == 1 &&
                signature == 64;
    EVP_MD_CTX_free(context);
    return good ? AM_OK : AM_CRYPTO;
}

enum am_err log_checkpoint_verify(const struct log_verifier *verifier, const struct log_checkpoint *checkpoint)
{
    char text[LOG_NOTE_MAX];
    size_t len = log_checkpoint_text(verifier->origin, checkpoint, text);
    if (memcmp(verifier->hash, checkpoint->signature, 4) != 0)
        return AM_SIGNATURE;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL)
        return AM_NOMEM;
    bool ready = EVP_DigestVerifyInit(context, NULL, NULL, NULL, verifier->pkey) == 1;
    bool good = ready && EVP_DigestVerify(context, checkpoint->signature + 4, 64, (const uint8_t *)text, len) == 1;
    EVP_MD_CTX_free(context);
    if (!ready)
        return AM_CRYPTO;
    return good ? AM_OK : AM_SIGNATURE;
}
