// SPDX-License-Identifier: Apache-2.0
// Reading a draft; and the line of a path by a second pass of yajl that remembers the longest part found.
#include "client/cmd/draft_file.h"

#include "client/cmd/file_in.h"
#include "client/cmd/wipe.h"
#include "proto/codec/json.h"
#include "proto/model/limits.h"

#include <bsd/string.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

enum am_err draft_read(const char *path, struct arena *arena, struct am_detail *detail, struct am_bytes *ret_text,
                       Amana__V1__Draft **ret_draft)
{
    struct am_bytes text;
    TRY(file_in_read(path, LIMIT_DRAFT, detail, &text));
    if (file_in_blank(text)) {
        wipe_free((void *)text.data);
        return am_fail(AM_INVALID, detail, "", "it is empty: `amana new alert > FILE` writes a template to fill in");
    }
    enum am_err err = file_in_text(text, detail);
    if (err == AM_OK)
        err = json_to_message(&amana__v1__draft__descriptor, text, arena, detail, (ProtobufCMessage **)ret_draft);
    if (err != AM_OK) {
        wipe_free((void *)text.data);
        return err;
    }
    *ret_text = text;
    return AM_OK;
}

// --- Lines
#define DEPTH 32u

struct level {
    bool array;
    size_t index; // of the element being read
    char key[64];
};
struct finder {
    const char *path;
    struct am_bytes text;
    yajl_handle yajl;
    struct level levels[DEPTH];
    unsigned depth;
    size_t best; // bytes of the path that were found
    unsigned line;
};

static void path_of(const struct finder *finder, char *ret_path, size_t size)
{
    ret_path[0] = '\0';
    for (unsigned i = 0; i < finder->depth; i++) {
        char part[96];
        const struct level *level = &finder->levels[i];
        if (level->array)
            snprintf(part, sizeof part, "[%zu]", level->index);
        else
            snprintf(part, sizeof part, "%s%s", ret_path[0] != '\0' ? "." : "", level->key);
        strlcat(ret_path, part, size);
    }
}

// How many bytes of the wanted path this one covers; 0 where they part ways. "caseRef" is "case_ref": the reader takes
// both spellings.
static size_t covered(const char *wanted, const char *path)
{
    const char *at = wanted;
    for (; *path != '\0'; at++, path++) {
        at += *at == '_' && *path != '_';
        if (tolower((unsigned char)*at) != tolower((unsigned char)*path))
            return 0;
    }
    return *at == '\0' || *at == '.' || *at == '[' ? (size_t)(at - wanted) : 0;
}

static int note(struct finder *finder)
{
    char path[512];
    path_of(finder, path, sizeof path);
    size_t len = covered(finder->path, path);
    if (len > finder->best) {
        size_t offset = yajl_get_bytes_consumed(finder->yajl);
        finder->best = len;
        finder->line = 1;
        for (size_t i = 0; i < offset && i < finder->text.len; i++)
            finder->line += finder->text.data[i] == '\n';
    }
    return 1;
}

static void value_done(struct finder *finder)
{
    if (finder->depth > 0 && finder->levels[finder->depth - 1].array)
        finder->levels[finder->depth - 1].index++;
}

static int push(struct finder *finder, bool array)
{
    note(finder);
    if (finder->depth == DEPTH)
        return 0;
    finder->levels[finder->depth++] = (struct level){.array = array};
    return 1;
}

static int pop(void *user)
{
    struct finder *finder = user;
    finder->depth--;
    value_done(finder);
    return 1;
}

static int on_map(void *user)
{
    return push(user, false);
}

static int on_array(void *user)
{
    return push(user, true);
}

static int on_key(void *user, const unsigned char *key, size_t len)
{
    struct finder *finder = user;
    struct level *level = &finder->levels[finder->depth - 1];
    snprintf(level->key, sizeof level->key, "%.*s", (int)(len < sizeof level->key ? len : sizeof level->key - 1), key);
    return note(finder);
}

static int on_value(struct finder *finder)
{
    note(finder);
    value_done(finder);
    return 1;
}

static int on_null(void *user)
{
    return on_value(user);
}

static int on_boolean(void *user, int value)
{
    (void)value;
    return on_value(user);
}

static int on_text(void *user, const char *text, size_t len)
{
    (void)text;
    (void)len;
    return on_value(user);
}

static int on_string(void *user, const unsigned char *text, size_t len)
{
    (void)text;
    (void)len;
    return on_value(user);
}

unsigned draft_line(struct am_bytes text, const char *path)
{
    static const yajl_callbacks callbacks = {.yajl_null = on_null,
                                             .yajl_boolean = on_boolean,
                                             .yajl_number = on_text,
                                             .yajl_string = on_string,
                                             .yajl_start_map = on_map,
                                             .yajl_map_key = on_key,
                                             .yajl_end_map = pop,
                                             .yajl_start_array = on_array,
                                             .yajl_end_array = pop};
    struct finder *finder = calloc(1, sizeof *finder);
    unsigned line = 0;
    if (finder == NULL)
        return 0;
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) // a byte order mark, which the reader takes
        text = (struct am_bytes){text.data + 3, text.len - 3};
    finder->path = path;
    finder->text = text;
    finder->yajl = yajl_alloc(&callbacks, NULL, finder);
    if (finder->yajl != NULL) {
        yajl_config(finder->yajl, yajl_allow_comments, 1);
        (void)yajl_parse(finder->yajl, text.data, text.len);
        (void)yajl_complete_parse(finder->yajl);
        yajl_free(finder->yajl);
        line = finder->line;
    }
    free(finder);
    return line;
}
