// SPDX-License-Identifier: Apache-2.0
// Subtree hashes out of tiles. A tile is expanded once into all the nodes above its hashes, so that the proofs of
// entries that lie near each other cost no hashing.
#include "server/store/tile_cache.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS   8
#define HEIGHTS 8
#define NODES   (2 * TILE_WIDTH - 2) // heights 0 to 7: 256 + 128 + … + 2

struct slot {
    unsigned level;
    uint64_t index;
    size_t n; // hashes at height 0 that are there; 0: a free slot
    uint64_t used;
    uint8_t nodes[NODES][LOG_HASH_SIZE];
};

struct tile_cache {
    uint64_t clock;
    struct slot slots[SLOTS];
};

enum am_err tile_cache_new(struct tile_cache **ret_cache)
{
    struct tile_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return AM_NOMEM;
    *ret_cache = cache;
    return AM_OK;
}

void tile_cache_free(struct tile_cache *cache)
{
    free(cache);
}

// Where the nodes of one height begin.
static size_t height_start(unsigned height)
{
    return 2 * TILE_WIDTH - (2 * TILE_WIDTH >> height);
}

static struct slot *slot_of(struct tile_cache *cache, unsigned level, uint64_t index)
{
    struct slot *oldest = &cache->slots[0];
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &cache->slots[i];
        if (slot->n > 0 && slot->level == level && slot->index == index)
            return slot;
        if (slot->used < oldest->used)
            oldest = slot;
    }
    oldest->level = level;
    oldest->index = index;
    oldest->n = 0;
    return oldest;
}

static enum am_err expand(struct slot *slot, size_t n)
{
    for (unsigned height = 1; height < HEIGHTS; height++) {
        uint8_t(*below)[LOG_HASH_SIZE] = &slot->nodes[height_start(height - 1)];
        uint8_t(*at)[LOG_HASH_SIZE] = &slot->nodes[height_start(height)];
        for (size_t i = slot->n >> height; i < n >> height; i++)
            TRY(merkle_node(below[2 * i], below[2 * i + 1], at[i]));
    }
    slot->n = n;
    return AM_OK;
}

// Brings a slot up to what a tree of `size` has of its tile.
static enum am_err slot_fill(const struct tile_reader *reader, struct slot *slot)
{
    const uint8_t(*hashes)[LOG_HASH_SIZE];
    uint64_t have = reader->size >> (HEIGHTS * slot->level), before = slot->index * TILE_WIDTH;
    size_t n = have <= before ? 0 : have - before < TILE_WIDTH ? (size_t)(have - before) : TILE_WIDTH, on_disk;
    if (n <= slot->n)
        return AM_OK;
    TRY(tree_tile(reader->txn, slot->level, slot->index, &hashes, &on_disk));
    if (on_disk < n)
        return AM_CORRUPT;
    memcpy(slot->nodes[slot->n], hashes[slot->n], (n - slot->n) * LOG_HASH_SIZE);
    return expand(slot, n);
}

enum am_err tile_cache_read(void *user, unsigned level, uint64_t index, uint8_t ret_hash[LOG_HASH_SIZE])
{
    const struct tile_reader *reader = user;
    unsigned height = level % HEIGHTS;
    if (level >= MERKLE_LEVELS || index >= reader->size >> level)
        return AM_INVALID;
    struct slot *slot = slot_of(reader->cache, level / HEIGHTS, (index << height) / TILE_WIDTH);
    slot->used = ++reader->cache->clock;
    TRY(slot_fill(reader, slot));
    size_t at = (size_t)(index & ((TILE_WIDTH >> height) - 1));
    if (((at + 1) << height) > slot->n)
        return AM_CORRUPT;
    memcpy(ret_hash, slot->nodes[height_start(height) + at], LOG_HASH_SIZE);
    return AM_OK;
}
