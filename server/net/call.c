// SPDX-License-Identifier: Apache-2.0
// Calls: which method, whether this identity may make it now, its request decoded once; and the ways to answer.
#include "server/net/internal.h"

#include "certs/clock.h"
#include <stdlib.h>
#include <string.h>

static const struct method *const METHODS[] = {
    &METHOD_SEND,       &METHOD_RECEIVE,      &METHOD_ACKNOWLEDGE,  &METHOD_STATUS,      &METHOD_REPLAY,
    &METHOD_RECEIPT,    &METHOD_CHECKPOINT,   &METHOD_INCLUSION,    &METHOD_CONSISTENCY, &METHOD_LOOKUP,
    &METHOD_MEMBERS,    &METHOD_SET_MEMBER,   &METHOD_TRY_POLICY,   &METHOD_UNITS,       &METHOD_POLICY,
    &METHOD_ADD_ROSTER, &METHOD_HEALTH_CHECK, &METHOD_HEALTH_WATCH, &METHOD_PARK,        &METHOD_LIST_PENDING,
    &METHOD_RELEASE,    &METHOD_SEND_BACK,
};

const struct method *method_find(const char *path)
{
    for (size_t i = 0; i < AM_LEN(METHODS); i++)
        if (strcmp(METHODS[i]->path, path) == 0)
            return METHODS[i];
    return NULL;
}

// Structs with warm arenas: fresh pages for each message cost more than its signature.
static struct call *call_new(struct net *net, const struct method *method)
{
    struct call *call = net->spare;

    if (method->kept == 0 || call == NULL)
        return calloc(1, method->size);
    LL_DELETE(net->spare, call);
    net->spares--;
    return call;
}

static void call_free(struct call *call)
{
    if (call->method->clear != NULL)
        call->method->clear(call);
    arena_clear(&call->arena);
    free(call);
}

static void call_keep(struct call *call)
{
    struct net *net = call->net;
    const struct method *method = call->method;

    method->reset(call);
    call->net = net;
    call->method = method;
    LL_PREPEND(net->spare, call);
    net->spares++;
}

void call_spares_free(struct net *net)
{
    struct call *call, *next;

    LL_FOREACH_SAFE (net->spare, call, next) {
        call_free(call);
    }
    net->spare = NULL;
    net->spares = 0;
}

void call_hold(struct call *call)
{
    call->references++;
}

void call_release(struct call *call)
{
    struct net *net = call->net;
    struct peer *peer = call->peer;

    if (--call->references > 0)
        return;
    if (net->paused)
        net_turn_soon(net);
    arena_budget_return(&peer->memory, call->method->size);
    if (net->spares < call->method->kept && !net_short(net, LIMIT_MEMORY_WORK))
        call_keep(call);
    else
        call_free(call);
    peer_release(peer);
}

bool call_open(const struct call *call)
{
    return call->rpc != NULL && !call->ended;
}

void call_send(struct call *call, struct am_bytes message)
{
    if (!call_open(call))
        return;
    if (rpc_call_send(call->rpc, &message, 1) != AM_OK) {
        call_refuse_abort(call, REASON_BUSY);
        return;
    }
    connection_kick(call->connection);
}

void call_finish(struct call *call)
{
    if (!call_open(call))
        return;
    call->ended = true;
    rpc_call_finish(call->rpc, RPC_OK, NULL, (struct am_bytes){0});
    connection_kick(call->connection);
}

void call_answer(struct call *call, struct am_bytes message)
{
    call_send(call, message);
    call_finish(call);
}

void call_answer_message(struct call *call, const ProtobufCMessage *message)
{
    struct arena AM_CLEANUP(arena_clear) arena;
    struct am_bytes bytes;

    arena_init(&arena, 64u * 1024);
    if (codec_encode(message, &arena, &bytes) == AM_OK)
        call_answer(call, bytes);
    else
        call_refuse(call, REASON_BUSY, NULL);
}

// --- What rpc tells
static enum reason call_allowed(struct connection *connection, const struct method *method)
{
    struct net *net = connection->net;
    struct peer *peer = connection->peer;

    if (net->stopping)
        return REASON_DRAINING;
    if (method == NULL)
        return peer_take_token(net, peer, clock_monotonic()) ? REASON_METHOD_UNKNOWN : REASON_QUOTA;
    if (hub_role(net->hub, peer->identity.unit) == NULL)
        return REASON_NOT_PERMITTED;
    if (net_short(net, LIMIT_MEMORY_WORK) ||
        rpc_session_memory(connection->rpc) > net->options.limits.connection_memory)
        return REASON_BUSY;
    if (!method->counted && !peer_take_token(net, peer, clock_monotonic()))
        return REASON_QUOTA;
    return REASON_NONE;
}

