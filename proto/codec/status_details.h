// SPDX-License-Identifier: Apache-2.0
// Errors as gRPC clients of any language read them: google.rpc.Status in the trailer grpc-status-details-bin.
// Pure; any thread.
#pragma once

#include "proto/codec/arena.h"
#include "proto/model/status.h"

#define RPC_ERROR_DOMAIN     "amana"
#define RPC_ERROR_VIOLATIONS 8u
#define RPC_ERROR_METADATA   8u

// A value of its own: nothing to free. Longer texts are cut at a character's end.
struct rpc_error {
    enum rpc_status status;
    char reason[64]; // ErrorInfo.reason, "NOT_PERMITTED"; "" for none
    char text[512];  // Status.message
    struct rpc_violation {
        char field[160]; // BadRequest: path of the field
        char text[320];
    } violations[RPC_ERROR_VIOLATIONS];
    unsigned violation_count;
    struct rpc_metadata {
        char key[64];
        char value[256];
    } metadata[RPC_ERROR_METADATA]; // ErrorInfo.metadata
    unsigned metadata_count;
    uint64_t retry_delay_ns; // RetryInfo; 0 for none
    struct rpc_quota {
        char subject[160]; // QuotaFailure: whose; "" for none
        char text[320];
    } quota;
};

// Starts an error over. `reason` and `text` may be NULL.
void rpc_error_set(struct rpc_error *error, enum rpc_status status, const char *reason, const char *text);

// Adds a field violation or a pair of metadata; beyond the array's length it is left out.
void rpc_error_add_violation(struct rpc_error *error, const char *field, const char *text);
__attribute__((format(printf, 3, 4))) void rpc_error_add_metadata(struct rpc_error *error, const char *key,
                                                                  const char *format, ...);
// Says whose quota is used up, and which.
void rpc_error_set_quota(struct rpc_error *error, const char *subject, const char *text);
// The value of a key, NULL for none.
const char *rpc_error_metadata(const struct rpc_error *error, const char *key);

// One google.rpc.Status: ErrorInfo (where there is a reason), BadRequest, QuotaFailure, RetryInfo, in that order. The
// bytes go into grpc-status-details-bin (base64 by the transport). In the arena; AM_TOO_LARGE, AM_NOMEM.
AM_MUST_USE enum am_err status_details_pack(const struct rpc_error *error, struct arena *arena,
                                            struct am_bytes *ret_bytes);

// The other way, from a peer's bytes: unknown details are skipped, another domain's ErrorInfo too, surplus ones left
// out. A code that gRPC doesn't have is RPC_UNKNOWN. Errors as codec_decode. `arena` is scratch.
AM_MUST_USE enum am_err status_details_parse(struct am_bytes bytes, struct arena *arena, struct rpc_error *ret_error);
