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
    if (lives->taken > 0)
        arena_budget_return(lives->budget, lives->taken);
    *lives = (struct known_lives){.budget = lives->budget};
}

void known_in_hand(struct net *net, struct known_lives *lives)
{
    for (size_t i = 0; i < lives->n; i++)
        asked_in_hand(net, &lives->places[i]);
}

// What a place comes to hold: who lives it may be more by each version.
static size_t place_size(const struct store_pointer *root)
{
    return sizeof(struct asked_place) + IN_HAND_MOST * sizeof(uint64_t) +
           2 * (root->n_recipients + 1) * sizeof(struct asked_life);
}

static bool place_take(struct known_lives *lives, size_t size)
{
    if (!arena_budget_take(lives->budget, size))
        return false;
    lives->taken += size;
    return true;
}

static enum am_err place_get(struct known_lives *lives, uint64_t root, const struct store_pointer *pointer,
                             struct asked_place **ret_place)
{
    size_t i = 0;

    while (i < lives->n && lives->places[i].seen.root != root)
        i++;
    if (i == lives->n && !place_take(lives, place_size(pointer)))
        return AM_NOMEM;
    if (i == lives->room) {
        size_t room = lives->room * 2 + 4;
        struct asked_place *places = reallocarray(lives->places, room, sizeof *places);
        if (places == NULL)
            return AM_NOMEM;
        lives->places = places;
        lives->room = room;
    }
    if (i == lives->n) {
        lives->places[lives->n++] = (struct asked_place){.seen.root = root};
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
    TRY(place_get(look->lives, root, &pointer, &place));
    look->asked.root = root;
    TRY(asked_look(&look->asked, place, &look->more));
    if (look->more)
        return AM_BUSY;
    life->recipient = recipient;
    TRY(asked_life(look->asked.view, place, life, &known));
    return known ? officer_of(look, asked_known(place, recipient), life) : AM_OK;
}
