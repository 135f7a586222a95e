// SPDX-License-Identifier: Apache-2.0
// Tiles and edges.
#include "server/store/tree.h"

#include "server/store/bytes.h"

#include <stdlib.h>

static void tile_key(uint8_t key[8], unsigned level, uint64_t index)
{
    put_be64(key, index);
    key[0] = (uint8_t)level; // an index has at most 56 bits: 2^64 leaves are 2^56 tiles
}

enum am_err tree_tile(struct table_txn txn, unsigned level, uint64_t index, const uint8_t (**ret_hashes)[LOG_HASH_SIZE],
                      size_t *ret_n)
{
    uint8_t key[8], edge = (uint8_t)level;
    struct am_bytes row;
    tile_key(key, level, index);
    enum am_err err = table_get(txn, TABLE_TILE, key, sizeof key, &row);
    if (err == AM_NOT_FOUND)
        err = table_get(txn, TABLE_EDGE, &edge, 1, &row);
    if (err == AM_NOT_FOUND || (err == AM_OK && (row.len % LOG_HASH_SIZE != 0 || row.len > TILE_WIDTH * LOG_HASH_SIZE)))
        return AM_CORRUPT;
    TRY(err);
    *ret_hashes = (const uint8_t(*)[LOG_HASH_SIZE])row.data;
    *ret_n = row.len / LOG_HASH_SIZE;
    return AM_OK;
}

enum am_err tree_read(void *user, unsigned level, uint64_t index, uint8_t ret_hash[LOG_HASH_SIZE])
{
    const struct table_txn *txn = user;
    const uint8_t(*hashes)[LOG_HASH_SIZE];
    unsigned height = level % 8;
    uint64_t first = index << height;
    size_t n, at = first % TILE_WIDTH, width = (size_t)1 << height;
    TRY(tree_tile(*txn, level / 8, first / TILE_WIDTH, &hashes, &n));
    if (at + width > n)
        return AM_CORRUPT;
    uint8_t nodes[TILE_WIDTH / 2][LOG_HASH_SIZE];
    memcpy(nodes, hashes[at], width * LOG_HASH_SIZE);
    for (; width > 1; width /= 2)
        for (size_t i = 0; i < width / 2; i++)
            TRY(merkle_node(nodes[2 * i], nodes[2 * i + 1], nodes[i]));
    memcpy(ret_hash, nodes[0], LOG_HASH_SIZE);
    return AM_OK;
}

enum am_err tree_leaf_run(struct table_txn txn, uint64_t from, const uint8_t (**ret_hashes)[LOG_HASH_SIZE],
                          size_t *ret_n)
{
    const uint8_t(*hashes)[LOG_HASH_SIZE];
    size_t n, at = from % TILE_WIDTH;
    TRY(tree_tile(txn, 0, from / TILE_WIDTH, &hashes, &n));
    if (at >= n)
        return AM_CORRUPT;
    *ret_hashes = hashes + at;
    *ret_n = n - at;
    return AM_OK;
}

enum am_err tree_load(struct table_txn txn, uint64_t size, struct tree *ret_tree)
{
    memset(ret_tree, 0, sizeof *ret_tree);
    uint64_t hashes = size;
    for (unsigned level = 0; level < TILE_LEVELS; level++, hashes /= TILE_WIDTH) {
        struct tree_edge *edge = &ret_tree->edges[level];
        uint8_t key = (uint8_t)level;
        struct am_bytes row = {NULL, 0};
        enum am_err err = table_get(txn, TABLE_EDGE, &key, 1, &row);
        if (err != AM_OK && err != AM_NOT_FOUND)
            return err;
        edge->count = (unsigned)(hashes % TILE_WIDTH);
        if (row.len != (size_t)edge->count * LOG_HASH_SIZE)
            return AM_CORRUPT;
        if (row.len > 0)
            memcpy(edge->hashes, row.data, row.len);
    }
    return merkle_range_read(tree_read, &txn, size, &ret_tree->range);
}

