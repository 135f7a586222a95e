// SPDX-License-Identifier: Apache-2.0
// One HTTP/2 connection: making it, feeding it, ending it.
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "proto/model/limits.h"
#include "proto/rpc/internal.h"

void rpc_limits_server(struct rpc_limits *ret_limits)
{
    *ret_limits = (struct rpc_limits){
        .streams = LIMIT_STREAMS,
        .header_list = LIMIT_HEADER_LIST,
        .message = LIMIT_MESSAGE,
        .stream_window = LIMIT_STREAM_WINDOW,
        .connection_window = LIMIT_CONNECTION_WINDOW,
        .budget = LIMIT_CONNECTION_WINDOW,
        .send_mark = 64 * 1024,
        .resets = LIMIT_RESETS,
        .keepalive_ns = LIMIT_KEEPALIVE_NS,
        .keepalive_wait_ns = 20 * NS_PER_S,
        .first_request_ns = LIMIT_FIRST_REQUEST_NS,
        .drain_ns = 5 * NS_PER_S,
        .linger_ns = NS_PER_S,
    };
}

// A client opens few calls and reads long streams: its windows are wide.
void rpc_limits_client(struct rpc_limits *ret_limits)
{
    rpc_limits_server(ret_limits);
    ret_limits->message = 4u * 1024 * 1024; // a delivery is a message and its proof
    ret_limits->stream_window = 1024 * 1024;
    ret_limits->budget = 64u * 1024 * 1024;
    ret_limits->first_request_ns = 0;
}

static char *copy_text(const char *text)
{
    size_t size = text == NULL ? 1 : strlen(text) + 1;
    char *copy = malloc(size);
    if (copy != NULL)
        memcpy(copy, text == NULL ? "" : text, size);
    return copy;
}

static enum am_err session_new(const struct rpc_config *config, bool server, uint64_t now_ns,
                               struct rpc_session **ret_session)
{
    struct rpc_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return AM_NOMEM;
    rpc_memory_init(&session->memory);
    session->handlers = config->handlers;
    session->limits = *config->limits;
    session->user = config->user;
    session->server = server;
    session->now_ns = session->started_ns = session->received_ns = now_ns;
    session->authority = copy_text(config->authority);
    session->user_agent = copy_text(config->user_agent);
    if (session->authority == NULL || session->user_agent == NULL || frames_make_session(session) != AM_OK) {
        rpc_session_free(session);
        return AM_NOMEM;
    }
    *ret_session = session;
    return AM_OK;
}

enum am_err rpc_session_new_server(const struct rpc_config *config, uint64_t now_ns, struct rpc_session **ret_session)
{
    return session_new(config, true, now_ns, ret_session);
}

enum am_err rpc_session_new_client(const struct rpc_config *config, uint64_t now_ns, struct rpc_session **ret_session)
{
    return session_new(config, false, now_ns, ret_session);
}

void session_reap(struct rpc_session *session)
{
    struct rpc_call *call, *next;
    DL_FOREACH_SAFE (session->closed, call, next) {
        DL_DELETE(session->closed, call);
        call_free(call);
    }
}

void rpc_session_free(struct rpc_session *session)
{
    if (session == NULL)
        return;
    assert(!session->busy);
    session->busy = true;
    while (session->calls != NULL) {
        struct rpc_call *call = session->calls;
        call->stream_closed = true;
        if (session->server)
            call_tell_closed(call, RPC_CLOSE_LOST);
        else
            call_tell_finished(call, RPC_UNAVAILABLE,
                               session->reason[0] != '\0' ? session->reason : "the connection ended");
        call_detach(call);
    }
    session_reap(session);
    nghttp2_session_del(session->ng);
    head_clear(&session->head);
    rpc_memory_clear(&session->memory);
    free(session->out);
    free(session->authority);
    free(session->user_agent);
    free(session);
}

// ---- Feeding

