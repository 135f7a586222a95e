// SPDX-License-Identifier: Apache-2.0
// proto/rpc against floods, and how a connection ends: each limit, and one past it.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/model/limits.h"
#include "tests/unit/rpc_raw.h"

#define SECOND NS_PER_S

static const char WAIT_PATH[] = "/test.Echo/Wait";

static void a_hundred_resets_in_ten_seconds_are_the_most(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    for (int i = 0; i < 101; i++) {
        raw_assert_alive(raw);
        raw_call(raw, 2 * i + 1, WAIT_PATH, false);
        raw_frame(raw, NGHTTP2_RST_STREAM, 0, 2 * i + 1, (uint8_t[]){0, 0, 0, 8}, 4);
    }
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "too many streams were reset");
}

static void resets_at_leisure_are_no_flood(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    for (int i = 0; i < 600; i++) {
        raw->pair.now += SECOND / 9;
        raw_call(raw, 2 * i + 1, WAIT_PATH, false);
        raw_frame(raw, NGHTTP2_RST_STREAM, 0, 2 * i + 1, (uint8_t[]){0, 0, 0, 8}, 4);
        raw_assert_alive(raw);
    }
}

static void a_flood_across_two_periods_is_seen(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    raw->pair.now += 9 * SECOND; // the period ends in a second
    for (int i = 0; i < 90; i++) {
        raw_call(raw, 2 * i + 1, WAIT_PATH, false);
        raw_frame(raw, NGHTTP2_RST_STREAM, 0, 2 * i + 1, (uint8_t[]){0, 0, 0, 8}, 4);
    }
    raw->pair.now += 2 * SECOND;
    for (int i = 90; i < 110; i++) {
        raw_call(raw, 2 * i + 1, WAIT_PATH, false);
        raw_frame(raw, NGHTTP2_RST_STREAM, 0, 2 * i + 1, (uint8_t[]){0, 0, 0, 8}, 4);
    }
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "too many streams were reset");
}

static void resets_that_a_client_provokes_count_too(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    for (int i = 0; i < 101 && raw->goaways == 0; i++) {
        raw_call(raw, 2 * i + 1, WAIT_PATH, false);
        raw_frame(raw, NGHTTP2_WINDOW_UPDATE, 0, 2 * i + 1, (uint8_t[]){0x7f, 0xff, 0xff, 0xff}, 4);
        assert_true(raw_stream(raw, 2 * i + 1)->reset);
    }
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "too many streams were reset");
}

static void eight_continuations_are_the_most(void **state)
{
    struct raw *raw = *state;
    struct raw_block *block = calloc(1, sizeof *block);
    raw_preface(raw);
    raw_request(block, "/test.Echo/Fail");
    for (int32_t id = 1; id <= 3; id += 2) {
        int more = id == 1 ? 8 : 9;
        raw_frame(raw, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, id, block->bytes, 10);
        for (int i = 0; i < more - 1; i++)
            raw_frame(raw, NGHTTP2_CONTINUATION, 0, id, block->bytes + 10 + i, 1);
        raw_frame(raw, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, id, block->bytes + 10 + more - 1,
                  block->len - 10 - (size_t)more + 1);
    }
    assert_int_equal(raw_stream(raw, 1)->grpc_status, RPC_FAILED_PRECONDITION);
    assert_int_equal(raw_stream(raw, 3)->grpc_status, -1);
    assert_true(rpc_session_done(raw->pair.server));
    assert_true(rpc_session_reason(raw->pair.server)[0] != '\0');
    free(block);
}

// Each byte is a whole field: accept-encoding: gzip, deflate, of 60 bytes as RFC 9113 counts them.
static void short_fields(struct raw *raw, int32_t id, size_t count)
{
    struct raw_block *block = calloc(1, sizeof *block);
    raw_request(block, "/test.Echo/Fail");
    memset(block->bytes + block->len, 0x90, count);
    block->len += count;
    raw_headers(raw, id, block, true);
    free(block);
}

