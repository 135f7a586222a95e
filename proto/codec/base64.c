// SPDX-License-Identifier: Apache-2.0
// OpenSSL's decoder takes white space and loses the padding's meaning; glibc's knows one alphabet. This one is strict.
#include "proto/codec/base64.h"

#include <string.h>

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t len, char *ret_text)
{
    const uint8_t *in = data;
    char *out = ret_text;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t group = (uint32_t)in[i] << 16;
        group |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        group |= left > 2 ? in[i + 2] : 0;
        *out++ = ALPHABET[group >> 18];
        *out++ = ALPHABET[group >> 12 & 63];
        *out++ = left > 1 ? ALPHABET[group >> 6 & 63] : '=';
        *out++ = left > 2 ? ALPHABET[group & 63] : '=';
    }
    *out = '\0';
}

#define STANDARD 1u
#define URL_SAFE 2u

// The six bits of a character, or -1; notes which alphabet it belongs to alone.
static int sextet(char c, unsigned *alphabets)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    *alphabets |= c == '+' || c == '/' ? STANDARD : URL_SAFE;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

// The length without padding, or SIZE_MAX where the padding is wrong.
static size_t unpadded(const char *text, size_t len)
{
    size_t padding = 0;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    if ((padding > 0 && len % 4 != 0) || (len - padding) % 4 == 1)
        return SIZE_MAX;
    return len - padding;
}

enum am_err base64_decode(const char *text, size_t len, uint8_t *ret_data, size_t *ret_len)
{
    size_t count = unpadded(text, len), out = 0;
    if (count == SIZE_MAX)
        return AM_INVALID;
    uint32_t bits = 0;
    unsigned held = 0, alphabets = 0;
    for (size_t i = 0; i < count; i++) {
        int six = sextet(text[i], &alphabets);
        if (six < 0)
            return AM_INVALID;
        bits = bits << 6 | (uint32_t)six;
        held += 6;
        if (held >= 8) {
            held -= 8;
            ret_data[out++] = (uint8_t)(bits >> held);
        }
    }
    if ((bits & ((1u << held) - 1)) != 0 || alphabets == (STANDARD | URL_SAFE))
        return AM_INVALID;
    *ret_len = out;
    return AM_OK;
}
