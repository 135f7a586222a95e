// SPDX-License-Identifier: Apache-2.0
// Names of status codes.
#include "proto/model/status.h"

#define STATUS_NAME(name, number) [RPC_##name] = #name,
static const char *const NAMES[RPC_STATUS_COUNT] = {RPC_STATUSES(STATUS_NAME)};

const char *rpc_status_name(enum rpc_status status)
{
    return (unsigned)status < RPC_STATUS_COUNT ? NAMES[status] : NAMES[RPC_UNKNOWN];
}
