// SPDX-License-Identifier: Apache-2.0
// What a person writes: the template is taken once its blanks are filled, and a wrong field has its line.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/cmd/answer_verbs.h"
#include "client/cmd/draft_file.h"
#include "client/cmd/json_line.h"
#include "client/cmd/template.h"
#include "client/cmd/wipe.h"
#include "client/session/compose.h"
#include "proto/codec/json.h"
#include "proto/model/kind_body.h"
#include "tests/unit/client_env.h"
#include "tests/unit/memory_search.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct client_env env;
static struct session *police;
static struct arena arena;

static int begin(void **state)
{
    client_env_init(&env);
    police = client_env_open(&env, ENV_POLICE, 5);
    arena_init(&arena, 16u * 1024 * 1024);
    return 0;
}

static int end(void **state)
{
    session_close(police);
    client_env_clear(&env);
    arena_wipe(&arena);
    return 0;
}

static struct am_bytes bytes_of(const char *text)
{
    return (struct am_bytes){(const uint8_t *)text, strlen(text)};
}

// --- The template
static char *template_of(unsigned kind)
{
    struct template_defaults defaults = {
        .unit = ENV_POLICE, .protection_unit = ENV_CHILD, .year = 2026, .answers = kind_get(kind)->must_answer};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    assert_int_equal(template_print(kind, &defaults, out), AM_OK);
    fclose(out);
    return text;
}

static char *template_text(void)
{
    return template_of(KIND(ALERT));
}

// Puts `to` for the first `from`.
static char *replaced(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from), *made = NULL;
    if (at == NULL)
        fail_msg("the template has no %s", from);
    assert_true(asprintf(&made, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
    free(text);
    return made;
}

static enum reason judge(const char *text, struct am_detail *detail)
{
    ProtobufCMessage *draft;
    *detail = (struct am_detail){0};
    if (json_to_message(&amana__v1__draft__descriptor, bytes_of(text), &arena, detail, &draft) != AM_OK)
        fail_msg("line %u: %s: %s", detail->line, detail->field, detail->text);
    struct compose compose = {.draft = (Amana__V1__Draft *)draft};
    return compose_check(police, &compose, detail);
}

static void the_template_with_its_blanks_filled_is_taken(void **state)
{
    struct am_detail detail;
    char *text = template_text();
    text = replaced(text, "ke/dci/2026/", "ke/dci/2026/4211");
    text = replaced(text, "\"unit\": \"\"", "\"unit\": \"" ENV_POST "\"");
    text = replaced(text, "\"title\": \"\"", "\"title\": \"a white lorry\"");
    text = replaced(text, "\"registration\": \"\"", "\"registration\": \"KDA 417Q\"");
    text = replaced(text, "\"office\": \"\"", "\"office\": \"duty desk\"");
    text = replaced(text, "\"telephone\": \"\"", "\"telephone\": \"+254200000417\"");
    if (judge(text, &detail) != REASON_NONE)
        fail_msg("%s: %s\n%s", detail.field, detail.text, text);
    free(text);
}

static void each_blank_of_the_template_is_named_with_its_line(void **state)
{
    static const char *const fields[] = {"case_ref", "recipients[0].unit", "alert.vehicles[0].registration",
                                         "alert.contact.office", "alert.title"};
    char *text = template_text();
    for (unsigned i = 0; i < AM_LEN(fields); i++) {
        struct am_detail detail;
        assert_int_equal(judge(text, &detail), REASON_FIELD_INVALID);
        assert_string_equal(detail.field, fields[i]);
        unsigned line = draft_line(bytes_of(text), detail.field);
        const char *at = text;
        for (unsigned n = 1; n < line; n++)
            at = strchr(at, '\n') + 1;
        const char *name = strrchr(fields[i], '.') != NULL ? strrchr(fields[i], '.') + 1 : fields[i];
        char *end_of_line = strchrnul(at, '\n');
        if (memmem(at, (size_t)(end_of_line - at), name, strlen(name)) == NULL)
            fail_msg("%s: line %u is %.*s", fields[i], line, (int)(end_of_line - at), at);
        text = i == 0   ? replaced(text, "ke/dci/2026/", "ke/dci/2026/4211")
               : i == 1 ? replaced(text, "\"unit\": \"\"", "\"unit\": \"" ENV_POST "\"")
               : i == 2 ? replaced(text, "\"registration\": \"\"", "\"registration\": \"KDA 417Q\"")
               : i == 3 ? replaced(text, "\"office\": \"\"", "\"office\": \"duty desk\"")
                        : text;
    }
    free(text);
}

// Whether they fled, and whether they agreed, is for who asked them to say.
static void a_template_answers_neither_for_protection_nor_for_consent(void **state)
{
    static const unsigned KINDS[] = {KIND(ALERT), KIND(REQUEST), KIND(REFERRAL)};
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        char *text = template_of(KINDS[i]);
        assert_non_null(strstr(text, "\"protection\": \"NOT_CONCERNED\""));
        assert_null(strstr(text, "\"consent\": \"GIVEN\""));
        free(text);
    }
}

