// SPDX-License-Identifier: Apache-2.0
// Proved entries as messages and as C2SP tlog-proof texts: each part that may be false, each way to write that isn't
// the one, and leaves as bytes.
#include "tests/unit/log_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int make_kit(void **state)
{
    struct log_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    log_kit_init(kit);
    *state = kit;
    return 0;
}

static int free_kit(void **state)
{
    log_kit_clear(*state);
    free(*state);
    return 0;
}

// --- Leaves
static void a_leaf_is_46_bytes_in_network_order(void **state)
{
    struct log_leaf leaf = {.version = 1, .class = 1, .time_ns = 0x0102030405060708, .erase_after = 0x0a0b0c0d}, again;
    static const uint8_t HEAD[] = {1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13};
    uint8_t bytes[LOG_LEAF_SIZE];
    memset(leaf.commitment, 0xcc, sizeof leaf.commitment);
    log_leaf_pack(&leaf, bytes);
    assert_memory_equal(HEAD, bytes, sizeof HEAD);
    for (size_t i = sizeof HEAD; i < sizeof bytes; i++)
        assert_int_equal(0xcc, bytes[i]);
    assert_int_equal(AM_OK, log_leaf_parse((struct am_bytes){bytes, sizeof bytes}, &again));
    assert_int_equal(leaf.time_ns, again.time_ns);
    assert_int_equal(leaf.erase_after, again.erase_after);
    assert_memory_equal(leaf.commitment, again.commitment, sizeof again.commitment);
}

static void a_leaf_of_another_length_version_or_class_is_refused(void **state)
{
    uint8_t bytes[LOG_LEAF_SIZE + 1] = {1, 1};
    struct log_leaf leaf;
    for (size_t len = 0; len <= sizeof bytes; len++)
        assert_int_equal(len == LOG_LEAF_SIZE ? AM_OK : AM_PROTO, log_leaf_parse((struct am_bytes){bytes, len}, &leaf));
    struct am_bytes whole = {bytes, LOG_LEAF_SIZE};
    bytes[0] = 2;
    assert_int_equal(AM_PROTO, log_leaf_parse(whole, &leaf));
    bytes[0] = 1;
    bytes[1] = 2;
    assert_int_equal(AM_PROTO, log_leaf_parse(whole, &leaf));
    bytes[1] = 0;
    assert_int_equal(AM_OK, log_leaf_parse(whole, &leaf));
    bytes[13] = 1; // erase_after
    assert_int_equal(AM_PROTO, log_leaf_parse(whole, &leaf));
}

// printf sssssssssssssssscontent | sha256sum
static void commitment_and_leaf_hash_are_plain_sha256(void **state)
{
    static const uint8_t COMMITMENT[] = {0x6b, 0x72, 0xe7, 0xcb, 0x20, 0x5a, 0x9b, 0x2f, 0x4b, 0x34, 0xc3,
                                         0xfd, 0x2f, 0x86, 0xa8, 0x84, 0x05, 0xf7, 0xed, 0x09, 0x3e, 0x0f,
                                         0xfd, 0xcf, 0x34, 0x25, 0x75, 0x79, 0x68, 0x6f, 0xe4, 0xbe};
    uint8_t salt[LOG_SALT_SIZE], leaf[LOG_LEAF_SIZE], framed[1 + LOG_LEAF_SIZE], hash[32], expected[32];
    memset(salt, 's', sizeof salt);
    assert_int_equal(AM_OK, log_commit(salt, (struct am_bytes){(const uint8_t *)"content", 7}, hash));
    assert_memory_equal(COMMITMENT, hash, sizeof hash);
    assert_int_equal(AM_OK, log_commit(salt, (struct am_bytes){NULL, 0}, hash));
    assert_int_equal(AM_OK, log_sha256((struct am_bytes){salt, sizeof salt}, expected));
    assert_memory_equal(expected, hash, sizeof hash);
    memset(leaf, 'l', sizeof leaf);
    memset(framed, 'l', sizeof framed);
    framed[0] = 0;
    assert_int_equal(AM_OK, log_leaf_hash(leaf, hash));
    assert_int_equal(AM_OK, log_sha256((struct am_bytes){framed, sizeof framed}, expected));
    assert_memory_equal(expected, hash, sizeof hash);
}

