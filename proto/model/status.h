// SPDX-License-Identifier: Apache-2.0
// The status codes of gRPC, with the names that other people's programs print.
#pragma once

// Numbers and names: https://grpc.github.io/grpc/core/md_doc_statuscodes.html
#define RPC_STATUSES(X)                                                                                                \
    X(OK, 0)                                                                                                           \
    X(CANCELLED, 1)                                                                                                    \
    X(UNKNOWN, 2)                                                                                                      \
    X(INVALID_ARGUMENT, 3)                                                                                             \
    X(DEADLINE_EXCEEDED, 4)                                                                                            \
    X(NOT_FOUND, 5)                                                                                                    \
    X(ALREADY_EXISTS, 6)                                                                                               \
    X(PERMISSION_DENIED, 7)                                                                                            \
    X(RESOURCE_EXHAUSTED, 8)                                                                                           \
    X(FAILED_PRECONDITION, 9)                                                                                          \
    X(ABORTED, 10)                                                                                                     \
    X(OUT_OF_RANGE, 11)                                                                                                \
    X(UNIMPLEMENTED, 12)                                                                                               \
    X(INTERNAL, 13)                                                                                                    \
    X(UNAVAILABLE, 14)                                                                                                 \
    X(DATA_LOSS, 15)                                                                                                   \
    X(UNAUTHENTICATED, 16)

#define RPC_STATUS_MEMBER(name, number) RPC_##name = number,
enum rpc_status { RPC_STATUSES(RPC_STATUS_MEMBER) RPC_STATUS_COUNT };

// "PERMISSION_DENIED"; "UNKNOWN" for a number that is no status. Never NULL; any thread.
const char *rpc_status_name(enum rpc_status status);
