// SPDX-License-Identifier: Apache-2.0
// Reading a submission by expat, within limits.
#include "client/cmd/odk.h"

#include <bsd/string.h>
#include <ctype.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    XML_Parser parser;
    struct arena *arena;
    struct am_detail *detail;
    struct htcds_values *values;
    char version[LIMIT_HTCDS_NAME], instance[LIMIT_HTCDS_NAME];
    enum am_err err;
    unsigned depth;
    size_t path_at[LIMIT_ODK_DEPTH + 1]; // where the name of each level begins in `path`
    char path[LIMIT_HTCDS_NAME];
    bool leaf; // nothing but text came since the element began
    size_t len;
    char text[LIMIT_ODK_VALUE + 1];
};

__attribute__((format(printf, 3, 4))) static void stop(struct reading *reading, enum am_err err, const char *format,
                                                       ...)
{
    if (reading->err != AM_OK)
        return;
    va_list args;
    reading->err = err;
    va_start(args, format);
    if (reading->detail != NULL) {
        vsnprintf(reading->detail->text, sizeof reading->detail->text, format, args);
        reading->detail->line = (unsigned)XML_GetCurrentLineNumber(reading->parser);
    }
    va_end(args);
    (void)XML_StopParser(reading->parser, XML_FALSE);
}

// Bytes are read as UTF-8: what says that it is something else would be read wrongly, here and there without a fault.
static void on_declaration(void *user, const XML_Char *version, const XML_Char *encoding, int standalone)
{
    (void)version, (void)standalone;
    if (encoding != NULL && strcasecmp(encoding, "UTF-8") != 0 && strcasecmp(encoding, "US-ASCII") != 0)
        stop(user, AM_INVALID, "encoding %.40s: a submission must be UTF-8", encoding);
}

static void on_doctype(void *user, const XML_Char *name, const XML_Char *system, const XML_Char *public, int subset)
{
    (void)name, (void)system, (void)public, (void)subset;
    stop(user, AM_INVALID, "a document type is not allowed: a submission has none");
}

// A name without OpenRosa's prefix: "orx:instanceID". Another namespace has other names.
static const char *local(const char *name)
{
    return strncmp(name, "orx:", 4) == 0 ? name + 4 : name;
}

// Text between elements is no answer to anything: it would be lost unseen.
static void text_end(struct reading *reading)
{
    size_t at = 0;
    while (at < reading->len && isspace((unsigned char)reading->text[at]))
        at++;
    if (at < reading->len)
        stop(reading, AM_INVALID, "%s: text beside an element", reading->path);
    reading->len = 0;
}

static void version_take(struct reading *reading, const char *version)
{
    if (reading->version[0] == '\0')
        (void)strlcpy(reading->version, version, sizeof reading->version);
}

static void on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *reading = user;
    size_t len = strlen(reading->path);
    text_end(reading);
    if (++reading->depth > LIMIT_ODK_DEPTH) {
        stop(reading, AM_TOO_LARGE, "deeper than %u elements", LIMIT_ODK_DEPTH);
        return;
    }
    reading->path_at[reading->depth] = len;
    if (reading->depth == 1) {
        for (size_t i = 0; attributes[i] != NULL; i += 2)
            if (strcmp(attributes[i], "version") == 0)
                version_take(reading, attributes[i + 1]);
    } else if (strlcat(reading->path, len > 0 ? "/" : "", sizeof reading->path) >= sizeof reading->path ||
               strlcat(reading->path, local(name), sizeof reading->path) >= sizeof reading->path) {
        stop(reading, AM_TOO_LARGE, "a field's name with its groups is longer than %u bytes", LIMIT_HTCDS_NAME - 1);
    }
    reading->leaf = true;
}

static void on_text(void *user, const XML_Char *text, int len)
{
    struct reading *reading = user;
    if (reading->len + (size_t)len > LIMIT_ODK_VALUE) {
        stop(reading, AM_TOO_LARGE, "%s: an answer is longer than %u bytes", reading->path, LIMIT_ODK_VALUE);
        return;
    }
    memcpy(reading->text + reading->len, text, (size_t)len);
    reading->len += (size_t)len;
}

// What every submission has and no question of the form asks.
static bool about_itself(const char *name)
{
    return strcmp(name, "start") == 0 || strcmp(name, "end") == 0 || strcmp(name, "today") == 0 ||
           strcmp(name, "deviceid") == 0 || strncmp(name, "meta/", 5) == 0 || strncmp(name, "formhub/", 8) == 0;
}

