// SPDX-License-Identifier: Apache-2.0
// Random values for every field type.
#include "tests/unit/random_message.h"

#include "proto/codec/timestamp.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint32_t random_next(struct random_source *source)
{
    source->state = source->state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(source->state >> 32);
}

struct random_source random_seeded(const char *test)
{
    const char *given = getenv("AMANA_SEED");
    uint64_t seed = given == NULL ? (uint64_t)time(NULL) : strtoull(given, NULL, 0);
    printf("%s: AMANA_SEED=%llu\n", test, (unsigned long long)seed);
    struct random_source source = {seed};
    random_next(&source);
    return source;
}

static uint64_t next_wide(struct random_source *source)
{
    uint64_t value = (uint64_t)random_next(source) << 32 | random_next(source);
    return value >> (random_next(source) % 64);
}

static char *text(struct random_source *source, struct arena *arena)
{
    static const char *const PIECES[] = {"a", "Z", "9", "/", "\"", "\\", "\n", "\x01", "\x7f", "é", "ሰ", "س", "😀", " "};
    char buffer[200] = "";
    for (unsigned n = random_next(source) % 40; n > 0; n--)
        strcat(buffer, PIECES[random_next(source) % AM_LEN(PIECES)]);
    return arena_copy(arena, buffer, strlen(buffer));
}

static ProtobufCBinaryData bytes(struct random_source *source, struct arena *arena)
{
    size_t len = random_next(source) % 70;
    uint8_t *data = len == 0 ? NULL : arena_alloc(arena, len);
    for (size_t i = 0; data != NULL && i < len; i++)
        data[i] = (uint8_t)random_next(source);
    return (ProtobufCBinaryData){data == NULL ? 0 : len, data};
}

static ProtobufCMessage *time_value(struct random_source *source, struct arena *arena)
{
    Google__Protobuf__Timestamp *time = arena_alloc(arena, sizeof *time);
    if (time != NULL)
        timestamp_from_ns(next_wide(source), time);
    return (ProtobufCMessage *)time;
}

// Writes one value; the number of bytes it takes in an array, 0 for no memory.
static size_t put_value(struct random_source *source, const ProtobufCFieldDescriptor *field, void *at,
                        struct arena *arena)
{
    const ProtobufCEnumDescriptor *codes = field->descriptor;
    switch (field->type) {
    case PROTOBUF_C_TYPE_ENUM:
        *(int *)at = codes->values[random_next(source) % codes->n_values].value;
        return sizeof(int);
    case PROTOBUF_C_TYPE_BOOL: *(protobuf_c_boolean *)at = random_next(source) % 2; return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_FLOAT: *(float *)at = (float)(int32_t)random_next(source) / 1000; return sizeof(float);
    case PROTOBUF_C_TYPE_DOUBLE: *(double *)at = (double)(int64_t)next_wide(source) / 1e7; return sizeof(double);
    case PROTOBUF_C_TYPE_STRING: *(char **)at = text(source, arena); return *(char **)at == NULL ? 0 : sizeof(char *);
    case PROTOBUF_C_TYPE_BYTES: *(ProtobufCBinaryData *)at = bytes(source, arena); return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)at = field->descriptor == &google__protobuf__timestamp__descriptor
                                       ? time_value(source, arena)
                                       : random_message(source, field->descriptor, arena);
        return *(ProtobufCMessage **)at == NULL ? 0 : sizeof(void *);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: *(uint64_t *)at = next_wide(source); return sizeof(uint64_t);
    default: *(uint32_t *)at = (uint32_t)next_wide(source); return sizeof(uint32_t);
    }
}

static bool put_array(struct random_source *source, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message,
                      struct arena *arena)
{
    size_t count = 1 + random_next(source) % 3, size = 0;
    char *elements = arena_array(arena, count, sizeof(ProtobufCBinaryData));
    if (elements == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        if ((size = put_value(source, field, elements + i * size, arena)) == 0)
            return false;
    *(void **)((char *)message + field->offset) = elements;
    *(size_t *)((char *)message + field->quantifier_offset) = count;
    return true;
}

ProtobufCMessage *random_message(struct random_source *source, const ProtobufCMessageDescriptor *type,
                                 struct arena *arena)
{
    ProtobufCMessage *message = arena_alloc(arena, type->sizeof_message);
    if (message == NULL)
        return NULL;
    protobuf_c_message_init(type, message);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        uint32_t *quantifier = (uint32_t *)((char *)message + field->quantifier_offset);
        bool one_of = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        if (random_next(source) % 2 == 0 || (one_of && *quantifier != 0))
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            if (!put_array(source, field, message, arena))
                return NULL;
            continue;
        }
        if (put_value(source, field, (char *)message + field->offset, arena) == 0)
            return NULL;
        if (one_of)
            *quantifier = field->id;
    }
    return message;
}
