// SPDX-License-Identifier: Apache-2.0
// The Merkle tree of RFC 9162 §2.1 over SHA-256: compact ranges that grow, proofs made over any store of subtree
// hashes, and their verification. No I/O; any thread.
#pragma once

#include "proto/log/leaf.h"

#define MERKLE_LEVELS    64
#define MERKLE_PATH      65 // hashes of the longest proof, one of consistency
#define MERKLE_INCLUSION 64 // of one of inclusion

struct merkle_path {
    uint8_t hashes[MERKLE_PATH][LOG_HASH_SIZE];
    unsigned len;
};

// Hash of an inner node: SHA-256(0x01 ‖ left ‖ right). AM_CRYPTO.
AM_MUST_USE enum am_err merkle_node(const uint8_t left[LOG_HASH_SIZE], const uint8_t right[LOG_HASH_SIZE],
                                    uint8_t ret_hash[LOG_HASH_SIZE]);

// The root of the empty tree: SHA-256 of nothing.
void merkle_empty_root(uint8_t ret_root[LOG_HASH_SIZE]);

// --- Compact range: the roots of the complete subtrees of a tree of `size` leaves, from the left (largest) one on.
struct merkle_range {
    uint64_t size;
    unsigned count; // = number of one bits of size
    uint8_t roots[MERKLE_LEVELS][LOG_HASH_SIZE];
};
void merkle_range_init(struct merkle_range *range);

// Adds one leaf hash. `inner` (may be NULL) is called for each complete subtree that this leaf finishes, from level 1
// up: (level, index) covers leaves [index << level, (index + 1) << level). AM_CRYPTO; AM_FULL past
// 2^64 - 1 leaves; or what `inner` returned. After any of these the range is as it was.
typedef enum am_err (*merkle_inner_fn)(void *user, unsigned level, uint64_t index, const uint8_t hash[LOG_HASH_SIZE]);
AM_MUST_USE enum am_err merkle_range_append(struct merkle_range *range, const uint8_t leaf_hash[LOG_HASH_SIZE],
                                            merkle_inner_fn inner, void *user);
AM_MUST_USE enum am_err merkle_range_root(const struct merkle_range *range, uint8_t ret_root[LOG_HASH_SIZE]);

// size u64 BE ‖ roots. `ret_bytes` holds MERKLE_RANGE_MAX.
#define MERKLE_RANGE_MAX (8 + MERKLE_LEVELS * LOG_HASH_SIZE)
size_t merkle_range_pack(const struct merkle_range *range, uint8_t ret_bytes[MERKLE_RANGE_MAX]);
AM_MUST_USE enum am_err merkle_range_parse(struct am_bytes bytes, struct merkle_range *ret_range); // AM_PROTO

// --- Proofs over a reader: gives the hash of the complete subtree (level, index).
typedef enum am_err (*merkle_read_fn)(void *user, unsigned level, uint64_t index, uint8_t ret_hash[LOG_HASH_SIZE]);

// Root of the first `size` leaves. Reads one hash per one bit of size.
AM_MUST_USE enum am_err merkle_root(merkle_read_fn read, void *user, uint64_t size, uint8_t ret_root[LOG_HASH_SIZE]);
// The compact range of the first `size` leaves.
AM_MUST_USE enum am_err merkle_range_read(merkle_read_fn read, void *user, uint64_t size,
                                          struct merkle_range *ret_range);
// RFC 9162 §2.1.3.1. AM_INVALID unless index < size.
AM_MUST_USE enum am_err merkle_inclusion(merkle_read_fn read, void *user, uint64_t index, uint64_t size,
                                         struct merkle_path *ret_path);
// RFC 9162 §2.1.4.1. Empty for old_size 0 and for old_size = new_size. AM_INVALID unless old_size ≤ new_size.
AM_MUST_USE enum am_err merkle_consistency(merkle_read_fn read, void *user, uint64_t old_size, uint64_t new_size,
                                           struct merkle_path *ret_path);

// --- Verification: AM_PROOF unless the proof holds. `path` are len hashes of 32 bytes.

// RFC 9162 §2.1.3.2
AM_MUST_USE enum am_err merkle_verify_inclusion(uint64_t index, uint64_t size, const uint8_t leaf_hash[LOG_HASH_SIZE],
                                                const uint8_t (*path)[LOG_HASH_SIZE], size_t len,
                                                const uint8_t root[LOG_HASH_SIZE]);
// RFC 9162 §2.1.4.2; old_size 0 is consistent with everything and takes an empty proof.
AM_MUST_USE enum am_err merkle_verify_consistency(uint64_t old_size, uint64_t new_size,
                                                  const uint8_t old_root[LOG_HASH_SIZE],
                                                  const uint8_t new_root[LOG_HASH_SIZE],
                                                  const uint8_t (*path)[LOG_HASH_SIZE], size_t len);
