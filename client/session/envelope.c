// SPDX-License-Identifier: Apache-2.0
// One filtered replay, of which the message's own entry is kept.
#include "client/session/envelope.h"

#include "client/session/replay.h"
#include "proto/codec/codec.h"

#include <stdlib.h>
#include <string.h>

struct fetch {
    struct session *session;
    const char *id;
    struct arena *arena; // of what is kept
    struct replay_check *check;
    Amana__V1__Kept *kept;
};

static enum am_err bytes_keep(struct arena *arena, ProtobufCBinaryData from, ProtobufCBinaryData *ret_to)
{
    ret_to->data = arena_copy(arena, from.data, from.len);
    ret_to->len = from.len;
    return ret_to->data != NULL ? AM_OK : arena_error(arena);
}

static enum am_err item_take(struct fetch *fetch, const Amana__V1__ReplayItem *item, struct arena *arena,
                             struct am_detail *detail)
{
    Amana__V1__EntryContent *content;
    Amana__V1__Header *header;
    TRY(replay_take(fetch->check, item, arena, detail, &content, &header));
    if (fetch->kept != NULL || header == NULL || strcmp(header->id, fetch->id) != 0)
        return AM_OK;
    Amana__V1__Kept *kept = arena_alloc(fetch->arena, sizeof *kept);
    Amana__V1__Message *message = arena_alloc(fetch->arena, sizeof *message);
    if (kept == NULL || message == NULL)
        return arena_error(fetch->arena);
    amana__v1__kept__init(kept);
    amana__v1__message__init(message);
    TRY(bytes_keep(fetch->arena, item->opened->header, &message->header));
    TRY(bytes_keep(fetch->arena, item->opened->signature, &message->signature));
    kept->message = message;
    fetch->kept = kept;
    return AM_OK;
}

static enum am_err items_take(struct fetch *fetch, struct link_call *call, struct am_detail *detail)
{
    for (;;) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__ReplayItem *item;
        arena_init(&arena, 4u * 1024 * 1024);
        enum am_err err =
            link_call_next(call, &amana__v1__replay_item__descriptor, &arena, detail, (ProtobufCMessage **)&item);
        if (err == AM_NOT_FOUND)
            return link_call_error(call)->status == RPC_OK ? AM_OK : session_refused(link_call_error(call), detail);
        TRY(err);
        TRY(item_take(fetch, item, &arena, detail));
    }
}

enum am_err envelope_fetch(struct session *session, const char *id, const char *reason, struct arena *arena,
                           struct am_detail *detail, Amana__V1__Kept **ret_kept)
{
    struct fetch fetch = {.session = session, .id = id, .arena = arena, .check = calloc(1, sizeof *fetch.check)};
    Amana__V1__ReplayRequest request = AMANA__V1__REPLAY_REQUEST__INIT;
    struct link_call *call;
    if (fetch.check == NULL)
        return AM_NOMEM;
    replay_check_init(fetch.check, session, true, NULL);
    request.reason = (char *)reason;
    request.message = (char *)id;
    request.kind = AMANA__V1__ENTRY_KIND__CODE__SUBMITTED; // all that who protects may ask for
    enum am_err err = link_call_begin(session->link, "/amana.v1.Audit/Replay", &request.base, 0, &call);
    if (err == AM_OK) {
        err = items_take(&fetch, call, detail);
        link_call_end(call);
    }
    free(fetch.check);
    if (err == AM_OK && fetch.kept == NULL)
        err = am_fail(AM_NOT_FOUND, detail, id, "is no message that may be shown to this unit");
    if (err == AM_OK)
        *ret_kept = fetch.kept;
    return err;
}
