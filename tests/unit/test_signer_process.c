// SPDX-License-Identifier: Apache-2.0
// The signer's process: its signals, its rights, and where it is killed or its disk fails. This program is the signer
// too.
#include "server/signer/wire.h"
#include "tests/unit/signer_kit.h"

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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

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

int main(int argc, char **argv)
{
    static const struct CMUnitTest TESTS[] = {
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
