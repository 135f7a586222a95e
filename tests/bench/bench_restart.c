// SPDX-License-Identifier: Apache-2.0
// How long a hub with a large log takes until it serves again: bench_restart WORLD BUILD [ENTRIES]. From the
// repository's root. Prints; judges nothing.
#include "child.h"
#include "figures.h"
#include "fill.h"
#include "server/signer/signer.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENTRIES 1000000ul
#define ROUNDS  5u

static struct am_detail detail;

// --- The end before
static const struct end {
    const char *name;
    int signal;
    unsigned sends, in_flight; // since its start: real messages through a real desk
    unsigned answers;          // it ends behind so many of these
} ENDS[] = {
    {"TERM", SIGTERM, 0, 0, 0},
    {"kill -9, idle", SIGKILL, 0, 0, 0},
    // One commit each, and before the 256th no new point begins (server/store/redo.c): all are done again.
    {"kill -9, 250 commits behind a point", SIGKILL, 250, 1, 250},
    {"kill -9 in the middle of 2000 sends", SIGKILL, 2000, 64, 1000},
};

// What the senders are told, a line for each answer.
static pid_t send_some(const char *world, const char *build, const struct child *child, const struct end *end,
                       FILE **ret_answers)
{
    char bench[PATH_MAX], sends[16], in_flight[16], receipts[32];
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        exit(EXIT_FAILURE);
    snprintf(bench, sizeof bench, "%s/tests/bench_hub", build);
    snprintf(sends, sizeof sends, "%u", end->sends);
    snprintf(in_flight, sizeof in_flight, "%u", end->in_flight);
    snprintf(receipts, sizeof receipts, "/dev/fd/%d", pipes[1]);
    const char *const argv[] = {bench,         world,     "--send",     sends,    "--address", child->address,
                                "--in-flight", in_flight, "--receipts", receipts, NULL};
    pid_t pid = fork();
    if (pid == 0) {
        int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (nothing >= 0 && dup2(nothing, STDOUT_FILENO) >= 0 && fcntl(pipes[1], F_SETFD, 0) == 0)
            execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(pipes[1]);
    *ret_answers = fdopen(pipes[0], "r");
    if (pid < 0 || *ret_answers == NULL)
        exit(EXIT_FAILURE);
    return pid;
}

static void end_hub(const char *world, const char *build, struct child *child, const struct end *end)
{
    char line[256];
    unsigned answers = 0;
    FILE *told = NULL;
    pid_t senders = end->sends > 0 ? send_some(world, build, child, end, &told) : 0;
    while (told != NULL && answers < end->answers && fgets(line, sizeof line, told) != NULL)
        answers++;
    if (answers < end->answers) {
        fprintf(stderr, "%u of %u sends were answered\n", answers, end->answers);
        exit(EXIT_FAILURE);
    }
    kill(child->pid, end->signal);
    waitpid(child->pid, NULL, 0);
    while (told != NULL && fgets(line, sizeof line, told) != NULL)
        ;
    if (told != NULL)
        fclose(told);
    if (senders > 0)
        waitpid(senders, NULL, 0);
}

// The time to the next "serving".
static void restarts(const char *world, const char *build, struct child *child, const struct end *end)
{
    double ms[ROUNDS];
    for (unsigned i = 0; i < ROUNDS; i++) {
        end_hub(world, build, child, end);
        double from = figures_now_ms();
        MUST(child_start(world, build, &detail, child));
        ms[i] = figures_now_ms() - from;
    }
    figures_sort(ms, ROUNDS);
    printf("serves again after %-36s %8.0f ms  (%u starts: %.0f to %.0f)\n", end->name, ms[ROUNDS / 2], ROUNDS, ms[0],
           ms[ROUNDS - 1]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct child child;
    if (argc > 1 && strcmp(argv[1], "--signer") == 0)
        return signer_main(argc, argv);
    if (argc < 3) {
        fprintf(stderr, "usage: bench_restart WORLD BUILD [ENTRIES]\n");
        return 64;
    }
    fill_alarms(argv[1], argc > 3 ? strtoul(argv[3], NULL, 10) : ENTRIES);
    MUST(child_start(argv[1], argv[2], &detail, &child));
    for (size_t i = 0; i < AM_LEN(ENDS); i++)
        restarts(argv[1], argv[2], &child, &ENDS[i]);
    return child_stop(&child);
}
