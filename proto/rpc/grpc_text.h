// SPDX-License-Identifier: Apache-2.0
// The text forms of gRPC's headers: timeouts, percent-encoded messages, base64 without padding. Any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GRPC_TIMEOUT_TEXT 12u   // "99999999S" and its NUL fit
#define GRPC_MESSAGE_TEXT 1024u // longest status text, before it is encoded
#define GRPC_DETAILS_MAX  4096u // longest status details, before they are encoded

// grpc-timeout: 1 to 8 digits and one of "HMSmun". False: malformed. "0n" gives 1 ns, as 0 means that there is none;
// what doesn't fit gives the largest that can be added to any clock.
bool grpc_timeout_parse(const uint8_t *text, size_t len, uint64_t *ret_ns);
// The smallest unit that takes ns in 8 digits, rounded up.
void grpc_timeout_format(uint64_t ns, char text[GRPC_TIMEOUT_TEXT]);

// grpc-message: every byte but 0x20-0x7e, and '%', becomes %XX. Text beyond GRPC_MESSAGE_TEXT is cut before a whole
// UTF-8 character. The result is allocated; NULL when there is no memory.
char *grpc_message_encode(const char *text);
// In place; a '%' without two hex digits stays as it is (the specification wants no error). NUL-terminated input.
void grpc_message_decode(char *text);

// Standard alphabet, no padding, NUL-terminated, allocated; NULL when there is no memory. len at most GRPC_DETAILS_MAX.
char *grpc_base64_encode(const uint8_t *data, size_t len);
// With or without padding. False: not base64, or no memory; *ret_data is allocated and may be longer than *ret_len.
bool grpc_base64_decode(const char *text, size_t len, uint8_t **ret_data, size_t *ret_len);
