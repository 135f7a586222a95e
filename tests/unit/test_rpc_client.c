// SPDX-License-Identifier: Apache-2.0
// proto/rpc as a client, against servers and proxies that answer with anything.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/model/limits.h"
#include "tests/unit/rpc_raw.h"

// A client with one call on stream 1 that is half-closed, and a server made by hand.
struct lone {
    struct pair pair;
    struct record *record;
    struct raw_block block;
};

static int setup(void **state)
{
    struct lone *lone = calloc(1, sizeof *lone);
    struct rpc_limits limits;
    rpc_limits_client(&limits);
    limits.message = 1000;
    struct rpc_config config = {.limits = &limits,
                                .handlers = &PAIR_CLIENT,
                                .user = &lone->pair,
                                .authority = "hub.example",
                                .user_agent = "test/1"};
    lone->pair.now = 1000 * NS_PER_S;
    assert_int_equal(rpc_session_new_client(&config, lone->pair.now, &lone->pair.client), AM_OK);
    lone->record = pair_call(&lone->pair, "/test.Echo/Unary", 0);
    record_send(lone->record, "x", 1);
    rpc_call_half_close(lone->record->call);
    *state = lone;
    return 0;
}

static int teardown(void **state)
{
    struct lone *lone = *state;
    rpc_session_free(lone->pair.client);
    pair_forget(&lone->pair);
    free(lone);
    return 0;
}

static void drink(struct lone *lone)
{
    struct am_bytes bytes;
    while (rpc_session_output(lone->pair.client, &bytes) == AM_OK && bytes.len > 0)
        rpc_session_consumed(lone->pair.client, bytes.len);
}

static void frame(struct lone *lone, uint8_t type, uint8_t flags, int32_t stream, const void *payload, size_t len)
{
    uint8_t *bytes = test_malloc(RAW_HEAD + len);
    size_t size = raw_put_frame(bytes, type, flags, stream, payload, len);
    drink(lone);
    if (rpc_session_wants_read(lone->pair.client))
        assert_int_equal(rpc_session_receive(lone->pair.client, lone->pair.now, bytes, size), AM_OK);
    drink(lone);
    test_free(bytes);
}

static void headers(struct lone *lone, bool end_stream)
{
    frame(lone, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | (end_stream ? NGHTTP2_FLAG_END_STREAM : 0), 1,
          lone->block.bytes, lone->block.len);
    lone->block.len = 0;
}

