// SPDX-License-Identifier: Apache-2.0
// amanad as a process: start in the order that leaves each part the fewest rights, signals, reload, end.
#include "server/daemon.h"

#include "certs/tls.h"
#include "server/crls_seen.h"
#include "server/exit_status.h"
#include "server/hub_row.h"
#include "server/journal_open.h"
#include "server/net/hub_clock.h"
#include "server/net/net.h"
#include "server/net/policy_units.h"
#include "server/policy_file.h"
#include "server/reloader.h"
#include "server/sandbox.h"
#include "server/signer/process.h"
#include "server/state.h"

#include <errno.h>
#include <event2/event.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define CERT_CACHE 65536u // verdicts kept: a device and an officer for each of some thousand units

struct daemon {
    const struct config *config;
    struct event_base *base;
    struct event *term, *interrupt, *hup, *child;
    struct signer *signer;
    int listen_fd;
    uint16_t port;
    struct reloader reloader; // holds the trust in force
    struct cert_cache *cache;
    struct journal_open journal;
    struct hub *hub;
    struct registry *registry;
    struct state state;
    struct net *net;
    struct store_callbacks net_callbacks;
    char own[CONFIG_PATH + 32]; // DATA/hub, what the hub writes beside the journal
    char pending[CONFIG_PATH + 64], clock[CONFIG_PATH + 64], crls[CONFIG_PATH + 64], port_file[CONFIG_PATH + 64],
        metrics[CONFIG_PATH + 64], handed[CONFIG_PATH + 64];
    char boot[HUB_CLOCK_BOOT];
    struct sandbox_users users;
    char sandbox[96];
    bool stopped;
};

// A reload that is asked for while we start would end us without a word: it waits until it can be done.
static void hup_block(bool block)
{
    sigset_t hup;

    sigemptyset(&hup);
    sigaddset(&hup, SIGHUP);
    pthread_sigmask(block ? SIG_BLOCK : SIG_UNBLOCK, &hup, NULL);
}

enum am_err daemon_enter(const struct config *config, struct am_detail *detail)
{
    struct rlimit files;

    // A descriptor for each connection: as many as the machine lets us have.
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    process_no_core();
    hup_block(true);
    umask(027);
    report_start(config->log, getenv("JOURNAL_STREAM") != NULL);
    if (chdir(config->folder) != 0)
        return am_fail(AM_IO, detail, config->folder, "%s", strerror(errno));
    return AM_OK;
}

// --- Signals
static void on_term(evutil_socket_t signal, short what, void *user)
{
    struct daemon *daemon = user;

    report(REPORT_NOTICE, "stopping", "signal=%s", signal == SIGTERM ? "TERM" : "INT");
    net_stop(daemon->net, signal == SIGTERM ? "TERM" : "INT");
}

static void on_hup(evutil_socket_t signal, short what, void *user)
{
    struct daemon *daemon = user;

    reloader_start(&daemon->reloader);
}

// Only a restart finds out what is durable.
static _Noreturn void die(enum am_err err, const char *what)
{
    report(REPORT_ERROR, "died", "what=\"%s\" reason=\"%s\" do=\"%s\"", what, am_err_text(err), exit_died_do(err));
    _exit(exit_died(err));
}

// Without the signer nothing more can be receipted: what is in flight is found out at the next start.
static void on_child(evutil_socket_t signal, short what, void *user)
{
    struct daemon *daemon = user;
    bool disk;

    if (!daemon->stopped && signer_ended(daemon->signer, false, &disk))
        die(disk ? AM_IO : AM_UNAVAILABLE, "the signer ended");
}

static void on_stopped(void *user)
{
    struct daemon *daemon = user;

    daemon->stopped = true;
    event_base_loopexit(daemon->base, NULL);
}

