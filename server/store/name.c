// SPDX-License-Identifier: Apache-2.0
// Two tables: text to name and back; and rows of two names each.
#include "server/store/name.h"

#include "server/store/bytes.h"

#include <stdlib.h>

#define CACHED_TEXT 120 // bytes; most devices and units have fewer
#define CACHE_SLOTS 256 // a text has one, and a pair

struct cached {
    uint8_t len; // 0: a free slot
    uint8_t name[NAME_SIZE];
    uint8_t text[CACHED_TEXT];
};

// A row that is there.
struct pair {
    uint8_t table; // 0, that of no pairs: a free slot
    uint8_t names[2 * NAME_SIZE];
};

struct name_cache {
    struct cached slots[CACHE_SLOTS];
    struct pair pairs[CACHE_SLOTS];
};

enum am_err name_cache_new(struct name_cache **ret_cache)
{
    *ret_cache = calloc(1, sizeof **ret_cache);
    return *ret_cache == NULL ? AM_NOMEM : AM_OK;
}

void name_cache_free(struct name_cache *cache)
{
    free(cache);
}

void name_cache_clear(struct name_cache *cache)
{
    memset(cache, 0, sizeof *cache);
}

// NULL where it isn't kept.
static struct cached *cache_slot(struct table_txn txn, const void *text, size_t len)
{
    uint64_t hash = len, word;
    if (txn.names == NULL || len == 0 || len > CACHED_TEXT)
        return NULL;
    for (size_t at = 0; at < len; at += sizeof word) {
        word = 0;
        memcpy(&word, (const uint8_t *)text + at, len - at < sizeof word ? len - at : sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return &txn.names->slots[hash % CACHE_SLOTS];
}

static void cache_put(struct table_txn txn, const void *text, size_t len, const uint8_t name[NAME_SIZE])
{
    struct cached *slot = cache_slot(txn, text, len);
    if (slot == NULL)
        return;
    slot->len = (uint8_t)len;
    memcpy(slot->name, name, NAME_SIZE);
    memcpy(slot->text, text, len);
}

enum am_err name_find(struct table_txn txn, const void *text, size_t len, uint8_t ret_name[NAME_SIZE])
{
    struct am_bytes row;
    if (len == 0 || len > NAME_LIMIT)
        return AM_NOT_FOUND;
    const struct cached *slot = cache_slot(txn, text, len);
    if (slot != NULL && slot->len == len && memcmp(slot->text, text, len) == 0) {
        memcpy(ret_name, slot->name, NAME_SIZE);
        return AM_OK;
    }
    TRY(table_get(txn, TABLE_NAME, text, len, &row));
    if (row.len != NAME_SIZE)
        return AM_CORRUPT;
    memcpy(ret_name, row.data, NAME_SIZE);
    cache_put(txn, text, len, ret_name);
    return AM_OK;
}

enum am_err name_make(struct table_txn txn, const char *text, uint32_t *next, uint8_t ret_name[NAME_SIZE])
{
    size_t len = strlen(text);
    enum am_err err = name_find(txn, text, len, ret_name);
    if (err != AM_NOT_FOUND)
        return err;
    if (len == 0 || len > NAME_LIMIT || *next >= NAME_KINDS)
        return AM_INVALID;
    uint8_t name[NAME_SIZE];
    put_be32(name, *next);
    TRY(table_put(txn, TABLE_NAME, MDB_NOOVERWRITE, text, len, name, sizeof name));
    TRY(table_put(txn, TABLE_TEXT, MDB_APPEND, name, sizeof name, text, len + 1));
    *next += 1;
    memcpy(ret_name, name, sizeof name);
    cache_put(txn, text, len, name);
    return AM_OK;
}

// NULL where it isn't kept.
static struct pair *pair_slot(struct table_txn txn, const struct pair *pair)
{
    uint64_t names;
    memcpy(&names, pair->names, sizeof names);
    return txn.names == NULL ? NULL : &txn.names->pairs[names * 0x9e3779b97f4a7c15u >> 32 & (CACHE_SLOTS - 1)];
}

enum am_err name_pair_add(struct table_txn txn, enum table table, const uint8_t one[NAME_SIZE],
                          const uint8_t other[NAME_SIZE])
{
    struct pair pair = {.table = (uint8_t)table};
    memcpy(pair.names, one, NAME_SIZE);
    memcpy(pair.names + NAME_SIZE, other, NAME_SIZE);
    struct pair *slot = pair_slot(txn, &pair);
    if (slot != NULL && memcmp(slot, &pair, sizeof pair) == 0)
        return AM_OK;
    TRY(table_add(txn, table, one, NAME_SIZE, other, NAME_SIZE));
    if (slot != NULL)
        *slot = pair;
    return AM_OK;
}

enum am_err name_text(struct table_txn txn, const uint8_t name[NAME_SIZE], const char **ret_text)
{
    struct am_bytes row;
    enum am_err err = table_get(txn, TABLE_TEXT, name, NAME_SIZE, &row);
    if (err == AM_NOT_FOUND || (err == AM_OK && (row.len == 0 || row.data[row.len - 1] != 0)))
        return AM_CORRUPT;
    TRY(err);
    *ret_text = (const char *)row.data;
    return AM_OK;
}

void name_of_kind(uint8_t kind, uint8_t ret_name[NAME_SIZE])
{
    put_be32(ret_name, NAME_KINDS + kind);
}

bool name_is_kind(const uint8_t name[NAME_SIZE])
{
    return get_be32(name) >= NAME_KINDS;
}
