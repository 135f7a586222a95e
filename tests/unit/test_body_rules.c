// SPDX-License-Identifier: Apache-2.0
// The cross-field rules: every example keeps them all, and each is broken once (tests/data/broken-rules.txt).
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/cmd/draft_file.h"
#include "proto/body/check.h"
#include "proto/codec/codec.h"
#include "proto/codec/json.h"
#include "proto/model/kind_body.h"
#include "tests/unit/example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM  (4u * 1024 * 1024)
#define RULES 512u

static Amana__V1__Draft *read_draft(struct am_bytes text, const char *what, struct arena *arena)
{
    struct am_detail detail = {0};
    ProtobufCMessage *draft = NULL;
    if (json_to_message(&amana__v1__draft__descriptor, text, arena, &detail, &draft) != AM_OK)
        fail_msg("%s, line %u: %s: %s", what, detail.line, detail.field, detail.text);
    return (Amana__V1__Draft *)draft;
}

static void the_example_of_each_kind_is_read_and_encoded_and_keeps_every_rule(void **state)
{
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        struct am_detail detail = {0};
        struct am_bytes bytes, again;
        struct example example;
        ProtobufCMessage *body;
        char path[64], *text = example_text(kind);
        example_path(kind, path);
        arena_init(&arena, ROOM);
        const Amana__V1__Draft *draft =
            read_draft((struct am_bytes){(const uint8_t *)text, strlen(text)}, path, &arena);
        assert_int_equal(draft->kind, kind);
        example_of_draft(draft, &example);
        assert_int_equal(codec_encode(&example.body.base, &arena, &bytes), AM_OK);
        if (codec_decode(&amana__v1__body__descriptor, CODEC_STRICT, bytes, &arena, &detail, &body) != AM_OK)
            fail_msg("%s: %s: %s", path, detail.field, detail.text);
        assert_int_equal(codec_encode(body, &arena, &again), AM_OK);
        assert_true(again.len == bytes.len && memcmp(again.data, bytes.data, bytes.len) == 0);
        const struct body_rule *rule =
            body_check(&example.header, &example.flags, (const Amana__V1__Body *)body, &detail);
        if (rule != NULL)
            fail_msg("%s breaks %s: %s: %s", path, body_rule_name(rule), detail.field, detail.text);
        free(text);
    }
}

// --- Each rule broken once
// The JSON without its comments, which jansson doesn't take: they stand on lines of their own.
static json_t *example_json(unsigned kind)
{
    char *text = example_text(kind);
    for (char *line = text; line != NULL && *line == '/';)
        line = memset(line, ' ', strcspn(line, "\n")), line = strchr(line, '\n'), line = line != NULL ? line + 1 : NULL;
    json_error_t wrong;
    json_t *json = json_loads(text, 0, &wrong);
    if (json == NULL)
        fail_msg("%s, line %d", wrong.text, wrong.line);
    free(text);
    return json;
}

// Puts `value` at "alert.persons[0].roles"; null takes away. What is missing on the way is made.
static void put(json_t *at, const char *path, json_t *value)
{
    char key[64];
    size_t len = strcspn(path, ".[");
    snprintf(key, sizeof key, "%.*s", (int)len, path);
    path += len;
    if (*path == '\0') {
        if (json_is_null(value))
            (void)json_object_del(at, key);
        else
            assert_int_equal(json_object_set(at, key, value), 0);
        return;
    }
    json_t *next = json_object_get(at, key);
    if (next == NULL)
        json_object_set_new(at, key, next = *path == '[' ? json_array() : json_object());
    if (*path == '[') {
        size_t index = strtoul(path + 1, (char **)&path, 10);
        path++;
        if (*path == '\0') {
            assert_int_equal(
                index < json_array_size(next) ? json_array_set(next, index, value) : json_array_append(next, value), 0);
            return;
        }
        while (json_array_size(next) <= index)
            json_array_append_new(next, json_object());
        next = json_array_get(next, index);
    }
    put(next, path + 1, value);
}

static unsigned kind_of(const char *json)
{
    for (unsigned kind = 1; kind < KIND_COUNT; kind++)
        if (strcmp(kind_get(kind)->json, json) == 0)
            return kind;
    fail_msg("no kind %s", json);
    return 0;
}

static void change(json_t *draft, char *edits)
{
    for (char *edit = strtok(edits, ";"); edit != NULL; edit = strtok(NULL, ";")) {
        edit += strspn(edit, " ");
        char *equals = strchr(edit, '=');
        assert_non_null(equals);
        *equals = '\0';
        json_error_t wrong;
        json_t *value = json_loads(equals + 1, JSON_DECODE_ANY, &wrong);
        if (value == NULL)
            fail_msg("%s=%s: %s", edit, equals + 1, wrong.text);
        put(draft, edit, value);
        json_decref(value);
    }
}

