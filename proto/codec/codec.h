// SPDX-License-Identifier: Apache-2.0
// Protobuf from outside into typed values, checked on the wire first (wire.md, Traps); and typed values into bytes.
// Pure; any thread, each with an arena of its own.
#pragma once

#include "proto/codec/arena.h"

#include <stdbool.h>

// STRICT: for bytes that are signed, hashed or sealed, and so must mean one thing to everybody: headers, flags, bodies,
// rosters, statements, entries of the log. Unknown fields, unknown enum values and overlong varints are refused.
// LENIENT: for requests and answers of newer programs: unknown fields are skipped and not kept, unknown enum values
// stay as numbers, overlong varints (at most 10 bytes) pass. Everything else is refused in both.
enum codec_mode { CODEC_STRICT, CODEC_LENIENT };

#define CODEC_DEPTH    16u   // messages within messages
#define CODEC_REPEATED 8192u // elements of one repeated field of one message

// Decodes one message. All of it lives in `arena`; nothing points into `bytes`; strings are valid UTF-8 without NUL.
// Absent strings are "", absent bytes {0, NULL}, absent messages NULL (protobuf-c, proto3).
//   AM_PROTO      not a protobuf encoding of this type: cut short, wire type, group, varint or integer out of range
//   AM_INVALID    well formed but not allowed: unknown field or enum value (STRICT), a singular field twice, two
//   members
//                 of a oneof, a string that is not UTF-8 or has a NUL, more than CODEC_REPEATED elements
//   AM_TOO_LARGE  the arena's limit, AM_NOMEM out of memory
// In *detail (may be NULL): `field` is the path "recipients[2].unit" ("recipients[2].99" for an unknown number); with
// AM_TOO_LARGE the message's field that has the most elements.
// Use: codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, bytes, &arena, &detail, (ProtobufCMessage **)&header)
AM_MUST_USE enum am_err codec_decode(const ProtobufCMessageDescriptor *type, enum codec_mode mode,
                                     struct am_bytes bytes, struct arena *arena, struct am_detail *detail,
                                     ProtobufCMessage **ret_message);

// Encodes in field order, so the same values give the same bytes. In the arena; AM_TOO_LARGE or AM_NOMEM.
// The caller answers for strings being UTF-8 (codec_text_valid).
AM_MUST_USE enum am_err codec_encode(const ProtobufCMessage *message, struct arena *arena, struct am_bytes *ret_bytes);

// The same in malloc'ed memory that the caller frees. AM_NOMEM.
AM_MUST_USE enum am_err codec_encode_alloc(const ProtobufCMessage *message, uint8_t **ret_data, size_t *ret_len);

// True where text[0..len) is valid UTF-8 without NUL. Control characters are allowed.
bool codec_text_valid(const void *text, size_t len);

// The bare name of an enum value ("ALERT"), NULL where the number is unknown. Static.
const char *codec_enum_name(const ProtobufCEnumDescriptor *type, int value);

// "ALERT, UPDATE, CANCEL" of all its values but 0; as many as fit, then "…".
void codec_enum_list(const ProtobufCEnumDescriptor *type, char *ret_list, size_t size);

// The number of a bare name (case matters). AM_NOT_FOUND.
AM_MUST_USE enum am_err codec_enum_value(const ProtobufCEnumDescriptor *type, const char *name, int *ret_value);

// Bytes of a message's field: {data, len} as am_bytes and back.
static inline struct am_bytes codec_bytes(ProtobufCBinaryData data)
{
    return (struct am_bytes){data.data, data.len};
}
static inline ProtobufCBinaryData codec_binary(struct am_bytes bytes)
{
    return (ProtobufCBinaryData){bytes.len, (uint8_t *)bytes.data};
}
