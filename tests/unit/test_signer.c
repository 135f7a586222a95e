// SPDX-License-Identifier: Apache-2.0
// The signer as the real process that it is: started, asked, killed at each of its steps, started again. This program
// is the signer too, as amanad is.
#include "server/signer/signer_folder.h"
#include "server/signer/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ORIGIN "igad.amana.example/log"
#define LEAVES 4000u

// --- A log of so many leaves, and the signer's folder beside it
static uint8_t leaves[LEAVES][LOG_HASH_SIZE];
static char folder[64];
static struct log_verifier verifier;

static const uint8_t (*leaves_from(unsigned at))[LOG_HASH_SIZE]
{
    return (const uint8_t(*)[LOG_HASH_SIZE])(leaves + at);
}

static void root_of(unsigned size, uint8_t ret_root[LOG_HASH_SIZE])
{
    struct merkle_range range;
    merkle_range_init(&range);
    for (unsigned i = 0; i < size; i++)
        assert_int_equal(AM_OK, merkle_range_append(&range, leaves[i], NULL, NULL));
    assert_int_equal(AM_OK, merkle_range_root(&range, ret_root));
}

static int plant(void **state)
{
    for (unsigned i = 0; i < LEAVES; i++)
        memcpy(leaves[i], &i, sizeof i);
    return 0;
}

static int make_folder(void **state)
{
    char vkey[LOG_VKEY_MAX];
    strcpy(folder, "/tmp/amana-signer.XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(AM_OK, signer_init(folder, ORIGIN, vkey, NULL));
    assert_int_equal(AM_OK, log_verifier_parse(vkey, NULL, &verifier));
    return 0;
}

static const char *file(const char *name)
{
    static char path[SIGNER_PATH_MAX];
    assert_int_equal(AM_OK, signer_path(folder, name, path));
    return path;
}

static int remove_folder(void **state)
{
    log_verifier_clear(&verifier);
    unlink(file("log.key"));
    unlink(file("log.pub"));
    unlink(file("record"));
    return rmdir(folder);
}

static struct signer *start(void)
{
    const struct signer_config config = {.folder = folder, .origin = ORIGIN, .shares_user = true};
    struct am_detail detail = {0};
    struct signer *signer;
    if (signer_start(&config, &detail, &signer) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    return signer;
}

// --- Judging and signing
static enum am_err give_run(void *user, uint64_t from, uint64_t to, void *feed)
{
    for (uint64_t at = from; at < to; at += 700)
        TRY(signer_feed_give(feed, leaves_from((unsigned)at), to - at < 700 ? to - at : 700));
    return AM_OK;
}

static enum signer_judgement judge_root(struct signer *signer, unsigned size, const uint8_t root[LOG_HASH_SIZE],
                                        uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    enum signer_judgement judgement = SIGNER_JUDGEMENTS;
    assert_int_equal(AM_OK, signer_open(signer, size, root, give_run, NULL, &judgement, ret_signature));
    return judgement;
}

static enum signer_judgement judge(struct signer *signer, unsigned size, uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    uint8_t root[LOG_HASH_SIZE];
    root_of(size, root);
    return judge_root(signer, size, root, ret_signature);
}

static enum am_err sign_as(struct signer *signer, unsigned from, size_t n, uint64_t size, const uint8_t *root,
                           uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    TRY(signer_prepare(signer, leaves_from(from), n, size, root));
    return signer_sign(signer, size, root, ret_signature);
}

static enum am_err sign(struct signer *signer, unsigned from, unsigned to, uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    uint8_t root[LOG_HASH_SIZE];
    root_of(to, root);
    return sign_as(signer, from, to - from, to, root, ret_signature);
}

static void holds(unsigned size, const uint8_t signature[LOG_SIGNATURE_SIZE])
{
    struct log_checkpoint checkpoint = {.size = size};
    root_of(size, checkpoint.root);
    memcpy(checkpoint.signature, signature, LOG_SIGNATURE_SIZE);
    assert_int_equal(AM_OK, log_checkpoint_verify(&verifier, &checkpoint));
}

static void recorded(unsigned expected)
{
    uint64_t size;
    uint8_t root[LOG_HASH_SIZE], own[LOG_HASH_SIZE];
    assert_int_equal(AM_OK, signer_record(folder, &size, root));
    assert_int_equal(expected, size);
    root_of(expected, own);
    assert_memory_equal(own, root, sizeof root);
}

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

// --- Its process
static void the_end_of_the_signer_is_an_error_of_the_next_batch(void **state)
{
    uint8_t signature[LOG_SIGNATURE_SIZE];
    struct signer *signer = start();
    assert_int_equal(SIGNER_SAME, judge(signer, 0, signature));
    bool disk = true;
    assert_false(signer_ended(signer, false, &disk));
    kill(signer_pid(signer), SIGKILL);
    assert_true(signer_ended(signer, true, &disk));
    assert_false(disk);
    assert_true(signer_ended(signer, false, &disk)); // is asked again by whoever wants to know
    assert_int_equal(AM_UNAVAILABLE, sign(signer, 0, 1, signature));
    signer_stop(signer);
}

static void the_signals_for_the_hub_do_not_end_it_and_the_end_of_the_hub_does(void **state)
{
    uint8_t signature[LOG_SIGNATURE_SIZE];
    struct signer *signer = start();
    pid_t pid = signer_pid(signer);
    kill(pid, SIGTERM);
    kill(pid, SIGINT);
    kill(pid, SIGHUP);
    assert_int_equal(SIGNER_SAME, judge(signer, 0, signature));
    assert_int_equal(AM_OK, sign(signer, 0, 1, signature));
    signer_stop(signer); // returns when it has ended
    assert_int_equal(-1, kill(pid, 0));
    assert_int_equal(ESRCH, errno);
}

static bool status_has(pid_t pid, const char *row)
{
    char path[64], line[256];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    assert_non_null(status);
    while (fgets(line, sizeof line, status) != NULL)
        found |= strcmp(line, row) == 0;
    fclose(status);
    return found;
}

static void its_title_names_it_and_its_rights_are_few(void **state)
{
    char path[64], title[256] = "";
    struct signer *signer = start();
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)signer_pid(signer));
    FILE *cmdline = fopen(path, "re");
    assert_non_null(cmdline);
    assert_non_null(fgets(title, sizeof title, cmdline));
    fclose(cmdline);
    assert_string_equal("amanad: signer", title);
    assert_true(status_has(signer_pid(signer), "Name:\tamanad: signer\n"));
    assert_true(status_has(signer_pid(signer), "NoNewPrivs:\t1\n"));
#if !defined(__SANITIZE_ADDRESS__)
    assert_true(status_has(signer_pid(signer), "Seccomp:\t2\n"));
#endif
    assert_true(signer_shares_user(signer));
    signer_stop(signer);
}