static void answer_take(struct reading *reading, const char *value)
{
    struct htcds_values *values = reading->values;
    if (values->n == LIMIT_ODK_FIELDS) {
        stop(reading, AM_TOO_LARGE, "more than %u answers", LIMIT_ODK_FIELDS);
        return;
    }
    struct htcds_value *answer = &values->values[values->n];
    answer->name = arena_copy(reading->arena, reading->path, strlen(reading->path));
    answer->line = (unsigned)XML_GetCurrentLineNumber(reading->parser);
    answer->value = arena_copy(reading->arena, value, strlen(value));
    if (answer->name == NULL || answer->value == NULL)
        stop(reading, arena_error(reading->arena), "out of memory");
    else
        values->n++;
}

static void field_take(struct reading *reading, const char *value)
{
    if (strcmp(reading->path, "__version__") == 0) {
        reading->version[0] = '\0'; // goes before the attribute, which a server may have set
        version_take(reading, value);
    } else if (strcmp(reading->path, "meta/instanceID") == 0) {
        (void)strlcpy(reading->instance, value, sizeof reading->instance);
    } else if (!about_itself(reading->path)) {
        answer_take(reading, value);
    }
}

static void on_end(void *user, const XML_Char *name)
{
    struct reading *reading = user;
    (void)name;
    if (reading->err != AM_OK)
        return;
    if (reading->leaf && reading->depth > 1) {
        while (reading->len > 0 && isspace((unsigned char)reading->text[reading->len - 1]))
            reading->len--;
        reading->text[reading->len] = '\0';
        const char *value = reading->text + strspn(reading->text, " \t\r\n");
        if (value[0] != '\0')
            field_take(reading, value);
    } else {
        text_end(reading);
    }
    reading->leaf = false;
    reading->len = 0;
    reading->path[reading->path_at[reading->depth--]] = '\0';
}

static enum am_err parse(struct reading *reading, struct am_bytes text)
{
    reading->parser = XML_ParserCreate("UTF-8");
    if (reading->parser == NULL)
        return AM_NOMEM;
    XML_SetUserData(reading->parser, reading);
    XML_SetElementHandler(reading->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reading->parser, on_text);
    XML_SetXmlDeclHandler(reading->parser, on_declaration);
    XML_SetStartDoctypeDeclHandler(reading->parser, on_doctype);
    if (XML_Parse(reading->parser, (const char *)text.data, (int)text.len, XML_TRUE) != XML_STATUS_OK)
        stop(reading, AM_INVALID, "this is no XML in UTF-8: %s", XML_ErrorString(XML_GetErrorCode(reading->parser)));
    if (reading->err == AM_OK && reading->values->n == 0)
        stop(reading, AM_INVALID, "no answer is in it");
    XML_ParserFree(reading->parser);
    return reading->err;
}

enum am_err odk_read(struct am_bytes text, struct arena *arena, struct am_detail *detail,
                     struct htcds_values *ret_values)
{
    if (text.len > LIMIT_ODK_BYTES)
        return am_fail(AM_TOO_LARGE, detail, "", "it has %zu bytes, allowed are %u", text.len, LIMIT_ODK_BYTES);
    struct htcds_values values = {.form = true, .case_ref = "", .n_records = 1};
    struct reading *reading = calloc(1, sizeof *reading);
    values.records = arena_array(arena, 1, sizeof *values.records);
    values.values = arena_array(arena, LIMIT_ODK_FIELDS, sizeof *values.values);
    enum am_err err = reading == NULL || values.records == NULL || values.values == NULL ? AM_NOMEM : AM_OK;
    if (err == AM_OK) {
        *reading = (struct reading){.arena = arena, .detail = detail, .values = &values};
        err = parse(reading, text);
        values.version = arena_copy(arena, reading->version, strlen(reading->version));
        values.instance = arena_copy(arena, reading->instance, strlen(reading->instance));
        values.records[0] = (struct htcds_record){.kind = "", .line = 1, .n = values.n};
        if (err == AM_OK && (values.version == NULL || values.instance == NULL))
            err = AM_NOMEM;
    }
    free(reading);
    if (err == AM_OK)
        *ret_values = values;
    return err;
}
