// SPDX-License-Identifier: Apache-2.0
// `amanad fsck`: every entry of a log against its tree and the signer's record. A child reads: LMDB trusts its pages,
// and what ends the child is a fault of the file.
#include "server/fsck.h"

#include "proto/codec/plain.h"
#include "proto/model/limits.h"
#include "server/exit_status.h"
#include "server/fsck_judge.h"
#include "server/journal_open.h"
#include "server/signer/process.h"
#include "server/store/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

// What the child has found, in memory that both see.
struct findings {
    uint64_t size;
    size_t faults;
    bool done;
    enum am_err err;
    struct am_detail detail;
};

static void fault_print(void *user, uint64_t seq, const char *what)
{
    struct findings *findings = user;

    findings->faults++;
    if (seq >= JOURNAL_NONE)
        printf("the log: %s\n", what);
    else
        printf("entry %llu: %s\n", (unsigned long long)seq, what);
    fflush(stdout); // what was found stays, whatever comes
}

static void read_all(const char *folder, struct findings *findings)
{
    uint8_t root[32] = {0};
    uint64_t record = 0;
    struct fsck_judge *judge;
    struct store_judge calls;
    char signer[CONFIG_PATH + 1];
    enum am_err err = signer_folder(folder, &findings->detail, signer);

    if (err == AM_OK)
        err = signer_record(signer, &record, root);
    if (err != AM_OK) {
        printf("the signer's record: %s\n", am_err_text(err));
        findings->faults++;
    }
    if (fsck_judge_new(fault_print, findings, &judge) != AM_OK) {
        findings->err = AM_NOMEM;
        findings->done = true;
        return;
    }
    calls = fsck_judge_calls(judge);
    findings->err = store_fsck(folder, err == AM_OK ? record : 0, root, fault_print, findings, &calls, &findings->size,
                               &findings->detail);
    if (findings->err == AM_OK || findings->err == AM_CORRUPT)
        fsck_judge_end(judge);
    fsck_judge_free(judge);
    if (findings->err == AM_CORRUPT && findings->faults == 0)
        fault_print(findings, JOURNAL_NONE,
                    findings->detail.text[0] ? findings->detail.text : "the database file is damaged");
    findings->done = true;
}

static _Noreturn void child_run(const char *folder, struct findings *findings)
{
    static const int DEADLY[] = {SIGBUS, SIGSEGV, SIGABRT, SIGFPE, SIGILL};

    process_no_core();
    for (size_t i = 0; i < AM_LEN(DEADLY); i++)
        signal(DEADLY[i], SIG_DFL);
    read_all(folder, findings);
    fflush(stdout);
    _exit(EXIT_SUCCESS);
}

static int findings_tell(const char *folder, struct findings *findings, int status)
{
    char what[160];

    if (!findings->done) {
        int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        snprintf(what, sizeof what, "the database file is damaged: reading it ended with signal %d (%s)", number,
                 number != 0 ? strsignal(number) : "none");
        fault_print(findings, JOURNAL_NONE, what);
        findings->err = AM_CORRUPT;
    }
    if (findings->err != AM_OK && findings->err != AM_CORRUPT) {
        plain_fault(stderr, "amanad", folder, findings->err, &findings->detail);
        return exit_status(findings->err);
    }
    printf("%s: %llu entries, %zu fault%s\n", folder, (unsigned long long)findings->size, findings->faults,
           findings->faults == 1 ? "" : "s");
    return findings->faults == 0 && findings->err == AM_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int fsck_run(const char *folder)
{
    struct findings *findings = mmap(NULL, sizeof *findings, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;

    if (findings == MAP_FAILED)
        return exit_status(AM_NOMEM);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        child_run(folder, findings);
    if (child < 0 || waitpid(child, &status, 0) != child) {
        fprintf(stderr, "amanad: no process to read the journal\n");
        return exit_status(AM_NOMEM);
    }
    int code = findings_tell(folder, findings, status);
    munmap(findings, sizeof *findings);
    return code;
}