static enum am_err signals_watch(struct daemon *daemon)
{
    daemon->term = evsignal_new(daemon->base, SIGTERM, on_term, daemon);
    daemon->interrupt = evsignal_new(daemon->base, SIGINT, on_term, daemon);
    daemon->hup = evsignal_new(daemon->base, SIGHUP, on_hup, daemon);
    daemon->child = evsignal_new(daemon->base, SIGCHLD, on_child, daemon);
    if (daemon->term == NULL || daemon->interrupt == NULL || daemon->hup == NULL || daemon->child == NULL ||
        event_add(daemon->term, NULL) != 0 || event_add(daemon->interrupt, NULL) != 0 ||
        event_add(daemon->hup, NULL) != 0 || event_add(daemon->child, NULL) != 0)
        return AM_NOMEM;
    hup_block(false);
    return AM_OK;
}

// --- The keeper calls through here: the net is made after the store, and knows the hub that is filled from it.
static void store_done(void *user, struct journal_append *append, const struct journal_outcome *outcome)
{
    struct daemon *daemon = user;

    daemon->net_callbacks.done(daemon->net_callbacks.user, append, outcome);
}

static void store_batch_done(void *user)
{
    struct daemon *daemon = user;

    daemon->net_callbacks.batch_done(daemon->net_callbacks.user);
}

static void store_died(void *user, enum am_err err, const char *what)
{
    struct daemon *daemon = user;
    bool disk;

    // Its socket tells that the signer ended, its status why.
    die(err == AM_UNAVAILABLE && signer_ended(daemon->signer, true, &disk) && disk ? AM_IO : err, what);
}

// --- Start
// Whether what lies beneath the folder may be read: not where the signer's files lie there and are this user's too.
static bool folder_open(const struct daemon *daemon, const char *folder)
{
    char above[PATH_MAX], signer[PATH_MAX], path[CONFIG_PATH + 1];
    struct am_detail detail;
    size_t len;

    if (!signer_shares_user(daemon->signer) || realpath(folder, above) == NULL ||
        signer_folder(daemon->config->data, &detail, path) != AM_OK || realpath(path, signer) == NULL)
        return true;
    len = strlen(above);
    return strncmp(signer, above, len) != 0 || (len > 1 && signer[len] != '/');
}

// The folder of a file that HUP reads anew, since a new one comes by a rename; or where that would open too much, the
// file that is there.
static const char *readable_of(const struct daemon *daemon, const char *file, char folder[CONFIG_PATH + 1])
{
    const char *name = dirname(strcpy(folder, file));

    if (folder_open(daemon, name))
        return name;
    report(
        REPORT_WARNING, "sandbox",
        "file=%s reason=\"its folder holds the signer's too: a new one that is renamed into its place can't be read\" "
        "do=\"put it into a folder of its own, or give the signer its own user\"",
        file);
    return file;
}

// What the program may still touch once it serves: its journal and own files, and what HUP reads anew.
static void files_fence(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    char journal[CONFIG_PATH + 32], folders[4][CONFIG_PATH + 1];
    const char *writable[3] = {journal, daemon->own};
    const char *readable[6] = {config->trust, config->rosters, "/usr"}; // OpenSSL's modules, time zones
    size_t n_writable = 2, n_readable = 3;

    snprintf(journal, sizeof journal, "%s/journal", config->data);
    if (config->port_file[0] != '\0')
        writable[n_writable++] = dirname(strcpy(folders[0], daemon->port_file));
    readable[n_readable++] = readable_of(daemon, config->certificate, folders[1]);
    readable[n_readable++] = readable_of(daemon, config->key, folders[2]);
    if (config->policy[0] != '\0')
        readable[n_readable++] = readable_of(daemon, config->policy, folders[3]);
    sandbox_landlock(writable, n_writable, readable, n_readable, daemon->sandbox, sizeof daemon->sandbox);
}

static enum am_err rights_drop(struct daemon *daemon, struct am_detail *detail)
{
    if (!sandbox_lock_keys())
        report(REPORT_WARNING, "memory", "what=\"can't be locked: the TLS key may reach swap\" do=\"raise ulimit -l\"");
    if (geteuid() == 0)
        TRY(process_become("user", daemon->users.hub.uid, daemon->users.hub.gid, detail));
    TRY(sandbox_no_capabilities(detail));
    TRY(sandbox_no_new_privs(detail));
    if (mkdir(daemon->own, 0700) != 0 && errno != EEXIST)
        return am_fail(AM_IO, detail, daemon->own, "can't be made: %s", strerror(errno));
    files_fence(daemon);
    return AM_OK;
}

