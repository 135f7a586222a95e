// SPDX-License-Identifier: Apache-2.0
// How long a hub with a large log takes until it serves again: bench_restart WORLD BUILD [ENTRIES]. Prints; judges
// nothing.
#include "child.h"
#include "fill.h"
#include "server/signer/signer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define ENTRIES 1000000ul
#define ROUNDS  5u

#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        enum am_err must_err_ = (call);                                                                                \
        if (must_err_ != AM_OK) {                                                                                      \
            fprintf(stderr, "%s:%d: %s: %s %s\n", __FILE__, __LINE__, am_err_text(must_err_), detail.field,            \
                    detail.text);                                                                                      \
            exit(EXIT_FAILURE);                                                                                        \
        }                                                                                                              \
    } while (0)

static struct am_detail detail;

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

// --- The hub
static int smaller(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The time to the next "serving", each time after its end by this signal.
static void restarts(const char *world, const char *build, struct child *child, int number, const char *name)
{
    double ms[ROUNDS];
    for (unsigned i = 0; i < ROUNDS; i++) {
        kill(child->pid, number);
        waitpid(child->pid, NULL, 0);
        double from = now_ms();
        MUST(child_start(world, build, &detail, child));
        ms[i] = now_ms() - from;
    }
    qsort(ms, ROUNDS, sizeof *ms, smaller);
    printf("serves again after %-8s %10.0f ms  (%u starts: %.0f to %.0f)\n", name, ms[ROUNDS / 2], ROUNDS, ms[0],
           ms[ROUNDS - 1]);
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
    restarts(argv[1], argv[2], &child, SIGTERM, "TERM");
    restarts(argv[1], argv[2], &child, SIGKILL, "kill -9");
    return child_stop(&child);
}
