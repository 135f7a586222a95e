// SPDX-License-Identifier: Apache-2.0
// Lines, numbers and hashes of the C2SP texts, read the one way that they are written. For this folder alone.
// Any thread.
#pragma once

#include "proto/model/error.h"

#include <stdbool.h>

// Takes the next line off *text, without its newline. False where there is no whole line left.
bool text_line(struct am_bytes *text, struct am_bytes *ret_line);

// Takes these characters off the front. False where it begins otherwise.
bool text_skip(struct am_bytes *text, const char *prefix);

// Whether it is exactly these characters.
bool text_is(struct am_bytes text, const char *word);

// Decimal, no sign, no leading zero, at most 2^64 - 1. False otherwise.
bool text_number(struct am_bytes text, uint64_t *ret_number);

// Standard base64 with padding of exactly `len` bytes (at most 72), unused bits zero. False otherwise.
bool text_base64(struct am_bytes text, uint8_t *ret_bytes, size_t len);
