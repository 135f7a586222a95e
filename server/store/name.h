// SPDX-License-Identifier: Apache-2.0
// Units, devices and cases as 4-byte names, so that an index row costs bytes instead of strings.
#pragma once

#include "server/store/table.h"

#define NAME_SIZE  4
#define NAME_LIMIT 480         // bytes of a text
#define NAME_KINDS 0xffffff00u // from here on no text's, but that of a kind of entry

// Names that were looked up, since a text keeps its own for ever, and pairs that were added. One thread's; a writer
// clears it with a transaction that it gives up, as what that made isn't there.
struct name_cache;
AM_MUST_USE enum am_err name_cache_new(struct name_cache **ret_cache);
void name_cache_free(struct name_cache *cache);
void name_cache_clear(struct name_cache *cache);

// AM_NOT_FOUND where the text has no name yet; 0 bytes and more than NAME_LIMIT have none.
AM_MUST_USE enum am_err name_find(struct table_txn txn, const void *text, size_t len, uint8_t ret_name[NAME_SIZE]);

// Finds it or gives it the name *next, which then grows. For the writer.
AM_MUST_USE enum am_err name_make(struct table_txn txn, const char *text, uint32_t *next, uint8_t ret_name[NAME_SIZE]);

// Adds to a table of pairs of names, of which no row ever goes. For the writer.
AM_MUST_USE enum am_err name_pair_add(struct table_txn txn, enum table table, const uint8_t one[NAME_SIZE],
                                      const uint8_t other[NAME_SIZE]);

// The text with its NUL, in LMDB's memory. AM_CORRUPT where there is none.
AM_MUST_USE enum am_err name_text(struct table_txn txn, const uint8_t name[NAME_SIZE], const char **ret_text);

// The name that the index has for a kind of entry, and whether a name is one.
void name_of_kind(uint8_t kind, uint8_t ret_name[NAME_SIZE]);
bool name_is_kind(const uint8_t name[NAME_SIZE]);
