// SPDX-License-Identifier: Apache-2.0
// What the caller does to a call, and how a call ends.
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "proto/rpc/internal.h"

// ---- Life

struct rpc_call *call_new(struct rpc_session *session, int32_t stream_id)
{
    struct rpc_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return NULL;
    call->session = session;
    call->stream_id = stream_id;
    call->max_message = session->limits.message;
    DL_APPEND(session->calls, call);
    session->call_count++;
    session->any_call = true;
    return call;
}

void call_mark(struct rpc_call *call)
{
    if (call->dirty)
        return;
    call->dirty = true;
    DL_APPEND2(call->session->dirty, call, dirty_prev, dirty_next);
}

void call_drop_queue(struct rpc_call *call)
{
    while (call->send_first != NULL) {
        struct rpc_piece *piece = call->send_first;
        call->send_first = piece->next;
        free(piece);
    }
    call->send_last = NULL;
    call->session->queued -= call->queued;
    call->queued = 0;
}

void call_set_deadline(struct rpc_call *call, uint64_t now_ns, uint64_t timeout_ns)
{
    if (call->deadline_ns != 0)
        call->session->deadline_count--;
    call->deadline_ns = timeout_ns == 0 ? 0 : now_ns + timeout_ns;
    if (call->deadline_ns != 0)
        call->session->deadline_count++;
}

void call_detach(struct rpc_call *call)
{
    struct rpc_session *session = call->session;
    call->stream_closed = true;
    call_set_deadline(call, 0, 0);
    call_drop_queue(call);
    flow_release(call);
    if (call->dirty)
        DL_DELETE2(session->dirty, call, dirty_prev, dirty_next);
    call->dirty = true; // never again in the list
    DL_DELETE(session->calls, call);
    DL_APPEND(session->closed, call);
    session->call_count--;
}

static void clear_trailer(struct rpc_call *call)
{
    struct rpc_trailer *trailer = &call->trailer;
    call->session->kept -= trailer->kept;
    free(trailer->message);
    free(trailer->details_text);
    free(trailer->details);
    *trailer = (struct rpc_trailer){0};
}

void call_free(struct rpc_call *call)
{
    free(call->in);
    call->session->kept -= call->in_cap;
    clear_trailer(call);
    free(call);
}

// ---- Ends

void call_tell_closed(struct rpc_call *call, enum rpc_close how)
{
    if (call->told)
        return;
    call->told = true;
    call->discard = true;
    call_set_deadline(call, 0, 0);
    if (call->session->handlers->on_closed != NULL)
        call->session->handlers->on_closed(call, how);
}

void call_tell_refused(const struct rpc_call *call, enum rpc_status status, unsigned http_status, const char *text)
{
    const struct rpc_session *session = call->session;
    if (session->handlers->on_refused != NULL)
        session->handlers->on_refused(call->session, status, http_status, text);
}

void call_tell_finished(struct rpc_call *call, enum rpc_status status, const char *message)
{
    if (call->told)
        return;
    call->told = true;
    call->discard = true;
    call_set_deadline(call, 0, 0);
    if (!call->stream_closed) {
        // The other side may be waiting for our end; if the stream closes by itself in this turn, none of it is sent.
        call_drop_queue(call);
        call->reset = true;
    }
    call_mark(call);
    struct rpc_outcome outcome = {.status = status, .message = message == NULL ? "" : message};
    if (status == call->trailer.status && call->trailer.details != NULL)
        outcome.details = (struct am_bytes){call->trailer.details, call->trailer.details_len};
    call->session->handlers->on_finished(call, &outcome);
}

