// SPDX-License-Identifier: Apache-2.0
// The tree against a naive one written from RFC 9162 §2.1 as it stands there, for all sizes to 300; each corruption of
// a proof; and other people's vectors where they are at hand.
#include "proto/codec/base64.h"
#include "proto/log/merkle.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZES      301 // 0 to 300
#define PATH(path) ((const uint8_t(*)[LOG_HASH_SIZE])(path).hashes)

// --- The naive tree
static uint8_t leaves[SIZES][32];   // leaf hashes
static uint8_t roots[SIZES][32];    // of the first n leaves
static unsigned char *cache[SIZES]; // [begin] → hashes of [begin, end)

static void sha256(const void *data, size_t len, uint8_t *ret_hash)
{
    assert_int_equal(1, EVP_Digest(data, len, ret_hash, NULL, EVP_sha256(), NULL));
}

// MTH(D[begin:end]), §2.1.1
static const uint8_t *naive(unsigned begin, unsigned end)
{
    static uint8_t known[SIZES][SIZES];
    uint8_t *hash = cache[begin] + 32u * end;
    if (known[begin][end])
        return hash;
    known[begin][end] = 1;
    unsigned k = 1;
    uint8_t node[65] = {1};
    if (end == begin)
        sha256("", 0, hash);
    else if (end - begin == 1)
        memcpy(hash, leaves[begin], 32);
    else {
        while (k * 2 < end - begin)
            k *= 2;
        memcpy(node + 1, naive(begin, begin + k), 32);
        memcpy(node + 33, naive(begin + k, end), 32);
        sha256(node, sizeof node, hash);
    }
    return hash;
}

// PATH(m, D[begin:end]), §2.1.3.1
static void naive_path(unsigned m, unsigned begin, unsigned end, struct merkle_path *path)
{
    unsigned k = 1;
    if (end - begin == 1)
        return;
    while (k * 2 < end - begin)
        k *= 2;
    if (m < k) {
        naive_path(m, begin, begin + k, path);
        memcpy(path->hashes[path->len++], naive(begin + k, end), 32);
    } else {
        naive_path(m - k, begin + k, end, path);
        memcpy(path->hashes[path->len++], naive(begin, begin + k), 32);
    }
}

// SUBPROOF(m, D[begin:end], b), §2.1.4.1
static void naive_subproof(unsigned m, unsigned begin, unsigned end, bool whole, struct merkle_path *path)
{
    unsigned k = 1;
    if (m == end - begin) {
        if (!whole)
            memcpy(path->hashes[path->len++], naive(begin, end), 32);
        return;
    }
    while (k * 2 < end - begin)
        k *= 2;
    if (m <= k) {
        naive_subproof(m, begin, begin + k, whole, path);
        memcpy(path->hashes[path->len++], naive(begin + k, end), 32);
    } else {
        naive_subproof(m - k, begin + k, end, false, path);
        memcpy(path->hashes[path->len++], naive(begin, begin + k), 32);
    }
}

static int plant(void **state)
{
    for (unsigned i = 0; i < SIZES; i++) {
        uint8_t bytes[6] = {0, 'l', 'e', 'a', (uint8_t)(i >> 8), (uint8_t)i};
        cache[i] = malloc(32u * SIZES);
        assert_non_null(cache[i]);
        sha256(bytes, sizeof bytes, leaves[i]);
    }
    for (unsigned n = 0; n < SIZES; n++)
        memcpy(roots[n], naive(0, n), 32);
    return 0;
}

static int fell(void **state)
{
    for (unsigned i = 0; i < SIZES; i++)
        free(cache[i]);
    return 0;
}

// Only whole subtrees within the size given are there to be read.
struct reader {
    uint64_t size;
    unsigned reads, fail_at;
};

static enum am_err read_node(void *user, unsigned level, uint64_t index, uint8_t ret_hash[LOG_HASH_SIZE])
{
    struct reader *reader = user;
    assert_true(level < 63 && (index + 1) << level <= reader->size);
    if (++reader->reads == reader->fail_at)
        return AM_CORRUPT;
    memcpy(ret_hash, naive((unsigned)(index << level), (unsigned)((index + 1) << level)), 32);
    return AM_OK;
}

