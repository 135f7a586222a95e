// SPDX-License-Identifier: Apache-2.0
// Audit.Replay: the log as it stands, to an auditor who said why; each reading is an entry before its first byte
// leaves.
#include "server/net/replay.h"

#include <stdlib.h>
#include <string.h>

static void replay_next(struct replay *replay);

// --- The end of a replay that followed is an entry too; it outlives the call.
struct replay_end {
    struct hub_replay hub;
    struct replay *replay;
};

static void replay_end(struct replay *replay)
{
    struct replay_end *end;

    if (!replay->streaming || !replay->request->follow || replay->end_told)
        return;
    replay->end_told = true;
    end = calloc(1, sizeof *end);
    if (end == NULL) {
        report(REPORT_ERROR, "replay", "identity=%s reason=\"out of memory: its end is not in the log\"",
               replay->call.peer->uri);
        return;
    }
    end->replay = replay;
    end->hub = replay->hub;
    end->hub.work.user = NULL; // tells the two apart
    end->hub.ended = true;
    end->hub.last_seq = replay->last_seq;
    call_hold(&replay->call);
    struct hub_event event = {.kind = HUB_EVENT_REPLAY, .replay = &end->hub};
    if (net_step(replay->call.net, &event) != AM_OK) {
        call_release(&replay->call);
        free(end);
    }
}

static bool end_over(struct hub_replay *hub)
{
    struct replay_end *end = (struct replay_end *)hub;

    if (hub->work.user != NULL)
        return false;
    call_release(&end->replay->call);
    free(end);
    return true;
}

// --- What the hub says
void replay_reply(struct hub_replay *hub)
{
    struct replay *replay = hub->work.user;

    if (end_over(hub))
        return;
    call_refuse_work(&replay->call, &hub->work);
    call_release(&replay->call);
}

void replay_stream(struct hub_replay *hub)
{
    struct replay *replay = hub->work.user;

    if (end_over(hub))
        return;
    replay->streaming = true;
    if (call_open(&replay->call)) {
        rpc_call_start(replay->call.rpc);
        connection_kick(replay->call.connection);
        replay_next(replay);
    } else {
        replay_end(replay);
    }
    call_release(&replay->call);
}

// --- Streaming
static void follow(struct replay *replay, bool on)
{
    struct net *net = replay->call.net;

    if (on == replay->following)
        return;
    replay->following = on;
    if (on)
        DL_APPEND2(net->followers, replay, prev_follower, next_follower);
    else
        DL_DELETE2(net->followers, replay, prev_follower, next_follower);
}

static void items_send(struct replay *replay)
{
    while (replay->sent < replay->n_items && call_open(&replay->call) && rpc_call_writable(replay->call.rpc)) {
        replay->last_seq = replay->seqs[replay->sent];
        call_send(&replay->call, replay->items[replay->sent++]);
    }
}

static void replay_read(struct job *job)
{
    struct replay *replay = (struct replay *)((char *)job - offsetof(struct replay, job));

    replay->reading = false;
    if (replay->err != AM_OK) {
        report(REPORT_ERROR, "failed", "call=Replay next=%llu reason=\"%s\"", (unsigned long long)replay->next,
               am_err_text(replay->err));
        call_refuse(&replay->call, reason_of(replay->err) == REASON_BUSY ? REASON_BUSY : REASON_INTERNAL, NULL);
    }
    replay_next(replay);
    call_release(&replay->call);
}

// Its reader has the role still, and each of the countries that it began with.
static bool still_permitted(const struct replay *replay)
{
    const struct hub *hub = replay->call.net->hub;
    const char *unit = replay->call.peer->identity.unit;
    bool yes = hub_may_replay(hub, unit, replay->request);

    for (size_t i = 0; i < replay->countries.n && yes; i++)
        yes = hub_in_scope(hub, unit, replay->countries.code[i]);
    return yes;
}

static bool follows_still(const struct replay *replay)
{
    const Amana__V1__ReplayRequest *request = replay->request;

    return request->follow && (request->to == 0 || replay->next < request->to);
}

