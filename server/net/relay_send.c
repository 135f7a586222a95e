// SPDX-License-Identifier: Apache-2.0
// Relay.Send and Park: one message in, the receipt out once its entry is durable and signed.
#include "amana/v1/relay.pb-c.h"
#include "proto/failpoint.h"
#include "proto/model/header.h"
#include "server/net/certificates.h"
#include "server/net/send.h"

#include <stdlib.h>
#include <string.h>

// A decoded header costs more than its bytes: 64 recipients and 32 references are small structs of their own.
#define SEND_ARENA (LIMIT_MESSAGE + LIMIT_RECALL + 1024u * 1024)

// The header, decoded; or why it can't be, and the digest that its entry names. False where the digest can't be had.
static bool send_read(struct send *send)
{
    struct hub_submission *s = &send->submission;
    struct am_detail *detail = &s->work.detail;
    enum am_err err = s->header_bytes.len > LIMIT_HEADER
                          ? am_fail(AM_INVALID, detail, "header", "is longer than %u bytes", LIMIT_HEADER)
                          : codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, s->header_bytes,
                                         &send->call.arena, detail, (ProtobufCMessage **)&send->header);
    if (err == AM_OK) {
        s->header = send->header;
        return true;
    }
    s->unread = reason_of(err) == REASON_MALFORMED ? REASON_FIELD_INVALID : reason_of(err);
    return certs_sha256(s->header_bytes.data, s->header_bytes.len, s->header_digest);
}

void send_arrive(struct send *send)
{
    struct hub_event event = {.kind = HUB_EVENT_ARRIVED, .submission = &send->submission};

    call_hold(&send->call); // the hub's work; until send_reply
    if (net_step(send->call.net, &event) == AM_OK)
        return;
    call_refuse(&send->call, REASON_BUSY, NULL);
    call_release(&send->call);
}

static void message_begin(struct call *call, enum hub_submit mode)
{
    struct send *send = (struct send *)call;
    const Amana__V1__Message *message = (const Amana__V1__Message *)call->request;
    struct hub_submission *s = &send->submission;

    s->work = (struct hub_work){
        .kind = HUB_WORK_SUBMISSION, .user = send, .identity = call->peer->uri, .unit = call->peer->identity.unit};
    s->mode = mode;
    s->header_bytes = codec_bytes(message->header);
    s->signature = codec_bytes(message->signature);
    s->body = codec_bytes(message->sealed_body);
    s->flags_bytes = codec_bytes(message->flags);
    s->crl = codec_bytes(message->crl);
    if (!send_read(send)) {
        call_refuse(call, REASON_INTERNAL, NULL);
        return;
    }
    send_arrive(send);
}

static void send_begin(struct call *call)
{
    message_begin(call, HUB_SUBMIT_SEND);
}

static void park_begin(struct call *call)
{
    message_begin(call, HUB_SUBMIT_PARK);
}

// --- What goes first
bool send_hurry(struct send *send)
{
    if (!send->urgent && send->call.peer->urgent < LIMIT_URGENT_EACH) {
        send->call.peer->urgent++;
        send->urgent = true;
    }
    return send->urgent;
}

void send_hurried(struct send *send)
{
    send->call.peer->urgent -= send->urgent ? 1 : 0;
    send->urgent = false;
}

bool send_urgent(const struct hub_submission *submission)
{
    const struct send *send = submission->work.user;

    return send->urgent;
}

// --- Checked, and decided
static void send_decide(struct send *send)
{
    struct hub_event event = {.kind = HUB_EVENT_CHECKED, .submission = &send->submission};

    if (net_step(send->call.net, &event) == AM_OK)
        return;
    send_hurried(send);
    call_refuse(&send->call, REASON_BUSY, NULL);
    call_release(&send->call);
}

// The keeper writes in the order of deciding, which is that of time. So what isn't urgent is decided only when what was
// decided before has come down to a batch: what is urgent never waits for more.
void send_held_go(struct net *net, bool all)
{
    if (net->letting)
        return; // from within
    net->letting = true;
    while (net->held != NULL && (all || net->ahead < LIMIT_AHEAD_BYTES)) {
        struct send *send = net->held;
        net->held = send->next;
        if (net->held == NULL)
            net->held_last = &net->held;
        send_decide(send);
    }
    net->letting = false;
}

