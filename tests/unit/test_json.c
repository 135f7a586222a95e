// SPDX-License-Identifier: Apache-2.0
// JSON as people write it: what is taken, what is refused and on which line; and back again.
#include "amana/v1/audit.pb-c.h"
#include "amana/v1/body.pb-c.h"
#include "amana/v1/draft.pb-c.h"
#include "amana/v1/message.pb-c.h"
#include "amana/v1/relay.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/codec/json.h"
#include "proto/codec/plain.h"
#include "proto/model/limits.h"
#include "tests/unit/failing_malloc.h"
#include "tests/unit/random_message.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOM  (8u * 1024 * 1024)
#define DRAFT &amana__v1__draft__descriptor

static struct am_bytes bytes_of(const char *text)
{
    return (struct am_bytes){(const uint8_t *)text, strlen(text)};
}

// Reads a text that must be good.
static void *take(const ProtobufCMessageDescriptor *type, struct arena *arena, const char *text)
{
    struct am_detail detail;
    ProtobufCMessage *message = NULL;
    if (json_to_message(type, bytes_of(text), arena, &detail, &message) != AM_OK)
        fail_msg("line %u: %s: %s", detail.line, detail.field, detail.text);
    return message;
}

static void a_draft_is_read_with_comments_and_both_spellings(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    Amana__V1__Draft *draft =
        take(DRAFT, &arena,
             "\xef\xbb\xbf// what it is\n"
             "{ \"kind\": \"ALERT\", /* a case\n of two lines */ \"caseRef\": \"ke/dci/2026/1\",\n"
             "  \"recipients\": [ {\"unit\": \"et/ics/moyale\", \"part\": 1}, // COPY?\n"
             "                  {\"part\": \"COPY\", \"unit\": \"ug/upf/\\u0061\\ud83d\\ude00\"} ],\n"
             "  \"answer_by\": \"2026-11-24T14:07:25.5+03:00\", \"review_at\": null,\n"
             "  \"handling\": [\"H1\", 3], \"references\": [{\"header_digest\": \"-_8\"}],\n"
             "  \"flags\": {\"child\": true, \"neverTell\": []}, \"urgency\": \"UNSPECIFIED\",\n"
             "  \"alert\": {\"title\": \"\", \"places\": [{\"coordinates\":\n"
             "     {\"latitude\": -1.25e0, \"longitude\": \"36.5\", \"radius\": 1e3}}]}\n"
             "} // the end");
    assert_int_equal(1, draft->kind);
    assert_string_equal("ke/dci/2026/1", draft->case_ref);
    assert_int_equal(2, draft->n_recipients);
    assert_string_equal("et/ics/moyale", draft->recipients[0]->unit);
    assert_int_equal(2, draft->recipients[1]->part);
    assert_string_equal("ug/upf/a\xf0\x9f\x98\x80", draft->recipients[1]->unit);
    assert_true(draft->answer_by->seconds == 1795518445 && draft->answer_by->nanos == 500000000);
    assert_null(draft->review_at);
    assert_true(draft->n_handling == 2 && draft->handling[0] == 2 && draft->handling[1] == 3);
    assert_int_equal(2, draft->references[0]->header_digest.len);
    assert_memory_equal("\xfb\xff", draft->references[0]->header_digest.data, 2);
    assert_true(draft->flags->child);
    assert_int_equal(AMANA__V1__DRAFT__BODY_ALERT, draft->body_case);
    Amana__V1__Coordinates *at = draft->alert->places[0]->coordinates;
    assert_true(at->latitude == -1.25 && at->longitude == 36.5 && at->radius == 1000);
    arena_clear(&arena);
}

static void numbers_of_64_bits_come_as_numbers_or_texts(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    const ProtobufCMessageDescriptor *type = &amana__v1__proved_entry__descriptor;
    Amana__V1__ProvedEntry *entry =
        take(type, &arena, "{\"time\":18446744073709551615,\"index\":\"18446744073709551615\",\"class\":\"7\"}");
    assert_true(entry->time == UINT64_MAX && entry->index == UINT64_MAX && entry->class_ == 7);
    Amana__V1__ClockEntry *clock =
        take(&amana__v1__clock_entry__descriptor, &arena, "{\"step\":-9223372036854775808,\"hub_time\":\"1e3\"}");
    assert_true(clock->step == INT64_MIN && clock->hub_time == 1000);
    arena_clear(&arena);
}

