// SPDX-License-Identifier: Apache-2.0
// JSON to and from any message by its descriptor, after the proto3 JSON mapping; faults are named by path and line.
// Any thread, each with an arena of its own.
#pragma once

#include "proto/codec/arena.h"

#include <jansson.h>
#include <stdbool.h>

// Reads one JSON object of at most LIMIT_DRAFT bytes into a message that lives in `arena`. Beyond JSON: `//` and `/*
// */` comments, a byte order mark. Keys are the names of the .proto file or their lowerCamelCase; enums bare names or
// numbers; 64-bit integers numbers or strings; bytes base64 (either alphabet, padding optional);
// google.protobuf.Timestamp RFC 3339; null is absent.
//   AM_INVALID    a syntax error, an unknown key (the nearest known one is named) or enum value, a key or a oneof
//   twice,
//                 a number out of range, a value of another type, a string that is not UTF-8 or has a NUL
//   AM_TOO_LARGE  longer than LIMIT_DRAFT, more than CODEC_REPEATED elements, the arena's limit; AM_NOMEM
// *detail (may be NULL): `field` the path "alert.persons[0].names[1].text" as written in the .proto, `line` 1-based.
AM_MUST_USE enum am_err json_to_message(const ProtobufCMessageDescriptor *type, struct am_bytes text,
                                        struct arena *arena, struct am_detail *detail, ProtobufCMessage **ret_message);

// Flags of the output.
#define JSON_DEFAULTS 1u // fields that are absent or have their default value too (oneof members only when set)

// A new reference; keys in the order of the field numbers and named as in the .proto, enums by bare name, 64-bit
// integers as strings, bytes base64 with padding, times RFC 3339 with 'Z'. NULL: out of memory, a string that is not
// UTF-8, or a time out of range.
json_t *json_from_message(const ProtobufCMessage *message, unsigned flags);

// The same as one line of text without a newline, malloc'ed.
char *json_print(const ProtobufCMessage *message, unsigned flags);
