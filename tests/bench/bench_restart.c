// SPDX-License-Identifier: Apache-2.0
// How long a hub with a large log takes until it serves again: bench_restart WORLD BUILD [ENTRIES]. The entries are
// written by the program's own journal and signer, as batches are, and the hub that starts is the real one. Prints;
// judges nothing.
#include "child.h"
#include "proto/codec/codec.h"
#include "server/signer/signer.h"
#include "server/store/store.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define ORIGIN  "igad.amana.example/log" // of tests/setup
#define MAP     (2ull << 30)             // that of child.c
#define ENTRIES 1000000ul
#define BATCH   LIMIT_BATCH_ENTRIES
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

// --- The log
static void on_done(void *user, struct journal_append *append, const struct journal_outcome *outcome)
{
    if (outcome->result != JOURNAL_DONE)
        exit(EXIT_FAILURE);
    free((void *)outcome->receipt.data);
}

static void on_batch(void *user)
{
}

static void on_died(void *user, enum am_err err, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, am_err_text(err));
    exit(EXIT_FAILURE);
}

static enum am_err nothing_new(void *user, uint64_t from, uint64_t to, void *feed)
{
    return AM_CONFLICT; // the signer has seen all that `amanad init` wrote
}

static struct am_bytes alarm_content(void)
{
    Amana__V1__AlarmEntry alarm = AMANA__V1__ALARM_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    uint8_t *bytes;
    size_t len;
    alarm.what = (char *)"BENCH";
    alarm.detail = (char *)"one of very many entries, which are made to see how long a start takes among them";
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ALARM;
    content.alarm = &alarm;
    MUST(codec_encode_alloc(&content.base, &bytes, &len));
    return (struct am_bytes){bytes, len};
}

static void store_fill(struct store *store, unsigned long entries)
{
    static struct journal_entry rows[BATCH];
    size_t n = (entries + BATCH - 1) / BATCH;
    struct journal_append *appends = calloc(n, sizeof *appends);
    struct am_bytes content = alarm_content();
    for (size_t i = 0; i < BATCH; i++)
        rows[i] =
            (struct journal_entry){.kind = AMANA__V1__ENTRY_KIND__CODE__ALARM, .content = content, .of = JOURNAL_NONE};
    for (size_t i = 0; i < n; i++) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        appends[i] = (struct journal_append){.time_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec,
                                             .entries = rows,
                                             .n_entries = entries - i * BATCH < BATCH ? entries - i * BATCH : BATCH};
        MUST(store_submit(store, &appends[i]));
    }
    store_drain(store);
    free(appends);
    free((void *)content.data);
}

static void log_fill(const char *world, unsigned long entries)
{
    char data[PATH_MAX - 16], folder[PATH_MAX];
    uint8_t root[LOG_HASH_SIZE], signature[LOG_SIGNATURE_SIZE];
    enum signer_judgement judgement;
    struct signer *signer;
    struct store *store;
    snprintf(data, sizeof data, "%s/data", world);
    snprintf(folder, sizeof folder, "%s/signer", data);
    const struct signer_config config = {.folder = folder, .origin = ORIGIN};
    const struct store_options options = {
        .folder = data, .map_size = MAP, .origin = ORIGIN, .queue = entries / BATCH + 1};
    MUST(signer_start(&config, &detail, &signer));
    MUST(store_open(&options, &detail, &store));
    store_root(store, root);
    MUST(signer_open(signer, store_size(store), root, nothing_new, NULL, &judgement, signature));
    const struct store_signer sign = {.prepare = signer_prepare, .sign = signer_sign, .user = signer};
    const struct store_callbacks callbacks = {on_done, on_batch, on_died, NULL};
    MUST(store_start(store, &sign, &callbacks, signature));
    double from = now_ms();
    store_fill(store, entries);
    printf("entries in the log          %10llu   written in %.1f s\n", (unsigned long long)store_size(store),
           (now_ms() - from) / 1e3);
    store_close(store);
    signer_stop(signer);
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
    // The process that holds the log's key is this program, executed anew (server/signer/signer.h).
    if (argc > 1 && strcmp(argv[1], "--signer") == 0)
        return signer_main(argc, argv);
    if (argc < 3) {
        fprintf(stderr, "usage: bench_restart WORLD BUILD [ENTRIES]\n");
        return 64;
    }
    log_fill(argv[1], argc > 3 ? strtoul(argv[3], NULL, 10) : ENTRIES);
    MUST(child_start(argv[1], argv[2], &detail, &child));
    restarts(argv[1], argv[2], &child, SIGTERM, "TERM");
    restarts(argv[1], argv[2], &child, SIGKILL, "kill -9");
    return child_stop(&child);
}
