// SPDX-License-Identifier: Apache-2.0
// Counting persons by the variables of IC-TIP, and hiding what would give somebody away.
#include "client/cmd/statistics.h"

#include "proto/codec/codec.h"
#include "proto/model/kind_body.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static const struct {
    const char *population, *variable;
    bool several;
} NAMES[VARIABLES] = {
    [VICTIMS_STATUS] = {"victims", "status of the victim", false},
    [VICTIMS_SEX] = {"victims", "sex", false},
    [VICTIMS_AGE] = {"victims", "age group", false},
    [VICTIMS_CITIZENSHIP] = {"victims", "citizenship", true},
    [VICTIMS_EXPLOITATION] = {"victims", "form of exploitation", true},
    [VICTIMS_CONTROL] = {"victims", "means of control", true},
    [VICTIMS_RECRUITMENT] = {"victims", "method of recruitment", true},
    [PERPETRATORS_SEX] = {"alleged perpetrators", "sex", false},
    [PERPETRATORS_CITIZENSHIP] = {"alleged perpetrators", "citizenship", true},
    [PERPETRATORS_ROLE] = {"alleged perpetrators", "role in the process", true},
};

struct statistics {
    json_t *seen; // keys of persons
    struct statistics_table tables[VARIABLES];
};

struct statistics *statistics_new(void)
{
    struct statistics *statistics = calloc(1, sizeof *statistics);
    if (statistics == NULL)
        return NULL;
    statistics->seen = json_object();
    for (unsigned i = 0; i < VARIABLES; i++) {
        statistics->tables[i].population = NAMES[i].population;
        statistics->tables[i].variable = NAMES[i].variable;
        statistics->tables[i].several = NAMES[i].several;
    }
    if (statistics->seen == NULL) {
        free(statistics);
        return NULL;
    }
    return statistics;
}