// --- Growing
static enum am_err check_inner(void *user, unsigned level, uint64_t index, const uint8_t hash[LOG_HASH_SIZE])
{
    unsigned *count = user;
    assert_memory_equal(hash, naive((unsigned)(index << level), (unsigned)((index + 1) << level)), 32);
    ++*count;
    return AM_OK;
}

static void a_growing_range_has_the_root_of_each_size(void **state)
{
    struct merkle_range range, again;
    uint8_t root[32], packed[MERKLE_RANGE_MAX];
    unsigned inner = 0;
    merkle_range_init(&range);
    for (unsigned n = 0; n < SIZES; n++) {
        assert_int_equal(n, range.size);
        assert_int_equal(__builtin_popcount(n), range.count);
        assert_int_equal(AM_OK, merkle_range_root(&range, root));
        assert_memory_equal(roots[n], root, 32);
        size_t len = merkle_range_pack(&range, packed);
        assert_int_equal(8 + 32 * range.count, len);
        assert_int_equal(AM_OK, merkle_range_parse((struct am_bytes){packed, len}, &again));
        assert_int_equal(AM_OK, merkle_range_root(&again, root));
        assert_memory_equal(roots[n], root, 32);
        if (n + 1 < SIZES)
            assert_int_equal(AM_OK, merkle_range_append(&range, leaves[n], check_inner, &inner));
    }
    // Each leaf but those at the right edge finishes one inner node: n leaves, n - popcount(n) of them.
    assert_int_equal(SIZES - 1 - __builtin_popcount(SIZES - 1), inner);
}

static enum am_err refuse_inner(void *user, unsigned level, uint64_t index, const uint8_t hash[LOG_HASH_SIZE])
{
    return AM_FULL;
}

static void an_append_that_failed_left_the_range_as_it_was(void **state)
{
    struct merkle_range range;
    uint8_t root[32];
    merkle_range_init(&range);
    for (unsigned n = 0; n < 7; n++)
        assert_int_equal(AM_OK, merkle_range_append(&range, leaves[n], NULL, NULL));
    assert_int_equal(AM_FULL, merkle_range_append(&range, leaves[7], refuse_inner, NULL));
    assert_int_equal(7, range.size);
    assert_int_equal(AM_OK, merkle_range_root(&range, root));
    assert_memory_equal(roots[7], root, 32);
    range.size = UINT64_MAX;
    range.count = 64;
    assert_int_equal(AM_FULL, merkle_range_append(&range, leaves[7], NULL, NULL));
}

static void a_packed_range_of_another_length_is_refused(void **state)
{
    uint8_t bytes[MERKLE_RANGE_MAX + 1] = {0};
    struct merkle_range range;
    bytes[7] = 5; // two subtrees
    for (size_t len = 0; len <= sizeof bytes; len++)
        assert_int_equal(len == 8 + 64 ? AM_OK : AM_PROTO, merkle_range_parse((struct am_bytes){bytes, len}, &range));
    memset(bytes, 0xff, 8); // 64 subtrees
    assert_int_equal(AM_OK, merkle_range_parse((struct am_bytes){bytes, MERKLE_RANGE_MAX}, &range));
}

static void roots_and_ranges_are_read_from_whole_subtrees(void **state)
{
    for (unsigned n = 0; n < SIZES; n++) {
        struct reader reader = {.size = n};
        struct merkle_range range;
        uint8_t root[32];
        assert_int_equal(AM_OK, merkle_root(read_node, &reader, n, root));
        assert_memory_equal(roots[n], root, 32);
        assert_int_equal(__builtin_popcount(n), reader.reads);
        assert_int_equal(AM_OK, merkle_range_read(read_node, &reader, n, &range));
        if (n + 1 < SIZES) {
            assert_int_equal(AM_OK, merkle_range_append(&range, leaves[n], NULL, NULL));
            assert_int_equal(AM_OK, merkle_range_root(&range, root));
            assert_memory_equal(roots[n + 1], root, 32);
        }
    }
}

