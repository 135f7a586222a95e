// SPDX-License-Identifier: Apache-2.0
// Counting persons by the variables of IC-TIP, and hiding what would give somebody away.
#include "client/cmd/statistics.h"

#include "proto/body/check.h"
#include "proto/body/shape.h"
#include "proto/codec/codec.h"
#include "proto/model/header.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADULT 18

enum variable {
    VICTIMS_STATUS,
    VICTIMS_SEX,
    VICTIMS_AGE,
    VICTIMS_CITIZENSHIP,
    VICTIMS_EXPLOITATION,
    VICTIMS_CONTROL,
    VICTIMS_RECRUITMENT,
    PERPETRATORS_SEX,
    PERPETRATORS_CITIZENSHIP,
    PERPETRATORS_ROLE,
    VARIABLES
};

#define VICTIMS      "victims"
#define PERPETRATORS "alleged perpetrators"

static const struct {
    const char *population, *variable;
    bool several;
} NAMES[VARIABLES] = {
    [VICTIMS_STATUS] = {VICTIMS, "status of the victim", false},
    [VICTIMS_SEX] = {VICTIMS, "sex", false},
    [VICTIMS_AGE] = {VICTIMS, "age group", false},
    [VICTIMS_CITIZENSHIP] = {VICTIMS, "citizenship", true},
    [VICTIMS_EXPLOITATION] = {VICTIMS, "form of exploitation", true},
    [VICTIMS_CONTROL] = {VICTIMS, "means of control", true},
    [VICTIMS_RECRUITMENT] = {VICTIMS, "method of recruitment", true},
    [PERPETRATORS_SEX] = {PERPETRATORS, "sex", false},
    [PERPETRATORS_CITIZENSHIP] = {PERPETRATORS, "citizenship", true},
    [PERPETRATORS_ROLE] = {PERPETRATORS, "role in the process", true},
};

struct statistics {
    json_t *persons; // of each case, as they were said last: {"population": …, "count": …, a variable: [values]}
    struct statistics_table tables[VARIABLES];
};

struct statistics *statistics_new(void)
{
    struct statistics *statistics = calloc(1, sizeof *statistics);
    if (statistics == NULL)
        return NULL;
    statistics->persons = json_object();
    for (unsigned i = 0; i < VARIABLES; i++) {
        statistics->tables[i].population = NAMES[i].population;
        statistics->tables[i].variable = NAMES[i].variable;
        statistics->tables[i].several = NAMES[i].several;
    }
    if (statistics->persons == NULL) {
        free(statistics);
        return NULL;
    }
    return statistics;
}

void statistics_free(struct statistics *statistics)
{
    if (statistics != NULL)
        json_decref(statistics->persons);
    free(statistics);
}

// --- What is said of somebody. What isn't said stays as it was before.
// A value that a person has twice counts once.
static int say(json_t *said, const char *variable, const char *value)
{
    json_t *list = json_object_get(said, variable), *other;
    size_t i;
    if (list == NULL && json_object_set_new(said, variable, list = json_array()) != 0)
        return -1;
    json_array_foreach(list, i, other)
    {
        if (strcmp(json_string_value(other), value) == 0)
            return 0;
    }
    return json_array_append_new(list, json_string(value));
}

static int say_codes(json_t *said, const char *variable, const ProtobufCEnumDescriptor *type, const void *codes,
                     size_t n)
{
    const int *list = codes;
    int failed = 0;
    for (size_t i = 0; i < n; i++)
        if (list[i] != 0)
            failed |= say(said, variable, codec_enum_name(type, list[i]));
    return failed;
}

// IC-TIP's two groups, as it was when the person was trafficked, else as it is said; NULL: not to be told.
static const char *age_group(const Amana__V1__Person *person, int64_t day)
{
    int64_t first, last;
    if (person->victim != NULL && person->victim->age_when_trafficked != 0)
        return person->victim->age_when_trafficked < ADULT ? "UNDER_18" : "18_AND_OVER";
    if (person->birth != NULL && shape_date_days(person->birth->date, &first, &last)) {
        if (day - first < ADULT * 365 + 4) // 18 years have four or five 29ths of February
            return "UNDER_18";
        return day - last >= ADULT * 365 + 5 ? "18_AND_OVER" : NULL;
    }
    if (person->age == NULL || person->age->unknown)
        return NULL;
    if (person->age->from >= ADULT)
        return "18_AND_OVER";
    return person->age->to != 0 && person->age->to < ADULT ? "UNDER_18" : NULL;
}