static size_t text_size(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

// Without memory for its text a status goes out alone.
static void end_with(struct rpc_call *call, enum rpc_status status, const char *text, struct am_bytes details)
{
    clear_trailer(call);
    call->trailer.status = status;
    if (text != NULL && text[0] != '\0')
        call->trailer.message = grpc_message_encode(text);
    if (details.len > 0 && details.len <= GRPC_DETAILS_MAX)
        call->trailer.details_text = grpc_base64_encode(details.data, details.len);
    call->trailer.kept = text_size(call->trailer.message) + text_size(call->trailer.details_text);
    call->session->kept += call->trailer.kept;
    call->finishing = true;
    call->discard = true;
    call_mark(call);
}

void call_fail(struct rpc_call *call, enum rpc_status status, const char *text)
{
    if (!call->session->server) {
        call_tell_finished(call, status, text);
        return;
    }
    call_drop_queue(call);
    end_with(call, status, text, (struct am_bytes){0});
    call_tell_refused(call, status, 0, text);
    call_tell_closed(call, RPC_CLOSE_REFUSED);
}

void call_expire(struct rpc_call *call)
{
    call_set_deadline(call, 0, 0);
    if (!call->session->server) {
        call_tell_finished(call, RPC_DEADLINE_EXCEEDED, "deadline exceeded");
        return;
    }
    if (call->end_sent) {
        call->reset = true;
        call_mark(call);
    }
    if (call->last_submitted || call->told)
        return;
    call_drop_queue(call);
    end_with(call, RPC_DEADLINE_EXCEEDED, "deadline exceeded", (struct am_bytes){0});
    call_tell_closed(call, RPC_CLOSE_DEADLINE);
}

// ---- For the caller

struct rpc_session *rpc_call_session(const struct rpc_call *call)
{
    return call->session;
}

void rpc_call_set_user(struct rpc_call *call, void *user)
{
    call->user = user;
}

void *rpc_call_user(const struct rpc_call *call)
{
    return call->user;
}

void rpc_call_set_max_message(struct rpc_call *call, uint32_t bytes)
{
    call->max_message = bytes;
}

static size_t total_length(const struct am_bytes *pieces, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total = pieces[i].len > INT32_MAX - total ? (size_t)INT32_MAX + 1 : total + pieces[i].len;
    return total;
}

static struct rpc_piece *make_piece(const struct am_bytes *pieces, size_t count, size_t total)
{
    struct rpc_piece *piece = malloc(sizeof *piece + RPC_PREFIX + total);
    if (piece == NULL)
        return NULL;
    *piece = (struct rpc_piece){.len = RPC_PREFIX + total};
    uint8_t *to = piece->bytes;
    *to++ = 0; // not compressed
    for (int shift = 24; shift >= 0; shift -= 8)
        *to++ = (uint8_t)(total >> shift);
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].len > 0)
            memcpy(to, pieces[i].data, pieces[i].len);
        to += pieces[i].len;
    }
    return piece;
}

enum am_err rpc_call_send(struct rpc_call *call, const struct am_bytes *pieces, size_t count)
{
    if (call->finishing || call->told || call->cancelled || call->stream_closed)
        return AM_UNAVAILABLE;
    size_t total = total_length(pieces, count);
    if (total > INT32_MAX)
        return AM_TOO_LARGE;
    struct rpc_piece *piece = make_piece(pieces, count, total);
    if (piece == NULL)
        return AM_NOMEM;
    if (call->send_last == NULL)
        call->send_first = piece;
    else
        call->send_last->next = piece;
    call->send_last = piece;
    call->queued += piece->len;
    call->session->queued += piece->len;
    if (call->queued >= call->session->limits.send_mark)
        call->stalled = true;
    call_mark(call);
    return AM_OK;
}

bool rpc_call_writable(const struct rpc_call *call)
{
    return call->queued < call->session->limits.send_mark;
}

size_t rpc_call_queued(const struct rpc_call *call)
{
    return call->queued;
}

void rpc_call_hold(struct rpc_call *call, bool hold)
{
    if (call->held && !hold && !call->told) {
        call->redeliver = true;
        call_mark(call);
    }
    call->held = hold;
}

void rpc_call_finish(struct rpc_call *call, enum rpc_status status, const char *text, struct am_bytes details)
{
    if (call->finishing || call->told || call->stream_closed || !call->session->server)
        return;
    end_with(call, status, text, details);
}

void rpc_call_abort(struct rpc_call *call, enum rpc_status status, const char *text, struct am_bytes details)
{
    if (call->last_submitted || call->told || call->stream_closed || !call->session->server)
        return;
    call_drop_queue(call);
    end_with(call, status, text, details);
}

void rpc_call_start(struct rpc_call *call)
{
    call->start = true;
    call_mark(call);
}

// ---- For the client

// Whether one more call may be opened; the peer's own limit counts too.
static enum am_err check_room(struct rpc_session *session)
{
    uint32_t peer = nghttp2_session_get_remote_settings(session->ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    if (session->lost || session->fatal != AM_OK || session->ended_ns != 0 || session->drain != DRAIN_NONE ||
        !nghttp2_session_check_request_allowed(session->ng))
        return AM_UNAVAILABLE;
    return session->call_count >= session->limits.streams || session->call_count >= peer ? AM_BUSY : AM_OK;
}

enum am_err rpc_client_call(struct rpc_session *session, uint64_t now_ns, const char *path, uint64_t timeout_ns,
                            void *user, struct rpc_call **ret_call)
{
    TRY(check_room(session));
    struct rpc_call *call = call_new(session, 0);
    if (call == NULL)
        return AM_NOMEM;
    call->user = user;
    int32_t stream_id = send_request(call, path, timeout_ns);
    if (stream_id < 0) {
        call_detach(call);
        DL_DELETE(session->closed, call);
        call_free(call);
        return stream_id == NGHTTP2_ERR_NOMEM ? AM_NOMEM : AM_UNAVAILABLE;
    }
    call->stream_id = stream_id;
    call->submitted = true;
    call_set_deadline(call, now_ns, timeout_ns);
    *ret_call = call;
    return AM_OK;
}

void rpc_call_half_close(struct rpc_call *call)
{
    if (call->session->server || call->finishing || call->told || call->stream_closed)
        return;
    call->finishing = true;
    call_mark(call);
}

void rpc_call_cancel(struct rpc_call *call)
{
    if (call->session->server || call->told)
        return;
    call->cancelled = true;
    call->discard = true;
    call_mark(call);
}
