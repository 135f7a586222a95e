// SPDX-License-Identifier: Apache-2.0
// What the originator of several roots knows of their lives.
#include "server/net/status_known.h"

#include "amana/v1/message.pb-c.h"
#include "proto/codec/codec.h"

#include <stdlib.h>
#include <string.h>

void known_clear(struct known_lives *lives)
{
    for (size_t i = 0; i < lives->n; i++)
        asked_clear(&lives->places[i]);
    free(lives->places);
    *lives = (struct known_lives){.n = 0};
}

void known_in_hand(struct net *net, struct known_lives *lives)
{
    for (size_t i = 0; i < lives->n; i++)
        asked_in_hand(net, &lives->places[i]);
}

static enum am_err place_get(struct known_lives *lives, uint64_t root, struct asked_place **ret_place)
{
    size_t i = 0;

    while (i < lives->n && lives->places[i].root != root)
        i++;
    if (i == lives->room) {
        size_t room = lives->room * 2 + 4;
        struct asked_place *places = reallocarray(lives->places, room, sizeof *places);
        if (places == NULL)
            return AM_NOMEM;
        lives->places = places;
        lives->room = room;
    }
    if (i == lives->n) {
        lives->places[lives->n++] = (struct asked_place){.root = root};
        if (i > 0) // each that asked by itself would have the others looked at once more
            asked_in_hand_as(&lives->places[0], &lives->places[i]);
    }
    *ret_place = &lives->places[i];
    return AM_OK;
}

// Who is named by the answer that took it on.
static enum am_err officer_of(struct known_look *look, const struct life_asked *known, struct journal_life *life)
{
    struct store_message kept;
    Amana__V1__Header *header;

    life->officer = "";
    if (known->taken_by == JOURNAL_NONE)
        return AM_OK;
    TRY(store_message(look->asked.view, known->taken_by, &kept));
    if (kept.header.len == 0)
        return AM_OK;
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, kept.header, look->arena, NULL,
                     (ProtobufCMessage **)&header));
    life->officer = header->officer;
    return AM_OK;
}

enum am_err status_known(struct known_look *look, uint64_t root, const char *recipient, struct journal_life *life)
{
    struct asked_place *place;
    struct store_pointer pointer;
    bool known;

    if (look->asked.case_ref == NULL)
        return AM_OK;
    TRY(store_pointer_of(look->asked.view, root, &pointer));
    if (strcmp(pointer.originator, look->unit) != 0)
        return AM_OK;
    TRY(place_get(look->lives, root, &place));
    look->asked.root = root;
    TRY(asked_look(&look->asked, place, &look->more));
    if (look->more)
        return AM_BUSY;
    life->recipient = recipient;
    TRY(asked_life(look->asked.view, place, life, &known));
    return known ? officer_of(look, asked_known(place, recipient), life) : AM_OK;
}