static void a_header_list_far_above_the_limit_ends_the_connection(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    short_fields(raw, 1, 1000); // 60,000 bytes of 16,384
    assert_int_equal(raw_stream(raw, 1)->grpc_status, RPC_RESOURCE_EXHAUSTED);
    raw_assert_alive(raw);
    short_fields(raw, 3, 1100);
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "a header list is far too large");
}

static void empty_data_frames_are_no_pastime(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    raw_call(raw, 1, WAIT_PATH, false);
    for (int i = 0; i < 100; i++)
        raw_data(raw, 1, NULL, 0, false);
    raw_assert_alive(raw);
    raw_data(raw, 1, NULL, 0, false);
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "too many empty DATA frames");
}

static void padding_makes_no_data_frame_full(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    raw_call(raw, 1, WAIT_PATH, false);
    for (int i = 0; i < 101; i++)
        raw_frame(raw, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, (uint8_t[3]){2}, 3);
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "too many empty DATA frames");
}

static void settings_are_not_changed_all_the_time(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    for (int i = 0; i < 99; i++)
        raw_frame(raw, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    assert_int_equal(raw->settings_acks, 100);
    raw_assert_alive(raw);
    raw_frame(raw, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "too many SETTINGS frames");
}

static void priorities_and_unknown_frames_are_bounded(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    for (int i = 0; i < 250; i++) {
        raw_frame(raw, NGHTTP2_PRIORITY, 0, 1, (uint8_t[]){0, 0, 0, 0, 9}, 5);
        raw_frame(raw, 0xfa, 0, 0, "x", 1);
    }
    raw_assert_alive(raw);
    raw_frame(raw, 0xfa, 0, 0, "x", 1);
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "too many frames that do nothing");
}

static void answers_to_no_ping_are_bounded(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    for (int i = 0; i < 500; i++)
        raw_frame(raw, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678", 8);
    raw_assert_alive(raw);
    raw_frame(raw, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678", 8);
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "too many frames that do nothing");
}

static void farewells_are_bounded(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    raw_call(raw, 1, WAIT_PATH, false); // so that the session isn't over with the first
    for (int i = 0; i < 500; i++)
        raw_frame(raw, NGHTTP2_GOAWAY, 0, 0, (uint8_t[8]){0}, 8);
    raw_assert_alive(raw);
    raw_frame(raw, NGHTTP2_GOAWAY, 0, 0, (uint8_t[8]){0}, 8);
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "too many frames that do nothing");
}

static void window_updates_without_data_are_bounded(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    for (int i = 0; i < 1000; i++)
        raw_frame(raw, NGHTTP2_WINDOW_UPDATE, 0, 0, (uint8_t[]){0, 0, 0, 1}, 4);
    raw_assert_alive(raw);
    raw_frame(raw, NGHTTP2_WINDOW_UPDATE, 0, 0, (uint8_t[]){0, 0, 0, 1}, 4);
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "too many WINDOW_UPDATE frames");
}

static void a_client_that_pings_all_the_time_is_told_to_calm_down(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    for (int i = 0; i < 5; i++) { // every ten seconds: for ever
        raw_frame(raw, NGHTTP2_PING, 0, 0, "12345678", 8);
        raw->pair.now += 10 * SECOND;
    }
    raw_assert_alive(raw);
    assert_int_equal(raw->ping_acks, 5);
    raw_frame(raw, NGHTTP2_PING, 0, 0, "12345678", 8);
    for (int i = 0; i < 2; i++) { // two strikes
        raw->pair.now += 10 * SECOND - 1;
        raw_frame(raw, NGHTTP2_PING, 0, 0, "12345678", 8);
    }
    raw_assert_alive(raw);
    raw->pair.now += 10 * SECOND - 1;
    raw_frame(raw, NGHTTP2_PING, 0, 0, "12345678", 8);
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "too many pings");
}

static void what_is_sent_wipes_the_strikes_away(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    for (int i = 0; i < 5; i++) {
        raw_call(raw, 2 * i + 1, "/test.Echo/Fail", true);
        for (int k = 0; k < 3; k++) // one is free, two are strikes
            raw_frame(raw, NGHTTP2_PING, 0, 0, "12345678", 8);
    }
    raw_assert_alive(raw);
    raw_frame(raw, NGHTTP2_PING, 0, 0, "12345678", 8);
    raw_assert_ended(raw, NGHTTP2_ENHANCE_YOUR_CALM, "too many pings");
}