// Every commented line that holds a field must be one that the program itself would take.
static void what_the_template_offers_in_comments_is_json_of_this_program(void **state)
{
    char *text = template_text();
    static const char *const known[] = {"\"urgency_reason\"", "\"valid_until\"", "\"retain_until\"", "\"persons\"",
                                        "\"vehicles\"",       "\"journey\"",     "\"contact\"",      "\"palermo\""};
    for (size_t i = 0; i < AM_LEN(known); i++)
        if (strstr(text, known[i]) == NULL)
            fail_msg("the template has no %s", known[i]);
    assert_non_null(strstr(text, "LIFE_AT_RISK"));
    assert_non_null(strstr(text, "STOP_AND_SEARCH"));
    assert_non_null(strstr(text, "DANGEROUS_TRANSPORT"));
    free(text);
}

// Blanks of every template, and what a person might write there.
static char *filled(char *text)
{
    static const char *const BLANKS[][2] = {
        {"ke/dci/2026/\"", "ke/dci/2026/4211\""},
        {"\"unit\": \"\"", "\"unit\": \"" ENV_POST "\""},
        {"\"title\": \"\"", "\"title\": \"a white lorry\""},
        {"\"text\": \"\"", "\"text\": \"it was seen twice\""},
        {"\"information\": [\"\"]", "\"information\": [\"its owner\"]"},
        {"\"reason\": \"\"", "\"reason\": \"to find it\""},
        {"\"available_because\": \"\"", "\"available_because\": \"it is registered there\""},
        {"\"summary\": \"\"", "\"summary\": \"a woman who needs shelter\""},
        {"\"description\": \"\"", "\"description\": \"tall, a scar\""},
        {"\"referred_by\": \"\"", "\"referred_by\": \"border post\""},
        {"\"to\": [\"\"]", "\"to\": [\"shelter\"]"},
        {"\"given_at\": \"\"", "\"given_at\": \"2026-11-24T12:40:00+03:00\""},
        {"\"language\": \"\"", "\"language\": \"om\""},
        {"\"office\": \"\"", "\"office\": \"duty desk\""},
        {"\"telephone\": \"\"", "\"telephone\": \"+254200000417\""},
    };
    for (size_t i = 0; i < AM_LEN(BLANKS); i++)
        while (strstr(text, BLANKS[i][0]) != NULL) // in comments too
            text = replaced(text, BLANKS[i][0], BLANKS[i][1]);
    return text;
}

static void the_templates_of_requests_and_notes_with_their_blanks_filled_are_taken(void **state)
{
    static const unsigned KINDS[] = {KIND(REQUEST), KIND(NOTE)};
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        struct am_detail detail;
        assert_true(template_has(KINDS[i]));
        char *text = filled(template_of(KINDS[i]));
        if (judge(text, &detail) != REASON_NONE)
            fail_msg("%s: %s\n%s", detail.field, detail.text, text);
        free(text);
    }
}