static enum am_err fail(struct rpc_session *session, ssize_t error)
{
    if (session->fatal == AM_OK)
        session->fatal = error == NGHTTP2_ERR_NOMEM ? AM_NOMEM : AM_PROTO;
    session_set_reason(session, session->fatal == AM_NOMEM ? "out of memory" : nghttp2_strerror((int)error), NULL, 0);
    return session->fatal;
}

enum am_err rpc_session_receive(struct rpc_session *session, uint64_t now_ns, const void *data, size_t len)
{
    session->now_ns = session->received_ns = now_ns;
    session->pinged_ns = 0;
    if (session->fatal != AM_OK || session->lost)
        return session->fatal;
    session->busy = true;
    timer_expire_calls(session);
    ssize_t count = nghttp2_session_mem_recv(session->ng, data, len);
    session_reap(session);
    session->busy = false;
    if (count < 0)
        return fail(session, count);
    if (session->ended_ns == 0 && !nghttp2_session_want_read(session->ng))
        session->ended_ns = now_ns;
    return AM_OK;
}

bool rpc_session_wants_read(const struct rpc_session *session)
{
    return !session->lost && session->fatal == AM_OK && session->ended_ns == 0 &&
           nghttp2_session_want_read(session->ng) &&
           nghttp2_session_get_outbound_queue_size(session->ng) <= RPC_BACKLOG;
}

bool rpc_session_wants_write(const struct rpc_session *session)
{
    if (session->lost)
        return false;
    if (session->out_len > session->out_pos)
        return true;
    return session->fatal == AM_OK &&
           (session->dirty != NULL || session->flow_dirty || nghttp2_session_want_write(session->ng));
}

// ---- Ending

void session_set_reason(struct rpc_session *session, const char *what, const uint8_t *text, size_t len)
{
    char *to = session->reason;
    if (*to != '\0')
        return;
    size_t room = sizeof session->reason - 1;
    size_t used = strnlen(what, room);
    memcpy(to, what, used);
    if (len > 0 && room - used > 2) {
        to[used++] = ':';
        to[used++] = ' ';
        for (size_t i = 0; i < len && used < room; i++)
            to[used++] = text[i] >= 0x20 && text[i] <= 0x7e ? (char)text[i] : '?';
    }
    to[used] = '\0';
}

void session_end(struct rpc_session *session, uint32_t http2_error, const char *reason)
{
    if (session->ended_ns != 0)
        return;
    session->ended_ns = session->now_ns;
    session_set_reason(session, reason, NULL, 0);
    if (nghttp2_session_terminate_session(session->ng, http2_error) != 0)
        session->fatal = AM_NOMEM;
}

void rpc_session_close(struct rpc_session *session, const char *reason)
{
    if (!session->lost && session->fatal == AM_OK)
        session_end(session, NGHTTP2_NO_ERROR, reason);
}

void rpc_session_lost(struct rpc_session *session)
{
    session->lost = true;
}

bool rpc_session_done(const struct rpc_session *session)
{
    if (session->lost || session->fatal != AM_OK)
        return true;
    return session->out_len == session->out_pos && session->dirty == NULL && !nghttp2_session_want_read(session->ng) &&
           !nghttp2_session_want_write(session->ng);
}

const char *rpc_session_reason(const struct rpc_session *session)
{
    if (session->reason[0] == '\0' && session->fatal != AM_OK)
        return am_err_text(session->fatal);
    return session->reason;
}

void *rpc_session_user(const struct rpc_session *session)
{
    return session->user;
}

size_t rpc_session_calls(const struct rpc_session *session)
{
    return session->call_count;
}

size_t rpc_session_memory(const struct rpc_session *session)
{
    return sizeof *session + session->queued + session->kept + session->out_cap +
           session->call_count * sizeof(struct rpc_call) + rpc_memory_held(&session->memory);
}

size_t rpc_session_queued(const struct rpc_session *session)
{
    return session->queued;
}
