// SPDX-License-Identifier: Apache-2.0
// What is written, and what a spreadsheet would make of it.
#include "client/cmd/htcds_csv.h"

#include "client/cmd/json_line.h"
#include "proto/codec/plain.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct csv_out {
    FILE *file;
    bool terminal; // which cells must not steer; else they are written as they are, to be read again
};

static bool begins_wide(const char *text)
{
    static const char *const WIDE[] = {"\uff1d", "\uff20", "\uff0b", "\uff0d"}; // = @ + - as some keyboards have them
    for (size_t i = 0; i < AM_LEN(WIDE); i++)
        if (strncmp(text, WIDE[i], strlen(WIDE[i])) == 0)
            return true;
    return false;
}

// A spreadsheet computes what begins so, and others' words are in here; a telephone's number and a plain one are none.
bool htcds_csv_defused(const char *text)
{
    text += strspn(text, "'");
    if (text[0] == '\0' || strchr("=@+-\t\r\n", text[0]) == NULL)
        return begins_wide(text);
    return (text[0] != '+' && text[0] != '-') || text[1 + strspn(text + 1, "0123456789 .")] != '\0';
}

static void print_cell(const char *text, bool first, const struct csv_out *out)
{
    fputs(first ? "\"" : ",\"", out->file);
    if (htcds_csv_defused(text))
        fputc('\'', out->file); // then it is text
    while (*text != '\0') {
        const char *shown = text;
        size_t len = 1, taken = 1;
        unsigned width;
        if (out->terminal)
            taken = plain_take(text, &shown, &len, &width);
        if (*text == '"')
            fputc('"', out->file);
        fwrite(shown, 1, len, out->file);
        text += taken;
    }
    fputc('"', out->file);
}

static void print_row(json_t *columns, const json_t *record, const struct csv_out *out)
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
    fputs("\r\n", out->file);
}

enum am_err htcds_csv_print(const json_t *records, FILE *file)
{
    const struct csv_out out = {.file = file, .terminal = isatty(fileno(file)) == 1};
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
        print_cell(name, first, &out);
        first = false;
    }
    fputs("\r\n", file);
    json_array_foreach(records, i, record) print_row(columns, record, &out);
    json_decref(columns);
    return AM_OK;
}
