// SPDX-License-Identifier: Apache-2.0
// Scan, then build in the arena; and the small questions one asks a descriptor.
#include "proto/codec/codec.h"

#include "proto/codec/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

// Not kept, so that nothing passes on what this program didn't understand. The memory goes with the arena.
static void forget_unknown(ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    message->n_unknown_fields = 0;
    message->unknown_fields = NULL;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        void *at = (char *)message + field->offset;
        const void *quantifier = (const char *)message + field->quantifier_offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            ProtobufCMessage **elements = *(ProtobufCMessage ***)at;
            for (size_t k = 0; k < *(const size_t *)quantifier; k++)
                forget_unknown(elements[k]);
            continue;
        }
        bool other = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 && *(const uint32_t *)quantifier != field->id;
        ProtobufCMessage *child = other ? NULL : *(ProtobufCMessage **)at;
        if (child != NULL)
            forget_unknown(child);
    }
}

enum am_err codec_decode(const ProtobufCMessageDescriptor *type, enum codec_mode mode, struct am_bytes bytes,
                         struct arena *arena, struct am_detail *detail, ProtobufCMessage **ret_message)
{
    const ProtobufCFieldDescriptor *most;
    bool unknown;
    TRY(scan_message(type, mode, bytes, detail, &unknown, &most));
    arena->error = AM_OK;
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &arena->allocator, bytes.len, bytes.data);
    if (message == NULL && arena_error(arena) == AM_TOO_LARGE)
        return am_fail(AM_TOO_LARGE, detail, most == NULL ? "" : most->name,
                       "%s needs more than %zu bytes of memory: send less at once", type->name, arena->limit);
    if (message == NULL && arena_error(arena) != AM_OK)
        return am_fail(AM_NOMEM, detail, "", "no memory for %s", type->name);
    if (message == NULL)
        return am_fail(AM_PROTO, detail, "", "not an encoding of %s", type->name);
    if (unknown)
        forget_unknown(message);
    *ret_message = message;
    return AM_OK;
}

enum am_err codec_encode(const ProtobufCMessage *message, struct arena *arena, struct am_bytes *ret_bytes)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_alloc(arena, len);
    if (data == NULL)
        return arena_error(arena);
    protobuf_c_message_pack(message, data);
    *ret_bytes = (struct am_bytes){data, len};
    return AM_OK;
}

enum am_err codec_encode_alloc(const ProtobufCMessage *message, uint8_t **ret_data, size_t *ret_len)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *data = malloc(len == 0 ? 1 : len);
    if (data == NULL)
        return AM_NOMEM;
    protobuf_c_message_pack(message, data);
    *ret_data = data;
    *ret_len = len;
    return AM_OK;
}

// True where none of eight bytes is zero or above 0x7f (the usual trick with carries).
static bool eight_plain(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return ((v | (v - 0x0101010101010101u)) & 0x8080808080808080u) == 0;
}

bool codec_text_valid(const void *text, size_t len)
{
    if (len == 0)
        return true;
    const uint8_t *at = text, *end = at + len;
    while (at < end) {
        if (end - at >= 8 && eight_plain(at)) {
            at += 8;
        } else if (*at != 0 && *at < 0x80) {
            at++;
        } else {
            utf8proc_int32_t codepoint;
            utf8proc_ssize_t used = *at == 0 ? 0 : utf8proc_iterate(at, end - at, &codepoint);
            if (used <= 0)
                return false;
            at += used;
        }
    }
    return true;
}

const char *codec_enum_name(const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(type, value);
    return found == NULL ? NULL : found->name;
}

void codec_enum_list(const ProtobufCEnumDescriptor *type, char *ret_list, size_t size)
{
    size_t len = 0;
    ret_list[0] = '\0';
    for (unsigned i = 0; i < type->n_values; i++) {
        if (type->values[i].value == 0)
            continue;
        int added = snprintf(ret_list + len, size - len, "%s%s", len > 0 ? ", " : "", type->values[i].name);
        if ((size_t)added >= size - len) {
            snprintf(ret_list + (len < size - 4 ? len : size - 4), 4, "\xe2\x80\xa6");
            return;
        }
        len += (size_t)added;
    }
}

enum am_err codec_enum_value(const ProtobufCEnumDescriptor *type, const char *name, int *ret_value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value_by_name(type, name);
    if (found == NULL)
        return AM_NOT_FOUND;
    *ret_value = found->value;
    return AM_OK;
}
