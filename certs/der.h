// SPDX-License-Identifier: Apache-2.0
// A strict walk over DER: definite, minimal lengths, single-byte tags, nothing past the end. Inside certs/ only.
// Pure; any thread.
#pragma once

#include "proto/model/error.h"

#include <stdbool.h>
#include <string.h>

#define DER_INTEGER      0x02
#define DER_BIT_STRING   0x03
#define DER_OCTET_STRING 0x04
#define DER_NULL         0x05
#define DER_OID          0x06
#define DER_UTC_TIME     0x17
#define DER_GENERAL_TIME 0x18
#define DER_SEQUENCE     0x30
#define DER_SET          0x31
#define DER_CONTEXT(n)   (0xa0 | (n)) // constructed
#define DER_PRIMITIVE(n) (0x80 | (n)) // context, primitive

// Bytes still to be read. Every function below leaves it as it was where it returns false.
struct der {
    const uint8_t *at, *end;
};

static inline struct der der_of(struct am_bytes bytes)
{
    return (struct der){bytes.data, bytes.data + bytes.len};
}

static inline bool der_at_end(const struct der *der)
{
    return der->at == der->end;
}

static inline bool der_next_is(const struct der *der, uint8_t tag)
{
    return der->at < der->end && *der->at == tag;
}

// The length at at[0..), which must be the shortest form and fit before end; *at moves to the content.
static inline bool der_length(const uint8_t **at, const uint8_t *end, size_t *ret_len)
{
    const uint8_t *p = *at;
    if (p == end)
        return false;
    size_t len = *p++;
    if (len >= 0x80) {
        size_t octets = len & 0x7f;
        if (octets == 0 || octets > 4 || (size_t)(end - p) < octets || *p == 0)
            return false;
        for (len = 0; octets > 0; octets--)
            len = len << 8 | *p++;
        if (len < 0x80)
            return false;
    }
    if (len > (size_t)(end - p))
        return false;
    *at = p;
    *ret_len = len;
    return true;
}

// One element of this tag: its content, and (ret_whole, may be NULL) the element with tag and length.
static inline bool der_get_whole(struct der *der, uint8_t tag, struct am_bytes *ret_content, struct am_bytes *ret_whole)
{
    const uint8_t *at = der->at;
    size_t len;
    if (!der_next_is(der, tag))
        return false;
    at++;
    if (!der_length(&at, der->end, &len))
        return false;
    *ret_content = (struct am_bytes){at, len};
    if (ret_whole != NULL)
        *ret_whole = (struct am_bytes){der->at, (size_t)(at + len - der->at)};
    der->at = at + len;
    return true;
}

static inline bool der_get(struct der *der, uint8_t tag, struct am_bytes *ret_content)
{
    return der_get_whole(der, tag, ret_content, NULL);
}

// One constructed element, entered.
static inline bool der_enter(struct der *der, uint8_t tag, struct der *ret_inside)
{
    struct am_bytes content;
    if (!der_get(der, tag, &content))
        return false;
    *ret_inside = der_of(content);
    return true;
}

// Exactly these bytes come next.
static inline bool der_expect(struct der *der, const void *bytes, size_t len)
{
    if ((size_t)(der->end - der->at) < len || memcmp(der->at, bytes, len) != 0)
        return false;
    der->at += len;
    return true;
}
#define DER_EXPECT(der, array) der_expect(der, array, sizeof(array))

static inline bool der_equal(struct am_bytes a, struct am_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

// Whether a comes before b in a DER SET OF (X.690 §11.6): bytewise, a shorter one padded with zeros.
static inline bool der_sorted(struct am_bytes a, struct am_bytes b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.data, b.data, common);
    return order < 0 || (order == 0 && a.len <= b.len);
}

// A positive INTEGER in its shortest form, of at most max bytes, whole.
static inline bool der_get_serial(struct der *der, size_t max, struct am_bytes *ret_whole)
{
    struct der before = *der;
    struct am_bytes content;
    if (!der_get_whole(der, DER_INTEGER, &content, ret_whole))
        return false;
    bool negative = content.len == 0 || content.data[0] >= 0x80;
    bool padded = content.len > 1 && content.data[0] == 0 && content.data[1] < 0x80;
    if (negative || padded || ret_whole->len > max) {
        *der = before;
        return false;
    }
    return true;
}
