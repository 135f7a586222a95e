// SPDX-License-Identifier: Apache-2.0
// A refusal as every client reads it: gRPC status, and google.rpc.Status with the reason, the field and what to do.
#include "server/net/internal.h"

#include "certs/clock.h"
#include "proto/codec/status_details.h"
#include "proto/codec/timestamp.h"

#include <string.h>

#define RETRY_NS NS_PER_S // where nobody knows better

static const char *const EARLY[NET_REFUSALS] = {
    [REFUSAL_STILL] = "handshakes that stood still",
    [REFUSAL_ADDRESS] = "too many handshakes of an address",
    [REFUSAL_CONNECTIONS] = "too many connections",
    [REFUSAL_MEMORY] = "too little memory",
    [REFUSAL_IDENTITY] = "too many connections of an identity",
};

static void error_build(struct rpc_error *error, enum reason reason, const struct am_detail *detail,
                        const char *identity, const struct hub_work *work)
{
    char text[512];
    // A detail goes on from its field's name: "must be …", "is missing: …".
    bool words = detail != NULL && detail->text[0] != '\0' && strcmp(detail->text, reason_text(reason)) != 0;

    snprintf(text, sizeof text, "%s%s%s%s%.300s", reason_text(reason), words ? ": " : "", words ? detail->field : "",
             words && detail->field[0] != '\0' ? " " : "", words ? detail->text : "");
    rpc_error_set(error, reason_status(reason), reason_name(reason), text);
    if (detail != NULL && detail->field[0] != '\0')
        rpc_error_add_violation(error, detail->field, words ? detail->text : reason_text(reason));
    if (reason == REASON_QUOTA)
        rpc_error_set_quota(error, identity, words ? detail->text : reason_text(reason));
    if (reason_retry(reason))
        error->retry_delay_ns = work != NULL && work->retry_ns != 0 ? work->retry_ns : RETRY_NS;
    if (work == NULL)
        return;
    if (work->state[0] != '\0')
        rpc_error_add_metadata(error, "state", "%s", work->state);
    if (work->state_unit[0] != '\0')
        rpc_error_add_metadata(error, "unit", "%s", work->state_unit);
    if (work->moves[0] != '\0')
        rpc_error_add_metadata(error, "open_moves", "%s", work->moves);
    if (work->stale_unit[0] != '\0')
        rpc_error_add_metadata(error, "unit", "%s", work->stale_unit);
    if (work->successor[0] != '\0')
        rpc_error_add_metadata(error, "successor", "%s", work->successor);
    if (work->hub_time_ns != 0) {
        char time[TIMESTAMP_TEXT];
        timestamp_print_ns(work->hub_time_ns, time);
        rpc_error_add_metadata(error, "hub_time", "%s", time);
    }
}

static void error_send(struct rpc_call *rpc, const struct rpc_error *error, bool abort)
{
    struct arena AM_CLEANUP(arena_clear) arena;
    struct am_bytes details = {0};

    arena_init(&arena, 64u * 1024);
    if (status_details_pack(error, &arena, &details) != AM_OK)
        details = (struct am_bytes){0}; // status and text say it too
    (abort ? rpc_call_abort : rpc_call_finish)(rpc, error->status, error->text, details);
}

void rpc_refuse(struct rpc_call *rpc, enum reason reason, const struct am_detail *detail, const char *identity)
{
    struct rpc_error error;

    error_build(&error, reason, detail, identity, NULL);
    error_send(rpc, &error, false);
}

static void call_fail(struct call *call, enum reason reason, const struct am_detail *detail,
                      const struct hub_work *work, bool abort)
{
    struct rpc_error error;

    if (!call_open(call))
        return;
    call->ended = true;
    if (detail != NULL && (detail->field[0] != '\0' || detail->text[0] != '\0'))
        report_some(&call->net->refusals.reasons[reason], clock_monotonic(), REPORT_INFO, "answered",
                    "identity=%s call=%s reason=%s field=%s text=\"%s\"", call->peer->uri, call->method->path,
                    reason_name(reason), detail->field, detail->text);
    else
        report_some(&call->net->refusals.reasons[reason], clock_monotonic(), REPORT_INFO, "answered",
                    "identity=%s call=%s reason=%s", call->peer->uri, call->method->path, reason_name(reason));
    error_build(&error, reason, detail, call->peer->uri, work);
    error_send(call->rpc, &error, abort);
    connection_kick(call->connection);
    connection_strike(call->connection);
}

void call_refuse(struct call *call, enum reason reason, const struct am_detail *detail)
{
    call_fail(call, reason, detail, NULL, false);
}

void call_refuse_work(struct call *call, const struct hub_work *work)
{
    call_fail(call, work->reason, &work->detail, work, false);
}

void call_refuse_abort(struct call *call, enum reason reason)
{
    call_fail(call, reason, NULL, NULL, true);
}

void refusals_tell(struct net *net, uint64_t now_ns)
{
    struct refusals *refusals = &net->refusals;
    struct report_kind *const ours[] = {&refusals->not_found, &refusals->not_grpc};
    unsigned untold;

    for (size_t i = 0; i < AM_LEN(refusals->reasons); i++)
        if ((untold = report_untold(&refusals->reasons[i], now_ns)) > 0)
            report(REPORT_INFO, "answered", "untold=%u reason=%s", untold, reason_name((enum reason)i));
    for (size_t i = 0; i < AM_LEN(refusals->statuses); i++)
        if ((untold = report_untold(&refusals->statuses[i], now_ns)) > 0)
            report(REPORT_INFO, "answered", "untold=%u status=%s", untold, rpc_status_name((enum rpc_status)i));
    for (size_t i = 0; i < AM_LEN(ours); i++)
        if ((untold = report_untold(ours[i], now_ns)) > 0)
            report(REPORT_INFO, "answered", "untold=%u http=%u", untold, i == 0 ? 404 : 415);
    for (size_t i = 0; i < AM_LEN(refusals->early); i++)
        if ((untold = report_untold(&refusals->early[i], now_ns)) > 0)
            report(REPORT_NOTICE, "refused", "untold=%u reason=\"%s\"", untold, EARLY[i]);
    for (size_t i = 0; i < AM_LEN(refusals->handshakes); i++)
        if ((untold = report_untold(&refusals->handshakes[i], now_ns)) > 0)
            report(REPORT_NOTICE, "refused", "untold=%u at=tls reason=\"%s\"", untold, am_err_text((enum am_err)i));
}

enum reason reason_of(enum am_err err)
{
    switch (err) {
    case AM_OK: return REASON_NONE;
    case AM_NOT_FOUND: return REASON_NOT_FOUND;
    case AM_DENIED: return REASON_NOT_PERMITTED;
    case AM_PROTO: return REASON_MALFORMED;
    case AM_INVALID: return REASON_FIELD_INVALID;
    case AM_SIGNATURE: return REASON_SIGNATURE_INVALID;
    case AM_CERTIFICATE:
    case AM_REVOKED:
    case AM_EXPIRED: return REASON_REVOKED;
    case AM_TOO_LARGE:
    case AM_NOMEM:
    case AM_BUSY: return REASON_BUSY;
    default: return REASON_INTERNAL;
    }
}
