// SPDX-License-Identifier: Apache-2.0
// A server's session that is fed frames made by hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/model/limits.h"
#include "tests/unit/rpc_raw.h"

void raw_restart(struct raw *raw, const struct rpc_limits *limits)
{
    rpc_session_free(raw->pair.server);
    if (raw->inflater != NULL)
        nghttp2_hd_inflate_del(raw->inflater);
    memset(raw, 0, sizeof *raw);
    for (int i = 0; i < RAW_STREAMS; i++)
        raw->streams[i].http_status = raw->streams[i].grpc_status = -1;
    raw->pair.now = 1000 * NS_PER_S;
    struct rpc_config config = {.limits = limits, .handlers = &PAIR_SERVER, .user = &raw->pair};
    assert_int_equal(rpc_session_new_server(&config, raw->pair.now, &raw->pair.server), AM_OK);
    assert_int_equal(nghttp2_hd_inflate_new(&raw->inflater), 0);
}

int raw_setup(void **state)
{
    struct raw *raw = calloc(1, sizeof *raw);
    struct rpc_limits limits;
    rpc_limits_server(&limits);
    raw_restart(raw, &limits);
    *state = raw;
    return 0;
}

int raw_teardown(void **state)
{
    struct raw *raw = *state;
    rpc_session_free(raw->pair.server);
    nghttp2_hd_inflate_del(raw->inflater);
    free(raw);
    return 0;
}

// ---- Reading answers

struct raw_stream *raw_stream(struct raw *raw, int32_t stream)
{
    assert_true(stream > 0 && stream / 2 < RAW_STREAMS);
    return &raw->streams[stream / 2];
}

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int to_number(const nghttp2_nv *field)
{
    char text[16] = {0};
    memcpy(text, field->value, field->valuelen < 15 ? field->valuelen : 15);
    return atoi(text);
}

static void read_headers(struct raw *raw, struct raw_stream *stream, const uint8_t *payload, size_t len)
{
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
        nghttp2_nv field = {0};
        ssize_t used = nghttp2_hd_inflate_hd2(raw->inflater, &field, &flags, payload, len, 1);
        assert_true(used >= 0);
        payload += used;
        len -= (size_t)used;
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0)
            continue;
        if (field.namelen == 7 && memcmp(field.name, ":status", 7) == 0)
            stream->http_status = to_number(&field);
        if (field.namelen == 11 && memcmp(field.name, "grpc-status", 11) == 0)
            stream->grpc_status = to_number(&field);
        if (field.namelen == 20 && memcmp(field.name, "grpc-accept-encoding", 20) == 0)
            stream->has_accept_encoding = field.valuelen == 8 && memcmp(field.value, "identity", 8) == 0;
    }
    nghttp2_hd_inflate_end_headers(raw->inflater);
}

static void read_settings(struct raw *raw, uint8_t flags, const uint8_t *payload, size_t len)
{
    raw->settings_acks += flags & NGHTTP2_FLAG_ACK;
    for (size_t at = 0; at + 6 <= len; at += 6)
        if (payload[at] == 0 && payload[at + 1] == NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)
            raw->initial_window = read_u32(payload + at + 2);
}

static void read_frame(struct raw *raw, const uint8_t *head, const uint8_t *payload, size_t len)
{
    int32_t id = (int32_t)(read_u32(head + 5) & 0x7fffffff);
    struct raw_stream *stream = id > 0 ? raw_stream(raw, id) : NULL;
    switch (head[3]) {
    case NGHTTP2_HEADERS: read_headers(raw, stream, payload, len); break;
    case NGHTTP2_DATA:
        stream->data += len;
        stream->data_frames++;
        break;
    case NGHTTP2_RST_STREAM:
        stream->reset = true;
        stream->reset_code = read_u32(payload);
        break;
    case NGHTTP2_WINDOW_UPDATE:
        *(stream != NULL ? &stream->window : &raw->connection_window) += read_u32(payload);
        break;
    case NGHTTP2_SETTINGS: read_settings(raw, head[4], payload, len); break;
    case NGHTTP2_PING: raw->ping_acks += head[4] & NGHTTP2_FLAG_ACK; break;
    case NGHTTP2_GOAWAY:
        raw->goaways++;
        raw->goaway_last = (int32_t)(read_u32(payload) & 0x7fffffff);
        raw->goaway_code = read_u32(payload + 4);
        break;
    default: raw->broken = true;
    }
    if (head[3] <= NGHTTP2_HEADERS && (head[4] & NGHTTP2_FLAG_END_STREAM) != 0)
        stream->ended = true;
}

