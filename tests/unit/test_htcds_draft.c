// SPDX-License-Identifier: Apache-2.0
// What is exported in the fields of HTCDS comes back from JSON and from CSV, and nothing of it is lost or made up.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "amana/v1/draft.pb-c.h"
#include "client/cmd/htcds.h"
#include "client/cmd/htcds_csv.h"
#include "client/cmd/htcds_file.h"
#include "proto/codec/json.h"
#include "proto/model/kind.h"
#include "tests/unit/example.h"
#include "tests/unit/random_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM (64u * 1024 * 1024)

// --- From records to a draft
static json_t *draft_of(struct am_bytes text, struct arena *arena, struct htcds_outcome *outcome)
{
    struct htcds_values values;
    struct am_detail detail = {0};
    if (htcds_read(text, arena, &detail, &values) != AM_OK)
        fail_msg("%s: line %u: %s, in:\n%.*s", detail.field, detail.line, detail.text, (int)text.len, text.data);
    json_t *draft = htcds_draft(&values, "ke/dci", EXAMPLE_NS, arena, outcome);
    assert_non_null(draft);
    return draft;
}

static char *as_json(json_t *records)
{
    json_t *all =
        json_pack("{s:s, s:s, s:O}", "standard", HTCDS_STANDARD, "case", "ke/dci/2026/004211", "records", records);
    char *text = json_dumps(all, JSON_INDENT(2));
    json_decref(all);
    assert_non_null(text);
    return text;
}

static char *as_csv(json_t *records)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_int_equal(htcds_csv_print(records, out), AM_OK);
    assert_int_equal(fclose(out), 0);
    return text;
}

static json_t *draft_of_text(char *text, struct arena *arena)
{
    struct htcds_outcome outcome;
    json_t *draft = draft_of((struct am_bytes){(const uint8_t *)text, strlen(text)}, arena, &outcome);
    if (outcome.n_faults > 0)
        fail_msg("%s = \"%s\": %s", outcome.faults[0].value != NULL ? outcome.faults[0].value->name : "record",
                 outcome.faults[0].value != NULL ? outcome.faults[0].value->value : "", outcome.faults[0].allowed);
    free(text);
    return draft;
}

static json_t *records_of_draft(json_t *draft, struct arena *arena)
{
    struct example example;
    struct am_detail detail = {0};
    ProtobufCMessage *message;
    json_t *records = json_array();
    char *text = json_dumps(draft, 0);
    enum am_err err = json_to_message(&amana__v1__draft__descriptor,
                                      (struct am_bytes){(const uint8_t *)text, strlen(text)}, arena, &detail, &message);
    if (err != AM_OK)
        fail_msg("%s: %s in %s", detail.field, detail.text, text);
    free(text);
    example_of_draft((const Amana__V1__Draft *)message, &example);
    example.header.id = (char *)"id";
    assert_int_equal(htcds_add(records, &example.header, &example.body), 0);
    return records;
}

// --- A random alert, in which what has a shape has it
static const char *pick(struct random_source *source, const char *const *list, size_t count)
{
    return list[random_next(source) % count];
}
#define PICK(source, list) ((char *)pick(source, list, AM_LEN(list)))

static const char *const COUNTRIES[] = {"ke", "et", "so", "dj", ""}, *const LANGUAGES[] = {"om", "swa", "so"},
                         *const DATES[] = {"1980", "2012-05", "2014-02-28"}, *const SECTIONS[] = {"A", "T", "U", ""},
                         *const ODD[] = {"=1+1", "'=x",  "''@SUM(1)", "-1", "-1-1",        "+254 711",
                                         "\tx",  "\r\n", "a,b;c",     "\"", "'",           "''",
                                         "=",    " x ",  "{",         "[",  "\xEF\xBB\xBF"};

static void shape_place(struct random_source *source, Amana__V1__Place *place)
{
    if (place == NULL)
        return;
    place->country = PICK(source, COUNTRIES);
    if (place->coordinates != NULL) {
        place->coordinates->latitude = ((int)(random_next(source) % 180001) - 90000) / 1000.0;
        place->coordinates->longitude = ((int)(random_next(source) % 360001) - 180000) / 1000.0;
    }
}

static void shape_person(struct random_source *source, Amana__V1__Person *person, size_t at, struct arena *arena)
{
    person->label = random_next(source) % 2 == 0 ? arena_printf(arena, "p%zu", at) : (char *)"";
    if (person->birth != NULL)
        person->birth->date = PICK(source, DATES);
    for (size_t i = 0; i < person->n_citizenships; i++)
        person->citizenships[i] = PICK(source, COUNTRIES);
    for (size_t i = 0; i < person->n_languages; i++)
        person->languages[i] = PICK(source, LANGUAGES);
    shape_place(source, person->whereabouts);
    if (person->victim != NULL) {
        person->victim->industry = PICK(source, SECTIONS);
        person->victim->age_when_trafficked %= 121;
    }
    if (person->perpetrator != NULL && random_next(source) % 2 == 0)
        person->perpetrator->details = PICK(source, ODD);
}

