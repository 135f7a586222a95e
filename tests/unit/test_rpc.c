// SPDX-License-Identifier: Apache-2.0
// proto/rpc: a client's and a server's session, glued together through memory at split sizes drawn from a seed; and a
// server that is fed frames made by hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "proto/model/limits.h"
#include "proto/rpc/rpc.h"
#include "tests/unit/rpc_pair.h"

#define SECOND NS_PER_S

// ---- Calls that go well

static void a_unary_call_is_answered(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Unary", 0);
    record_send(record, "hello", 5);
    rpc_call_half_close(record->call);
    pair_run(pair);
    assert_true(record->finished);
    assert_int_equal(record->status, RPC_OK);
    assert_int_equal(record->messages, 1);
    assert_int_equal(record->bytes, 5);
    assert_int_equal(pair->server_open, 0);
    assert_int_equal(pair->closed[RPC_CLOSE_DONE], 1);
    assert_int_equal(rpc_session_calls(pair->server), 0);
    assert_int_equal(rpc_session_calls(pair->client), 0);
}

static void a_message_of_1_mib_goes_both_ways(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Unary", 0);
    uint8_t *big = test_malloc(1 << 20);
    for (size_t i = 0; i < 1 << 20; i++)
        big[i] = (uint8_t)(i * 7 + i / 251);
    record->expect = big;
    record_send(record, big, 1 << 20);
    rpc_call_half_close(record->call);
    pair_run(pair);
    assert_int_equal(record->status, RPC_OK);
    assert_int_equal(record->bytes, 1 << 20);
    assert_true(record->same);
    assert_true(pair->most_output <= 64 * 1024 + 16384 + 9);
    test_free(big);
}

static void a_thousand_calls_follow_each_other(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 1000; i++) {
        struct record *record = pair_call(pair, "/test.Echo/Unary", 0);
        record_send(record, &i, sizeof i);
        rpc_call_half_close(record->call);
        pair_run(pair);
        assert_true(record->finished);
        assert_int_equal(record->status, RPC_OK);
        pair_forget(pair);
    }
    assert_string_equal(rpc_session_reason(pair->server), "");
}

static void a_hundred_calls_at_once_are_kept_apart(void **state)
{
    struct pair *pair = *state;
    struct record *records[100];
    uint8_t *bytes = test_malloc(100 * 300);
    for (unsigned i = 0; i < 100; i++) {
        memset(bytes + i * 300, (int)i, 300);
        records[i] = pair_call(pair, "/test.Echo/Unary", 0);
        records[i]->expect = bytes + i * 300;
        record_send(records[i], bytes + i * 300, i * 3);
        rpc_call_half_close(records[i]->call);
    }
    pair_run(pair);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(records[i]->status, RPC_OK);
        assert_int_equal(records[i]->bytes, i * 3);
        assert_true(records[i]->same);
    }
    test_free(bytes);
}

static void a_stalled_reader_of_a_stream_costs_no_queue(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Count", 0);
    record->hold_after = 10;
    record_send(record, &(uint32_t){20000}, 4);
    rpc_call_half_close(record->call);
    pair_run(pair);
    // The reader stalls: production has stopped too, with at most the window and the mark under way.
    assert_int_equal(record->messages, 10);
    assert_false(record->finished);
    assert_true(pair->most_queued <= 64 * 1024 + COUNT_MESSAGE + 5);
    uint32_t produced = pair->produced;
    pair_run(pair);
    assert_int_equal(pair->produced, produced);
    record->hold_after = 0;
    rpc_call_hold(record->call, false);
    pair_run(pair);
    assert_true(record->finished);
    assert_int_equal(record->status, RPC_OK);
    assert_int_equal(record->messages, 20000);
    assert_true(pair->most_output <= 64 * 1024 + 16384 + 9);
    assert_true(pair->most_queued <= 64 * 1024 + COUNT_MESSAGE + 5);
}

