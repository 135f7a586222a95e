// SPDX-License-Identifier: Apache-2.0
// A server's session that is fed frames made by hand, and what it answers, frame by frame.
#pragma once

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/rpc_pair.h"

#define RAW_HEAD    9   // bytes of a frame's head
#define RAW_STREAMS 700 // streams 1, 3, … that are kept account of

// What came on one stream.
struct raw_stream {
    int http_status; // -1: no headers came
    int grpc_status; // -1: none came
    bool has_accept_encoding;
    bool ended;
    bool reset;
    uint32_t reset_code;
    int64_t window; // sum of WINDOW_UPDATEs
    unsigned data_frames;
    size_t data;
};

struct raw {
    struct pair pair;  // server only; its service is PAIR_SERVER
    enum am_err error; // of the last receive
    nghttp2_hd_inflater *inflater;
    struct raw_stream streams[RAW_STREAMS];
    int64_t connection_window;
    unsigned settings_acks, ping_acks, goaways;
    uint32_t goaway_code;
    int32_t goaway_last;
    uint32_t initial_window; // from its SETTINGS
    bool broken;             // it sent something that is no HTTP/2
};

int raw_setup(void **state);
int raw_teardown(void **state);
// A session of its own for limits other than the usual; frees the one there is.
void raw_restart(struct raw *raw, const struct rpc_limits *limits);

void raw_bytes(struct raw *raw, const void *data, size_t len); // feeds, then reads all answers
void raw_preface(struct raw *raw);                             // magic and empty SETTINGS
// Writes a frame to `to`, which has room for RAW_HEAD + len; returns its length.
size_t raw_put_frame(uint8_t *to, uint8_t type, uint8_t flags, int32_t stream, const void *payload, size_t len);
void raw_frame(struct raw *raw, uint8_t type, uint8_t flags, int32_t stream, const void *payload, size_t len);

// A header block being made: literal fields, no compression.
struct raw_block {
    uint8_t bytes[200 * 1024];
    size_t len;
};
void raw_field(struct raw_block *block, const char *name, const char *value);
// The fields that every call has.
void raw_request(struct raw_block *block, const char *path);
// HEADERS with END_HEADERS.
void raw_headers(struct raw *raw, int32_t stream, const struct raw_block *block, bool end_stream);
// HEADERS of a call to `path`.
void raw_call(struct raw *raw, int32_t stream, const char *path, bool end_stream);
void raw_data(struct raw *raw, int32_t stream, const void *data, size_t len, bool end_stream);
// What came on a stream.
struct raw_stream *raw_stream(struct raw *raw, int32_t stream);

// It ended, with this code in GOAWAY and this reason for the log.
void raw_assert_ended(struct raw *raw, uint32_t code, const char *reason);
// It goes on and has nothing to complain about.
void raw_assert_alive(struct raw *raw);
