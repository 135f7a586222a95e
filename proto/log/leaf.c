// SPDX-License-Identifier: Apache-2.0
// Packing and hashing of leaves.
#include "proto/log/leaf.h"

#include "proto/log/hash.h"

#include <string.h>

enum am_err log_sha256(struct am_bytes bytes, uint8_t ret_hash[LOG_HASH_SIZE])
{
    return log_hash(&bytes, 1, ret_hash);
}

bool log_sha256_is(struct am_bytes bytes, struct am_bytes digest)
{
    uint8_t own[LOG_HASH_SIZE];

    return digest.len == sizeof own && log_sha256(bytes, own) == AM_OK && memcmp(own, digest.data, sizeof own) == 0;
}

enum am_err log_commit(const uint8_t salt[LOG_SALT_SIZE], struct am_bytes content,
                       uint8_t ret_commitment[LOG_HASH_SIZE])
{
    struct am_bytes parts[] = {{salt, LOG_SALT_SIZE}, content};
    return log_hash(parts, AM_LEN(parts), ret_commitment);
}

void log_leaf_pack(const struct log_leaf *leaf, uint8_t ret_bytes[LOG_LEAF_SIZE])
{
    ret_bytes[0] = leaf->version;
    ret_bytes[1] = leaf->class;
    for (int i = 0; i < 8; i++)
        ret_bytes[2 + i] = (uint8_t)(leaf->time_ns >> (56 - 8 * i));
    for (int i = 0; i < 4; i++)
        ret_bytes[10 + i] = (uint8_t)(leaf->erase_after >> (24 - 8 * i));
    memcpy(ret_bytes + 14, leaf->commitment, LOG_HASH_SIZE);
}

uint64_t log_leaf_time(const uint8_t leaf[LOG_LEAF_SIZE])
{
    uint64_t time = 0;
    for (int i = 0; i < 8; i++)
        time = time << 8 | leaf[2 + i];
    return time;
}

enum am_err log_leaf_parse(struct am_bytes bytes, struct log_leaf *ret_leaf)
{
    if (bytes.len != LOG_LEAF_SIZE || bytes.data[0] != LOG_LEAF_VERSION || bytes.data[1] > 1)
        return AM_PROTO;
    struct log_leaf leaf = {.version = bytes.data[0], .class = bytes.data[1]};
    leaf.time_ns = log_leaf_time(bytes.data);
    for (int i = 0; i < 4; i++)
        leaf.erase_after = leaf.erase_after << 8 | bytes.data[10 + i];
    if (leaf.class == 0 && leaf.erase_after != 0)
        return AM_PROTO;
    memcpy(leaf.commitment, bytes.data + 14, LOG_HASH_SIZE);
    *ret_leaf = leaf;
    return AM_OK;
}

enum am_err log_leaf_hash(const uint8_t leaf[LOG_LEAF_SIZE], uint8_t ret_hash[LOG_HASH_SIZE])
{
    uint8_t bytes[1 + LOG_LEAF_SIZE] = {0};
    memcpy(bytes + 1, leaf, LOG_LEAF_SIZE);
    return log_sha256((struct am_bytes){bytes, sizeof bytes}, ret_hash);
}