static void messages_held_back_at_the_end_of_a_call_are_not_lost(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Count", 0);
    record->hold_after = 1;
    record_send(record, &(uint32_t){5}, 4);
    rpc_call_half_close(record->call);
    pair_run(pair);
    assert_int_equal(record->messages, 1);
    assert_false(record->finished);
    record->hold_after = 0;
    rpc_call_hold(record->call, false);
    pair_run(pair);
    assert_int_equal(record->messages, 5);
    assert_true(record->finished);
    assert_int_equal(record->status, RPC_OK);
    assert_int_equal(rpc_session_calls(pair->client), 0);
}

static void a_server_that_holds_stops_the_sender(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Hold", 0);
    uint8_t block[1000] = {0};
    for (int i = 0; i < 200; i++)
        record_send(record, block, sizeof block);
    rpc_call_half_close(record->call);
    pair_run(pair);
    assert_int_equal(pair->received, 1);
    assert_true(rpc_call_queued(record->call) > 200 * 1000 - 64 * 1024 - 10000);
    pair->hold = false;
    rpc_call_hold(pair->last_server_call, false);
    pair_run(pair);
    assert_int_equal(pair->received, 200);
    assert_int_equal(record->status, RPC_OK);
}

static void a_stream_that_ended_early_is_cut_short_for_the_sender(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/First", 0);
    record_send(record, "a", 1);
    pair_run(pair); // the client has not half-closed
    assert_true(record->finished);
    assert_int_equal(record->status, RPC_ABORTED);
    assert_int_equal(pair->closed[RPC_CLOSE_DONE], 1);
    assert_int_equal(rpc_session_calls(pair->server), 0);
    assert_int_equal(rpc_session_calls(pair->client), 0);
}

// ---- Ends

static void an_error_comes_alone_with_its_details(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Fail", 0);
    rpc_call_half_close(record->call);
    pair_run(pair);
    assert_int_equal(record->status, RPC_FAILED_PRECONDITION);
    assert_string_equal(record->message, FAIL_TEXT);
    assert_int_equal(record->details_len, sizeof FAIL_DETAILS);
    assert_memory_equal(record->details, FAIL_DETAILS, sizeof FAIL_DETAILS);
    assert_int_equal(record->messages, 0);
}

static void an_unknown_method_is_unimplemented(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Nothing", 0);
    rpc_call_half_close(record->call);
    struct record *bad = pair_call(pair, "/nonsense", 0);
    rpc_call_half_close(bad->call);
    pair_run(pair);
    assert_int_equal(record->status, RPC_UNIMPLEMENTED);
    assert_string_equal(record->message, "no such method");
    assert_int_equal(bad->status, RPC_UNIMPLEMENTED);
}

static void a_cancelled_call_is_closed_at_the_server(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Wait", 0);
    record_send(record, "x", 1);
    pair_run(pair);
    assert_int_equal(pair->server_open, 1);
    rpc_call_cancel(record->call);
    pair_run(pair);
    assert_true(record->finished);
    assert_int_equal(record->status, RPC_CANCELLED);
    assert_int_equal(pair->server_open, 0);
    assert_int_equal(pair->closed[RPC_CLOSE_CANCELLED], 1);
}

static void a_call_cancelled_before_it_left_ends_too(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Wait", 0);
    rpc_call_cancel(record->call);
    pair_run(pair);
    assert_true(record->finished);
    assert_int_equal(record->status, RPC_CANCELLED);
    assert_int_equal(pair->server_open, 0);
    assert_int_equal(rpc_session_calls(pair->client), 0);
}

static void a_deadline_ends_a_call_at_the_server(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Wait", 3 * SECOND);
    record_send(record, "x", 1);
    pair_run(pair);
    assert_int_equal(pair->last_timeout, 3 * SECOND);
    assert_true(rpc_session_next_deadline(pair->server) <= pair->now + 3 * SECOND);
    pair->now += 3 * SECOND - 1;
    rpc_session_tick(pair->server, pair->now);
    assert_int_equal(pair->server_open, 1);
    pair->now += 1;
    rpc_session_tick(pair->server, pair->now);
    assert_int_equal(pair->server_open, 0);
    assert_int_equal(pair->closed[RPC_CLOSE_DEADLINE], 1);
    pair_run(pair); // the client's clock did not tick: the status comes from the server
    assert_int_equal(record->status, RPC_DEADLINE_EXCEEDED);
}