// A text that is refused, with the path, the line and a part of what is said.
static const struct fault {
    const ProtobufCMessageDescriptor *type;
    const char *text, *field;
    unsigned line;
    const char *says;
} FAULTS[] = {
    // keys
    {DRAFT, "{\n  \"urgencey\": \"U1\"\n}", "urgencey", 2, "did you mean \"urgency\"?"},
    {DRAFT, "{\n\n\n  \"zzzzzzzz\": 1\n}", "zzzzzzzz", 4, "known here: kind, status, case_ref, recipients"},
    {DRAFT, "{\"recipients\": [\n{\"unit\": \"a\"},\n{\"unti\": \"b\"}]}", "recipients[1].unti", 3, "\"unit\""},
    {DRAFT, "{\"alert\":{\"persons\":[{\"names\":[{},\n{\"texxt\":1}]}]}}", "alert.persons[0].names[1].texxt", 2,
     "\"text\""},
    {DRAFT, "{\"kind\":\"ALERT\",\n\"kind\":\"ALERT\"}", "kind", 2, "twice"},
    {DRAFT, "{\"case_ref\":\"a\",\n\"caseRef\":null}", "case_ref", 2, "twice"},
    {DRAFT, "{\"alert\":{},\n\n\"ack\":{}}", "ack", 3, "\"alert\" too"},
    {DRAFT, "{\"\":1}", "", 1, "no such key"},
    {DRAFT, "{\"id\\u001b[31m\":1}", "id?[31m", 1, "no such key"},
    {DRAFT, "{\"Kind\":1}", "Kind", 1, "did you mean \"kind\""},
    // codes
    {DRAFT, "{\n\"urgency\":\n\n\"U9\"}", "urgency", 4, "allowed: U1, U2, U3, U4"},
    {DRAFT, "{\"urgency\":\"u1\"}", "urgency", 1, "did you mean U1"},
    {DRAFT, "{\"urgency\":9}", "urgency", 1, "\"9\" is no code of this list; allowed: U1, U2, U3, U4"},
    {DRAFT, "{\"urgency\":1.5}", "urgency", 1, "whole number"},
    {DRAFT, "{\"handling\":[\"H1\",\n\"H7\"]}", "handling[1]", 2, "allowed: H0, H1, H2, H3"},
    {DRAFT, "{\"outcome\":\"x\\u202e\"}", "outcome", 1, "\"x?\" is no code"},
    // types
    {DRAFT, "{\"case_ref\":7}", "case_ref", 1, "text in quotes"},
    {DRAFT, "{\"case_ref\":true}", "case_ref", 1, "text in quotes"},
    {DRAFT, "{\"case_ref\":{}}", "case_ref", 1, "single value"},
    {DRAFT, "{\"case_ref\":[]}", "case_ref", 1, "not a list"},
    {DRAFT, "{\"flags\":{\"child\":\"true\"}}", "flags.child", 1, "true or false"},
    {DRAFT, "{\"flags\":{\"child\":1}}", "flags.child", 1, "true or false"},
    {DRAFT, "{\"flags\":true}", "flags", 1, "object in { }"},
    {DRAFT, "{\"flags\":[]}", "flags", 1, "not a list"},
    {DRAFT, "{\"recipients\":{}}", "recipients", 1, "must be a list"},
    {DRAFT, "{\"handling\":\"H1\"}", "handling", 1, "must be a list"},
    {DRAFT, "{\"handling\":[\"H1\",null]}", "handling[1]", 1, "null has no place"},
    {DRAFT, "{\"handling\":[[]]}", "handling[0]", 1, "list within a list"},
    {DRAFT, "{\"recipients\":[\"et/ics/moyale\"]}", "recipients[0]", 1, "object in { }"},
    // numbers
    {DRAFT, "{\"alert\":{\"persons\":[{\"count\":-1}]}}", "alert.persons[0].count", 1, "from 0 to 4294967295"},
    {DRAFT, "{\"alert\":{\"persons\":[{\"count\":4294967296}]}}", "alert.persons[0].count", 1, "from 0 to 4294967295"},
    {DRAFT, "{\"alert\":{\"persons\":[{\"count\":1.5}]}}", "alert.persons[0].count", 1, "whole number"},
    {DRAFT, "{\"alert\":{\"persons\":[{\"count\":\"\"}]}}", "alert.persons[0].count", 1, "whole number"},
    {DRAFT, "{\"alert\":{\"persons\":[{\"count\":\" 1\"}]}}", "alert.persons[0].count", 1, "whole number"},
    {DRAFT, "{\"alert\":{\"persons\":[{\"count\":\"0x1\"}]}}", "alert.persons[0].count", 1, "whole number"},
    {DRAFT, "{\"alert\":{\"persons\":[{\"count\":\"1\\u00002\"}]}}", "alert.persons[0].count", 1, "whole number"},
    {&amana__v1__proved_entry__descriptor, "{\"index\":18446744073709551616}", "index", 1, "from 0 to 1844"},
    {&amana__v1__proved_entry__descriptor, "{\"index\":9007199254740994.0}", "index", 1, "from 0 to 1844"},
    {&amana__v1__proved_entry__descriptor, "{\"index\":1e19}", "index", 1, "from 0 to 1844"},
    {&amana__v1__proved_entry__descriptor, "{\"index\":-1}", "index", 1, "from 0 to 1844"},
    {&amana__v1__clock_entry__descriptor, "{\"step\":-9223372036854775809}", "step", 1, "from -9223"},
    {&amana__v1__coordinates__descriptor, "{\"latitude\":1e999}", "latitude", 1, "too large"},
    {&amana__v1__coordinates__descriptor, "{\"latitude\":\"1,5\"}", "latitude", 1, "a number"},
    // texts, bytes, times
    {DRAFT, "{\"case_ref\":\"ke/a\\u0000er\"}", "case_ref", 1, "NUL"},
    {DRAFT, "{\"case_ref\":\"\\ud800\"}", "case_ref", 1, "half of a pair"},
    {DRAFT, "{\"case_ref\":\"\\ud800\\u0041\"}", "case_ref", 1, "half of a pair"},
    {DRAFT, "{\"case_ref\":\"\\ud83d\\\"x\"}", "case_ref", 1, "half of a pair"},
    {DRAFT, "{\"case_ref\":\"\\udc00\"}", "case_ref", 1, "half of a pair"},
    {DRAFT, "{\"case_ref\":\"\\\"\\\\\\ud83dx\"}", "case_ref", 1, "half of a pair"},
    {DRAFT, "{\"case_ref\":\"\xed\xa0\x80\"}", "case_ref", 1, "UTF-8"},
    {DRAFT, "{\"references\":[{\"header_digest\":\"QR==\"}]}", "references[0].header_digest", 1, "base64"},
    {DRAFT, "{\n\"answer_by\":\"2026-02-30T00:00:00Z\"}", "answer_by", 2, "calendar"},
    {DRAFT, "{\"answer_by\":\"tomorrow\"}", "answer_by", 1, "RFC 3339"},
    {DRAFT, "{\"answer_by\":\"2026-11-24T14:07:25\"}", "answer_by", 1, "offset"},
    {DRAFT, "{\"answer_by\":1795518445}", "answer_by", 1, "a time in quotes"},
    {DRAFT, "{\"answer_by\":{\"seconds\":1}}", "answer_by", 1, "single value"},
    // syntax
    {DRAFT, "", "", 1, "not JSON"},
    {DRAFT, "\n\n// nothing\n", "", 4, "not JSON"},
    {DRAFT, "[]", "", 1, "must begin with {"},
    {DRAFT, "\n7", "", 2, "must begin with {"},
    {DRAFT, "null", "", 1, "must begin with {"},
    {DRAFT, "{\n\"kind\": \"ALERT\"\n\"status\": 1}", "", 3, "not JSON"},
    {DRAFT, "{\n\"kind\": \"ALERT\",\n}", "", 3, "not JSON"},
    {DRAFT, "{\n\"kind\": 'ALERT'}", "", 2, "not JSON"},
    {DRAFT, "{\n\"kind\": \"ALERT\"\n", "", 3, "not JSON"},
    {DRAFT, "{\"kind\": \"ALERT\n\"}", "", 1, "not JSON"},
    {DRAFT, "{}\n{}", "", 2, "not JSON: trailing garbage"},
    {DRAFT, "{\"kind\"", "", 1, "not JSON"},
    {DRAFT, "{\"case_ref\":\"\xff\"}", "", 1, "not JSON"},
};