// The line that a person is shown holds the field, or where it is missing the nearest one above it.
static void has_its_line(const char *text, const char *path)
{
    unsigned line = draft_line((struct am_bytes){(const uint8_t *)text, strlen(text)}, path);
    const char *at = text;
    for (unsigned n = 1; n < line && at != NULL; n++)
        at = strchr(at, '\n') != NULL ? strchr(at, '\n') + 1 : NULL;
    if (line == 0 || at == NULL)
        fail_msg("%s has no line", path);
    size_t len = strcspn(at, "\n");
    for (const char *part = path; *part != '\0'; part += strcspn(part, "."), part += *part == '.') {
        char quoted[72];
        snprintf(quoted, sizeof quoted, "\"%.*s\"", (int)strcspn(part, ".["), part);
        if (memmem(at, len, quoted, strlen(quoted)) != NULL)
            return;
    }
    bool element = strchr(path, '[') != NULL && memmem(at, len, "\":", 2) == NULL;
    if (!element) // which begins on a line of its own, without a key
        fail_msg("%s: line %u is %.*s", path, line, (int)len, at);
}

// "rule | kind | path of the fault | path=json; path=json"
static const struct body_rule *break_one(char *line)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    struct example example;
    char name[64], kind[32], path[96];
    int edits = 0;
    if (sscanf(line, "%63s | %31s | %95s | %n", name, kind, path, &edits) != 3 || edits == 0)
        fail_msg("not a row: %s", line);
    json_t *draft = example_json(kind_of(kind));
    change(draft, line + edits);
    char *text = json_dumps(draft, JSON_INDENT(2));
    json_decref(draft);
    arena_init(&arena, ROOM);
    example_of_draft(read_draft((struct am_bytes){(const uint8_t *)text, strlen(text)}, name, &arena), &example);
    const struct body_rule *rule = body_check(&example.header, &example.flags, &example.body, &detail);
    if (rule == NULL)
        fail_msg("%s is not broken", name);
    if (strcmp(body_rule_name(rule), name) != 0 || strcmp(detail.field, path) != 0)
        fail_msg("instead of %s at %s: %s: %s: %s", name, path, body_rule_name(rule), detail.field, detail.text);
    assert_string_not_equal(detail.text, "");
    if (strncmp(detail.field, kind, strlen(kind)) == 0)
        has_its_line(text, detail.field);
    free(text);
    return rule;
}

// What is near a rule, and keeps it.
static void a_rule_asks_nothing_of_whom_it_is_not_about(void **state)
{
    static const struct {
        const char *kind, *edits;
    } ROWS[] = {
        {"alert", "flags.protection=\"NOT_CONCERNED\"; alert.persons[0].citizenships=[\"so\"]; "
                  "alert.persons[1].citizenships=[\"et\"]"}, // a suspect
        {"alert", "flags.protection=\"NOT_CONCERNED\"; recipients=[{\"unit\":\"igad/secretariat/desk\",\"part\":"
                  "\"ACTION\"},{\"unit\":\"ke/dcs/child-protection\",\"part\":\"COPY\"}]"}, // no other state
        {"alert", "flags.protection=\"NOT_CONCERNED\"; release=\"REQUIRED\"; subject_kind=\"GROUP\"; "
                  "alert.persons[0].citizenships=[\"so\"]; alert.persons[0].count=0; alert.persons[0].documents="
                  "[{\"type\":\"REFUGEE_CARD\",\"number\":\"EP1234567\",\"issuer\":\"et\"}]"}, // of who took them in
        {"request",
         "request.persons[0].actions=[\"TAKE_INTO_PROTECTION\"]; request.persons[0].age={\"from\":15,\"to\":17}; "
         "flags.child=true"}, // a suspect who is a child
        {"request",
         "request.persons[0].names=[{\"type\":\"GIVEN\",\"text\":\"Yusuf\"}]; request.persons[0].birth={\"date\":"
         "\"1990\"}; request.persons[0].age=null; request.persons[1]={\"roles\":[\"VICTIM\"],\"age\":{\"from\":25,"
         "\"to\":30},\"names\":[{\"type\":\"GIVEN\",\"text\":\"Yusuf\"}],\"birth\":{\"date\":\"1999\"}}"}, // another
        {"request", "release=\"REQUIRED\"; legal_basis=\"NATIONAL_LAW\"; request.persons[0].actions=[\"DETAIN\"]; "
                    "request.persons[0].warrant={\"number\":\"7/2026\",\"issuer\":\"Marsabit Law Courts\",\"date\":"
                    "{\"date\":\"2026-11-27\"},\"offence\":\"trafficking\"}; "
                    "request.persons[0].names=[{\"type\":\"GIVEN\",\"text\":\"Yusuf\"}]"}, // two stand for it
        {"correction", "release=\"REQUIRED\"; correction.changes[0].path=\"alert.persons[0].roles\"; "
                       "correction.changes[0].now=\"SUSPECT, WITNESS\""}, // a supervisor stands for it
        {"correction", "correction.changes[0].path=\"alert.persons[0].roles\"; "
                       "correction.changes[0].now=\"PRESUMED_VICTIM\""},
        {"correction", "correction.changes[0].path=\"alert.persons[0].perpetrator.roles\"; "
                       "correction.changes[0].now=\"drives, as a SUSPECT says\""}, // words
        {"correction", "correction.changes[0].path=\"alert.persons[0].actions[1]\"; correction.changes[0].now=\"\""},
    };
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        struct am_detail detail = {0};
        struct example example;
        char edits[512];
        json_t *draft = example_json(kind_of(ROWS[i].kind));
        snprintf(edits, sizeof edits, "%s", ROWS[i].edits);
        change(draft, edits);
        char *text = json_dumps(draft, 0);
        json_decref(draft);
        arena_init(&arena, ROOM);
        example_of_draft(read_draft((struct am_bytes){(const uint8_t *)text, strlen(text)}, ROWS[i].kind, &arena),
                         &example);
        free(text);
        const struct body_rule *rule = body_check(&example.header, &example.flags, &example.body, &detail);
        if (rule != NULL)
            fail_msg("%s: %s: %s: %s", ROWS[i].edits, body_rule_name(rule), detail.field, detail.text);
    }
}