static enum am_err hub_make(struct daemon *daemon, struct am_detail *detail)
{
    const struct config *config = daemon->config;
    const struct hub_config options = {.origin = config->origin,
                                       .hub = config->hub_uri,
                                       .version = AMANA_VERSION,
                                       .requests_per_s = config->limits.requests_per_s,
                                       .in_flight = config->limits.in_flight};
    struct policy *policy;

    daemon->cache = cert_cache_new(CERT_CACHE);
    if (daemon->cache == NULL)
        return AM_NOMEM;
    TRY(hub_new(&options, &daemon->hub));
    TRY(policy_load(config->policy, detail, &policy));
    hub_set_policy(daemon->hub, policy);
    TRY(state_load(daemon->journal.store, daemon->hub, daemon->reloader.trust, daemon->cache, detail, &daemon->state,
                   &daemon->registry));
    policy_units_report(daemon->hub, hub_policy(daemon->hub));
    return AM_OK;
}

static enum am_err net_make(struct daemon *daemon, struct am_detail *detail)
{
    const struct config *config = daemon->config;
    const struct net_options options = {
        .base = daemon->base,
        .hub = daemon->hub,
        .store = daemon->journal.store,
        .registry = daemon->registry,
        .origin = config->origin,
        .hub_name = config->hub,
        .hub_uri = config->hub_uri,
        .certificate_file = config->certificate,
        .key_file = config->key,
        .listen_fd = daemon->listen_fd,
        .workers = config->workers != 0 ? config->workers : (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
        .limits = config->limits,
        .crl_grace_ns = config->crl_grace_hours * NS_PER_HOUR,
        .may_append = daemon->journal.may_append,
        .pending = daemon->pending,
        .handed = daemon->handed,
        .clock = daemon->clock,
        .metrics = daemon->metrics,
        .boot = daemon->boot,
        .stopped = on_stopped,
        .user = daemon,
    };

    TRY(net_new(&options, detail, &daemon->net));
    daemon->net_callbacks = net_store_callbacks(daemon->net);
    daemon->reloader.net = daemon->net;
    return AM_OK;
}

static enum am_err journal_start(struct daemon *daemon, struct am_detail *detail)
{
    const struct store_callbacks callbacks = {
        .done = store_done, .batch_done = store_batch_done, .died = store_died, .user = daemon};

    return journal_open(daemon->config, daemon->config->data, daemon->signer, &callbacks, detail, &daemon->journal);
}

static enum am_err parts_make(struct daemon *daemon, struct am_detail *detail)
{
    const struct config *config = daemon->config;

    TRY(net_bind(config->address, config->port, detail, &daemon->listen_fd, &daemon->port));
    TRY(rights_drop(daemon, detail));
    TRY(trust_load(config->trust, NULL, detail, &daemon->reloader.trust));
    TRY(journal_start(daemon, detail)); // on a full disk it says so: it knows how much room is needed
    TRY(hub_row_check(config, daemon->reloader.trust, daemon->journal.log_key, detail));
    TRY(crls_seen_take(daemon->crls, daemon->reloader.trust, true, detail));
    trust_crls_tolerate(daemon->reloader.trust, LIMIT_CRL_STALE_NS);
    TRY(hub_make(daemon, detail));
    daemon->base = event_base_new();
    if (daemon->base == NULL)
        return AM_NOMEM;
    TRY(net_make(daemon, detail));
    return signals_watch(daemon);
}

static enum am_err port_write(struct daemon *daemon, struct am_detail *detail)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%u\n", daemon->port);

    return certs_write_file(daemon->port_file, (struct am_bytes){(const uint8_t *)text, (size_t)len}, 0644, detail);
}

