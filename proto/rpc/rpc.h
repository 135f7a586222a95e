// SPDX-License-Identifier: Apache-2.0
// gRPC over one HTTP/2 connection, server or client: bytes in, bytes out. No socket, no clock, no thread of its own.
//
// One turn of an event loop with a session:
//     rpc_session_receive(session, now, bytes from TLS)      handlers run in here
//     rpc_session_tick(session, now)                         when rpc_session_next_deadline() has come; handlers run in
//     here rpc_session_output(session, &bytes)                    handlers run in here (writable, closed) TLS write;
//     rpc_session_consumed(session, how many of them were written) rpc_session_done(session)? close and
//     rpc_session_free; else poll for rpc_session_wants_read / _wants_write
// Handlers may call every rpc_call_* function on any call of the session, and rpc_client_call and rpc_session_drain;
// not rpc_session_receive, _output, _tick or _free. Outside handlers everything may be called at any time; what was
// queued goes out with the next rpc_session_output, and rpc_session_wants_write says that there is something. A session
// and its calls belong to one thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/model/error.h"
#include "proto/model/status.h"

struct rpc_session; // one connection
struct rpc_call;    // one call; valid until its last callback (on_closed, on_finished) returns

// All sizes in bytes, times in nanoseconds. rpc_limits_server/_client fill in what wire.md and security.md say
// (proto/model/limits.h); change a member before passing them on.
struct rpc_limits {
    uint32_t streams;           // calls open at once
    uint32_t header_list;       // a peer's header list as RFC 9113 §6.5.2 counts it
    uint32_t message;           // longest message taken, until rpc_call_set_max_message
    uint32_t stream_window;     // a stream's window until a length prefix is in
    uint32_t connection_window; // given back as bytes are read
    uint32_t budget;            // windows of all streams together; the oldest unfinished message is let in always
    uint32_t send_mark;         // a call with as much queued isn't writable
    uint32_t resets;            // of streams within LIMIT_RESETS_NS, past which a client's connection ends
    uint64_t keepalive_ns;      // ping after so long a silence of the peer; 0: never
    uint64_t keepalive_wait_ns; // the connection is given up when nothing came so long after that ping
    uint64_t first_request_ns;  // server: no call within this time ends the connection; 0: no limit
    uint64_t drain_ns;          // the second GOAWAY goes out after so long at the latest
    uint64_t linger_ns;         // a session that ends in an error is done after so long, even if that wasn't written
};

// The limits of limits.h for a side; a configuration changes what it names.
void rpc_limits_server(struct rpc_limits *ret_limits);
void rpc_limits_client(struct rpc_limits *ret_limits);

// Why a server's call came to its end.
enum rpc_close {
    RPC_CLOSE_DONE,      // what rpc_call_finish (or _abort) said is in the output
    RPC_CLOSE_CANCELLED, // the client took it back (RST_STREAM)
    RPC_CLOSE_DEADLINE,  // the client's grpc-timeout passed; it gets DEADLINE_EXCEEDED
    RPC_CLOSE_REFUSED,   // the client broke gRPC's framing or a limit; it has got a status
    RPC_CLOSE_LOST,      // the connection ended
};

// How a client's call ended. Everything is borrowed for the callback.
struct rpc_outcome {
    enum rpc_status status;
    const char *message;     // grpc-message, decoded; what the connection says where the peer said nothing; never NULL
    struct am_bytes details; // grpc-status-details-bin, decoded (a google.rpc.Status); empty when there is none
};

// Callbacks. One that isn't needed may be NULL, except on_call (server) and on_finished (client).
struct rpc_handlers {
    // Server: a call has come; path is "/package.Service/Method", syntactically sound, borrowed. timeout_ns is what the
    // client allows (the session keeps the deadline itself), 0 for none. The handler sets user data and limits, or
    // refuses with rpc_call_finish(RPC_UNIMPLEMENTED, …). Each on_call is followed by exactly one on_closed.
    void (*on_call)(struct rpc_call *call, const char *path, uint64_t timeout_ns);
    // Both: one whole message, without its prefix. Borrowed for the callback. Called again for each further message:
    // that a unary method takes one only is for the handler to check.
    void (*on_message)(struct rpc_call *call, struct am_bytes message);
    // Server: the client will send no more on this call; all its messages have been handed over.
    void (*on_half_close)(struct rpc_call *call);
    // Both: a call that was not writable may go on.
    void (*on_writable)(struct rpc_call *call);
    // Server: last callback for a call.
    void (*on_closed)(struct rpc_call *call, enum rpc_close how);
    // Server: the session itself has refused a request, before on_call or after it: with this status and text, or,
    // where http_status isn't 0, with that one (404, 415). For the log.
    void (*on_refused)(struct rpc_session *session, enum rpc_status status, unsigned http_status, const char *text);
    // Client: last callback for a call, also after rpc_call_cancel.
    void (*on_finished)(struct rpc_call *call, const struct rpc_outcome *outcome);
};

struct rpc_config {
    const struct rpc_limits *limits;     // copied
    const struct rpc_handlers *handlers; // must outlive the session
    void *user;                          // rpc_session_user
    const char *authority;               // client: verified name of the server; copied
    const char *user_agent;              // client: "amana/0.1.0"; copied
};

// ---- Session

// AM_NOMEM. now_ns here and everywhere: a monotonic clock that never goes back, not 0.
AM_MUST_USE enum am_err rpc_session_new_server(const struct rpc_config *config, uint64_t now_ns,
                                               struct rpc_session **ret_session);
AM_MUST_USE enum am_err rpc_session_new_client(const struct rpc_config *config, uint64_t now_ns,
                                               struct rpc_session **ret_session);

