// SPDX-License-Identifier: Apache-2.0
// Two notations, one list of named values.
#include "client/cmd/htcds_file.h"

#include "client/cmd/file_in.h"
#include "client/cmd/htcds_csv.h"
#include "proto/codec/codec.h"
#include "proto/model/address.h"

#include <csv.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct arena *arena;
    struct am_detail *detail;
    struct htcds_values values;
    size_t records_room, values_room;
    enum am_err err;
    // Of a CSV.
    unsigned line, next;    // on which the present row began; that is being read
    bool row_done;          // no row is open behind the line that is being read
    size_t n_columns, cell; // of the header; of the present row
    const char *columns[LIMIT_HTCDS_COLUMNS];
    bool header_done;
};

__attribute__((format(printf, 5, 6))) static enum am_err stop(struct reading *r, enum am_err err, const char *field,
                                                              unsigned line, const char *format, ...)
{
    char text[sizeof r->detail->text];
    va_list args;
    if (r->err != AM_OK)
        return r->err;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->err = am_fail(err, r->detail, field, "%s", text);
    if (r->detail != NULL)
        r->detail->line = line;
    return r->err;
}

static enum am_err stop_memory(struct reading *r)
{
    enum am_err err = arena_error(r->arena) == AM_TOO_LARGE ? AM_TOO_LARGE : AM_NOMEM;
    return stop(r, err, "", 0, "%s", err == AM_TOO_LARGE ? "it needs too much memory" : "out of memory");
}

// Of the line that begins there, with its end.
static size_t line_len(struct am_bytes text, size_t at)
{
    const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
    return end != NULL ? (size_t)(end - (text.data + at)) + 1 : text.len - at;
}

// --- What both have
// Room for one more element behind `n` of an array; false after stop_memory.
static bool grow(struct reading *r, void **array, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return true;
    void *larger = arena_array(r->arena, n == 0 ? 64 : n * 2, size);
    if (larger == NULL) {
        (void)stop_memory(r);
        return false;
    }
    if (n > 0)
        memcpy(larger, *array, n * size);
    *array = larger;
    *room = n == 0 ? 64 : n * 2;
    return true;
}

static enum am_err begin_record(struct reading *r, const char *kind, unsigned line)
{
    struct htcds_values *values = &r->values;
    if (values->n_records == LIMIT_HTCDS_RECORDS)
        return stop(r, AM_TOO_LARGE, "", line, "more than %u records", LIMIT_HTCDS_RECORDS);
    if (!grow(r, (void **)&values->records, values->n_records, &r->records_room, sizeof *values->records))
        return r->err;
    values->records[values->n_records++] = (struct htcds_record){.kind = kind, .line = line};
    return AM_OK;
}

static enum am_err check_name(struct reading *r, const char *name, unsigned line)
{
    if (name[0] == '\0')
        return stop(r, AM_INVALID, "", line, "a field without a name");
    if (strlen(name) >= LIMIT_HTCDS_NAME)
        return stop(r, AM_TOO_LARGE, "", line, "a field's name is longer than %u bytes", LIMIT_HTCDS_NAME - 1);
    return AM_OK;
}

// Of the record that was begun last. `name` is the arena's.
static enum am_err take_value(struct reading *r, const char *name, const char *value, size_t len, unsigned line)
{
    struct htcds_values *values = &r->values;
    if (len == 0)
        return AM_OK;
    if (len > LIMIT_HTCDS_VALUE)
        return stop(r, AM_TOO_LARGE, name, line, "longer than %u bytes", LIMIT_HTCDS_VALUE);
    if (values->n == LIMIT_HTCDS_VALUES)
        return stop(r, AM_TOO_LARGE, name, line, "more than %u values", LIMIT_HTCDS_VALUES);
    const char *copy = arena_copy(r->arena, value, len);
    if (copy == NULL)
        return stop_memory(r);
    if (!grow(r, (void **)&values->values, values->n, &r->values_room, sizeof *values->values))
        return r->err;
    values->values[values->n++] = (struct htcds_value){name, copy, line};
    values->records[values->n_records - 1].n++;
    return AM_OK;
}

static const char *keep(struct reading *r, const char *text)
{
    const char *copy = arena_copy(r->arena, text, strlen(text));
    if (copy == NULL)
        (void)stop_memory(r);
    return copy;
}

