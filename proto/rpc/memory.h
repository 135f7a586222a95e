// SPDX-License-Identifier: Apache-2.0
// Where nghttp2's memory comes from: its one large buffer (16,394 bytes for frames to be sent) has pages of its own,
// which are given back while a connection is idle (recipes.md, nghttp2 server session). The session's thread.
#pragma once

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>

struct rpc_memory {
    nghttp2_mem mem;   // handed to nghttp2; its mem_user_data is this struct, which must not move
    uint8_t *pages;    // NULL: mmap failed, everything comes from malloc
    bool pages_in_use; // nghttp2 holds them
    bool pages_there;  // they were written to since rpc_memory_trim
    size_t held;       // bytes that nghttp2 has of malloc
};

// Takes pages of its own; without them all comes from malloc. It can't fail.
void rpc_memory_init(struct rpc_memory *memory);
// Bytes that nghttp2 has.
size_t rpc_memory_held(const struct rpc_memory *memory);
// After nghttp2_session_del.
void rpc_memory_clear(struct rpc_memory *memory);
// Only while nghttp2 has no frame under way (nghttp2_session_mem_send returned 0): the buffer reads as zeros after.
void rpc_memory_trim(struct rpc_memory *memory);
