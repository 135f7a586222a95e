// SPDX-License-Identifier: Apache-2.0
// nghttp2's callbacks: each finds the call that a frame is about and hands it on.
#include <string.h>

#include "proto/model/limits.h"
#include "proto/rpc/http_status.h"
#include "proto/rpc/internal.h"

// nghttp2's own limits; ours come first where they are lower.
#define OUTBOUND_ACKS    256u
#define SETTINGS_ENTRIES 16u
#define RESETS_BURST     1000u
#define HEADER_LISTS     4u // so many times the limit of a header list ends the connection
#define RESETS_RATE      100u

static struct rpc_call *find_call(nghttp2_session *ng, int32_t stream_id)
{
    return stream_id == 0 ? NULL : nghttp2_session_get_stream_user_data(ng, stream_id);
}

static int result(const struct rpc_session *session)
{
    return session->fatal == AM_OK ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

// ---- In

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *head, void *user)
{
    struct rpc_session *session = user;
    if (head->type == NGHTTP2_PRIORITY || head->type > NGHTTP2_CONTINUATION)
        guard_count(session, FLOOD_IDLE_FRAMES);
    return result(session);
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct rpc_session *session = user;
    head_begin(&session->head);
    if (!session->server || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct rpc_call *call = call_new(session, frame->hd.stream_id);
    if (call == NULL || nghttp2_session_set_stream_user_data(ng, frame->hd.stream_id, call) != 0) {
        // Says that nothing was done, so that the client may try again.
        (void)nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    call->told = call->discard = true; // until head_request_done
    return 0;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
    struct rpc_session *session = user;
    head_field(session, name, name_len, value, value_len);
    // One that is a little too long is refused in words. A byte of HPACK may be a whole field, and none of them is
    // free.
    if (session->server && session->head.size / HEADER_LISTS > session->limits.header_list)
        session_end(session, NGHTTP2_ENHANCE_YOUR_CALM, "a header list is far too large");
    return result(session);
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t stream_id, const uint8_t *data, size_t len, void *user)
{
    struct rpc_session *session = user;
    struct rpc_call *call = find_call(ng, stream_id);
    if (call != NULL)
        message_receive(call, data, len);
    if (nghttp2_session_consume_connection(ng, len) == NGHTTP2_ERR_NOMEM)
        session->fatal = AM_NOMEM;
    return result(session);
}

static void got_headers(struct rpc_session *session, struct rpc_call *call, const nghttp2_frame *frame)
{
    bool end_stream = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!session->server) {
        head_response_done(call, end_stream);
        return;
    }
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        head_request_done(call);
    if (end_stream)
        message_end(call);
}

static void got_data(struct rpc_session *session, struct rpc_call *call, const nghttp2_frame *frame)
{
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        if (frame->hd.length == frame->data.padlen)
            guard_count(session, FLOOD_EMPTY_DATA);
        return;
    }
    if (call == NULL)
        return;
    if (session->server)
        message_end(call);
    else
        call_fail(call, RPC_UNKNOWN, "the answer ended without a status");
}

static void got_goaway(struct rpc_session *session, const nghttp2_goaway *frame)
{
    char what[64] = "the peer said: ";
    guard_count(session, FLOOD_IDLE_FRAMES);
    if (frame->error_code == NGHTTP2_NO_ERROR)
        return;
    strncat(what, nghttp2_http2_strerror(frame->error_code), sizeof what - strlen(what) - 1);
    session_set_reason(session, what, frame->opaque_data, frame->opaque_data_len);
}

static void got_ping(struct rpc_session *session, const nghttp2_frame *frame)
{
    if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
        guard_ping(session);
        return;
    }
    // Nobody need have asked.
    guard_count(session, FLOOD_IDLE_FRAMES);
    timer_ping_answered(session, frame->ping.opaque_data);
}

static void got_settings(struct rpc_session *session, const nghttp2_frame *frame)
{
    if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
        session->flow_dirty = true; // the windows of streams have just shrunk to ours
    else
        guard_count(session, FLOOD_SETTINGS);
}

static int on_frame_received(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct rpc_session *session = user;
    struct rpc_call *call = find_call(ng, frame->hd.stream_id);
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (call != NULL)
            got_headers(session, call, frame);
        break;
    case NGHTTP2_DATA: got_data(session, call, frame); break;
    case NGHTTP2_RST_STREAM:
        if (call != NULL && !call->end_sent)
            guard_count(session, FLOOD_RESETS);
        break;
    case NGHTTP2_SETTINGS: got_settings(session, frame); break;
    case NGHTTP2_PING: got_ping(session, frame); break;
    case NGHTTP2_WINDOW_UPDATE: guard_window_update(session); break;
    case NGHTTP2_GOAWAY: got_goaway(session, &frame->goaway); break;
    default: break;
    }
    return result(session);
}

static void closed_client(struct rpc_call *call, uint32_t error_code)
{
    char text[96] = "the stream was closed: ";
    strncat(text, nghttp2_http2_strerror(error_code), sizeof text - strlen(text) - 1);
    call->stream_closed = true;
    // All has come, but the caller holds it back: the call lives until that is handed over.
    if (!call->told && call->remote_closed && call->held && !call->discard)
        return;
    call_tell_finished(call, call->cancelled ? RPC_CANCELLED : rpc_status_from_reset(error_code), text);
    call_detach(call);
}