// --- The newest nodes
struct recent_node {
    uint64_t index; // + 1; 0: none
    uint8_t hash[LOG_HASH_SIZE];
};
struct tree_recent {
    struct recent_node *levels[MERKLE_LEVELS];
    struct recent_node nodes[2 * RECENT_LEAVES + 4 * MERKLE_LEVELS];
};

static size_t recent_width(unsigned level)
{
    size_t width = level < 12 ? (size_t)RECENT_LEAVES >> level : 0;
    return width < 4 ? 4 : width;
}

enum am_err tree_recent_new(struct tree_recent **ret_recent)
{
    struct tree_recent *recent = calloc(1, sizeof *recent);
    if (recent == NULL)
        return AM_NOMEM;
    struct recent_node *at = recent->nodes;
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        recent->levels[level] = at;
        at += recent_width(level);
    }
    *ret_recent = recent;
    return AM_OK;
}

void tree_recent_free(struct tree_recent *recent)
{
    free(recent);
}

static void recent_put(struct tree_recent *recent, unsigned level, uint64_t index, const uint8_t *hash)
{
    struct recent_node *node = &recent->levels[level][index % recent_width(level)];
    node->index = index + 1;
    memcpy(node->hash, hash, LOG_HASH_SIZE);
}

void tree_recent_seed(struct tree_recent *recent, const struct merkle_range *range)
{
    unsigned at = 0;
    for (int level = MERKLE_LEVELS - 1; level >= 0; level--)
        if (range->size >> level & 1)
            recent_put(recent, (unsigned)level, (range->size >> level) - 1, range->roots[at++]);
}

enum am_err tree_recent_read(void *user, unsigned level, uint64_t index, uint8_t ret_hash[LOG_HASH_SIZE])
{
    const struct tree_recent *recent = user;
    const struct recent_node *node = &recent->levels[level][index % recent_width(level)];
    if (node->index != index + 1)
        return AM_NOT_FOUND;
    memcpy(ret_hash, node->hash, LOG_HASH_SIZE);
    return AM_OK;
}

// --- Growing
struct growing {
    struct tree *tree;
    struct table_txn txn;
    struct tree_recent *recent;
};

static void edge_push(struct tree_edge *edge, const uint8_t *hash)
{
    memcpy(edge->hashes[edge->count++], hash, LOG_HASH_SIZE);
    edge->changed = true;
}

static enum am_err node_made(void *user, unsigned level, uint64_t index, const uint8_t hash[LOG_HASH_SIZE])
{
    struct growing *growing = user;
    recent_put(growing->recent, level, index, hash);
    if (level % 8 != 0)
        return AM_OK;
    // The tile below is full: its root is this hash.
    struct tree_edge *full = &growing->tree->edges[level / 8 - 1];
    uint8_t key[8];
    tile_key(key, level / 8 - 1, index);
    TRY(table_put(growing->txn, TABLE_TILE, 0, key, sizeof key, full->hashes, sizeof full->hashes));
    full->count = 0;
    if (level / 8 < TILE_LEVELS)
        edge_push(&growing->tree->edges[level / 8], hash);
    return AM_OK;
}

enum am_err tree_append(struct tree *tree, struct table_txn txn, struct tree_recent *recent,
                        const uint8_t leaf_hash[LOG_HASH_SIZE])
{
    struct growing growing = {tree, txn, recent};
    recent_put(recent, 0, tree->range.size, leaf_hash);
    edge_push(&tree->edges[0], leaf_hash);
    return merkle_range_append(&tree->range, leaf_hash, node_made, &growing);
}

enum am_err tree_write_edges(struct tree *tree, struct table_txn txn)
{
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        struct tree_edge *edge = &tree->edges[level];
        uint8_t key = (uint8_t)level;
        if (!edge->changed)
            continue;
        TRY(table_put(txn, TABLE_EDGE, 0, &key, 1, edge->hashes, (size_t)edge->count * LOG_HASH_SIZE));
        edge->changed = false;
    }
    return AM_OK;
}