static json_t *said_of(const Amana__V1__Person *person, int64_t day)
{
    static const ProtobufCEnumDescriptor *const SEX = &amana__v1__sex__code__descriptor;
    const Amana__V1__VictimContext *victim = person->victim;
    const char *age = age_group(person, day);
    json_t *said = json_object();
    int failed = say_codes(said, "sex", SEX, &person->sex, 1);
    failed |= person->count != 0 ? json_object_set_new(said, "count", json_integer(person->count)) : 0;
    failed |= age != NULL ? say(said, "age group", age) : 0;
    for (size_t i = 0; i < person->n_citizenships; i++)
        failed |= say(said, "citizenship", person->citizenships[i]);
    if (victim != NULL) {
        failed |= say_codes(said, "form of exploitation", &amana__v1__exploitation__form__descriptor,
                            victim->exploitation, victim->n_exploitation);
        failed |= say_codes(said, "means of control", &amana__v1__control__method__descriptor, victim->control_methods,
                            victim->n_control_methods);
        failed |= say_codes(said, "method of recruitment", &amana__v1__recruitment__method__descriptor,
                            victim->recruitment_methods, victim->n_recruitment_methods);
    }
    if (person->perpetrator != NULL)
        failed |= say_codes(said, "role in the process", &amana__v1__process_role__code__descriptor,
                            person->perpetrator->process_roles, person->perpetrator->n_process_roles);
    if (failed == 0)
        return said;
    json_decref(said);
    return NULL;
}

static bool holds(const Amana__V1__PersonRole__Code *roles, size_t n, Amana__V1__PersonRole__Code role)
{
    for (size_t i = 0; i < n; i++)
        if (roles[i] == role)
            return true;
    return false;
}

// Any message may make a victim of somebody; nothing makes one a suspect again, nor neither, but a CORRECTION (rule 6).
static int take_roles(json_t *person, const Amana__V1__PersonRole__Code *roles, size_t n, bool corrects)
{
    bool identified = holds(roles, n, AMANA__V1__PERSON_ROLE__CODE__VICTIM);
    const char *population = json_string_value(json_object_get(person, "population"));
    if (identified || holds(roles, n, AMANA__V1__PERSON_ROLE__CODE__PRESUMED_VICTIM))
        return json_object_set_new(person, "population", json_string(VICTIMS)) |
               json_object_set_new(person, NAMES[VICTIMS_STATUS].variable,
                                   json_pack("[s]", identified ? "IDENTIFIED" : "PRESUMED"));
    if (holds(roles, n, AMANA__V1__PERSON_ROLE__CODE__SUSPECT) && (population == NULL || corrects))
        return json_object_set_new(person, "population", json_string(PERPETRATORS));
    if (corrects)
        (void)json_object_del(person, "population");
    return 0;
}

// A person is one in a case: by the label, else by what is said of sex, age and citizenships. NULL: no memory.
static json_t *person_at(struct statistics *statistics, const char *key)
{
    json_t *person = json_object_get(statistics->persons, key);
    if (person == NULL && json_object_set_new(statistics->persons, key, person = json_object()) != 0)
        return NULL;
    return person;
}

static int add_person(struct statistics *statistics, const Amana__V1__Header *header, const Amana__V1__Person *person)
{
    char key[512];
    int64_t day = (int64_t)(header_time_or_0(header->written_at) / NS_PER_DAY);
    json_t *said = said_of(person, day), *known;
    snprintf(key, sizeof key, "%s|%s", header->case_ref, person->label);
    if (person->label[0] == '\0')
        snprintf(key, sizeof key, "%s||%d %s %u-%u %d %s", header->case_ref, (int)person->sex,
                 person->birth != NULL ? person->birth->date : "", person->age != NULL ? person->age->from : 0,
                 person->age != NULL ? person->age->to : 0, (int)(person->n_roles > 0 ? person->roles[0] : 0),
                 person->n_citizenships > 0 ? person->citizenships[0] : "");
    known = said != NULL ? person_at(statistics, key) : NULL;
    int failed = known == NULL || json_object_update(known, said) != 0 ||
                 take_roles(known, person->roles, person->n_roles, header->kind == KIND(CORRECTION)) != 0;
    json_decref(said);
    return failed ? -1 : 0;
}

static int add_change(struct statistics *statistics, const Amana__V1__Header *header,
                      const Amana__V1__RoleChange *change)
{
    char key[512];
    snprintf(key, sizeof key, "%s|%s", header->case_ref, change->person);
    json_t *known = json_object_get(statistics->persons, key);
    return known == NULL ? 0 : take_roles(known, change->now, change->n_now, true);
}