// --- Proofs
static void same_path(const struct merkle_path *expected, const struct merkle_path *path)
{
    assert_int_equal(expected->len, path->len);
    for (unsigned i = 0; i < path->len; i++)
        assert_memory_equal(expected->hashes[i], path->hashes[i], 32);
}

static void each_leaf_is_proved_in_each_size(void **state)
{
    for (unsigned n = 1; n < SIZES; n++)
        for (unsigned i = 0; i < n; i++) {
            struct reader reader = {.size = n};
            struct merkle_path path, expected = {.len = 0};
            naive_path(i, 0, n, &expected);
            assert_int_equal(AM_OK, merkle_inclusion(read_node, &reader, i, n, &path));
            same_path(&expected, &path);
            assert_int_equal(AM_OK, merkle_verify_inclusion(i, n, leaves[i], PATH(path), path.len, roots[n]));
        }
}

static void each_size_is_proved_to_begin_each_larger_one(void **state)
{
    for (unsigned n = 1; n < SIZES; n++)
        for (unsigned m = 0; m <= n; m++) {
            struct reader reader = {.size = n};
            struct merkle_path path, expected = {.len = 0};
            if (m > 0)
                naive_subproof(m, 0, n, true, &expected);
            assert_int_equal(AM_OK, merkle_consistency(read_node, &reader, m, n, &path));
            same_path(&expected, &path);
            assert_int_equal(AM_OK, merkle_verify_consistency(m, n, roots[m], roots[n], PATH(path), path.len));
        }
}

static void what_cannot_be_proved_is_not_asked_of_the_store(void **state)
{
    struct reader reader = {.size = 0};
    struct merkle_path path;
    assert_int_equal(AM_INVALID, merkle_inclusion(read_node, &reader, 0, 0, &path));
    assert_int_equal(AM_INVALID, merkle_inclusion(read_node, &reader, 8, 8, &path));
    assert_int_equal(AM_INVALID, merkle_consistency(read_node, &reader, 9, 8, &path));
    assert_int_equal(0, reader.reads);
}

static void a_store_that_cannot_read_is_reported(void **state)
{
    struct merkle_path path = {.len = 77};
    uint8_t root[32];
    for (unsigned at = 1; at <= 3; at++) {
        struct reader reader = {.size = 7, .fail_at = at};
        assert_int_equal(AM_CORRUPT, merkle_root(read_node, &reader, 7, root));
        reader.reads = 0;
        assert_int_equal(AM_CORRUPT, merkle_inclusion(read_node, &reader, 2, 7, &path));
        reader.reads = 0;
        assert_int_equal(AM_CORRUPT, merkle_consistency(read_node, &reader, 3, 7, &path));
    }
    assert_int_equal(77, path.len);
}

// --- Corruption
struct claim {
    bool inclusion;
    uint64_t at, size; // index, or old size
    uint8_t first[32]; // leaf hash, or old root
    uint8_t root[32];
    struct merkle_path path;
};

static enum am_err verify(const struct claim *claim)
{
    if (claim->inclusion)
        return merkle_verify_inclusion(claim->at, claim->size, claim->first, PATH(claim->path), claim->path.len,
                                       claim->root);
    return merkle_verify_consistency(claim->at, claim->size, claim->first, claim->root, PATH(claim->path),
                                     claim->path.len);
}

static void refused(const struct claim *claim, const char *what)
{
    if (verify(claim) != AM_PROOF)
        fail_msg("%s of %llu in %llu passes with %s", claim->inclusion ? "inclusion" : "consistency",
                 (unsigned long long)claim->at, (unsigned long long)claim->size, what);
}

