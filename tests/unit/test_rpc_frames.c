// SPDX-License-Identifier: Apache-2.0
// proto/rpc against peers that don't play by the rules: frames made by hand, at each limit and one past it.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/model/limits.h"
#include "tests/unit/rpc_raw.h"

#define SECOND NS_PER_S
#define MIB    (1024 * 1024)

static const char WAIT_PATH[] = "/test.Echo/Wait";
static const char UNARY_PATH[] = "/test.Echo/Unary";

// ---- Requests

static void what_is_not_http2_is_ended(void **state)
{
    struct raw *raw = *state;
    raw_bytes(raw, "GET / HTTP/1.1\r\nHost: hub\r\n\r\n", 29);
    assert_int_equal(raw->error, AM_PROTO);
    assert_true(rpc_session_done(raw->pair.server));
    assert_true(rpc_session_reason(raw->pair.server)[0] != '\0');
}

static void a_browser_gets_404_and_no_detail(void **state)
{
    struct raw *raw = *state;
    struct raw_block *block = calloc(1, sizeof *block);
    raw_preface(raw);
    raw_field(block, ":method", "GET");
    raw_field(block, ":scheme", "https");
    raw_field(block, ":path", "/");
    raw_field(block, ":authority", "hub.example");
    raw_headers(raw, 1, block, true);
    assert_int_equal(raw_stream(raw, 1)->http_status, 404);
    assert_int_equal(raw_stream(raw, 1)->grpc_status, -1);
    assert_int_equal(raw_stream(raw, 1)->data, 0);
    assert_true(raw_stream(raw, 1)->ended);
    assert_int_equal(rpc_session_calls(raw->pair.server), 0);
    raw_assert_alive(raw);
    free(block);
}

static void another_content_type_gets_415(void **state)
{
    static const struct {
        const char *type;
        int http;
    } ROWS[] = {
        {"application/json", 415},  {"application/grpc-web", 415},   {"application/grpc+json", 415},
        {"application/grpcx", 415}, {"application/grpc+proto", 200}, {"application/grpc", 200},
        {"APPLICATION/GRPC", 200},  {"application/grpc; a=b", 200},  {"text/plain; application/grpc", 415},
    };
    struct raw *raw = *state;
    struct raw_block *block = calloc(1, sizeof *block);
    raw_preface(raw);
    for (unsigned i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        int32_t id = (int32_t)(2 * i + 1);
        block->len = 0;
        raw_field(block, ":method", "POST");
        raw_field(block, ":scheme", "https");
        raw_field(block, ":path", "/test.Echo/Fail");
        raw_field(block, ":authority", "hub.example");
        raw_field(block, "content-type", ROWS[i].type);
        raw_headers(raw, id, block, true);
        assert_int_equal(raw_stream(raw, id)->http_status, ROWS[i].http);
        assert_int_equal(raw_stream(raw, id)->grpc_status, ROWS[i].http == 200 ? RPC_FAILED_PRECONDITION : -1);
    }
    raw_assert_alive(raw);
    free(block);
}

// One call with one more field gets this status.
static void check_field(struct raw *raw, int32_t id, const char *name, const char *value, enum rpc_status status)
{
    struct raw_block *block = calloc(1, sizeof *block);
    raw_request(block, "/test.Echo/Fail");
    raw_field(block, name, value);
    raw_headers(raw, id, block, true);
    assert_int_equal(raw_stream(raw, id)->http_status, 200);
    assert_int_equal(raw_stream(raw, id)->grpc_status, status);
    assert_true(raw_stream(raw, id)->has_accept_encoding);
    free(block);
}

