// SPDX-License-Identifier: Apache-2.0
// Messages and entries as JSON Lines.
#include "client/cmd/json_line.h"

#include "client/cmd/unprotected.h"
#include "client/cmd/wipe.h"
#include "client/session/oversight.h"
#include "client/session/seal.h"
#include "client/session/signer.h"
#include "proto/codec/json.h"
#include "proto/codec/plain.h"
#include "proto/codec/timestamp.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define ARENA_LINE (32u * 1024 * 1024)

int json_line_print(json_t *object, FILE *out)
{
    if (object == NULL)
        return EX_OSERR;
    char *text = json_dumps(object, JSON_COMPACT | JSON_LINE_DIGITS);
    json_decref(object);
    if (text == NULL)
        return EX_OSERR;
    plain_json(out, text);
    wipe_free(text);
    if (fputc('\n', out) == EOF || fflush(out) != 0)
        return EX_IOERR;
    return 0;
}

int json_text_print(json_t *object, FILE *out)
{
    char *text = object != NULL ? json_dumps(object, JSON_INDENT(2) | JSON_LINE_DIGITS) : NULL;
    json_decref(object);
    if (text == NULL)
        return EX_OSERR;
    for (char *save, *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        plain_json(out, line);
        fputc('\n', out);
    }
    wipe_free(text);
    return fflush(out) == 0 ? 0 : EX_IOERR;
}

json_t *json_line_entry(const Amana__V1__ProvedEntry *entry)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__EntryContent *content;
    char time[TIMESTAMP_TEXT];
    arena_init(&arena, ARENA_LINE);
    if (entry == NULL)
        return json_null();
    json_t *object = json_object();
    timestamp_print_ns(entry->time, time);
    json_object_set_new(object, "index", json_integer((json_int_t)entry->index));
    json_object_set_new(object, "time", json_string(time));
    if (entry->checkpoint != NULL)
        json_object_set_new(object, "size", json_integer((json_int_t)entry->checkpoint->size));
    if (codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(entry->content), &arena, NULL,
                     (ProtobufCMessage **)&content) == AM_OK)
        json_object_set_new(object, "content", json_from_message(&content->base, 0));
    return object;
}

// The body without what only machines need.
static json_t *body_json(const Amana__V1__Body *body)
{
    json_t *object = json_from_message(&body->base, 0);
    static const char *const inner[] = {"nonce", "binding", "flags", "padding"};
    for (size_t i = 0; object != NULL && i < AM_LEN(inner); i++)
        json_object_del(object, inner[i]);
    return object;
}

int json_line_state(struct session *session, const Amana__V1__Kept *kept, json_t *state, FILE *out)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened opened;
    json_t *object = json_object();
    arena_init(&arena, ARENA_LINE);
    enum am_err err = seal_open_kept(session, kept, &arena, &detail, &opened);
    json_object_set_new(object, "header",
                        opened.header != NULL ? json_from_message(&opened.header->base, 0) : json_null());
    json_object_set_new(object, "body", err == AM_OK ? body_json(opened.body) : json_null());
    if (err == AM_OK) {
        json_t *flags = json_from_message(&opened.flags->base, 0);
        json_object_del(flags, "salt");
        json_object_set_new(object, "flags", flags);
    }
    json_object_set_new(object, "state", state);
    json_object_set_new(object, "entry", json_line_entry(kept->entry));
    if (kept->fault[0] != '\0') {
        json_object_set_new(object, "fault", json_string(kept->fault));
        json_object_set_new(object, "fault_text", json_string(kept->fault_text));
    }
    if (err == AM_ERASED) {
        char time[TIMESTAMP_TEXT] = "";
        if (kept->erased_at == NULL || timestamp_print(kept->erased_at, time) != AM_OK)
            time[0] = '\0';
        json_object_set_new(object, "erased", json_pack("{s:s, s:s}", "by", kept->erased_by, "at", time));
    }
    if (opened.header != NULL) {
        struct signer signer;
        signer_look(session, kept, opened.header, &signer);
        if (signer.state != SIGNER_GOOD)
            json_object_set_new(
                object, "signer",
                json_pack("{s:s, s:s}", "state", signer_state_name(signer.state), "text", signer.words));
        enum oversight oversight = oversight_of(session, kept->message, opened.header);
        if (oversight != OVERSIGHT_NONE)
            json_object_set_new(object, "oversight", json_string(oversight_name(oversight)));
    }
    struct unprotected unprotected;
    unprotected_look(session, kept, &unprotected);
    if (unprotected.is)
        json_object_set_new(object, "alarm",
                            json_pack("{s:s, s:s}", "reason", "NO_PROTECTION_UNIT", "text", unprotected.text));
    if (kept->wait_text[0] != '\0')
        json_object_set_new(object, "wait_text", json_string(kept->wait_text));
    return json_line_print(object, out);
}

int json_line_kept(struct session *session, const Amana__V1__Kept *kept, const char *state, FILE *out)
{
    return json_line_state(session, kept, json_string(state), out);
}
