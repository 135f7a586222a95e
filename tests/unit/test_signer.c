// SPDX-License-Identifier: Apache-2.0
// The signer as the real process that it is: what it signs and what not. This program is the signer too, as amanad is.
#include "server/signer/signer_folder.h"
#include "tests/unit/signer_kit.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

// --- Judging and signing
// A log of `size` entries, signed in two batches.
static void sign_log(unsigned size, uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    struct signer *signer = start();
    assert_int_equal(SIGNER_SAME, judge(signer, 0, ret_signature));
    assert_int_equal(AM_OK, sign(signer, 0, size / 2, ret_signature));
    assert_int_equal(AM_OK, sign(signer, size / 2, size, ret_signature));
    signer_stop(signer);
}

// --- Making
static void init_makes_a_key_for_its_owner_alone_and_the_first_record(void **state)
{
    struct stat info;
    char vkey[LOG_VKEY_MAX], line[LOG_VKEY_MAX + 1];
    assert_int_equal(0, stat(file("log.key"), &info));
    assert_int_equal(S_IFREG | 0600, info.st_mode);
    assert_int_equal(0, stat(file("record"), &info));
    assert_int_equal(S_IFREG | 0600, info.st_mode);
    recorded(0);
    FILE *public = fopen(file("log.pub"), "re");
    assert_non_null(fgets(line, sizeof line, public));
    fclose(public);
    assert_memory_equal(ORIGIN "+", line, strlen(ORIGIN) + 1);
    assert_int_equal(AM_EXISTS, signer_init(folder, ORIGIN, vkey, NULL));
}

static void init_refuses_an_origin_that_is_none(void **state)
{
    char vkey[LOG_VKEY_MAX];
    struct am_detail detail = {0};
    assert_int_equal(AM_INVALID, signer_init(file("never"), "two words", vkey, &detail));
    assert_string_equal("origin", detail.field);
    assert_int_equal(-1, access(file("never"), F_OK));
}

static void refused_key(const char *text, mode_t mode)
{
    const struct signer_config config = {.folder = folder, .origin = ORIGIN, .shares_user = true};
    struct am_detail detail = {0};
    struct signer *signer;
    EVP_PKEY *key;
    unlink(file("log.key"));
    if (text != NULL) {
        FILE *out = fopen(file("log.key"), "we");
        fputs(text, out);
        fclose(out);
        chmod(file("log.key"), mode);
    }
    assert_int_equal(AM_CONFIG, signer_key_load(folder, &detail, &key));
    assert_string_equal("log.key", detail.field);
    assert_int_equal(AM_CONFIG, signer_start(&config, &detail, &signer));
}