static void started_as_root_it_becomes_its_user(void **state)
{
    const struct signer_config config = {.folder = folder, .origin = ORIGIN, .drop = true, .uid = 65534, .gid = 65534};
    uint8_t signature[LOG_SIGNATURE_SIZE];
    struct am_detail detail = {0};
    struct signer *signer;
    gid_t groups[64], another = 4242;
    int n = getgroups(64, groups);
    if (geteuid() != 0 || n < 0)
        skip();
    assert_int_equal(0, setgroups(1, &another));
    assert_int_equal(AM_OK, signer_start(&config, &detail, &signer));
    assert_int_equal(0, setgroups((size_t)n, groups));
    assert_true(status_has(signer_pid(signer), "Uid:\t65534\t65534\t65534\t65534\n"));
    assert_true(status_has(signer_pid(signer), "Gid:\t65534\t65534\t65534\t65534\n"));
    assert_true(status_has(signer_pid(signer), "Groups:\t \n"));
    assert_false(signer_shares_user(signer));
    assert_int_equal(SIGNER_SAME, judge(signer, 0, signature));
    assert_int_equal(AM_OK, sign(signer, 0, 9, signature));
    holds(9, signature);
    signer_stop(signer);
}

// --- What a hub that was taken over might send: the process ends, nothing is signed
static int spoken_to(const void *bytes, size_t len)
{
    int pair[2], status;
    uint8_t answer[sizeof(struct signer_answer)];
    assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pair[1], 3);
        fcntl(3, F_SETFD, 0);
        close_range(4, ~0u, 0);
        execl("/proc/self/exe", "amanad", "--signer", folder, ORIGIN, "-1", "-1", (char *)NULL);
        _exit(99);
    }
    close(pair[1]);
    if (signer_write(pair[0], bytes, len) != AM_OK)
        assert_int_equal(EPIPE, errno); // it has ended already
    shutdown(pair[0], SHUT_WR);
    while (read(pair[0], answer, sizeof answer) > 0)
        continue;
    close(pair[0]);
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_request_that_is_none_ends_it(void **state)
{
    struct {
        struct signer_request request;
        uint8_t leaves[SIGNER_BATCH + 8][LOG_HASH_SIZE];
    } sent = {.request = {.ask = SIGNER_ASK_READY}};
    assert_int_equal(0, spoken_to(NULL, 0));
    assert_int_equal(0, spoken_to(&sent, sizeof sent.request));
    assert_int_equal(0, spoken_to(&sent, sizeof sent.request - 1)); // cut short by the hub's end
    sent.request.ask = 77;
    assert_int_equal(70, spoken_to(&sent, sizeof sent.request));
    sent.request.ask = SIGNER_ASK_PREPARE;
    sent.request.n = SIGNER_BATCH + 1;
    assert_int_equal(70, spoken_to(&sent, sizeof sent));
    sent.request.n = UINT32_MAX;
    assert_int_equal(70, spoken_to(&sent, sizeof sent));
    sent.request.ask = SIGNER_ASK_MORE;
    assert_int_equal(70, spoken_to(&sent, sizeof sent));
    sent.request.n = SIGNER_BATCH; // its leaves don't all come
    assert_int_equal(70, spoken_to(&sent, sizeof sent.request + 31));
    recorded(0);
}

