// SPDX-License-Identifier: Apache-2.0
// Record by record through the table of fields; what no field has, in words.
#include "client/cmd/htcds_draft.h"

#include "amana/v1/draft.pb-c.h"
#include "client/cmd/htcds.h"
#include "client/cmd/htcds_fields.h"
#include "client/cmd/wipe.h"
#include "proto/codec/nearest.h"
#include "proto/codec/timestamp.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// What each room of a draft stands in.
static const struct {
    enum htcds_room in;
    const char *key;
    bool list;
    const ProtobufCMessageDescriptor *type;
} PLACES[ROOMS] = {
    [ROOM_ALERT] = {ROOM_DRAFT, "alert", false, &amana__v1__alert__descriptor},
    [ROOM_PERSON] = {ROOM_ALERT, "persons", true, &amana__v1__person__descriptor},
    [ROOM_VICTIM] = {ROOM_PERSON, "victim", false, &amana__v1__victim_context__descriptor},
    [ROOM_PERPETRATOR] = {ROOM_PERSON, "perpetrator", false, &amana__v1__perpetrator_context__descriptor},
    [ROOM_HOME] = {ROOM_PERSON, "whereabouts", false, &amana__v1__place__descriptor},
    [ROOM_EVENT] = {ROOM_ALERT, "journey", true, &amana__v1__event__descriptor},
    [ROOM_SITE] = {ROOM_EVENT, "place", false, &amana__v1__place__descriptor},
    [ROOM_POINT] = {ROOM_SITE, "coordinates", false, &amana__v1__coordinates__descriptor},
    [ROOM_CONTACT] = {ROOM_ALERT, "contact", false, &amana__v1__contact__descriptor},
};

static const struct {
    const char *name;
    unsigned bit;
    enum htcds_room room; // which each record is one of
} KINDS[] = {
    {"", IN_FORM, ROOM_PERSON},         {"Person", IN_PERSON, ROOM_PERSON},
    {"Event", IN_EVENT, ROOM_EVENT},    {"Organisation", IN_ORGANISATION, ROOM_NONE},
    {"Case", IN_CASE, ROOM_NONE},       {"Referral", IN_REFERRAL, ROOM_NONE},
    {"Comment", IN_COMMENT, ROOM_NONE},
};
#define KINDS_ALLOWED "allowed: Person, Event, Organisation, Case, Referral, Comment"

// --- Building
void htcds_put(struct htcds_drafting *d, json_t *in, const char *key, json_t *value)
{
    d->failed |= json_object_set_new(in, key, value) != 0;
}

void htcds_push(struct htcds_drafting *d, json_t *in, const char *key, json_t *value)
{
    json_t *list = json_object_get(in, key);
    if (list == NULL) {
        list = json_array();
        htcds_put(d, in, key, list);
    }
    d->failed |= json_array_append_new(list, value) != 0;
}

json_t *htcds_room(struct htcds_drafting *d, enum htcds_room room)
{
    if (d->rooms[room] != NULL)
        return d->rooms[room];
    json_t *above = htcds_room(d, PLACES[room].in), *made = json_object();
    if (PLACES[room].list)
        htcds_push(d, above, PLACES[room].key, made);
    else
        htcds_put(d, above, PLACES[room].key, made);
    d->rooms[room] = d->failed ? NULL : made;
    return d->rooms[room];
}

const char *htcds_path(struct htcds_drafting *d, enum htcds_room room)
{
    const char *above = PLACES[room].in <= ROOM_DRAFT ? "" : htcds_path(d, PLACES[room].in), *path;
    const char *dot = above[0] != '\0' ? "." : "";
    size_t count = json_array_size(json_object_get(htcds_room(d, PLACES[room].in), PLACES[room].key));
    if (PLACES[room].list)
        path = arena_printf(d->arena, "%s%s%s[%zu]", above, dot, PLACES[room].key, count > 0 ? count - 1 : 0);
    else
        path = arena_printf(d->arena, "%s%s%s", above, dot, PLACES[room].key);
    d->failed |= path == NULL;
    return path != NULL ? path : "";
}

void htcds_tell(struct htcds_drafting *d, FILE *words, const char *what, const char *value)
{
    size_t len = strlen(value);
    fprintf(words, "%s%s%s%s",
            ftell(words) == 0 ? ""
            : d->values->form ? " "
                              : "\n",
            what, value, len > 0 && value[len - 1] == '.' ? "" : ".");
}