static void what_stands_alone_or_needs_a_file_has_a_template_that_this_program_reads(void **state)
{
    const uint32_t files = KIND_BIT(KIND(CORRECTION)) | KIND_BIT(KIND(CONTEST)) | KIND_BIT(KIND(CLARIFICATION));
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        ProtobufCMessage *draft;
        struct am_detail detail = {0};
        bool alone = !kind_get(kind)->must_answer;
        assert_int_equal(template_has(kind), alone || (files & KIND_BIT(kind)) != 0);
        if (!template_has(kind))
            continue;
        char *text = filled(template_of(kind));
        if (json_to_message(&amana__v1__draft__descriptor, bytes_of(text), &arena, &detail, &draft) != AM_OK)
            fail_msg("%s: line %u: %s: %s", kind_name(kind), detail.line, detail.field, detail.text);
        assert_int_equal(kind_body_which(draft), kind);
        assert_int_equal(((Amana__V1__Draft *)draft)->kind, alone ? kind : 0);
        free(text);
    }
}

// --- Lines
static const char TEXT[] = "// a comment with \"title\": 1\n"            // 1
                           "{ \"caseRef\": \"x\",\n"                     // 2
                           "  /* \"kind\": \n */ \"kind\": \"ALERT\",\n" // 3, 4
                           "  \"recipients\": [\n"                       // 5
                           "    {\"unit\": \"a\"}, {\n"                  // 6
                           "      \"unit\": \"b\",\n"                    // 7
                           "      \"part\": \"COPY\"}\n"                 // 8
                           "  ],\n"                                      // 9
                           "  \"handling\": [\"H0\",\n"                  // 10
                           "     \"H1\"],\n"                             // 11
                           "  \"alert\": {\n"                            // 12
                           "    \"title\": \"recipients \\\"{[\",\n"     // 13
                           "    \"persons\": [ {\n"                      // 14
                           "      \"victim\": {\"needs\": [1,\n"         // 15
                           "        2]}} ] } }\n";                       // 16

static void a_path_has_its_line(void **state)
{
    static const struct {
        const char *path;
        unsigned line;
    } rows[] = {{"case_ref", 2},
                {"kind", 4},
                {"recipients", 5},
                {"recipients[0].unit", 6},
                {"recipients[1].unit", 7},
                {"recipients[1].part", 8},
                {"handling[1]", 11},
                {"alert.title", 13},
                {"alert.persons[0].victim.needs[1]", 16}};
    for (size_t i = 0; i < AM_LEN(rows); i++)
        if (draft_line(bytes_of(TEXT), rows[i].path) != rows[i].line)
            fail_msg("%s: line %u", rows[i].path, draft_line(bytes_of(TEXT), rows[i].path));
}

static void a_byte_order_mark_hides_no_line(void **state)
{
    assert_int_equal(draft_line(bytes_of("\xef\xbb\xbf{\n \"kind\": 1}"), "kind"), 2);
}

static void a_path_that_is_not_there_has_the_line_of_what_is(void **state)
{
    assert_int_equal(draft_line(bytes_of(TEXT), "recipients[0].part"), 6);
    assert_int_equal(draft_line(bytes_of(TEXT), "recipients[7].unit"), 5);
    assert_int_equal(draft_line(bytes_of(TEXT), "alert.persons[0].victim.status"), 15);
    assert_true(draft_line(bytes_of(TEXT), "urgency") <= 2);
    assert_int_equal(draft_line(bytes_of("not json"), "urgency"), 0);
}

