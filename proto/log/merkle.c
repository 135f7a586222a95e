// SPDX-License-Identifier: Apache-2.0
// Growing the tree and making its proofs.
#include "proto/log/merkle.h"

#include <string.h>

enum am_err merkle_node(const uint8_t left[LOG_HASH_SIZE], const uint8_t right[LOG_HASH_SIZE],
                        uint8_t ret_hash[LOG_HASH_SIZE])
{
    uint8_t bytes[1 + 2 * LOG_HASH_SIZE];
    bytes[0] = 1;
    memcpy(bytes + 1, left, LOG_HASH_SIZE);
    memcpy(bytes + 1 + LOG_HASH_SIZE, right, LOG_HASH_SIZE);
    return log_sha256((struct am_bytes){bytes, sizeof bytes}, ret_hash);
}

void merkle_empty_root(uint8_t ret_root[LOG_HASH_SIZE])
{
    static const uint8_t EMPTY[LOG_HASH_SIZE] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                                 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                                 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
    memcpy(ret_root, EMPTY, sizeof EMPTY);
}

void merkle_range_init(struct merkle_range *range)
{
    memset(range, 0, sizeof *range);
}

enum am_err merkle_range_append(struct merkle_range *range, const uint8_t leaf_hash[LOG_HASH_SIZE],
                                merkle_inner_fn inner, void *user)
{
    uint8_t hash[LOG_HASH_SIZE];
    if (range->size == UINT64_MAX)
        return AM_FULL;
    memcpy(hash, leaf_hash, sizeof hash);
    unsigned count = range->count, level = 0;
    // Every trailing one bit of the size is a complete subtree that pairs with the new one.
    for (uint64_t size = range->size; size & 1; size >>= 1) {
        TRY(merkle_node(range->roots[count - 1], hash, hash));
        count--;
        level++;
        if (inner != NULL)
            TRY(inner(user, level, range->size >> level, hash));
    }
    memcpy(range->roots[count], hash, sizeof hash);
    range->count = count + 1;
    range->size++;
    return AM_OK;
}

enum am_err merkle_range_root(const struct merkle_range *range, uint8_t ret_root[LOG_HASH_SIZE])
{
    if (range->count == 0) {
        merkle_empty_root(ret_root);
        return AM_OK;
    }
    uint8_t hash[LOG_HASH_SIZE];
    memcpy(hash, range->roots[range->count - 1], sizeof hash);
    for (unsigned i = range->count - 1; i > 0; i--)
        TRY(merkle_node(range->roots[i - 1], hash, hash));
    memcpy(ret_root, hash, sizeof hash);
    return AM_OK;
}

size_t merkle_range_pack(const struct merkle_range *range, uint8_t ret_bytes[MERKLE_RANGE_MAX])
{
    for (int i = 0; i < 8; i++)
        ret_bytes[i] = (uint8_t)(range->size >> (56 - 8 * i));
    memcpy(ret_bytes + 8, range->roots, (size_t)range->count * LOG_HASH_SIZE);
    return 8 + (size_t)range->count * LOG_HASH_SIZE;
}

enum am_err merkle_range_parse(struct am_bytes bytes, struct merkle_range *ret_range)
{
    if (bytes.len < 8)
        return AM_PROTO;
    struct merkle_range range;
    merkle_range_init(&range);
    for (int i = 0; i < 8; i++)
        range.size = range.size << 8 | bytes.data[i];
    range.count = (unsigned)__builtin_popcountll(range.size);
    if (bytes.len != 8 + (size_t)range.count * LOG_HASH_SIZE)
        return AM_PROTO;
    memcpy(range.roots, bytes.data + 8, bytes.len - 8);
    *ret_range = range;
    return AM_OK;
}

