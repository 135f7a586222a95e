// SPDX-License-Identifier: Apache-2.0
// Verifier keys and checkpoints as signed notes: other people's vectors, each line that may not be, whose lines count.
#include "proto/codec/base64.h"
#include "tests/unit/log_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// The documentation of golang.org/x/mod/sumdb/note.
#define GO_VKEY      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define GO_SEED      "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz" // of PRIVATE+KEY+…: 0x01 and the seed
#define GO_TEXT      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
#define GO_SIGNATURE "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="

static void bytes_of(const char *base64, uint8_t *ret_bytes, size_t expected)
{
    size_t len;
    assert_int_equal(AM_OK, base64_decode(base64, strlen(base64), ret_bytes, &len));
    assert_int_equal(expected, len);
}

static bool ed25519_holds(EVP_PKEY *key, const uint8_t *signature, const char *text)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, 64, (const uint8_t *)text, strlen(text)) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static void the_documented_key_is_read_and_written(void **state)
{
    struct log_verifier verifier;
    char vkey[LOG_VKEY_MAX];
    uint8_t seed[BASE64_DECODED(sizeof GO_SEED)], signature[BASE64_DECODED(sizeof GO_SIGNATURE)];
    assert_int_equal(AM_OK, log_verifier_parse(GO_VKEY, NULL, &verifier));
    assert_string_equal("PeterNeumann", verifier.origin);
    assert_memory_equal("\xc7\x4f\x20\xa3", verifier.hash, 4);
    bytes_of(GO_SIGNATURE, signature, 68);
    assert_memory_equal(verifier.hash, signature, 4);
    assert_true(ed25519_holds(verifier.pkey, signature + 4, GO_TEXT));
    bytes_of(GO_SEED, seed, 33);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed + 1, 32);
    assert_int_equal(AM_OK, log_vkey_text("PeterNeumann", key, vkey));
    assert_string_equal(GO_VKEY, vkey);
    EVP_PKEY_free(key);
    log_verifier_clear(&verifier);
}

