// SPDX-License-Identifier: Apache-2.0
// What the rooms of proto/rpc share: the structs of a session and a call, and who does what. Not for others.
// The session's thread.
//
//   session.c   making, feeding, ending       message.c   length-prefixed messages in
//   frames.c    nghttp2's callbacks           flow.c      windows that the peer gets
//   head.c      header blocks in              guard.c     floods
//   call.c      what the caller does to calls timer.c     deadlines, keepalive, drain
//   send.c      queues, headers and DATA out
//
// nghttp2 is told of things in three places only: in its callbacks (resets, windows), in send_work (answers, trailers)
// and in rpc_client_call. No call is freed but by session_reap, at the end of a turn.
#pragma once

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/model/error.h"
#include "proto/rpc/grpc_text.h"
#include "proto/rpc/memory.h"
#include "proto/rpc/rpc.h"

#define RPC_PREFIX      5u // flag byte and length (big-endian)
#define RPC_FRAME_HEAD  9u // RFC 9113 §4.1
#define RPC_PATH_MAX    255u
#define RPC_OUTPUT_MARK (64u * 1024) // bytes gathered for one write
#define RPC_BACKLOG     512u         // control frames unwritten at which reading stops
#define RPC_TRIM_NS     (1 * 1000000000ull)
#define RPC_STOP_NS     (1 * 1000000000ull) // from our end of a call to RST_STREAM, if the client goes on
#define RPC_REASON_TEXT 192u

struct rpc_piece {
    struct rpc_piece *next;
    size_t len, pos; // of bytes; how many of them are sent
    uint8_t bytes[];
};

struct rpc_trailer {
    enum rpc_status status;
    char *message;      // server: percent-encoded, NULL: none; client: decoded
    char *details_text; // server: base64
    uint8_t *details;   // client: decoded
    size_t details_len;
    size_t kept; // server: bytes of both texts
};

struct rpc_call {
    struct rpc_session *session;
    struct rpc_call *prev, *next;             // session->calls by age, or session->closed
    struct rpc_call *dirty_prev, *dirty_next; // session->dirty
    int32_t stream_id;
    void *user;
    uint64_t deadline_ns; // 0: none

    struct rpc_piece *send_first, *send_last;
    size_t queued; // bytes in pieces that are not yet sent

    uint8_t *in; // bytes that are not yet handed over, as they came
    size_t in_len, in_cap;
    size_t front;   // whole length of the first message in there, 0 until its prefix is in
    size_t granted; // bytes of the session's budget that this message has
    uint32_t max_message;

    unsigned http_status; // server: answer with this instead of gRPC; client: what came
    struct rpc_trailer trailer;

    bool dirty;         // in session->dirty
    bool told;          // the last callback has been made (or none is due)
    bool stream_closed; // nghttp2 has forgotten the stream
    bool held;          // rpc_call_hold
    bool redeliver;     // no longer held: look at `in` again
    bool discard;       // what comes is thrown away
    bool remote_closed; // END_STREAM has come
    bool half_close_told;
    bool finishing;      // server: finished; client: half-closed
    bool start;          // server: rpc_call_start
    bool submitted;      // server: headers; client: the request
    bool last_submitted; // nghttp2 has the end of this side: trailers, or RST_STREAM
    bool end_sent;       // END_STREAM is written
    bool reset;          // RST_STREAM CANCEL is to be sent
    bool cancelled;      // client: rpc_call_cancel
    bool stalled;        // has been seen as not writable
    bool tell_writable;
    bool encoding_header; // the refusal names the encodings that are taken
};

// What one header block brought. One at a time: HEADERS and its CONTINUATIONs stand together on a connection.
struct rpc_head {
    size_t size; // RFC 9113 §6.5.2
    bool too_large;
    char path[RPC_PATH_MAX + 1];
    bool path_bad;
    bool post;
    bool grpc; // content-type
    bool encoding_bad;
    bool timeout_bad;
    uint64_t timeout_ns;
    unsigned http_status; // client, 0: none in this block
    unsigned grpc_status;
    bool has_status;
    char *message; // as it came, NUL-terminated
    char *details;
};

// At most `limit` events in GUARD_PERIOD; a sliding window out of two fixed ones.
struct rpc_rate {
    uint64_t period;
    unsigned now, before;
};

enum rpc_flood { FLOOD_RESETS, FLOOD_EMPTY_DATA, FLOOD_SETTINGS, FLOOD_IDLE_FRAMES, FLOODS };

struct rpc_guard {
    struct rpc_rate rates[FLOODS];
    uint64_t last_ping_ns; // 0: none since something of use was sent
    unsigned ping_strikes;
    unsigned window_updates; // since DATA was sent
};

