// SPDX-License-Identifier: Apache-2.0
// The bodies of all kinds by their descriptors: each kind has one, and each of its fields lives in JSON and in bytes.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "amana/v1/draft.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/codec/json.h"
#include "proto/model/kind.h"
#include "tests/unit/full_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM (16u * 1024 * 1024)

static const ProtobufCMessageDescriptor *const BODY = &amana__v1__body__descriptor;
static const ProtobufCMessageDescriptor *const DRAFT = &amana__v1__draft__descriptor;

static void each_kind_has_a_body_of_its_name_in_body_and_draft(void **state)
{
    unsigned bodies = 0;
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        const char *name = kind_get(kind)->json;
        const ProtobufCFieldDescriptor *in_body = protobuf_c_message_descriptor_get_field_by_name(BODY, name);
        const ProtobufCFieldDescriptor *in_draft = protobuf_c_message_descriptor_get_field_by_name(DRAFT, name);
        if (in_body == NULL || in_draft == NULL)
            fail_msg("%s has no body", name);
        assert_ptr_equal(in_body->descriptor, in_draft->descriptor);
        assert_int_equal(in_body->id + 26, in_draft->id);
        assert_true((in_body->flags & in_draft->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0);
    }
    for (unsigned i = 0; i < BODY->n_fields; i++)
        bodies += (BODY->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    assert_int_equal(bodies, KIND_COUNT - 1);
}

// Each field of the type, and of what stands within it, is a key of the JSON.
static void names_each_field(const ProtobufCMessageDescriptor *type, const json_t *object, const char *where)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const json_t *value = json_object_get(object, field->name);
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
            continue;
        if (value == NULL)
            fail_msg("%s: %s.%s is not there", where, type->short_name, field->name);
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            value = json_array_get(value, 0);
        if (json_is_object(value))
            names_each_field(field->descriptor, value, where);
    }
    assert_int_equal(json_object_size(object), type->n_fields);
}

static void each_field_of_each_body_survives_json_and_bytes(void **state)
{
    for (unsigned i = 0; i < BODY->n_fields; i++) {
        const ProtobufCFieldDescriptor *member = &BODY->fields[i];
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        struct am_detail detail = {0};
        struct am_bytes first, again;
        ProtobufCMessage *read;
        if ((member->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
            continue;
        arena_init(&arena, ROOM);
        ProtobufCMessage *message = full_message(member->descriptor, &arena);
        assert_int_equal(codec_encode(message, &arena, &first), AM_OK);
        if (codec_decode(member->descriptor, CODEC_STRICT, first, &arena, &detail, &read) != AM_OK)
            fail_msg("%s: %s: %s", member->name, detail.field, detail.text);
        json_t *object = json_from_message(read, 0);
        names_each_field(member->descriptor, object, member->name);
        char *text = json_dumps(object, 0);
        struct am_bytes json = {(const uint8_t *)text, strlen(text)};
        if (json_to_message(member->descriptor, json, &arena, &detail, &read) != AM_OK)
            fail_msg("%s: %s: %s", member->name, detail.field, detail.text);
        assert_int_equal(codec_encode(read, &arena, &again), AM_OK);
        assert_int_equal(again.len, first.len);
        assert_memory_equal(again.data, first.data, first.len);
        json_decref(object);
        free(text);
    }
}

// --- The vocabulary
static char vocabulary[256 * 1024];

// The section of a message or code list, up to the next one.
static void in_section(const char *title, const char *name)
{
    char head[96], cell[96];
    snprintf(head, sizeof head, "\n### %s\n", title);
    snprintf(cell, sizeof cell, "\n| `%s` |", name);
    const char *at = strstr(vocabulary, head);
    if (at == NULL) {
        fail_msg("docs/vocabulary.md has no section %s", title);
        return;
    }
    const char *end = strstr(at + 1, "\n### "), *row = strstr(at, cell);
    if (row == NULL || (end != NULL && row > end))
        fail_msg("docs/vocabulary.md, %s: %s is not named", title, name);
}

static void each_field_and_code_has_its_row(const ProtobufCMessageDescriptor *type)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        in_section(type->short_name, field->name);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE && field->descriptor != &google__protobuf__timestamp__descriptor)
            each_field_and_code_has_its_row(field->descriptor);
        const ProtobufCEnumDescriptor *codes = field->descriptor;
        if (field->type != PROTOBUF_C_TYPE_ENUM || strcmp(codes->name, "amana.v1.Kind.Code") == 0 ||
            strcmp(codes->name, "amana.v1.Purpose.Code") == 0) // of the header
            continue;
        for (unsigned j = 0; j < codes->n_values; j++)
            if (codes->values[j].value != 0)
                in_section(codes->name + strlen("amana.v1."), codes->values[j].name);
    }
}

static void the_vocabulary_names_each_field_and_code_of_the_bodies(void **state)
{
    FILE *in = fopen("docs/vocabulary.md", "re");
    assert_non_null(in);
    assert_true(fread(vocabulary, 1, sizeof vocabulary - 1, in) > 0);
    assert_true(feof(in));
    fclose(in);
    each_field_and_code_has_its_row(BODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_a_body_of_its_name_in_body_and_draft),
        cmocka_unit_test(each_field_of_each_body_survives_json_and_bytes),
        cmocka_unit_test(the_vocabulary_names_each_field_and_code_of_the_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