// Never inside a handler. Each call that is still open gets its last callback (RPC_CLOSE_LOST, or UNAVAILABLE).
// NULL is allowed.
void rpc_session_free(struct rpc_session *session);

// Feeds what the peer sent, all of it. AM_PROTO or AM_NOMEM: the connection can't go on; rpc_session_output may still
// give a GOAWAY to write, then rpc_session_done is true. Don't call while rpc_session_wants_read is false.
AM_MUST_USE enum am_err rpc_session_receive(struct rpc_session *session, uint64_t now_ns, const void *data, size_t len);

// The bytes to write next, gathered from as many frames as there are (about 64 KiB), valid until the next call with
// this session; empty when there is nothing. The same bytes come again, with more behind them, until they are consumed:
// so a TLS write that wants to be repeated needs SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER. AM_NOMEM, AM_PROTO: as for
// receive; what is in *ret_bytes (always set) may still be written.
AM_MUST_USE enum am_err rpc_session_output(struct rpc_session *session, struct am_bytes *ret_bytes);
void rpc_session_consumed(struct rpc_session *session, size_t len);

// wants_read is false when the session has ended, and while answers that reading provokes (acknowledgements, resets,
// headers) are piling up unwritten. DATA doesn't count: it is bounded by windows and marks, and two sides that both
// stopped reading because of it would wait for each other for ever.
bool rpc_session_wants_read(const struct rpc_session *session);
bool rpc_session_wants_write(const struct rpc_session *session);

// True: nothing more will come or go, close the connection. The reason is one line for the log, "" for an orderly end;
// a peer's own text in it is reduced to printable ASCII.
bool rpc_session_done(const struct rpc_session *session);
const char *rpc_session_reason(const struct rpc_session *session);

// The peer closed the connection, or it broke: no more bytes will come. Calls end as lost in rpc_session_free.
void rpc_session_lost(struct rpc_session *session);

// The next moment at which rpc_session_tick has something to do, UINT64_MAX for never. May be earlier than needed.
uint64_t rpc_session_next_deadline(const struct rpc_session *session);
// Calls past their deadline, keepalive, the first request, the end of a drain, memory of an idle connection.
void rpc_session_tick(struct rpc_session *session, uint64_t now_ns);

// Takes no new calls, finishes those under way; the session is done when the last has ended. On the server GOAWAY with
// the highest id, then (after one round trip) with the last one that was taken. A second call changes nothing.
void rpc_session_drain(struct rpc_session *session, uint64_t now_ns);
// Ends the connection now, with GOAWAY NO_ERROR and this reason for the log (a static string); calls end as lost.
void rpc_session_close(struct rpc_session *session, const char *reason);

// What was given to rpc_session_new as `user`.
void *rpc_session_user(const struct rpc_session *session);
size_t rpc_session_calls(const struct rpc_session *session);  // open calls
size_t rpc_session_queued(const struct rpc_session *session); // bytes of messages that wait to be sent
// Bytes that it holds: these, messages half come, what is being written, calls, and what nghttp2 has.
size_t rpc_session_memory(const struct rpc_session *session);

// ---- Call, both sides

// Its session, never NULL; what the caller has tied to it, NULL until then: never looked at here.
struct rpc_session *rpc_call_session(const struct rpc_call *call);
void rpc_call_set_user(struct rpc_call *call, void *user);
void *rpc_call_user(const struct rpc_call *call);

// Messages longer than this are refused with RESOURCE_EXHAUSTED before memory is taken for them.
void rpc_call_set_max_message(struct rpc_call *call, uint32_t bytes);

// Queues one message made of these pieces (copied once). It is queued whether or not the call is writable: heeding that
// is for the caller. AM_NOMEM; AM_TOO_LARGE above 2^31 - 1; AM_UNAVAILABLE when the call was finished, half-closed or
// closed.
AM_MUST_USE enum am_err rpc_call_send(struct rpc_call *call, const struct am_bytes *pieces, size_t count);
// False: as much is queued as the limits' send_mark. on_writable comes when half of it is gone.
bool rpc_call_writable(const struct rpc_call *call);
size_t rpc_call_queued(const struct rpc_call *call);

// true: messages stay in the stream's window, which is not given back; false: they come again, in the next
// rpc_session_output. So a reader that can take no more stops the sender and nothing piles up.
void rpc_call_hold(struct rpc_call *call, bool hold);

// ---- Call, server

// Ends the call when what is queued has been written; trailers-only when nothing was sent. text may be NULL, is UTF-8
// and cut at 1 KiB; details (may be empty, at most 4 KiB, or they are left out) are a packed google.rpc.Status. A
// second finish changes nothing.
void rpc_call_finish(struct rpc_call *call, enum rpc_status status, const char *text, struct am_bytes details);
// The same, but what is queued and not yet written is dropped: for a reader that may be stalled.
void rpc_call_abort(struct rpc_call *call, enum rpc_status status, const char *text, struct am_bytes details);
// Sends the response's headers now, so that the client of a stream knows that it stands before the first message.
void rpc_call_start(struct rpc_call *call);

// ---- Call, client

// timeout_ns 0: none; else the server is told, and the call ends by itself at now_ns + timeout_ns. AM_BUSY: as many
// calls as the limits or the peer allow; AM_UNAVAILABLE: the connection is draining or has ended, connect anew;
// AM_NOMEM.
AM_MUST_USE enum am_err rpc_client_call(struct rpc_session *session, uint64_t now_ns, const char *path,
                                        uint64_t timeout_ns, void *user, struct rpc_call **ret_call);
// No more messages from this side.
void rpc_call_half_close(struct rpc_call *call);
// RST_STREAM CANCEL; on_finished (CANCELLED) comes in the next rpc_session_output, nothing else before it.
void rpc_call_cancel(struct rpc_call *call);