// --- JSON
static enum am_err json_value(struct reading *r, size_t at, const char *key, const json_t *value)
{
    char path[160];
    snprintf(path, sizeof path, "records[%zu].%.*s", at, (int)LIMIT_HTCDS_NAME, key);
    if (check_name(r, key, 0) != AM_OK)
        return r->err;
    if (!json_is_string(value) && !json_is_number(value))
        return stop(r, AM_INVALID, path, 0, "must be a text in quotes or a number");
    const char *name = keep(r, key);
    char *number = json_is_number(value) ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    const char *text = number != NULL ? number : json_string_value(value);
    if (name != NULL && text == NULL)
        (void)stop_memory(r);
    else if (name != NULL && take_value(r, name, text, strlen(text), 0) == AM_TOO_LARGE && r->detail != NULL)
        snprintf(r->detail->field, sizeof r->detail->field, "%s", path);
    free(number);
    return r->err;
}

static enum am_err json_record(struct reading *r, size_t at, json_t *record)
{
    char path[32];
    const char *key, *kind;
    json_t *value;
    snprintf(path, sizeof path, "records[%zu]", at);
    if (!json_is_object(record))
        return stop(r, AM_INVALID, path, 0, "must be an object in { }");
    if (json_object_size(record) > LIMIT_HTCDS_COLUMNS)
        return stop(r, AM_TOO_LARGE, path, 0, "more than %u fields", LIMIT_HTCDS_COLUMNS);
    kind = json_string_value(json_object_get(record, "record"));
    if (kind == NULL || kind[0] == '\0')
        return stop(r, AM_INVALID, path, 0, "needs \"record\": Person, Event, Organisation, Case, Referral or Comment");
    kind = keep(r, kind);
    if (kind == NULL || begin_record(r, kind, 0) != AM_OK)
        return r->err;
    json_object_foreach(record, key, value) TRY(json_value(r, at, key, value));
    return AM_OK;
}

static const char *json_text(struct reading *r, json_t *all, const char *key)
{
    const json_t *value = json_object_get(all, key);
    if (value != NULL && !json_is_string(value))
        (void)stop(r, AM_INVALID, key, 0, "must be a text in quotes");
    return r->err != AM_OK ? NULL : keep(r, value != NULL ? json_string_value(value) : "");
}

static enum am_err json_all(struct reading *r, json_t *all)
{
    const char *key;
    json_t *value, *records = json_object_get(all, "records");
    size_t i;
    json_object_foreach(all, key, value)
    {
        if (strcmp(key, "standard") != 0 && strcmp(key, "case") != 0 && strcmp(key, "records") != 0)
            return stop(r, AM_INVALID, "", 0, "\"%.60s\" is not understood; an export has standard, case and records",
                        key);
    }
    if (!json_is_array(records))
        return stop(r, AM_INVALID, "records", 0, "is needed: a list in [ ]");
    r->values.version = json_text(r, all, "standard");
    r->values.case_ref = r->err == AM_OK ? json_text(r, all, "case") : NULL;
    if (r->err != AM_OK)
        return r->err;
    if (r->values.case_ref[0] != '\0' && case_ref_check(r->values.case_ref, r->detail) != AM_OK)
        return r->err = am_fail(AM_INVALID, r->detail, "case",
                                "\"%.60s\" is no reference of a case: COUNTRY/AGENCY/YEAR/NUMBER", r->values.case_ref);
    json_array_foreach(records, i, value) TRY(json_record(r, i, value));
    return AM_OK;
}

static enum am_err read_json(struct reading *r, struct am_bytes text)
{
    json_error_t error;
    json_t *all = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (all == NULL && json_error_code(&error) == json_error_out_of_memory)
        return stop_memory(r);
    if (all == NULL)
        return stop(r, AM_INVALID, "", error.line > 0 ? (unsigned)error.line : 0, "this is no JSON: %.150s",
                    error.text);
    enum am_err err =
        json_is_object(all) ? json_all(r, all) : stop(r, AM_INVALID, "", 1, "an export is one object in { }");
    json_decref(all);
    return err;
}

// --- CSV
static void on_column(struct reading *r, const char *name)
{
    if (r->n_columns == LIMIT_HTCDS_COLUMNS) {
        (void)stop(r, AM_TOO_LARGE, "", r->line, "more than %u columns", LIMIT_HTCDS_COLUMNS);
        return;
    }
    for (size_t i = 0; i < r->n_columns; i++)
        if (strcmp(r->columns[i], name) == 0)
            (void)stop(r, AM_INVALID, name, r->line, "two columns have this name: which holds isn't said");
    if (check_name(r, name, r->line) == AM_OK)
        r->columns[r->n_columns++] = keep(r, name);
}

