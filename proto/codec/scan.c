// SPDX-License-Identifier: Apache-2.0
// protobuf-c takes unknown fields, doubled singular fields, any bytes in a string and any nesting: refused here.
#include "proto/codec/scan.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 96u // of one type; a descriptor is our own

// The message being read, and the way to it for the path in a detail.
struct frame {
    const struct frame *parent;
    const ProtobufCMessageDescriptor *type;
    const ProtobufCFieldDescriptor *field; // being read, NULL for an unknown one
    uint32_t number;                       // its number
    unsigned depth;
    uint16_t counts[FIELDS_MAX]; // of each field so far; the last one counted is the one being read
};

struct scan {
    enum codec_mode mode;
    struct am_detail *detail;
    bool unknown;
};

struct reader {
    const uint8_t *at, *end;
};

static const uint8_t WIRE[] = {
    [PROTOBUF_C_TYPE_INT32] = PROTOBUF_C_WIRE_TYPE_VARINT,
    [PROTOBUF_C_TYPE_SINT32] = PROTOBUF_C_WIRE_TYPE_VARINT,
    [PROTOBUF_C_TYPE_SFIXED32] = PROTOBUF_C_WIRE_TYPE_32BIT,
    [PROTOBUF_C_TYPE_INT64] = PROTOBUF_C_WIRE_TYPE_VARINT,
    [PROTOBUF_C_TYPE_SINT64] = PROTOBUF_C_WIRE_TYPE_VARINT,
    [PROTOBUF_C_TYPE_SFIXED64] = PROTOBUF_C_WIRE_TYPE_64BIT,
    [PROTOBUF_C_TYPE_UINT32] = PROTOBUF_C_WIRE_TYPE_VARINT,
    [PROTOBUF_C_TYPE_FIXED32] = PROTOBUF_C_WIRE_TYPE_32BIT,
    [PROTOBUF_C_TYPE_UINT64] = PROTOBUF_C_WIRE_TYPE_VARINT,
    [PROTOBUF_C_TYPE_FIXED64] = PROTOBUF_C_WIRE_TYPE_64BIT,
    [PROTOBUF_C_TYPE_FLOAT] = PROTOBUF_C_WIRE_TYPE_32BIT,
    [PROTOBUF_C_TYPE_DOUBLE] = PROTOBUF_C_WIRE_TYPE_64BIT,
    [PROTOBUF_C_TYPE_BOOL] = PROTOBUF_C_WIRE_TYPE_VARINT,
    [PROTOBUF_C_TYPE_ENUM] = PROTOBUF_C_WIRE_TYPE_VARINT,
    [PROTOBUF_C_TYPE_STRING] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
    [PROTOBUF_C_TYPE_BYTES] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
    [PROTOBUF_C_TYPE_MESSAGE] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
};

static unsigned element_index(const struct frame *frame)
{
    unsigned count = frame->counts[frame->field - frame->type->fields];
    return count == 0 ? 0 : count - 1;
}

static void path_append(const struct frame *frame, char *path, size_t size)
{
    if (frame->parent != NULL)
        path_append(frame->parent, path, size);
    size_t len = strlen(path);
    const char *dot = len > 0 ? "." : "";
    if (frame->field == NULL)
        snprintf(path + len, size - len, "%s%u", dot, frame->number);
    else if (frame->field->label == PROTOBUF_C_LABEL_REPEATED)
        snprintf(path + len, size - len, "%s%s[%u]", dot, frame->field->name, element_index(frame));
    else
        snprintf(path + len, size - len, "%s%s", dot, frame->field->name);
}

__attribute__((format(printf, 4, 5))) static enum am_err fail(const struct scan *scan, const struct frame *frame,
                                                              enum am_err err, const char *format, ...)
{
    if (scan->detail == NULL)
        return err;
    char path[sizeof scan->detail->field] = "", text[sizeof scan->detail->text];
    path_append(frame, path, sizeof path);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return am_fail(err, scan->detail, path, "%s", text);
}

// The same for a fault between fields, where no field is being read: the path of the message itself.
static enum am_err fail_between(const struct scan *scan, const struct frame *frame, const char *text)
{
    if (frame->parent != NULL)
        return fail(scan, frame->parent, AM_PROTO, "%s", text);
    return am_fail(AM_PROTO, scan->detail, "", "%s", text);
}