static void every_fault_has_its_path_and_its_line(void **state)
{
    for (size_t i = 0; i < AM_LEN(FAULTS); i++) {
        const struct fault *fault = &FAULTS[i];
        struct arena arena;
        arena_init(&arena, ROOM);
        struct am_detail detail = {0};
        ProtobufCMessage *message = NULL;
        enum am_err err = json_to_message(fault->type, bytes_of(fault->text), &arena, &detail, &message);
        if (err != AM_INVALID || message != NULL || strcmp(detail.field, fault->field) != 0 ||
            detail.line != fault->line || strstr(detail.text, fault->says) == NULL)
            fail_msg("%s\n-> %d, line %u, field \"%s\": %s", fault->text, err, detail.line, detail.field, detail.text);
        assert_true(codec_text_valid(detail.text, strlen(detail.text)));
        assert_int_equal(AM_INVALID, json_to_message(fault->type, bytes_of(fault->text), &arena, NULL, &message));
        arena_clear(&arena);
    }
}

static void sizes_are_bounded(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    struct am_detail detail;
    ProtobufCMessage *message;
    char *text = malloc(LIMIT_DRAFT + 2);
    memset(text, ' ', LIMIT_DRAFT + 1);
    memcpy(text + LIMIT_DRAFT - 2, "{} ", 3);
    struct am_bytes bytes = {(uint8_t *)text, LIMIT_DRAFT};
    assert_int_equal(AM_OK, json_to_message(DRAFT, bytes, &arena, &detail, &message));
    bytes.len++;
    assert_int_equal(AM_TOO_LARGE, json_to_message(DRAFT, bytes, &arena, &detail, &message));
    size_t len = (size_t)sprintf(text, "{\"handling\":[0");
    for (unsigned i = 1; i <= CODEC_REPEATED; i++)
        len += (size_t)sprintf(text + len, ",0");
    bytes.len = len + (size_t)sprintf(text + len, "]}");
    assert_int_equal(AM_TOO_LARGE, json_to_message(DRAFT, bytes, &arena, &detail, &message));
    assert_string_equal("handling[8192]", detail.field);
    arena.limit = 2048;
    arena_reset(&arena);
    assert_int_equal(AM_TOO_LARGE, json_to_message(DRAFT, bytes, &arena, &detail, &message));
    memset(text, '[', LIMIT_DRAFT);
    bytes.len = LIMIT_DRAFT;
    assert_int_equal(AM_INVALID, json_to_message(DRAFT, bytes, &arena, &detail, &message));
    free(text);
    arena_clear(&arena);
}

