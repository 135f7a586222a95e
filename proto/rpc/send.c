// SPDX-License-Identifier: Apache-2.0
// What goes out: queued messages as DATA, headers and trailers before and after them, gathered for one write.
#include "proto/rpc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define OUTPUT_START 4096u

// ---- Header lists

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)name,
                        .value = (uint8_t *)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value),
                        .flags = NGHTTP2_NV_FLAG_NONE};
}

// grpc-status and what explains it. `number` is scratch that must live as long as the fields.
static size_t trailer_fields(const struct rpc_call *call, nghttp2_nv *fields, char number[12])
{
    size_t count = 0;
    snprintf(number, 12, "%u", (unsigned)call->trailer.status);
    fields[count++] = field("grpc-status", number);
    if (call->trailer.message != NULL)
        fields[count++] = field("grpc-message", call->trailer.message);
    if (call->trailer.details_text != NULL)
        fields[count++] = field("grpc-status-details-bin", call->trailer.details_text);
    return count;
}

static int submit_trailers(struct rpc_call *call)
{
    nghttp2_nv fields[3];
    char number[12];
    size_t count = trailer_fields(call, fields, number);
    int error = nghttp2_submit_trailer(call->session->ng, call->stream_id, fields, count);
    if (error == 0)
        call->last_submitted = true;
    return error;
}

static int submit_http_error(struct rpc_call *call)
{
    char number[12];
    snprintf(number, sizeof number, "%u", call->http_status);
    nghttp2_nv fields[] = {field(":status", number)};
    call->submitted = call->last_submitted = true;
    return nghttp2_submit_response(call->session->ng, call->stream_id, fields, 1, NULL);
}

static int submit_response(struct rpc_call *call)
{
    bool trailers_only = call->finishing && call->queued == 0;
    nghttp2_nv fields[6] = {field(":status", "200"), field("content-type", "application/grpc"),
                            field("grpc-accept-encoding", "identity")};
    char number[12];
    size_t count = 3 + (trailers_only ? trailer_fields(call, fields + 3, number) : 0);
    nghttp2_data_provider provider = {.source.ptr = call, .read_callback = send_read};
    call->submitted = true;
    call->last_submitted = trailers_only;
    return nghttp2_submit_response(call->session->ng, call->stream_id, fields, count, trailers_only ? NULL : &provider);
}

int send_request(struct rpc_call *call, const char *path, uint64_t timeout_ns)
{
    struct rpc_session *session = call->session;
    nghttp2_nv fields[9] = {field(":method", "POST"),
                            field(":scheme", "https"),
                            field(":path", path),
                            field(":authority", session->authority),
                            field("te", "trailers"),
                            field("content-type", "application/grpc"),
                            field("user-agent", session->user_agent),
                            field("grpc-accept-encoding", "identity")};
    size_t count = 8;
    char timeout[GRPC_TIMEOUT_TEXT];
    if (timeout_ns != 0) {
        grpc_timeout_format(timeout_ns, timeout);
        fields[count++] = field("grpc-timeout", timeout);
    }
    nghttp2_data_provider provider = {.source.ptr = call, .read_callback = send_read};
    return nghttp2_submit_request(session->ng, NULL, fields, count, &provider, call);
}

// ---- DATA

ssize_t send_read(nghttp2_session *ng, int32_t stream_id, uint8_t *buf, size_t length, uint32_t *data_flags,
                  nghttp2_data_source *source, void *user)
{
    struct rpc_call *call = source->ptr;
    size_t count = call->queued < length ? call->queued : length;
    bool last = call->finishing && count == call->queued;
    if (call->last_submitted || (count == 0 && !last))
        return NGHTTP2_ERR_DEFERRED;
    *data_flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (last)
        *data_flags |= NGHTTP2_DATA_FLAG_EOF;
    if (last && call->session->server) {
        *data_flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (submit_trailers(call) != 0)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return (ssize_t)count;
}

static bool output_reserve(struct rpc_session *session, size_t more)
{
    if (session->out_pos > 0) {
        memmove(session->out, session->out + session->out_pos, session->out_len - session->out_pos);
        session->out_len -= session->out_pos;
        session->out_pos = 0;
    }
    size_t needed = session->out_len + more;
    if (needed <= session->out_cap)
        return true;
    size_t cap = session->out_cap == 0 ? OUTPUT_START : session->out_cap;
    while (cap < needed)
        cap *= 2;
    uint8_t *out = realloc(session->out, cap);
    if (out == NULL)
        return false;
    session->out = out;
    session->out_cap = cap;
    return true;
}

static void output_append(struct rpc_session *session, const void *data, size_t len)
{
    memcpy(session->out + session->out_len, data, len);
    session->out_len += len;
}

static void take_from_queue(struct rpc_call *call, size_t length)
{
    call->queued -= length;
    call->session->queued -= length;
    while (length > 0) {
        struct rpc_piece *piece = call->send_first;
        size_t part = piece->len - piece->pos < length ? piece->len - piece->pos : length;
        output_append(call->session, piece->bytes + piece->pos, part);
        piece->pos += part;
        length -= part;
        if (piece->pos < piece->len)
            continue;
        call->send_first = piece->next;
        if (call->send_first == NULL)
            call->send_last = NULL;
        free(piece);
    }
}

int send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *frame_head, size_t length,
              nghttp2_data_source *source, void *user)
{
    struct rpc_call *call = source->ptr;
    struct rpc_session *session = call->session;
    // We ask for no padding, and what send_read saw is still there.
    if (frame->data.padlen > 0 || length > call->queued || !output_reserve(session, RPC_FRAME_HEAD + length))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    output_append(session, frame_head, RPC_FRAME_HEAD);
    take_from_queue(call, length);
    if (call->stalled && call->queued <= session->limits.send_mark / 2) {
        call->stalled = false;
        call->tell_writable = true;
        call_mark(call);
    }
    return NGHTTP2_ERR_PAUSE; // so that the mark is looked at after each frame
}

