// SPDX-License-Identifier: Apache-2.0
// Ed25519 over a checkpoint's three lines.
#include "client/session/log_key.h"

#include "proto/codec/base64.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES 33u // 0x01 (Ed25519) and the public key

static int note_text(const char *origin, const struct log_checkpoint *checkpoint, char *ret_text, size_t size)
{
    char root[BASE64_ENCODED(LOG_HASH_SIZE)];
    base64_encode(checkpoint->root, LOG_HASH_SIZE, root);
    return snprintf(ret_text, size, "%.255s\n%llu\n%s\n", origin, (unsigned long long)checkpoint->size, root);
}

static enum am_err parse_key(const char *key, const char *origin, uint8_t ret_bytes[KEY_BYTES], uint8_t ret_hash[4])
{
    uint8_t raw[BASE64_DECODED(64)], digest[LOG_HASH_SIZE], named[300];
    size_t len, name = strlen(origin);
    const char *plus = strrchr(key, '+');
    // origin + '+' + 8 hex digits + '+' + base64; base64 itself may hold '+', so count from the left.
    if (strncmp(key, origin, name) != 0 || key[name] != '+' || strlen(key + name) < 11 || key[name + 9] != '+' ||
        plus == NULL || strlen(key + name + 10) > 64 || name > 255)
        return AM_CONFIG;
    if (base64_decode(key + name + 10, strlen(key + name + 10), raw, &len) != AM_OK || len != KEY_BYTES || raw[0] != 1)
        return AM_CONFIG;
    memcpy(named, origin, name);
    named[name] = '\n';
    memcpy(named + name + 1, raw, KEY_BYTES);
    TRY(log_sha256((struct am_bytes){named, name + 1 + KEY_BYTES}, digest));
    memcpy(ret_bytes, raw, KEY_BYTES);
    memcpy(ret_hash, digest, 4);
    return AM_OK;
}

static bool ed25519_holds(const uint8_t key[32], const uint8_t signature[64], const char *text, size_t len)
{
    EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = public != NULL && context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, public) == 1 &&
                EVP_DigestVerify(context, signature, 64, (const uint8_t *)text, len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    return good;
}

enum am_err log_key_verify(const char *key, const char *origin, const struct log_checkpoint *checkpoint,
                           struct am_detail *detail)
{
    uint8_t bytes[KEY_BYTES], hash[4];
    char text[LOG_KEY_NOTE];
    if (parse_key(key, origin, bytes, hash) != AM_OK)
        return am_fail(AM_CONFIG, detail, "log-key", "\"%.80s\" is no verifier key of %.80s", key, origin);
    int len = note_text(origin, checkpoint, text, sizeof text);
    if (memcmp(hash, checkpoint->signature, 4) == 0 &&
        ed25519_holds(bytes + 1, checkpoint->signature + 4, text, (size_t)len))
        return AM_OK;
    return am_fail(AM_SIGNATURE, detail, "checkpoint", "of size %llu isn't signed by the log's key in trust.conf",
                   (unsigned long long)checkpoint->size);
}

void log_key_note(const char *origin, const struct log_checkpoint *checkpoint, char ret_note[LOG_KEY_NOTE])
{
    char signature[BASE64_ENCODED(68)];
    int len = note_text(origin, checkpoint, ret_note, LOG_KEY_NOTE);
    base64_encode(checkpoint->signature, sizeof checkpoint->signature, signature);
    snprintf(ret_note + len, LOG_KEY_NOTE - (size_t)len, "\n\xe2\x80\x94 %.255s %s\n", origin, signature);
}
