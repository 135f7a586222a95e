// SPDX-License-Identifier: Apache-2.0
// The leaf of the audit log: what the tree hashes of an entry (audit.md, Entry and leaf). Pure; any thread.
#pragma once

#include "proto/model/error.h"

#include <stdbool.h>

#define LOG_LEAF_VERSION 1
#define LOG_LEAF_SIZE    46 // bytes packed
#define LOG_HASH_SIZE    32
#define LOG_SALT_SIZE    16

struct log_leaf {
    uint8_t version;      // LOG_LEAF_VERSION
    uint8_t class;        // 0 the hub's own conduct, 1 belongs to a message
    uint64_t time_ns;     // UTC
    uint32_t erase_after; // days since 1970-01-01; 0 for class 0
    uint8_t commitment[LOG_HASH_SIZE];
};

// commitment = SHA-256(salt ‖ content). AM_CRYPTO.
AM_MUST_USE enum am_err log_commit(const uint8_t salt[LOG_SALT_SIZE], struct am_bytes content,
                                   uint8_t ret_commitment[LOG_HASH_SIZE]);

// version u8 · class u8 · time u64 BE · erase_after u32 BE · commitment[32]
void log_leaf_pack(const struct log_leaf *leaf, uint8_t ret_bytes[LOG_LEAF_SIZE]);

// AM_PROTO for another length, version or class, or an erase_after on class 0.
AM_MUST_USE enum am_err log_leaf_parse(struct am_bytes bytes, struct log_leaf *ret_leaf);

// The time of a packed leaf, UTC ns.
uint64_t log_leaf_time(const uint8_t leaf[LOG_LEAF_SIZE]);

// SHA-256(0x00 ‖ leaf) (RFC 9162 §2.1.1). AM_CRYPTO.
AM_MUST_USE enum am_err log_leaf_hash(const uint8_t leaf[LOG_LEAF_SIZE], uint8_t ret_hash[LOG_HASH_SIZE]);

// SHA-256 of one piece of bytes. AM_CRYPTO.
AM_MUST_USE enum am_err log_sha256(struct am_bytes bytes, uint8_t ret_hash[LOG_HASH_SIZE]);

// Whether `digest` is it; not where it has another length, or the hash can't be had.
bool log_sha256_is(struct am_bytes bytes, struct am_bytes digest);