// NULL, or what is wrong.
static const char *read_varint(const struct scan *scan, struct reader *reader, uint64_t *ret_value)
{
    const uint8_t *at = reader->at;
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (at == reader->end)
            return "cut short within a number";
        uint8_t byte = *at++;
        if (shift == 63 && byte > 1)
            return "a number of more than 64 bits";
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            if (byte == 0 && shift > 0 && scan->mode == CODEC_STRICT)
                return "a number in more bytes than it needs";
            reader->at = at;
            *ret_value = value;
            return NULL;
        }
    }
    return "a number of more than 64 bits";
}

static enum am_err check_integer(const struct scan *scan, const struct frame *frame, uint64_t value)
{
    switch (frame->field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        if ((int64_t)value < INT32_MIN || (int64_t)value > INT32_MAX)
            return fail(scan, frame, AM_PROTO, "does not fit into 32 bits");
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_SINT32:
        if (value > UINT32_MAX)
            return fail(scan, frame, AM_PROTO, "does not fit into 32 bits");
        break;
    case PROTOBUF_C_TYPE_BOOL:
        if (value > 1)
            return fail(scan, frame, AM_PROTO, "is neither 0 nor 1");
        break;
    default: break;
    }
    if (frame->field->type == PROTOBUF_C_TYPE_ENUM && scan->mode == CODEC_STRICT &&
        codec_enum_name(frame->field->descriptor, (int)(int64_t)value) == NULL)
        return fail(scan, frame, AM_INVALID, "%lld is no value of %s", (long long)value,
                    ((const ProtobufCEnumDescriptor *)frame->field->descriptor)->name);
    return AM_OK;
}

static enum am_err count_one(const struct scan *scan, struct frame *frame)
{
    uint16_t *count = &frame->counts[frame->field - frame->type->fields];
    if (++*count > CODEC_REPEATED)
        return fail(scan, frame, AM_INVALID, "more than %u elements", CODEC_REPEATED);
    return AM_OK;
}

// One value of wire type `wire`, other than a message's.
static enum am_err scan_scalar(const struct scan *scan, const struct frame *frame, struct reader *reader, unsigned wire)
{
    if (wire == PROTOBUF_C_WIRE_TYPE_VARINT) {
        uint64_t value;
        const char *wrong = read_varint(scan, reader, &value);
        if (wrong != NULL)
            return fail(scan, frame, AM_PROTO, "%s", wrong);
        return frame->field == NULL ? AM_OK : check_integer(scan, frame, value);
    }
    size_t width = wire == PROTOBUF_C_WIRE_TYPE_64BIT ? 8 : 4;
    if ((size_t)(reader->end - reader->at) < width)
        return fail(scan, frame, AM_PROTO, "cut short within a number");
    reader->at += width;
    return AM_OK;
}

static enum am_err scan_packed(const struct scan *scan, struct frame *frame, struct reader inner)
{
    while (inner.at < inner.end) {
        TRY(count_one(scan, frame));
        TRY(scan_scalar(scan, frame, &inner, WIRE[frame->field->type]));
    }
    return AM_OK;
}

static enum am_err read_length(const struct scan *scan, const struct frame *frame, struct reader *reader,
                               struct reader *ret_inner)
{
    uint64_t len;
    const char *wrong = read_varint(scan, reader, &len);
    if (wrong != NULL)
        return fail(scan, frame, AM_PROTO, "%s", wrong);
    if (len > (uint64_t)(reader->end - reader->at))
        return fail(scan, frame, AM_PROTO, "cut short: says to have %llu bytes", (unsigned long long)len);
    *ret_inner = (struct reader){reader->at, reader->at + len};
    reader->at += len;
    return AM_OK;
}

static enum am_err skip_unknown(struct scan *scan, const struct frame *frame, struct reader *reader, unsigned wire)
{
    if (scan->mode == CODEC_STRICT)
        return fail(scan, frame, AM_INVALID, "no field of %s has the number %u", frame->type->name, frame->number);
    scan->unknown = true;
    struct reader inner;
    switch (wire) {
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED: return read_length(scan, frame, reader, &inner);
    case PROTOBUF_C_WIRE_TYPE_VARINT:
    case PROTOBUF_C_WIRE_TYPE_64BIT:
    case PROTOBUF_C_WIRE_TYPE_32BIT: return scan_scalar(scan, frame, reader, wire);
    default: return fail(scan, frame, AM_PROTO, "has wire type %u, which this format does not use", wire);
    }
}