static void no_bit_may_be_flipped(struct claim *claim)
{
    for (unsigned bit = 0; bit < 256 * (claim->path.len + 2); bit++) {
        uint8_t *hash = bit < 256 ? claim->first : bit < 512 ? claim->root : claim->path.hashes[bit / 256 - 2];
        hash[bit % 256 / 8] ^= (uint8_t)(1u << bit % 8);
        refused(claim, "a bit flipped");
        hash[bit % 256 / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void no_hash_may_be_missing_or_added(const struct claim *claim)
{
    for (unsigned gone = 0; gone < claim->path.len; gone++) {
        struct claim shorter = *claim;
        memmove(shorter.path.hashes[gone], shorter.path.hashes[gone + 1], 32u * (claim->path.len - gone - 1));
        shorter.path.len--;
        refused(&shorter, "a hash missing");
    }
    for (unsigned at = 0; at <= claim->path.len; at++)
        for (unsigned kind = 0; kind < 4; kind++) {
            struct claim longer = *claim;
            const uint8_t zeros[32] = {0};
            const uint8_t *added[] = {zeros, claim->first, claim->root, claim->path.hashes[at > 0 ? at - 1 : 0]};
            memmove(longer.path.hashes[at + 1], longer.path.hashes[at], 32u * (claim->path.len - at));
            memcpy(longer.path.hashes[at], added[kind], 32);
            longer.path.len++;
            refused(&longer, "a hash too many");
        }
}

static void no_hashes_may_be_exchanged(const struct claim *claim)
{
    for (unsigned i = 1; i < claim->path.len; i++) {
        struct claim other = *claim;
        memcpy(other.path.hashes[i], claim->path.hashes[i - 1], 32);
        memcpy(other.path.hashes[i - 1], claim->path.hashes[i], 32);
        refused(&other, "two hashes exchanged");
    }
}

static void corrupt(struct claim *claim)
{
    assert_int_equal(AM_OK, verify(claim));
    no_bit_may_be_flipped(claim);
    no_hash_may_be_missing_or_added(claim);
    no_hashes_may_be_exchanged(claim);
    struct claim other = *claim;
    for (other.at = 0; other.at <= claim->size + 1; other.at++)
        if (other.at != claim->at)
            refused(&other, "another index or old size");
}

static struct claim inclusion_of(unsigned index, unsigned size)
{
    struct claim claim = {.inclusion = true, .at = index, .size = size};
    memcpy(claim.first, leaves[index], 32);
    memcpy(claim.root, roots[size], 32);
    naive_path(index, 0, size, &claim.path);
    return claim;
}

static struct claim consistency_of(unsigned old, unsigned size)
{
    struct claim claim = {.at = old, .size = size};
    memcpy(claim.first, roots[old], 32);
    memcpy(claim.root, roots[size], 32);
    if (old > 0)
        naive_subproof(old, 0, size, true, &claim.path);
    return claim;
}

static const unsigned CORRUPTED[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 64, 65, 100, 255, 256, 257, 300};

static void no_corruption_of_an_inclusion_proof_passes(void **state)
{
    for (size_t s = 0; s < AM_LEN(CORRUPTED); s++) {
        unsigned size = CORRUPTED[s], step = size > 17 ? 13 : 1;
        for (unsigned index = 0; index < size; index += step) {
            struct claim claim = inclusion_of(index, size);
            corrupt(&claim);
        }
        struct claim last = inclusion_of(size - 1, size);
        corrupt(&last);
    }
}

static void no_corruption_of_a_consistency_proof_passes(void **state)
{
    for (size_t s = 0; s < AM_LEN(CORRUPTED); s++) {
        unsigned size = CORRUPTED[s], step = size > 17 ? 13 : 1;
        for (unsigned old = 1; old < size; old += step) {
            struct claim claim = consistency_of(old, size);
            corrupt(&claim);
        }
    }
}

static void the_empty_tree_begins_every_tree_but_has_one_root(void **state)
{
    assert_int_equal(AM_OK, merkle_verify_consistency(0, 0, roots[0], roots[0], NULL, 0));
    assert_int_equal(AM_OK, merkle_verify_consistency(0, 5, roots[0], roots[5], NULL, 0));
    assert_int_equal(AM_PROOF, merkle_verify_consistency(0, 5, roots[1], roots[5], NULL, 0));
    assert_int_equal(AM_PROOF,
                     merkle_verify_consistency(0, 5, roots[0], roots[5], (const uint8_t(*)[LOG_HASH_SIZE])leaves, 1));
    assert_int_equal(AM_PROOF, merkle_verify_consistency(5, 5, roots[5], roots[4], NULL, 0));
    assert_int_equal(AM_PROOF, merkle_verify_consistency(6, 5, roots[5], roots[5], NULL, 0));
    assert_int_equal(AM_PROOF,
                     merkle_verify_consistency(5, 5, roots[5], roots[5], (const uint8_t(*)[LOG_HASH_SIZE])leaves, 1));
}

// The root of two leaves is reached from the second by way of the first: in a tree of one there is no such way.
static void a_way_that_goes_on_above_the_root_proves_nothing(void **state)
{
    const uint8_t(*first)[LOG_HASH_SIZE] = (const uint8_t(*)[LOG_HASH_SIZE])leaves;
    assert_int_equal(AM_OK, merkle_verify_inclusion(1, 2, leaves[1], first, 1, roots[2]));
    assert_int_equal(AM_PROOF, merkle_verify_inclusion(0, 1, leaves[1], first, 1, roots[2]));
}

static void sizes_at_the_end_of_the_numbers_neither_hang_nor_pass(void **state)
{
    struct merkle_path path = {.len = MERKLE_PATH};
    for (unsigned len = 0; len <= MERKLE_PATH; len++) {
        assert_int_equal(AM_PROOF,
                         merkle_verify_inclusion(UINT64_MAX - 1, UINT64_MAX, leaves[0], PATH(path), len, roots[1]));
        assert_int_equal(AM_PROOF,
                         merkle_verify_inclusion(UINT64_MAX, UINT64_MAX, leaves[0], PATH(path), len, roots[1]));
        assert_int_equal(AM_PROOF,
                         merkle_verify_consistency(1ull << 63, UINT64_MAX, roots[1], roots[2], PATH(path), len));
        assert_int_equal(AM_PROOF,
                         merkle_verify_consistency(UINT64_MAX - 1, UINT64_MAX, roots[1], roots[2], PATH(path), len));
    }
}

static enum am_err read_zeros(void *user, unsigned level, uint64_t index, uint8_t ret_hash[LOG_HASH_SIZE])
{
    memset(ret_hash, 0, LOG_HASH_SIZE);
    return AM_OK;
}

static void the_longest_proofs_fit(void **state)
{
    struct merkle_path path;
    assert_int_equal(AM_OK, merkle_inclusion(read_zeros, NULL, 0, UINT64_MAX, &path));
    assert_int_equal(MERKLE_INCLUSION, path.len);
    assert_int_equal(AM_OK, merkle_consistency(read_zeros, NULL, 1, UINT64_MAX, &path));
    assert_int_equal(64, path.len);
    assert_int_equal(AM_OK, merkle_consistency(read_zeros, NULL, 3, UINT64_MAX, &path));
    assert_int_equal(MERKLE_PATH, path.len);
    assert_int_equal(AM_OK, merkle_consistency(read_zeros, NULL, UINT64_MAX - 1, UINT64_MAX, &path));
    assert_true(path.len <= MERKLE_PATH);
}

// --- Other people's vectors
static FILE *open_vectors(const char *name)
{
    char path[4096];
    const char *shared = getenv("AMANA_SHARED"), *source = getenv("AMANA_SOURCE");
    if (shared != NULL)
        snprintf(path, sizeof path, "%s/data/merkle/%s", shared, name);
    else
        snprintf(path, sizeof path, "%s/../shared/data/merkle/%s", source != NULL ? source : ".", name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        print_message("%s: skipped, not here (AMANA_SHARED)\n", path);
    return file;
}

// All numbers are read as reals, since jansson's integers end at 2^63: exact up to 2^53, and one vector has 2^64 - 1.
static uint64_t number_of(const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    assert_true(json_is_real(value));
    return json_real_value(value) >= 0x1p64 ? UINT64_MAX : (uint64_t)json_real_value(value);
}

// False where it isn't a hash: our interfaces have no room for such a one.
static bool hash_of(const json_t *value, uint8_t ret_hash[32])
{
    uint8_t bytes[64];
    size_t len;
    const char *text = json_string_value(value);
    assert_non_null(text);
    assert_true(strlen(text) <= 60);
    assert_int_equal(AM_OK, base64_decode(text, strlen(text), bytes, &len));
    if (len == 32)
        memcpy(ret_hash, bytes, 32);
    return len == 32;
}

static bool path_of(const json_t *proof, struct merkle_path *path)
{
    path->len = 0;
    assert_true(json_array_size(proof) <= MERKLE_PATH);
    for (size_t i = 0; i < json_array_size(proof); i++)
        if (!hash_of(json_array_get(proof, i), path->hashes[path->len++]))
            return false;
    return true;
}

static void check_vector(const json_t *row, bool inclusion)
{
    struct claim claim = {.inclusion = inclusion};
    claim.at = number_of(row, inclusion ? "leafIdx" : "size1");
    claim.size = number_of(row, inclusion ? "treeSize" : "size2");
    bool good = hash_of(json_object_get(row, inclusion ? "leafHash" : "root1"), claim.first);
    good = hash_of(json_object_get(row, inclusion ? "root" : "root2"), claim.root) && good;
    good = path_of(json_object_get(row, "proof"), &claim.path) && good;
    good = good && verify(&claim) == AM_OK;
    if (good == json_is_true(json_object_get(row, "wantErr")))
        fail_msg("%s: %s", json_string_value(json_object_get(row, "case")), good ? "passes" : "is refused");
}

static void check_vectors(const char *name, bool inclusion)
{
    FILE *file = open_vectors(name);
    unsigned rows = 0;
    if (file == NULL)
        skip();
    for (;;) {
        json_t *row = json_loadf(file, JSON_DISABLE_EOF_CHECK | JSON_DECODE_INT_AS_REAL, NULL);
        if (row == NULL)
            break;
        check_vector(row, inclusion);
        json_decref(row);
        rows++;
    }
    assert_true(feof(file));
    fclose(file);
    print_message("%s: %u vectors\n", name, rows);
    assert_true(rows > 40);
}

static void other_peoples_inclusion_proofs_are_judged_as_they_say(void **state)
{
    check_vectors("inclusion.jsonl", true);
}

static void other_peoples_consistency_proofs_are_judged_as_they_say(void **state)
{
    check_vectors("consistency.jsonl", false);
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(a_growing_range_has_the_root_of_each_size),
        cmocka_unit_test(an_append_that_failed_left_the_range_as_it_was),
        cmocka_unit_test(a_packed_range_of_another_length_is_refused),
        cmocka_unit_test(roots_and_ranges_are_read_from_whole_subtrees),
        cmocka_unit_test(each_leaf_is_proved_in_each_size),
        cmocka_unit_test(each_size_is_proved_to_begin_each_larger_one),
        cmocka_unit_test(what_cannot_be_proved_is_not_asked_of_the_store),
        cmocka_unit_test(a_store_that_cannot_read_is_reported),
        cmocka_unit_test(no_corruption_of_an_inclusion_proof_passes),
        cmocka_unit_test(no_corruption_of_a_consistency_proof_passes),
        cmocka_unit_test(the_empty_tree_begins_every_tree_but_has_one_root),
        cmocka_unit_test(a_way_that_goes_on_above_the_root_proves_nothing),
        cmocka_unit_test(sizes_at_the_end_of_the_numbers_neither_hang_nor_pass),
        cmocka_unit_test(the_longest_proofs_fit),
        cmocka_unit_test(other_peoples_inclusion_proofs_are_judged_as_they_say),
        cmocka_unit_test(other_peoples_consistency_proofs_are_judged_as_they_say),
    };
    return cmocka_run_group_tests(TESTS, plant, fell);
}
