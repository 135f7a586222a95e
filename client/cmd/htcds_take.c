// SPDX-License-Identifier: Apache-2.0
// What a field may say, and where that goes.
#include "client/cmd/htcds_take.h"

#include "amana/v1/draft.pb-c.h"
#include "client/cmd/htcds.h"
#include "proto/body/rule.h"
#include "proto/body/shape.h"
#include "proto/codec/timestamp.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TAKE(name) bool name(struct htcds_drafting *d, const struct htcds_row *row, const char *value)
#define PART(name) static TAKE(name)
#define UNUSED     (void)d, (void)row, (void)value

// --- Codes
// The code whose value in HTCDS this is, of those that share one the last, which is the widest; NULL: none.
static const char *code_of(const ProtobufCEnumDescriptor *type, const char *value)
{
    const char *found = NULL;
    char room[HTCDS_VALUE];
    for (unsigned i = 0; i < type->n_values; i++) {
        const char *theirs = htcds_value(type, type->values[i].value, room);
        if (theirs != NULL && strcmp(theirs, value) == 0)
            found = type->values[i].name;
    }
    return found;
}

// What else the value of an export may have been, before it became one of theirs.
static void note_shared(struct htcds_drafting *d, const struct htcds_row *row, const char *value, const char *code)
{
    char room[HTCDS_VALUE];
    const char *others = "";
    for (unsigned i = 0; !d->values->form && i < row->codes->n_values && others != NULL; i++) {
        const char *theirs = htcds_value(row->codes, row->codes->values[i].value, room),
                   *name = row->codes->values[i].name;
        if (theirs != NULL && strcmp(theirs, value) == 0 && strcmp(name, code) != 0)
            others = arena_printf(d->arena, "%s%s%s", others, others[0] != '\0' ? ", " : "", name);
    }
    if (others == NULL)
        d->failed = true;
    else if (others[0] != '\0')
        htcds_note(d, "%s.%s: %s, as HTCDS says \"%s\"; which may have been %s too.", htcds_path(d, row->room),
                   row->key, code, value, others);
}

TAKE(htcds_take_code)
{
    const char *code = code_of(row->codes, value);
    if (code != NULL)
        htcds_put(d, htcds_room(d, row->room), row->key, json_string(code));
    return code != NULL;
}

static bool holds(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
            return true;
    return false;
}

// Calls `each` with every part of a value that may be several.
static bool each_part(struct htcds_drafting *d, const struct htcds_row *row, const char *value,
                      bool (*each)(struct htcds_drafting *d, const struct htcds_row *row, const char *part))
{
    char *copy = arena_copy(d->arena, value, strlen(value)), *save;
    bool all = copy != NULL, any = false;
    d->failed |= copy == NULL;
    for (char *part = all ? strtok_r(copy, d->separator, &save) : NULL; part != NULL;
         part = strtok_r(NULL, d->separator, &save)) {
        any = true;
        all &= each(d, row, part);
    }
    return all && any;
}

PART(push_code)
{
    const char *code = code_of(row->codes, value);
    if (code == NULL)
        return false;
    json_t *in = htcds_room(d, row->room);
    if (!holds(json_object_get(in, row->key), code)) {
        htcds_push(d, in, row->key, json_string(code));
        note_shared(d, row, value, code);
    }
    return true;
}

TAKE(htcds_take_codes)
{
    return each_part(d, row, value, push_code);
}

PART(is_code)
{
    UNUSED;
    return code_of(row->codes, value) != NULL;
}

// --- In words, or not at all
TAKE(htcds_take_words)
{
    htcds_tell(d, d->summary, row->words, value);
    return true;
}

TAKE(htcds_take_code_words)
{
    return each_part(d, row, value, is_code) && htcds_take_words(d, row, value);
}

TAKE(htcds_take_look)
{
    htcds_tell(d, d->look, row->words, value);
    return true;
}

TAKE(htcds_take_known)
{
    UNUSED;
    return true; // which message said so goes nowhere
}

TAKE(htcds_take_case_status)
{
    static const char *const ALL[] = {"Active", "FollowUp", "Closed", "ClosedReferred"};
    for (size_t i = 0; i < AM_LEN(ALL); i++)
        if (strcmp(value, ALL[i]) == 0)
            return htcds_take_words(d, row, value);
    return false;
}

TAKE(htcds_take_worker)
{
    UNUSED;
    htcds_note(d, "The case worker's name was left out: messages name offices and staff numbers, never a person.");
    return true;
}

// --- Texts
TAKE(htcds_take_text)
{
    htcds_put(d, htcds_room(d, row->room), row->key, json_string(value));
    return true;
}