static void long_strings_with_escapes_are_read_whole(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    enum { PAIRS = 200000 };
    char *text = malloc(6 * PAIRS + 100);
    size_t len = (size_t)sprintf(text, "{\"alert\":{\"summary\":\"");
    for (unsigned i = 0; i < PAIRS; i++, len += 6)
        memcpy(text + len, "\\u00e9", 6);
    strcpy(text + len, "\"}}");
    Amana__V1__Draft *draft = take(DRAFT, &arena, text);
    assert_int_equal(2 * PAIRS, strlen(draft->alert->summary));
    free(text);
    arena_clear(&arena);
}

static void a_users_language_does_not_change_numbers(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    bool other = setlocale(LC_ALL, "de_DE.UTF-8") != NULL || setlocale(LC_ALL, "fr_FR.UTF-8") != NULL;
    Amana__V1__Coordinates *at = take(&amana__v1__coordinates__descriptor, &arena, "{\"latitude\": 1.5}");
    assert_true(at->latitude == 1.5);
    char *text = json_print(&at->base, 0);
    assert_string_equal("{\"latitude\":1.5}", text);
    free(text);
    setlocale(LC_ALL, "C");
    if (!other)
        printf("no language with a decimal comma is installed: looked at C only\n");
    arena_clear(&arena);
}