void htcds_note(struct htcds_drafting *d, const char *format, ...)
{
    struct htcds_outcome *outcome = d->outcome;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *copy = arena_copy(d->arena, text, strlen(text));
    for (size_t i = 0; copy != NULL && i < outcome->n_notes; i++)
        if (strcmp(outcome->notes[i], copy) == 0)
            return;
    d->failed |= copy == NULL;
    if (copy != NULL && outcome->n_notes < HTCDS_NOTES)
        outcome->notes[outcome->n_notes++] = copy;
    else
        outcome->n_unnoted++;
}

// --- What isn't understood
static const char *codes_allowed(struct htcds_drafting *d, const ProtobufCEnumDescriptor *type)
{
    const char *list = "";
    char room[HTCDS_VALUE];
    for (unsigned i = 0; i < type->n_values && list != NULL; i++) {
        const char *value = htcds_value(type, type->values[i].value, room);
        size_t len = value != NULL ? strlen(value) : 0;
        const char *seen = value != NULL ? strstr(list, value) : NULL;
        if (value != NULL && (seen == NULL || (seen[len] != ',' && seen[len] != '\0')))
            list = arena_printf(d->arena, "%s%s%s", list, list[0] != '\0' ? ", " : "", value);
    }
    return list;
}

// A clause on why a value has no place.
static const char *allowed_of(struct htcds_drafting *d, const struct htcds_row *row, const char *name, unsigned kind)
{
    struct nearest nearest = {.word = name, .len = strlen(name)};
    char room[NEAREST_CLAUSE];
    if (row != NULL)
        return arena_printf(d->arena, "allowed: %s",
                            row->allowed != NULL ? row->allowed : codes_allowed(d, row->codes));
    for (size_t i = 0; i < HTCDS_ROWS_COUNT; i++)
        if ((HTCDS_ROWS[i].in & kind) != 0)
            nearest_offer(&nearest, HTCDS_ROWS[i].name);
    return arena_printf(d->arena, "no field that this program knows there%s", nearest_clause(&nearest, room));
}

static void fault(struct htcds_drafting *d, const struct htcds_value *value, size_t record, const char *allowed)
{
    struct htcds_outcome *outcome = d->outcome;
    d->failed |= allowed == NULL;
    if (outcome->n_faults < HTCDS_FAULTS)
        outcome->faults[outcome->n_faults] = (struct htcds_fault){value, record, allowed, 0};
    outcome->n_faults++;
}

// Of a name that no record of its kind has, the first is listed.
static void fault_name(struct htcds_drafting *d, const struct htcds_value *value, size_t record, unsigned kind)
{
    const struct htcds_record *records = d->values->records;
    for (size_t i = 0; i < d->outcome->n_faults && i < HTCDS_FAULTS; i++) {
        struct htcds_fault *before = &d->outcome->faults[i];
        if (before->value != NULL && strcmp(before->value->name, value->name) == 0 && before->record != record &&
            strcmp(records[before->record].kind, records[record].kind) == 0) {
            before->more++;
            return;
        }
    }
    fault(d, value, record, allowed_of(d, NULL, value->name, kind));
}

// --- Records
static const struct htcds_row *row_of(const char *name, unsigned kind)
{
    for (size_t i = 0; i < HTCDS_ROWS_COUNT; i++)
        if ((HTCDS_ROWS[i].in & kind) != 0 && strcmp(HTCDS_ROWS[i].name, name) == 0)
            return &HTCDS_ROWS[i];
    return NULL;
}

// Another answer to the same question: whose, and which holds, isn't said.
static bool comes_again(const struct htcds_value *values, size_t n, size_t at)
{
    for (size_t i = 0; i < n; i++)
        if (i != at && strcmp(values[i].name, values[at].name) == 0)
            return true;
    return false;
}

static void end_words(FILE *words, struct htcds_drafting *d)
{
    d->failed |= fflush(words) != 0 || ferror(words) != 0;
}

static void end_person(struct htcds_drafting *d)
{
    json_t *person = htcds_room(d, ROOM_PERSON);
    if (json_object_get(person, "birth") == NULL) {
        d->child = true; // of whom no age is given, it is unknown
        if (d->values->form)
            htcds_put(d, person, "age", json_pack("{s:b}", "unknown", 1));
        else
            htcds_note(d, "%s: no date of birth; say age or birth.", htcds_path(d, ROOM_PERSON));
    }
    if (json_object_get(person, "roles") == NULL)
        htcds_note(d, "No role follows from vic_TraffickingStatus: %s.roles must be said.", htcds_path(d, ROOM_PERSON));
    end_words(d->look, d);
    if (!d->failed && d->look_len > 0) // no NUL ends it where an earlier person's was longer
        htcds_put(d, person, "description", json_stringn(d->look_text, d->look_len));
    rewind(d->look);
    end_words(d->look, d);
}

