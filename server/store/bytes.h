// SPDX-License-Identifier: Apache-2.0
// Big-endian numbers in keys and rows, and a reader that never leaves its row. Pure; any thread.
#pragma once

#include "proto/model/error.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

static inline void put_be16(uint8_t *at, uint16_t value)
{
    value = htobe16(value);
    memcpy(at, &value, sizeof value);
}
static inline void put_be32(uint8_t *at, uint32_t value)
{
    value = htobe32(value);
    memcpy(at, &value, sizeof value);
}
static inline void put_be64(uint8_t *at, uint64_t value)
{
    value = htobe64(value);
    memcpy(at, &value, sizeof value);
}
static inline uint16_t get_be16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return be16toh(value);
}
static inline uint32_t get_be32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return be32toh(value);
}
static inline uint64_t get_be64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return be64toh(value);
}

// A row being read; `bad` once something was asked for that isn't there (what is given then is 0 or empty).
struct row_reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};
static inline struct am_bytes row_take(struct row_reader *row, size_t len)
{
    if (row->bad || len > row->left) {
        row->bad = true;
        return (struct am_bytes){NULL, 0};
    }
    struct am_bytes bytes = {row->at, len};
    row->at += len;
    row->left -= len;
    return bytes;
}
static inline uint64_t row_number(struct row_reader *row, size_t len)
{
    struct am_bytes bytes = row_take(row, len);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | bytes.data[i];
    return value;
}
// A string with its NUL; NULL (and bad) where there is none.
static inline const char *row_string(struct row_reader *row)
{
    const uint8_t *end = row->bad ? NULL : memchr(row->at, 0, row->left);
    if (end == NULL) {
        row->bad = true;
        return NULL;
    }
    return (const char *)row_take(row, (size_t)(end - row->at) + 1).data;
}

// A row being written into memory that is known to be large enough.
static inline uint8_t *row_put(uint8_t *at, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
    return at + len;
}
static inline uint8_t *row_put_bytes(uint8_t *at, struct am_bytes bytes)
{
    if (bytes.len > 0)
        memcpy(at, bytes.data, bytes.len);
    return at + bytes.len;
}