static void pings_that_measure_while_data_flows_are_no_flood(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    for (int i = 0; i < 300; i++) {
        raw_call(raw, 2 * i + 1, "/test.Echo/Fail", true);
        raw_frame(raw, NGHTTP2_PING, 0, 0, "12345678", 8);
    }
    raw_assert_alive(raw);
}

static void a_session_that_ended_doesn_t_wait_for_a_peer_that_doesn_t_read(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    rpc_session_close(raw->pair.server, "asked to");
    assert_false(rpc_session_done(raw->pair.server));
    assert_false(rpc_session_wants_read(raw->pair.server));
    raw->pair.now += SECOND;
    rpc_session_tick(raw->pair.server, raw->pair.now);
    assert_true(rpc_session_done(raw->pair.server));
    assert_string_equal(rpc_session_reason(raw->pair.server), "asked to");
}

static void a_peer_s_last_words_are_logged_as_plain_text(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    raw_frame(raw, NGHTTP2_GOAWAY, 0, 0, "\0\0\0\0\0\0\0\x0btoo\nmuch\x1b[2J", 20);
    assert_true(rpc_session_done(raw->pair.server));
    assert_string_equal(rpc_session_reason(raw->pair.server), "the peer said: ENHANCE_YOUR_CALM: too?much?[2J");
}

static void a_drain_takes_what_was_on_its_way(void **state)
{
    struct raw *raw = *state;
    raw_preface(raw);
    raw_call(raw, 1, WAIT_PATH, false);
    rpc_session_drain(raw->pair.server, raw->pair.now);
    raw_call(raw, 3, "/test.Echo/Fail", true); // it left before the notice came
    assert_int_equal(raw->goaways, 1);
    assert_int_equal(raw->goaway_last, INT32_MAX);
    assert_int_equal(raw_stream(raw, 3)->grpc_status, RPC_FAILED_PRECONDITION);
    raw_frame(raw, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "amana-dr", 8);
    assert_int_equal(raw->goaways, 2);
    assert_int_equal(raw->goaway_last, 3);
    assert_int_equal(raw->goaway_code, NGHTTP2_NO_ERROR);
    raw_call(raw, 5, "/test.Echo/Fail", true); // too late: ignored, the client knows
    assert_int_equal(raw_stream(raw, 5)->http_status, -1);
    assert_false(rpc_session_done(raw->pair.server));
    raw_frame(raw, NGHTTP2_RST_STREAM, 0, 1, (uint8_t[]){0, 0, 0, 8}, 4);
    assert_true(rpc_session_done(raw->pair.server));
}

int main(void)
{
#define RAW(test) cmocka_unit_test_setup_teardown(test, raw_setup, raw_teardown)
    const struct CMUnitTest tests[] = {
        RAW(a_hundred_resets_in_ten_seconds_are_the_most),
        RAW(resets_at_leisure_are_no_flood),
        RAW(a_flood_across_two_periods_is_seen),
        RAW(resets_that_a_client_provokes_count_too),
        RAW(eight_continuations_are_the_most),
        RAW(a_header_list_far_above_the_limit_ends_the_connection),
        RAW(empty_data_frames_are_no_pastime),
        RAW(padding_makes_no_data_frame_full),
        RAW(settings_are_not_changed_all_the_time),
        RAW(priorities_and_unknown_frames_are_bounded),
        RAW(answers_to_no_ping_are_bounded),
        RAW(farewells_are_bounded),
        RAW(window_updates_without_data_are_bounded),
        RAW(a_client_that_pings_all_the_time_is_told_to_calm_down),
        RAW(what_is_sent_wipes_the_strikes_away),
        RAW(pings_that_measure_while_data_flows_are_no_flood),
        RAW(a_session_that_ended_doesn_t_wait_for_a_peer_that_doesn_t_read),
        RAW(a_peer_s_last_words_are_logged_as_plain_text),
        RAW(a_drain_takes_what_was_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
