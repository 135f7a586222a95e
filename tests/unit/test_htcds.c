// SPDX-License-Identifier: Apache-2.0
// Exports in the fields and values that HTCDS 2.0 has, and no others.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/cmd/htcds.h"
#include "proto/codec/json.h"
#include "proto/model/kind.h"
#include "proto/model/kind_body.h"
#include "tests/unit/example.h"
#include "tests/unit/full_message.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM (8u * 1024 * 1024)

static char standard[64 * 1024];

static int begin(void **state)
{
    FILE *in = fopen("tests/data/standards/htcds-2.0.txt", "re");
    assert_non_null(in);
    assert_true(fread(standard, 1, sizeof standard - 1, in) > 0 && feof(in));
    fclose(in);
    return 0;
}

// The field's values, "" where it is free; NULL where the standard has no such field.
static const char *values_of(const char *field)
{
    static char values[4096];
    char head[96];
    snprintf(head, sizeof head, "\n%s | ", field);
    const char *at = strstr(standard, head);
    if (at == NULL)
        return NULL;
    at += strlen(head);
    snprintf(values, sizeof values, "%.*s", (int)strcspn(at, "\n"), at);
    return values;
}

static bool listed(const char *values, const char *value, size_t len)
{
    for (const char *at = values; at != NULL; at = strchr(at, ';'), at = at != NULL ? at + 1 : NULL)
        if (strncmp(at, value, len) == 0 && (at[len] == ';' || at[len] == '\0'))
            return true;
    return false;
}

static void is_of_the_standard(const char *field, const char *value)
{
    const char *values = values_of(field);
    if (values == NULL)
        fail_msg("HTCDS has no field %s", field);
    if (values[0] == '\0')
        return;
    for (const char *at = value; *at != '\0'; at += strcspn(at, ";"), at += *at == ';')
        if (!listed(values, at, strcspn(at, ";")))
            fail_msg("%s has no value %s", field, value);
}

static json_t *records_of(unsigned kind, struct arena *arena, json_t *records)
{
    struct am_detail detail;
    struct example example;
    ProtobufCMessage *draft;
    char *text = example_text(kind);
    assert_int_equal(json_to_message(&amana__v1__draft__descriptor,
                                     (struct am_bytes){(const uint8_t *)text, strlen(text)}, arena, &detail, &draft),
                     AM_OK);
    free(text);
    example_of_draft((const Amana__V1__Draft *)draft, &example);
    example.header.id = (char *)kind_name(kind);
    assert_int_equal(htcds_add(records, &example.header, &example.body), 0);
    return records;
}

static void check_records(const json_t *records)
{
    size_t i;
    json_t *record, *value;
    const char *field;
    json_array_foreach(records, i, record)
    {
        json_object_foreach(record, field, value)
        {
            if (strchr(field, '_') != NULL)
                is_of_the_standard(field, json_is_string(value) ? json_string_value(value) : "");
        }
    }
}

static void a_case_is_exported_in_fields_and_values_of_the_standard(void **state)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    arena_init(&arena, ROOM);
    json_t *records = json_array();
    for (unsigned kind = 1; kind < KIND_COUNT; kind++)
        (void)records_of(kind, &arena, records);
    check_records(records);
    // The referral says most: look at the girl.
    json_t *girl = NULL, *record;
    size_t i;
    json_array_foreach(records, i, record)
    {
        const char *label = json_string_value(json_object_get(record, "label"));
        girl = label != NULL && strcmp(label, "girl-1") == 0 ? record : girl;
    }
    static const char *const SAYS[][2] = {
        {"prs_FirstName", "Dabo"},
        {"prs_MiddleName", "Guyo"},
        {"prs_Gender", "Feminine"},
        {"prs_Birthdate", "2014"},
        {"prs_Citizenship", "KE"},
        {"vic_TraffickingStatus", "PossibleVictimOfTrafficking"},
        {"vic_TypeOfExploitation", "Servitude"},
        {"vic_MethodsOfControl", "FalsePromises"},
        {"vic_RelationshipToTrafficker", "Acquainted"},
        {"prs_MailingCountry", "ET"},
    };
    for (i = 0; i < AM_LEN(SAYS); i++)
        assert_string_equal(json_string_value(json_object_get(girl, SAYS[i][0])), SAYS[i][1]);
    json_decref(records);
}