static const struct {
    const char *what, *vkey;
} BAD_KEYS[] = {
    {"nothing", ""},
    {"a name alone", "PeterNeumann"},
    {"no name", "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
    {"a space in the name", "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
    {"another name", "PeterNeumanm+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
    {"another hash", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
    {"a hash in upper case", "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
    {"a short hash", "PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
    {"a minus for the second plus", "PeterNeumann+c74f20a3-ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
    {"another key", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TX"},
    {"a short key", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T"},
    {"a short key, padded", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q="},
    {"a long key", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAAAA"},
    {"the other alphabet", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq_LDE4izWy10TW"},
    {"a newline after it", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"},
    {"another algorithm", "PeterNeumann+c74f20a3+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
};

static void a_key_written_in_any_other_way_is_refused_with_a_reason(void **state)
{
    for (size_t i = 0; i < AM_LEN(BAD_KEYS); i++) {
        struct log_verifier verifier;
        struct am_detail detail = {0};
        if (log_verifier_parse(BAD_KEYS[i].vkey, &detail, &verifier) != AM_INVALID)
            fail_msg("%s passes", BAD_KEYS[i].what);
        assert_string_not_equal("", detail.text);
    }
}

static void a_name_is_of_255_printable_characters_at_most(void **state)
{
    char name[257], vkey[LOG_VKEY_MAX];
    EVP_PKEY *key = log_kit_key(1);
    struct log_verifier verifier;
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    assert_false(log_origin_valid(name));
    assert_int_equal(AM_INVALID, log_vkey_text(name, key, vkey));
    name[255] = '\0';
    assert_true(log_origin_valid(name));
    assert_int_equal(AM_OK, log_vkey_text(name, key, vkey));
    assert_int_equal(AM_OK, log_verifier_parse(vkey, NULL, &verifier));
    assert_string_equal(name, verifier.origin);
    log_verifier_clear(&verifier);
    EVP_PKEY_free(key);
    static const char *const BAD[] = {"", " ", "a b", "a+b", "a\tb", "a\nb", "a\x7f", "caf\xc3\xa9"};
    for (size_t i = 0; i < AM_LEN(BAD); i++)
        assert_false(log_origin_valid(BAD[i]));
}

// --- Signing
static void same_checkpoint(const struct log_checkpoint *a, const struct log_checkpoint *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->root, b->root, sizeof a->root);
    assert_memory_equal(a->signature, b->signature, sizeof a->signature);
}

static void a_checkpoint_is_three_lines_and_always_signed_to_the_same_bytes(void **state)
{
    struct log_kit kit;
    char text[LOG_NOTE_MAX];
    log_kit_init(&kit);
    struct log_checkpoint checkpoint = log_kit_checkpoint(&kit, 0), again = log_kit_checkpoint(&kit, 0);
    size_t len = log_checkpoint_text(KIT_ORIGIN, &checkpoint, text);
    assert_string_equal(KIT_ORIGIN "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", text);
    assert_int_equal(strlen(text), len);
    assert_memory_equal(kit.verifier.hash, checkpoint.signature, 4);
    assert_true(ed25519_holds(kit.key, checkpoint.signature + 4, text));
    same_checkpoint(&checkpoint, &again);
    assert_int_equal(AM_INVALID, log_checkpoint_sign("a b", kit.key, &checkpoint));
    log_kit_clear(&kit);
}

static void a_signature_holds_for_one_log_size_and_root(void **state)
{
    struct log_kit kit;
    log_kit_init(&kit);
    struct log_checkpoint good = log_kit_checkpoint(&kit, 5), bad;
    assert_int_equal(AM_OK, log_checkpoint_verify(&kit.verifier, &good));
    bad = good;
    bad.size = 6;
    assert_int_equal(AM_SIGNATURE, log_checkpoint_verify(&kit.verifier, &bad));
    for (unsigned bit = 0; bit < 8 * (LOG_HASH_SIZE + LOG_SIGNATURE_SIZE); bit++) {
        bad = good;
        uint8_t *byte = bit < 256 ? &bad.root[bit / 8] : &bad.signature[bit / 8 - 32];
        *byte ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(AM_SIGNATURE, log_checkpoint_verify(&kit.verifier, &bad));
    }
    strcat(kit.verifier.origin, "-2");
    assert_int_equal(AM_SIGNATURE, log_checkpoint_verify(&kit.verifier, &good));
    log_kit_clear(&kit);
}

// --- Notes
static enum am_err open_text(const struct log_kit *kit, const char *text, size_t len)
{
    struct log_checkpoint checkpoint;
    uint8_t *exact = malloc(len > 0 ? len : 1); // so that a sanitizer sees a byte read too much
    assert_non_null(exact);
    memcpy(exact, text, len);
    enum am_err err = log_note_open((struct am_bytes){exact, len}, &kit->verifier, &checkpoint);
    free(exact);
    return err;
}

static void a_note_is_printed_and_read_back(void **state)
{
    struct log_kit kit;
    char note[LOG_NOTE_MAX];
    log_kit_init(&kit);
    for (uint64_t size = 0; size <= 3; size++) {
        struct log_checkpoint checkpoint = log_kit_checkpoint(&kit, size), again;
        size_t len = log_note_print(KIT_ORIGIN, &checkpoint, note);
        assert_int_equal(strlen(note), len);
        assert_int_equal(AM_OK, log_note_open((struct am_bytes){(uint8_t *)note, len}, &kit.verifier, &again));
        same_checkpoint(&checkpoint, &again);
    }
    log_kit_clear(&kit);
}

static void no_byte_of_a_note_may_be_another_or_missing(void **state)
{
    struct log_kit kit;
    char note[LOG_NOTE_MAX], bad[LOG_NOTE_MAX];
    log_kit_init(&kit);
    struct log_checkpoint checkpoint = log_kit_checkpoint(&kit, 10);
    size_t len = log_note_print(KIT_ORIGIN, &checkpoint, note);
    for (size_t at = 0; at < len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(bad, note, len);
            bad[at] = (char)(bad[at] ^ 1 << bit);
            assert_int_not_equal(AM_OK, open_text(&kit, bad, len));
        }
        memcpy(bad, note, at);
        memcpy(bad + at, note + at + 1, len - at - 1);
        assert_int_not_equal(AM_OK, open_text(&kit, bad, len - 1));
        assert_int_not_equal(AM_OK, open_text(&kit, note, at));
    }
    log_kit_clear(&kit);
}

#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
// $: the signature line of the text before it, by the log's key; signed as it stands, so that only its form is at
// fault.
static const struct {
    const char *what, *text;
    enum am_err expected;
} NOTES[] = {
    {"as it should be", KIT_ORIGIN "\n7\n" ROOT "\n\n$", AM_OK},
    {"size 0", KIT_ORIGIN "\n0\n" ROOT "\n\n$", AM_OK},
    {"the largest size", KIT_ORIGIN "\n18446744073709551615\n" ROOT "\n\n$", AM_OK},
    {"a size past it", KIT_ORIGIN "\n18446744073709551616\n" ROOT "\n\n$", AM_PROTO},
    {"a size far past it", KIT_ORIGIN "\n99999999999999999999\n" ROOT "\n\n$", AM_PROTO},
    {"a leading zero", KIT_ORIGIN "\n07\n" ROOT "\n\n$", AM_PROTO},
    {"two zeros", KIT_ORIGIN "\n00\n" ROOT "\n\n$", AM_PROTO},
    {"a sign", KIT_ORIGIN "\n+7\n" ROOT "\n\n$", AM_PROTO},
    {"minus", KIT_ORIGIN "\n-7\n" ROOT "\n\n$", AM_PROTO},
    {"no size", KIT_ORIGIN "\n\n" ROOT "\n\n$", AM_PROTO},
    {"a hexadecimal size", KIT_ORIGIN "\n0x7\n" ROOT "\n\n$", AM_PROTO},
    {"what comes after 9", KIT_ORIGIN "\n1:\n" ROOT "\n\n$", AM_PROTO},
    {"a space after the size", KIT_ORIGIN "\n7 \n" ROOT "\n\n$", AM_PROTO},
    {"an extension line", KIT_ORIGIN "\n7\n" ROOT "\nextension\n\n$", AM_PROTO},
    {"no root", KIT_ORIGIN "\n7\n\n$", AM_PROTO},
    {"a root without padding", KIT_ORIGIN "\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\n\n$", AM_PROTO},
    {"unused bits in the root", KIT_ORIGIN "\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n\n$", AM_PROTO},
    {"the root in the other alphabet", KIT_ORIGIN "\n7\n47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\n\n$", AM_PROTO},
    {"a root of 31 bytes", KIT_ORIGIN "\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==\n\n$", AM_PROTO},
    {"a root of 33 bytes", KIT_ORIGIN "\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA\n\n$", AM_PROTO},
    {"carriage returns", KIT_ORIGIN "\r\n7\r\n" ROOT "\r\n\n$", AM_PROTO},
    {"a tab", KIT_ORIGIN "\t\n7\n" ROOT "\n\n$", AM_PROTO},
    {"no origin", "\n7\n" ROOT "\n\n$", AM_PROTO},
    {"another log's origin", "ke.amana.example/log\n7\n" ROOT "\n\n$", AM_SIGNATURE},
    {"a longer origin", KIT_ORIGIN "-2\n7\n" ROOT "\n\n$", AM_SIGNATURE},
    {"nothing after the root", KIT_ORIGIN "\n7\n" ROOT "\n", AM_PROTO},
    {"no signature", KIT_ORIGIN "\n7\n" ROOT "\n\n", AM_SIGNATURE},
    {"no empty line", KIT_ORIGIN "\n7\n" ROOT "\n$", AM_PROTO},
    {"two empty lines", KIT_ORIGIN "\n7\n" ROOT "\n\n\n$", AM_PROTO},
    {"an empty line after the signature", KIT_ORIGIN "\n7\n" ROOT "\n\n$\n", AM_PROTO},
    {"the signature twice", KIT_ORIGIN "\n7\n" ROOT "\n\n$$", AM_OK},
    {"a witness before and after",
     KIT_ORIGIN "\n7\n" ROOT "\n\n\xe2\x80\x94 w.example AAAAAAAA\n$\xe2\x80\x94 v.example BBBBBBBB\n", AM_OK},
    {"a witness alone", KIT_ORIGIN "\n7\n" ROOT "\n\n\xe2\x80\x94 w.example AAAAAAAA\n", AM_SIGNATURE},
    {"a witness whose name isn't ASCII", KIT_ORIGIN "\n7\n" ROOT "\n\n$\xe2\x80\x94 t\xc3\xa9moin AAAAAAAA\n", AM_OK},
    {"another key of the same name", KIT_ORIGIN "\n7\n" ROOT "\n\n\xe2\x80\x94 " KIT_ORIGIN " AAAAAAAA\n$", AM_OK},
    {"a minus for the dash", KIT_ORIGIN "\n7\n" ROOT "\n\n$- w.example AAAAAAAA\n", AM_PROTO},
    {"a line without a name", KIT_ORIGIN "\n7\n" ROOT "\n\n$\xe2\x80\x94  AAAAAAAA\n", AM_PROTO},
    {"a line without a signature", KIT_ORIGIN "\n7\n" ROOT "\n\n$\xe2\x80\x94 w.example \n", AM_PROTO},
    {"a line of a hash alone", KIT_ORIGIN "\n7\n" ROOT "\n\n$\xe2\x80\x94 w.example AAAAAA==\n", AM_PROTO},
    {"a name with a plus", KIT_ORIGIN "\n7\n" ROOT "\n\n$\xe2\x80\x94 w+x AAAAAAAA\n", AM_PROTO},
    {"no base64", KIT_ORIGIN "\n7\n" ROOT "\n\n$\xe2\x80\x94 w.example ????????\n", AM_PROTO},
    {"half a character", KIT_ORIGIN "\n7\n" ROOT "\n\n$\xe2\x80\x94 w\xc3 AAAAAAAA\n", AM_PROTO},
    {"no newline at the end", KIT_ORIGIN "\n7\n" ROOT "\n\n$\xe2\x80\x94 w.example AAAAAAAA", AM_PROTO},
    {"nothing", "", AM_PROTO},
};

// The log's signature line over `len` bytes of text.
static size_t put_signature(const struct log_kit *kit, const char *text, size_t len, char *at)
{
    uint8_t signature[LOG_SIGNATURE_SIZE];
    char base64[BASE64_ENCODED(LOG_SIGNATURE_SIZE)];
    size_t size = 64;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(1, EVP_DigestSignInit(context, NULL, NULL, NULL, kit->key));
    assert_int_equal(1, EVP_DigestSign(context, signature + 4, &size, (const uint8_t *)text, len));
    EVP_MD_CTX_free(context);
    memcpy(signature, kit->verifier.hash, 4);
    base64_encode(signature, sizeof signature, base64);
    return (size_t)sprintf(at, "\xe2\x80\x94 " KIT_ORIGIN " %s\n", base64);
}

// Each '$' becomes the signature line; what is signed ends before the last empty line ahead of the first '$'.
static size_t expand(const struct log_kit *kit, const char *text, char *ret_note)
{
    size_t len = 0, signed_len = SIZE_MAX;
    for (; *text != '\0'; text++) {
        if (*text != '$') {
            ret_note[len++] = *text;
            continue;
        }
        if (signed_len == SIZE_MAX) {
            const char *at = ret_note + len;
            while (at > ret_note + 1 && !(at[-1] == '\n' && at[-2] == '\n'))
                at--;
            signed_len = at > ret_note + 1 ? (size_t)(at - ret_note) - 1 : len;
        }
        len += put_signature(kit, ret_note, signed_len, ret_note + len);
    }
    return len;
}

static void a_note_has_one_form_and_each_fault_is_told(void **state)
{
    struct log_kit kit;
    char note[2048];
    log_kit_init(&kit);
    for (size_t i = 0; i < AM_LEN(NOTES); i++) {
        enum am_err err = open_text(&kit, note, expand(&kit, NOTES[i].text, note));
        if (err != NOTES[i].expected)
            fail_msg("%s: %s", NOTES[i].what, am_err_text(err));
    }
    log_kit_clear(&kit);
}

static void a_false_line_of_the_known_key_spoils_the_note(void **state)
{
    struct log_kit kit;
    char note[2048], false_line[256];
    log_kit_init(&kit);
    size_t len = expand(&kit, KIT_ORIGIN "\n7\n" ROOT "\n\n$", note);
    strcpy(false_line, strstr(note, "\xe2\x80\x94"));
    assert_int_equal(AM_OK, open_text(&kit, note, len));
    false_line[strlen(false_line) - 10] ^= 1;
    strcpy(note + len, false_line);
    assert_int_equal(AM_SIGNATURE, open_text(&kit, note, strlen(note)));
    log_kit_clear(&kit);
}

static void sixteen_lines_are_read_and_a_seventeenth_is_too_many(void **state)
{
    struct log_kit kit;
    char note[4096];
    log_kit_init(&kit);
    size_t len = expand(&kit, KIT_ORIGIN "\n7\n" ROOT "\n\n$", note);
    for (unsigned lines = 1; lines <= LOG_NOTE_LINES + 1; lines++) {
        assert_int_equal(lines <= LOG_NOTE_LINES ? AM_OK : AM_TOO_LARGE, open_text(&kit, note, len));
        len += (size_t)sprintf(note + len, "\xe2\x80\x94 w%u.example AAAAAAAA\n", lines);
    }
    log_kit_clear(&kit);
}

static void a_note_of_the_largest_size_is_read_and_one_past_it_is_not(void **state)
{
    struct log_kit kit;
    char *note = malloc(LOG_NOTE_LIMIT + 8);
    assert_non_null(note);
    log_kit_init(&kit);
    size_t len = expand(&kit, KIT_ORIGIN "\n7\n" ROOT "\n\n$\xe2\x80\x94 w ", note);
    // Base64 comes in fours, so the name makes up the rest.
    while ((LOG_NOTE_LIMIT - 1 - len) % 4 != 0)
        len += (size_t)sprintf(note + len - 1, "w ") - 1;
    memset(note + len, 'A', LOG_NOTE_LIMIT - len);
    note[LOG_NOTE_LIMIT - 1] = '\n';
    assert_int_equal(AM_OK, open_text(&kit, note, LOG_NOTE_LIMIT));
    memcpy(note + LOG_NOTE_LIMIT - 1, "AAAA\n", 5);
    assert_int_equal(AM_TOO_LARGE, open_text(&kit, note, LOG_NOTE_LIMIT + 4));
    log_kit_clear(&kit);
    free(note);
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(the_documented_key_is_read_and_written),
        cmocka_unit_test(a_key_written_in_any_other_way_is_refused_with_a_reason),
        cmocka_unit_test(a_name_is_of_255_printable_characters_at_most),
        cmocka_unit_test(a_checkpoint_is_three_lines_and_always_signed_to_the_same_bytes),
        cmocka_unit_test(a_signature_holds_for_one_log_size_and_root),
        cmocka_unit_test(a_note_is_printed_and_read_back),
        cmocka_unit_test(no_byte_of_a_note_may_be_another_or_missing),
        cmocka_unit_test(a_note_has_one_form_and_each_fault_is_told),
        cmocka_unit_test(a_false_line_of_the_known_key_spoils_the_note),
        cmocka_unit_test(sixteen_lines_are_read_and_a_seventeenth_is_too_many),
        cmocka_unit_test(a_note_of_the_largest_size_is_read_and_one_past_it_is_not),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