// Sends what is read, then reads on; a slow auditor holds back nothing but this stream.
static void replay_next(struct replay *replay)
{
    struct net *net = replay->call.net;

    if (!replay->streaming || replay->reading || !call_open(&replay->call))
        return;
    if (!still_permitted(replay)) { // what a registrar takes away counts for what is under way
        call_refuse(&replay->call, REASON_NOT_PERMITTED, NULL);
        return;
    }
    items_send(replay);
    if (replay->sent < replay->n_items || !call_open(&replay->call))
        return;
    arena_clear(&replay->run);
    replay->sent = replay->n_items = 0;
    if (replay->at_end && !follows_still(replay)) {
        call_finish(&replay->call);
        return;
    }
    if (replay->at_end && replay->grown == net->grown) {
        follow(replay, true);
        return;
    }
    if (!rpc_call_writable(replay->call.rpc))
        return;
    replay->reading = true;
    replay->at_end = false;
    replay->grown = net->grown; // what comes while it is read may be too late for its snapshot
    replay->job = (struct job){.run = replay_run, .done = replay_read};
    call_hold(&replay->call);
    workers_push(net->workers, &replay->job);
}

void replay_grew(struct net *net)
{
    struct replay *replay, *next;

    DL_FOREACH_SAFE2(net->followers, replay, next, next_follower)
    {
        if (replay->grown == net->grown) // it was begun since
            continue;
        follow(replay, false);
        replay_next(replay);
    }
}

static void replay_writable(struct call *call)
{
    replay_next((struct replay *)call);
}

static void replay_closed(struct call *call)
{
    struct replay *replay = (struct replay *)call;

    follow(replay, false);
    replay_end(replay);
}

void replay_stop(struct net *net)
{
    struct replay *replay, *next;

    // Those that wait end now; those that are sending end when the drain is over, at the latest.
    DL_FOREACH_SAFE2(net->followers, replay, next, next_follower)
    {
        follow(replay, false);
        replay_end(replay);
        call_refuse(&replay->call, REASON_DRAINING, NULL);
    }
}

// --- Beginning
static void scope_read(struct replay *replay)
{
    scope_countries_init(replay->call.net, replay->call.peer->identity.unit, &replay->countries);
    for (size_t i = 0; i < replay->countries.n; i++)
        replay->scope[i] = replay->countries.code[i];
}

static void replay_begin(struct call *call)
{
    struct replay *replay = (struct replay *)call;
    const Amana__V1__ReplayRequest *request = (const Amana__V1__ReplayRequest *)call->request;

    // Each that follows is work whenever an entry comes, and each that stands holds a run.
    if (call->peer->replays >= call->net->options.limits.replays) {
        struct am_detail detail;
        (void)am_fail(AM_BUSY, &detail, "", "an identity has at most %u replays under way: end one",
                      call->net->options.limits.replays);
        call_refuse(call, REASON_QUOTA, &detail);
        return;
    }
    call->peer->replays++;
    replay->counted = true;
    replay->request = request;
    replay->filtered = request->time_from != 0 || request->time_to != 0 || request->case_ref[0] != '\0' ||
                       request->party[0] != '\0' || request->message[0] != '\0' ||
                       request->kind != AMANA__V1__ENTRY_KIND__CODE__UNSPECIFIED;
    replay->next = request->from;
    arena_init_in(&replay->run, REPLAY_RUN, &call->peer->memory);
    scope_read(replay);
    replay->hub = (struct hub_replay){.work = {.kind = HUB_WORK_REPLAY,
                                               .user = replay,
                                               .identity = call->peer->uri,
                                               .unit = call->peer->identity.unit},
                                      .request = request,
                                      .scope = replay->scope,
                                      .n_scope = replay->countries.n,
                                      .tree_size = store_signed_size(call->net->store)};
    call_hold(call);
    struct hub_event event = {.kind = HUB_EVENT_REPLAY, .replay = &replay->hub};
    if (net_step(call->net, &event) != AM_OK) {
        call_refuse(call, REASON_BUSY, NULL);
        call_release(call);
    }
}

static void replay_clear(struct call *call)
{
    struct replay *replay = (struct replay *)call;

    call->peer->replays -= replay->counted;
    arena_clear(&replay->run);
}

const struct method METHOD_REPLAY = {
    .path = "/amana.v1.Audit/Replay",
    .request = &amana__v1__replay_request__descriptor,
    .max_request = 8192,
    .arena = 64u * 1024,
    .size = sizeof(struct replay),
    .begin = replay_begin,
    .writable = replay_writable,
    .closed = replay_closed,
    .clear = replay_clear,
};
