// SPDX-License-Identifier: Apache-2.0
// The rows of the reasons' table.
#include "proto/model/reason.h"

#include <string.h>

static const struct {
    const char *name, *text;
    enum rpc_status status;
    int retry;
} ROWS[REASON_COUNT] = {
#define REASON_ROW(name, status, retry, text) [REASON_##name] = {#name, text, status, retry},
    AM_REASONS(REASON_ROW)};

const char *reason_name(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT ? ROWS[reason].name : "INTERNAL";
}

const char *reason_text(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT ? ROWS[reason].text : ROWS[REASON_INTERNAL].text;
}

enum rpc_status reason_status(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT ? ROWS[reason].status : RPC_INTERNAL;
}

int reason_retry(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT && ROWS[reason].retry;
}

enum reason reason_by_name(const char *name)
{
    for (int i = 0; i < REASON_COUNT; i++)
        if (strcmp(ROWS[i].name, name) == 0)
            return (enum reason)i;
    return REASON_COUNT;
}