static void on_call(struct rpc_call *rpc, const char *path, uint64_t timeout_ns)
{
    struct connection *connection = rpc_session_user(rpc_call_session(rpc));
    struct net *net = connection->net;
    const struct method *method = method_find(path);
    enum reason reason = call_allowed(connection, method);
    struct call *call = reason == REASON_NONE ? call_new(net, method) : NULL;
    struct am_detail detail = {0};

    if (call == NULL) {
        reason = reason == REASON_NONE ? REASON_BUSY : reason;
        report_some(&net->refusals.reasons[reason], clock_monotonic(), REPORT_INFO, "answered",
                    "identity=%s call=%s reason=%s", connection->peer->uri, path, reason_name(reason));
        if (reason == REASON_QUOTA)
            (void)am_fail(AM_BUSY, &detail, "", "an identity has at most %u requests a second",
                          net->options.limits.requests_per_s);
        rpc_refuse(rpc, reason, &detail, connection->peer->uri);
        connection_strike(connection);
        return;
    }
    call->net = net;
    call->method = method;
    call->connection = connection;
    call->rpc = rpc;
    call->peer = connection->peer;
    call->peer->references++;
    call->references = 1;
    call->deadline_ns = timeout_ns != 0 ? clock_monotonic() + timeout_ns : 0;
    arena_budget_add(&call->peer->memory, method->size);
    if (call->arena.limit == 0)
        arena_init_in(&call->arena, method->arena, &call->peer->memory);
    arena_move(&call->arena, &call->peer->memory);
    rpc_call_set_user(rpc, call);
    rpc_call_set_max_message(rpc, method->max_request);
}

static void on_message(struct rpc_call *rpc, struct am_bytes message)
{
    struct call *call = rpc_call_user(rpc);
    struct am_detail detail = {0};
    enum am_err err;

    if (call == NULL || !call_open(call))
        return;
    if (call->has_request) {
        am_fail(AM_PROTO, &detail, "", "this method takes one message");
        call_refuse(call, REASON_MALFORMED, &detail);
        return;
    }
    call->has_request = true;
    err = codec_decode(call->method->request, CODEC_LENIENT, message, &call->arena, &detail, &call->request);
    // What needs more memory than its method gives will not need less when it comes again.
    if (err != AM_OK)
        call_refuse(call, err == AM_TOO_LARGE ? REASON_FIELD_INVALID : reason_of(err), &detail);
}

static void on_half_close(struct rpc_call *rpc)
{
    struct call *call = rpc_call_user(rpc);
    struct am_detail detail = {0};

    if (call == NULL || !call_open(call) || call->begun)
        return;
    if (call->request == NULL) {
        am_fail(AM_PROTO, &detail, "", "this method takes one message; none came");
        call_refuse(call, REASON_MALFORMED, &detail);
        return;
    }
    call->begun = true;
    call->method->begin(call);
}

static void on_writable(struct rpc_call *rpc)
{
    struct call *call = rpc_call_user(rpc);

    if (call != NULL && call_open(call) && call->begun && call->method->writable != NULL)
        call->method->writable(call);
}

static void on_refused(struct rpc_session *session, enum rpc_status status, unsigned http_status, const char *text)
{
    struct connection *connection = rpc_session_user(session);
    struct refusals *refusals = &connection->net->refusals;
    struct report_kind *kind = http_status == 404 ? &refusals->not_found
                               : http_status != 0 ? &refusals->not_grpc
                                                  : &refusals->statuses[status];

    if (http_status != 0)
        report_some(kind, clock_monotonic(), REPORT_INFO, "answered", "identity=%s http=%u", connection->peer->uri,
                    http_status);
    else
        report_some(kind, clock_monotonic(), REPORT_INFO, "answered", "identity=%s status=%s text=\"%s\"",
                    connection->peer->uri, rpc_status_name(status), text);
    connection_strike(connection);
}

static void on_closed(struct rpc_call *rpc, enum rpc_close how)
{
    struct call *call = rpc_call_user(rpc);

    if (call == NULL)
        return;
    call->rpc = NULL;
    call->connection = NULL;
    if (call->begun && call->method->closed != NULL)
        call->method->closed(call);
    call_release(call);
}

const struct rpc_handlers call_handlers = {
    .on_call = on_call,
    .on_message = on_message,
    .on_half_close = on_half_close,
    .on_writable = on_writable,
    .on_closed = on_closed,
    .on_refused = on_refused,
};