static void begin_answer(struct lone *lone)
{
    frame(lone, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    raw_field(&lone->block, ":status", "200");
    raw_field(&lone->block, "content-type", "application/grpc");
}

static void assert_finished(struct lone *lone, enum rpc_status status, const char *text)
{
    assert_true(lone->record->finished);
    assert_int_equal(lone->record->status, status);
    assert_string_equal(lone->record->message, text);
    assert_int_equal(rpc_session_calls(lone->pair.client), 0);
}

static void an_answer_in_grpc_is_taken(void **state)
{
    struct lone *lone = *state;
    begin_answer(lone);
    headers(lone, false);
    frame(lone, NGHTTP2_DATA, 0, 1, "\0\0\0\0\2hi", 7);
    raw_field(&lone->block, "grpc-status", "0");
    raw_field(&lone->block, "grpc-message", "well%20done");
    headers(lone, true);
    assert_finished(lone, RPC_OK, "well done");
    assert_int_equal(lone->record->messages, 1);
}

static void what_a_proxy_says_becomes_a_status(void **state)
{
    struct lone *lone = *state;
    frame(lone, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    raw_field(&lone->block, ":status", "503");
    raw_field(&lone->block, "content-type", "text/html");
    headers(lone, false);
    frame(lone, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "<html>", 6);
    assert_finished(lone, RPC_UNAVAILABLE, "the server answered with HTTP status 503");
    assert_int_equal(lone->record->messages, 0);
}

static void an_early_hint_is_passed_over(void **state)
{
    struct lone *lone = *state;
    frame(lone, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    raw_field(&lone->block, ":status", "103");
    headers(lone, false);
    assert_false(lone->record->finished);
    begin_answer(lone);
    headers(lone, false);
    raw_field(&lone->block, "grpc-status", "5");
    headers(lone, true);
    assert_finished(lone, RPC_NOT_FOUND, "");
}

static void what_is_not_grpc_is_refused(void **state)
{
    struct lone *lone = *state;
    frame(lone, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    raw_field(&lone->block, ":status", "200");
    raw_field(&lone->block, "content-type", "text/html");
    headers(lone, false);
    assert_finished(lone, RPC_UNKNOWN, "the server's answer is not gRPC");
}

static void an_answer_without_a_status_is_unknown(void **state)
{
    struct lone *lone = *state;
    begin_answer(lone);
    headers(lone, false);
    frame(lone, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "\0\0\0\0\2hi", 7);
    assert_finished(lone, RPC_UNKNOWN, "the answer ended without a status");
}

static void a_status_that_is_no_number_is_unknown(void **state)
{
    struct lone *lone = *state;
    begin_answer(lone);
    raw_field(&lone->block, "grpc-status", "0x0");
    headers(lone, true);
    assert_finished(lone, RPC_UNKNOWN, "");
}

static void an_answer_that_is_cut_off_is_not_ok(void **state)
{
    struct lone *lone = *state;
    begin_answer(lone);
    headers(lone, false);
    frame(lone, NGHTTP2_DATA, 0, 1, "\0\0\0\0\2h", 6);
    raw_field(&lone->block, "grpc-status", "0");
    headers(lone, true);
    assert_finished(lone, RPC_INTERNAL, "the last message is cut off");
}

static void a_compressed_answer_is_refused(void **state)
{
    struct lone *lone = *state;
    begin_answer(lone);
    headers(lone, false);
    frame(lone, NGHTTP2_DATA, 0, 1, "\1\0\0\0\2hi", 7);
    assert_finished(lone, RPC_UNIMPLEMENTED, "compressed messages are not taken");
}

static void an_answer_that_is_too_large_is_refused(void **state)
{
    struct lone *lone = *state;
    begin_answer(lone);
    headers(lone, false);
    frame(lone, NGHTTP2_DATA, 0, 1, "\0\0\0\3\xe9", 5); // 1,001
    assert_finished(lone, RPC_RESOURCE_EXHAUSTED, "a message of 1001 bytes is longer than the 1000 bytes allowed");
    begin_answer(lone); // what was still on its way
    headers(lone, true);
    assert_string_equal(rpc_session_reason(lone->pair.client), "");
}

static void a_reset_is_told_apart(void **state)
{
    struct lone *lone = *state;
    frame(lone, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    frame(lone, NGHTTP2_RST_STREAM, 0, 1, "\0\0\0\7", 4);
    assert_finished(lone, RPC_UNAVAILABLE, "the stream was closed: REFUSED_STREAM");
}

static void a_call_that_the_server_never_saw_may_be_made_again(void **state)
{
    struct lone *lone = *state;
    frame(lone, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    frame(lone, NGHTTP2_GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
    assert_finished(lone, RPC_UNAVAILABLE, "the stream was closed: REFUSED_STREAM");
    assert_true(rpc_session_done(lone->pair.client));
    struct rpc_call *call;
    assert_int_equal(rpc_client_call(lone->pair.client, lone->pair.now, "/a.B/C", 0, NULL, &call), AM_UNAVAILABLE);
}

static void a_server_s_limit_on_calls_is_kept(void **state)
{
    struct lone *lone = *state;
    frame(lone, NGHTTP2_SETTINGS, 0, 0, "\0\3\0\0\0\2", 6);
    (void)pair_call(&lone->pair, "/test.Echo/Unary", 0);
    struct rpc_call *call;
    assert_int_equal(rpc_client_call(lone->pair.client, lone->pair.now, "/a.B/C", 0, NULL, &call), AM_BUSY);
}

int main(void)
{
#define LONE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        LONE(an_answer_in_grpc_is_taken),
        LONE(what_a_proxy_says_becomes_a_status),
        LONE(an_early_hint_is_passed_over),
        LONE(what_is_not_grpc_is_refused),
        LONE(an_answer_without_a_status_is_unknown),
        LONE(a_status_that_is_no_number_is_unknown),
        LONE(an_answer_that_is_cut_off_is_not_ok),
        LONE(a_compressed_answer_is_refused),
        LONE(an_answer_that_is_too_large_is_refused),
        LONE(a_reset_is_told_apart),
        LONE(a_call_that_the_server_never_saw_may_be_made_again),
        LONE(a_server_s_limit_on_calls_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
