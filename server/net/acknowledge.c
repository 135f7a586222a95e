// SPDX-License-Identifier: Apache-2.0
// Relay.Acknowledge: statements that the device signed become RETRIEVED entries, notices and copies go by their seq.
#include "server/net/acknowledge.h"

#include <stdlib.h>
#include <string.h>

#define ACKNOWLEDGE_STATEMENTS 64u   // of one call
#define ACKNOWLEDGE_NOTICES    1024u // of one call

static void acknowledge_finish(struct acknowledge *acknowledge)
{
    Amana__V1__AcknowledgeResponse response = AMANA__V1__ACKNOWLEDGE_RESPONSE__INIT;

    if (acknowledge->refused != NULL) {
        call_refuse_work(&acknowledge->call, &acknowledge->refused->retrieval.work);
        return;
    }
    response.n_entries = acknowledge->n_entries;
    response.entries = acknowledge->entries;
    call_answer_message(&acknowledge->call, &response.base);
}

// One part is through; the call when all are.
static void part_over(struct statement *part)
{
    struct acknowledge *acknowledge = part->acknowledge;

    if (part->retrieval.work.reason != REASON_NONE && acknowledge->refused == NULL)
        acknowledge->refused = part;
    if (--acknowledge->open == 0)
        acknowledge_finish(acknowledge);
    call_release(&acknowledge->call);
}

// The rows are gone: what the device's stream held back may follow.
static void part_release_rows(struct statement *part)
{
    uint64_t seqs[RETRIEVAL_MESSAGES];
    size_t n = 0;

    for (size_t i = 0; i < part->retrieval.n_messages; i++)
        seqs[n++] = part->messages[i].seq;
    receive_acknowledged(part->acknowledge->call.peer, seqs, n);
    receive_acknowledged(part->acknowledge->call.peer, part->notices, part->n_notices);
    if (part->retrieval.n_messages > 0)
        receive_signed(part->acknowledge->call.net, part->acknowledge->call.peer->identity.unit);
}

void acknowledge_reply(struct hub_retrieval *retrieval, const struct journal_outcome *outcome)
{
    struct statement *part = retrieval->work.user;
    struct acknowledge *acknowledge = part->acknowledge;

    if (retrieval->work.reason == REASON_NONE) {
        if (outcome != NULL && outcome->result == JOURNAL_DONE && outcome->seq != JOURNAL_NONE)
            acknowledge->entries[acknowledge->n_entries++] = outcome->seq;
        part_release_rows(part);
    }
    part_over(part);
}

static void statement_checked(struct job *job)
{
    struct statement *part = (struct statement *)((char *)job - offsetof(struct statement, job));
    struct hub_event event = {.kind = HUB_EVENT_RETRIEVED, .retrieval = &part->retrieval};

    if (net_step(part->acknowledge->call.net, &event) == AM_OK)
        return;
    part->retrieval.work.reason = REASON_BUSY;
    part_over(part);
}

void acknowledge_check(struct hub_retrieval *retrieval)
{
    struct statement *part = retrieval->work.user;

    registry_unref(part->registry);
    part->registry = registry_ref(part->acknowledge->call.net->registry);
    part->now_ns = net_utc(part->acknowledge->call.net);
    part->job = (struct job){.run = statement_run, .done = statement_checked};
    workers_push(part->acknowledge->call.net->workers, &part->job);
}

static void part_start(struct acknowledge *acknowledge, struct statement *part)
{
    struct call *call = &acknowledge->call;

    part->acknowledge = acknowledge;
    part->retrieval.work = (struct hub_work){
        .kind = HUB_WORK_RETRIEVAL, .user = part, .identity = call->peer->uri, .unit = call->peer->identity.unit};
    call_hold(call);
    acknowledge->open++;
    acknowledge_check(&part->retrieval);
}

static void acknowledge_begin(struct call *call)
{
    struct acknowledge *acknowledge = (struct acknowledge *)call;
    const Amana__V1__AcknowledgeRequest *request = (const Amana__V1__AcknowledgeRequest *)call->request;
    size_t parts = request->n_retrievals + (request->n_notices > 0 ? 1 : 0);
    struct am_detail detail = {0};

    if (request->n_retrievals > ACKNOWLEDGE_STATEMENTS || request->n_notices > ACKNOWLEDGE_NOTICES) {
        (void)am_fail(AM_INVALID, &detail, request->n_retrievals > ACKNOWLEDGE_STATEMENTS ? "retrievals" : "notices",
                      "are too many: at most %u statements and %u notices", ACKNOWLEDGE_STATEMENTS,
                      ACKNOWLEDGE_NOTICES);
        call_refuse(call, REASON_FIELD_INVALID, &detail);
        return;
    }
    if (parts == 0) {
        acknowledge_finish(acknowledge);
        return;
    }
    acknowledge->parts = calloc(parts, sizeof *acknowledge->parts);
    if (acknowledge->parts == NULL) {
        call_refuse(call, REASON_BUSY, NULL);
        return;
    }
    acknowledge->n_parts = parts;
    for (size_t i = 0; i < request->n_retrievals; i++) {
        acknowledge->parts[i].retrieval.statement = codec_bytes(request->retrievals[i]->statement);
        acknowledge->parts[i].retrieval.signature = codec_bytes(request->retrievals[i]->signature);
    }
    if (request->n_notices > 0) {
        acknowledge->parts[parts - 1].notices = request->notices;
        acknowledge->parts[parts - 1].n_notices = request->n_notices;
    }
    for (size_t i = 0; i < parts; i++)
        part_start(acknowledge, &acknowledge->parts[i]);
}

static void acknowledge_clear(struct call *call)
{
    struct acknowledge *acknowledge = (struct acknowledge *)call;

    for (size_t i = 0; i < acknowledge->n_parts; i++) {
        arena_clear(&acknowledge->parts[i].arena);
        registry_unref(acknowledge->parts[i].registry);
    }
    free(acknowledge->parts);
}

const struct method METHOD_ACKNOWLEDGE = {
    .path = "/amana.v1.Relay/Acknowledge",
    .request = &amana__v1__acknowledge_request__descriptor,
    .max_request = LIMIT_STATEMENT * 4,
    .arena = LIMIT_STATEMENT * 8,
    .size = sizeof(struct acknowledge),
    .begin = acknowledge_begin,
    .clear = acknowledge_clear,
};
