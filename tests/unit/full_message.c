// SPDX-License-Identifier: Apache-2.0
// One value for every field type.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "tests/unit/full_message.h"

#include "proto/codec/timestamp.h"

#include <string.h>

static void *room(struct arena *arena, size_t size)
{
    void *made = arena_alloc(arena, size);
    assert_non_null(made);
    return made;
}

static ProtobufCMessage *full_time(struct arena *arena)
{
    Google__Protobuf__Timestamp *time = room(arena, sizeof *time);
    timestamp_from_ns(1000000000, time);
    return (ProtobufCMessage *)time;
}

static void put(const ProtobufCFieldDescriptor *field, void *at, struct arena *arena)
{
    const ProtobufCEnumDescriptor *codes = field->descriptor;
    switch (field->type) {
    case PROTOBUF_C_TYPE_ENUM: *(int *)at = codes->values[codes->n_values - 1].value; break;
    case PROTOBUF_C_TYPE_BOOL: *(protobuf_c_boolean *)at = 1; break;
    case PROTOBUF_C_TYPE_DOUBLE: *(double *)at = 1.5; break;
    case PROTOBUF_C_TYPE_FLOAT: *(float *)at = 1.5f; break;
    case PROTOBUF_C_TYPE_STRING: *(char **)at = arena_copy(arena, field->name, strlen(field->name)); break;
    case PROTOBUF_C_TYPE_BYTES: *(ProtobufCBinaryData *)at = (ProtobufCBinaryData){1, room(arena, 1)}; break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)at = field->descriptor == &google__protobuf__timestamp__descriptor
                                       ? full_time(arena)
                                       : full_message(field->descriptor, arena);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: *(uint64_t *)at = 7; break;
    default: *(uint32_t *)at = 7; break;
    }
}

void full_member(ProtobufCMessage *message, const ProtobufCFieldDescriptor *member, struct arena *arena)
{
    *(uint32_t *)((char *)message + member->quantifier_offset) = member->id;
    put(member, (char *)message + member->offset, arena);
}

ProtobufCMessage *full_message(const ProtobufCMessageDescriptor *type, struct arena *arena)
{
    ProtobufCMessage *message = room(arena, type->sizeof_message);
    protobuf_c_message_init(type, message);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        char *at = (char *)message + field->offset;
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            void *one = room(arena, sizeof(ProtobufCBinaryData));
            *(void **)at = one;
            *(size_t *)((char *)message + field->quantifier_offset) = 1;
            at = one;
        }
        put(field, at, arena);
    }
    return message;
}
