// SPDX-License-Identifier: Apache-2.0
// Pointer → row → message, for the unit that releases it and for nobody else.
#include "server/net/waiting.h"

#include "proto/model/header.h"

#include <string.h>

enum am_err waiting_parked(struct store_view *view, const Amana__V1__Pointer *pointer, uint64_t *ret_seq)
{
    uint8_t id[16], digest[32];
    uint64_t seq;

    if (message_id_check(pointer->id, id, NULL) != AM_OK)
        return AM_NOT_FOUND;
    for (unsigned n = 0;; n++) {
        TRY(store_find_parked(view, id, n, &seq, digest));
        if (!header_points_at(pointer, digest))
            continue;
        *ret_seq = seq;
        return AM_OK;
    }
}

enum am_err waiting_seq(struct store_view *view, const Amana__V1__Pointer *pointer, uint64_t *ret_seq)
{
    struct store_pointer sent;
    enum am_err err = waiting_parked(view, pointer, ret_seq);

    if (err != AM_NOT_FOUND)
        return err;
    TRY(store_find_pointer(view, pointer, &sent));
    *ret_seq = sent.seq;
    return AM_OK;
}

static enum am_err keep(struct arena *arena, struct am_bytes bytes, struct am_bytes *ret_bytes)
{
    if (bytes.len == 0) // it waits no more
        return AM_OK;
    *ret_bytes = (struct am_bytes){arena_copy(arena, bytes.data, bytes.len), bytes.len};
    return ret_bytes->data != NULL ? AM_OK : arena_error(arena);
}

enum am_err waiting_find(struct store_view *view, const Amana__V1__Pointer *pointer, const char *unit,
                         struct arena *arena, struct waiting *ret_waiting)
{
    struct waiting waiting = {0};
    struct store_message message;
    uint64_t seq;

    if (pointer == NULL)
        return AM_NOT_FOUND;
    TRY(waiting_seq(view, pointer, &seq));
    TRY(store_release(view, seq, &waiting.release));
    if (strcmp(waiting.release.releasing, unit) != 0)
        return AM_NOT_FOUND;
    TRY(store_message(view, seq, &message));
    TRY(keep(arena, message.header, &waiting.header_bytes));
    TRY(keep(arena, message.flags, &waiting.flags));
    TRY(keep(arena, message.body, &waiting.body));
    waiting.release.releasing = arena_copy(arena, waiting.release.releasing, strlen(waiting.release.releasing));
    waiting.release.officer = arena_copy(arena, waiting.release.officer, strlen(waiting.release.officer));
    if (waiting.release.releasing == NULL || waiting.release.officer == NULL)
        return arena_error(arena);
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, waiting.header_bytes, arena, NULL,
                     (ProtobufCMessage **)&waiting.header));
    *ret_waiting = waiting;
    return AM_OK;
}