static void a_deadline_ends_a_call_at_the_client(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Wait", 3 * SECOND);
    pair_run(pair);
    pair->now += 3 * SECOND;
    rpc_session_tick(pair->client, pair->now);
    assert_true(record->finished);
    assert_int_equal(record->status, RPC_DEADLINE_EXCEEDED);
    pair_run(pair);
    assert_int_equal(pair->server_open, 0);
    assert_int_equal(rpc_session_calls(pair->client), 0);
}

static void a_deadline_ends_a_stream_whose_reader_stalls(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Count", 3 * SECOND);
    record->hold_after = 1;
    record_send(record, &(uint32_t){20000}, 4);
    rpc_call_half_close(record->call);
    pair_run(pair);
    pair->now += 3 * SECOND;
    rpc_session_tick(pair->server, pair->now);
    pair_run(pair);
    assert_int_equal(rpc_session_calls(pair->server), 0);
    assert_int_equal(rpc_session_queued(pair->server), 0);
    assert_int_equal(record->status, RPC_DEADLINE_EXCEEDED);
}

static void a_lost_connection_ends_every_call(void **state)
{
    struct pair *pair = *state;
    struct record *one = pair_call(pair, "/test.Echo/Wait", 0);
    struct record *two = pair_call(pair, "/test.Echo/Wait", 9 * SECOND);
    pair_run(pair);
    rpc_session_lost(pair->server);
    assert_true(rpc_session_done(pair->server));
    rpc_session_free(pair->server);
    pair->server = NULL;
    assert_int_equal(pair->closed[RPC_CLOSE_LOST], 2);
    rpc_session_lost(pair->client);
    rpc_session_free(pair->client);
    pair->client = NULL;
    assert_int_equal(one->status, RPC_UNAVAILABLE);
    assert_int_equal(two->status, RPC_UNAVAILABLE);
}

static void a_message_that_is_too_large_is_refused(void **state)
{
    struct pair *pair = *state;
    uint8_t *big = calloc(1, 2001);
    struct record *fits = pair_call(pair, "/test.Echo/Small", 0);
    record_send(fits, big, 2000);
    rpc_call_half_close(fits->call);
    struct record *record = pair_call(pair, "/test.Echo/Small", 0);
    record_send(record, big, 2001);
    pair_run(pair);
    assert_int_equal(fits->status, RPC_OK);
    assert_int_equal(record->status, RPC_RESOURCE_EXHAUSTED);
    assert_int_equal(pair->closed[RPC_CLOSE_REFUSED], 1);
    assert_string_equal(rpc_session_reason(pair->server), "");
    free(big);
}

static void draining_finishes_what_is_under_way(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Unary", 0);
    record_send(record, "x", 1);
    rpc_call_half_close(record->call);
    pair_run(pair);
    pair_forget(pair);
    record = pair_call(pair, "/test.Echo/Unary", 0);
    pair_run(pair);
    rpc_session_drain(pair->server, pair->now);
    pair_run(pair);
    assert_false(rpc_session_done(pair->server));
    struct rpc_call *refused;
    assert_int_equal(rpc_client_call(pair->client, pair->now, "/test.Echo/Unary", 0, NULL, &refused), AM_UNAVAILABLE);
    record_send(record, "still", 5);
    rpc_call_half_close(record->call);
    pair_run(pair);
    assert_int_equal(record->status, RPC_OK);
    assert_int_equal(record->bytes, 5);
    assert_true(rpc_session_done(pair->server));
    assert_true(rpc_session_done(pair->client));
    assert_string_equal(rpc_session_reason(pair->server), "");
}

static void a_drain_doesn_t_wait_for_a_silent_peer(void **state)
{
    struct pair *pair = *state;
    pair_run(pair);
    rpc_session_drain(pair->server, pair->now);
    struct am_bytes bytes;
    assert_int_equal(rpc_session_output(pair->server, &bytes), AM_OK);
    rpc_session_consumed(pair->server, bytes.len);
    assert_false(rpc_session_done(pair->server));
    pair->now += 5 * SECOND;
    rpc_session_tick(pair->server, pair->now);
    assert_int_equal(rpc_session_output(pair->server, &bytes), AM_OK);
    rpc_session_consumed(pair->server, bytes.len);
    assert_true(rpc_session_done(pair->server));
}