// --- Messages
static enum am_err check(const struct log_kit *kit, const struct log_kit_entry *entry)
{
    struct am_detail detail = {0};
    enum am_err err = log_proved_check(&entry->message, &kit->verifier, NULL, NULL, &detail);
    assert_true((err == AM_OK) == (detail.text[0] == '\0')); // each refusal has a sentence
    return err;
}

static void each_entry_is_proved_against_each_size_above_it(void **state)
{
    struct log_kit *kit = *state;
    for (uint64_t size = 1; size <= KIT_ENTRIES; size++)
        for (uint64_t index = 0; index < size; index++) {
            struct log_kit_entry entry;
            struct log_checkpoint checkpoint;
            uint8_t leaf[LOG_LEAF_SIZE];
            log_kit_entry(kit, index, size, &entry);
            assert_int_equal(AM_OK, log_proved_check(&entry.message, &kit->verifier, &checkpoint, leaf, NULL));
            assert_memory_equal(kit->leaves[index], leaf, sizeof leaf);
            assert_int_equal(size, checkpoint.size);
            assert_memory_equal(entry.signed_tree.signature, checkpoint.signature, LOG_SIGNATURE_SIZE);
        }
}

typedef void (*spoil_fn)(struct log_kit_entry *entry);
#define SPOIL(name, statement)                                                                                         \
    static void name(struct log_kit_entry *entry)                                                                      \
    {                                                                                                                  \
        statement;                                                                                                     \
    }
SPOIL(content_of_another, entry->message.content.len--)
SPOIL(another_salt, entry->message.salt.data[3] ^= 1)
SPOIL(no_salt, entry->message.salt.len = 0)
SPOIL(a_short_salt, entry->message.salt.len = 15)
SPOIL(version_0, entry->message.version = 0)
SPOIL(version_2, entry->message.version = 2)
SPOIL(version_257, entry->message.version = 257)
SPOIL(class_0, entry->message.class_ = 0)
SPOIL(class_2, entry->message.class_ = 2)
SPOIL(class_257, entry->message.class_ = 257)
SPOIL(another_time, entry->message.time++)
SPOIL(another_day, entry->message.erase_after++)
SPOIL(another_index, entry->message.index++)
SPOIL(an_index_past_the_end, entry->message.index = 30)
SPOIL(no_path, entry->message.n_path = 0)
SPOIL(a_hash_missing, entry->message.n_path--)
SPOIL(a_hash_too_many, entry->message.n_path++)
SPOIL(too_many_hashes, entry->message.n_path = MERKLE_PATH)
SPOIL(a_short_hash, entry->hashes[1].len = 31)
SPOIL(another_hash, entry->path.hashes[1][0] ^= 1)
SPOIL(no_checkpoint, entry->message.checkpoint = NULL)
SPOIL(another_origin, entry->checkpoint.origin = (char *)KIT_ORIGIN "-2")
SPOIL(no_origin, entry->checkpoint.origin = (char *)"")
SPOIL(another_size, entry->checkpoint.size = 31)
SPOIL(size_0, entry->checkpoint.size = 0)
SPOIL(another_root, entry->signed_tree.root[31] ^= 1)
SPOIL(a_short_root, entry->checkpoint.root.len = 31)
SPOIL(another_key, entry->signed_tree.signature[0] ^= 1)
SPOIL(another_signature, entry->signed_tree.signature[40] ^= 1)
SPOIL(a_short_signature, entry->checkpoint.signature.len = 67)
SPOIL(a_long_signature, entry->checkpoint.signature.len = 69)

#define ROW(name, err)                                                                                                 \
    {                                                                                                                  \
#name, name, err                                                                                               \
    }