int statistics_add(struct statistics *statistics, const Amana__V1__Header *header, const Amana__V1__Body *body)
{
    size_t n;
    Amana__V1__Person *const *persons = body_persons(body, &n);
    if (header->kind == KIND(SUBJECT_ACCESS)) // asks, and says nothing of a case
        return 0;
    for (size_t i = 0; i < n; i++)
        if (add_person(statistics, header, persons[i]) != 0)
            return -1;
    for (size_t i = 0; body->kind_case == AMANA__V1__BODY__KIND_CORRECTION && i < body->correction->n_roles; i++)
        if (add_change(statistics, header, body->correction->roles[i]) != 0)
            return -1;
    return 0;
}

// --- Counting
static void count(struct statistics_table *table, const char *name, unsigned persons)
{
    size_t i = 0;
    while (i < table->n && strcmp(table->cells[i].name, name) != 0)
        i++;
    if (i == STATISTICS_CELLS)
        i--; // more values than countries there are: the last cell takes the rest
    if (i == table->n) {
        (void)strlcpy(table->cells[i].name, name, sizeof table->cells[i].name);
        table->n++;
    }
    table->cells[i].count += persons;
}

static void count_person(struct statistics_table *table, const json_t *person)
{
    const char *population = json_string_value(json_object_get(person, "population"));
    const json_t *values = json_object_get(person, table->variable), *value;
    const json_t *many = json_object_get(person, "count");
    unsigned persons = many != NULL ? (unsigned)json_integer_value(many) : 1;
    size_t i;
    if (population == NULL || strcmp(population, table->population) != 0)
        return;
    table->total += persons;
    json_array_foreach(values, i, value) count(table, json_string_value(value), persons);
    if (values == NULL && !table->several)
        count(table, "NOT_KNOWN", persons);
}

// --- Hiding
static bool small(unsigned count, unsigned k)
{
    return count > 0 && count < k;
}

// What is shown differs from what was by a number that is itself small.
static bool moved_little(unsigned now, unsigned before, unsigned k)
{
    return small(now > before ? now - before : before - now, k);
}

// The smallest cell that is shown and not empty; NULL for none.
static struct statistics_cell *smallest_shown(struct statistics_table *table)
{
    struct statistics_cell *found = NULL;
    for (size_t i = 0; i < table->n; i++) {
        struct statistics_cell *cell = &table->cells[i];
        if (!cell->hidden && cell->count > 0 && (found == NULL || cell->count < found->count))
            found = cell;
    }
    return found;
}

static const struct statistics_cell *cell_of(const struct statistics_table *table, const char *name)
{
    for (size_t i = 0; table != NULL && i < table->n; i++)
        if (strcmp(table->cells[i].name, name) == 0)
            return &table->cells[i];
    return NULL;
}

static unsigned lower(unsigned k, const struct statistics_table *before)
{
    return before->k < k ? before->k : k;
}

// Cells that moved a little are hidden, unless it is all the same persons: then one was only corrected.
static bool hide_since(struct statistics_table *table, const struct statistics_table *before, unsigned k)
{
    if (!before->total_hidden && moved_little(table->total, before->total, k))
        return false;
    for (size_t i = 0; i < before->n; i++) {
        const struct statistics_cell *then = &before->cells[i];
        struct statistics_cell *now = (struct statistics_cell *)cell_of(table, then->name);
        bool little = moved_little(now != NULL ? now->count : 0, then->count, k);
        if (little && !before->total_hidden && table->total == before->total)
            return false;
        if (little && now != NULL)
            now->hidden = true;
    }
    return true;
}

// The total less what is shown, then and now: what is hidden has moved a little. Not to be told where a cell that is
// shown may have been hidden.
static bool rest_moved_little(const struct statistics_table *table, const struct statistics_table *before, unsigned k)
{
    unsigned now = table->total, then = before->total;
    if (before->total_hidden)
        return false;
    for (size_t i = 0; i < table->n; i++) {
        const struct statistics_cell *cell = &table->cells[i], *was = cell_of(before, cell->name);
        if (cell->hidden)
            continue;
        if (was == NULL && before->suppressed)
            return false;
        now -= cell->count;
        then -= was != NULL ? was->count : 0;
    }
    return moved_little(now, then, k);
}