static void begin_record(struct htcds_drafting *d, enum htcds_room room, unsigned kind)
{
    for (enum htcds_room r = ROOM_PERSON; r < ROOMS; r++)
        d->rooms[r] = NULL;
    if (room != ROOM_NONE)
        (void)htcds_room(d, room);
    if (kind == IN_ORGANISATION)
        d->failed |= json_array_append_new(d->desks, json_object()) != 0;
}

static void take_value(struct htcds_drafting *d, const struct htcds_row *row, const struct htcds_value *values,
                       size_t record, size_t at)
{
    if (comes_again(values, d->values->records[record].n, at))
        fault(d, &values[at], record, "stands there twice, and which holds isn't said");
    else if (!row->take(d, row, values[at].value))
        fault(d, &values[at], record, allowed_of(d, row, row->name, row->in));
}

// In the order of the table, so that two files that say the same give the same.
static void take_record(struct htcds_drafting *d, size_t at, const struct htcds_value *values)
{
    const struct htcds_record *record = &d->values->records[at];
    unsigned kind = 0;
    enum htcds_room room = ROOM_NONE;
    for (size_t i = 0; i < AM_LEN(KINDS); i++)
        if (strcmp(KINDS[i].name, record->kind) == 0 && (KINDS[i].bit == IN_FORM) == d->values->form) {
            kind = KINDS[i].bit;
            room = KINDS[i].room;
        }
    if (kind == 0) {
        fault(d, NULL, at, KINDS_ALLOWED);
        return;
    }
    begin_record(d, room, kind);
    for (size_t row = 0; row < HTCDS_ROWS_COUNT && !d->failed; row++)
        for (size_t i = 0; (HTCDS_ROWS[row].in & kind) != 0 && i < record->n; i++)
            if (strcmp(HTCDS_ROWS[row].name, values[i].name) == 0)
                take_value(d, &HTCDS_ROWS[row], values, at, i);
    for (size_t i = 0; i < record->n && !d->failed; i++)
        if (row_of(values[i].name, kind) == NULL)
            fault_name(d, &values[i], at, kind);
    if (room == ROOM_PERSON && !d->failed)
        end_person(d);
}

// --- The draft
static void begin(struct htcds_drafting *d, const char *agency)
{
    const char *case_ref = d->values->case_ref;
    char today[TIMESTAMP_TEXT];
    timestamp_print_ns(d->now_ns, today);
    d->draft = json_pack(
        "{s:s, s:s, s:o, s:[{s:s, s:s}], s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:b}, s:{s:s, s:s, s:[]}}", "kind",
        "ALERT", "status", "ACTUAL", "case_ref",
        case_ref[0] != '\0' ? json_string(case_ref) : json_sprintf("%s/%.4s/", agency, today), "recipients", "unit", "",
        "part", "ACTION", "subject_kind", "PERSON", "urgency", "U3", "source_eval", "X", "info_eval", "I4",
        "classification", "RESTRICTED", "purpose", "INVESTIGATION", "language", "en", "release", "REQUIRED", "flags",
        "child", 1, "alert", "title", "", "summary", "", "actions");
    d->rooms[ROOM_DRAFT] = d->draft;
    d->rooms[ROOM_ALERT] = json_object_get(d->draft, "alert");
    d->desks = json_array();
    d->owners = json_array();
    d->comments = json_array();
    d->summary = open_memstream(&d->summary_text, &d->summary_len);
    d->look = open_memstream(&d->look_text, &d->look_len);
    d->failed = d->draft == NULL || d->desks == NULL || d->owners == NULL || d->comments == NULL ||
                d->summary == NULL || d->look == NULL;
}

