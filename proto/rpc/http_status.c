// SPDX-License-Identifier: Apache-2.0
// Of HTTP and HTTP/2 the codes that say something of their own.
#include "proto/rpc/http_status.h"

#include "proto/model/error.h"

#include <nghttp2/nghttp2.h>

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
