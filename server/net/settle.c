// SPDX-License-Identifier: Apache-2.0
// The check of a settlement on a worker, and Relay.SendBack.
#include "server/net/settle.h"

#include "amana/v1/relay.pb-c.h"
#include "certs/release.h"
#include "server/net/send_check.h"

#include <stdlib.h>
#include <string.h>

#define SETTLE_ARENA (4u * 1024 * 1024)

struct settle_check {
    struct settling *settling;
    struct hub_settlement *s;
    struct store_view *view;
    struct roster *roster; // of the caller's unit
    Amana__V1__Returned *returned;
    struct waiting waiting;
};

static void fail(struct settle_check *check, enum reason reason, const char *field, const char *text)
{
    check->s->checked = reason;
    (void)am_fail(AM_INVALID, &check->s->checked_detail, field, "%s", text);
}

static bool certificate_good(struct settle_check *check, const struct roster_officer *officer)
{
    const struct registry *registry = check->settling->registry;
    struct am_detail detail = {0};

    if (cert_cache_check(registry_cache(registry), registry_trust(registry), &officer->sign, CERT_USE_SIGN_OFFICER,
                         check->settling->now_ns, &detail) == AM_OK)
        return true;
    fail(check, REASON_REVOKED, "signature", detail.text);
    return false;
}

// --- What is asked for
static enum am_err statement_read(struct settle_check *check)
{
    const struct hub_settlement *s = check->s;
    const ProtobufCEnumDescriptor *reasons = &amana__v1__return_reason__code__descriptor;
    struct am_detail detail = {0};
    enum am_err err = s->statement.len > LIMIT_STATEMENT
                          ? am_fail(AM_INVALID, &detail, "statement", "is longer than %u bytes", LIMIT_STATEMENT)
                          : codec_decode(&amana__v1__returned__descriptor, CODEC_STRICT, s->statement,
                                         &check->settling->arena, &detail, (ProtobufCMessage **)&check->returned);
    if (err == AM_INVALID || err == AM_PROTO) {
        fail(check, REASON_FIELD_INVALID, "statement", detail.text);
        return AM_OK;
    }
    TRY(err);
    if (strcmp(check->returned->context, RETURNED_CONTEXT) != 0)
        fail(check, REASON_FIELD_INVALID, "statement.context", "must be " RETURNED_CONTEXT);
    else if (strcmp(check->returned->origin, check->settling->call->net->options.origin) != 0)
        fail(check, REASON_FIELD_INVALID, "statement.origin", "is not the origin of this log");
    else if (check->returned->reason == 0 ||
             protobuf_c_enum_descriptor_get_value(reasons, (int)check->returned->reason) == NULL)
        fail(check, REASON_FIELD_INVALID, "statement.reason", "must be one of ReturnReason's codes");
    return AM_OK;
}

static enum am_err waiting_read(struct settle_check *check)
{
    const Amana__V1__Pointer *pointer = check->s->returns ? check->returned->message : check->settling->message;
    enum am_err err = waiting_find(check->view, pointer, check->s->work.unit, &check->settling->arena, &check->waiting);

    if (err == AM_NOT_FOUND) {
        fail(check, REASON_NOT_PERMITTED, "message", reason_text(REASON_NOT_PERMITTED));
        return AM_OK;
    }
    TRY(err);
    check->s->header = check->waiting.header;
    check->s->release = check->waiting.release;
    return certs_sha256(check->waiting.header_bytes.data, check->waiting.header_bytes.len, check->s->header_digest)
               ? AM_OK
               : AM_CRYPTO;
}

// --- Who signed it
static enum am_err releasing_check(struct settle_check *check, struct am_detail *detail,
                                   const struct roster_officer **ret_supervisor)
{
    struct roster *sender = registry_roster(check->settling->registry, check->waiting.header->sender->unit);
    const struct roster_officer *author =
        sender != NULL ? roster_officer_by_uri(sender, check->waiting.header->officer) : NULL;
    struct cms_signature signature;

    if (author == NULL)
        return am_fail(AM_NOT_FOUND, detail, "signature", "the author is on no roster any more");
    if (check->s->signature.len > LIMIT_SIGNATURE)
        return am_fail(AM_SIGNATURE, detail, "signature", "is too long");
    TRY(cms_profile_signature(check->s->signature, CMS_DETACHED_FORM, detail, &signature));
    return release_check(&signature, check->waiting.header_bytes, author, check->roster, true, detail, ret_supervisor);
}

static void signature_check(struct settle_check *check)
{
    struct hub_settlement *s = check->s;
    const struct roster_officer *supervisor;
    struct am_detail detail = {0};
    enum am_err err = s->returns ? release_check_returned(s->statement, s->signature, check->roster,
                                                          check->returned->officer, &detail, &supervisor)
                                 : releasing_check(check, &detail, &supervisor);

    if (err != AM_OK) {
        fail(check, release_reason(err), "signature", detail.text[0] ? detail.text : am_err_text(err));
        return;
    }
    if (!certificate_good(check, supervisor))
        return;
    s->supervisor = arena_copy(&check->settling->arena, supervisor->identity.uri, strlen(supervisor->identity.uri));
    if (s->supervisor == NULL)
        fail(check, REASON_BUSY, "", am_err_text(AM_NOMEM));
}

