// SPDX-License-Identifier: Apache-2.0
// Length-prefixed messages: from the DATA frames, in whatever pieces they come, to whole messages for the handler.
#include "proto/rpc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

// Looks at the prefix of the message at `data`, once. False: refused, before any memory was taken for it.
static bool check_prefix(struct rpc_call *call, const uint8_t *data, size_t len)
{
    if (call->front != 0 || len < RPC_PREFIX)
        return true;
    uint32_t length = read_u32(data + 1);
    if (data[0] != 0) {
        call->encoding_header = true;
        call_fail(call, RPC_UNIMPLEMENTED, "compressed messages are not taken");
        return false;
    }
    if (length > call->max_message) {
        char text[96];
        snprintf(text, sizeof text, "a message of %u bytes is longer than the %u bytes allowed", length,
                 call->max_message);
        call_fail(call, RPC_RESOURCE_EXHAUSTED, text);
        return false;
    }
    call->front = RPC_PREFIX + (size_t)length;
    return true;
}

// Hands over the whole messages at the start of `data`; returns how many bytes they were.
static size_t hand_over(struct rpc_call *call, const uint8_t *data, size_t len)
{
    const struct rpc_handlers *handlers = call->session->handlers;
    size_t at = 0;
    while (!call->held && !call->discard && check_prefix(call, data + at, len - at)) {
        if (call->front == 0 || call->front > len - at)
            break;
        struct am_bytes message = {data + at + RPC_PREFIX, call->front - RPC_PREFIX};
        at += call->front;
        call->front = 0;
        flow_release(call);
        if (handlers->on_message != NULL)
            handlers->on_message(call, message);
    }
    return at;
}

// Grows with what has come, not with what was announced.
static bool keep(struct rpc_call *call, const uint8_t *data, size_t len)
{
    size_t needed = call->in_len + len;
    if (needed > call->in_cap) {
        size_t cap = 2 * call->in_cap > needed ? 2 * call->in_cap : needed;
        if (cap > call->front && call->front >= needed)
            cap = call->front;
        uint8_t *in = realloc(call->in, cap);
        if (in == NULL)
            return false;
        call->in = in;
        call->session->kept += cap - call->in_cap;
        call->in_cap = cap;
    }
    memcpy(call->in + call->in_len, data, len);
    call->in_len = needed;
    return true;
}

static void let_go(struct rpc_call *call)
{
    free(call->in);
    call->in = NULL;
    call->session->kept -= call->in_cap;
    call->in_len = call->in_cap = 0;
}

void message_drop(struct rpc_call *call)
{
    let_go(call);
    call->front = 0;
    flow_release(call);
}

// When all that came was handed over: the end of the peer's side.
static void tell_end(struct rpc_call *call)
{
    if (!call->remote_closed || call->held || call->discard || call->half_close_told)
        return;
    call->half_close_told = true;
    if (!call->session->server) {
        bool cut = call->in_len > 0 && call->trailer.status == RPC_OK;
        call_tell_finished(call, cut ? RPC_INTERNAL : call->trailer.status,
                           cut ? "the last message is cut off" : call->trailer.message);
    } else if (call->in_len > 0) {
        call_fail(call, RPC_INTERNAL, "the last message is cut off");
    } else if (call->session->handlers->on_half_close != NULL) {
        call->session->handlers->on_half_close(call);
    }
}

void message_deliver(struct rpc_call *call)
{
    size_t used = call->in_len > 0 ? hand_over(call, call->in, call->in_len) : 0;
    if (call->discard) {
        message_drop(call);
        return;
    }
    call->in_len -= used;
    if (call->in_len > 0 && used > 0)
        memmove(call->in, call->in + used, call->in_len);
    if (call->in_len == 0)
        let_go(call);
    tell_end(call);
}

void message_receive(struct rpc_call *call, const uint8_t *data, size_t len)
{
    if (call->discard)
        return;
    call->session->flow_dirty = true;
    size_t used = call->in_len == 0 ? hand_over(call, data, len) : 0;
    if (call->discard || used == len)
        return;
    if (!keep(call, data + used, len - used)) {
        call_fail(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
        message_drop(call);
        return;
    }
    message_deliver(call);
}

void message_end(struct rpc_call *call)
{
    call->remote_closed = true;
    message_deliver(call);
}
