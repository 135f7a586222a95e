// SPDX-License-Identifier: Apache-2.0
// The hub's step and what becomes of its actions: to the workers, to the journal, and back to the calls that wait.
#include "server/net/internal.h"

#include "amana/v1/audit.pb-c.h"
#include "certs/clock.h"
#include "proto/codec/timestamp.h"
#include "server/net/certificates.h"
#include "server/net/due.h"
#include "server/net/pending.h"

#include <assert.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

// An append under way. Made before it is handed to the keeper, so that its return costs no memory.
struct commit {
    struct net *net;
    struct journal_append *append;
    struct journal_outcome outcome;
    uint64_t ahead; // its part of net->ahead
    struct pending_job pending;
    void (*written)(struct net *net, enum journal_result result); // an entry that the hub doesn't know of
    struct journal_append own;
    struct journal_entry entry;
    struct commit *next;
};

static void engine_die(const char *what)
{
    // What the hub knows and what is durable would part from here on: a restart finds the truth.
    report(REPORT_ERROR, "died", "what=\"%s\"", what);
    _exit(EX_SOFTWARE);
}

static void commit_free(struct commit *commit)
{
    if (commit->append != &commit->own)
        hub_append_free(commit->append);
    free((void *)commit->outcome.receipt.data);
    free(commit);
}

// Gives an append's outcome to the hub.
static void commit_return(struct commit *commit)
{
    struct net *net = commit->net;
    struct hub_event event = {.kind = HUB_EVENT_COMMITTED,
                              .committed = {.append = commit->append, .outcome = &commit->outcome}};

    if (commit->written != NULL)
        commit->written(net, commit->outcome.result);
    else if (net_step(net, &event) != AM_OK)
        engine_die("out of memory after a commit");
    if (commit->outcome.result == JOURNAL_DONE)
        net->grown++;
    net_turn_soon(net);
    net->ahead -= commit->ahead;
    commit_free(commit);
    send_held_go(net, false);
}

// For an outcome that is known on the loop, in the middle of the actions perhaps: after them.
static void commit_later(struct commit *commit, enum journal_result result)
{
    commit->outcome.result = result;
    commit->outcome.size = store_signed_size(commit->net->store);
    LL_APPEND(commit->net->waiting, commit);
}

static void waiting_return(struct net *net)
{
    if (net->returning)
        return;
    net->returning = true;
    while (net->waiting != NULL) {
        struct commit *commit = net->waiting;
        LL_DELETE(net->waiting, commit);
        commit_return(commit);
    }
    net->returning = false;
}

// --- From the keeper's thread
static void *commit_link(void *item, void *next)
{
    struct commit *commit = item;
    void *before = commit->next;

    commit->next = next;
    return before;
}

static void commit_take(void *user, void *item)
{
    struct commit *commit = item;

    commit->next = NULL;
    commit_return(commit);
}

static void store_done(void *user, struct journal_append *append, const struct journal_outcome *outcome)
{
    struct net *net = user;
    struct commit *commit = append->tag;

    commit->outcome = *outcome;
    mailslot_put_quiet(net->commits, commit);
}

static void store_batch_done(void *user)
{
    struct net *net = user;

    mailslot_wake(net->commits);
}

struct store_callbacks net_store_callbacks(struct net *net)
{
    return (struct store_callbacks){.done = store_done, .batch_done = store_batch_done, .user = net};
}

// --- Read-only: an ACCESS entry waits in a file, and what it allows goes on.
static void pending_written(struct pending_job *job, enum am_err err)
{
    struct commit *commit = (struct commit *)((char *)job - offsetof(struct commit, pending));
    struct net *net = commit->net;

    net->pending_jobs--;
    commit_later(commit, err == AM_OK ? JOURNAL_DONE : JOURNAL_READ_ONLY);
    waiting_return(net);
}

static void append_read_only(struct net *net, struct commit *commit)
{
    const struct journal_entry *entry = &commit->append->entries[0];

    if (commit->append->n_entries == 1 && entry->kind == AMANA__V1__ENTRY_KIND__CODE__ACCESS) {
        commit->pending =
            (struct pending_job){.path = net->options.pending, .content = entry->content, .written = pending_written};
        commit->pending.read_at = net_utc(net);
        net->pending_jobs++;
        pending_push(net->workers, &commit->pending);
        return;
    }
    commit_later(commit, JOURNAL_READ_ONLY);
}

// What the store's door says. An append that can't be one is our own fault, and is told as that.
static enum journal_result not_taken(enum am_err err)
{
    switch (err) {
    case AM_BUSY: return JOURNAL_BUSY;
    case AM_READ_ONLY: return JOURNAL_READ_ONLY;
    default: report(REPORT_ERROR, "append", "reason=\"%s\"", am_err_text(err)); return JOURNAL_REFUSED;
    }
}

