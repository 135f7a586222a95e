// SPDX-License-Identifier: Apache-2.0
// Verification of inclusion and consistency proofs, as the RFC writes it.
#include "proto/log/merkle.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <string.h>

static bool same(const uint8_t *a, const uint8_t *b)
{
    return CRYPTO_memcmp(a, b, LOG_HASH_SIZE) == 0;
}

// RFC 9162 §2.1.3.2
enum am_err merkle_verify_inclusion(uint64_t index, uint64_t size, const uint8_t leaf_hash[LOG_HASH_SIZE],
                                    const uint8_t (*path)[LOG_HASH_SIZE], size_t len, const uint8_t root[LOG_HASH_SIZE])
{
    if (index >= size)
        return AM_PROOF;
    uint64_t fn = index, sn = size - 1;
    uint8_t r[LOG_HASH_SIZE];
    memcpy(r, leaf_hash, sizeof r);
    for (size_t i = 0; i < len; i++) {
        if (sn == 0)
            return AM_PROOF;
        if ((fn & 1) || fn == sn) {
            TRY(merkle_node(path[i], r, r));
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            TRY(merkle_node(r, path[i], r));
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && same(r, root) ? AM_OK : AM_PROOF;
}

// RFC 9162 §2.1.4.2, steps 3 to 6, for 0 < old_size < new_size.
static enum am_err verify_growth(uint64_t old_size, uint64_t new_size, const uint8_t *old_root, const uint8_t *new_root,
                                 const uint8_t (*path)[LOG_HASH_SIZE], size_t len)
{
    size_t next = 0;
    uint8_t fr[LOG_HASH_SIZE], sr[LOG_HASH_SIZE];
    uint64_t fn = old_size - 1, sn = new_size - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    // Where old_size is a power of two its root is the first node, and isn't sent.
    const uint8_t *first = (old_size & (old_size - 1)) == 0 ? old_root : NULL;
    if (first == NULL) {
        if (len == 0)
            return AM_PROOF;
        first = path[next++];
    }
    memcpy(fr, first, sizeof fr);
    memcpy(sr, first, sizeof sr);
    for (; next < len; next++) {
        if (sn == 0)
            return AM_PROOF;
        if ((fn & 1) || fn == sn) {
            TRY(merkle_node(path[next], fr, fr));
            TRY(merkle_node(path[next], sr, sr));
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            TRY(merkle_node(sr, path[next], sr));
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && same(fr, old_root) && same(sr, new_root) ? AM_OK : AM_PROOF;
}

enum am_err merkle_verify_consistency(uint64_t old_size, uint64_t new_size, const uint8_t old_root[LOG_HASH_SIZE],
                                      const uint8_t new_root[LOG_HASH_SIZE], const uint8_t (*path)[LOG_HASH_SIZE],
                                      size_t len)
{
    if (old_size > new_size)
        return AM_PROOF;
    if (old_size == new_size)
        return len == 0 && same(old_root, new_root) ? AM_OK : AM_PROOF;
    if (old_size == 0) {
        uint8_t empty[LOG_HASH_SIZE];
        merkle_empty_root(empty);
        return len == 0 && same(old_root, empty) ? AM_OK : AM_PROOF;
    }
    return verify_growth(old_size, new_size, old_root, new_root, path, len);
}
