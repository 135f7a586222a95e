// SPDX-License-Identifier: Apache-2.0
// The log of log_kit.h.
#include "tests/unit/log_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

EVP_PKEY *log_kit_key(uint8_t fill)
{
    uint8_t seed[32];
    memset(seed, fill, sizeof seed);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    assert_non_null(key);
    return key;
}

static void make_entry(struct log_kit *kit, unsigned i)
{
    // Every third is of class 0.
    struct log_leaf leaf = {.version = LOG_LEAF_VERSION,
                            .class = i % 3 != 0,
                            .time_ns = 1790000000000000000ull + i,
                            .erase_after = i % 3 != 0 ? 20000 + i : 0};
    memset(kit->salts[i], (int)i + 1, LOG_SALT_SIZE);
    snprintf(kit->contents[i], sizeof kit->contents[i], "content of entry %u", i);
    struct am_bytes content = {(const uint8_t *)kit->contents[i], strlen(kit->contents[i])};
    assert_int_equal(AM_OK, log_commit(kit->salts[i], content, leaf.commitment));
    log_leaf_pack(&leaf, kit->leaves[i]);
    assert_int_equal(AM_OK, log_leaf_hash(kit->leaves[i], kit->hashes[i]));
}

void log_kit_init(struct log_kit *kit)
{
    char vkey[LOG_VKEY_MAX];
    memset(kit, 0, sizeof *kit);
    kit->key = log_kit_key(7);
    assert_int_equal(AM_OK, log_vkey_text(KIT_ORIGIN, kit->key, vkey));
    assert_int_equal(AM_OK, log_verifier_parse(vkey, NULL, &kit->verifier));
    for (unsigned i = 0; i < KIT_ENTRIES; i++)
        make_entry(kit, i);
}

void log_kit_clear(struct log_kit *kit)
{
    log_verifier_clear(&kit->verifier);
    EVP_PKEY_free(kit->key);
}

static enum am_err read_node(void *user, unsigned level, uint64_t index, uint8_t ret_hash[LOG_HASH_SIZE])
{
    const struct log_kit *kit = user;
    struct merkle_range range;
    merkle_range_init(&range);
    for (uint64_t i = index << level; i < (index + 1) << level; i++)
        TRY(merkle_range_append(&range, kit->hashes[i], NULL, NULL));
    return merkle_range_root(&range, ret_hash);
}

struct log_checkpoint log_kit_checkpoint(const struct log_kit *kit, uint64_t size)
{
    struct log_checkpoint checkpoint = {.size = size};
    assert_int_equal(AM_OK, merkle_root(read_node, (void *)kit, size, checkpoint.root));
    assert_int_equal(AM_OK, log_checkpoint_sign(KIT_ORIGIN, kit->key, &checkpoint));
    return checkpoint;
}

void log_kit_entry(struct log_kit *kit, uint64_t index, uint64_t size, struct log_kit_entry *ret_entry)
{
    struct log_leaf leaf;
    memset(ret_entry, 0, sizeof *ret_entry);
    assert_int_equal(AM_OK, log_leaf_parse((struct am_bytes){kit->leaves[index], LOG_LEAF_SIZE}, &leaf));
    assert_int_equal(AM_OK, merkle_inclusion(read_node, kit, index, size, &ret_entry->path));
    ret_entry->signed_tree = log_kit_checkpoint(kit, size);
    amana__v1__checkpoint__init(&ret_entry->checkpoint);
    ret_entry->checkpoint.origin = (char *)KIT_ORIGIN;
    ret_entry->checkpoint.size = size;
    ret_entry->checkpoint.root = (ProtobufCBinaryData){LOG_HASH_SIZE, ret_entry->signed_tree.root};
    ret_entry->checkpoint.signature = (ProtobufCBinaryData){LOG_SIGNATURE_SIZE, ret_entry->signed_tree.signature};
    for (unsigned i = 0; i < MERKLE_PATH; i++)
        ret_entry->hashes[i] = (ProtobufCBinaryData){LOG_HASH_SIZE, ret_entry->path.hashes[i]};
    Amana__V1__ProvedEntry *message = &ret_entry->message;
    amana__v1__proved_entry__init(message);
    message->content = (ProtobufCBinaryData){strlen(kit->contents[index]), (uint8_t *)kit->contents[index]};
    message->salt = (ProtobufCBinaryData){LOG_SALT_SIZE, kit->salts[index]};
    message->version = leaf.version;
    message->class_ = leaf.class;
    message->time = leaf.time_ns;
    message->erase_after = leaf.erase_after;
    message->index = index;
    message->path = ret_entry->hashes;
    message->n_path = ret_entry->path.len;
    message->checkpoint = &ret_entry->checkpoint;
}