static void an_encoding_or_a_timeout_that_can_t_be_honoured_is_refused(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    check_field(raw, 1, "grpc-encoding", "gzip", RPC_UNIMPLEMENTED);
    check_field(raw, 3, "grpc-encoding", "identity", RPC_FAILED_PRECONDITION);
    check_field(raw, 5, "grpc-timeout", "123456789S", RPC_INTERNAL);
    check_field(raw, 7, "grpc-timeout", "1s", RPC_INTERNAL);
    check_field(raw, 9, "grpc-timeout", "S", RPC_INTERNAL);
    check_field(raw, 11, "grpc-timeout", "1", RPC_INTERNAL);
    check_field(raw, 13, "grpc-timeout", "-1S", RPC_INTERNAL);
    check_field(raw, 15, "grpc-timeout", "99999999H", RPC_FAILED_PRECONDITION);
    check_field(raw, 17, "grpc-timeout", "150m", RPC_FAILED_PRECONDITION);
    assert_int_equal(raw->pair.last_timeout, 150000000);
    raw_assert_alive(raw);
}

static void a_header_list_is_taken_to_16_kib_and_no_further(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    // What the fixed fields count for, RFC 9113 §6.5.2: names, values, and 32 for each.
    size_t fixed = 7 + 4 + 7 + 5 + 5 + 15 + 10 + 11 + 12 + 16 + 2 + 8 + 6 * 32;
    char *value = test_malloc(LIMIT_HEADER_LIST);
    size_t len = LIMIT_HEADER_LIST - fixed - 32 - 1;
    memset(value, 'v', len + 1);
    value[len] = '\0';
    check_field(raw, 1, "x", value, RPC_FAILED_PRECONDITION);
    value[len] = 'v';
    value[len + 1] = '\0';
    struct raw_block *block = calloc(1, sizeof *block);
    raw_request(block, "/test.Echo/Fail");
    raw_field(block, "x", value);
    raw_headers(raw, 3, block, true);
    assert_int_equal(raw_stream(raw, 3)->grpc_status, RPC_RESOURCE_EXHAUSTED);
    raw_assert_alive(raw);
    free(block);
    test_free(value);
}

static void open_128_streams(struct raw *raw)
{
    for (int i = 0; i < (int)LIMIT_STREAMS; i++)
        raw_call(raw, 2 * i + 1, WAIT_PATH, false);
    assert_int_equal(raw->pair.server_open, LIMIT_STREAMS);
    raw_assert_alive(raw);
}

