// SPDX-License-Identifier: Apache-2.0
// What is written, and what a spreadsheet would make of it.
#include "client/cmd/htcds_csv.h"

#include "client/cmd/json_line.h"

#include <stdlib.h>
#include <string.h>

// A spreadsheet computes what begins so, and others' words are in here; a telephone's number and a plain one are none.
bool htcds_csv_defused(const char *text)
{
    text += strspn(text, "'");
    if (text[0] == '\0' || strchr("=@+-\t\r", text[0]) == NULL)
        return false;
    return (text[0] != '+' && text[0] != '-') || text[1 + strspn(text + 1, "0123456789 .")] != '\0';
}

static void print_cell(const char *text, bool first, FILE *out)
{
    fputs(first ? "\"" : ",\"", out);
    if (htcds_csv_defused(text))
        fputc('\'', out); // then it is text
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_row(json_t *columns, const json_t *record, FILE *out)
{
    const char *name;
    json_t *ignored;
    bool first = true;
    json_object_foreach(columns, name, ignored)
    {
        json_t *value = json_object_get(record, name);
        char *text =
            value == NULL || json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_LINE_DIGITS);
        print_cell(text != NULL ? text : value != NULL ? json_string_value(value) : "", first, out);
        first = false;
        free(text);
    }
    fputs("\r\n", out);
}

enum am_err htcds_csv_print(const json_t *records, FILE *out)
{
    json_t *columns = json_object(), *record;
    const char *name;
    size_t i;
    bool first = true;
    json_array_foreach(records, i, record)
    {
        if (json_object_update_missing(columns, record) != 0) {
            json_decref(columns);
            return AM_NOMEM;
        }
    }
    json_object_foreach(columns, name, record)
    {
        print_cell(name, first, out);
        first = false;
    }
    fputs("\r\n", out);
    json_array_foreach(records, i, record) print_row(columns, record, out);
    json_decref(columns);
    return AM_OK;
}