static void shape_alert(struct random_source *source, Amana__V1__Alert *alert, struct arena *arena)
{
    for (size_t i = 0; i < alert->n_persons; i++)
        shape_person(source, alert->persons[i], i, arena);
    for (size_t i = 0; i < alert->n_journey; i++)
        shape_place(source, alert->journey[i]->place);
    if (random_next(source) % 2 == 0)
        alert->summary = PICK(source, ODD);
    if (alert->contact != NULL && alert->contact->office[0] == '\0')
        alert->contact->office = PICK(source, ODD);
}

static json_t *random_records(struct random_source *source, struct arena *arena)
{
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    Amana__V1__Body body = AMANA__V1__BODY__INIT;
    json_t *records = json_array();
    body.kind_case = AMANA__V1__BODY__KIND_ALERT;
    body.alert = (Amana__V1__Alert *)random_message(source, &amana__v1__alert__descriptor, arena);
    assert_non_null(body.alert);
    shape_alert(source, body.alert, arena);
    header.id = (char *)"id";
    assert_int_equal(htcds_add(records, &header, &body), 0);
    return records;
}

static void whatever_an_alert_says_in_htcds_it_says_again_once_imported(void **state)
{
    struct random_source source = random_seeded(__func__);
    unsigned compared = 0;
    for (unsigned round = 0; round < 400; round++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        arena_init(&arena, ROOM);
        json_t *records = random_records(&source, &arena);
        for (unsigned csv = 0; json_array_size(records) > 0 && csv < 2; csv++, compared++) {
            json_t *draft = draft_of_text(csv != 0 ? as_csv(records) : as_json(records), &arena),
                   *again = records_of_draft(draft, &arena);
            if (!json_equal(records, again))
                fail_msg("%s\nbecame\n%s", json_dumps(records, JSON_INDENT(1)), json_dumps(again, JSON_INDENT(1)));
            json_decref(again);
            json_decref(draft);
        }
        json_decref(records);
    }
    assert_true(compared > 400);
}

// --- Every record that there can be
static void every_field_that_any_kind_exports_is_understood(void **state)
{
    json_t *records = json_array();
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    arena_init(&arena, ROOM);
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        struct example example;
        struct am_detail detail;
        ProtobufCMessage *draft;
        char *text = example_text(kind);
        assert_int_equal(json_to_message(&amana__v1__draft__descriptor,
                                         (struct am_bytes){(const uint8_t *)text, strlen(text)}, &arena, &detail,
                                         &draft),
                         AM_OK);
        free(text);
        example_of_draft((const Amana__V1__Draft *)draft, &example);
        example.header.id = (char *)kind_name(kind);
        assert_int_equal(htcds_add(records, &example.header, &example.body), 0);
    }
    json_decref(draft_of_text(as_json(records), &arena));
    json_decref(draft_of_text(as_csv(records), &arena));
    json_decref(records);
}

// --- By itself
static json_t *draft_of_case(const char *records, struct htcds_outcome *outcome, struct arena *arena)
{
    char *text;
    assert_true(asprintf(&text, "{\"standard\": \"HTCDS 2.0\", \"records\": [%s]}", records) > 0);
    json_t *draft = draft_of((struct am_bytes){(const uint8_t *)text, strlen(text)}, arena, outcome);
    free(text);
    return draft;
}

static void says(const struct htcds_outcome *outcome, const char *text)
{
    for (size_t i = 0; i < outcome->n_notes; i++)
        if (strstr(outcome->notes[i], text) != NULL)
            return;
    fail_msg("no note says \"%s\"", text);
}

static void what_one_value_of_theirs_may_have_been_is_said(void **state)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct htcds_outcome outcome;
    arena_init(&arena, ROOM);
    json_t *draft = draft_of_case("{\"record\": \"Person\", \"vic_TypeOfExploitation\": \"Servitude;Other\", "
                                  "\"prs_Gender\": \"NonSpecifiedUnknown\", \"prs_SecondName\": \"Boru\"}",
                                  &outcome, &arena);
    assert_int_equal(outcome.n_faults, 0);
    says(&outcome, "exploitation: OTHER, as HTCDS says \"Other\"; which may have been SLAVERY, CRIMINAL_ACTIVITY too");
    says(&outcome, "alert.persons[0].sex: NOT_KNOWN");
    says(&outcome, "which may have been GRANDFATHER too");
    says(&outcome, "alert.persons[0].roles must be said");
    json_decref(draft);
}

