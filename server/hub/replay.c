// SPDX-License-Identifier: Apache-2.0
// A replay is an entry before it is a stream: who, why, what is asked for.
#include "server/hub/internal.h"

#include <bsd/string.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Words for people: UTF-8 without control characters.
static bool reason_valid(const char *reason)
{
    size_t len = strlen(reason);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)reason[i] < ' ' || reason[i] == 0x7f)
            return false;
    return len > 0 && len <= HUB_REPLAY_REASON && codec_text_valid(reason, len);
}

static enum reason request_check(const Amana__V1__ReplayRequest *request, struct am_detail *detail)
{
    const struct {
        const char *field;
        bool holds;
        const char *text;
    } rows[] = {
        {"reason", reason_valid(request->reason), "says why, in 1 to 500 bytes without control characters"},
        {"case_ref", request->case_ref[0] == '\0' || case_ref_check(request->case_ref, NULL) == AM_OK,
         "must be a case reference"},
        {"party", request->party[0] == '\0' || address_check(request->party, NULL) == AM_OK,
         "must be a unit's address"},
        {"message", request->message[0] == '\0' || message_id_check(request->message, NULL, NULL) == AM_OK,
         "must be a message id"},
        {"kind",
         protobuf_c_enum_descriptor_get_value(&amana__v1__entry_kind__code__descriptor, (int)request->kind) != NULL,
         "must be a kind of entry"},
        {"to", request->to == 0 || request->from <= request->to, "must not be before `from`"},
        {"time_to", request->time_to == 0 || request->time_from <= request->time_to, "must not be before `time_from`"},
    };
    for (size_t i = 0; i < AM_LEN(rows); i++) {
        if (rows[i].holds)
            continue;
        (void)am_fail(AM_INVALID, detail, rows[i].field, "%s", rows[i].text);
        return REASON_FIELD_INVALID;
    }
    return REASON_NONE;
}

struct words {
    char text[640];
};

__attribute__((format(printf, 2, 3))) static void say(struct words *words, const char *format, ...)
{
    size_t at = strlen(words->text);
    va_list args;
    va_start(args, format);
    vsnprintf(words->text + at, sizeof words->text - at, format, args);
    va_end(args);
}

// The request in words: "full from 0", "case ke/dci/2026/004211, kind SUBMITTED from 0".
static void query_say(const Amana__V1__ReplayRequest *request, struct words *words)
{
    const ProtobufCEnumValue *kind =
        protobuf_c_enum_descriptor_get_value(&amana__v1__entry_kind__code__descriptor, (int)request->kind);
    if (request->case_ref[0] != '\0')
        say(words, ", case %s", request->case_ref);
    if (request->party[0] != '\0')
        say(words, ", party %s", request->party);
    if (request->message[0] != '\0')
        say(words, ", message %s", request->message);
    if (request->kind != 0 && kind != NULL)
        say(words, ", kind %s", kind->name);
    if (request->time_from != 0)
        say(words, ", from %" PRIu64 " ns", request->time_from);
    if (request->time_to != 0)
        say(words, ", to %" PRIu64 " ns", request->time_to);
    if (words->text[0] == '\0')
        say(words, ", full");
    say(words, " from %" PRIu64, request->from);
    if (request->to != 0)
        say(words, " to %" PRIu64, request->to);
    if (request->follow)
        say(words, ", followed");
}

static enum am_err access_fill(struct hub_pending *pending, const struct hub_replay *replay)
{
    Amana__V1__AccessEntry access = AMANA__V1__ACCESS_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__ReplayRequest asked = *replay->request;
    struct words words = {{0}};
    query_say(replay->request, &words);
    asked.reason = (char *)protobuf_c_empty_string; // stands in the entry itself
    access.identity = (char *)replay->work.identity;
    access.reason = replay->request->reason;
    access.query = words.text + 2; // without the first ", "
    access.tree_size = replay->tree_size;
    access.n_scope = replay->n_scope;
    access.scope = (char **)replay->scope;
    access.asked = &asked;
    access.end = replay->ended;
    access.last_seq = replay->ended ? replay->last_seq : 0;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ACCESS;
    content.access = &access;
    pending->append.essential = true;
    return hub_entry_pack(pending, 0, &content, JOURNAL_CLASS_HUB);
}

static enum am_err access_append(struct hub_step *step, struct hub_replay *replay)
{
    struct hub_pending *pending;
    TRY(hub_pending_new(step, replay->ended ? PURPOSE_ACCESS_END : PURPOSE_ACCESS, &replay->work, 1, &pending));
    enum am_err err = access_fill(pending, replay);
    if (err != AM_OK) {
        hub_pending_free(pending);
        return AM_NOMEM;
    }
    hub_pending_send(step, pending);
    return AM_OK;
}

enum am_err hub_step_replay(struct hub_step *step)
{
    struct hub_replay *replay = step->event->replay;
    struct hub_work *work = &replay->work;
    TRY(hub_actions_room(step->actions, 1));
    // The end of one that followed is still written while the hub stops.
    if ((step->hub->stop_sent || !replay->ended) && hub_turned_away(step, work))
        return AM_OK;
    TRY(hub_work_begin(step, work));
    if (replay->ended)
        return access_append(step, replay);
    if (!hub_may_replay(step->hub, work->unit, replay->request))
        return hub_refuse(step, work, hub_not_permitted(work, ""), NULL, NULL);
    enum reason reason = request_check(replay->request, &work->detail);
    return reason != REASON_NONE ? hub_refuse(step, work, reason, NULL, NULL) : access_append(step, replay);
}
