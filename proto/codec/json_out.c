// SPDX-License-Identifier: Apache-2.0
// Any message as JSON by its descriptor, in the order of the field numbers.
#include "proto/codec/base64.h"
#include "proto/codec/codec.h"
#include "proto/codec/field.h"
#include "proto/codec/json.h"
#include "proto/codec/timestamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *real(double value)
{
    if (isfinite(value))
        return json_real(value);
    return json_string(isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
}

static json_t *signed_text(int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    return json_string(text);
}

static json_t *unsigned_text(uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

static json_t *bytes(const ProtobufCBinaryData *data)
{
    size_t size = BASE64_ENCODED(data->len);
    char *text = malloc(size);
    if (text == NULL)
        return NULL;
    base64_encode(data->data, data->len, text);
    json_t *value = json_stringn_nocheck(text, size - 1);
    free(text);
    return value;
}

static json_t *code(const ProtobufCEnumDescriptor *type, int value)
{
    const char *name = codec_enum_name(type, value);
    return name == NULL ? json_integer(value) : json_string(name);
}

static json_t *message(const ProtobufCMessage *child, unsigned flags)
{
    if (child->descriptor != &google__protobuf__timestamp__descriptor)
        return json_from_message(child, flags);
    char text[TIMESTAMP_TEXT];
    if (timestamp_print((const Google__Protobuf__Timestamp *)child, text) != AM_OK)
        return NULL;
    return json_string(text);
}

// One value that is there.
static json_t *value_of(const ProtobufCFieldDescriptor *field, const void *at, unsigned flags)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32: return json_integer(*(const int32_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32: return json_integer(*(const uint32_t *)at);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64: return signed_text(*(const int64_t *)at);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: return unsigned_text(*(const uint64_t *)at);
    case PROTOBUF_C_TYPE_FLOAT: return real((double)*(const float *)at);
    case PROTOBUF_C_TYPE_DOUBLE: return real(*(const double *)at);
    case PROTOBUF_C_TYPE_BOOL: return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_ENUM: return code(field->descriptor, *(const int *)at);
    case PROTOBUF_C_TYPE_STRING: return json_string(*(char *const *)at == NULL ? "" : *(char *const *)at);
    case PROTOBUF_C_TYPE_BYTES: return bytes(at);
    case PROTOBUF_C_TYPE_MESSAGE: return message(*(ProtobufCMessage *const *)at, flags);
    }
    return NULL;
}

static json_t *list_of(const ProtobufCFieldDescriptor *field, const void *at, size_t count, unsigned flags)
{
    json_t *list = json_array();
    const char *elements = *(char *const *)at;
    for (size_t i = 0; list != NULL && i < count; i++) {
        // json_array_append_new takes the value in any case and refuses NULL.
        if (json_array_append_new(list, value_of(field, elements + i * field_size(field->type), flags)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

// Whether a singular field has the value that proto3 leaves out.
static bool is_default(const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: return *(char *const *)at == NULL || **(char *const *)at == '\0';
    case PROTOBUF_C_TYPE_BYTES: return ((const ProtobufCBinaryData *)at)->len == 0;
    case PROTOBUF_C_TYPE_MESSAGE: return *(ProtobufCMessage *const *)at == NULL;
    default: break;
    }
    static const char ZEROS[8];
    return memcmp(at, ZEROS, field_size(field->type)) == 0;
}

// True where the field is printed; *ret_value is its value, NULL for a failure.
static bool print_field(const ProtobufCMessage *from, const ProtobufCFieldDescriptor *field, unsigned flags,
                        json_t **ret_value)
{
    const void *at = (const char *)from + field->offset;
    const void *quantifier = (const char *)from + field->quantifier_offset;
    bool all = (flags & JSON_DEFAULTS) != 0;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)quantifier;
        if (count == 0 && !all)
            return false;
        *ret_value = list_of(field, at, count, flags);
        return true;
    }
    bool one_of = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    if (one_of && *(const uint32_t *)quantifier != field->id)
        return false;
    if (!one_of && is_default(field, at) && !all)
        return false;
    bool absent = field->type == PROTOBUF_C_TYPE_MESSAGE && is_default(field, at);
    *ret_value = absent ? json_null() : value_of(field, at, flags);
    return true;
}

json_t *json_from_message(const ProtobufCMessage *from, unsigned flags)
{
    const ProtobufCMessageDescriptor *type = from->descriptor;
    json_t *object = json_object();
    for (unsigned i = 0; object != NULL && i < type->n_fields; i++) {
        json_t *value;
        if (!print_field(from, &type->fields[i], flags, &value))
            continue;
        if (json_object_set_new_nocheck(object, type->fields[i].name, value) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

// Not json_dumps: out of memory, jansson 2.14 may leave out a key and say nothing. Here the length is known before.
static char *dump(const json_t *object)
{
    size_t len = json_dumpb(object, NULL, 0, JSON_COMPACT);
    char *text = len == 0 ? NULL : malloc(len + 1);
    if (text != NULL && json_dumpb(object, text, len, JSON_COMPACT) != len) {
        free(text);
        return NULL;
    }
    if (text != NULL)
        text[len] = '\0';
    return text;
}

char *json_print(const ProtobufCMessage *from, unsigned flags)
{
    json_t *object = json_from_message(from, flags);
    char *text = object == NULL ? NULL : dump(object);
    json_decref(object);
    return text;
}
