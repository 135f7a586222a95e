// SPDX-License-Identifier: Apache-2.0
// How protobuf-c keeps a field in memory. Any thread.
#pragma once

#include <protobuf-c/protobuf-c.h>

// Bytes of one value in a generated struct or an array of it.
static inline size_t field_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    default: return 4; // 32 bits, float, enum, protobuf_c_boolean
    }
}