// --- Killed, or failed by its disk, at each step between commit and answer
static struct signer *start_failing(const char *failpoint)
{
    setenv("AMANA_FAILPOINT", failpoint, 1);
    struct signer *signer = start();
    unsetenv("AMANA_FAILPOINT");
    return signer;
}

static const struct {
    const char *failpoint; // while the second batch, from 5 to 9, is signed
    bool answered;         // the hub gets its signature all the same
    enum signer_judgement then;
} STEPS[] = {
    {"signer-before-record:3", false, SIGNER_EXTENDED}, // the first was for the judgement
    {"signer-record-full:2", false, SIGNER_EXTENDED},
    {"signer-after-record:3", false, SIGNER_SAME},
    {"signer-before-answer:5", false, SIGNER_SAME}, // READY twice, JUDGE, SIGN
    {"signer-after-answer:5", true, SIGNER_SAME},
    {"signer-record-sync:3", true, SIGNER_SAME}, // the first at its start
    {"signer-after-sync:2", true, SIGNER_SAME},
};

static void whatever_step_it_is_killed_at_the_next_start_signs_the_same_bytes(void **state)
{
    for (size_t i = 0; i < AM_LEN(STEPS); i++) {
        uint8_t signature[LOG_SIGNATURE_SIZE], again[LOG_SIGNATURE_SIZE], next[LOG_SIGNATURE_SIZE];
        unlink(file("record"));
        assert_int_equal(AM_OK, signer_state_create(file("record")));
        struct signer *signer = start_failing(STEPS[i].failpoint);
        assert_int_equal(SIGNER_SAME, judge(signer, 0, signature));
        assert_int_equal(AM_OK, sign(signer, 0, 5, signature));
        enum am_err err = sign(signer, 5, 9, signature);
        if (err != (STEPS[i].answered ? AM_OK : AM_UNAVAILABLE))
            fail_msg("%s: %s", STEPS[i].failpoint, am_err_text(err));
        // A signature that is asked for after a sync that failed, or after its end, is never given.
        assert_int_equal(AM_UNAVAILABLE, sign(signer, 9, 10, next));
        signer_stop(signer);
        signer = start();
        enum signer_judgement then = judge(signer, 9, again);
        if (then != STEPS[i].then)
            fail_msg("%s: %s", STEPS[i].failpoint, signer_judgement_text(then));
        holds(9, again);
        if (STEPS[i].answered)
            assert_memory_equal(signature, again, sizeof again);
        assert_int_equal(AM_OK, sign(signer, 9, 10, next));
        signer_stop(signer);
    }
}

// The record of a crashed signer may be in memory alone: no start without a sync of it.
// By this the hub's line and exit status say where to look.
static void the_end_of_a_signer_whose_record_found_no_room_is_one_of_the_disk(void **state)
{
    uint8_t signature[LOG_SIGNATURE_SIZE];
    bool disk = false;
    struct signer *signer = start_failing("signer-record-full");
    assert_int_equal(SIGNER_SAME, judge(signer, 0, signature));
    assert_int_equal(AM_UNAVAILABLE, sign(signer, 0, 1, signature));
    assert_true(signer_ended(signer, true, &disk));
    assert_true(disk);
    signer_stop(signer);
    recorded(0);
}

static void a_record_that_cannot_be_synced_is_not_started_from(void **state)
{
    const struct signer_config config = {.folder = folder, .origin = ORIGIN};
    struct am_detail detail = {0};
    struct signer *signer;
    setenv("AMANA_FAILPOINT", "signer-record-sync", 1);
    assert_int_equal(AM_IO, signer_start(&config, &detail, &signer));
    unsetenv("AMANA_FAILPOINT");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

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
        TEST(the_end_of_the_signer_is_an_error_of_the_next_batch),
        TEST(the_signals_for_the_hub_do_not_end_it_and_the_end_of_the_hub_does),
        TEST(its_title_names_it_and_its_rights_are_few),
        TEST(started_as_root_it_becomes_its_user),
        TEST(a_request_that_is_none_ends_it),
        TEST(whatever_step_it_is_killed_at_the_next_start_signs_the_same_bytes),
        TEST(the_end_of_a_signer_whose_record_found_no_room_is_one_of_the_disk),
        TEST(a_record_that_cannot_be_synced_is_not_started_from),
    };
    if (argc > 1 && strcmp(argv[1], "--signer") == 0)
        return signer_main(argc, argv);
    return cmocka_run_group_tests(TESTS, plant, NULL);
}