enum am_err merkle_range_read(merkle_read_fn read, void *user, uint64_t size, struct merkle_range *ret_range)
{
    struct merkle_range range;
    merkle_range_init(&range);
    range.size = size;
    uint64_t begin = 0;
    for (int level = MERKLE_LEVELS - 1; level >= 0; level--) {
        if (!(size >> level & 1))
            continue;
        TRY(read(user, (unsigned)level, begin >> level, range.roots[range.count]));
        range.count++;
        begin += 1ull << level;
    }
    *ret_range = range;
    return AM_OK;
}

enum am_err merkle_root(merkle_read_fn read, void *user, uint64_t size, uint8_t ret_root[LOG_HASH_SIZE])
{
    struct merkle_range range;
    TRY(merkle_range_read(read, user, size, &range));
    return merkle_range_root(&range, ret_root);
}

// Largest power of two smaller than n, as its exponent; n ≥ 2.
static unsigned split_level(uint64_t n)
{
    return 63u - (unsigned)__builtin_clzll(n - 1);
}

// Root of leaves [begin, end); begin is a multiple of the power of two that is not below end - begin.
static enum am_err subtree_root(merkle_read_fn read, void *user, uint64_t begin, uint64_t end, uint8_t *ret_hash)
{
    uint8_t parts[MERKLE_LEVELS][LOG_HASH_SIZE];
    unsigned count = 0;
    uint64_t size = end - begin;
    for (int level = MERKLE_LEVELS - 1; level >= 0; level--) {
        if (!(size >> level & 1))
            continue;
        TRY(read(user, (unsigned)level, begin >> level, parts[count++]));
        begin += 1ull << level;
    }
    uint8_t hash[LOG_HASH_SIZE];
    memcpy(hash, parts[count - 1], sizeof hash);
    for (unsigned i = count - 1; i > 0; i--)
        TRY(merkle_node(parts[i - 1], hash, hash));
    memcpy(ret_hash, hash, sizeof hash);
    return AM_OK;
}

static void reverse(struct merkle_path *path)
{
    uint8_t hash[LOG_HASH_SIZE];
    for (unsigned i = 0, j = path->len; i + 1 < j; i++) {
        j--;
        memcpy(hash, path->hashes[i], sizeof hash);
        memcpy(path->hashes[i], path->hashes[j], sizeof hash);
        memcpy(path->hashes[j], hash, sizeof hash);
    }
}

enum am_err merkle_inclusion(merkle_read_fn read, void *user, uint64_t index, uint64_t size,
                             struct merkle_path *ret_path)
{
    if (index >= size)
        return AM_INVALID;
    struct merkle_path path = {.len = 0};
    uint64_t begin = 0, end = size;
    // From the root down: the sibling of each step; the path itself goes from the leaf up.
    while (end - begin > 1) {
        uint64_t middle = begin + (1ull << split_level(end - begin));
        if (index < middle) {
            TRY(subtree_root(read, user, middle, end, path.hashes[path.len++]));
            end = middle;
        } else {
            TRY(subtree_root(read, user, begin, middle, path.hashes[path.len++]));
            begin = middle;
        }
    }
    reverse(&path);
    *ret_path = path;
    return AM_OK;
}

enum am_err merkle_consistency(merkle_read_fn read, void *user, uint64_t old_size, uint64_t new_size,
                               struct merkle_path *ret_path)
{
    if (old_size > new_size)
        return AM_INVALID;
    struct merkle_path path = {.len = 0};
    if (old_size == 0 || old_size == new_size) {
        *ret_path = path;
        return AM_OK;
    }
    uint64_t begin = 0, end = new_size;
    // SUBPROOF(m, D[begin:end], b): b holds while nothing but the left edge was followed.
    while (old_size != end) {
        uint64_t middle = begin + (1ull << split_level(end - begin));
        if (old_size <= middle) {
            TRY(subtree_root(read, user, middle, end, path.hashes[path.len++]));
            end = middle;
        } else {
            TRY(subtree_root(read, user, begin, middle, path.hashes[path.len++]));
            begin = middle;
        }
    }
    if (begin != 0)
        TRY(subtree_root(read, user, begin, end, path.hashes[path.len++]));
    reverse(&path);
    *ret_path = path;
    return AM_OK;
}