static const struct {
    const char *what;
    spoil_fn spoil;
    enum am_err expected;
} SPOILT[] = {
    ROW(content_of_another, AM_PROOF),
    ROW(another_salt, AM_PROOF),
    ROW(no_salt, AM_PROTO),
    ROW(a_short_salt, AM_PROTO),
    ROW(version_0, AM_PROTO),
    ROW(version_2, AM_PROTO),
    ROW(version_257, AM_PROTO),
    ROW(class_0, AM_PROTO), // it has an erase_after
    ROW(class_2, AM_PROTO),
    ROW(class_257, AM_PROTO),
    ROW(another_time, AM_PROOF),
    ROW(another_day, AM_PROOF),
    ROW(another_index, AM_PROOF),
    ROW(an_index_past_the_end, AM_PROOF),
    ROW(no_path, AM_PROOF),
    ROW(a_hash_missing, AM_PROOF),
    ROW(a_hash_too_many, AM_PROOF),
    ROW(too_many_hashes, AM_PROTO),
    ROW(a_short_hash, AM_PROTO),
    ROW(another_hash, AM_PROOF),
    ROW(no_checkpoint, AM_PROTO),
    ROW(another_origin, AM_PROTO),
    ROW(no_origin, AM_PROTO),
    ROW(another_size, AM_SIGNATURE),
    ROW(size_0, AM_SIGNATURE),
    ROW(another_root, AM_SIGNATURE),
    ROW(a_short_root, AM_PROTO),
    ROW(another_key, AM_SIGNATURE),
    ROW(another_signature, AM_SIGNATURE),
    ROW(a_short_signature, AM_PROTO),
    ROW(a_long_signature, AM_PROTO),
};

static void each_part_of_a_proved_entry_is_checked(void **state)
{
    struct log_kit *kit = *state;
    for (size_t i = 0; i < AM_LEN(SPOILT); i++) {
        struct log_kit_entry entry;
        log_kit_entry(kit, 10, 30, &entry);
        assert_int_equal(AM_OK, check(kit, &entry));
        SPOILT[i].spoil(&entry);
        enum am_err err = check(kit, &entry);
        if (err != SPOILT[i].expected)
            fail_msg("%s: %s", SPOILT[i].what, am_err_text(err));
        if (SPOILT[i].spoil == another_salt)
            entry.message.salt.data[3] ^= 1; // it is the kit's
    }
}

// A checkpoint of another tree, truly signed: only the path can tell.
static void a_true_signature_over_another_tree_proves_nothing(void **state)
{
    struct log_kit *kit = *state;
    struct log_kit_entry entry;
    log_kit_entry(kit, 10, 30, &entry);
    entry.signed_tree.root[0] ^= 1;
    assert_int_equal(AM_OK, log_checkpoint_sign(KIT_ORIGIN, kit->key, &entry.signed_tree));
    assert_int_equal(AM_PROOF, check(kit, &entry));
}

static void an_inner_node_cannot_pass_for_an_entry(void **state)
{
    // Two leaf hashes have 64 bytes, a leaf 46: no leaf's preimage is a node's, whose first byte differs too.
    struct log_kit *kit = *state;
    uint8_t node[32], leaf[LOG_LEAF_SIZE], hash[32];
    assert_int_equal(AM_OK, merkle_node(kit->hashes[0], kit->hashes[1], node));
    memcpy(leaf, kit->hashes[0], 32);
    memcpy(leaf + 32, kit->hashes[1], LOG_LEAF_SIZE - 32);
    assert_int_equal(AM_OK, log_leaf_hash(leaf, hash));
    assert_memory_not_equal(node, hash, 32);
}

// --- Texts

// Inlined, GCC 12 takes the text for a dangling pointer.
__attribute__((noinline)) static char *text_of(struct log_kit *kit, uint64_t index, uint64_t size)
{
    struct log_kit_entry entry;
    char *text;
    log_kit_entry(kit, index, size, &entry);
    assert_int_equal(AM_OK, log_proof_text(&entry.message, &text));
    return text;
}

static enum am_err check_text(const struct log_kit *kit, const char *text, size_t len)
{
    struct log_checkpoint checkpoint;
    uint8_t leaf[LOG_LEAF_SIZE];
    uint64_t index;
    char *exact = malloc(len > 0 ? len : 1); // so that a sanitizer sees a byte read too much
    assert_non_null(exact);
    memcpy(exact, text, len);
    enum am_err err = log_proof_check(exact, len, &kit->verifier, &index, leaf, &checkpoint);
    free(exact);
    return err;
}

