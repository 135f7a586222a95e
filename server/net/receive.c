// SPDX-License-Identifier: Apache-2.0
// Relay.Receive: a device's mailbox by urgency and sequence, then live. The rows stay on disk until they are
// acknowledged; a stream remembers only how far it has read and what is out.
#include "server/net/receive.h"

#include "proto/codec/codec.h"

#include <stdlib.h>
#include <string.h>

#define RECEIVE_NOTICES 256u // notices and copies out at once

static void receive_next(struct receive *receive);

static bool receive_room(const struct receive *receive, enum receive_lane lane)
{
    return receive->out[lane] < receive->most[lane];
}

static void receive_end(struct receive *receive, enum reason reason, bool abort)
{
    if (receive->call.peer->receiver == receive)
        receive->call.peer->receiver = NULL;
    if (reason == REASON_NONE)
        call_finish(&receive->call);
    else if (abort)
        call_refuse_abort(&receive->call, reason);
    else
        call_refuse(&receive->call, reason, NULL);
}

static bool receive_gone(const struct receive *receive, uint64_t seq)
{
    for (size_t i = 0; i < receive->n_gone; i++)
        if (receive->gone[i] == seq)
            return true;
    return false;
}

// Hands over what a worker read. rpc keeps what the window doesn't let through yet: at most one run of rows.
static void rows_send(struct receive *receive)
{
    struct handed_row handed[RECEIVE_ROWS];
    size_t n_handed = 0;

    for (size_t i = 0; i < receive->n_rows && call_open(&receive->call); i++) {
        const struct receive_row *row = &receive->rows[i];
        if (receive_gone(receive, row->seq))
            continue;
        receive->sent[receive->n_sent++] = (struct receive_sent){.seq = row->seq, .lane = row->lane};
        receive->out[row->lane]++;
        if (row->lane == LANE_MESSAGES && peer_hand_over(receive->call.peer, row->seq)) {
            handed[n_handed].seq = row->seq;
            memcpy(handed[n_handed++].digest, row->digest, HANDED_DIGEST);
        }
        call_send(&receive->call, row->delivery);
    }
    handed_note(receive->call.net, receive->call.peer, handed, n_handed);
}

// What follows a run: the next, or the end of a stream that asked for what there is.
static void receive_go_on(struct receive *receive)
{
    receive->again |= receive->whose_new;
    receive->more = receive->more || receive->run_full || receive->whose_new;
    receive->whose_new = false;
    if (receive->more)
        receive_next(receive);
    // Everything that there was is out or acknowledged, and nothing waits for room.
    else if (receive->once && !receive->held_back)
        receive_end(receive, REASON_NONE, false);
}

static void receive_read(struct job *job)
{
    struct receive *receive = (struct receive *)((char *)job - offsetof(struct receive, job));

    receive->reading = false;
    if (receive->err != AM_OK && call_open(&receive->call))
        receive_end(receive, reason_of(receive->err) == REASON_BUSY ? REASON_BUSY : REASON_INTERNAL, false);
    if (receive->n_gone > RECEIVE_GONE) { // nobody knows which of the rows are still there
        receive->cursor = receive->begin;
        receive->more = true;
    } else {
        rows_send(receive);
    }
    arena_clear(&receive->run); // a stream that waits costs little
    if (call_open(&receive->call))
        receive_go_on(receive);
    call_release(&receive->call);
}

// From the first on, where what was withheld may be free.
static void cursor_back(struct receive *receive)
{
    for (int lane = 0; lane < LANES; lane++) {
        if (!receive->again || !receive->withheld[lane])
            continue;
        memset(receive->cursor.begun[lane], 0, sizeof receive->cursor.begun[lane]);
        receive->withheld[lane] = false;
    }
    receive->again = false;
}

// What is out of that lane comes once: the run may begin again before it.
static void told_fill(struct receive *receive)
{
    receive->n_told = 0;
    for (size_t i = 0; i < receive->n_sent; i++)
        if (receive->sent[i].lane == LANE_NOTICES)
            receive->told[receive->n_told++] = receive->sent[i].seq;
}

static struct receive_in_hand *in_hand_of(struct receive *receive, const char *unit, struct receive_in_hand *at)
{
    uint64_t seqs[LIMIT_DEVICES * LIMIT_UNACKNOWLEDGED];
    size_t n = peers_out(receive->call.net, unit, seqs, AM_LEN(seqs));

    for (size_t i = 0; i < n; i++)
        *at++ = (struct receive_in_hand){unit, seqs[i]};
    return at;
}

// Without memory for it what is withheld waits for another run.
static void in_hand_fill(struct receive *receive)
{
    struct receive_in_hand all[(1 + RECEIVE_WHOSE) * LIMIT_DEVICES * LIMIT_UNACKNOWLEDGED], *at = all;

    at = in_hand_of(receive, receive->call.peer->identity.unit, at);
    for (size_t i = 0; i < receive->n_whose; i++)
        at = in_hand_of(receive, receive->whose[i], at);
    size_t n = (size_t)(at - all);
    receive->in_hand = n > 0 ? arena_copy(&receive->run, all, n * sizeof *all) : NULL;
    receive->n_in_hand = receive->in_hand != NULL ? n : 0;
}