// ---- What calls have to say to nghttp2

static int resume(struct rpc_call *call)
{
    int error = nghttp2_session_resume_data(call->session->ng, call->stream_id);
    return error == NGHTTP2_ERR_INVALID_ARGUMENT ? 0 : error; // it was not deferred
}

static int reset(struct rpc_call *call)
{
    uint32_t code = call->session->server ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL;
    call->reset = false;
    call->last_submitted = true;
    return nghttp2_submit_rst_stream(call->session->ng, NGHTTP2_FLAG_NONE, call->stream_id, code);
}

static int answer(struct rpc_call *call)
{
    if (call->http_status != 0)
        return submit_http_error(call);
    if (!call->submitted)
        return call->queued > 0 || call->finishing || call->start ? submit_response(call) : 0;
    // Trailers don't wait for a window as DATA would.
    return call->finishing && call->queued == 0 ? submit_trailers(call) : resume(call);
}

static int tell_nghttp2(struct rpc_call *call)
{
    if (call->reset)
        return reset(call);
    if (call->last_submitted)
        return 0;
    return call->session->server ? answer(call) : resume(call);
}

static void work(struct rpc_call *call)
{
    const struct rpc_handlers *handlers = call->session->handlers;
    if (call->cancelled)
        call_tell_finished(call, RPC_CANCELLED, "cancelled by this side");
    if (call->discard)
        message_drop(call);
    if (call->redeliver) {
        call->redeliver = false;
        message_deliver(call);
    }
    if (call->tell_writable) {
        call->tell_writable = false;
        if (handlers->on_writable != NULL && !call->told && !call->finishing)
            handlers->on_writable(call);
    }
    if (call->stream_closed) {
        if (call->told)
            call_detach(call); // it had lived on for what was held back
        return;
    }
    if (tell_nghttp2(call) != 0)
        call->session->fatal = AM_NOMEM;
}

void send_work(struct rpc_session *session)
{
    while (session->dirty != NULL && session->fatal == AM_OK) {
        struct rpc_call *call = session->dirty;
        DL_DELETE2(session->dirty, call, dirty_prev, dirty_next);
        call->dirty = false;
        work(call);
    }
    flow_update(session);
}

// ---- Gathering

// One step of nghttp2: frames into `out`. False: there is nothing more, or it can't go on.
static bool gather(struct rpc_session *session)
{
    size_t before = session->out_len - session->out_pos;
    const uint8_t *data = NULL;
    ssize_t count = nghttp2_session_mem_send(session->ng, &data);
    if (count < 0 || (count > 0 && !output_reserve(session, (size_t)count))) {
        session->fatal = count == NGHTTP2_ERR_NOMEM || count >= 0 ? AM_NOMEM : AM_PROTO;
        session_set_reason(session, count < 0 ? nghttp2_strerror((int)count) : "out of memory", NULL, 0);
        return false;
    }
    if (count > 0)
        output_append(session, data, (size_t)count);
    return session->out_len - session->out_pos > before;
}

enum am_err rpc_session_output(struct rpc_session *session, struct am_bytes *ret_bytes)
{
    session->busy = true;
    bool more = !session->lost;
    while (more && session->fatal == AM_OK) {
        send_work(session);
        more = session->fatal == AM_OK && session->out_len - session->out_pos < RPC_OUTPUT_MARK &&
               (gather(session) || session->dirty != NULL || session->flow_dirty);
    }
    session_reap(session);
    session->busy = false;
    size_t waiting = session->out_len - session->out_pos;
    *ret_bytes = (struct am_bytes){waiting == 0 ? NULL : session->out + session->out_pos, waiting};
    if (ret_bytes->len > 0)
        session->trim_ns = session->now_ns + RPC_TRIM_NS;
    return session->fatal;
}

void rpc_session_consumed(struct rpc_session *session, size_t len)
{
    size_t waiting = session->out_len - session->out_pos;
    session->out_pos += len < waiting ? len : waiting;
    if (session->out_pos == session->out_len)
        session->out_pos = session->out_len = 0;
}

void session_trim(struct rpc_session *session)
{
    session->trim_ns = 0;
    if (session->out_len > 0 || nghttp2_session_want_write(session->ng)) {
        session->trim_ns = session->now_ns + RPC_TRIM_NS;
        return;
    }
    free(session->out);
    session->out = NULL;
    session->out_cap = 0;
    rpc_memory_trim(&session->memory);
}