static bool seen[RULES];

static void note_rule(const struct body_rule *rule)
{
    for (size_t i = 0; body_rule_at(i) != NULL; i++) {
        assert_true(i < RULES);
        seen[i] |= body_rule_at(i) == rule;
    }
}

static void breaks(const struct example *example, const char *name, const char *path)
{
    struct am_detail detail = {0};
    const struct body_rule *rule = body_check(&example->header, &example->flags, &example->body, &detail);
    assert_non_null(rule);
    assert_string_equal(body_rule_name(rule), name);
    assert_string_equal(detail.field, path);
    note_rule(rule);
}

// A suspect of 257 names, and a victim of as many.
static void many_names(struct example *example, struct arena *arena)
{
    static Amana__V1__NamePart part = AMANA__V1__NAME_PART__INIT;
    static Amana__V1__Person victim = AMANA__V1__PERSON__INIT;
    static Amana__V1__PersonRole__Code role = AMANA__V1__PERSON_ROLE__CODE__VICTIM;
    Amana__V1__Person **persons = arena_array(arena, 2, sizeof *persons);
    Amana__V1__NamePart **names = arena_array(arena, 257, sizeof *names);
    part.type = AMANA__V1__NAME_PART__TYPE__GIVEN;
    part.text = (char *)"Yusuf";
    for (size_t i = 0; i < 257; i++)
        names[i] = &part;
    victim.roles = &role;
    victim.n_roles = 1;
    persons[0] = example->body.response->persons[0];
    persons[1] = &victim;
    persons[0]->names = victim.names = names;
    persons[0]->n_names = victim.n_names = 257;
    example->body.response->persons = persons;
    example->body.response->n_persons = 2;
}