// Leaf and hash were worked out with another program (Python's hashlib and struct).
static void a_proof_is_text_as_c2sp_writes_it(void **state)
{
    struct log_kit *kit = *state;
    char *text = text_of(kit, 2, 3), note[LOG_NOTE_MAX], expected[2048];
    struct log_checkpoint checkpoint = log_kit_checkpoint(kit, 3);
    log_note_print(KIT_ORIGIN, &checkpoint, note);
    snprintf(expected, sizeof expected,
             "c2sp.org/tlog-proof@v1\n"
             "extra AQEY11uEI/MAAgAATiJCoyH8DxWad6G3bE2THVN9Xu6qH23fZRejf+DW87BYIw==\n"
             "index 2\n"
             "RECDw12X0yK53nwo2fDhoit7jToYQ7E5vum5PwI4svo=\n"
             "\n%s",
             note);
    assert_string_equal(expected, text);
    free(text);
}

static void each_text_is_read_back(void **state)
{
    struct log_kit *kit = *state;
    for (uint64_t size = 1; size <= KIT_ENTRIES; size += 3)
        for (uint64_t index = 0; index < size; index++) {
            char *text = text_of(kit, index, size);
            struct log_checkpoint checkpoint;
            uint8_t leaf[LOG_LEAF_SIZE];
            uint64_t read_index;
            assert_int_equal(AM_OK,
                             log_proof_check(text, strlen(text), &kit->verifier, &read_index, leaf, &checkpoint));
            assert_int_equal(index, read_index);
            assert_memory_equal(kit->leaves[index], leaf, sizeof leaf);
            assert_int_equal(size, checkpoint.size);
            free(text);
        }
}

static void no_byte_of_a_text_may_be_another_or_missing(void **state)
{
    struct log_kit *kit = *state;
    char *text = text_of(kit, 5, 13);
    size_t len = strlen(text);
    for (size_t at = 0; at < len; at++) {
        char kept = text[at];
        for (unsigned bit = 0; bit < 8; bit++) {
            text[at] = (char)(kept ^ 1 << bit);
            assert_int_not_equal(AM_OK, check_text(kit, text, len));
        }
        text[at] = kept;
        assert_int_not_equal(AM_OK, check_text(kit, text, at));
        char *without = strdup(text);
        memmove(without + at, without + at + 1, len - at);
        assert_int_not_equal(AM_OK, check_text(kit, without, len - 1));
        free(without);
    }
    free(text);
}

// One piece of a good text replaced by another.
static const struct {
    const char *what, *piece, *by;
    enum am_err expected;
} REPLACED[] = {
    {"another version of the format", "proof@v1", "proof@v2", AM_PROTO},
    {"a carriage return", "proof@v1\n", "proof@v1\r\n", AM_PROTO},
    {"a space after the format", "proof@v1", "proof@v1 ", AM_PROTO},
    {"no extra", "extra AQ", "AQ", AM_PROTO},
    {"two spaces after extra", "extra ", "extra  ", AM_PROTO},
    {"extra in upper case", "extra", "Extra", AM_PROTO},
    {"a short leaf", "extra AQEY", "extra AQ==", AM_PROTO},
    {"a leaf of another version", "extra AQE", "extra AgE", AM_PROTO},
    {"a leaf of another class", "extra AQE", "extra AQI", AM_PROTO},
    {"a leaf changed", "extra AQEY11", "extra AQEY12", AM_PROOF},
    {"an index with a leading zero", "index 5", "index 05", AM_PROTO},
    {"a negative index", "index 5", "index -5", AM_PROTO},
    {"no index", "index 5", "index ", AM_PROTO},
    {"an index past 64 bits", "index 5", "index 18446744073709551621", AM_PROTO},
    {"another index", "index 5", "index 4", AM_PROOF},
    {"an index past the tree", "index 5", "index 13", AM_PROOF},
    {"an empty line too early", "index 5\n", "index 5\n\n", AM_PROTO},
    {"a hash too many", "index 5\n", "index 5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", AM_PROOF},
    {"a hash in the other alphabet", "index 5\n", "index 5\n47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\n", AM_PROTO},
    {"a hash without padding", "index 5\n", "index 5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\n", AM_PROTO},
    {"another size", "\n13\n", "\n12\n", AM_SIGNATURE},
    {"another log", "\n" KIT_ORIGIN "\n", "\nke.amana.example/log\n", AM_SIGNATURE},
    {"a signature too many of somebody", "\n\xe2\x80\x94 ", "\n\xe2\x80\x94 w.example AAAAAAAA\n\xe2\x80\x94 ", AM_OK},
};

