// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes to a server's session, with and without a connection preface before them, and to a client's session
// that waits for answers. The server echoes; time passes; at the end it drains.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/model/limits.h"
#include "proto/rpc/rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define START (1000 * NS_PER_S)

static const uint8_t PREFACE[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";

static int open_calls;

static void on_call(struct rpc_call *call, const char *path, uint64_t timeout_ns)
{
    open_calls++;
    rpc_call_set_max_message(call, 100 * 1000);
    if (path[1] == 'x')
        rpc_call_finish(call, RPC_UNIMPLEMENTED, path, (struct am_bytes){(const uint8_t *)path, 4});
}

static void on_message(struct rpc_call *call, struct am_bytes message)
{
    if (rpc_call_send(call, &message, 1) == AM_OK && !rpc_call_writable(call))
        rpc_call_hold(call, true);
    if (message.len == 7)
        rpc_call_abort(call, RPC_ABORTED, "seven", (struct am_bytes){0});
}

static void on_writable(struct rpc_call *call)
{
    rpc_call_hold(call, false);
}

static void on_half_close(struct rpc_call *call)
{
    rpc_call_finish(call, RPC_OK, NULL, (struct am_bytes){0});
}

static void on_closed(struct rpc_call *call, enum rpc_close how)
{
    open_calls--;
}

static void on_finished(struct rpc_call *call, const struct rpc_outcome *outcome)
{
    open_calls--;
}

static const struct rpc_handlers HANDLERS = {.on_call = on_call,
                                             .on_message = on_message,
                                             .on_half_close = on_half_close,
                                             .on_writable = on_writable,
                                             .on_closed = on_closed,
                                             .on_finished = on_finished};

// Reads what there is to write, as a socket that takes everything.
static void drink(struct rpc_session *session)
{
    struct am_bytes bytes;
    while (rpc_session_output(session, &bytes) == AM_OK && bytes.len > 0)
        rpc_session_consumed(session, bytes.len);
}

// Pieces of sizes that the bytes themselves give, so that each prefix straddles reads somewhere.
static void feed(struct rpc_session *session, const uint8_t *data, size_t size)
{
    uint64_t now = START;
    while (size > 0 && rpc_session_wants_read(session)) {
        size_t len = 1 + data[0] * (size_t)7;
        if (len > size)
            len = size;
        if (rpc_session_receive(session, now, data, len) != AM_OK)
            break;
        if (data[0] % 4 != 0)
            drink(session);
        data += len;
        size -= len;
        now += NS_PER_S / 100;
        if (rpc_session_next_deadline(session) <= now)
            rpc_session_tick(session, now);
    }
    rpc_session_drain(session, now);
    drink(session);
    rpc_session_tick(session, now + 3600 * NS_PER_S);
    drink(session);
    rpc_session_free(session);
    if (open_calls != 0)
        abort(); // a call without its last callback
}

static void feed_server(const uint8_t *data, size_t size, bool preface)
{
    struct rpc_limits limits;
    struct rpc_session *session;
    rpc_limits_server(&limits);
    struct rpc_config config = {.limits = &limits, .handlers = &HANDLERS};
    if (rpc_session_new_server(&config, START, &session) != AM_OK)
        return;
    if (preface && rpc_session_receive(session, START, PREFACE, sizeof PREFACE - 1) != AM_OK)
        abort();
    feed(session, data, size);
}

static void feed_client(const uint8_t *data, size_t size)
{
    struct rpc_limits limits;
    struct rpc_session *session;
    struct rpc_call *call;
    rpc_limits_client(&limits);
    struct rpc_config config = {
        .limits = &limits, .handlers = &HANDLERS, .authority = "hub.example", .user_agent = "fuzz"};
    if (rpc_session_new_client(&config, START, &session) != AM_OK)
        return;
    for (int i = 0; i < 3; i++) {
        if (rpc_client_call(session, START, "/test.Echo/Unary", i == 2 ? NS_PER_S : 0, NULL, &call) != AM_OK)
            continue;
        open_calls++;
        if (i == 0)
            rpc_call_half_close(call);
    }
    drink(session);
    feed(session, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    feed_server(data, size, false);
    feed_server(data, size, true);
    feed_client(data, size);
    return 0;
}