static void the_129th_stream_is_refused_to_who_could_not_know(void **state)
{
    struct raw *raw = *state;
    raw_bytes(raw, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    raw_frame(raw, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    open_128_streams(raw);
    raw_call(raw, 2 * LIMIT_STREAMS + 1, WAIT_PATH, false);
    assert_int_equal(raw->pair.server_open, LIMIT_STREAMS);
    assert_true(raw_stream(raw, 2 * LIMIT_STREAMS + 1)->reset);
    assert_int_equal(raw_stream(raw, 2 * LIMIT_STREAMS + 1)->reset_code, NGHTTP2_REFUSED_STREAM);
    raw_assert_alive(raw);
}

static void the_129th_stream_ends_the_connection_of_who_was_told(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    open_128_streams(raw);
    raw_call(raw, 2 * LIMIT_STREAMS + 1, WAIT_PATH, false);
    assert_int_equal(raw->goaway_code, NGHTTP2_PROTOCOL_ERROR);
    assert_true(rpc_session_done(raw->pair.server));
    assert_true(rpc_session_reason(raw->pair.server)[0] != '\0');
}

static void what_a_session_holds_is_told_and_goes_with_its_calls(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    size_t idle = rpc_session_memory(raw->pair.server);
    uint8_t *big = calloc(1, 5 + 65000);
    big[3] = 65000 >> 8, big[4] = (uint8_t)65000;
    for (int32_t id = 1; id <= 5; id += 2) { // none of it is read: the connection's window is 65,535 bytes
        raw_call(raw, id, UNARY_PATH, false);
        for (size_t at = 0; at < 65005; at += 13001)
            raw_data(raw, id, big + at, 13001, at + 13001 == 65005);
    }
    size_t queued = 3 * 65005 - 65535;
    assert_int_equal(rpc_session_queued(raw->pair.server), queued);
    size_t answers = rpc_session_memory(raw->pair.server);
    assert_in_range(answers, idle + queued, idle + queued + 150 * 1000);
    raw_call(raw, 7, UNARY_PATH, false);
    raw_data(raw, 7, big, 13001, false); // of 65005: half a message
    assert_in_range(rpc_session_memory(raw->pair.server), answers + 13001, answers + 14000);
    for (int32_t id = 1; id <= 7; id += 2)
        raw_frame(raw, NGHTTP2_RST_STREAM, 0, id, (uint8_t[]){0, 0, 0, 8}, 4);
    raw->pair.now += 2 * NS_PER_S;
    rpc_session_tick(raw->pair.server, raw->pair.now);
    assert_in_range(rpc_session_memory(raw->pair.server), 1, idle);
    raw_assert_alive(raw);
    free(big);
}

static void reading_stops_while_answers_pile_up(void **state)
{
    struct raw *raw = *state;
    struct raw_block *block = calloc(1, sizeof *block);
    uint8_t *frame = calloc(1, 1000);
    raw_bytes(raw, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    raw_frame(raw, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    open_128_streams(raw);
    raw_request(block, WAIT_PATH);
    int fed = 0;
    for (int32_t id = 257; rpc_session_wants_read(raw->pair.server) && fed < 2000; id += 2, fed++) {
        size_t len = raw_put_frame(frame, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, block->bytes, block->len);
        assert_int_equal(rpc_session_receive(raw->pair.server, raw->pair.now, frame, len), AM_OK);
    }
    assert_true(fed > 100 && fed <= 520); // each is refused with a frame
    struct am_bytes bytes;
    assert_int_equal(rpc_session_output(raw->pair.server, &bytes), AM_OK);
    free(frame);
    free(block);
}

// ---- Messages

static void a_compressed_message_is_unimplemented(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    for (uint8_t flag = 1; flag < 4; flag++) {
        int32_t id = 2 * flag - 1;
        raw_call(raw, id, UNARY_PATH, false);
        raw_data(raw, id, (uint8_t[]){flag, 0, 0, 0, 1, 'x'}, 6, true);
        assert_int_equal(raw_stream(raw, id)->grpc_status, RPC_UNIMPLEMENTED);
        assert_true(raw_stream(raw, id)->has_accept_encoding);
    }
    assert_int_equal(raw->pair.closed[RPC_CLOSE_REFUSED], 3);
    raw_assert_alive(raw);
}

static void a_prefix_may_straddle_frames(void **state)
{
    struct raw *raw = *state;
    const uint8_t message[] = {0, 0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 0, 0};
    raw_preface(raw);
    raw_call(raw, 1, UNARY_PATH, false);
    for (size_t i = 0; i < sizeof message; i++)
        raw_data(raw, 1, message + i, 1, i + 1 == sizeof message);
    assert_int_equal(raw->pair.received, 2);
    assert_int_equal(raw_stream(raw, 1)->data, sizeof message);
    assert_int_equal(raw_stream(raw, 1)->grpc_status, RPC_OK);
    assert_true(raw_stream(raw, 1)->ended);
    assert_false(raw_stream(raw, 1)->reset);
}

static void a_message_that_is_cut_off_is_an_error(void **state)
{
    static const uint8_t MESSAGE[] = {0, 0, 0, 0, 3, 'a', 'b', 'c'};
    struct raw *raw = *state;
    raw_preface(raw);
    for (size_t len = 1; len < sizeof MESSAGE; len++) {
        int32_t id = 2 * (int32_t)len - 1;
        raw_call(raw, id, UNARY_PATH, false);
        raw_data(raw, id, MESSAGE, len, true);
        assert_int_equal(raw_stream(raw, id)->grpc_status, RPC_INTERNAL);
    }
    assert_int_equal(raw->pair.received, 0);
    raw_assert_alive(raw);
}

static void an_over_long_prefix_is_refused_before_its_message_comes(void **state)
{
    struct raw *raw = *state;
    const uint8_t prefix[] = {0, 0xff, 0xff, 0xff, 0xff};
    raw_preface(raw);
    raw_call(raw, 1, UNARY_PATH, false);
    for (size_t i = 0; i < sizeof prefix; i++)
        raw_data(raw, 1, prefix + i, 1, false);
    assert_int_equal(raw_stream(raw, 1)->grpc_status, RPC_RESOURCE_EXHAUSTED);
    assert_int_equal(raw_stream(raw, 1)->window, 0);
    assert_true(raw_stream(raw, 1)->ended);
    assert_false(raw_stream(raw, 1)->reset); // it may end by itself
    raw->pair.now += SECOND;
    rpc_session_tick(raw->pair.server, raw->pair.now);
    raw_frame(raw, 0xfa, 0, 0, NULL, 0);
    assert_true(raw_stream(raw, 1)->reset); // "stop sending"
    assert_int_equal(raw_stream(raw, 1)->reset_code, NGHTTP2_NO_ERROR);
    assert_int_equal(rpc_session_calls(raw->pair.server), 0);
    raw_assert_alive(raw);
}

// ---- Windows

// Opens a call and says that `len` bytes will come.
static void announce(struct raw *raw, int32_t id, uint32_t len)
{
    raw_call(raw, id, WAIT_PATH, false);
    raw_data(raw, id, (uint8_t[]){0, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len}, 5,
             false);
}

// Sends the rest of a message of len bytes, after its prefix.
static void send_rest(struct raw *raw, int32_t id, size_t len)
{
    static const uint8_t zeros[16384];
    for (size_t at = 0; at < len; at += sizeof zeros)
        raw_data(raw, id, zeros, len - at < sizeof zeros ? len - at : sizeof zeros, false);
}

static void a_stream_s_window_is_16_kib_until_it_says_how_much_comes(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    assert_int_equal(raw->initial_window, LIMIT_STREAM_WINDOW);
    assert_int_equal(raw->connection_window, LIMIT_CONNECTION_WINDOW - 65535);
    raw_call(raw, 1, WAIT_PATH, false);
    assert_int_equal(raw_stream(raw, 1)->window, 0);
    announce(raw, 3, 1000);
    assert_int_equal(raw_stream(raw, 3)->window, 0);
    announce(raw, 5, MIB);
    assert_int_equal(raw_stream(raw, 5)->window, MIB + 5);
    send_rest(raw, 5, MIB);
    assert_int_equal(raw->pair.received, 1);
    // What is open after the message is what was open before it.
    assert_int_equal(raw_stream(raw, 5)->window, MIB + 5);
    raw_assert_alive(raw);
}

// The updates are few, but what is left of a window is never less than a message needs.
static void a_message_that_just_fits_the_window_follows_small_ones(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    announce(raw, 1, 8000);
    send_rest(raw, 1, 8000);
    assert_int_equal(raw_stream(raw, 1)->window, 0); // not worth an update yet
    raw_data(raw, 1, (uint8_t[]){0, 0, 0, 0x3e, 0x80}, 5, false);
    assert_true(16384 + raw_stream(raw, 1)->window - 8005 - 5 >= 16000);
    send_rest(raw, 1, 16000);
    assert_int_equal(raw->pair.received, 2);
    raw_assert_alive(raw);
}

static void more_than_the_window_is_an_error(void **state)
{
    struct raw *raw = *state;
    struct rpc_limits limits;
    rpc_limits_server(&limits);
    limits.budget = 0;
    raw_restart(raw, &limits);
    raw_preface(raw);
    announce(raw, 1, MIB); // the oldest gets its window
    announce(raw, 3, MIB);
    assert_int_equal(raw_stream(raw, 3)->window, 0);
    send_rest(raw, 3, 16384 - 5);
    assert_false(raw_stream(raw, 3)->reset);
    send_rest(raw, 3, 1);
    assert_int_equal(raw_stream(raw, 3)->reset_code, NGHTTP2_FLOW_CONTROL_ERROR);
}

static void windows_stay_within_the_budget_and_the_oldest_goes_first(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    // 4 MiB take three messages of 1 MiB and the base windows of six calls.
    for (int32_t id = 1; id <= 11; id += 2)
        announce(raw, id, MIB);
    for (int32_t id = 1; id <= 11; id += 2)
        assert_int_equal(raw_stream(raw, id)->window, id <= 5 ? MIB + 5 : 0);
    // The second is through: the oldest that waits gets its place, the others go on waiting.
    send_rest(raw, 3, MIB);
    assert_int_equal(raw_stream(raw, 7)->window, MIB + 5);
    assert_int_equal(raw_stream(raw, 9)->window, 0);
    // One is taken back: again.
    raw_frame(raw, NGHTTP2_RST_STREAM, 0, 7, (uint8_t[]){0, 0, 0, 8}, 4);
    assert_int_equal(raw_stream(raw, 9)->window, MIB + 5);
    assert_int_equal(raw_stream(raw, 11)->window, 0);
    send_rest(raw, 1, MIB);
    send_rest(raw, 5, MIB);
    send_rest(raw, 9, MIB);
    send_rest(raw, 11, MIB);
    assert_int_equal(raw->pair.received, 5);
    raw_assert_alive(raw);
}

static void the_oldest_is_let_in_even_without_a_budget(void **state)
{
    struct raw *raw = *state;
    struct rpc_limits limits;
    rpc_limits_server(&limits);
    limits.budget = 1;
    raw_restart(raw, &limits);
    raw_preface(raw);
    for (int32_t id = 1; id <= 7; id += 2)
        announce(raw, id, MIB);
    for (int32_t id = 1; id <= 7; id += 2) {
        assert_int_equal(raw_stream(raw, id)->window, MIB + 5);
        if (id < 7)
            assert_int_equal(raw_stream(raw, id + 2)->window, 0);
        send_rest(raw, id, MIB);
    }
    assert_int_equal(raw->pair.received, 4);
    // The connection's window was given back as bytes were read, but for less than its half.
    assert_true(raw->connection_window > LIMIT_CONNECTION_WINDOW - 65535 + 4 * MIB - (int)LIMIT_CONNECTION_WINDOW / 2);
}

static void a_window_taken_before_our_settings_came_is_paid_back(void **state)
{
    struct raw *raw = *state;
    static const uint8_t zeros[16384];
    raw_bytes(raw, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    raw_frame(raw, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    announce(raw, 1, 60000); // the window is still 65,535
    for (int i = 0; i < 3; i++)
        raw_data(raw, 1, zeros, sizeof zeros, false);
    raw_frame(raw, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
    int64_t open = 16384 + raw_stream(raw, 1)->window - 5 - 3 * 16384;
    assert_int_equal(open, 60000 - 3 * 16384 + 16384);
    send_rest(raw, 1, 60000 - 3 * 16384);
    assert_int_equal(raw->pair.received, 1);
    raw_assert_alive(raw);
}

int main(void)
{
#define RAW(test) cmocka_unit_test_setup_teardown(test, raw_setup, raw_teardown)
    const struct CMUnitTest tests[] = {
        RAW(what_is_not_http2_is_ended),
        RAW(a_browser_gets_404_and_no_detail),
        RAW(another_content_type_gets_415),
        RAW(an_encoding_or_a_timeout_that_can_t_be_honoured_is_refused),
        RAW(a_header_list_is_taken_to_16_kib_and_no_further),
        RAW(the_129th_stream_is_refused_to_who_could_not_know),
        RAW(the_129th_stream_ends_the_connection_of_who_was_told),
        RAW(what_a_session_holds_is_told_and_goes_with_its_calls),
        RAW(reading_stops_while_answers_pile_up),
        RAW(a_compressed_message_is_unimplemented),
        RAW(a_prefix_may_straddle_frames),
        RAW(a_message_that_is_cut_off_is_an_error),
        RAW(an_over_long_prefix_is_refused_before_its_message_comes),
        RAW(a_stream_s_window_is_16_kib_until_it_says_how_much_comes),
        RAW(a_message_that_just_fits_the_window_follows_small_ones),
        RAW(more_than_the_window_is_an_error),
        RAW(windows_stay_within_the_budget_and_the_oldest_goes_first),
        RAW(the_oldest_is_let_in_even_without_a_budget),
        RAW(a_window_taken_before_our_settings_came_is_paid_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