static void a_text_has_one_form_and_each_fault_is_told(void **state)
{
    struct log_kit *kit = *state;
    char *text = text_of(kit, 5, 13), changed[4096];
    for (size_t i = 0; i < AM_LEN(REPLACED); i++) {
        const char *at = strstr(text, REPLACED[i].piece);
        assert_non_null(at);
        snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, REPLACED[i].by,
                 at + strlen(REPLACED[i].piece));
        enum am_err err = check_text(kit, changed, strlen(changed));
        if (err != REPLACED[i].expected)
            fail_msg("%s: %s", REPLACED[i].what, am_err_text(err));
    }
    free(text);
}

static void sixty_five_hashes_are_no_inclusion_path(void **state)
{
    struct log_kit *kit = *state;
    char *text = text_of(kit, 0, 1), many[8192];
    const char *at = strstr(text, "index 0\n") + 8;
    for (unsigned count = 64; count <= 65; count++) {
        size_t len = (size_t)snprintf(many, sizeof many, "%.*s", (int)(at - text), text);
        for (unsigned i = 0; i < count; i++)
            len += (size_t)snprintf(many + len, sizeof many - len, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
        len += (size_t)snprintf(many + len, sizeof many - len, "%s", at);
        assert_int_equal(count == 64 ? AM_PROOF : AM_PROTO, check_text(kit, many, len));
    }
    free(text);
}

static void an_entry_that_is_none_has_no_text(void **state)
{
    struct log_kit *kit = *state;
    static const spoil_fn SHAPES[] = {no_salt,       version_2,         class_2,      a_short_hash, too_many_hashes,
                                      no_checkpoint, a_short_signature, a_short_root, no_origin};
    for (size_t i = 0; i < AM_LEN(SHAPES); i++) {
        struct log_kit_entry entry;
        char *text = NULL;
        log_kit_entry(kit, 10, 30, &entry);
        SHAPES[i](&entry);
        assert_int_equal(AM_PROTO, log_proof_text(&entry.message, &text));
        assert_null(text);
    }
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(a_leaf_is_46_bytes_in_network_order),
        cmocka_unit_test(a_leaf_of_another_length_version_or_class_is_refused),
        cmocka_unit_test(commitment_and_leaf_hash_are_plain_sha256),
        cmocka_unit_test_setup_teardown(each_entry_is_proved_against_each_size_above_it, make_kit, free_kit),
        cmocka_unit_test_setup_teardown(each_part_of_a_proved_entry_is_checked, make_kit, free_kit),
        cmocka_unit_test_setup_teardown(a_true_signature_over_another_tree_proves_nothing, make_kit, free_kit),
        cmocka_unit_test_setup_teardown(an_inner_node_cannot_pass_for_an_entry, make_kit, free_kit),
        cmocka_unit_test_setup_teardown(a_proof_is_text_as_c2sp_writes_it, make_kit, free_kit),
        cmocka_unit_test_setup_teardown(each_text_is_read_back, make_kit, free_kit),
        cmocka_unit_test_setup_teardown(no_byte_of_a_text_may_be_another_or_missing, make_kit, free_kit),
        cmocka_unit_test_setup_teardown(a_text_has_one_form_and_each_fault_is_told, make_kit, free_kit),
        cmocka_unit_test_setup_teardown(sixty_five_hashes_are_no_inclusion_path, make_kit, free_kit),
        cmocka_unit_test_setup_teardown(an_entry_that_is_none_has_no_text, make_kit, free_kit),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
