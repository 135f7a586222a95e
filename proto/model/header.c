// SPDX-License-Identifier: Apache-2.0
// Presence of a header's fields, told by their descriptors; and times.
#include "proto/model/header.h"

#include <string.h>

static bool value_is_there(const void *at, ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING: return *(const char *const *)at != NULL && **(const char *const *)at != '\0';
    case PROTOBUF_C_TYPE_BYTES: return ((const ProtobufCBinaryData *)at)->len != 0;
    case PROTOBUF_C_TYPE_MESSAGE: return *(const void *const *)at != NULL;
    case PROTOBUF_C_TYPE_UINT64: return *(const uint64_t *)at != 0;
    case PROTOBUF_C_TYPE_DOUBLE: return *(const double *)at < 0 || *(const double *)at > 0;
    default: return *(const uint32_t *)at != 0; // enums, booleans and uint32: no message has another type
    }
}

bool header_has(const Amana__V1__Header *header, const ProtobufCFieldDescriptor *field)
{
    return message_has(&header->base, field);
}

bool message_has(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const uint8_t *base = (const uint8_t *)message;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return *(const size_t *)(const void *)(base + field->quantifier_offset) != 0;
    return value_is_there(base + field->offset, field->type);
}

bool header_time(const Google__Protobuf__Timestamp *time, uint64_t *ret_ns)
{
    if (time == NULL || time->seconds < 0 || time->nanos < 0 || time->nanos >= (int32_t)NS_PER_S ||
        (uint64_t)time->seconds >= UINT64_MAX / NS_PER_S)
        return false;
    *ret_ns = (uint64_t)time->seconds * NS_PER_S + (uint64_t)time->nanos;
    return true;
}

uint64_t header_time_or_0(const Google__Protobuf__Timestamp *time)
{
    uint64_t ns = 0;
    return header_time(time, &ns) ? ns : 0;
}

const Amana__V1__Recipient *header_recipient(const Amana__V1__Header *header, const char *unit)
{
    for (size_t i = 0; i < header->n_recipients; i++)
        if (strcmp(header->recipients[i]->unit, unit) == 0)
            return header->recipients[i];
    return NULL;
}

bool header_asks(const Amana__V1__Header *header, const char *unit)
{
    const Amana__V1__Recipient *recipient = header_recipient(header, unit);
    return recipient != NULL && recipient->part == AMANA__V1__PART__CODE__ACTION;
}

bool header_urgent(const Amana__V1__Header *header)
{
    return header != NULL &&
           (header->urgency == AMANA__V1__URGENCY__CODE__U1 || header->urgency == AMANA__V1__URGENCY__CODE__U2);
}

bool header_points_at(const Amana__V1__Pointer *pointer, const uint8_t digest[32])
{
    return pointer != NULL && pointer->header_digest.len == 32 && memcmp(pointer->header_digest.data, digest, 32) == 0;
}

bool header_points_alike(const Amana__V1__Pointer *one, const Amana__V1__Pointer *other)
{
    return other != NULL && other->header_digest.len == 32 && header_points_at(one, other->header_digest.data);
}