void statistics_free(struct statistics *statistics)
{
    if (statistics != NULL)
        json_decref(statistics->seen);
    free(statistics);
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

static void count_code(struct statistics_table *table, const ProtobufCEnumDescriptor *type, int code, unsigned persons)
{
    count(table, code != 0 ? codec_enum_name(type, code) : "NOT_KNOWN", persons);
}

// A value that a person has twice counts once.
static void count_codes(struct statistics_table *table, const ProtobufCEnumDescriptor *type, const void *codes,
                        size_t n, unsigned persons)
{
    const int *list = codes;
    for (size_t i = 0; i < n; i++) {
        bool before = false;
        for (size_t j = 0; j < i; j++)
            before |= list[j] == list[i];
        if (!before)
            count_code(table, type, list[i], persons);
    }
}

static void count_words(struct statistics_table *table, char *const *words, size_t n, unsigned persons)
{
    for (size_t i = 0; i < n; i++) {
        bool before = false;
        for (size_t j = 0; j < i; j++)
            before |= strcmp(words[j], words[i]) == 0;
        if (!before)
            count(table, words[i], persons);
    }
}

static bool has_role(const Amana__V1__Person *person, Amana__V1__PersonRole__Code role)
{
    for (size_t i = 0; i < person->n_roles; i++)
        if (person->roles[i] == role)
            return true;
    return false;
}

// As it was when the person was trafficked, else as it is said: IC-TIP's two groups, and not known.
static const char *age_group(const Amana__V1__Person *person)
{
    if (person->victim != NULL && person->victim->age_when_trafficked != 0)
        return person->victim->age_when_trafficked < 18 ? "UNDER_18" : "18_AND_OVER";
    if (person->age == NULL || person->age->unknown || person->age->to == 0)
        return "NOT_KNOWN";
    return person->age->to < 18 ? "UNDER_18" : person->age->from >= 18 ? "18_AND_OVER" : "NOT_KNOWN";
}

static void count_victim(struct statistics_table *tables, const Amana__V1__Person *person, unsigned persons)
{
    const Amana__V1__VictimContext *victim = person->victim;
    for (unsigned i = VICTIMS_STATUS; i <= VICTIMS_RECRUITMENT; i++)
        tables[i].total += persons;
    count(&tables[VICTIMS_STATUS], has_role(person, AMANA__V1__PERSON_ROLE__CODE__VICTIM) ? "IDENTIFIED" : "PRESUMED",
          persons);
    count_code(&tables[VICTIMS_SEX], &amana__v1__sex__code__descriptor, (int)person->sex, persons);
    count(&tables[VICTIMS_AGE], age_group(person), persons);
    count_words(&tables[VICTIMS_CITIZENSHIP], person->citizenships, person->n_citizenships, persons);
    if (victim == NULL)
        return;
    count_codes(&tables[VICTIMS_EXPLOITATION], &amana__v1__exploitation__form__descriptor, victim->exploitation,
                victim->n_exploitation, persons);
    count_codes(&tables[VICTIMS_CONTROL], &amana__v1__control__method__descriptor, victim->control_methods,
                victim->n_control_methods, persons);
    count_codes(&tables[VICTIMS_RECRUITMENT], &amana__v1__recruitment__method__descriptor, victim->recruitment_methods,
                victim->n_recruitment_methods, persons);
}

static void count_perpetrator(struct statistics_table *tables, const Amana__V1__Person *person, unsigned persons)
{
    for (unsigned i = PERPETRATORS_SEX; i <= PERPETRATORS_ROLE; i++)
        tables[i].total += persons;
    count_code(&tables[PERPETRATORS_SEX], &amana__v1__sex__code__descriptor, (int)person->sex, persons);
    count_words(&tables[PERPETRATORS_CITIZENSHIP], person->citizenships, person->n_citizenships, persons);
    if (person->perpetrator != NULL)
        count_codes(&tables[PERPETRATORS_ROLE], &amana__v1__process_role__code__descriptor,
                    person->perpetrator->process_roles, person->perpetrator->n_process_roles, persons);
}

// A person once in a case. 1: not met before; 0: met; -1.
static int take_once(struct statistics *statistics, const char *case_ref, const Amana__V1__Person *person)
{
    char key[512];
    int len = snprintf(key, sizeof key, "%s|%s", case_ref, person->label);
    if (person->label[0] == '\0')
        len = snprintf(key, sizeof key, "%s||%d %s %u-%u %d %s", case_ref, (int)person->sex,
                       person->birth != NULL ? person->birth->date : "", person->age != NULL ? person->age->from : 0,
                       person->age != NULL ? person->age->to : 0, (int)(person->n_roles > 0 ? person->roles[0] : 0),
                       person->n_citizenships > 0 ? person->citizenships[0] : "");
    if (len < 0 || json_object_get(statistics->seen, key) != NULL)
        return len < 0 ? -1 : 0;
    return json_object_set_new(statistics->seen, key, json_true()) == 0 ? 1 : -1;
}

static int add_person(struct statistics *statistics, const char *case_ref, const Amana__V1__Person *person)
{
    unsigned persons = person->count != 0 ? person->count : 1;
    bool victim = has_role(person, AMANA__V1__PERSON_ROLE__CODE__VICTIM) ||
                  has_role(person, AMANA__V1__PERSON_ROLE__CODE__PRESUMED_VICTIM);
    bool suspect = has_role(person, AMANA__V1__PERSON_ROLE__CODE__SUSPECT);
    int fresh = victim || suspect ? take_once(statistics, case_ref, person) : 0;
    if (fresh == 1 && victim)
        count_victim(statistics->tables, person, persons);
    else if (fresh == 1)
        count_perpetrator(statistics->tables, person, persons);
    return fresh < 0 ? -1 : 0;
}

int statistics_add(struct statistics *statistics, const char *case_ref, const Amana__V1__Body *body)
{
    const ProtobufCMessage *of_kind = kind_body_get(&body->base);
    for (unsigned f = 0; of_kind != NULL && f < of_kind->descriptor->n_fields; f++) {
        const ProtobufCFieldDescriptor *field = &of_kind->descriptor->fields[f];
        const uint8_t *at = (const uint8_t *)of_kind;
        if (field->label != PROTOBUF_C_LABEL_REPEATED || field->descriptor != &amana__v1__person__descriptor)
            continue;
        size_t n = *(const size_t *)(const void *)(at + field->quantifier_offset);
        Amana__V1__Person *const *persons = *(Amana__V1__Person *const *const *)(const void *)(at + field->offset);
        for (size_t i = 0; i < n; i++)
            if (add_person(statistics, case_ref, persons[i]) != 0)
                return -1;
    }
    return 0;
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

// What is hidden so far can be worked out from what is shown.
static bool gives_away(const struct statistics_table *table, const struct statistics_table *before, unsigned k)
{
    unsigned sum = 0, shown = 0;
    for (size_t i = 0; i < table->n; i++)
        *(table->cells[i].hidden ? &sum : &shown) += table->cells[i].count;
    if (table->total_hidden || sum == 0 || (table->several && shown >= table->total))
        return false;
    return sum < k || (!table->several && before != NULL && rest_moved_little(table, before, k));
}

bool statistics_hide(struct statistics_table *table, const struct statistics_table *before, unsigned k)
{
    table->total_hidden = small(table->total, k);
    if (before != NULL && !hide_since(table, before, k))
        return false;
    for (size_t i = 0; i < table->n; i++) {
        struct statistics_cell *cell = &table->cells[i];
        cell->hidden |= cell->count > 0 &&
                        (table->total_hidden || small(cell->count, k) ||
                         (table->several && cell->count <= table->total && small(table->total - cell->count, k)));
    }
    while (gives_away(table, before, k)) {
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
    for (unsigned i = 0; i < VARIABLES; i++)
        each(user, &statistics->tables[i]);
}

// --- Rows
json_t *statistics_row(const struct statistics_table *table, unsigned k, const char *as_of)
{
    json_t *cells = json_array();
    bool suppressed = false;
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
                                            .suppressed = json_is_true(json_object_get(row, "suppressed"))};
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