static void what_is_printed_follows_the_names_of_the_protocol(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    Amana__V1__Draft *draft = take(DRAFT, &arena,
                                   "{\"kind\":1,\"case_ref\":\"a\\\"\",\"answer_by\":\"2026-11-24T14:07:25+03:00\","
                                   "\"references\":[{\"header_digest\":\"+/8\"}],\"ack\":{}}");
    draft->status = 77;
    char *text = json_print(&draft->base, 0);
    assert_string_equal(
        "{\"kind\":\"ALERT\",\"status\":77,\"case_ref\":\"a\\\"\",\"answer_by\":\"2026-11-24T11:07:25Z\","
        "\"references\":[{\"header_digest\":\"+/8=\"}],\"ack\":{}}",
        text);
    free(text);
    Amana__V1__UnitRoster unit = AMANA__V1__UNIT_ROSTER__INIT;
    unit.roster = UINT64_MAX;
    text = json_print(&unit.base, 0);
    assert_string_equal("{\"roster\":\"18446744073709551615\"}", text);
    free(text);
    text = json_print(&(Amana__V1__DraftFlags)AMANA__V1__DRAFT_FLAGS__INIT.base, JSON_DEFAULTS);
    assert_string_equal("{\"child\":false,\"protection\":\"UNSPECIFIED\",\"never_tell\":[]}", text);
    free(text);
    Amana__V1__Coordinates at = AMANA__V1__COORDINATES__INIT;
    at.latitude = NAN, at.longitude = -INFINITY;
    text = json_print(&at.base, 0);
    assert_string_equal("{\"latitude\":\"NaN\",\"longitude\":\"-Infinity\"}", text);
    Amana__V1__Coordinates *back = take(&amana__v1__coordinates__descriptor, &arena, text);
    assert_true(isnan(back->latitude) && back->longitude == -INFINITY);
    free(text);
    unit.unit = (char *)"\xff";
    assert_null(json_print(&unit.base, 0));
    arena_clear(&arena);
}

static const ProtobufCMessageDescriptor *const TYPES[] = {
    DRAFT,
    &amana__v1__header__descriptor,
    &amana__v1__body__descriptor,
    &amana__v1__delivery__descriptor,
    &amana__v1__entry_content__descriptor,
    &amana__v1__status_response__descriptor,
};

static void a_message_survives_the_way_through_json(void **state)
{
    struct random_source source = random_seeded(__func__);
    struct arena arena;
    arena_init(&arena, 16 * ROOM);
    for (unsigned round = 0; round < 1500; round++) {
        const ProtobufCMessageDescriptor *type = TYPES[round % AM_LEN(TYPES)];
        ProtobufCMessage *message = random_message(&source, type, &arena), *back;
        struct am_bytes before, after;
        char *text = json_print(message, round % 2 == 0 ? 0 : JSON_DEFAULTS);
        assert_non_null(text);
        struct am_detail detail;
        if (json_to_message(type, bytes_of(text), &arena, &detail, &back) != AM_OK)
            fail_msg("%s: %s: %s in %s", type->name, detail.field, detail.text, text);
        assert_int_equal(AM_OK, codec_encode(message, &arena, &before));
        assert_int_equal(AM_OK, codec_encode(back, &arena, &after));
        assert_int_equal(before.len, after.len);
        assert_memory_equal(before.data, after.data, before.len);
        free(text);
        arena_reset(&arena);
    }
    arena_clear(&arena);
}

