// SPDX-License-Identifier: Apache-2.0
// What a send costs, beside what this machine can do at best: a real amanad, real TLS, valid messages, in one run.
// Prints; passes or fails on no time. Or, with --send, puts prepared messages to a hub that runs and records receipts.
#include "certs/clock.h"
#include "child.h"
#include "load.h"
#include "machine.h"
#include "rounds.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS   7  // in each, everything is measured once, so that what disturbs the machine disturbs all alike
#define COMMITS  60 // of a round
#define VERIFIES 1000
#define WARM_UP  200u
#define PER_CALL 64 // in flight on one connection at most
#define CASE_OF  10 // messages, of --full
#define SETTLE_S 4  // until idle connections have given back what they can

static const struct step STEPS[] = {{1, 150}, {16, 400}, {64, 800}, {256, 1600}};

struct options {
    const char *world, *build, *against, *desk, *draft, *address, *pool, *receipts;
    size_t send, in_flight, idle, scale, only, full;
    bool again, prepare, keep;
};

static void large_world(const char *world, char ret_path[PATH_MAX])
{
    snprintf(ret_path, PATH_MAX, "%.4000s.against", world);
}

static bool large_is_kept(const struct options *options)
{
    char path[PATH_MAX];
    large_world(options->world, path);
    return options->keep && options->full > 0 && access(path, F_OK) == 0;
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
static enum am_err get_pool(const struct options *options, struct session *session, size_t count,
                            struct am_detail *detail, struct pool *ret_pool)
{
    if (options->again || (options->pool != NULL && access(options->pool, R_OK) == 0))
        return pool_load(options->pool, detail, ret_pool);
    TRY(pool_make(session, options->draft, count, large_is_kept(options), detail, ret_pool));
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
    enum am_err err = get_pool(options, session, options->send, detail, &pool);
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

#define HUBS 2

// One build's hub, with a world of its own.
struct measured {
    const char *build;
    char world[PATH_MAX];
    struct child child;
    size_t used;      // of the pool
    double first_cpu; // s, of the warm-up
    struct figures figures[AM_LEN(STEPS)];
};

struct bench {
    const struct options *options;
    size_t rounds;
    struct measured hubs[HUBS]; // the second with --against
    size_t hub_count;
    struct session *session;
    struct machine *machine;
    struct pool pool;
    struct series sync_us, commit_us[BLOCKS], verify_us;
};

static void session_at(struct bench *bench, const struct measured *hub)
{
    snprintf(bench->session->settings.value[SETTING_ADDRESS], SETTING_MAX, "%s", hub->child.address);
}

// Prepared beforehand, and connected before the clocks run, with a call of each connection answered: a client has its
// end of a handshake before the hub has checked the client's certificate. The generator's own work is in none of the
// figures but the latency.
static enum am_err send_some(struct bench *bench, struct measured *hub, size_t in_flight, size_t count,
                             struct am_detail *detail, struct load_result *ret_result, double *ret_cpu)
{
    struct load *load;
    size_t answered;
    if (hub->used + count > bench->pool.count)
        return am_fail(AM_FULL, detail, "pool", "%zu messages are too few", bench->pool.count);
    session_at(bench, hub);
    TRY(load_open_spoken(bench->session, (in_flight + PER_CALL - 1) / PER_CALL, detail, &load, &answered));
    double before = child_cpu(&hub->child);
    enum am_err err = load_send(load, bench->pool.messages + hub->used, count, in_flight, NULL, ret_result);
    *ret_cpu = child_cpu(&hub->child) - before;
    load_close(load);
    hub->used += count;
    if (err == AM_OK && (ret_result->refused > 0 || ret_result->lost > 0))
        printf("  refused %zu, lost %zu: %s\n", ret_result->refused, ret_result->lost, ret_result->first_refusal);
    return err == AM_OK && ret_result->accepted == 0 ? am_fail(AM_IO, detail, "sends", "none was accepted") : err;
}

static enum am_err limits_round(struct bench *bench)
{
    double us[VERIFIES > COMMITS ? VERIFIES : COMMITS];
    TRY(machine_sync(bench->machine, COMMITS, us));
    TRY(series_add(&bench->sync_us, median(us, COMMITS)));
    for (unsigned blocks = 0; blocks < BLOCKS; blocks++) {
        TRY(machine_commit(bench->machine, (enum machine_blocks)blocks, bench->pool.messages[0].len, COMMITS, us));
        TRY(series_add(&bench->commit_us[blocks], median(us, COMMITS)));
    }
    TRY(machine_verify(bench->machine, VERIFIES, us));
    return series_add(&bench->verify_us, median(us, VERIFIES));
}

// One in flight is held against the commit of its own round, into written blocks, which is the cheaper one; many
// against the CPU of bare verifications, so that what the generator or another program takes of the cores counts for
// neither.
static enum am_err step_round(struct bench *bench, struct measured *hub, size_t number, struct am_detail *detail)
{
    const struct step *step = &STEPS[number];
    struct figures *figures = &hub->figures[number];
    struct load_result result;
    double cpu = 0;
    TRY(send_some(bench, hub, step->in_flight, step->count, detail, &result, &cpu));
    double each = cpu / (double)result.accepted * 1e6;
    TRY(series_add(&figures->rate, (double)result.accepted / result.seconds));
    TRY(series_add(&figures->p50, result.p50_us));
    TRY(series_add(&figures->p99, result.p99_us));
    TRY(series_add(&figures->cpu, each));
    TRY(series_add(&figures->cores, cpu / result.seconds));
    return series_add(&figures->ratio, step->in_flight == 1
                                           ? result.p50_us / series_last(&bench->commit_us[BLOCKS_WRITTEN])
                                           : series_last(&bench->verify_us) / each);
}

// What is compared, so that nobody has to guess.
static void print_compared(const struct bench *bench)
{
    printf("large log / empty: the same messages to both hubs, in turns, the same number in flight; CPU is user and "
           "system "
           "time of the hub and its signer. Both are warm: the first %u sends after the start, hub CPU x %.2f, don't "
           "count.\n",
           WARM_UP, bench->hubs[1].first_cpu / bench->hubs[0].first_cpu);
}

static void print_bench(struct bench *bench)
{
    bool full = bench->options->full > 0;
    if (full)
        print_compared(bench);
    for (size_t i = 0; bench->hub_count > 1 && i < AM_LEN(STEPS); i++)
        if (bench->hubs[0].figures[i].ratio.count > 0)
            print_growth(full ? "large log / empty" : "this build / the other", &STEPS[i],
                         &bench->hubs[!full].figures[i], &bench->hubs[full].figures[i]);
    double verify = median(bench->verify_us.values, bench->verify_us.count);
    double unwritten = median(bench->commit_us[BLOCKS_UNWRITTEN].values, bench->commit_us[BLOCKS_UNWRITTEN].count);
    double written = median(bench->commit_us[BLOCKS_WRITTEN].values, bench->commit_us[BLOCKS_WRITTEN].count);
    printf("this machine: fdatasync of 4 KiB %.0f us, LMDB commit of a %zu-byte message %.0f us into written blocks, "
           "%.0f us into unwritten ones, P-256 verify %.1f us of CPU (%.0f/s a core); medians of "
           "%zu rounds\n",
           median(bench->sync_us.values, bench->sync_us.count), bench->pool.messages[0].len, written, unwritten, verify,
           1e6 / verify, bench->rounds);
    for (struct measured *hub = bench->hubs; hub < bench->hubs + bench->hub_count; hub++) {
        printf("%s%s\nin flight   sends/s   p50 us   p99 us   hub CPU us/message   cores   ratio (of the rounds)\n",
               hub->build, hub > bench->hubs && bench->options->full > 0 ? ", with the large log" : "");
        for (size_t i = 0; i < AM_LEN(STEPS); i++)
            if (hub->figures[i].ratio.count > 0)
                print_figures(&STEPS[i], &hub->figures[i]);
        if (hub->figures[0].p50.count > 0)
            printf("with 1 in flight p50 is %.2f commits into unwritten blocks\n",
                   median(hub->figures[0].p50.values, hub->figures[0].p50.count) / unwritten);
        printf("RssAnon after them %.1f MiB\n", child_anonymous(&hub->child) / 1048576);
    }
}

static enum am_err bench_idle(struct bench *bench, struct am_detail *detail)
{
    struct load *load;
    size_t count = bench->options->idle, answered;
    const struct child *child = &bench->hubs[0].child;
    double before = child_anonymous(child);
    TRY(load_open_spoken(bench->session, count, detail, &load, &answered));
    double spoken = child_anonymous(child);
    load_idle(load, SETTLE_S);
    double idle = child_anonymous(child);
    printf("%zu connections that have spoken (%zu answered): RssAnon %.1f MiB in all, %.1f KiB each above what was "
           "there; at once %.1f KiB each\n",
           count, answered, idle / 1048576, (idle - before) / 1024 / (double)count,
           (spoken - before) / 1024 / (double)count);
    load_close(load);
    return AM_OK;
}

static bool step_wanted(const struct bench *bench, const struct step *step)
{
    return bench->options->only == 0 || bench->options->only == step->in_flight;
}

static enum am_err bench_rounds(struct bench *bench, struct am_detail *detail)
{
    for (size_t round = 0; round < bench->rounds; round++) {
        TRY(limits_round(bench));
        for (size_t i = 0; i < AM_LEN(STEPS); i++)
            for (size_t hub = 0; hub < bench->hub_count && step_wanted(bench, &STEPS[i]); hub++)
                TRY(step_round(bench, &bench->hubs[(hub + round) % bench->hub_count], i, detail));
    }
    return AM_OK;
}

static enum am_err hub_stop(struct measured *hub, struct am_detail *detail)
{
    int status = hub->child.pid > 0 ? child_stop(&hub->child) : 0;
    hub->child = (struct child){0};
    return status == 0 ? AM_OK : am_fail(AM_IO, detail, "amanad", "ended with status %d", status);
}

static enum am_err run(const char *const argv[], const char *what, struct am_detail *detail)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        return am_fail(AM_IO, detail, what, "%s failed", argv[0]);
    return AM_OK;
}

static enum am_err copy_world(const char *from, const char *to, struct am_detail *detail)
{
    const char *const argv[] = {"cp", "-aT", "--sparse=always", from, to, NULL}; // unwritten blocks stay that
    return run(argv, to, detail);
}

static enum am_err fill_world(const struct measured *hub, size_t messages, struct am_detail *detail)
{
    char program[PATH_MAX], count[24], cases[24];
    snprintf(program, sizeof program, "%s/tests/bench_fill", hub->build);
    snprintf(count, sizeof count, "%zu", messages);
    snprintf(cases, sizeof cases, "%zu", (messages + CASE_OF - 1) / CASE_OF);
    const char *const argv[] = {program, hub->world, count, cases, NULL};
    return run(argv, hub->world, detail);
}

// The other build gets the same world as it is now, so that the same messages are good for both; or this build gets it
// once more, with a log that is large.
static enum am_err begin_other(struct bench *bench, struct am_detail *detail)
{
    struct measured *hub = &bench->hubs[0], *other = &bench->hubs[1];
    bool full = bench->options->full > 0;
    other->build = full ? hub->build : bench->options->against;
    large_world(hub->world, other->world);
    TRY(hub_stop(hub, detail));
    bool kept = large_is_kept(bench->options);
    if (!kept) {
        TRY(copy_world(hub->world, other->world, detail));
        // And back: else one has blocks allotted to it that the other has to ask for, which takes 100 us of a send.
        if (!full)
            TRY(copy_world(other->world, hub->world, detail));
    }
    if (full && !kept)
        TRY(fill_world(other, bench->options->full, detail));
    bench->hub_count = HUBS;
    TRY(child_start(hub->world, hub->build, detail, &hub->child));
    return child_start(other->world, other->build, detail, &other->child);
}

static enum am_err make_pool(struct bench *bench, struct am_detail *detail)
{
    size_t need = WARM_UP;
    for (size_t i = 0; i < AM_LEN(STEPS); i++)
        need += step_wanted(bench, &STEPS[i]) ? STEPS[i].count * bench->rounds : 0;
    uint64_t began = clock_monotonic();
    TRY(get_pool(bench->options, bench->session, need, detail, &bench->pool));
    printf("%zu messages prepared, %.2f ms each (compose, seal, sign)\n", bench->pool.count,
           (double)(clock_monotonic() - began) / 1e6 / (double)bench->pool.count);
    fflush(stdout);
    return AM_OK;
}

static enum am_err bench_all(struct bench *bench, struct am_detail *detail)
{
    struct load_result result;
    bench->rounds = ROUNDS * bench->options->scale;
    // Idle connections first: above a hub that has done nothing yet.
    if (bench->options->idle > 0)
        TRY(bench_idle(bench, detail));
    TRY(make_pool(bench, detail));
    if (bench->options->against != NULL || bench->options->full > 0)
        TRY(begin_other(bench, detail));
    TRY(machine_open(bench->options->world, &bench->machine));
    for (size_t i = 0; i < bench->hub_count; i++)
        TRY(send_some(bench, &bench->hubs[i], 16, WARM_UP, detail, &result, &bench->hubs[i].first_cpu));
    TRY(bench_rounds(bench, detail));
    print_bench(bench);
    return AM_OK;
}

static void bench_clear(struct bench *bench)
{
    session_close(bench->session);
    machine_close(bench->machine);
    pool_clear(&bench->pool);
    series_clear(&bench->sync_us);
    for (unsigned blocks = 0; blocks < BLOCKS; blocks++)
        series_clear(&bench->commit_us[blocks]);
    series_clear(&bench->verify_us);
    for (size_t hub = 0; hub < HUBS; hub++)
        for (size_t i = 0; i < AM_LEN(STEPS); i++)
            figures_clear(&bench->hubs[hub].figures[i]);
}

static enum am_err bench_run(const struct options *options, struct am_detail *detail)
{
    struct bench bench = {.options = options, .hub_count = 1};
    struct measured *hub = &bench.hubs[0];
    struct options desk = *options;
    char large[PATH_MAX];
    hub->build = options->build;
    snprintf(hub->world, sizeof hub->world, "%s", options->world);
    large_world(options->world, large);
    // The desk of the kept world never connected since the logs parted: what it has seen of the log, both have signed.
    if (large_is_kept(options))
        desk.world = large;
    TRY(child_start(hub->world, hub->build, detail, &hub->child));
    enum am_err err = open_session(&desk, hub->child.address, detail, &bench.session);
    if (err == AM_OK)
        err = bench_all(&bench, detail);
    bench_clear(&bench);
    for (size_t i = 0; i < HUBS; i++) {
        enum am_err ended = hub_stop(&bench.hubs[i], detail);
        err = err == AM_OK ? ended : err;
    }
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
    KEY_ONLY,
    KEY_AGAINST,
    KEY_FULL,
    KEY_KEEP,
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
    {"scale", KEY_SCALE, "N", 0, "so many times the usual number of rounds (1)", 0},
    {"against", KEY_AGAINST, "BUILD", 0, "measure another build's hub too, in turns with this one, on WORLD.against",
     0},
    {"full", KEY_FULL, "N", 0, "measure this hub once more, in turns, with N messages in its log, ten to a case", 0},
    {"keep", KEY_KEEP, NULL, 0, "measure on the worlds of an earlier --full, if they are there", 0},
    {"only", KEY_ONLY, "N", 0, "only so many in flight: 1, 16, 64 or 256", 0},
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
    case KEY_AGAINST: options->against = arg; break;
    case KEY_FULL: options->full = strtoul(arg, NULL, 10); break;
    case KEY_KEEP: options->keep = true; break;
    case KEY_ONLY: options->only = strtoul(arg, NULL, 10); break;
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
