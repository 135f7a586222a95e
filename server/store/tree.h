// SPDX-License-Identifier: Apache-2.0
// The Merkle tree in its tables: whole tiles of 256 hashes written once, the right edge one row per level; the writer's
// own copy of the edge; and reading any complete subtree. The transaction's thread.
#pragma once

#include "proto/log/merkle.h"
#include "server/store/table.h"

#define TILE_WIDTH  256
#define TILE_LEVELS 8 // each is 8 levels of the tree

struct tree_edge {
    unsigned count; // hashes of the tile that isn't full yet
    bool changed;   // since the last tree_write_edges
    uint8_t hashes[TILE_WIDTH][LOG_HASH_SIZE];
};

// The writer's tree. Grows in memory; full tiles are written as they fill up.
struct tree {
    struct merkle_range range;
    struct tree_edge edges[TILE_LEVELS];
};

// Reads the edge of a tree of `size` leaves; AM_CORRUPT where a row is missing or the levels disagree.
AM_MUST_USE enum am_err tree_load(struct table_txn txn, uint64_t size, struct tree *ret_tree);

struct tree_recent;
// Adds a leaf, writes what got full, keeps the new nodes in `recent`.
AM_MUST_USE enum am_err tree_append(struct tree *tree, struct table_txn txn, struct tree_recent *recent,
                                    const uint8_t leaf_hash[LOG_HASH_SIZE]);
AM_MUST_USE enum am_err tree_write_edges(struct tree *tree, struct table_txn txn);

// The hashes of one tile that stand on disk: all 256, or those of the edge. In LMDB's memory. AM_CORRUPT.
AM_MUST_USE enum am_err tree_tile(struct table_txn txn, unsigned level, uint64_t index,
                                  const uint8_t (**ret_hashes)[LOG_HASH_SIZE], size_t *ret_n);

// A merkle_read_fn over the tables; `user` is a struct table_txn. AM_CORRUPT where a hash is missing.
enum am_err tree_read(void *user, unsigned level, uint64_t index, uint8_t ret_hash[LOG_HASH_SIZE]);

// The leaf hashes from `from` on that stand together: at least one, up to the end of their tile. In LMDB's memory.
AM_MUST_USE enum am_err tree_leaf_run(struct table_txn txn, uint64_t from, const uint8_t (**ret_hashes)[LOG_HASH_SIZE],
                                      size_t *ret_n);

// --- The newest nodes of each level, in memory: enough for the proofs of a batch's entries, without reading.
#define RECENT_LEAVES 4096 // a batch has at most LIMIT_BATCH_ENTRIES
AM_MUST_USE enum am_err tree_recent_new(struct tree_recent **ret_recent);
void tree_recent_free(struct tree_recent *recent);
void tree_recent_seed(struct tree_recent *recent, const struct merkle_range *range); // the range's own roots
// A merkle_read_fn; `user` is the struct tree_recent. AM_NOT_FOUND for what isn't kept.
enum am_err tree_recent_read(void *user, unsigned level, uint64_t index, uint8_t ret_hash[LOG_HASH_SIZE]);