static void reading_survives_each_failing_allocation(void **state)
{
    static const char TEXT[] = "{\"case_ref\":\"\\u00e9\",\"recipients\":[{},{},{},{},{},{}],\"alert\":{\"persons\":[{"
                               "\"names\":[{\"text\":\"\\u00e9\"}]}]},\"answer_by\":\"2026-11-24T11:07:25Z\"}";
    for (unsigned at = 1;; at++) {
        struct arena arena;
        arena_init(&arena, ROOM);
        struct am_detail detail;
        ProtobufCMessage *message;
        fail_malloc_at = at;
        enum am_err err = json_to_message(DRAFT, bytes_of(TEXT), &arena, &detail, &message);
        bool over = fail_malloc_at > 0;
        fail_malloc_at = 0;
        arena_clear(&arena);
        assert_int_equal(over ? AM_OK : AM_NOMEM, err);
        if (over)
            break;
        assert_true(at < 100);
    }
}

static void reading_survives_each_size_of_an_arena(void **state)
{
    static const char TEXT[] = "{\"case_ref\":\"\\u00e9\",\"recipients\":[{},{},{},{},{},{}],\"alert\":{\"persons\":[{"
                               "\"names\":[{\"text\":\"\\u00e9\"}]}]},\"answer_by\":\"2026-11-24T11:07:25Z\"}";
    ProtobufCMessage *message = NULL;
    unsigned refused = 0;
    for (size_t limit = 0; message == NULL; limit += 16, refused++) {
        struct arena arena;
        arena_init(&arena, limit);
        struct am_detail detail;
        enum am_err err = json_to_message(DRAFT, bytes_of(TEXT), &arena, &detail, &message);
        assert_int_equal(message == NULL ? AM_TOO_LARGE : AM_OK, err);
        arena_clear(&arena);
    }
    assert_true(refused > 20);
}

static void *counted_malloc(size_t size)
{
    return __wrap_malloc(size);
}

static void printing_survives_each_failing_allocation(void **state)
{
    struct random_source source = random_seeded(__func__);
    struct arena arena;
    arena_init(&arena, ROOM);
    ProtobufCMessage *message = random_message(&source, DRAFT, &arena);
    json_set_alloc_funcs(counted_malloc, free);
    for (unsigned at = 1;; at++) {
        fail_malloc_at = at;
        char *text = json_print(message, JSON_DEFAULTS);
        bool over = fail_malloc_at > 0;
        fail_malloc_at = 0;
        assert_true(over == (text != NULL));
        free(text);
        if (over)
            break;
    }
    json_set_alloc_funcs(malloc, free);
    arena_clear(&arena);
}

// --- On a terminal
static void what_a_terminal_would_obey_is_escaped_in_json_and_reads_the_same(void **state)
{
    static const char json[] = "{\"a\":\"\xc2\x9b"
                               "31m\xe2\x80\xae\x7f\xf3\xa0\x80\x81\xc3\xa9\xe2\x80\x8d\"}";
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    plain_json(out, json);
    fclose(out);
    assert_string_equal(text, "{\"a\":\"\\u009b"
                              "31m\\u202e\\u007f\\udb40\\udc01\xc3\xa9\xe2\x80\x8d\"}");
    json_t *before = json_loads(json, 0, NULL), *after = json_loads(text, 0, NULL);
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_would_obey_is_escaped_in_json_and_reads_the_same),
        cmocka_unit_test(a_draft_is_read_with_comments_and_both_spellings),
        cmocka_unit_test(numbers_of_64_bits_come_as_numbers_or_texts),
        cmocka_unit_test(every_fault_has_its_path_and_its_line),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(long_strings_with_escapes_are_read_whole),
        cmocka_unit_test(a_users_language_does_not_change_numbers),
        cmocka_unit_test(what_is_printed_follows_the_names_of_the_protocol),
        cmocka_unit_test(a_message_survives_the_way_through_json),
        cmocka_unit_test(reading_survives_each_failing_allocation),
        cmocka_unit_test(reading_survives_each_size_of_an_arena),
        cmocka_unit_test(printing_survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