static void a_key_that_is_no_ed25519_or_open_to_others_is_refused(void **state)
{
    static const char GOOD[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MC4CAQAwBQYDK2VwBCIEIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                               "-----END PRIVATE KEY-----\n";
    static const char X25519[] = "-----BEGIN PRIVATE KEY-----\n"
                                 "MC4CAQAwBQYDK2VuBCIEIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                                 "-----END PRIVATE KEY-----\n";
    static const char SHORT[] =
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAEAAAAAAAA=\n-----END PRIVATE KEY-----\n";
    static const char LONG[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MC4CAQAwBQYDK2VwBCIEIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n"
                               "-----END PRIVATE KEY-----\n";
    struct am_detail detail = {0};
    EVP_PKEY *key;
    refused_key(NULL, 0);
    refused_key(LONG, 0600);
    refused_key("", 0600);
    refused_key("no key\n", 0600);
    refused_key(X25519, 0600);
    refused_key(SHORT, 0600);
    refused_key(GOOD, 0640);
    refused_key(GOOD, 0604);
    assert_int_equal(0, chmod(file("log.key"), 0600));
    assert_int_equal(AM_OK, signer_key_load(folder, &detail, &key));
    EVP_PKEY_free(key);
}

// --- Signing
static void each_batch_is_signed_and_recorded(void **state)
{
    static const unsigned SIZES[] = {0, 1, 2, 3, 10, 11, 1035, 2059, 2060};
    uint8_t signature[LOG_SIGNATURE_SIZE];
    struct signer *signer = start();
    assert_int_equal(SIGNER_SAME, judge(signer, 0, signature));
    holds(0, signature);
    for (size_t i = 1; i < AM_LEN(SIZES); i++) {
        assert_int_equal(AM_OK, sign(signer, SIZES[i - 1], SIZES[i], signature));
        holds(SIZES[i], signature);
        recorded(SIZES[i]);
    }
    signer_stop(signer);
}

static void nothing_is_signed_before_the_log_was_judged(void **state)
{
    uint8_t signature[LOG_SIGNATURE_SIZE];
    struct signer *signer = start();
    assert_int_equal(AM_DENIED, sign(signer, 0, 5, signature));
    recorded(0);
    assert_int_equal(SIGNER_SAME, judge(signer, 0, signature));
    assert_int_equal(AM_OK, sign(signer, 0, 5, signature));
    signer_stop(signer);
}

static void no_second_root_no_smaller_size_no_gap(void **state)
{
    uint8_t signature[LOG_SIGNATURE_SIZE], root[LOG_HASH_SIZE];
    struct signer *signer = start();
    assert_int_equal(SIGNER_SAME, judge(signer, 0, signature));
    assert_int_equal(AM_OK, sign(signer, 0, 20, signature));
    root_of(20, root);
    assert_int_equal(AM_DENIED, sign_as(signer, 20, 0, 20, root, signature)); // nothing new
    root[0] ^= 1;
    assert_int_equal(AM_DENIED, sign_as(signer, 20, 0, 20, root, signature)); // a second root
    root_of(21, root);
    assert_int_equal(AM_DENIED, sign_as(signer, 20, 1, 22, root, signature)); // another size
    root[0] ^= 1;
    assert_int_equal(AM_DENIED, sign_as(signer, 20, 1, 21, root, signature)); // another root
    assert_int_equal(AM_DENIED, sign_as(signer, 30, 1, 21, root, signature)); // other leaves
    assert_int_equal(AM_DENIED, sign(signer, 10, 20, signature));             // the same size
    assert_int_equal(AM_DENIED, sign(signer, 9, 19, signature));              // a smaller one
    assert_int_equal(AM_DENIED, sign(signer, 25, 30, signature));             // a gap
    assert_int_equal(AM_DENIED, sign(signer, 15, 25, signature));             // leaves again
    assert_int_equal(AM_TOO_LARGE, sign(signer, 20, 20 + SIGNER_BATCH + 1, signature));
    recorded(20);
    assert_int_equal(AM_OK, sign(signer, 20, 20 + SIGNER_BATCH, signature));
    holds(20 + SIGNER_BATCH, signature);
    signer_stop(signer);
}

static enum am_err prepare(struct signer *signer, unsigned from, unsigned to)
{
    uint8_t root[LOG_HASH_SIZE];
    root_of(to, root);
    return signer_prepare(signer, leaves_from(from), to - from, to, root);
}

static enum am_err sign_prepared(struct signer *signer, unsigned size, uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    uint8_t root[LOG_HASH_SIZE];
    root_of(size, root);
    return signer_sign(signer, size, root, ret_signature);
}

static void only_the_newest_prepared_batch_is_signed_and_only_once(void **state)
{
    uint8_t signature[LOG_SIGNATURE_SIZE], root[LOG_HASH_SIZE];
    struct signer *signer = start();
    assert_int_equal(SIGNER_SAME, judge(signer, 0, signature));
    assert_int_equal(AM_DENIED, sign_prepared(signer, 5, signature)); // none
    assert_int_equal(AM_OK, prepare(signer, 0, 5));
    assert_int_equal(AM_OK, prepare(signer, 0, 3)); // what the commit had no room for is followed by another batch
    assert_int_equal(AM_DENIED, sign_prepared(signer, 5, signature));
    root_of(3, root);
    root[0] ^= 1;
    assert_int_equal(AM_DENIED, signer_sign(signer, 3, root, signature));
    root[0] ^= 1;
    assert_int_equal(AM_DENIED, signer_sign(signer, 4, root, signature));
    recorded(0);
    assert_int_equal(AM_OK, sign_prepared(signer, 3, signature));
    holds(3, signature);
    recorded(3);
    assert_int_equal(AM_DENIED, sign_prepared(signer, 3, signature));
    signer_stop(signer);
}

static void what_was_prepared_before_a_judgement_is_not_signed_after_it(void **state)
{
    uint8_t signature[LOG_SIGNATURE_SIZE];
    struct signer *signer = start();
    assert_int_equal(SIGNER_SAME, judge(signer, 0, signature));
    assert_int_equal(AM_OK, prepare(signer, 0, 5));
    assert_int_equal(SIGNER_EXTENDED, judge(signer, 9, signature));
    assert_int_equal(AM_DENIED, sign_prepared(signer, 5, signature)); // smaller than what is signed
    recorded(9);
    signer_stop(signer);
}

// Leaves handed over for a judgement, then a batch that goes another way, then the judgement.
static struct signer *branching;
static enum am_err give_and_sign(void *user, uint64_t from, uint64_t to, void *feed)
{
    uint8_t signature[LOG_SIGNATURE_SIZE];
    TRY(signer_feed_give(feed, leaves_from(1000), (size_t)(to - from)));
    return sign(branching, (unsigned)from, (unsigned)from + 5, signature);
}

static void a_branch_handed_over_before_a_batch_is_not_signed_after_it(void **state)
{
    struct merkle_range range;
    uint8_t signature[LOG_SIGNATURE_SIZE], root[LOG_HASH_SIZE];
    enum signer_judgement judgement;
    branching = start();
    assert_int_equal(SIGNER_SAME, judge(branching, 0, signature));
    assert_int_equal(AM_OK, sign(branching, 0, 10, signature));
    merkle_range_init(&range);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(AM_OK, merkle_range_append(&range, leaves[i < 10 ? i : 990 + i], NULL, NULL));
    assert_int_equal(AM_OK, merkle_range_root(&range, root));
    assert_int_equal(AM_OK, signer_open(branching, 20, root, give_and_sign, NULL, &judgement, signature));
    assert_int_equal(SIGNER_EDITED, judgement);
    recorded(15);
    signer_stop(branching);
}

// --- The start table
static void the_newest_checkpoint_is_signed_again_to_the_same_bytes(void **state)
{
    uint8_t first[LOG_SIGNATURE_SIZE], again[LOG_SIGNATURE_SIZE];
    sign_log(100, first);
    for (int i = 0; i < 3; i++) {
        struct signer *signer = start();
        assert_int_equal(SIGNER_SAME, judge(signer, 100, again));
        assert_memory_equal(first, again, sizeof again);
        kill(signer_pid(signer), SIGKILL);
        signer_stop(signer);
    }
}

static void a_log_ahead_of_the_record_is_extended(void **state)
{
    uint8_t signature[LOG_SIGNATURE_SIZE];
    sign_log(100, signature);
    struct signer *signer = start();
    assert_int_equal(SIGNER_EXTENDED, judge(signer, 3000, signature));
    holds(3000, signature);
    recorded(3000);
    assert_int_equal(AM_OK, sign(signer, 3000, 3001, signature));
    signer_stop(signer);
    signer = start();
    assert_int_equal(SIGNER_SAME, judge(signer, 3001, signature));
    signer_stop(signer);
}

static void no_signature_is_given_then(struct signer *signer, unsigned recorded_size)
{
    uint8_t signature[LOG_SIGNATURE_SIZE];
    assert_int_equal(AM_DENIED, sign(signer, recorded_size, recorded_size + 1, signature));
    signer_stop(signer);
}

static void a_log_rolled_back_is_not_signed(void **state)
{
    uint8_t signature[LOG_SIGNATURE_SIZE];
    sign_log(100, signature);
    static const unsigned SIZES[] = {0, 50, 99};
    for (size_t i = 0; i < AM_LEN(SIZES); i++) {
        struct signer *signer = start();
        assert_int_equal(SIGNER_ROLLED_BACK, judge(signer, SIZES[i], signature));
        no_signature_is_given_then(signer, 100);
    }
    recorded(100);
}

static void an_edited_log_is_not_signed(void **state)
{
    uint8_t signature[LOG_SIGNATURE_SIZE], root[LOG_HASH_SIZE];
    sign_log(100, signature);
    for (unsigned size = 100; size <= 110; size += 10) {
        struct signer *signer = start();
        leaves[40][0] ^= 1;
        root_of(size, root);
        leaves[40][0] ^= 1;
        assert_int_equal(SIGNER_EDITED, judge_root(signer, size, root, signature));
        no_signature_is_given_then(signer, 100);
    }
    recorded(100);
}

static void a_judgement_that_goes_wrong_takes_a_good_one_back(void **state)
{
    uint8_t signature[LOG_SIGNATURE_SIZE];
    sign_log(100, signature);
    struct signer *signer = start();
    assert_int_equal(SIGNER_SAME, judge(signer, 100, signature));
    assert_int_equal(SIGNER_ROLLED_BACK, judge(signer, 90, signature));
    no_signature_is_given_then(signer, 100);
}

static void without_a_record_nothing_is_signed(void **state)
{
    uint8_t signature[LOG_SIGNATURE_SIZE];
    uint64_t size;
    uint8_t root[LOG_HASH_SIZE];
    sign_log(100, signature);
    assert_int_equal(0, truncate(file("record"), 4000));
    for (int i = 0; i < 2; i++) {
        struct signer *signer = start();
        assert_int_equal(SIGNER_NO_RECORD, judge(signer, 100, signature));
        no_signature_is_given_then(signer, 100);
        unlink(file("record"));
    }
    assert_int_equal(AM_NOT_FOUND, signer_record(folder, &size, root));
    assert_int_equal(-1, access(file("record"), F_OK)); // only init makes one
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest TESTS[] = {
        TEST(init_makes_a_key_for_its_owner_alone_and_the_first_record),
        TEST(init_refuses_an_origin_that_is_none),
        TEST(a_key_that_is_no_ed25519_or_open_to_others_is_refused),
        TEST(each_batch_is_signed_and_recorded),
        TEST(nothing_is_signed_before_the_log_was_judged),
        TEST(only_the_newest_prepared_batch_is_signed_and_only_once),
        TEST(what_was_prepared_before_a_judgement_is_not_signed_after_it),
        TEST(no_second_root_no_smaller_size_no_gap),
        TEST(a_branch_handed_over_before_a_batch_is_not_signed_after_it),
        TEST(the_newest_checkpoint_is_signed_again_to_the_same_bytes),
        TEST(a_log_ahead_of_the_record_is_extended),
        TEST(a_log_rolled_back_is_not_signed),
        TEST(an_edited_log_is_not_signed),
        TEST(a_judgement_that_goes_wrong_takes_a_good_one_back),
        TEST(without_a_record_nothing_is_signed),
    };
    if (argc > 1 && strcmp(argv[1], "--signer") == 0)
        return signer_main(argc, argv);
    return cmocka_run_group_tests(TESTS, plant, NULL);
}
