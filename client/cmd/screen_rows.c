// SPDX-License-Identifier: Apache-2.0
// A walk over descriptors that prints what is there.
#include "client/cmd/screen_rows.h"

#include "amana/v1/body.pb-c.h"
#include "client/cmd/print.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/codec/field.h"

#include <inttypes.h>
#include <string.h>

#define LABEL 16

static void label(FILE *out, const char *name, unsigned indent)
{
    char words[64];
    snprintf(words, sizeof words, "%s", name);
    for (char *c = words; *c != '\0'; c++)
        if (*c == '_')
            *c = ' ';
    fprintf(out, "%*s%-*s%s", (int)indent, "", LABEL, words, strlen(words) < LABEL ? "" : " ");
}

static bool skipped(const char *name, const struct screen_how *how)
{
    for (const char *const *skip = how != NULL ? how->skip : NULL; skip != NULL && *skip != NULL; skip++)
        if (strcmp(*skip, name) == 0)
            return true;
    return false;
}

static bool is_time(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE && field->descriptor == &google__protobuf__timestamp__descriptor;
}

// What is empty or 0 says nothing.
static bool says_something(const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: return (*(char *const *)at)[0] != '\0';
    case PROTOBUF_C_TYPE_ENUM: return *(const int *)at != 0;
    case PROTOBUF_C_TYPE_BOOL: return *(const protobuf_c_boolean *)at != 0;
    case PROTOBUF_C_TYPE_UINT32: return *(const uint32_t *)at != 0;
    case PROTOBUF_C_TYPE_BYTES: return ((const ProtobufCBinaryData *)at)->len != 0;
    default: return true;
    }
}

static void value(FILE *out, const ProtobufCFieldDescriptor *field, const void *at, unsigned indent)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: print_text(out, *(char *const *)at, indent + LABEL); break;
    case PROTOBUF_C_TYPE_ENUM: print_code(out, codec_enum_name(field->descriptor, *(const int *)at), false); break;
    case PROTOBUF_C_TYPE_BOOL: fputs("yes", out); break;
    case PROTOBUF_C_TYPE_UINT32: fprintf(out, "%" PRIu32, *(const uint32_t *)at); break;
    case PROTOBUF_C_TYPE_DOUBLE: fprintf(out, "%.4f", *(const double *)at); break;
    case PROTOBUF_C_TYPE_BYTES: fprintf(out, "%zu bytes", ((const ProtobufCBinaryData *)at)->len); break;
    case PROTOBUF_C_TYPE_MESSAGE: fputs(print_time(*(Google__Protobuf__Timestamp *const *)at), out); break;
    default: fputs("?", out); break; // no field of a body has another type; a new one would show itself here
    }
}

// What is asked about a person, not what was done.
static bool suspended(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, int code,
                      const struct screen_how *how)
{
    return how != NULL && how->no_detention != NULL && message->descriptor == &amana__v1__person__descriptor &&
           field->descriptor == &amana__v1__action__code__descriptor && code == AMANA__V1__ACTION__CODE__DETAIN;
}

// Words of people: joined by commas they would read as one.
static bool in_sentences(const ProtobufCFieldDescriptor *field, char *const *texts, size_t count)
{
    for (size_t i = 0; field->type == PROTOBUF_C_TYPE_STRING && i < count; i++)
        if (strpbrk(texts[i], " ,;") != NULL)
            return true;
    return false;
}

static void row_list(FILE *out, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                     const void *elements, size_t count, unsigned indent, const struct screen_how *how)
{
    bool apart = in_sentences(field, elements, count);
    label(out, field->name, indent);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && apart)
            fprintf(out, "\n%*s", (int)(indent + LABEL), "");
        else
            fputs(i > 0 ? ", " : "", out);
        const void *at = (const char *)elements + i * field_size(field->type);
        value(out, field, at, indent);
        if (field->type == PROTOBUF_C_TYPE_ENUM && suspended(message, field, *(const int *)at, how))
            fprintf(out, " (%s)", how->no_detention);
    }
    fputc('\n', out);
}

// "names   ዩሱፍ = Yusuf (given), Adan (father)": who it is stands in one row, to be read aloud.
static void row_names(FILE *out, const char *heading, Amana__V1__NamePart *const *parts, size_t n, unsigned indent)
{
    if (n == 0)
        return;
    label(out, heading, indent);
    for (size_t i = 0; i < n; i++) {
        fputs(i > 0 ? ", " : "", out);
        print_text(out, parts[i]->text, indent + LABEL);
        if (parts[i]->transliteration[0] != '\0') {
            fputs(" = ", out);
            print_text(out, parts[i]->transliteration, indent + LABEL);
        }
        fputs(" (", out);
        print_code(out, codec_enum_name(&amana__v1__name_part__type__descriptor, (int)parts[i]->type), false);
        fputc(')', out);
    }
    fputc('\n', out);
}

static void row_field(FILE *out, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                      unsigned indent, const struct screen_how *how)
{
    const struct screen_how of_part = {.no_detention = how != NULL ? how->no_detention : NULL};
    const void *at = (const char *)message + field->offset;
    bool nested = field->type == PROTOBUF_C_TYPE_MESSAGE && !is_time(field);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)(const void *)((const char *)message + field->quantifier_offset);
        const void *elements = *(const void *const *)at;
        if (nested && field->descriptor == &amana__v1__name_part__descriptor)
            row_names(out, field->name, (Amana__V1__NamePart *const *)elements, count, indent);
        else if (nested)
            screen_list(out, field->name, (ProtobufCMessage *const *)elements, count, indent, &of_part);
        else if (count > 0)
            row_list(out, message, field, elements, count, indent, how);
        return;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && *(ProtobufCMessage *const *)at == NULL)
        return;
    if (nested) {
        screen_list(out, field->name, (ProtobufCMessage *const *)at, 1, indent, &of_part);
    } else if (says_something(field, at)) {
        label(out, field->name, indent);
        value(out, field, at, indent);
        fputc('\n', out);
    }
}

void screen_rows(FILE *out, const ProtobufCMessage *message, unsigned indent, const struct screen_how *how)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++)
        if (!skipped(type->fields[i].name, how))
            row_field(out, message, &type->fields[i], indent, how);
}

void screen_list(FILE *out, const char *heading, ProtobufCMessage *const *elements, size_t count, unsigned indent,
                 const struct screen_how *how)
{
    for (size_t i = 0; i < count; i++) {
        label(out, heading, indent);
        fputc('\n', out);
        screen_rows(out, elements[i], indent + 2, how);
    }
}
