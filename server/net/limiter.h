// SPDX-License-Identifier: Apache-2.0
// How many handshakes an address may begin in a second (security.md, Limits). Pure; one thread.
#pragma once

#include "proto/model/error.h"

#include <stdbool.h>

struct limiter;

// At most `per_second` of one address, and rows for at most `rows` addresses at once. NULL: out of memory.
struct limiter *limiter_new(uint32_t per_second, size_t rows);
void limiter_free(struct limiter *limiter);

// May this address (16 bytes; IPv6 counts by its /64, the caller cuts) begin one now? *ret_first is true for the first
// refusal in a second, so that a flood makes one line in the log.
bool limiter_take(struct limiter *limiter, const uint8_t address[16], uint64_t now_ns, bool *ret_first);
