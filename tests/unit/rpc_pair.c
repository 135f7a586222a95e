// SPDX-License-Identifier: Apache-2.0
// A client's and a server's session joined through memory.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "proto/model/limits.h"
#include "tests/unit/rpc_pair.h"

static struct pair *pair_of(const struct rpc_call *call)
{
    return rpc_session_user(rpc_call_session(call));
}

// ---- The service

enum method { UNARY, HOLD, COUNT, SMALL, FIRST, FAIL, WAIT, METHODS };

static const char *const PATHS[METHODS] = {
    [UNARY] = "/test.Echo/Unary", [HOLD] = "/test.Echo/Hold",   [COUNT] = "/test.Echo/Count",
    [SMALL] = "/test.Echo/Small", [FIRST] = "/test.Echo/First", [FAIL] = "/test.Echo/Fail",
    [WAIT] = "/test.Echo/Wait",
};

static enum method method_of(const struct rpc_call *call)
{
    return (enum method)(uintptr_t)rpc_call_user(call);
}

static void on_call(struct rpc_call *call, const char *path, uint64_t timeout_ns)
{
    struct pair *pair = pair_of(call);
    enum method method = 0;
    while (method < METHODS && strcmp(PATHS[method], path) != 0)
        method++;
    pair->server_open++;
    pair->last_timeout = timeout_ns;
    pair->last_server_call = call;
    rpc_call_set_user(call, (void *)(uintptr_t)method);
    if (method == METHODS)
        rpc_call_finish(call, RPC_UNIMPLEMENTED, "no such method", (struct am_bytes){0});
    if (method == SMALL)
        rpc_call_set_max_message(call, 2000);
    if (method == FAIL)
        rpc_call_finish(call, RPC_FAILED_PRECONDITION, FAIL_TEXT, (struct am_bytes){FAIL_DETAILS, sizeof FAIL_DETAILS});
}

static void produce(struct rpc_call *call)
{
    struct pair *pair = pair_of(call);
    uint8_t bytes[COUNT_MESSAGE] = {0};
    while (pair->produced < pair->to_produce && rpc_call_writable(call)) {
        memcpy(bytes, &pair->produced, sizeof pair->produced);
        if (rpc_call_send(call, &(struct am_bytes){bytes, sizeof bytes}, 1) != AM_OK)
            return;
        pair->produced++;
        if (rpc_call_queued(call) > pair->most_queued)
            pair->most_queued = rpc_call_queued(call);
    }
    if (pair->produced == pair->to_produce)
        rpc_call_finish(call, RPC_OK, NULL, (struct am_bytes){0});
}

static void on_message(struct rpc_call *call, struct am_bytes message)
{
    struct pair *pair = pair_of(call);
    struct am_bytes halves[] = {{message.data, message.len / 2},
                                {message.data + message.len / 2, message.len - message.len / 2}};
    pair->received++;
    switch (method_of(call)) {
    case HOLD:
        if (pair->hold)
            rpc_call_hold(call, true);
        break;
    case UNARY:
    case SMALL:
        if (rpc_call_send(call, halves, 2) != AM_OK)
            rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "no memory", (struct am_bytes){0});
        break;
    case COUNT:
        pair->produced = 0;
        memcpy(&pair->to_produce, message.data, message.len < 4 ? message.len : 4);
        break;
    case FIRST: rpc_call_finish(call, RPC_ABORTED, "the first is enough", (struct am_bytes){0}); break;
    default: break;
    }
}

static void on_half_close(struct rpc_call *call)
{
    if (method_of(call) == COUNT)
        produce(call);
    else if (method_of(call) != WAIT)
        rpc_call_finish(call, RPC_OK, NULL, (struct am_bytes){0});
}

static void on_writable(struct rpc_call *call)
{
    produce(call);
}

static void on_closed(struct rpc_call *call, enum rpc_close how)
{
    struct pair *pair = pair_of(call);
    pair->server_open--;
    pair->closed[how]++;
}

const struct rpc_handlers PAIR_SERVER = {.on_call = on_call,
                                         .on_message = on_message,
                                         .on_half_close = on_half_close,
                                         .on_writable = on_writable,
                                         .on_closed = on_closed};

// ---- The client

