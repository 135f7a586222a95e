// SPDX-License-Identifier: Apache-2.0
// Relay.Release: what waits is read from the journal, and goes through all that a message sent now goes through; one
// that was DEFERRED has gone before.
#include "server/net/send.h"
#include "server/net/settle.h"

#include "certs/clock.h"
#include "proto/model/header.h"

#include <string.h>

#define RELEASE_ARENA (LIMIT_MESSAGE + 1024u * 1024)

struct release {
    struct send send; // first: the call
    struct settling settling;
    struct job load;
    struct waiting waiting;
    struct arena loaded; // what waits; lives as long as the call
    enum am_err err;
};

static void release_load(struct job *job, struct worker *worker)
{
    struct release *release = (struct release *)((char *)job - offsetof(struct release, load));
    const Amana__V1__ReleaseRequest *request = (const Amana__V1__ReleaseRequest *)release->send.call.request;

    release->err = waiting_find(worker->view, request->message, release->send.call.peer->identity.unit,
                                &release->loaded, &release->waiting);
}

// What isn't there, or isn't this unit's to release, is refused by the hub as any such message is.
static void submission_fill(struct release *release)
{
    const Amana__V1__ReleaseRequest *request = (const Amana__V1__ReleaseRequest *)release->send.call.request;
    struct hub_submission *s = &release->send.submission;

    s->work = (struct hub_work){.kind = HUB_WORK_SUBMISSION,
                                .user = &release->send,
                                .identity = release->send.call.peer->uri,
                                .unit = release->send.call.peer->identity.unit};
    s->mode = HUB_SUBMIT_RELEASE;
    if (release->err == AM_NOT_FOUND) {
        s->unread = REASON_NOT_PERMITTED;
        (void)am_fail(AM_DENIED, &s->work.detail, "message", "%s", reason_text(REASON_NOT_PERMITTED));
        if (request->message != NULL && request->message->header_digest.len == sizeof s->header_digest)
            memcpy(s->header_digest, request->message->header_digest.data, sizeof s->header_digest);
        return;
    }
    s->header = release->send.header = release->waiting.header;
    s->header_bytes = release->waiting.header_bytes;
    s->body = release->waiting.body;
    s->flags_bytes = release->waiting.flags;
    s->signature = codec_bytes(request->signature);
    s->crl = codec_bytes(request->crl);
    s->parked = release->waiting.release.seq;
}

static void release_loaded(struct job *job)
{
    struct release *release = (struct release *)((char *)job - offsetof(struct release, load));
    struct call *call = &release->send.call;
    const Amana__V1__ReleaseRequest *request = (const Amana__V1__ReleaseRequest *)call->request;
    bool sends = release->err == AM_OK && !release->waiting.release.deferred;

    if (!sends || !header_urgent(release->waiting.header))
        send_hurried(&release->send);
    if (release->err != AM_OK && release->err != AM_NOT_FOUND) {
        call_refuse(call, reason_of(release->err) == REASON_BUSY ? REASON_BUSY : REASON_INTERNAL, NULL);
    } else if (release->err == AM_OK && release->waiting.release.deferred) {
        release->settling.call = call;
        release->settling.message = request->message;
        release->settling.settlement.signature = codec_bytes(request->signature);
        settle_start(&release->settling);
    } else {
        submission_fill(release);
        send_arrive(&release->send);
    }
    call_release(call);
}

static void release_begin(struct call *call)
{
    struct release *release = (struct release *)call;

    arena_init_in(&release->loaded, RELEASE_ARENA, &call->peer->memory);
    // How urgent it is stands in what is loaded: until then it has a place among what goes first, if one is free.
    release->load = (struct job){
        .run = release_load, .done = release_loaded, .class = send_hurry(&release->send) ? JOB_URGENT : JOB_USUAL};
    call_hold(call);
    workers_push(call->net->workers, &release->load);
}

static void release_clear(struct call *call)
{
    struct release *release = (struct release *)call;

    arena_clear(&release->loaded);
    settle_clear(&release->settling);
    send_clear(call);
}

const struct method METHOD_RELEASE = {
    .path = "/amana.v1.Relay/Release",
    .request = &amana__v1__release_request__descriptor,
    .max_request = LIMIT_SIGNATURE + LIMIT_RECALL + 1024u,
    .arena = 4 * LIMIT_SIGNATURE + LIMIT_RECALL,
    .size = sizeof(struct release),
    .begin = release_begin,
    .clear = release_clear,
};
