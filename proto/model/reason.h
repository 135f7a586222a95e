// SPDX-License-Identifier: Apache-2.0
// Every reason a hub refuses with, its gRPC status and the sentence a person reads (wire.md, Rules). One table.
#pragma once

#include "proto/model/status.h"

// X(reason, gRPC status, may the same bytes be sent again, text)
#define AM_REASONS(X)                                                                                                  \
    X(NONE, RPC_OK, 0, "accepted")                                                                                     \
    X(NOT_PERMITTED, RPC_PERMISSION_DENIED, 0, "not permitted: no such unit, case or reference, or no grant for it")   \
    X(SENDER_MISMATCH, RPC_PERMISSION_DENIED, 0, "the sender is not the unit of the certificate")                      \
    X(NOT_ON_ROSTER, RPC_PERMISSION_DENIED, 0, "the certificate is not on its unit's roster")                          \
    X(REVOKED, RPC_PERMISSION_DENIED, 0, "the certificate is revoked or no longer valid")                              \
    X(FIELD_INVALID, RPC_INVALID_ARGUMENT, 0, "a field is not allowed as it stands")                                   \
    X(SIGNATURE_INVALID, RPC_INVALID_ARGUMENT, 0, "the signature does not hold")                                       \
    X(SEALED_TO_OTHERS, RPC_INVALID_ARGUMENT, 0, "the body is sealed to somebody who is not addressed")                \
    X(NOT_SEALED_TO_ALL, RPC_INVALID_ARGUMENT, 0, "the body is not sealed to every device that must open it")          \
    X(ID_REUSED, RPC_ALREADY_EXISTS, 0, "this id was used for other bytes")                                            \
    X(STATE_FORBIDS, RPC_FAILED_PRECONDITION, 0, "the state of the message does not allow this")                       \
    X(REFERENCE_MISMATCH, RPC_FAILED_PRECONDITION, 0, "a pointer's digest is not that of the message it names")        \
    X(CHILD_NEEDS_PROTECTION_UNIT, RPC_FAILED_PRECONDITION, 0,                                                         \
      "a child is concerned: the protection unit of the sender's country must be addressed")                           \
    X(RELEASE_REQUIRED, RPC_FAILED_PRECONDITION, 0, "a second person must release this")                               \
    X(RETENTION_TOO_LONG, RPC_FAILED_PRECONDITION, 0, "retain_until lies beyond what this kind may be kept")           \
    X(PURPOSE_MISMATCH, RPC_FAILED_PRECONDITION, 0, "the purpose is not that of the message answered")                 \
    X(CONSENT_REQUIRED, RPC_FAILED_PRECONDITION, 0, "this needs the person's consent")                                 \
    X(HANDLING_FORBIDS, RPC_FAILED_PRECONDITION, 0, "the handling code forbids passing this on")                       \
    X(CLASSIFICATION_ABOVE_CEILING, RPC_FAILED_PRECONDITION, 0, "classified above what this unit or link may carry")   \
    X(PROTECTION_UNANSWERED, RPC_FAILED_PRECONDITION, 0, "the question about protection must be answered")             \
    X(ROSTER_STALE, RPC_FAILED_PRECONDITION, 0, "a roster has changed: seal and sign anew")                            \
    X(TOO_OLD, RPC_FAILED_PRECONDITION, 0, "written too long ago to be taken")                                         \
    X(CLOCK_AHEAD, RPC_FAILED_PRECONDITION, 0, "written in the hub's future: correct the clock")                       \
    X(CRL_STALE, RPC_UNAVAILABLE, 1,                                                                                   \
      "the revocation list of the sender's authority is stale: only U1 and U2 are taken")                              \
    X(RECIPIENT_CLOSED, RPC_FAILED_PRECONDITION, 0, "the unit is closed and has a successor")                          \
    X(KIND_UNSUPPORTED, RPC_UNIMPLEMENTED, 0, "this kind or feature is not served yet")                                \
    X(METHOD_UNKNOWN, RPC_UNIMPLEMENTED, 0, "no such method")                                                          \
    X(MALFORMED, RPC_INVALID_ARGUMENT, 0, "the request can't be read")                                                 \
    X(NOT_FOUND, RPC_NOT_FOUND, 0, "no such entry")                                                                    \
    X(QUOTA, RPC_RESOURCE_EXHAUSTED, 1, "too many requests: wait and try again")                                       \
    X(STORAGE_FULL, RPC_RESOURCE_EXHAUSTED, 1, "the hub has no space left; what it accepted is safe")                  \
    X(BUSY, RPC_RESOURCE_EXHAUSTED, 1, "the hub has too much under way: try again")                                    \
    X(READ_ONLY, RPC_UNAVAILABLE, 1, "the log may not append; reading goes on")                                        \
    X(DRAINING, RPC_UNAVAILABLE, 1, "the hub is stopping: try again")                                                  \
    X(REPLACED, RPC_ABORTED, 1, "another connection of this device took over")                                         \
    X(INTERNAL, RPC_INTERNAL, 1, "the hub failed; nothing was taken")

#define REASON_MEMBER(name, status, retry, text) REASON_##name,
enum reason { AM_REASONS(REASON_MEMBER) REASON_COUNT };

// The reason's name in capitals as on the wire ("NOT_PERMITTED"), its sentence, its status. Any thread; never NULL.
const char *reason_name(enum reason reason);
const char *reason_text(enum reason reason);
enum rpc_status reason_status(enum reason reason);

// True where the same bytes may be sent again after a while.
int reason_retry(enum reason reason);

// The reason of that name, REASON_COUNT where there is none.
enum reason reason_by_name(const char *name);
