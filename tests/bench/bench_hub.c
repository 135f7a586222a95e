// SPDX-License-Identifier: Apache-2.0
// What a send costs, beside what this machine can do at best: a real amanad, real TLS, valid messages, in one run.
// Prints; passes or fails on no time. Or, with --send, puts prepared messages to a hub that runs and records receipts.
#include "certs/clock.h"
#include "child.h"
#include "load.h"
#include "machine.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ROUNDS       3    // of the machine's limits and one in flight, taken in turns
#define ONE_SENDS    300  // of a round
#define ONE_SAMPLES  100  // of a round and a limit
#define VERIFIES     4000 // of a round
#define WARM_UP      200
#define PER_CALL     64 // in flight on one connection at most
#define SETTLE_S     4  // until idle connections have given back what they can
#define MOST_SAMPLES (ROUNDS * VERIFIES)

struct options {
    const char *world, *build, *desk, *draft, *address, *pool, *receipts;
    size_t send, in_flight, idle, scale;
    bool again, prepare;
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

static enum am_err open_session(const struct options *options, const char *address, struct am_detail *detail,
                                struct session **ret_session)
{
    char folder[PATH_MAX];
    static struct settings settings;
    snprintf(folder, sizeof folder, "%s/%s", options->world, options->desk);
    struct settings_flags flags = {.folder = folder};
    flags.value[SETTING_ADDRESS] = address;
    TRY(settings_load(&flags, detail, &settings));
    return session_open(&settings, SETTINGS_ALL, NULL, NULL, detail, ret_session);
}

// --- Sending what was prepared
static enum am_err get_pool(const struct options *options, struct session *session, struct am_detail *detail,
                            struct pool *ret_pool)
{
    if (options->again || (options->pool != NULL && access(options->pool, R_OK) == 0))
        return pool_load(options->pool, detail, ret_pool);
    TRY(pool_make(session, options->draft, options->send, detail, ret_pool));
    return options->pool == NULL ? AM_OK : pool_save(ret_pool, options->pool, detail);
}

// A hub that dies is no failure here: what was answered is in the file.
static enum am_err send_prepared(const struct options *options, struct session *session, struct am_detail *detail)
{
    struct pool pool = {0};
    struct load *load = NULL;
    struct load_result result;
    FILE *receipts = options->receipts == NULL ? NULL : fopen(options->receipts, "w");
    if (options->receipts != NULL && receipts == NULL)
        return am_fail(AM_IO, detail, options->receipts, "%s", strerror(errno));
    enum am_err err = get_pool(options, session, detail, &pool);
    if (err == AM_OK) {
        printf("prepared %zu\n", pool.count);
        fflush(stdout);
    }
    if (err == AM_OK && !options->prepare) {
        err = load_open(session, (options->in_flight + PER_CALL - 1) / PER_CALL, detail, &load);
    }
    if (err == AM_OK && !options->prepare)
        err = load_send(load, pool.messages, pool.count, options->in_flight, receipts, &result);
    if (err == AM_OK && !options->prepare)
        printf("accepted %zu, refused %zu, lost %zu%s%s\n", result.accepted, result.refused, result.lost,
               result.refused > 0 ? ": " : "", result.first_refusal);
    load_close(load);
    pool_clear(&pool);
    if (receipts != NULL)
        fclose(receipts);
    return err;
}

// --- The bench
struct bench {
    const struct options *options;
    struct child child;
    struct session *session;
    struct machine *machine;
    struct pool pool;
    size_t used; // of the pool
    double sync_us, commit_us, verify_us;
};

static enum am_err send_some(struct bench *bench, size_t in_flight, size_t count, struct am_detail *detail,
                             struct load_result *ret_result)
{
    struct load *load;
    if (bench->used + count > bench->pool.count)
        return am_fail(AM_FULL, detail, "pool", "%zu messages are too few", bench->pool.count);
    TRY(load_open(bench->session, (in_flight + PER_CALL - 1) / PER_CALL, detail, &load));
    enum am_err err = load_send(load, bench->pool.messages + bench->used, count, in_flight, NULL, ret_result);
    load_close(load);
    bench->used += count;
    if (err == AM_OK && (ret_result->refused > 0 || ret_result->lost > 0))
        printf("  refused %zu, lost %zu: %s\n", ret_result->refused, ret_result->lost, ret_result->first_refusal);
    return err;
}

// The limits and one in flight by turns, so that what disturbs the machine disturbs both.
static enum am_err bench_one(struct bench *bench, struct am_detail *detail)
{
    static double syncs[MOST_SAMPLES], commits[MOST_SAMPLES], verifies[MOST_SAMPLES];
    double p50[ROUNDS], p99 = 0, seconds = 0, cpu = 0;
    size_t size = bench->pool.messages[0].len, accepted = 0;
    struct load_result result;
    for (size_t i = 0; i < ROUNDS; i++) {
        TRY(machine_sync(bench->machine, ONE_SAMPLES, syncs + i * ONE_SAMPLES));
        TRY(machine_commit(bench->machine, size, ONE_SAMPLES, commits + i * ONE_SAMPLES));
        TRY(machine_verify(bench->machine, VERIFIES, verifies + i * VERIFIES));
        double before = child_cpu(&bench->child);
        TRY(send_some(bench, 1, ONE_SENDS, detail, &result));
        cpu += child_cpu(&bench->child) - before;
        p50[i] = result.p50_us;
        p99 = result.p99_us > p99 ? result.p99_us : p99;
        seconds += result.seconds;
        accepted += result.accepted;
    }
    bench->sync_us = median(syncs, ROUNDS * ONE_SAMPLES);
    bench->commit_us = median(commits, ROUNDS * ONE_SAMPLES);
    bench->verify_us = median(verifies, ROUNDS * VERIFIES);
    double latency = median(p50, ROUNDS);
    printf("this machine: fdatasync of 4 KiB %.0f us, LMDB commit of a %zu-byte message %.0f us, P-256 verify %.1f us "
           "(%.0f/s a core)\n",
           bench->sync_us, size, bench->commit_us, bench->verify_us, 1e6 / bench->verify_us);
    printf("in flight    sends/s   p50 us   p99 us   hub CPU us/message   RssAnon MiB\n");
    printf("%9d %10.0f %8.0f %8.0f %20.0f %13.1f   latency %.2f x LMDB commit\n", 1, (double)accepted / seconds,
           latency, p99, accepted == 0 ? 0 : cpu / (double)accepted * 1e6, child_anonymous(&bench->child) / 1048576,
           latency / bench->commit_us);
    return AM_OK;
}

static enum am_err bench_many(struct bench *bench, size_t in_flight, size_t count, struct am_detail *detail)
{
    struct load_result result;
    double before = child_cpu(&bench->child);
    TRY(send_some(bench, in_flight, count, detail, &result));
    double cpu = child_cpu(&bench->child) - before, rate = (double)result.accepted / result.seconds;
    double cores = cpu / result.seconds;
    printf("%9zu %10.0f %8.0f %8.0f %20.0f %13.1f   rate %.2f x P-256 verify x %.2f cores used; CPU %.2f x verify\n",
           in_flight, rate, result.p50_us, result.p99_us,
           result.accepted == 0 ? 0 : cpu / (double)result.accepted * 1e6, child_anonymous(&bench->child) / 1048576,
           cores > 0 ? rate / (cores * 1e6 / bench->verify_us) : 0, cores,
           result.accepted == 0 ? 0 : cpu / (double)result.accepted * 1e6 / bench->verify_us);
    return AM_OK;
}

static enum am_err bench_idle(struct bench *bench, struct am_detail *detail)
{
    struct load *load;
    struct load_result result;
    size_t count = bench->options->idle;
    double before = child_anonymous(&bench->child);
    TRY(load_open(bench->session, count, detail, &load));
    enum am_err err = load_speak(load, &result);
    if (err == AM_OK) {
        double spoken = child_anonymous(&bench->child);
        load_idle(load, SETTLE_S);
        double idle = child_anonymous(&bench->child);
        printf("%zu connections that have spoken (%zu answered): RssAnon %.1f MiB in all, %.1f KiB each above what was "
               "there; at once %.1f KiB each\n",
               count, result.accepted, idle / 1048576, (idle - before) / 1024 / (double)count,
               (spoken - before) / 1024 / (double)count);
    }
    load_close(load);
    return err;
}

static enum am_err bench_all(struct bench *bench, struct am_detail *detail)
{
    static const struct {
        size_t in_flight, count;
    } STEPS[] = {{16, 2000}, {64, 4000}, {256, 6000}};
    size_t need = WARM_UP + ROUNDS * ONE_SENDS, scale = bench->options->scale;
    struct load_result result;
    for (size_t i = 0; i < AM_LEN(STEPS); i++)
        need += STEPS[i].count * scale;
    // Idle connections first: above a hub that has done nothing yet.
    if (bench->options->idle > 0)
        TRY(bench_idle(bench, detail));
    uint64_t began = clock_monotonic();
    TRY(pool_make(bench->session, bench->options->draft, need, detail, &bench->pool));
    printf("%zu messages prepared, %.2f ms each (compose, seal, sign)\n", need,
           (double)(clock_monotonic() - began) / 1e6 / (double)need);
    fflush(stdout);
    TRY(machine_open(bench->options->world, &bench->machine));
    TRY(send_some(bench, 16, WARM_UP, detail, &result));
    TRY(bench_one(bench, detail));
    for (size_t i = 0; i < AM_LEN(STEPS); i++) {
        fflush(stdout);
        TRY(bench_many(bench, STEPS[i].in_flight, STEPS[i].count * scale, detail));
    }
    return AM_OK;
}

static enum am_err bench_run(const struct options *options, struct am_detail *detail)
{
    struct bench bench = {.options = options};
    TRY(child_start(options->world, options->build, detail, &bench.child));
    enum am_err err = open_session(options, bench.child.address, detail, &bench.session);
    if (err == AM_OK)
        err = bench_all(&bench, detail);
    session_close(bench.session);
    machine_close(bench.machine);
    pool_clear(&bench.pool);
    int status = child_stop(&bench.child);
    if (err == AM_OK && status != 0)
        err = am_fail(AM_IO, detail, "amanad", "ended with status %d", status);
    return err;
}

// --- Command line
enum {
    KEY_SEND = 0x100,
    KEY_AGAIN,
    KEY_PREPARE,
    KEY_POOL,
    KEY_RECEIPTS,
    KEY_ADDRESS,
    KEY_DESK,
    KEY_DRAFT,
    KEY_IDLE,
    KEY_SCALE,
    KEY_IN_FLIGHT
};

static const struct argp_option OPTIONS[] = {
    {"send", KEY_SEND, "N", 0, "send N messages to the hub at --address and end", 0},
    {"pool", KEY_POOL, "FILE", 0, "where these messages are kept: read if it is there, else made and written", 0},
    {"again", KEY_AGAIN, NULL, 0, "send all of --pool once more, the same ids", 0},
    {"prepare", KEY_PREPARE, NULL, 0, "only make --pool, with --send messages", 0},
    {"receipts", KEY_RECEIPTS, "FILE", 0, "a line for each answer: id, SHA-256 of the receipt", 0},
    {"address", KEY_ADDRESS, "HOST:PORT", 0, "of the hub", 0},
    {"in-flight", KEY_IN_FLIGHT, "N", 0, "sends at once (16)", 0},
    {"desk", KEY_DESK, "NAME", 0, "folder of the sender in the world (police)", 0},
    {"draft", KEY_DRAFT, "FILE", 0, "what is sent (tests/bench/alert.json)", 0},
    {"idle", KEY_IDLE, "N", 0, "idle connections (1000; 0: none)", 0},
    {"scale", KEY_SCALE, "N", 0, "so many times the usual number of messages (1)", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_SEND: options->send = strtoul(arg, NULL, 10); break;
    case KEY_POOL: options->pool = arg; break;
    case KEY_AGAIN: options->again = true; break;
    case KEY_PREPARE: options->prepare = true; break;
    case KEY_RECEIPTS: options->receipts = arg; break;
    case KEY_ADDRESS: options->address = arg; break;
    case KEY_IN_FLIGHT: options->in_flight = strtoul(arg, NULL, 10); break;
    case KEY_DESK: options->desk = arg; break;
    case KEY_DRAFT: options->draft = arg; break;
    case KEY_IDLE: options->idle = strtoul(arg, NULL, 10); break;
    case KEY_SCALE: options->scale = strtoul(arg, NULL, 10); break;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_usage(state);
        *(state->arg_num == 0 ? &options->world : &options->build) = arg;
        break;
    case ARGP_KEY_END:
        if (options->world == NULL || options->in_flight == 0 || options->scale == 0 ||
            ((options->again || options->prepare) && options->pool == NULL) ||
            (options->send > 0 || options->again ? options->address == NULL : options->build == NULL))
            argp_usage(state);
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct argp ARGP = {OPTIONS,
                                     parse,
                                     "WORLD [BUILD]",
                                     "Measures a hub in WORLD (made by tests/setup) with the programs of BUILD.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct options options = {
        .desk = "police", .draft = "tests/bench/alert.json", .in_flight = 16, .idle = 1000, .scale = 1};
    struct am_detail detail = {0};
    struct rlimit files;
    struct session *session = NULL;
    argp_parse(&ARGP, argc, argv, 0, NULL, &options);
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    enum am_err err;
    if (options.send > 0 || options.again) {
        err = open_session(&options, options.address, &detail, &session);
        if (err == AM_OK)
            err = send_prepared(&options, session, &detail);
        session_close(session);
    } else {
        err = bench_run(&options, &detail);
    }
    if (err != AM_OK)
        fprintf(stderr, "bench_hub: %s: %s: %s\n", am_err_text(err), detail.field, detail.text);
    return err == AM_OK ? 0 : 1;
}
