// SPDX-License-Identifier: Apache-2.0
// Expanded tiles in the memory of one view: 8 of 16 KiB. What it holds stays right with every later snapshot, since
// the tree only grows. One thread at a time.
#pragma once

#include "server/store/tree.h"

struct tile_cache;
// AM_NOMEM; NULL is fine for the second.
AM_MUST_USE enum am_err tile_cache_new(struct tile_cache **ret_cache);
void tile_cache_free(struct tile_cache *cache);

struct tile_reader {
    struct table_txn txn;
    uint64_t size; // of the tree that is read, at most the snapshot's
    struct tile_cache *cache;
};
// A merkle_read_fn; `user` is a struct tile_reader. AM_INVALID for a subtree that isn't complete, AM_CORRUPT where a
// hash is missing.
enum am_err tile_cache_read(void *user, unsigned level, uint64_t index, uint8_t ret_hash[LOG_HASH_SIZE]);
