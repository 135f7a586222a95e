// SPDX-License-Identifier: Apache-2.0
// How long a hub with a large log takes until it serves again: bench_restart WORLD BUILD [ENTRIES]. Prints; judges
// nothing.
#include "child.h"
#include "figures.h"
#include "fill.h"
#include "server/signer/signer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define ENTRIES 1000000ul
#define ROUNDS  5u

static struct am_detail detail;

// --- The hub
// The time to the next "serving", each time after its end by this signal.
static void restarts(const char *world, const char *build, struct child *child, int number, const char *name)
{
    double ms[ROUNDS];
    for (unsigned i = 0; i < ROUNDS; i++) {
        kill(child->pid, number);
        waitpid(child->pid, NULL, 0);
        double from = figures_now_ms();
        MUST(child_start(world, build, &detail, child));
        ms[i] = figures_now_ms() - from;
    }
    figures_sort(ms, ROUNDS);
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
