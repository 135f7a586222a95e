// SPDX-License-Identifier: Apache-2.0
// The state of reading JSON into a message, shared by the reader and its conversions. Of the codec alone.
// One thread.
#pragma once

#include "proto/codec/codec.h"
#include "proto/codec/json.h"

#include <setjmp.h>
#include <yajl/yajl_parse.h>

#define JSON_FIELDS_MAX 128u // of one type; a descriptor is our own

// A message being filled.
struct json_level {
    ProtobufCMessage *message;
    const ProtobufCFieldDescriptor *field; // of the key read last
    bool in_array;
    size_t count, capacity; // elements of that field, the one being read included
    uint64_t seen[JSON_FIELDS_MAX / 64];
};

struct json_reader {
    const ProtobufCMessageDescriptor *type;
    struct am_bytes text;
    struct arena *arena;
    struct arena scratch; // yajl's own memory
    struct am_detail *detail;
    enum am_err err;
    yajl_handle yajl;
    bool finishing;     // yajl counts from the text's end now
    size_t line_offset; // newlines before it are in `line`
    unsigned line;
    unsigned depth; // of `levels` in use
    struct json_level levels[CODEC_DEPTH];
    ProtobufCMessage *message;
    jmp_buf no_memory; // yajl doesn't look whether it got memory
};

// Records the failure with the path of the value being read (or of `key` within the message, where not NULL) and its
// line. Always 0, which stops yajl.
__attribute__((format(printf, 4, 5))) int json_fail(struct json_reader *reader, enum am_err err, const char *key,
                                                    const char *format, ...);

// The same when reader->arena gave NULL.
int json_fail_memory(struct json_reader *reader);

// Whether the \u escapes of a string as written (without its quotes) come in whole surrogate pairs (RFC 8259 §8.2).
bool json_escapes_paired(const uint8_t *at, const uint8_t *end);

// A text from the file as it may be shown: at most 60 bytes, without control or format characters.
#define JSON_SHOWN 64u
void json_show(const void *text, size_t len, char ret_shown[JSON_SHOWN]);

// Store one value at `slot` for the field being read: 1, or 0 after json_fail.
int json_store_boolean(struct json_reader *reader, void *slot, bool value);
int json_store_number(struct json_reader *reader, void *slot, const char *text, size_t len);
int json_store_string(struct json_reader *reader, void *slot, const char *text, size_t len);
