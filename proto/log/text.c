// SPDX-License-Identifier: Apache-2.0
// Strict reading of C2SP texts.
#include "proto/log/text.h"

#include "proto/codec/base64.h"

#include <assert.h>
#include <string.h>

bool text_line(struct am_bytes *text, struct am_bytes *ret_line)
{
    const uint8_t *end = text->len > 0 ? memchr(text->data, '\n', text->len) : NULL;
    if (end == NULL)
        return false;
    *ret_line = (struct am_bytes){text->data, (size_t)(end - text->data)};
    text->len -= ret_line->len + 1;
    text->data = end + 1;
    return true;
}

bool text_skip(struct am_bytes *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len || memcmp(text->data, prefix, len) != 0)
        return false;
    text->data += len;
    text->len -= len;
    return true;
}

bool text_is(struct am_bytes text, const char *word)
{
    return text_skip(&text, word) && text.len == 0;
}

bool text_number(struct am_bytes text, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (text.len == 0 || text.len > 20 || (text.data[0] == '0' && text.len > 1))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, text.data[i] - '0', &number))
            return false;
    *ret_number = number;
    return true;
}

#define BYTES_MAX 72u

bool text_base64(struct am_bytes text, uint8_t *ret_bytes, size_t len)
{
    uint8_t bytes[BASE64_DECODED(BASE64_ENCODED(BYTES_MAX))];
    char again[BASE64_ENCODED(BYTES_MAX)];
    size_t got;
    assert(len <= BYTES_MAX);
    if (text.len != (len + 2) / 3 * 4 || base64_decode((const char *)text.data, text.len, bytes, &got) != AM_OK ||
        got != len)
        return false;
    base64_encode(bytes, len, again); // the decoder knows two alphabets, these texts one
    if (memcmp(again, text.data, text.len) != 0)
        return false;
    memcpy(ret_bytes, bytes, len);
    return true;
}