// Reads on, unless a worker is at it, the peer is slow, or there is nothing new.
static void receive_next(struct receive *receive)
{
    const struct peer *peer = receive->call.peer;

    if (receive->reading || !receive->more || !call_open(&receive->call))
        return;
    if (!rpc_call_writable(receive->call.rpc) ||
        (!receive_room(receive, LANE_MESSAGES) && !receive_room(receive, LANE_NOTICES)))
        return;
    receive->more = false;
    receive->reading = true;
    receive->n_gone = 0;
    cursor_back(receive);
    receive->begin = receive->cursor;
    memcpy(receive->bodies, peer->out, peer->n_out * sizeof peer->out[0]);
    receive->n_bodies = peer->n_out;
    in_hand_fill(receive);
    told_fill(receive);
    receive->job = (struct job){.run = receive_run, .done = receive_read, .class = JOB_URGENT};
    for (int lane = 0; lane < LANES; lane++)
        receive->room[lane] = receive->most[lane] - receive->out[lane];
    call_hold(&receive->call);
    workers_push(receive->call.net->workers, &receive->job);
}

// A filter on what is no kind or urgency would wait for ever for what never comes.
static enum am_err filter_check(const char *field, const ProtobufCEnumDescriptor *type, const int *values, size_t n,
                                struct am_detail *detail)
{
    for (size_t i = 0; i < n; i++)
        if (values[i] == 0 || codec_enum_name(type, values[i]) == NULL)
            return am_fail(AM_INVALID, detail, field, "%d is no value of %s; for all of them leave it empty", values[i],
                           type->name);
    return AM_OK;
}

static enum am_err request_check(const Amana__V1__ReceiveRequest *request, struct am_detail *detail)
{
    if (request->max_unacknowledged > LIMIT_UNACKNOWLEDGED)
        return am_fail(AM_INVALID, detail, "max_unacknowledged", "must be from 1 to %u, or 0", LIMIT_UNACKNOWLEDGED);
    TRY(filter_check("kinds", &amana__v1__kind__code__descriptor, (const int *)request->kinds, request->n_kinds,
                     detail));
    return filter_check("urgencies", &amana__v1__urgency__code__descriptor, (const int *)request->urgencies,
                        request->n_urgencies, detail);
}

static void receive_begin(struct call *call)
{
    struct receive *receive = (struct receive *)call;
    const Amana__V1__ReceiveRequest *request = (const Amana__V1__ReceiveRequest *)call->request;
    uint32_t most = request->max_unacknowledged;
    struct am_detail detail = {0};

    if (request_check(request, &detail) != AM_OK) {
        call_refuse(call, REASON_FIELD_INVALID, &detail);
        return;
    }
    receive->most[LANE_MESSAGES] = most != 0 ? most : LIMIT_UNACKNOWLEDGED;
    receive->most[LANE_NOTICES] = RECEIVE_NOTICES;
    receive->request = request;
    receive->once = request->once;
    receive->more = true;
    arena_init_in(&receive->run, RECEIVE_RUN, &call->peer->memory);
    if (call->peer->receiver != NULL)
        receive_end(call->peer->receiver, REASON_REPLACED, true);
    call->peer->receiver = receive;
    for (size_t i = 0; i < call->peer->n_out; i++)
        call->peer->out[i].here = false;
    rpc_call_start(call->rpc);
    receive_next(receive);
}

static void receive_writable(struct call *call)
{
    receive_next((struct receive *)call);
}

static void receive_closed(struct call *call)
{
    if (call->peer->receiver == (struct receive *)call)
        call->peer->receiver = NULL;
}

static void receive_clear(struct call *call)
{
    struct receive *receive = (struct receive *)call;

    arena_clear(&receive->run);
}

void receive_wake(struct net *net, const char *device, bool freed)
{
    struct peer *peer = peer_find(net, device);
    struct receive *receive = peer != NULL ? peer->receiver : NULL;

    if (receive == NULL)
        return;
    receive->again |= freed;
    receive->more = true;
    receive_next(receive);
}

void receive_signed(struct net *net, const char *unit)
{
    const struct roster *roster = registry_roster(net->registry, unit);

    for (size_t i = 0; roster != NULL && i < roster->devices_count; i++) {
        const char *device = roster->devices[i].identity.uri;
        const struct peer *peer = peer_find(net, device);
        const struct receive *receive = peer != NULL ? peer->receiver : NULL;
        if (receive != NULL &&
            (receive->reading || receive->withheld[LANE_MESSAGES] || receive->withheld[LANE_NOTICES]))
            receive_wake(net, device, true);
    }
}

static void receive_release(struct receive *receive, uint64_t seq)
{
    for (size_t k = 0; k < receive->n_sent; k++) {
        if (receive->sent[k].seq != seq)
            continue;
        receive->out[receive->sent[k].lane]--;
        receive->sent[k] = receive->sent[--receive->n_sent];
        return;
    }
}

void receive_acknowledged(struct peer *peer, const uint64_t *seqs, size_t count)
{
    struct receive *receive = peer->receiver;

    for (size_t i = 0; i < count; i++) {
        peer_signed_for(peer, seqs[i]);
        if (receive == NULL)
            continue;
        receive_release(receive, seqs[i]);
        if (receive->n_gone < RECEIVE_GONE)
            receive->gone[receive->n_gone] = seqs[i];
        receive->n_gone += receive->n_gone <= RECEIVE_GONE;
    }
    if (receive == NULL)
        return;
    // What had no room may have it now; a run that is under way was begun without that room.
    receive->more = receive->more || receive->reading || receive->held_back;
    receive_next(receive);
}

void receive_stop(struct net *net)
{
    struct peer *peer, *next;

    HASH_ITER (hh, net->peers, peer, next) {
        if (peer->receiver != NULL)
            receive_end(peer->receiver, REASON_DRAINING, false);
    }
}

const struct method METHOD_RECEIVE = {
    .path = "/amana.v1.Relay/Receive",
    .request = &amana__v1__receive_request__descriptor,
    .max_request = 4096,
    .arena = 64u * 1024,
    .size = sizeof(struct receive),
    .begin = receive_begin,
    .writable = receive_writable,
    .closed = receive_closed,
    .clear = receive_clear,
};