static void on_answer(struct rpc_call *call, struct am_bytes message)
{
    struct record *record = rpc_call_user(call);
    if (record->expect != NULL)
        record->same = record->same && memcmp(record->expect + record->bytes, message.data, message.len) == 0;
    record->messages++;
    record->bytes += message.len;
    if (record->hold_after != 0 && record->messages >= record->hold_after)
        rpc_call_hold(call, true);
}

static void on_finished(struct rpc_call *call, const struct rpc_outcome *outcome)
{
    struct record *record = rpc_call_user(call);
    record->finished = true;
    record->call = NULL;
    record->status = outcome->status;
    snprintf(record->message, sizeof record->message, "%s", outcome->message);
    record->details_len = outcome->details.len < sizeof record->details ? outcome->details.len : sizeof record->details;
    if (record->details_len > 0)
        memcpy(record->details, outcome->details.data, record->details_len);
}

const struct rpc_handlers PAIR_CLIENT = {.on_message = on_answer, .on_finished = on_finished};

struct record *pair_call(struct pair *pair, const char *path, uint64_t timeout_ns)
{
    struct record *record = calloc(1, sizeof *record);
    assert_non_null(record);
    record->same = true;
    record->next = pair->records;
    pair->records = record;
    enum am_err err = rpc_client_call(pair->client, pair->now, path, timeout_ns, record, &record->call);
    assert_int_equal(err, AM_OK);
    return record;
}

void record_send(struct record *record, const void *data, size_t len)
{
    assert_int_equal(rpc_call_send(record->call, &(struct am_bytes){data, len}, 1), AM_OK);
}

void pair_forget(struct pair *pair)
{
    while (pair->records != NULL) {
        struct record *record = pair->records;
        pair->records = record->next;
        free(record);
    }
}

// ---- The wire between them

static size_t next_size(struct pair *pair)
{
    pair->random = pair->random * 6364136223846793005ull + 1442695040888963407ull;
    uint32_t random = (uint32_t)(pair->random >> 33);
    static const uint32_t MOST[] = {1, 3, 9, 100, 16384, 65536, 1000000, 1000000};
    return 1 + (random >> 8) % MOST[random % 8];
}

// One write, one read; true when bytes moved.
static bool carry(struct pair *pair, struct rpc_session *from, struct rpc_session *to)
{
    struct am_bytes bytes;
    if (rpc_session_output(from, &bytes) != AM_OK && bytes.len == 0)
        return false;
    if (bytes.len > pair->most_output)
        pair->most_output = bytes.len;
    if (bytes.len == 0 || (!rpc_session_wants_read(to) && !rpc_session_done(to)))
        return false;
    size_t len = next_size(pair);
    if (len > bytes.len)
        len = bytes.len;
    if (!rpc_session_done(to) && rpc_session_receive(to, pair->now, bytes.data, len) != AM_OK)
        return false;
    rpc_session_consumed(from, len);
    return true;
}

void pair_run(struct pair *pair)
{
    for (bool moved = true; moved;) {
        moved = carry(pair, pair->client, pair->server);
        moved = carry(pair, pair->server, pair->client) || moved;
    }
}

int pair_setup(void **state)
{
    const char *seed = getenv("AMANA_SEED");
    struct pair *pair = calloc(1, sizeof *pair);
    struct rpc_limits limits;
    pair->random = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    printf("seed %llu (AMANA_SEED repeats it)\n", (unsigned long long)pair->random);
    pair->now = 1000 * NS_PER_S;
    pair->hold = true;
    rpc_limits_server(&limits);
    struct rpc_config config = {.limits = &limits, .handlers = &PAIR_SERVER, .user = pair};
    assert_int_equal(rpc_session_new_server(&config, pair->now, &pair->server), AM_OK);
    rpc_limits_client(&limits);
    limits.stream_window = 64 * 1024;
    config.handlers = &PAIR_CLIENT;
    config.authority = "hub.example";
    config.user_agent = "test/1";
    assert_int_equal(rpc_session_new_client(&config, pair->now, &pair->client), AM_OK);
    *state = pair;
    return 0;
}

int pair_teardown(void **state)
{
    struct pair *pair = *state;
    rpc_session_free(pair->client);
    rpc_session_free(pair->server);
    pair_forget(pair);
    free(pair);
    return 0;
}