// ---- Time

static void a_silent_peer_is_pinged_and_given_up(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Wait", 0);
    pair_run(pair);
    pair->now += 60 * SECOND - 1;
    rpc_session_tick(pair->server, pair->now);
    assert_false(rpc_session_wants_write(pair->server));
    pair->now += 1;
    rpc_session_tick(pair->server, pair->now);
    assert_true(rpc_session_wants_write(pair->server));
    pair_run(pair); // answered
    pair->now += 60 * SECOND;
    rpc_session_tick(pair->server, pair->now);
    struct am_bytes bytes;
    assert_int_equal(rpc_session_output(pair->server, &bytes), AM_OK);
    rpc_session_consumed(pair->server, bytes.len);                                 // lost on its way
    assert_int_equal(rpc_session_next_deadline(pair->server), pair->now + SECOND); // memory
    pair->now += 20 * SECOND;
    rpc_session_tick(pair->server, pair->now);
    assert_true(rpc_session_done(pair->server));
    assert_string_equal(rpc_session_reason(pair->server), "no answer to the keepalive ping");
    assert_false(record->finished);
}

static void memory_is_given_back_a_second_after_the_last_word(void **state)
{
    struct pair *pair = *state;
    struct record *record = pair_call(pair, "/test.Echo/Unary", 0);
    rpc_call_half_close(record->call);
    pair_run(pair);
    assert_int_equal(rpc_session_next_deadline(pair->server), pair->now + SECOND);
    pair->now += SECOND;
    rpc_session_tick(pair->server, pair->now);
    assert_int_equal(rpc_session_next_deadline(pair->server), pair->now + 59 * SECOND);
    record = pair_call(pair, "/test.Echo/Unary", 0); // and it goes on
    record_send(record, "x", 1);
    rpc_call_half_close(record->call);
    pair_run(pair);
    assert_int_equal(record->status, RPC_OK);
}

static void a_connection_without_a_request_is_ended(void **state)
{
    struct pair *pair = *state;
    pair_run(pair);
    assert_false(rpc_session_done(pair->server));
    pair->now += 10 * SECOND;
    rpc_session_tick(pair->server, pair->now);
    pair_run(pair);
    assert_true(rpc_session_done(pair->server));
    assert_string_equal(rpc_session_reason(pair->server), "no request came");
}

int main(void)
{
#define PAIR(test) cmocka_unit_test_setup_teardown(test, pair_setup, pair_teardown)
    const struct CMUnitTest tests[] = {
        PAIR(a_unary_call_is_answered),
        PAIR(a_message_of_1_mib_goes_both_ways),
        PAIR(a_thousand_calls_follow_each_other),
        PAIR(a_hundred_calls_at_once_are_kept_apart),
        PAIR(a_stalled_reader_of_a_stream_costs_no_queue),
        PAIR(messages_held_back_at_the_end_of_a_call_are_not_lost),
        PAIR(a_server_that_holds_stops_the_sender),
        PAIR(a_stream_that_ended_early_is_cut_short_for_the_sender),
        PAIR(an_error_comes_alone_with_its_details),
        PAIR(an_unknown_method_is_unimplemented),
        PAIR(a_cancelled_call_is_closed_at_the_server),
        PAIR(a_call_cancelled_before_it_left_ends_too),
        PAIR(a_deadline_ends_a_call_at_the_server),
        PAIR(a_deadline_ends_a_call_at_the_client),
        PAIR(a_deadline_ends_a_stream_whose_reader_stalls),
        PAIR(a_lost_connection_ends_every_call),
        PAIR(a_message_that_is_too_large_is_refused),
        PAIR(draining_finishes_what_is_under_way),
        PAIR(a_drain_doesn_t_wait_for_a_silent_peer),
        PAIR(a_silent_peer_is_pinged_and_given_up),
        PAIR(memory_is_given_back_a_second_after_the_last_word),
        PAIR(a_connection_without_a_request_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