static void serving_report(const struct daemon *daemon)
{
    const struct config *config = daemon->config;

    report(REPORT_NOTICE, "serving",
           "hub=%s version=%s address=%s port=%u log=%s size=%llu user=%u signer=%s sandbox=\"%s\"", config->hub,
           AMANA_VERSION, config->address[0] ? config->address : "*", daemon->port, config->origin,
           (unsigned long long)store_signed_size(daemon->journal.store), getuid(),
           signer_shares_user(daemon->signer) ? "same-user" : "own-user", daemon->sandbox);
    if (!daemon->journal.may_append)
        report(REPORT_ERROR, "read-only", "reason=\"%s\"", daemon->journal.why);
}

static enum am_err daemon_run(struct daemon *daemon, struct am_detail *detail)
{
    TRY(parts_make(daemon, detail));
    if (daemon->journal.may_append)
        TRY(net_pending_take(daemon->net, detail));
    const struct net_before before = {.clean = daemon->state.clean,
                                      .trust = daemon->state.trust.known ? daemon->state.trust.digest : NULL,
                                      .policy = daemon->state.policy.known ? daemon->state.policy.digest : NULL};
    TRY(net_start(daemon->net, &before));
    reloader_rosters(&daemon->reloader);
    TRY(port_write(daemon, detail));
    TRY(sandbox_calls(daemon->sandbox, sizeof daemon->sandbox, detail));
    serving_report(daemon);
    if (event_base_dispatch(daemon->base) < 0)
        return am_fail(AM_IO, detail, "", "the event loop failed");
    return AM_OK;
}

static void daemon_end(struct daemon *daemon)
{
    struct event *events[] = {daemon->term, daemon->interrupt, daemon->hup, daemon->child};

    daemon->stopped = true;
    if (daemon->journal.may_append)
        store_drain(daemon->journal.store);
    net_free(daemon->net);
    for (size_t i = 0; i < AM_LEN(events); i++)
        if (events[i] != NULL)
            event_free(events[i]);
    if (daemon->base != NULL)
        event_base_free(daemon->base);
    hub_free(daemon->hub);
    registry_unref(daemon->registry);
    cert_cache_free(daemon->cache);
    store_close(daemon->journal.store);
    trust_unref(daemon->reloader.trust);
    signer_stop(daemon->signer);
    (void)unlink(daemon->port_file);
}

static void paths_fill(struct daemon *daemon)
{
    const struct config *config = daemon->config;

    snprintf(daemon->own, sizeof daemon->own, "%s/" DAEMON_OWN, config->data);
    snprintf(daemon->pending, sizeof daemon->pending, "%s/access.pending", daemon->own);
    snprintf(daemon->crls, sizeof daemon->crls, "%s/" DAEMON_CRLS, daemon->own);
    snprintf(daemon->metrics, sizeof daemon->metrics, "%s/" DAEMON_METRICS, daemon->own);
    snprintf(daemon->handed, sizeof daemon->handed, "%s/handed", daemon->own);
    snprintf(daemon->clock, sizeof daemon->clock, "%s/" HUB_CLOCK_FILE, daemon->own);
    daemon->reloader.crls = daemon->crls;
    daemon->reloader.log_key = daemon->journal.log_key;
    if (config->port_file[0] != '\0')
        snprintf(daemon->port_file, sizeof daemon->port_file, "%s", config->port_file);
    else
        snprintf(daemon->port_file, sizeof daemon->port_file, "%s/port", daemon->own);
}

enum am_err daemon_serve(const struct config *config, struct am_detail *detail)
{
    struct daemon daemon = {.config = config, .listen_fd = -1, .reloader = {.config = config}};
    enum am_err err;

    paths_fill(&daemon);
    hub_clock_boot(daemon.boot);
    if (access(config->data, F_OK) != 0)
        return am_fail(AM_NOT_FOUND, detail, config->data, "%s",
                       errno == ENOENT ? "there is no log yet: make it with `amanad init`" : strerror(errno));
    TRY(sandbox_users(config->user, config->signer_user, detail, &daemon.users));
    (void)unlink(daemon.port_file);
    err = signer_begin(config, config->data, &daemon.users, detail, &daemon.signer);
    if (err == AM_OK)
        err = daemon_run(&daemon, detail);
    daemon_end(&daemon);
    if (err == AM_OK)
        report(REPORT_NOTICE, "stopped", "hub=%s", config->hub);
    return err;
}
