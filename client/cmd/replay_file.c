// SPDX-License-Identifier: Apache-2.0
// Replays kept and read again, and the verdict.
#include "client/cmd/replay_file.h"

#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/cmd/timeline.h"
#include "proto/codec/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LAST_LINE "{\"amana_replay_items\":"
#define LINE_MOST (4u * 1024 * 1024) // bytes: header, signature and content of an entry are a tenth of it

enum am_err replay_file_create(const char *path, struct am_detail *detail, FILE **ret_file)
{
    FILE *file = fopen(path, "wxe");

    if (file == NULL && errno == EEXIST)
        return am_fail(AM_EXISTS, detail, path, "is there already; give another name, or move it away first");
    if (file == NULL)
        return am_fail(AM_FULL, detail, path, "can't be written: %s", strerror(errno));
    *ret_file = file;
    return AM_OK;
}

enum am_err replay_file_begin(FILE *file, const char *origin, bool filtered)
{
    fprintf(file, "{\"amana_replay\":1,\"origin\":\"%s\",\"filtered\":%s}\n", origin, filtered ? "true" : "false");
    return ferror(file) ? AM_IO : AM_OK;
}

enum am_err replay_file_add(FILE *file, const Amana__V1__ReplayItem *item)
{
    char *line = json_print(&item->base, 0);
    if (line == NULL)
        return AM_NOMEM;
    fprintf(file, "%s\n", line);
    free(line);
    return ferror(file) ? AM_IO : AM_OK;
}

enum am_err replay_file_end(FILE *file, uint64_t items)
{
    fprintf(file, LAST_LINE "%" PRIu64 "}\n", items);
    return ferror(file) ? AM_IO : AM_OK;
}

// A line with its end, to be freed; empty at the end of the file. AM_TOO_LARGE, before more of it is read.
static enum am_err line_read(FILE *file, char **ret_text, size_t *ret_len)
{
    char *text = malloc(LINE_MOST + 1);
    size_t len = 0;
    int c = 0;
    if (text == NULL)
        return AM_NOMEM;
    while (c != '\n' && len < LINE_MOST && (c = getc_unlocked(file)) != EOF)
        text[len++] = (char)c;
    if (len == LINE_MOST && c != '\n') {
        free(text);
        return AM_TOO_LARGE;
    }
    text[len] = '\0';
    *ret_text = text;
    *ret_len = len;
    return AM_OK;
}

enum am_err replay_file_open(FILE *file, const char *path, const char *origin, struct am_detail *detail,
                             bool *ret_filtered)
{
    char *line = NULL;
    size_t len;
    json_t *first = NULL;
    enum am_err err = line_read(file, &line, &len);
    if (err == AM_NOMEM)
        return err;
    if (err == AM_OK)
        first = json_loads(line, 0, NULL);
    free(line);
    const char *named = json_string_value(json_object_get(first, "origin"));
    bool good = json_integer_value(json_object_get(first, "amana_replay")) == 1 && named != NULL;
    bool same = good && strcmp(named, origin) == 0;
    *ret_filtered = json_is_true(json_object_get(first, "filtered"));
    if (!good)
        err = am_fail(AM_INVALID, detail, path, "it is no replay: `amana audit replay -o FILE` writes one");
    else if (!same)
        err = am_fail(AM_INVALID, detail, path, "it is of the log %.100s, trust.conf names %s", named, origin);
    json_decref(first);
    return err;
}

// What stands where no item does: the last line, or too early an end.
static enum am_err end_check(const char *text, size_t len, unsigned items, struct am_detail *detail)
{
    if (len == 0)
        return am_fail(AM_INVALID, detail, "", "it is cut short: %u entries, and no last line that counts them", items);
    if (strtoull(text + strlen(LAST_LINE), NULL, 10) != items)
        return am_fail(AM_INVALID, detail, "", "%u entries stand before a last line that counts %.20s", items,
                       text + strlen(LAST_LINE));
    return AM_NOT_FOUND;
}