static void action_append(struct net *net, const struct hub_action *action)
{
    struct commit *commit = calloc(1, sizeof *commit);

    if (commit == NULL)
        engine_die("out of memory before a commit");
    commit->net = net;
    commit->append = action->append;
    action->append->tag = commit;
    if (!net->options.may_append) {
        append_read_only(net, commit);
        return;
    }
    if (net->clock.doubted) {     // as net_step found it
        if (action->work == NULL) // the hub's own entries wait for it
            commit_later(commit, JOURNAL_BUSY);
        else
            append_read_only(net, commit);
        return;
    }
    if (action->work != NULL && action->work->kind == HUB_WORK_SUBMISSION &&
        !send_urgent((const struct hub_submission *)action->work))
        commit->ahead = store_append_bytes(action->append);
    net->ahead += commit->ahead;
    enum am_err err = store_submit(net->store, action->append);
    if (err != AM_OK)
        commit_later(commit, not_taken(err));
}

enum am_err engine_append_own(struct net *net, uint8_t kind, struct am_bytes content,
                              void (*written)(struct net *net, enum journal_result result))
{
    struct commit *commit = calloc(1, sizeof *commit);
    enum am_err err;

    if (commit == NULL)
        return AM_NOMEM;
    commit->net = net;
    commit->written = written;
    commit->entry =
        (struct journal_entry){.kind = kind, .class = JOURNAL_CLASS_HUB, .content = content, .of = JOURNAL_NONE};
    commit->own = (struct journal_append){
        .tag = commit, .time_ns = net_utc(net), .essential = true, .entries = &commit->entry, .n_entries = 1};
    commit->append = &commit->own;
    err = store_submit(net->store, commit->append);
    if (err != AM_OK)
        free(commit);
    return err;
}

// --- To the calls
static void action_check(struct hub_work *work)
{
    if (work->kind == HUB_WORK_SUBMISSION)
        send_check((struct hub_submission *)work);
    else if (work->kind == HUB_WORK_RETRIEVAL)
        acknowledge_check((struct hub_retrieval *)work);
    else if (work->kind == HUB_WORK_SETTLEMENT)
        settle_check((struct hub_settlement *)work);
    else if (work->kind == HUB_WORK_DUE)
        due_check((struct hub_due *)work);
}

static void action_reply(const struct hub_action *action)
{
    switch (action->work->kind) {
    case HUB_WORK_SUBMISSION: send_reply((struct hub_submission *)action->work, action->outcome); break;
    case HUB_WORK_SETTLEMENT: settle_reply((struct hub_settlement *)action->work, action->outcome); break;
    case HUB_WORK_RETRIEVAL: acknowledge_reply((struct hub_retrieval *)action->work, action->outcome); break;
    case HUB_WORK_REPLAY: replay_reply((struct hub_replay *)action->work); break;
    case HUB_WORK_ROSTER: reload_reply((struct hub_roster_change *)action->work, action->outcome); break;
    case HUB_WORK_MEMBER: admin_reply((struct hub_member_change *)action->work, action->outcome); break;
    case HUB_WORK_DUE: due_reply((struct hub_due *)action->work); break;
    case HUB_WORK_OWN: break;
    }
}

static void action_perform(struct net *net, const struct hub_action *action)
{
    switch (action->kind) {
    case HUB_ACTION_CHECK:
    case HUB_ACTION_RECHECK: action_check(action->work); break;
    case HUB_ACTION_DEADLINES: dues_read(net->dues, &action->deadline, action->until); break;
    case HUB_ACTION_DUE: dues_begin(net->dues, &action->deadline); break;
    case HUB_ACTION_APPEND: action_append(net, action); break;
    case HUB_ACTION_REPLY: action_reply(action); break;
    case HUB_ACTION_REPLAY: replay_stream((struct hub_replay *)action->work); break;
    case HUB_ACTION_WAKE: receive_wake(net, action->name, action->again); break;
    case HUB_ACTION_ROSTER: connections_judge(net, action->name); break;
    case HUB_ACTION_UNLOGGED:
        report(REPORT_ERROR, "unlogged", "entry=%s reason=%s do=\"%s\"", action->name, reason_name(action->reason),
               !action->again       ? "keep this line: the log does not have it"
               : clock_doubted(net) ? "confirm the clock: it is tried every second"
                                    : "make room: it is tried every second");
        break;
    case HUB_ACTION_STOPPED:
        net->hub_stopped = true;
        net_turn_soon(net);
        break;
    }
}

