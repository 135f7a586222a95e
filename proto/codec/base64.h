// SPDX-License-Identifier: Apache-2.0
// Base64, strict (RFC 4648 §4 and §5). Pure; any thread.
#pragma once

#include "proto/model/error.h"

#define BASE64_ENCODED(len) (((len) + 2) / 3 * 4 + 1) // bytes of the text with its NUL
#define BASE64_DECODED(len) ((len) / 4 * 3 + 3)       // at least what a text of that length may give

// Standard alphabet with padding; ret_text holds BASE64_ENCODED(len) bytes.
void base64_encode(const void *data, size_t len, char *ret_text);

// Either alphabet (not mixed), padding there or left out, no white space, unused bits zero; else AM_INVALID.
// ret_data holds BASE64_DECODED(len) bytes and may be written to on failure.
AM_MUST_USE enum am_err base64_decode(const char *text, size_t len, uint8_t *ret_data, size_t *ret_len);