static int on_stream_close(nghttp2_session *ng, int32_t stream_id, uint32_t error_code, void *user)
{
    struct rpc_session *session = user;
    struct rpc_call *call = find_call(ng, stream_id);
    if (call == NULL)
        return 0;
    if (session->server) {
        call->stream_closed = true;
        call_tell_closed(call, RPC_CLOSE_CANCELLED);
        call_detach(call);
    } else {
        closed_client(call, error_code);
    }
    return result(session);
}

// ---- Out

static void sent_end(struct rpc_session *session, struct rpc_call *call)
{
    call->end_sent = true;
    if (!session->server)
        return;
    call_tell_closed(call, RPC_CLOSE_DONE);
    // A client that is still sending is told to stop (RFC 9113 §8.1), but not at once: curl takes a reset that comes
    // while it writes its body for a broken answer.
    if (!call->remote_closed)
        call_set_deadline(call, session->now_ns, RPC_STOP_NS);
}

static void sent_goaway(struct rpc_session *session, uint32_t error_code)
{
    if (error_code != NGHTTP2_NO_ERROR)
        session_set_reason(session, nghttp2_http2_strerror(error_code), (const uint8_t *)session->error_text,
                           strlen(session->error_text));
}

static int on_frame_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct rpc_session *session = user;
    struct rpc_call *call = find_call(ng, frame->hd.stream_id);
    guard_sent(session, frame->hd.type);
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        if (call != NULL && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            sent_end(session, call);
        break;
    case NGHTTP2_RST_STREAM:
        // What a client makes us reset costs as much as what it resets itself.
        if (frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
            guard_count(session, FLOOD_RESETS);
        break;
    case NGHTTP2_GOAWAY: sent_goaway(session, frame->goaway.error_code); break;
    default: break;
    }
    return result(session);
}

static int on_frame_not_sent(nghttp2_session *ng, const nghttp2_frame *frame, int error, void *user)
{
    struct rpc_session *session = user;
    struct rpc_call *call = find_call(ng, frame->hd.stream_id);
    if (!session->server && call != NULL && frame->hd.type == NGHTTP2_HEADERS)
        call_tell_finished(call, RPC_UNAVAILABLE, "the connection takes no more calls");
    return result(session);
}

// Extension frames are read only so that on_begin_frame counts them.
static int on_extension(nghttp2_session *ng, void **payload, const nghttp2_frame_hd *head, void *user)
{
    return NGHTTP2_ERR_CANCEL;
}

static int on_error(nghttp2_session *ng, int error, const char *text, size_t len, void *user)
{
    struct rpc_session *session = user;
    size_t count = len < sizeof session->error_text - 1 ? len : sizeof session->error_text - 1;
    memcpy(session->error_text, text, count);
    session->error_text[count] = '\0';
    return 0;
}

// ---- Making

static nghttp2_session_callbacks *make_callbacks(void)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_received);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_sent);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    nghttp2_session_callbacks_set_unpack_extension_callback(callbacks, on_extension);
    nghttp2_session_callbacks_set_error_callback2(callbacks, on_error);
    return callbacks;
}

static nghttp2_option *make_option(void)
{
    nghttp2_option *option;
    if (nghttp2_option_new(&option) != 0)
        return NULL;
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_deflate_dynamic_table_size(option, 0);
    nghttp2_option_set_max_outbound_ack(option, OUTBOUND_ACKS);
    nghttp2_option_set_max_settings(option, SETTINGS_ENTRIES);
    nghttp2_option_set_stream_reset_rate_limit(option, RESETS_BURST, RESETS_RATE);
    nghttp2_option_set_max_continuations(option, LIMIT_CONTINUATIONS);
    for (unsigned type = NGHTTP2_CONTINUATION + 1; type <= UINT8_MAX; type++)
        nghttp2_option_set_user_recv_extension_type(option, (uint8_t)type);
    return option;
}

static int submit_settings(struct rpc_session *session)
{
    const struct rpc_limits *limits = &session->limits;
    const nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits->stream_window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits->header_list},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, session->server ? limits->streams : 0},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, // last: a server doesn't send it
    };
    int error = nghttp2_submit_settings(session->ng, NGHTTP2_FLAG_NONE, entries,
                                        session->server ? AM_LEN(entries) - 1 : AM_LEN(entries));
    if (error == 0)
        error = nghttp2_session_set_local_window_size(session->ng, NGHTTP2_FLAG_NONE, 0,
                                                      (int32_t)limits->connection_window);
    return error;
}

enum am_err frames_make_session(struct rpc_session *session)
{
    nghttp2_session_callbacks *callbacks = make_callbacks();
    nghttp2_option *option = make_option();
    int error = NGHTTP2_ERR_NOMEM;
    if (callbacks != NULL && option != NULL)
        error = session->server
                    ? nghttp2_session_server_new3(&session->ng, callbacks, session, option, &session->memory.mem)
                    : nghttp2_session_client_new3(&session->ng, callbacks, session, option, &session->memory.mem);
    if (error == 0)
        error = submit_settings(session);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return error == 0 ? AM_OK : AM_NOMEM;
}