enum rpc_drain { DRAIN_NONE, DRAIN_NOTICE, DRAIN_FINAL };

struct rpc_session {
    nghttp2_session *ng;
    struct rpc_memory memory;
    const struct rpc_handlers *handlers;
    struct rpc_limits limits;
    void *user;
    bool server;
    char *authority, *user_agent;

    uint64_t now_ns;
    uint64_t started_ns;
    uint64_t received_ns; // when the peer was last heard
    uint64_t pinged_ns;   // keepalive is waiting for an answer since; 0: not
    uint64_t drained_ns;
    uint64_t ended_ns; // no more is read since; 0: it goes on
    uint64_t trim_ns;  // when to give memory back; 0: nothing to give
    enum rpc_drain drain;

    struct rpc_call *calls;  // by age
    struct rpc_call *closed; // to be freed at the end of the turn
    struct rpc_call *dirty;  // have something for nghttp2 or the handlers
    size_t call_count;
    size_t deadline_count; // calls that have a deadline
    size_t queued;         // bytes of all calls
    size_t kept;           // bytes of the calls' `in` and trailers
    size_t granted;        // of the budget
    bool flow_dirty;
    bool any_call; // one has come
    bool busy;     // inside receive, output or tick

    struct rpc_head head;
    struct rpc_guard guard;

    uint8_t *out;
    size_t out_pos, out_len, out_cap;

    bool lost;         // no more bytes will come or go
    enum am_err fatal; // nghttp2 can't go on
    char reason[RPC_REASON_TEXT];
    char error_text[96]; // nghttp2's last word on the peer's mistakes
};

// ---- session.c
// Keeps the first reason. Peer's bytes in `text` (not NUL-terminated) become printable ASCII.
void session_set_reason(struct rpc_session *session, const char *what, const uint8_t *text, size_t len);
// Ends the connection with GOAWAY of this code.
void session_end(struct rpc_session *session, uint32_t http2_error, const char *reason);
void session_reap(struct rpc_session *session);

// ---- frames.c
enum am_err frames_make_session(struct rpc_session *session);

// ---- head.c
void head_begin(struct rpc_head *head);
void head_clear(struct rpc_head *head);
void head_field(struct rpc_session *session, const uint8_t *name, size_t name_len, const uint8_t *value,
                size_t value_len);
void head_request_done(struct rpc_call *call);
void head_response_done(struct rpc_call *call, bool end_stream);

// ---- call.c
struct rpc_call *call_new(struct rpc_session *session, int32_t stream_id);
void call_mark(struct rpc_call *call); // dirty
void call_drop_queue(struct rpc_call *call);
void call_set_deadline(struct rpc_call *call, uint64_t now_ns, uint64_t timeout_ns);
// The stream is gone: moves the call to the closed ones.
void call_detach(struct rpc_call *call);
void call_free(struct rpc_call *call);
// The last callback; later ones do nothing.
void call_tell_closed(struct rpc_call *call, enum rpc_close how);
void call_tell_refused(const struct rpc_call *call, enum rpc_status status, unsigned http_status, const char *text);
void call_tell_finished(struct rpc_call *call, enum rpc_status status, const char *message);
// The peer broke a rule of gRPC on this call: the server answers with the status, the client finishes with it.
void call_fail(struct rpc_call *call, enum rpc_status status, const char *text);
// Past its deadline.
void call_expire(struct rpc_call *call);

// ---- message.c
void message_receive(struct rpc_call *call, const uint8_t *data, size_t len);
void message_deliver(struct rpc_call *call);
void message_end(struct rpc_call *call); // END_STREAM
void message_drop(struct rpc_call *call);

// ---- send.c
void send_work(struct rpc_session *session);
ssize_t send_read(nghttp2_session *ng, int32_t stream_id, uint8_t *buf, size_t length, uint32_t *data_flags,
                  nghttp2_data_source *source, void *user);
int send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *frame_head, size_t length,
              nghttp2_data_source *source, void *user);
int send_request(struct rpc_call *call, const char *path, uint64_t timeout_ns);
void session_trim(struct rpc_session *session);

// ---- flow.c
void flow_release(struct rpc_call *call);
void flow_update(struct rpc_session *session);

// ---- guard.c
void guard_count(struct rpc_session *session, enum rpc_flood flood);
void guard_ping(struct rpc_session *session);
void guard_window_update(struct rpc_session *session);
void guard_sent(struct rpc_session *session, uint8_t frame_type);

// ---- timer.c
void timer_expire_calls(struct rpc_session *session);
void timer_ping_answered(struct rpc_session *session, const uint8_t opaque[8]);
