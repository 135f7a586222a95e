// SPDX-License-Identifier: Apache-2.0
// Messages read for the hub.
#include "server/net/found.h"

#include "proto/codec/codec.h"

#include <string.h>

static const char *keep_text(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

enum am_err found_fill(struct store_view *view, struct arena *arena, const struct store_pointer *pointer,
                       struct hub_found *ret_found)
{
    struct journal_recipient *recipients = arena_array(arena, pointer->n_recipients, sizeof(struct journal_recipient));
    struct store_message message;
    struct hub_found found = {.found = true,
                              .seq = pointer->seq,
                              .root = pointer->root,
                              .kind = pointer->kind,
                              .urgency = pointer->urgency,
                              .originator = keep_text(arena, pointer->originator),
                              .recipients = recipients,
                              .n_recipients = pointer->n_recipients};

    if (recipients == NULL || found.originator == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < pointer->n_recipients; i++) {
        recipients[i].part = pointer->recipients[i].part;
        recipients[i].unit = keep_text(arena, pointer->recipients[i].unit);
        if (recipients[i].unit == NULL)
            return arena_error(arena);
    }
    if (store_message(view, pointer->seq, &message) == AM_OK && message.header.len > 0)
        TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, message.header, arena, NULL,
                         (ProtobufCMessage **)&found.header));
    *ret_found = found;
    return AM_OK;
}

enum am_err found_content(struct store_view *view, uint64_t seq, struct hub_content *ret_content)
{
    struct store_message message;
    struct store_orders orders;

    TRY(store_message(view, seq, &message));
    TRY(store_orders(view, seq, &orders));
    *ret_content = (struct hub_content){message.erased, orders.erasure != JOURNAL_NONE, orders.held_until};
    return AM_OK;
}

enum am_err found_at(struct store_view *view, struct arena *arena, uint64_t seq, struct hub_found *ret_found)
{
    struct store_pointer pointer;
    enum am_err err = store_pointer_of(view, seq, &pointer);

    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    TRY(found_fill(view, arena, &pointer, ret_found));
    ret_found->digest_matches = true;
    return AM_OK;
}

// The life of a root, if this message began its present clock.
static enum am_err life_read(struct store_view *view, struct arena *arena, const struct hub_found *found, uint64_t root,
                             uint8_t root_kind, const char *unit, struct clock_life *ret_life)
{
    enum am_err err = store_life(view, root, unit, &ret_life->life);

    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    ret_life->root_kind = root_kind;
    ret_life->there = ret_life->life.clock_seq == found->seq;
    ret_life->life.recipient = unit;
    ret_life->life.officer = keep_text(arena, ret_life->life.officer);
    return ret_life->life.officer != NULL ? AM_OK : arena_error(arena);
}

enum am_err found_party(struct store_view *view, struct arena *arena, const struct hub_found *found, uint8_t root_kind,
                        const char *unit, struct clock_party *ret_party)
{
    enum am_err err = store_delivery(view, found->seq, unit, &ret_party->delivery);

    if (err != AM_NOT_FOUND)
        TRY(err);
    ret_party->unit = unit;
    ret_party->has_delivery = err == AM_OK;
    ret_party->delivery.seq = found->seq;
    ret_party->delivery.recipient = unit;
    TRY(life_read(view, arena, found, found->root, root_kind, unit, &ret_party->lives[0]));
    return found->root == found->seq
               ? AM_OK
               : life_read(view, arena, found, found->seq, found->kind, unit, &ret_party->lives[1]);
}
