// SPDX-License-Identifier: Apache-2.0
// A small log with a key of its own, for tests of what is signed and proved.
#pragma once

#include "proto/log/proved.h"

#define KIT_ORIGIN  "igad.amana.example/log"
#define KIT_ENTRIES 40u

struct log_kit {
    EVP_PKEY *key;
    struct log_verifier verifier;
    uint8_t salts[KIT_ENTRIES][LOG_SALT_SIZE];
    char contents[KIT_ENTRIES][32];
    uint8_t leaves[KIT_ENTRIES][LOG_LEAF_SIZE];
    uint8_t hashes[KIT_ENTRIES][LOG_HASH_SIZE];
};

// The same key, salts and contents at each call. Fails the test that calls.
void log_kit_init(struct log_kit *kit);
void log_kit_clear(struct log_kit *kit);

// An Ed25519 key made of 32 bytes of `fill`; the caller frees it.
EVP_PKEY *log_kit_key(uint8_t fill);

// The signed checkpoint of the first `size` entries.
struct log_checkpoint log_kit_checkpoint(const struct log_kit *kit, uint64_t size);

// An entry as the wire has it; its parts are in *parts, which the caller keeps as long.
struct log_kit_entry {
    Amana__V1__ProvedEntry message;
    Amana__V1__Checkpoint checkpoint;
    struct log_checkpoint signed_tree;
    struct merkle_path path;
    ProtobufCBinaryData hashes[MERKLE_PATH + 1];
};
void log_kit_entry(struct log_kit *kit, uint64_t index, uint64_t size, struct log_kit_entry *ret_entry);