static void fill_all(json_t *records)
{
    const ProtobufCMessageDescriptor *type = &amana__v1__body__descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Header header = AMANA__V1__HEADER__INIT;
        Amana__V1__Body body = AMANA__V1__BODY__INIT;
        Google__Protobuf__Timestamp now = {.base = {&google__protobuf__timestamp__descriptor}, .seconds = 1795000000};
        if ((type->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
            continue;
        arena_init(&arena, ROOM);
        header.id = (char *)"id";
        header.outcome = OUTCOME(ACCEPTED);
        header.written_at = &now;
        full_member(&body.base, &type->fields[i], &arena);
        assert_int_equal(htcds_add(records, &header, &body), 0);
    }
}

static void every_field_that_can_be_filled_is_exported_within_the_standard(void **state)
{
    json_t *records = json_array();
    fill_all(records);
    check_records(records);
    json_decref(records);
}

// A person with all parts of a name, two telephones and an address.
static void add_named(json_t *records)
{
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    Amana__V1__Body body = AMANA__V1__BODY__INIT;
    Amana__V1__Note note = AMANA__V1__NOTE__INIT;
    Amana__V1__Person person = AMANA__V1__PERSON__INIT, *persons[] = {&person};
    Amana__V1__CommunicationId ways[3], *list[] = {&ways[0], &ways[1], &ways[2]};
    static const char *const VALUES[] = {"+254711000222", "+254200000001", "dabo@example.org"};
    for (size_t i = 0; i < AM_LEN(ways); i++) {
        amana__v1__communication_id__init(&ways[i]);
        ways[i].type = i < 2 ? AMANA__V1__COMMUNICATION_ID__TYPE__TELEPHONE : AMANA__V1__COMMUNICATION_ID__TYPE__EMAIL;
        ways[i].value = (char *)VALUES[i];
    }
    Amana__V1__NamePart parts[3], *names[] = {&parts[0], &parts[1], &parts[2]};
    for (size_t i = 0; i < AM_LEN(parts); i++) {
        amana__v1__name_part__init(&parts[i]);
        parts[i].type = (Amana__V1__NamePart__Type)(i + 1);
        parts[i].text = (char *)"Guyo";
    }
    person.names = names;
    person.n_names = AM_LEN(names);
    person.communications = list;
    person.n_communications = AM_LEN(list);
    note.persons = persons;
    note.n_persons = 1;
    body.kind_case = AMANA__V1__BODY__KIND_NOTE;
    body.note = &note;
    assert_int_equal(htcds_add(records, &header, &body), 0);
}

static void every_field_that_the_vocabulary_names_is_exported(void **state)
{
    static char vocabulary[128 * 1024];
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    json_t *records = json_array(), *record, *all = json_object();
    unsigned named = 0;
    size_t i;
    FILE *in = fopen("docs/vocabulary.md", "re");
    assert_non_null(in);
    assert_true(fread(vocabulary, 1, sizeof vocabulary - 1, in) > 0 && feof(in));
    fclose(in);
    arena_init(&arena, ROOM);
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) // full messages have the first code of each list alone
        (void)records_of(kind, &arena, records);
    fill_all(records);
    add_named(records);
    json_array_foreach(records, i, record) json_object_update(all, record);
    for (const char *at = vocabulary; (at = strchr(at, '_')) != NULL; at++) {
        char name[64];
        if (at - vocabulary < 4 || !isupper((unsigned char)at[1]) || !islower((unsigned char)at[-1]) ||
            !islower((unsigned char)at[-2]) || !islower((unsigned char)at[-3]) || isalnum((unsigned char)at[-4]) != 0)
            continue;
        snprintf(name, sizeof name, "%.*s",
                 (int)strspn(at - 3, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"), at - 3);
        if (json_object_get(all, name) == NULL)
            fail_msg("the vocabulary names %s, and no record has it", name);
        named++;
    }
    assert_true(named > 50);
    json_decref(all);
    json_decref(records);
}

static void each_code_is_a_value_of_its_field_or_has_none(void **state)
{
    static const struct {
        const char *field;
        const ProtobufCEnumDescriptor *type;
        unsigned without; // codes that the standard has no value for
    } LISTS[] = {
        {"prs_Gender", &amana__v1__sex__code__descriptor, 0},
        {"vic_TraffickingStatus", &amana__v1__victim_context__trafficking_status__descriptor, 0},
        {"vic_TraffickingStatusDecisionMakingOrg", &amana__v1__victim_context__decider__descriptor, 0},
        {"vic_MethodOfRecruitment", &amana__v1__recruitment__method__descriptor, 0},
        {"vic_MethodsOfControl", &amana__v1__control__method__descriptor, 0},
        {"vic_TypeOfExploitation", &amana__v1__exploitation__form__descriptor, 1},
        {"vic_TypeOfSexExploitation", &amana__v1__sexual_exploitation__form__descriptor, 0},
        {"vic_RelationshipToTrafficker", &amana__v1__relation__code__descriptor, 0},
        {"vic_RecruitmentWebsitesAndApps", &amana__v1__platform__code__descriptor, 0},
        {"per_RoleInProcess", &amana__v1__process_role__code__descriptor, 0},
        {"hte_Type", &amana__v1__event__type__descriptor, 0},
        {"spl_Type", &amana__v1__service__code__descriptor, 0},
        {"cas_ReasonForOutgoingReferral", &amana__v1__referral__reason__descriptor, 0},
    };
    for (size_t i = 0; i < AM_LEN(LISTS); i++) {
        unsigned without = 0;
        for (unsigned j = 0; j < LISTS[i].type->n_values; j++) {
            char room[HTCDS_VALUE];
            int code = LISTS[i].type->values[j].value;
            const char *value = htcds_value(LISTS[i].type, code, room);
            without += code != 0 && value == NULL;
            if (value != NULL)
                is_of_the_standard(LISTS[i].field, value);
        }
        assert_int_equal(without, LISTS[i].without);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_is_exported_in_fields_and_values_of_the_standard),
        cmocka_unit_test(every_field_that_can_be_filled_is_exported_within_the_standard),
        cmocka_unit_test(every_field_that_the_vocabulary_names_is_exported),
        cmocka_unit_test(each_code_is_a_value_of_its_field_or_has_none),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