static bool any_rest_moved_little(const struct statistics_table *table, const struct statistics_table *before, size_t n,
                                  unsigned k)
{
    for (size_t i = 0; i < n; i++)
        if (rest_moved_little(table, &before[i], lower(k, &before[i])))
            return true;
    return false;
}

// What is hidden so far can be worked out from what is shown.
static bool gives_away(const struct statistics_table *table, const struct statistics_table *before, size_t n,
                       unsigned k)
{
    unsigned sum = 0, shown = 0;
    for (size_t i = 0; i < table->n; i++)
        *(table->cells[i].hidden ? &sum : &shown) += table->cells[i].count;
    if (table->total_hidden || sum == 0 || (table->several && shown >= table->total))
        return false;
    return sum < k || (!table->several && any_rest_moved_little(table, before, n, k));
}

bool statistics_hide(struct statistics_table *table, const struct statistics_table *before, size_t n, unsigned k)
{
    table->total_hidden = small(table->total, k);
    for (size_t i = 0; i < n; i++)
        if (!hide_since(table, &before[i], lower(k, &before[i])))
            return false;
    for (size_t i = 0; i < table->n; i++) {
        struct statistics_cell *cell = &table->cells[i];
        cell->hidden |= cell->count > 0 &&
                        (table->total_hidden || small(cell->count, k) ||
                         (table->several && cell->count <= table->total && small(table->total - cell->count, k)));
    }
    while (gives_away(table, before, n, k)) {
        struct statistics_cell *cell = smallest_shown(table);
        if (cell == NULL) { // nothing is left to stand beside it
            table->total_hidden = !table->several;
            break;
        }
        cell->hidden = true;
    }
    return true;
}

void statistics_each(struct statistics *statistics, void (*each)(void *user, struct statistics_table *), void *user)
{
    for (unsigned i = 0; i < VARIABLES; i++) {
        const char *key;
        json_t *person;
        json_object_foreach(statistics->persons, key, person) count_person(&statistics->tables[i], person);
        each(user, &statistics->tables[i]);
    }
}

// --- Rows
json_t *statistics_row(const struct statistics_table *table, unsigned k, const char *as_of)
{
    json_t *cells = json_array();
    bool suppressed = table->total_hidden; // that none of a few has a value tells of each of them
    for (size_t i = 0; i < table->n; i++) {
        const struct statistics_cell *cell = &table->cells[i];
        suppressed |= cell->hidden;
        if (!cell->hidden && json_array_append_new(cells, json_pack("{s:s, s:I}", "value", cell->name, "count",
                                                                    (json_int_t)cell->count)) != 0) {
            json_decref(cells);
            return NULL;
        }
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:b, s:o, s:b, s:o}", "standard", "IC-TIP", "population",
                     table->population, "variable", table->variable, "as_of", as_of, "k", (json_int_t)k, "several",
                     table->several, "total", table->total_hidden ? json_null() : json_integer(table->total),
                     "suppressed", suppressed, "cells", cells);
}

json_t *statistics_row_empty(const struct statistics_table *table, unsigned k, const char *as_of)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:b, s:n, s:b, s:[]}", "standard", "IC-TIP", "population",
                     table->population, "variable", table->variable, "as_of", as_of, "k", (json_int_t)k, "several",
                     table->several, "total", "suppressed", true, "cells");
}

bool statistics_row_read(const json_t *row, const struct statistics_table *table, struct statistics_table *ret_before)
{
    const char *population = json_string_value(json_object_get(row, "population"));
    const char *variable = json_string_value(json_object_get(row, "variable"));
    const json_t *total = json_object_get(row, "total"), *cells = json_object_get(row, "cells"), *cell;
    size_t i;
    if (population == NULL || variable == NULL || strcmp(population, table->population) != 0 ||
        strcmp(variable, table->variable) != 0)
        return false;
    *ret_before = (struct statistics_table){.total = (unsigned)json_integer_value(total),
                                            .total_hidden = !json_is_integer(total),
                                            .suppressed = json_is_true(json_object_get(row, "suppressed")),
                                            .k = (unsigned)json_integer_value(json_object_get(row, "k"))};
    json_array_foreach(cells, i, cell)
    {
        const char *name = json_string_value(json_object_get(cell, "value"));
        if (name == NULL || ret_before->n == STATISTICS_CELLS)
            continue;
        struct statistics_cell *into = &ret_before->cells[ret_before->n++];
        (void)strlcpy(into->name, name, sizeof into->name);
        into->count = (unsigned)json_integer_value(json_object_get(cell, "count"));
    }
    return true;
}