// The same supervisor's same word once more gets the first one's receipt.
static enum am_err original_read(struct settle_check *check)
{
    struct hub_settlement *s = check->s;
    uint8_t *receipt,
        state = s->returns ? AMANA__V1__RELEASE_STATE__CODE__RETURNED : AMANA__V1__RELEASE_STATE__CODE__RELEASED;
    size_t len;

    if (s->release.state != state || strcmp(s->release.officer, s->supervisor) != 0)
        return AM_OK;
    TRY(store_receipt(check->view, s->release.ended_by, &receipt, &len));
    s->original_receipt = (struct am_bytes){arena_copy(&check->settling->arena, receipt, len), len};
    free(receipt);
    return s->original_receipt.data != NULL ? AM_OK : AM_NOMEM;
}

static enum am_err check_all(struct settle_check *check)
{
    if (check->roster == NULL)
        fail(check, REASON_NOT_ON_ROSTER, "signature", "its unit has no roster");
    if (check->s->checked == REASON_NONE && check->s->returns)
        TRY(statement_read(check));
    if (check->s->checked == REASON_NONE)
        TRY(waiting_read(check));
    if (check->s->checked == REASON_NONE)
        signature_check(check);
    return check->s->checked == REASON_NONE ? original_read(check) : AM_OK;
}

static void settle_run(struct job *job, struct worker *worker)
{
    struct settling *settling = (struct settling *)((char *)job - offsetof(struct settling, job));
    struct hub_settlement *s = &settling->settlement;
    struct settle_check check = {.settling = settling,
                                 .s = s,
                                 .view = worker->view,
                                 .roster = registry_roster(settling->registry, s->work.unit)};

    if (settling->arena.limit == 0)
        arena_init_in(&settling->arena, SETTLE_ARENA, &settling->call->peer->memory);
    arena_reset(&settling->arena);
    s->checked = REASON_NONE;
    s->header = NULL;
    s->supervisor = NULL;
    s->original_receipt = (struct am_bytes){0};
    enum am_err err = check_all(&check);
    if (err != AM_OK)
        fail(&check, reason_of(err) == REASON_BUSY ? REASON_BUSY : REASON_INTERNAL, "", am_err_text(err));
}

// --- To the hub and back
static void settle_checked(struct job *job)
{
    struct settling *settling = (struct settling *)((char *)job - offsetof(struct settling, job));
    struct hub_event event = {.kind = HUB_EVENT_SETTLED, .settlement = &settling->settlement};

    if (net_step(settling->call->net, &event) == AM_OK)
        return;
    call_refuse(settling->call, REASON_BUSY, NULL);
    call_release(settling->call);
}

void settle_check(struct hub_settlement *settlement)
{
    struct settling *settling = settlement->work.user;

    registry_unref(settling->registry);
    settling->registry = registry_ref(settling->call->net->registry);
    settling->now_ns = net_utc(settling->call->net);
    settling->job = (struct job){.run = settle_run, .done = settle_checked};
    workers_push(settling->call->net->workers, &settling->job);
}

void settle_reply(struct hub_settlement *settlement, const struct journal_outcome *outcome)
{
    struct settling *settling = settlement->work.user;
    struct call *call = settling->call;

    if (settlement->work.reason != REASON_NONE)
        call_refuse_work(call, &settlement->work);
    else
        call_answer(call, outcome != NULL && outcome->result == JOURNAL_DONE ? outcome->receipt
                                                                             : settlement->original_receipt);
    call_release(call);
}

void settle_start(struct settling *settling)
{
    struct peer *peer = settling->call->peer;

    settling->settlement.work = (struct hub_work){
        .kind = HUB_WORK_SETTLEMENT, .user = settling, .identity = peer->uri, .unit = peer->identity.unit};
    call_hold(settling->call);
    settle_check(&settling->settlement);
}

void settle_clear(struct settling *settling)
{
    registry_unref(settling->registry);
    arena_clear(&settling->arena);
}

// --- Relay.SendBack
struct send_back {
    struct call call;
    struct settling settling;
};

static void send_back_begin(struct call *call)
{
    struct send_back *back = (struct send_back *)call;
    const Amana__V1__SendBackRequest *request = (const Amana__V1__SendBackRequest *)call->request;

    back->settling.call = call;
    back->settling.settlement.returns = true;
    back->settling.settlement.statement = codec_bytes(request->statement);
    back->settling.settlement.signature = codec_bytes(request->signature);
    settle_start(&back->settling);
}

static void send_back_clear(struct call *call)
{
    settle_clear(&((struct send_back *)call)->settling);
}

const struct method METHOD_SEND_BACK = {
    .path = "/amana.v1.Relay/SendBack",
    .request = &amana__v1__send_back_request__descriptor,
    .max_request = LIMIT_STATEMENT + LIMIT_SIGNATURE,
    .arena = 4 * LIMIT_STATEMENT,
    .size = sizeof(struct send_back),
    .begin = send_back_begin,
    .clear = send_back_clear,
};