enum am_err replay_file_next(FILE *file, const char *path, unsigned *line, struct arena *arena,
                             struct am_detail *detail, Amana__V1__ReplayItem **ret_item)
{
    char *text = NULL;
    size_t len;
    enum am_err err = line_read(file, &text, &len);
    unsigned items = (*line)++ - 1;
    if (err == AM_TOO_LARGE)
        (void)am_fail(err, detail, "", "the line is longer than %u bytes, and no entry is", LINE_MOST);
    else if (err != AM_OK)
        return err;
    else if (len == 0 || strncmp(text, LAST_LINE, strlen(LAST_LINE)) == 0)
        err = end_check(text, len, items, detail);
    else
        err = json_to_message(&amana__v1__replay_item__descriptor, (struct am_bytes){(uint8_t *)text, len}, arena,
                              detail, (ProtobufCMessage **)ret_item);
    free(text);
    if (err == AM_OK || err == AM_NOT_FOUND)
        return err;
    char words[sizeof detail->text];
    snprintf(words, sizeof words, "%s", detail->text);
    (void)am_fail(err, detail, path, "%.300s", words);
    detail->line = *line;
    return err;
}

enum am_err replay_run_item(struct replay_run *run, const Amana__V1__ReplayItem *item, struct arena *arena,
                            struct am_detail *detail)
{
    Amana__V1__EntryContent *content;
    Amana__V1__Header *header;
    enum am_err err = replay_take(&run->check, item, arena, detail, &content, &header);
    bool shown = item->seq >= run->from && (run->to == 0 || item->seq < run->to);
    if (err != AM_OK && err != AM_CORRUPT)
        return err;
    if (shown || err == AM_CORRUPT) {
        const char *fault = err == AM_CORRUPT ? detail->text : NULL;
        if (run->command->json)
            (void)!timeline_json(item, content, header, fault, stdout);
        else
            timeline_print(item, content, header, fault, stdout);
    }
    if (err == AM_CORRUPT) {
        run->damaged = true;
        command_fail(err, detail);
        *detail = (struct am_detail){0};
    }
    return AM_OK;
}

static int print_json(const struct replay_check *check, const char *verdict, const struct am_detail *detail)
{
    json_t *line =
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "verdict", verdict, "entries", (json_int_t)check->entries,
                  "opened", (json_int_t)check->opened, "withheld", (json_int_t)check->withheld, "erased",
                  (json_int_t)check->erased, "damaged", (json_int_t)check->damaged, "size",
                  (json_int_t)replay_proved(check)->size, "complete", !check->filtered);
    json_object_set_new(line, "signatures",
                        json_pack("{s:I, s:I, s:I}", "officers", (json_int_t)check->signed_good, "devices",
                                  (json_int_t)check->retrieved_good, "unchecked", (json_int_t)check->signed_unknown));
    if (detail->text[0] != '\0')
        json_object_set_new(line, "text", json_string(detail->text));
    return json_line_print(line, stdout);
}

int replay_run_end(struct replay_run *run)
{
    static const char *const words[] = {"VERIFIED", "DAMAGED", "FALSE"};
    struct am_detail detail = {0};
    struct replay_check *check = &run->check;
    enum replay_verdict verdict = run->verdict = replay_end(check, &detail);
    if (run->command->json) {
        (void)!print_json(check, words[verdict], &detail);
        return verdict == REPLAY_GOOD ? 0 : EX_VERIFY;
    }
    printf("%s%s%s  ", print_on(verdict == REPLAY_GOOD ? PRINT_GREEN : PRINT_RED), words[verdict], print_off());
    if (verdict != REPLAY_GOOD) {
        print_text(stdout, detail.text, 0);
        fputs("\n          ", stdout);
    }
    printf("%llu entries of %s against its signed root at size %llu: %llu opened, %llu withheld, %llu erased; "
           "%llu officers' and %llu devices' signatures hold",
           (unsigned long long)check->entries, check->session->hub->origin,
           (unsigned long long)replay_proved(check)->size, (unsigned long long)check->opened,
           (unsigned long long)check->withheld, (unsigned long long)check->erased,
           (unsigned long long)check->signed_good, (unsigned long long)check->retrieved_good);
    if (check->signed_unknown > 0)
        printf(", %llu not checked (roster not to be had)", (unsigned long long)check->signed_unknown);
    if (check->last_met)
        printf("; continues the last replay (%llu)", (unsigned long long)check->last.size);
    printf(".%s\n", check->filtered ? " A filtered replay does not prove completeness." : "");
    return verdict == REPLAY_GOOD ? 0 : EX_VERIFY;
}
