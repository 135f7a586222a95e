// SPDX-License-Identifier: Apache-2.0
// One connection to a hub with a blocking face: TCP, TLS, gRPC, driven by libevent while a call waits. One thread.
#pragma once

#include "certs/tls.h"
#include "proto/codec/codec.h"
#include "proto/codec/status_details.h"

struct link;
struct link_call; // one call; freed by link_call_end

struct link_config {
    const char *address;     // HOST:PORT
    const char *authority;   // the hub's verified DNS name
    struct tls_context *tls; // a reference is taken
    uint64_t connect_ns;     // for TCP and the handshake together
    const bool *interrupted; // set by a signal: waiting ends with AM_BUSY; NULL: never
};

// AM_UNAVAILABLE with the reason in words (no route, refused, time), AM_CERTIFICATE and others of tls_io_refusal.
AM_MUST_USE enum am_err link_open(const struct link_config *config, struct am_detail *detail, struct link **ret_link);
void link_close(struct link *link); // NULL is fine; every call has been ended

// False once the connection has ended.
bool link_alive(const struct link *link);

// Starts a call and sends its one request. timeout_ns 0: none. AM_UNAVAILABLE, AM_NOMEM, AM_BUSY.
AM_MUST_USE enum am_err link_call_begin(struct link *link, const char *path, const ProtobufCMessage *request,
                                        uint64_t timeout_ns, struct link_call **ret_call);

// Waits for the next message of the answer, decoded into the arena. AM_NOT_FOUND: the call has ended, link_call_error
// says how. AM_PROTO, AM_INVALID, AM_TOO_LARGE: what came is none of this type. AM_BUSY: interrupted.
AM_MUST_USE enum am_err link_call_next(struct link_call *call, const ProtobufCMessageDescriptor *type,
                                       struct arena *arena, struct am_detail *detail, ProtobufCMessage **ret_message);
// Whether a message has come and not been taken yet.
bool link_call_ready(const struct link_call *call);
// How it ended: status RPC_OK where all is well.
const struct rpc_error *link_call_error(const struct link_call *call);
void link_call_end(struct link_call *call); // cancels one that is under way; NULL is fine

// One request, one answer; where it came too soon after others it is asked again when the hub said, for up to half a
// minute. AM_DENIED where the hub refused: *ret_error (may not be NULL) says with what reason; AM_UNAVAILABLE where the
// connection broke or the status may be tried again. *ret_error is set in these two cases.
AM_MUST_USE enum am_err link_unary(struct link *link, const char *path, const ProtobufCMessage *request,
                                   const ProtobufCMessageDescriptor *type, struct arena *arena,
                                   struct rpc_error *ret_error, ProtobufCMessage **ret_message);

// Waits until so much time has passed, fd (-1: none) has something to read or the signal came. For the pauses between
// attempts to connect.
void link_pause(int fd, uint64_t ns, const bool *interrupted);