TAKE(htcds_take_label)
{
    json_t *persons = json_object_get(htcds_room(d, ROOM_ALERT), "persons"), *person;
    size_t i;
    json_array_foreach(persons, i, person)
    {
        const char *label = json_string_value(json_object_get(person, "label"));
        if (label != NULL && strcmp(label, value) == 0)
            return false;
    }
    return shape_label(value) && htcds_take_text(d, row, value);
}

TAKE(htcds_take_language)
{
    if (!shape_language(value))
        return false;
    htcds_push(d, htcds_room(d, row->room), row->key, json_string(value));
    return true;
}

static bool is_true(const char *value)
{
    return strcmp(value, "TRUE") == 0;
}

static bool is_boolean(const char *value)
{
    return is_true(value) || strcmp(value, "FALSE") == 0;
}

TAKE(htcds_take_boolean)
{
    if (is_true(value))
        htcds_put(d, htcds_room(d, row->room), row->key, json_true());
    return is_boolean(value);
}

// Of a form it is the person's, to what is asked of them; of a file it stands for a record of which the rest is lost.
TAKE(htcds_take_consent)
{
    if (is_true(value) && d->values->form)
        htcds_put(d, d->draft, "consent", json_string("GIVEN"));
    else if (is_true(value)) {
        htcds_put(d, htcds_room(d, row->room), row->key, json_object());
        htcds_note(d, "%s.%s: agreed to something, and HTCDS doesn't say to what: say it in `to`.",
                   htcds_path(d, row->room), row->key);
    } else
        htcds_note(d,
                   "con_Consent is FALSE: the person%s%s has NOT agreed. `consent` is left out; ask before anything "
                   "is sent.",
                   d->values->form ? "" : " of ", d->values->form ? "" : htcds_path(d, ROOM_PERSON));
    return is_boolean(value);
}

TAKE(htcds_take_comment)
{
    if (holds(d->comments, value))
        return true; // an update says again what the alert said
    d->failed |= json_array_append_new(d->comments, json_string(value)) != 0;
    fprintf(d->summary, "%s%s", json_array_size(d->comments) > 1 || ftell(d->summary) > 0 ? "\n" : "", value);
    return true;
}

// --- Person
TAKE(htcds_take_name)
{
    json_t *person = htcds_room(d, ROOM_PERSON);
    htcds_push(d, person, row->key, json_pack("{s:s, s:s}", "type", row->words, "text", value));
    if (!d->values->form && strcmp(row->words, "FAMILY") == 0)
        htcds_note(d, "%s.names[%zu]: FAMILY, as HTCDS has a second name; which may have been GRANDFATHER too.",
                   htcds_path(d, ROOM_PERSON), json_array_size(json_object_get(person, row->key)) - 1);
    return true;
}

TAKE(htcds_take_birth)
{
    Amana__V1__Person person = AMANA__V1__PERSON__INIT;
    Amana__V1__PartialDate birth = AMANA__V1__PARTIAL_DATE__INIT;
    int64_t first, last;
    if (!shape_date_days(value, &first, &last) || first > (int64_t)(d->now_ns / NS_PER_DAY))
        return false;
    birth.date = (char *)value;
    person.birth = &birth;
    d->child |= rule_is_child(&person, d->now_ns);
    htcds_put(d, htcds_room(d, row->room), row->key, json_pack("{s:s}", "date", value));
    return true;
}

TAKE(htcds_take_gender)
{
    static const char *const WORDS[] = {"TransgenderFeminine", "TransgenderMasculine", "NonConforming"};
    for (size_t i = 0; i < AM_LEN(WORDS); i++)
        if (strcmp(value, WORDS[i]) == 0) // ISO 5218 has no code for it: it stands in words
            return htcds_take_look(d, row, value);
    if (strcmp(value, "NonSpecifiedUnknown") != 0)
        return htcds_take_code(d, row, value);
    htcds_put(d, htcds_room(d, row->room), row->key, json_string("NOT_KNOWN"));
    note_shared(d, row, value, "NOT_KNOWN");
    return true;
}

// Two letters of ISO 3166-1, as the standard has them.
static bool country_of(const char *value, char ret_country[3])
{
    if (strlen(value) != 2 || !isupper((unsigned char)value[0]) || !isupper((unsigned char)value[1]))
        return false;
    for (unsigned i = 0; i < 2; i++)
        ret_country[i] = (char)tolower((unsigned char)value[i]);
    ret_country[2] = '\0';
    return true;
}

PART(push_citizenship)
{
    char country[3];
    if (!country_of(value, country))
        return false;
    htcds_push(d, htcds_room(d, row->room), row->key, json_string(country));
    return true;
}