enum am_err net_step(struct net *net, struct hub_event *event)
{
    assert(!net->acting);
    event->now_ns = net->step_ns = net_utc(net);
    event->monotonic_ns = clock_monotonic();
    TRY(hub_step(net->hub, event, &net->actions));
    net->acting = true;
    for (size_t i = 0; i < net->actions.n; i++)
        action_perform(net, &net->actions.list[i]);
    net->actions.n = 0;
    net->acting = false;
    waiting_return(net);
    return AM_OK;
}

bool net_busy(const struct net *net)
{
    return workers_full(net->workers);
}

bool net_short(struct net *net, unsigned percent)
{
    size_t most = net->memory.limit / 100 * percent;

    if (atomic_load(&net->memory.used) > most)
        call_spares_free(net);
    return atomic_load(&net->memory.used) > most;
}

// --- CRLs that go stale: from then on nobody of their issuer is let in (security.md, Revocation)
#define CRL_AGAIN_NS NS_PER_HOUR

enum crls_state { CRLS_FRESH, CRLS_SOON, CRLS_STALE, CRLS_PAST_GRACE, CRLS_DEAD };

static enum crls_state crls_state(const struct net *net, uint64_t now, uint64_t until)
{
    return now + LIMIT_CRL_SOON_NS < until            ? CRLS_FRESH
           : now <= until                             ? CRLS_SOON
           : now - until <= net->options.crl_grace_ns ? CRLS_STALE
           : now - until <= LIMIT_CRL_STALE_NS        ? CRLS_PAST_GRACE
                                                      : CRLS_DEAD;
}

// What has changed at once, what hasn't once an hour.
static void crls_watch(struct net *net)
{
    uint64_t now = net_utc(net), until = trust_crls_expire(registry_trust(net->registry)), second = clock_monotonic();
    enum crls_state state = crls_state(net, now, until);
    uint64_t minutes = (now > until ? now - until : until - now) / NS_PER_MINUTE;
    char when[TIMESTAMP_TEXT];

    if (state == CRLS_FRESH || (state == (enum crls_state)net->crls_state && net->crls_said_ns != 0 &&
                                second < net->crls_said_ns + CRL_AGAIN_NS)) {
        net->crls_state = (int)state;
        return;
    }
    net->crls_state = (int)state;
    net->crls_said_ns = second;
    timestamp_print_ns(until + (state == CRLS_STALE ? net->options.crl_grace_ns : LIMIT_CRL_STALE_NS), when);
    switch (state) {
    case CRLS_FRESH: break;
    case CRLS_SOON:
        report(REPORT_WARNING, "crl", "reason=\"a revocation list goes stale in %llu minutes\" " CRL_DO,
               (unsigned long long)minutes);
        break;
    case CRLS_STALE:
        report(
            REPORT_WARNING, "crl",
            "reason=\"a revocation list is stale for %llu minutes: who was revoked since isn't seen; from %s U3 and U4 "
            "of its units are refused\" " CRL_DO,
            (unsigned long long)minutes, when);
        break;
    case CRLS_PAST_GRACE:
        report(REPORT_ERROR, "crl",
               "reason=\"a revocation list is stale for %llu minutes: of its units U3 and U4 are refused, U1 and U2 "
               "taken until %s, %u an hour of each\" " CRL_DO,
               (unsigned long long)minutes, when, LIMIT_CRL_STALE_SENDS);
        break;
    case CRLS_DEAD:
        report(REPORT_ERROR, "crl",
               "reason=\"a revocation list is stale: certificates of its issuer are refused\" " CRL_DO);
        break;
    }
}

static void on_tick(evutil_socket_t fd, short what, void *user)
{
    struct net *net = user;
    struct hub_event event = {.kind = HUB_EVENT_TICK};

    net->accept_failed = false;
    net_turn_soon(net);
    refusals_tell(net, clock_monotonic());
    clock_tick(net);
    stalled_tick(net);
    crls_watch(net);
    if (net->started)
        (void)!files_tell(net); // told of before: else at the next tick
    certificates_watch(net);
    judge_tick(net);
    connections_relieve(net);
    peers_sweep(net, clock_monotonic());
    if (net_step(net, &event) != AM_OK)
        report(REPORT_WARNING, "tick", "reason=\"out of memory\"");
}

enum am_err engine_new(struct net *net)
{
    static const struct timeval second = {.tv_sec = 1};

    net->keeper.seen_ns = clock_boot();
    TRY(mailslot_new(net->base, commit_link, commit_take, net, &net->commits));
    net->tick = event_new(net->base, -1, EV_PERSIST, on_tick, net);
    if (net->tick == NULL || event_add(net->tick, &second) != 0)
        return AM_NOMEM;
    return AM_OK;
}

void engine_free(struct net *net)
{
    refusals_tell(net, UINT64_MAX);
    if (net->tick != NULL)
        event_free(net->tick);
    mailslot_free(net->commits);
    hub_actions_clear(&net->actions);
}