// What a draft can't hold: attachments, whose digests the client fills in, and what is too large for a row.
static void what_no_row_can_hold_is_broken_too(void **state)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct example example;
    uint8_t digest[32] = {7}, key[32] = {8};
    arena_init(&arena, ROOM);
    char *text = example_text(KIND(RESPONSE));
    example_of_draft(read_draft((struct am_bytes){(const uint8_t *)text, strlen(text)}, "response", &arena), &example);
    Amana__V1__Attachment file = AMANA__V1__ATTACHMENT__INIT, *files[] = {&file};
    Amana__V1__AttachmentRef ref = AMANA__V1__ATTACHMENT_REF__INIT, *refs[] = {&ref};
    example.body.attachments = files;
    example.body.n_attachments = 1;
    breaks(&example, "attachment.digest", "attachments[0].digest");
    file.digest = ref.digest = (ProtobufCBinaryData){32, digest};
    breaks(&example, "attachment.digest", "attachments[0].digest");
    example.header.attachments = refs;
    example.header.n_attachments = 1;
    breaks(&example, "attachment.key", "attachments[0].content_key");
    file.content_key = (ProtobufCBinaryData){32, key};
    breaks(&example, "attachment.name", "attachments[0].name");
    file.name = (char *)"../register.pdf";
    breaks(&example, "attachment.file-name", "attachments[0].name");
    file.name = (char *)"register.pdf";
    file.media_type = (char *)"PDF";
    breaks(&example, "attachment.media-type", "attachments[0].media_type");
    file.media_type = (char *)"application/pdf";
    Amana__V1__Photograph face = AMANA__V1__PHOTOGRAPH__INIT;
    face.media_type = (char *)"image/jpeg";
    face.data = (ProtobufCBinaryData){512u * 1024 + 1, arena_alloc(&arena, 512u * 1024 + 1)};
    memcpy(face.data.data, "\xff\xd8\xff", 3);
    example.body.response->persons[0]->photograph = &face;
    breaks(&example, "photograph.fits", "response.persons[0].photograph.data");
    example.body.response->persons[0]->photograph = NULL;
    example.body.response->persons[0]->sex = (Amana__V1__Sex__Code)77;
    breaks(&example, "any.code-known", "response.persons[0].sex");
    example.body.response->persons[0]->sex = AMANA__V1__SEX__CODE__MALE;
    many_names(&example, &arena);
    breaks(&example, "person.suspect-compared", "response.persons[0].roles");
    example.body.response->n_persons = 1;
    char *words = arena_alloc(&arena, 40000);
    memset(words, 'a', 39999);
    example.body.response->summary = words;
    breaks(&example, "any.text-fits", "response.summary");
    free(text);
}

static void each_rule_is_broken_once_and_named_with_its_path(void **state)
{
    char line[2048];
    FILE *in = fopen("tests/data/broken-rules.txt", "re");
    assert_non_null(in);
    while (fgets(line, sizeof line, in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        note_rule(break_one(line));
    }
    fclose(in);
    unsigned missing = 0;
    for (size_t i = 0; body_rule_at(i) != NULL; i++) {
        if (seen[i])
            continue;
        print_error("nothing breaks %s\n", body_rule_name(body_rule_at(i)));
        missing++;
    }
    assert_int_equal(missing, 0);
}

static void no_two_rules_have_one_name(void **state)
{
    for (size_t i = 0; body_rule_at(i) != NULL; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(body_rule_name(body_rule_at(i)), body_rule_name(body_rule_at(j)));
}

// Lists and notifications show a title: a name in capitals or without its accents is a name all the same.
static void a_name_is_found_however_it_is_written_and_not_within_another_word(void **state)
{
    static const struct {
        const char *name, *title;
        bool there;
    } ROWS[] = {
        {"Amélie", "AMÉLIE waits at the post", true},
        {"Amélie", "Where is amelie?", true},
        {"Amelie", "(Amélie)", true},
        {"عَلِي", "علي في مويالي", true},
        {"علي", "وعلي معهم", true},
        {"ዳቦ", "ለዳቦ መጠለያ", true},
        {"Ali", "To Ali's aunt", true},
        {"Ali", "A lorry from Mali", false},
        {"Ali", "Alice's lorry", false},
        {"Ali", "", false},
        {"Bo", "Bo", false}, // two letters are in every other word of some languages
        {"", "A lorry", false},
    };
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        Amana__V1__Body body = AMANA__V1__BODY__INIT;
        Amana__V1__Note note = AMANA__V1__NOTE__INIT;
        Amana__V1__Person person = AMANA__V1__PERSON__INIT, *persons[] = {&person};
        Amana__V1__NamePart part = AMANA__V1__NAME_PART__INIT, *parts[] = {&part};
        Amana__V1__PersonRole__Code role = AMANA__V1__PERSON_ROLE__CODE__VICTIM;
        body.kind_case = AMANA__V1__BODY__KIND_NOTE;
        body.note = &note;
        note.persons = persons;
        note.n_persons = 1;
        person.roles = &role;
        person.n_roles = 1;
        person.names = parts;
        person.n_names = 1;
        part.text = (char *)ROWS[i].name;
        if (body_names_victim(&body, ROWS[i].title) != ROWS[i].there)
            fail_msg("%s in \"%s\"", ROWS[i].name, ROWS[i].title);
        part.text = (char *)"x";
        part.transliteration = (char *)ROWS[i].name;
        assert_int_equal(body_names_victim(&body, ROWS[i].title), ROWS[i].there);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_each_kind_is_read_and_encoded_and_keeps_every_rule),
        cmocka_unit_test(what_no_row_can_hold_is_broken_too),
        cmocka_unit_test(a_rule_asks_nothing_of_whom_it_is_not_about),
        cmocka_unit_test(each_rule_is_broken_once_and_named_with_its_path),
        cmocka_unit_test(no_two_rules_have_one_name),
        cmocka_unit_test(a_name_is_found_however_it_is_written_and_not_within_another_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
