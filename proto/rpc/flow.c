// SPDX-License-Identifier: Apache-2.0
// Windows that the peer gets: small until it has said how long its message is, then as long as the message, within one
// budget for the connection (wire.md, Rules). The connection's own window is given back as bytes are read.
#include "proto/rpc/internal.h"

#include <utlist.h>

void flow_release(struct rpc_call *call)
{
    call->session->granted -= call->granted;
    call->granted = 0;
    call->session->flow_dirty = true; // others may be waiting for it
}

// Whether the message at the front is still coming in.
static bool is_unfinished(const struct rpc_call *call)
{
    return call->front > call->in_len;
}

// Lets the message in if it is the oldest one under way (so that something always moves), or if there is room for it.
static bool grant(struct rpc_call *call, bool oldest)
{
    struct rpc_session *session = call->session;
    size_t base = session->call_count * session->limits.stream_window;
    if (call->granted != 0)
        return true;
    if (!oldest && base + session->granted + call->front > session->limits.budget)
        return false;
    call->granted = call->front;
    session->granted += call->front;
    return true;
}

// How many bytes the peer should be free to send now.
static size_t wanted_window(struct rpc_call *call, bool oldest)
{
    size_t room = call->session->limits.stream_window;
    if (is_unfinished(call) && call->front > room && grant(call, oldest))
        room += call->front;
    return room > call->in_len ? room - call->in_len : 0;
}

// How many it is free to send: exact, and negative while it doesn't know our SETTINGS yet.
static int64_t open_window(const struct rpc_call *call)
{
    nghttp2_session *ng = call->session->ng;
    return (int64_t)nghttp2_session_get_stream_effective_local_window_size(ng, call->stream_id) -
           nghttp2_session_get_stream_effective_recv_data_length(ng, call->stream_id);
}

static void update_call(struct rpc_call *call, bool oldest)
{
    int64_t wanted = (int64_t)wanted_window(call, oldest);
    int64_t open = open_window(call);
    int64_t missing = is_unfinished(call) ? (int64_t)(call->front - call->in_len) : 1;
    // Few large updates rather than one for each message; but never so few that the message can't come in whole.
    bool worth_it = wanted - open >= call->session->limits.stream_window / 2 || open < missing;
    if (wanted > open && worth_it &&
        nghttp2_submit_window_update(call->session->ng, NGHTTP2_FLAG_NONE, call->stream_id, (int32_t)(wanted - open)) ==
            NGHTTP2_ERR_NOMEM)
        call->session->fatal = AM_NOMEM;
}

void flow_update(struct rpc_session *session)
{
    if (!session->flow_dirty)
        return;
    session->flow_dirty = false;
    bool found = false;
    struct rpc_call *call;
    DL_FOREACH (session->calls, call) {
        if (call->remote_closed || call->discard || call->reset)
            continue;
        bool oldest = !found && is_unfinished(call);
        found = found || oldest;
        update_call(call, oldest);
    }
}