static void on_cell(void *data, size_t len, void *user)
{
    struct reading *r = user;
    const char *text = data != NULL ? data : "";
    if (r->err != AM_OK)
        return;
    if (!r->header_done) {
        on_column(r, text);
        return;
    }
    if (r->cell == 0 && begin_record(r, "", r->line) != AM_OK)
        return;
    if (r->cell >= r->n_columns) {
        (void)stop(r, AM_INVALID, "", r->line, "more cells than the header has columns, which are %zu", r->n_columns);
        return;
    }
    bool defused = text[0] == '\'' && htcds_csv_defused(text + 1);
    const char *name = r->columns[r->cell++];
    if (take_value(r, name, text + defused, len - defused, r->line) == AM_OK && strcmp(name, "record") == 0 && len > 0)
        r->values.records[r->values.n_records - 1].kind = r->values.values[r->values.n - 1].value;
}

static void end_header(struct reading *r)
{
    bool found = false;
    for (size_t i = 0; i < r->n_columns; i++)
        found |= strcmp(r->columns[i], "record") == 0;
    if (!found)
        (void)stop(r, AM_INVALID, "", r->line,
                   "this is no export as CSV: the first line must name the columns, with commas between them, and "
                   "\"record\" among them");
    r->header_done = true;
}

static void on_row(int terminator, void *user)
{
    struct reading *r = user;
    (void)terminator;
    if (r->err != AM_OK)
        return;
    if (!r->header_done)
        end_header(r);
    else if (r->cell < r->n_columns)
        (void)stop(r, AM_INVALID, "", r->line, "%zu cells, where the header has %zu columns: the line is cut short",
                   r->cell, r->n_columns);
    else if (r->values.records[r->values.n_records - 1].kind[0] == '\0')
        (void)stop(r, AM_INVALID, "record", r->line,
                   "is needed: Person, Event, Organisation, Case, Referral or Comment");
    r->cell = 0;
    r->row_done = true;
}

// Space beside a comma belongs to the cell (RFC 4180 §2.4).
static int never(unsigned char c)
{
    (void)c;
    return 0;
}

static enum am_err csv_fault(struct reading *r, struct csv_parser *parser)
{
    if (csv_error(parser) != CSV_EPARSE)
        return stop_memory(r);
    return stop(r, AM_INVALID, "", r->next, "a quote is out of place, or one that was opened isn't closed");
}

static enum am_err read_csv(struct reading *r, struct am_bytes text)
{
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
        return stop_memory(r);
    csv_set_space_func(&parser, never);
    r->row_done = true;
    for (size_t at = 0, len; at < text.len && r->err == AM_OK; at += len) {
        len = line_len(text, at);
        r->next++;
        if (r->row_done)
            r->line = r->next;
        r->row_done = r->row_done && (text.data[at] == '\n' || text.data[at] == '\r'); // an empty line is no row
        if (csv_parse(&parser, text.data + at, len, on_cell, on_row, r) != len)
            (void)csv_fault(r, &parser);
    }
    if (r->err == AM_OK && csv_fini(&parser, on_cell, on_row, r) != 0)
        (void)csv_fault(r, &parser);
    csv_free(&parser);
    if (r->err == AM_OK && !r->header_done)
        end_header(r);
    return r->err;
}

// --- Either
static enum am_err read_either(struct reading *r, struct am_bytes text)
{
    static const uint8_t MARK[] = {0xEF, 0xBB, 0xBF};
    TRY(file_in_text(text, r->detail));
    if (text.len >= sizeof MARK && memcmp(text.data, MARK, sizeof MARK) == 0)
        text = (struct am_bytes){text.data + sizeof MARK, text.len - sizeof MARK};
    size_t at = 0;
    while (at < text.len && strchr(" \t\r\n", text.data[at]) != NULL)
        at++;
    bool json = at < text.len && (text.data[at] == '{' || text.data[at] == '[');
    TRY(json ? read_json(r, text) : read_csv(r, text));
    return r->values.n_records > 0 ? AM_OK : stop(r, AM_INVALID, "", 0, "no record is in it");
}

enum am_err htcds_read(struct am_bytes text, struct arena *arena, struct am_detail *detail,
                       struct htcds_values *ret_values)
{
    if (text.len > LIMIT_HTCDS_FILE)
        return am_fail(AM_TOO_LARGE, detail, "", "it has %zu bytes, allowed are %u", text.len, LIMIT_HTCDS_FILE);
    struct reading *r = calloc(1, sizeof *r);
    if (r == NULL)
        return AM_NOMEM;
    r->arena = arena;
    r->detail = detail;
    r->values = (struct htcds_values){.version = HTCDS_STANDARD, .instance = "", .case_ref = ""};
    enum am_err err = read_either(r, text);
    if (err == AM_OK)
        *ret_values = r->values;
    free(r);
    return err;
}