// Whether another member of the field's oneof was there before; NULL or that member.
static const ProtobufCFieldDescriptor *oneof_rival(const struct frame *frame)
{
    const ProtobufCFieldDescriptor *field = frame->field;
    for (unsigned i = 0; i < frame->type->n_fields; i++) {
        const ProtobufCFieldDescriptor *other = &frame->type->fields[i];
        if (other != field && (other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
            other->quantifier_offset == field->quantifier_offset && frame->counts[i] > 0)
            return other;
    }
    return NULL;
}

static enum am_err check_singular(const struct scan *scan, const struct frame *frame)
{
    if (frame->counts[frame->field - frame->type->fields] > 0)
        return fail(scan, frame, AM_INVALID, "is there twice");
    if ((frame->field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
        return AM_OK;
    const ProtobufCFieldDescriptor *rival = oneof_rival(frame);
    if (rival != NULL)
        return fail(scan, frame, AM_INVALID, "only one may be there, and there is %s too", rival->name);
    return AM_OK;
}

static enum am_err scan_fields(struct scan *scan, struct frame *frame, struct reader reader);

static enum am_err scan_prefixed(struct scan *scan, struct frame *frame, struct reader *reader)
{
    struct reader inner;
    TRY(read_length(scan, frame, reader, &inner));
    if (frame->field->type == PROTOBUF_C_TYPE_STRING && !codec_text_valid(inner.at, (size_t)(inner.end - inner.at)))
        return fail(scan, frame, AM_INVALID, "is not UTF-8 text without NUL");
    if (frame->field->type != PROTOBUF_C_TYPE_MESSAGE)
        return AM_OK;
    if (frame->depth + 1 >= CODEC_DEPTH)
        return fail(scan, frame, AM_INVALID, "more than %u messages within each other", CODEC_DEPTH);
    struct frame child;
    child.parent = frame;
    child.type = frame->field->descriptor;
    child.depth = frame->depth + 1;
    return scan_fields(scan, &child, inner);
}

static enum am_err scan_known(struct scan *scan, struct frame *frame, struct reader *reader, unsigned wire)
{
    const ProtobufCFieldDescriptor *field = frame->field;
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    unsigned expected = WIRE[field->type];
    if (repeated && wire == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED && expected != wire) {
        struct reader inner;
        TRY(read_length(scan, frame, reader, &inner));
        return scan_packed(scan, frame, inner);
    }
    if (!repeated)
        TRY(check_singular(scan, frame));
    TRY(count_one(scan, frame));
    if (wire != expected)
        return fail(scan, frame, AM_PROTO, "has wire type %u instead of %u", wire, expected);
    if (wire == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
        return scan_prefixed(scan, frame, reader);
    return scan_scalar(scan, frame, reader, wire);
}

static enum am_err scan_fields(struct scan *scan, struct frame *frame, struct reader reader)
{
    assert(frame->type->n_fields <= FIELDS_MAX);
    memset(frame->counts, 0, frame->type->n_fields * sizeof frame->counts[0]);
    while (reader.at < reader.end) {
        uint64_t tag;
        const char *wrong = read_varint(scan, &reader, &tag);
        if (wrong != NULL)
            return fail_between(scan, frame, wrong);
        if (tag > UINT32_MAX || tag >> 3 == 0)
            return fail_between(scan, frame, "a field number out of range");
        frame->number = (uint32_t)tag >> 3;
        frame->field = protobuf_c_message_descriptor_get_field(frame->type, frame->number);
        if (frame->field == NULL)
            TRY(skip_unknown(scan, frame, &reader, tag & 7));
        else
            TRY(scan_known(scan, frame, &reader, tag & 7));
    }
    return AM_OK;
}

static const ProtobufCFieldDescriptor *most_repeated(const struct frame *frame)
{
    const ProtobufCFieldDescriptor *most = NULL;
    for (unsigned i = 0; i < frame->type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &frame->type->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED &&
            frame->counts[i] > (most == NULL ? 0 : frame->counts[most - frame->type->fields]))
            most = field;
    }
    return most;
}

enum am_err scan_message(const ProtobufCMessageDescriptor *type, enum codec_mode mode, struct am_bytes bytes,
                         struct am_detail *detail, bool *ret_unknown, const ProtobufCFieldDescriptor **ret_most)
{
    struct scan scan = {.mode = mode, .detail = detail};
    struct frame top;
    top.parent = NULL;
    top.type = type;
    top.depth = 0;
    if (bytes.len > 0)
        TRY(scan_fields(&scan, &top, (struct reader){bytes.data, bytes.data + bytes.len}));
    *ret_unknown = scan.unknown;
    *ret_most = bytes.len > 0 ? most_repeated(&top) : NULL;
    return AM_OK;
}
