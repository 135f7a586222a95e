// SPDX-License-Identifier: Apache-2.0
// Walks the oneofs of Draft and Body by the table of kinds.
#include "proto/model/kind_body.h"

#include <string.h>

static const ProtobufCFieldDescriptor *field_of(unsigned kind, const ProtobufCMessageDescriptor *type)
{
    const struct kind *row = kind_get(kind);
    return row != NULL ? protobuf_c_message_descriptor_get_field_by_name(type, row->json) : NULL;
}

// Which member of its oneof a message has: protobuf-c keeps the field's number.
static uint32_t *case_of(const ProtobufCMessage *in, const ProtobufCFieldDescriptor *field)
{
    return (uint32_t *)(void *)((uint8_t *)in + field->quantifier_offset);
}

static ProtobufCMessage **body_at(const ProtobufCMessage *in, const ProtobufCFieldDescriptor *field)
{
    return (ProtobufCMessage **)(void *)((uint8_t *)in + field->offset);
}

unsigned kind_body_which(const ProtobufCMessage *in)
{
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        const ProtobufCFieldDescriptor *field = field_of(kind, in->descriptor);
        if (field != NULL && *case_of(in, field) == field->id)
            return kind;
    }
    return 0;
}

ProtobufCMessage *kind_body_get(const ProtobufCMessage *in)
{
    const ProtobufCFieldDescriptor *field = field_of(kind_body_which(in), in->descriptor);
    return field != NULL ? *body_at(in, field) : NULL;
}

bool kind_body_set(unsigned kind, ProtobufCMessage *in, ProtobufCMessage *body)
{
    const ProtobufCFieldDescriptor *field = field_of(kind, in->descriptor);
    if (field == NULL)
        return false;
    *case_of(in, field) = body != NULL ? field->id : 0;
    *body_at(in, field) = body;
    return true;
}

const ProtobufCMessageDescriptor *kind_body_type(unsigned kind)
{
    const ProtobufCFieldDescriptor *field = field_of(kind, &amana__v1__body__descriptor);
    return field != NULL ? field->descriptor : NULL;
}

static const char *text_at(const ProtobufCMessage *body, const ProtobufCFieldDescriptor *field)
{
    return *(const char *const *)(const void *)((const uint8_t *)body + field->offset);
}

const ProtobufCFieldDescriptor *kind_body_title_field(const ProtobufCMessage *body)
{
    for (unsigned i = 0; i < body->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &body->descriptor->fields[i];
        bool text = field->type == PROTOBUF_C_TYPE_STRING && field->label != PROTOBUF_C_LABEL_REPEATED;
        if (text && text_at(body, field)[0] != '\0')
            return field;
    }
    return NULL;
}

const char *kind_body_title(const ProtobufCMessage *body)
{
    const ProtobufCFieldDescriptor *field = body != NULL ? kind_body_title_field(body) : NULL;
    return field != NULL ? text_at(body, field) : "";
}

const char *kind_body_text(const ProtobufCMessage *body, const char *name)
{
    const ProtobufCFieldDescriptor *field =
        body != NULL ? protobuf_c_message_descriptor_get_field_by_name(body->descriptor, name) : NULL;
    bool text = field != NULL && field->type == PROTOBUF_C_TYPE_STRING && field->label != PROTOBUF_C_LABEL_REPEATED;
    return text ? text_at(body, field) : "";
}
