// SPDX-License-Identifier: Apache-2.0
// Every field of every kind wrong once, from the descriptors: it is named by its path and its line, with what is
// allowed.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "proto/codec/json.h"
#include "proto/model/kind_body.h"
#include "tests/unit/full_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM (16u * 1024 * 1024)

// What is put instead of a value, and a part of what must be said about it.
struct fault {
    const char *value, *says;
};

// A draft written out with one field a line, of which the `target`th place is wrong.
struct writer {
    FILE *out;
    unsigned line, place, target;
    char path[160], wrong[192]; // where we are; where it is wrong
    unsigned wrong_line;
    struct fault fault;
};

static struct fault fault_of(const ProtobufCFieldDescriptor *field)
{
    if (field->descriptor == &google__protobuf__timestamp__descriptor)
        return (struct fault){"\"yesterday\"", "2026-11-24T14:07:25"};
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: return (struct fault){"7", "a text in quotes"};
    case PROTOBUF_C_TYPE_BYTES: return (struct fault){"\"*\"", "base64"};
    case PROTOBUF_C_TYPE_BOOL: return (struct fault){"\"yes\"", "true or false"};
    case PROTOBUF_C_TYPE_ENUM: return (struct fault){"\"NO_SUCH_CODE\"", "allowed: "};
    case PROTOBUF_C_TYPE_MESSAGE: return (struct fault){"7", "an object in { }"};
    case PROTOBUF_C_TYPE_DOUBLE: return (struct fault){"\"many\"", "a number"};
    default: return (struct fault){"-1", "a whole number from 0"};
    }
}

// Whether this is the place to go wrong; then what is wrong is noted.
static bool here(struct writer *w, const char *path, struct fault fault)
{
    if (w->place++ != w->target)
        return false;
    snprintf(w->wrong, sizeof w->wrong, "%s", path);
    w->wrong_line = w->line;
    w->fault = fault;
    return true;
}

static void write_object(struct writer *w, const ProtobufCMessageDescriptor *type, const json_t *object);

static void write_value(struct writer *w, const ProtobufCFieldDescriptor *field, const json_t *value)
{
    if (here(w, w->path, fault_of(field))) {
        fputs(w->fault.value, w->out);
    } else if (json_is_object(value)) {
        write_object(w, field->descriptor, value);
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        fputs(text, w->out);
        free(text);
    }
}

static void write_field(struct writer *w, const ProtobufCFieldDescriptor *field, const json_t *value)
{
    size_t len = strlen(w->path);
    snprintf(w->path + len, sizeof w->path - len, "%s%s", len > 0 ? "." : "", field->name);
    fprintf(w->out, ",\n\"%s\": ", field->name);
    w->line++;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        if (here(w, w->path, (struct fault){"\"\"", "a list in [ ]"})) {
            fputs(w->fault.value, w->out);
        } else {
            size_t list = strlen(w->path);
            snprintf(w->path + list, sizeof w->path - list, "[0]");
            fputc('[', w->out);
            write_value(w, field, json_array_get(value, 0));
            fputc(']', w->out);
        }
    } else {
        write_value(w, field, value);
    }
    w->path[len] = '\0';
}

static void write_object(struct writer *w, const ProtobufCMessageDescriptor *type, const json_t *object)
{
    char unknown[180];
    bool first = true;
    snprintf(unknown, sizeof unknown, "%s%sno_such_key", w->path, w->path[0] != '\0' ? "." : "");
    w->line++;
    bool wrong = here(w, unknown, (struct fault){"", "no such key"});
    fputs(wrong ? "{\n\"no_such_key\": 1" : "{\n", w->out);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const json_t *value = json_object_get(object, type->fields[i].name);
        if (value == NULL)
            continue;
        if (first && !wrong)
            fputs("\"\\u0020\": null", w->out); // taken away again below: keeps the commas simple
        first = false;
        write_field(w, &type->fields[i], value);
    }
    fputs("}", w->out);
}

// The text with place `target` wrong; NULL past the last place.
static char *write_draft(const json_t *object, unsigned target, struct writer *w)
{
    char *text = NULL;
    size_t len;
    *w = (struct writer){.line = 1, .target = target};
    w->out = open_memstream(&text, &len);
    assert_non_null(w->out);
    write_object(w, &amana__v1__draft__descriptor, object);
    fclose(w->out);
    assert_non_null(text);
    for (char *at; (at = strstr(text, "\"\\u0020\": null,")) != NULL;)
        memset(at, ' ', strlen("\"\\u0020\": null,"));
    if (target < w->place)
        return text;
    free(text);
    return NULL;
}

static json_t *full_draft(unsigned kind, struct arena *arena)
{
    ProtobufCMessage *draft = full_message(&amana__v1__draft__descriptor, arena);
    full_member(draft, protobuf_c_message_descriptor_get_field_by_name(draft->descriptor, kind_get(kind)->json), arena);
    ((Amana__V1__Draft *)draft)->kind = (Amana__V1__Kind__Code)kind;
    json_t *object = json_from_message(draft, 0);
    assert_non_null(object);
    return object;
}

static void every_field_of_every_kind_wrong_once_is_named_with_its_line(void **state)
{
    unsigned faults = 0;
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        arena_init(&arena, ROOM);
        json_t *object = full_draft(kind, &arena);
        struct writer w;
        char *text;
        for (unsigned target = 0; (text = write_draft(object, target, &w)) != NULL; target++, faults++) {
            struct arena AM_CLEANUP(arena_clear) room = {0};
            struct am_detail detail = {0};
            struct am_bytes bytes = {(const uint8_t *)text, strlen(text)};
            ProtobufCMessage *draft;
            arena_init(&room, ROOM);
            if (json_to_message(&amana__v1__draft__descriptor, bytes, &room, &detail, &draft) != AM_INVALID)
                fail_msg("%s: %s at %s was taken", kind_name(kind), w.fault.value, w.wrong);
            if (strcmp(detail.field, w.wrong) != 0 || detail.line != w.wrong_line ||
                strstr(detail.text, w.fault.says) == NULL)
                fail_msg("%s, line %u, %s became line %u, %s: %s", w.wrong, w.wrong_line, w.fault.says, detail.line,
                         detail.field, detail.text);
            free(text);
        }
        json_decref(object);
    }
    printf("%u faults\n", faults);
    assert_true(faults > 2000);
}

// What the faults are put into is itself taken: none of them hides behind another.
static void the_same_draft_with_nothing_wrong_is_read(void **state)
{
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        struct am_detail detail = {0};
        ProtobufCMessage *draft;
        arena_init(&arena, ROOM);
        json_t *object = full_draft(kind, &arena);
        char *text = json_dumps(object, JSON_INDENT(1));
        if (json_to_message(&amana__v1__draft__descriptor, (struct am_bytes){(const uint8_t *)text, strlen(text)},
                            &arena, &detail, &draft) != AM_OK)
            fail_msg("%s: %s: %s", kind_name(kind), detail.field, detail.text);
        json_decref(object);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_draft_with_nothing_wrong_is_read),
        cmocka_unit_test(every_field_of_every_kind_wrong_once_is_named_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