// Who answers questions is whom the case had last; other desks stand in words.
static void finish_contact(struct htcds_drafting *d)
{
    size_t i, owners = json_array_size(d->owners);
    const char *last = json_string_value(json_array_get(d->owners, owners > 0 ? owners - 1 : 0)), *before = "";
    json_t *desk;
    for (i = 0; i + 1 < owners; i++) {
        const char *owner = json_string_value(json_array_get(d->owners, i));
        if (strcmp(owner, last) != 0 && strcmp(owner, before) != 0)
            htcds_tell(d, d->summary, "Case owner before: ", owner);
        before = owner;
    }
    if (last != NULL)
        htcds_put(d, htcds_room(d, ROOM_CONTACT), "office", json_string(last));
    json_array_foreach(d->desks, i, desk)
    {
        const char *office = json_string_value(json_object_get(desk, "office")),
                   *telephone = json_string_value(json_object_get(desk, "telephone"));
        json_t *contact = d->rooms[ROOM_CONTACT];
        if (office != NULL && last != NULL && strcmp(office, last) == 0 &&
            (telephone == NULL || json_object_get(contact, "telephone") == NULL)) {
            if (telephone != NULL)
                htcds_put(d, contact, "telephone", json_string(telephone));
        } else if (office != NULL || telephone != NULL) {
            const char *both =
                arena_printf(d->arena, "%s%s%s", office != NULL ? office : "",
                             office != NULL && telephone != NULL ? ", " : "", telephone != NULL ? telephone : "");
            d->failed |= both == NULL;
            htcds_tell(d, d->summary, "Desk: ", both != NULL ? both : "");
        }
    }
}

static bool is_carried(enum htcds_room room, const char *key)
{
    for (size_t i = 0; i < HTCDS_ROWS_COUNT; i++)
        if (HTCDS_ROWS[i].room == room && strcmp(HTCDS_ROWS[i].key, key) == 0)
            return true;
    for (size_t i = 0; i < ROOMS; i++)
        if (PLACES[i].in == room && strcmp(PLACES[i].key, key) == 0)
            return true;
    return false;
}

// What a file can't have kept: of each room that the draft has, the fields that no row of the table leads to.
static void note_lost(struct htcds_drafting *d)
{
    static const enum htcds_room LISTED[] = {ROOM_ALERT, ROOM_PERSON, ROOM_VICTIM, ROOM_PERPETRATOR, ROOM_EVENT};
    for (size_t i = 0; i < AM_LEN(LISTED); i++) {
        const ProtobufCMessageDescriptor *type = PLACES[LISTED[i]].type;
        char text[400] = "";
        size_t len = 0;
        for (unsigned f = 0; f < type->n_fields && len < sizeof text; f++)
            if (!is_carried(LISTED[i], type->fields[f].name))
                len +=
                    (size_t)snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? ", " : "", type->fields[f].name);
        htcds_note(d, "HTCDS has no field for these of %s: %s.",
                   LISTED[i] == ROOM_ALERT         ? "an alert"
                   : LISTED[i] == ROOM_PERSON      ? "a person"
                   : LISTED[i] == ROOM_VICTIM      ? "a victim"
                   : LISTED[i] == ROOM_PERPETRATOR ? "a perpetrator"
                                                   : "an event",
                   text);
    }
}

static void finish(struct htcds_drafting *d)
{
    finish_contact(d);
    end_words(d->summary, d);
    if (d->failed)
        return;
    htcds_put(d, d->rooms[ROOM_ALERT], "summary", json_string(d->summary_text));
    if (json_array_size(json_object_get(d->rooms[ROOM_ALERT], "persons")) > 0)
        htcds_put(d, json_object_get(d->draft, "flags"), "child", json_boolean(d->child));
    if (!d->values->form)
        note_lost(d);
}

json_t *htcds_draft(const struct htcds_values *values, const char *agency, uint64_t now_ns, struct arena *arena,
                    struct htcds_outcome *ret_outcome)
{
    struct htcds_drafting d = {.values = values, .arena = arena, .outcome = ret_outcome, .now_ns = now_ns};
    *ret_outcome = (struct htcds_outcome){0};
    d.separator = values->form ? " " : ";";
    begin(&d, agency);
    const struct htcds_value *at = values->values;
    for (size_t i = 0; i < values->n_records && !d.failed; at += values->records[i].n, i++)
        take_record(&d, i, at);
    if (!d.failed)
        finish(&d);
    if (d.summary != NULL)
        fclose(d.summary);
    if (d.look != NULL)
        fclose(d.look);
    wipe_free(d.summary_text);
    wipe_free(d.look_text);
    json_decref(d.desks);
    json_decref(d.owners);
    json_decref(d.comments);
    if (!d.failed)
        return d.draft;
    json_decref(d.draft);
    return NULL;
}
