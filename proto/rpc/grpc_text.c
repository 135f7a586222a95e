// SPDX-License-Identifier: Apache-2.0
// The text forms of gRPC's headers.
#include "proto/rpc/grpc_text.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/model/error.h"

// Half of the range: now + timeout can't overflow.
#define TIMEOUT_MAX (UINT64_MAX / 2)
#define DIGITS_MAX  8

struct unit {
    char letter;
    uint64_t ns;
};

// From fine to coarse.
static const struct unit UNITS[] = {
    {'n', 1}, {'u', 1000}, {'m', 1000000}, {'S', 1000000000}, {'M', 60 * 1000000000ull}, {'H', 3600 * 1000000000ull},
};

bool grpc_timeout_parse(const uint8_t *text, size_t len, uint64_t *ret_ns)
{
    if (len < 2 || len > DIGITS_MAX + 1)
        return false;
    uint64_t number = 0;
    for (size_t i = 0; i + 1 < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = number * 10 + (text[i] - '0');
    }
    for (size_t i = 0; i < AM_LEN(UNITS); i++) {
        if (UNITS[i].letter != (char)text[len - 1])
            continue;
        uint64_t ns = number > TIMEOUT_MAX / UNITS[i].ns ? TIMEOUT_MAX : number * UNITS[i].ns;
        *ret_ns = ns == 0 ? 1 : ns;
        return true;
    }
    return false;
}

void grpc_timeout_format(uint64_t ns, char text[GRPC_TIMEOUT_TEXT])
{
    size_t i = 0;
    uint64_t number = ns;
    while (number > 99999999 && i + 1 < AM_LEN(UNITS)) {
        i++;
        number = ns / UNITS[i].ns + (ns % UNITS[i].ns != 0);
    }
    snprintf(text, GRPC_TIMEOUT_TEXT, "%" PRIu64 "%c", number > 99999999 ? (uint64_t)99999999 : number,
             UNITS[i].letter);
}

// Length of text, cut to what is sent, not within a UTF-8 character.
static size_t message_length(const char *text)
{
    size_t len = strnlen(text, GRPC_MESSAGE_TEXT + 1);
    if (len <= GRPC_MESSAGE_TEXT)
        return len;
    len = GRPC_MESSAGE_TEXT;
    while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
        len--;
    return len;
}

char *grpc_message_encode(const char *text)
{
    static const char HEX[] = "0123456789ABCDEF";
    size_t len = message_length(text);
    char *encoded = malloc(3 * len + 1);
    if (encoded == NULL)
        return NULL;
    char *to = encoded;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte >= 0x20 && byte <= 0x7e && byte != '%') {
            *to++ = (char)byte;
            continue;
        }
        *to++ = '%';
        *to++ = HEX[byte >> 4];
        *to++ = HEX[byte & 15];
    }
    *to = '\0';
    return encoded;
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

void grpc_message_decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        int high = *from == '%' ? hex_digit(from[1]) : -1;
        int low = high >= 0 ? hex_digit(from[2]) : -1;
        if (low < 0) {
            *to++ = *from;
            continue;
        }
        *to++ = (char)(high * 16 + low);
        from += 2;
    }
    *to = '\0';
}

char *grpc_base64_encode(const uint8_t *data, size_t len)
{
    char *text = malloc((len + 2) / 3 * 4 + 1);
    if (text == NULL)
        return NULL;
    int written = EVP_EncodeBlock((uint8_t *)text, data, (int)len);
    while (written > 0 && text[written - 1] == '=')
        written--;
    text[written] = '\0';
    return text;
}

bool grpc_base64_decode(const char *text, size_t len, uint8_t **ret_data, size_t *ret_len)
{
    while (len > 0 && text[len - 1] == '=')
        len--;
    size_t padding = (4 - len % 4) % 4;
    // OpenSSL takes white space at both ends and '=' inside; what is sent has neither.
    if (padding == 3 || strcspn(text, "= \t\r\n") < len)
        return false;
    // One buffer: the padded text at its end, decoded towards its front.
    size_t padded = len + padding;
    uint8_t *data = malloc(padded / 4 * 3 + padded + 1);
    if (data == NULL)
        return false;
    uint8_t *copy = data + padded / 4 * 3;
    memcpy(copy, text, len);
    memset(copy + len, '=', padding);
    int written = EVP_DecodeBlock(data, copy, (int)padded);
    if (written < 0) {
        free(data);
        return false;
    }
    *ret_data = data;
    *ret_len = (size_t)written - padding;
    return true;
}