// Takes whole frames; what is cut off stays with the session until more of it comes.
static size_t read_frames(struct raw *raw, const uint8_t *data, size_t len)
{
    size_t at = 0;
    while (len - at >= 9) {
        size_t payload = (size_t)data[at] << 16 | (size_t)data[at + 1] << 8 | data[at + 2];
        if (len - at < 9 + payload)
            break;
        read_frame(raw, data + at, data + at + 9, payload);
        at += 9 + payload;
    }
    return at;
}

static void read_answers(struct raw *raw)
{
    struct am_bytes bytes;
    while (rpc_session_output(raw->pair.server, &bytes) == AM_OK && bytes.len > 0) {
        size_t used = read_frames(raw, bytes.data, bytes.len);
        assert_true(used > 0); // output ends with a whole frame
        rpc_session_consumed(raw->pair.server, used);
    }
}

// ---- Writing

void raw_bytes(struct raw *raw, const void *data, size_t len)
{
    if (!rpc_session_wants_read(raw->pair.server))
        return;
    raw->error = rpc_session_receive(raw->pair.server, raw->pair.now, data, len);
    read_answers(raw);
}

size_t raw_put_frame(uint8_t *to, uint8_t type, uint8_t flags, int32_t stream, const void *payload, size_t len)
{
    const uint8_t head[RAW_HEAD] = {
        (uint8_t)(len >> 16),    (uint8_t)(len >> 8),     (uint8_t)len,           type,           flags,
        (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};
    memcpy(to, head, RAW_HEAD);
    if (len > 0)
        memcpy(to + RAW_HEAD, payload, len);
    return RAW_HEAD + len;
}

void raw_frame(struct raw *raw, uint8_t type, uint8_t flags, int32_t stream, const void *payload, size_t len)
{
    uint8_t *frame = test_malloc(RAW_HEAD + len);
    raw_bytes(raw, frame, raw_put_frame(frame, type, flags, stream, payload, len));
    test_free(frame);
}

void raw_preface(struct raw *raw)
{
    raw_bytes(raw, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    raw_frame(raw, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    raw_frame(raw, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
}

static void put_string(struct raw_block *block, const char *text)
{
    size_t len = strlen(text);
    assert_true(block->len + len + 6 < sizeof block->bytes);
    if (len < 127) {
        block->bytes[block->len++] = (uint8_t)len;
    } else { // RFC 7541 §5.1
        block->bytes[block->len++] = 127;
        size_t rest = len - 127;
        for (; rest >= 128; rest >>= 7)
            block->bytes[block->len++] = (uint8_t)(128 | (rest & 127));
        block->bytes[block->len++] = (uint8_t)rest;
    }
    memcpy(block->bytes + block->len, text, len);
    block->len += len;
}

void raw_field(struct raw_block *block, const char *name, const char *value)
{
    if (block->len == 0)
        block->bytes[block->len++] = 0x20; // our table is empty, as their SETTINGS want it (RFC 7541 §6.3)
    block->bytes[block->len++] = 0x10;     // literal, never indexed, new name (RFC 7541 §6.2.3)
    put_string(block, name);
    put_string(block, value);
}

void raw_request(struct raw_block *block, const char *path)
{
    block->len = 0;
    raw_field(block, ":method", "POST");
    raw_field(block, ":scheme", "https");
    raw_field(block, ":path", path);
    raw_field(block, ":authority", "hub.example");
    raw_field(block, "content-type", "application/grpc");
    raw_field(block, "te", "trailers");
}

void raw_headers(struct raw *raw, int32_t stream, const struct raw_block *block, bool end_stream)
{
    raw_frame(raw, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | (end_stream ? NGHTTP2_FLAG_END_STREAM : 0), stream,
              block->bytes, block->len);
}

void raw_call(struct raw *raw, int32_t stream, const char *path, bool end_stream)
{
    static struct raw_block block;
    raw_request(&block, path);
    raw_headers(raw, stream, &block, end_stream);
}

void raw_data(struct raw *raw, int32_t stream, const void *data, size_t len, bool end_stream)
{
    raw_frame(raw, NGHTTP2_DATA, end_stream ? NGHTTP2_FLAG_END_STREAM : 0, stream, data, len);
}

// ---- Asserting

void raw_assert_ended(struct raw *raw, uint32_t code, const char *reason)
{
    assert_int_equal(raw->goaways, 1);
    assert_int_equal(raw->goaway_code, code);
    assert_true(rpc_session_done(raw->pair.server));
    assert_string_equal(rpc_session_reason(raw->pair.server), reason);
}

void raw_assert_alive(struct raw *raw)
{
    assert_int_equal(raw->goaways, 0);
    assert_true(rpc_session_wants_read(raw->pair.server));
    assert_false(rpc_session_done(raw->pair.server));
    assert_string_equal(rpc_session_reason(raw->pair.server), "");
}