static void a_field_is_understood_in_its_own_record_alone(void **state)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct htcds_outcome outcome;
    arena_init(&arena, ROOM);
    json_t *draft = draft_of_case("{\"record\": \"Event\", \"prs_Gender\": \"Feminine\", \"hte_Type\": \"Flight\"}, "
                                  "{\"record\": \"Vehicle\"}, {\"record\": \"Event\", \"prs_Gender\": \"x\"}",
                                  &outcome, &arena);
    assert_int_equal(outcome.n_faults, 3);
    assert_string_equal(outcome.faults[0].value->name, "hte_Type");
    assert_string_equal(outcome.faults[0].allowed, "allowed: Recruitment, Transit, Exploitation");
    assert_string_equal(outcome.faults[1].value->name, "prs_Gender");
    assert_int_equal(outcome.faults[1].more, 1);
    assert_null(outcome.faults[2].value);
    assert_int_equal(outcome.faults[2].record, 1);
    json_decref(draft);
}

static void who_answers_questions_is_the_last_owner_and_others_stand_in_words(void **state)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct htcds_outcome outcome;
    arena_init(&arena, ROOM);
    json_t *draft = draft_of_case("{\"record\": \"Organisation\", \"org_Name\": \"A\", \"org_Phone\": \"+1\"}, "
                                  "{\"record\": \"Case\", \"cas_CaseOwner\": \"A\"}, "
                                  "{\"record\": \"Organisation\", \"org_Name\": \"B\", \"org_Phone\": \"+2\"}, "
                                  "{\"record\": \"Organisation\", \"org_Name\": \"B\", \"org_Phone\": \"+3\"}, "
                                  "{\"record\": \"Case\", \"cas_CaseOwner\": \"B\"}",
                                  &outcome, &arena);
    json_t *alert = json_object_get(draft, "alert"), *contact = json_object_get(alert, "contact");
    assert_string_equal(json_string_value(json_object_get(contact, "office")), "B");
    assert_string_equal(json_string_value(json_object_get(contact, "telephone")), "+2");
    assert_string_equal(json_string_value(json_object_get(alert, "summary")),
                        "Case owner before: A.\nDesk: A, +1.\nDesk: B, +3.");
    json_decref(draft);
}

static void a_child_is_concerned_where_one_person_may_be_under_18(void **state)
{
    static const struct {
        const char *persons;
        bool child;
    } ROWS[] = {
        {"{\"record\": \"Person\", \"prs_Birthdate\": \"1980\"}", false},
        {"{\"record\": \"Person\", \"prs_Birthdate\": \"2008\"}", true}, // of whom the day isn't known
        {"{\"record\": \"Person\", \"prs_Birthdate\": \"2007-11\"}", false},
        {"{\"record\": \"Person\", \"prs_Birthdate\": \"1980\"}, {\"record\": \"Person\", \"prs_FirstName\": \"A\"}",
         true},
        {"{\"record\": \"Event\", \"hte_City\": \"Moyale\"}", true}, // nobody knows who
    };
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        struct htcds_outcome outcome;
        arena_init(&arena, ROOM);
        json_t *draft = draft_of_case(ROWS[i].persons, &outcome, &arena);
        assert_int_equal(json_is_true(json_object_get(json_object_get(draft, "flags"), "child")), ROWS[i].child);
        json_decref(draft);
    }
}

static void where_memory_ends_there_is_no_draft(void **state)
{
    static const char TEXT[] = "{\"standard\": \"HTCDS 2.0\", \"records\": [{\"record\": \"Person\", "
                               "\"prs_SecondName\": \"Boru\", \"vic_TypeOfExploitation\": \"Other\"}]}";
    unsigned refused = 0;
    struct am_detail detail;
    for (size_t limit = 0; limit < 4 * 1024 * 1024; limit += 64) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        struct htcds_values values;
        struct htcds_outcome outcome;
        arena_init(&arena, limit);
        enum am_err err =
            htcds_read((struct am_bytes){(const uint8_t *)TEXT, sizeof TEXT - 1}, &arena, &detail, &values);
        json_t *draft = err == AM_OK ? htcds_draft(&values, "ke/dci", EXAMPLE_NS, &arena, &outcome) : NULL;
        if (draft != NULL) {
            assert_true(refused > 3);
            json_decref(draft);
            return;
        }
        assert_true(err == AM_OK || err == AM_TOO_LARGE);
        refused++;
    }
    fail_msg("there never was a draft");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_an_alert_says_in_htcds_it_says_again_once_imported),
        cmocka_unit_test(every_field_that_any_kind_exports_is_understood),
        cmocka_unit_test(what_one_value_of_theirs_may_have_been_is_said),
        cmocka_unit_test(a_field_is_understood_in_its_own_record_alone),
        cmocka_unit_test(who_answers_questions_is_the_last_owner_and_others_stand_in_words),
        cmocka_unit_test(a_child_is_concerned_where_one_person_may_be_under_18),
        cmocka_unit_test(where_memory_ends_there_is_no_draft),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