static void send_checked(struct job *job)
{
    struct send *send = (struct send *)((char *)job - offsetof(struct send, job));
    struct net *net = send->call.net;

    net->checks--;
    if (send->submission.oversight_recalled)
        certificates_recalled(net, send->submission.sender);
    if (send->urgent || (net->held == NULL && net->ahead < LIMIT_AHEAD_BYTES)) {
        send_decide(send);
    } else {
        send->next = NULL;
        *net->held_last = send;
        net->held_last = &send->next;
    }
    store_expect(net->store, net->checks);
}

bool send_points(const struct send *send)
{
    const Amana__V1__Header *header = send->header;

    return header != NULL && (header->in_reply_to != NULL || header->supersedes != NULL || header->n_references > 0);
}

#define BRIEF_MAX (16u * 1024)

// A small message that points to no other: one signature, and a look at a few rows.
static bool send_brief(const struct send *send)
{
    return send->submission.header_bytes.len + send->submission.body.len <= BRIEF_MAX && !send_points(send);
}

// What its devices hold, for a check that asked for it. Without memory for that the unit has one: what it sends is
// taken.
static void in_hand_fill(struct send *send)
{
    struct in_hand *in_hand = &send->of_case.in_hand;

    if (!send->of_case.asked || in_hand->seqs != NULL)
        return;
    in_hand->seqs = arena_array(&send->call.arena, IN_HAND_MOST, sizeof *in_hand->seqs);
    if (in_hand->seqs == NULL)
        send->of_case.party = true;
    else
        in_hand->n = peers_out(send->call.net, send->submission.sender, in_hand->seqs, IN_HAND_MOST);
}

void send_check(struct hub_submission *submission)
{
    struct send *send = submission->work.user;
    struct net *net = send->call.net;

    registry_unref(send->registry);
    send->registry = registry_ref(net->registry);
    send->now_ns = net->step_ns;
    in_hand_fill(send);
    asked_in_hand(net, &send->asked);
    bool urgent = header_urgent(send->header) && send_hurry(send);
    send->job = (struct job){.run = send_check_run,
                             .done = send_checked,
                             .brief = send_brief(send),
                             .class = urgent ? JOB_URGENT : JOB_USUAL,
                             .bytes = send->submission.body.len};
    store_expect(net->store, ++net->checks);
    workers_push(net->workers, &send->job);
}

void send_reply(struct hub_submission *submission, const struct journal_outcome *outcome)
{
    struct send *send = submission->work.user;
    struct am_bytes receipt =
        outcome != NULL && outcome->result == JOURNAL_DONE ? outcome->receipt : submission->original_receipt;

    FAILPOINT("net-before-reply");
    send_hurried(send);
    if (submission->work.reason != REASON_NONE)
        call_refuse_work(&send->call, &submission->work);
    else if (receipt.len == 0)
        call_refuse(&send->call, REASON_BUSY, NULL); // the original could not be read: the client asks again
    else
        call_answer(&send->call, receipt);
    call_release(&send->call);
}

void send_clear(struct call *call)
{
    struct send *send = (struct send *)call;

    registry_unref(send->registry);
    arena_clear(&send->checked);
    asked_clear(&send->asked);
}

// Everything forgotten but the memory of both arenas.
static void send_reset(struct call *call)
{
    struct send *send = (struct send *)call;
    size_t used = send_points(send) ? sizeof *send : offsetof(struct send, submission.references);
    struct arena request, checked;

    registry_unref(send->registry);
    asked_clear(&send->asked);
    arena_move(&call->arena, &call->net->memory);
    arena_move(&send->checked, &call->net->memory);
    request = call->arena;
    checked = send->checked;
    memset(send, 0, used);
    call->arena = request;
    send->checked = checked;
    arena_reset(&call->arena);
    arena_reset(&send->checked);
}

const struct method METHOD_SEND = {
    .path = "/amana.v1.Relay/Send",
    .request = &amana__v1__message__descriptor,
    .max_request = LIMIT_MESSAGE + LIMIT_RECALL,
    .arena = SEND_ARENA,
    .size = sizeof(struct send),
    .counted = true,
    .begin = send_begin,
    .clear = send_clear,
    .reset = send_reset,
    .kept = 128,
};

const struct method METHOD_PARK = {
    .path = "/amana.v1.Relay/Park",
    .request = &amana__v1__message__descriptor,
    .max_request = LIMIT_MESSAGE + LIMIT_RECALL,
    .arena = SEND_ARENA,
    .size = sizeof(struct send),
    .counted = true,
    .begin = park_begin,
    .clear = send_clear,
};
