// SPDX-License-Identifier: Apache-2.0
// Names of status codes, and what an answer without one means.
#include "proto/rpc/status.h"

#include <nghttp2/nghttp2.h>

#include "proto/model/error.h"

#define STATUS_NAME(name, number) [RPC_##name] = #name,
static const char *const NAMES[RPC_STATUS_COUNT] = {RPC_STATUSES(STATUS_NAME)};

const char *rpc_status_name(enum rpc_status status)
{
    return (unsigned)status < RPC_STATUS_COUNT ? NAMES[status] : NAMES[RPC_UNKNOWN];
}

struct row {
    unsigned from;
    enum rpc_status to;
};

static enum rpc_status look_up(const struct row *rows, size_t count, unsigned from, enum rpc_status otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].from == from)
            return rows[i].to;
    return otherwise;
}

enum rpc_status rpc_status_from_http(unsigned http_status)
{
    static const struct row ROWS[] = {
        {400, RPC_INTERNAL},    {401, RPC_UNAUTHENTICATED}, {403, RPC_PERMISSION_DENIED}, {404, RPC_UNIMPLEMENTED},
        {429, RPC_UNAVAILABLE}, {502, RPC_UNAVAILABLE},     {503, RPC_UNAVAILABLE},       {504, RPC_UNAVAILABLE},
    };
    return look_up(ROWS, AM_LEN(ROWS), http_status, RPC_UNKNOWN);
}

enum rpc_status rpc_status_from_reset(unsigned http2_error)
{
    static const struct row ROWS[] = {
        {NGHTTP2_REFUSED_STREAM, RPC_UNAVAILABLE},
        {NGHTTP2_CANCEL, RPC_CANCELLED},
        {NGHTTP2_ENHANCE_YOUR_CALM, RPC_RESOURCE_EXHAUSTED},
        {NGHTTP2_INADEQUATE_SECURITY, RPC_PERMISSION_DENIED},
    };
    return look_up(ROWS, AM_LEN(ROWS), http2_error, RPC_INTERNAL);
}