// --- Verbs that answer
static void every_option_of_a_verb_that_answers_is_a_field_of_its_body_or_of_the_draft(void **state)
{
    size_t n;
    const struct answer_verb *verbs = answer_verbs(&n);
    for (size_t i = 0; i < n; i++) {
        const ProtobufCMessageDescriptor *body = kind_body_type(verbs[i].kind);
        bool must = verbs[i].must == NULL;
        assert_true(kind_get(verbs[i].kind)->on != 0);
        assert_true(verbs[i].outcome == 0 || (kind_get(verbs[i].kind)->outcomes & OUTCOME_BIT(verbs[i].outcome)) != 0);
        for (size_t j = 0; j < ANSWER_FIELDS && verbs[i].fields[j] != NULL; j++) {
            const char *name = verbs[i].fields[j];
            must |= verbs[i].must != NULL && strcmp(verbs[i].must, name) == 0;
            if (protobuf_c_message_descriptor_get_field_by_name(body, name) == NULL &&
                protobuf_c_message_descriptor_get_field_by_name(&amana__v1__draft__descriptor, name) == NULL)
                fail_msg("%s: there is no field %s", verbs[i].name, name);
        }
        assert_true(must);
        assert_ptr_equal(answer_verb_find(verbs[i].name), &verbs[i]);
    }
    assert_null(answer_verb_find("answers"));
}

// --- Given back
static void write_draft(const char *path, const uint8_t *masked, size_t len)
{
    char text[160];
    int n = snprintf(text, sizeof text, "{\"note\": {\"text\": \"");
    for (size_t i = 0; i < len; i++)
        text[n++] = (char)(masked[i] ^ MEMORY_MASK);
    n += snprintf(text + n, sizeof text - (size_t)n, "\"}}");
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, text, (size_t)n), n);
    close(fd);
    explicit_bzero(text, sizeof text);
}

// Memory that is given back is looked at here: what calls left below is overwritten by the next.
static void stack_wipe(void)
{
    uint8_t below[64 * 1024];
    explicit_bzero(below, sizeof below);
}

// What is looked for is made of it; its end, since whoever gives memory back writes into the beginning.
#define SAID "the girl and her aunt live in the house behind the third well of the town"
#define TAIL 40

static void what_was_read_of_a_draft_and_printed_of_its_body_is_overwritten(void **state)
{
    char path[] = "/tmp/amana-draft-XXXXXX";
    struct am_detail detail = {0};
    struct am_bytes text;
    Amana__V1__Draft *draft;
    FILE *nowhere = fopen("/dev/null", "w");
    uint8_t masked[sizeof SAID - 1], *tail = masked + sizeof masked - TAIL;
    close(mkstemp(path));
    setvbuf(nowhere, NULL, _IONBF, 0);
    for (size_t i = 0; i < sizeof masked; i++)
        masked[i] = (uint8_t)((SAID[i] == ' ' ? ' ' : 'a' + ('z' - SAID[i])) ^ MEMORY_MASK);
    write_draft(path, masked, sizeof masked);
    wipe_json();
    arena_reset(&arena);
    assert_int_equal(draft_read(path, &arena, &detail, &text, &draft), AM_OK);
    void *behind = malloc(256 * 1024); // so that what is given back stays
    assert_int_equal(json_line_print(json_from_message(&draft->note->base, 0), nowhere), 0);
    wipe_free((void *)text.data);
    arena_wipe(&arena);
    stack_wipe();
    assert_int_equal(memory_places(tail, TAIL), 0);
    free(behind);
    fclose(nowhere);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_of_a_verb_that_answers_is_a_field_of_its_body_or_of_the_draft),
        cmocka_unit_test(the_template_with_its_blanks_filled_is_taken),
        cmocka_unit_test(the_templates_of_requests_and_notes_with_their_blanks_filled_are_taken),
        cmocka_unit_test(what_stands_alone_or_needs_a_file_has_a_template_that_this_program_reads),
        cmocka_unit_test(each_blank_of_the_template_is_named_with_its_line),
        cmocka_unit_test(a_template_answers_neither_for_protection_nor_for_consent),
        cmocka_unit_test(what_the_template_offers_in_comments_is_json_of_this_program),
        cmocka_unit_test(a_path_has_its_line),
        cmocka_unit_test(a_byte_order_mark_hides_no_line),
        cmocka_unit_test(a_path_that_is_not_there_has_the_line_of_what_is),
        cmocka_unit_test(what_was_read_of_a_draft_and_printed_of_its_body_is_overwritten),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