TAKE(htcds_take_citizenships)
{
    return d->values->form ? push_citizenship(d, row, value) : each_part(d, row, value, push_citizenship);
}

TAKE(htcds_take_country)
{
    char country[3];
    return country_of(value, country) && htcds_take_text(d, row, country);
}

TAKE(htcds_take_way)
{
    htcds_push(d, htcds_room(d, row->room), row->key, json_pack("{s:s, s:s}", "type", row->words, "value", value));
    return true;
}

TAKE(htcds_take_document)
{
    htcds_push(d, htcds_room(d, row->room), row->key, json_pack("{s:s}", "number", value));
    htcds_note(d, "%s.documents[0]: HTCDS has its number alone: say its type.", htcds_path(d, row->room));
    return true;
}

TAKE(htcds_take_street)
{
    json_t *place = htcds_room(d, row->room);
    const char *before = json_string_value(json_object_get(place, row->key));
    htcds_put(d, place, row->key, before != NULL ? json_sprintf("%s, %s", before, value) : json_string(value));
    return true;
}

TAKE(htcds_take_home_country)
{
    char country[3];
    if (country_of(value, country))
        return htcds_take_text(d, row, country);
    htcds_put(d, htcds_room(d, row->room), "text", json_string(value)); // no code, and no less true
    return true;
}

TAKE(htcds_take_status)
{
    if (!htcds_take_code(d, row, value))
        return false;
    const char *code = code_of(row->codes, value);
    if (strcmp(code, "NOT_A_VICTIM") != 0)
        htcds_push(d, htcds_room(d, ROOM_PERSON), "roles",
                   json_string(strcmp(code, "ACTUAL") == 0 ? "VICTIM" : "PRESUMED_VICTIM"));
    return true;
}

// "A_AgricultureForestryAndFishing": ISIC's section is the letter. One has a field, more stand in words.
TAKE(htcds_take_industry)
{
    char letters[64] = "", *copy = arena_copy(d->arena, value, strlen(value)), *save;
    size_t len = 0;
    d->failed |= copy == NULL;
    for (char *word = copy != NULL ? strtok_r(copy, d->separator, &save) : NULL; word != NULL;
         word = strtok_r(NULL, d->separator, &save)) {
        char section[2] = {word[0], '\0'};
        const char *industry = htcds_industry(section);
        if (industry == NULL || strcmp(word, industry) != 0 || strchr(letters, section[0]) != NULL)
            return false;
        if (len > 0)
            letters[len++] = ',';
        letters[len++] = section[0];
    }
    if (len == 1)
        return htcds_take_text(d, row, letters);
    return len > 0 && htcds_take_words(d, row, letters);
}

TAKE(htcds_take_age)
{
    char *end;
    unsigned long years = strtoul(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || years < 1 || years > 120)
        return false;
    htcds_put(d, htcds_room(d, row->room), row->key, json_integer((json_int_t)years));
    return true;
}

TAKE(htcds_take_site)
{
    htcds_put(d, htcds_room(d, row->room), row->key, json_pack("{s:s}", "text", value));
    return true;
}

// --- Event, organisation, case
TAKE(htcds_take_day)
{
    Google__Protobuf__Timestamp time;
    char text[24];
    int len = snprintf(text, sizeof text, "%sT00:00:00Z", value);
    if (len != 20 || timestamp_parse(text, (size_t)len, NULL, &time) != AM_OK)
        return false;
    htcds_put(d, htcds_room(d, row->room), row->key, json_string(text));
    htcds_note(d, "%s.time: HTCDS has the day %s alone: the hour is its first in UTC; say the right one.",
               htcds_path(d, row->room), value);
    return true;
}

TAKE(htcds_take_degrees)
{
    double most = strcmp(row->key, "latitude") == 0 ? 90 : 180;
    json_t *number = json_loads(value, JSON_DECODE_ANY, NULL); // whatever the locale's decimal point
    bool on_earth = json_is_number(number) && json_number_value(number) >= -most && json_number_value(number) <= most;
    if (on_earth)
        htcds_put(d, htcds_room(d, row->room), row->key, json_real(json_number_value(number)));
    json_decref(number);
    return on_earth;
}

TAKE(htcds_take_desk)
{
    htcds_put(d, json_array_get(d->desks, json_array_size(d->desks) - 1), row->key, json_string(value));
    return true;
}

TAKE(htcds_take_owner)
{
    UNUSED;
    d->failed |= json_array_append_new(d->owners, json_string(value)) != 0;
    return true;
}
