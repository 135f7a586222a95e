// SPDX-License-Identifier: Apache-2.0
// What a unit of a listed state knows of what it began: by the answers that it has, by its own messages, and by what it
// was told of clocks.
#include "server/net/asked.h"

#include "proto/codec/codec.h"
#include "proto/log/leaf.h"
#include "proto/model/deadline.h"
#include "proto/model/header.h"
#include "proto/model/life.h"
#include "server/net/internal.h"
#include "server/net/withheld.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#define ASKED_SCRATCH (256u * 1024) // one header, decoded

struct asking {
    const struct asked_look *look;
    struct asked_place *place;
    struct case_walk walk;
};

static void asking_clear(struct asking *asking)
{
    case_walk_clear(&asking->walk);
}

void asked_clear(struct asked_place *place)
{
    free(place->lives);
    free(place->in_hand.seqs);
    *place = (struct asked_place){.n = 0};
}

void asked_in_hand(struct net *net, struct asked_place *place)
{
    if (place->originator[0] != '\0' && peers_in_hand(net, place->originator, &place->in_hand) != AM_OK)
        place->err = AM_NOMEM;
}

void asked_in_hand_as(const struct asked_place *other, struct asked_place *place)
{
    if (other->in_hand.seqs != NULL)
        place->in_hand.seqs = calloc(IN_HAND_MOST, sizeof *place->in_hand.seqs);
    if (place->in_hand.seqs == NULL)
        return;
    memcpy(place->in_hand.seqs, other->in_hand.seqs, other->in_hand.n * sizeof *other->in_hand.seqs);
    place->in_hand.n = other->in_hand.n;
    (void)strlcpy(place->originator, other->originator, sizeof place->originator);
}

// --- Its lives
static struct asked_life *life_find(const struct asked_place *place, const char *recipient)
{
    for (size_t i = 0; i < place->n; i++)
        if (strcmp(place->lives[i].recipient, recipient) == 0)
            return &place->lives[i];
    return NULL;
}

static enum am_err life_get(struct asked_place *place, const char *recipient, uint8_t state,
                            struct life_asked **ret_known)
{
    struct asked_life *life = life_find(place, recipient);

    if (life == NULL && place->n == place->room) {
        size_t room = place->room * 2 + 4;
        struct asked_life *lives = reallocarray(place->lives, room, sizeof *lives);
        if (lives == NULL)
            return AM_NOMEM;
        place->lives = lives;
        place->room = room;
    }
    if (life == NULL) {
        life = &place->lives[place->n++];
        (void)strlcpy(life->recipient, recipient, sizeof life->recipient);
        life_asked_begin(&life->known, state, place->began);
    }
    *ret_known = &life->known;
    return AM_OK;
}

// --- What it was told
static enum am_err about_root(const struct asking *asking, const Amana__V1__Pointer *pointer, bool *ret_about)
{
    struct store_pointer about;
    enum am_err err = store_find_pointer(asking->look->view, pointer, &about);

    *ret_about = err == AM_OK && (about.root == asking->walk.root.seq || about.seq == asking->walk.root.seq);
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// What it is told that nobody has done in time.
static enum am_err passed_take(void *user, const struct store_entry *entry, const Amana__V1__DeadlineEntry *deadline)
{
    struct asking *asking = user;
    bool about, told;
    struct life_asked *known;

    if (deadline->met_by != NULL || deadline->recipient[0] == '\0')
        return AM_OK;
    TRY(about_root(asking, deadline->message, &about));
    if (!about)
        return AM_OK;
    TRY(withheld_told(asking->look->view, entry->seq, asking->walk.device.unit, &told));
    if (!told)
        return AM_OK;
    TRY(life_get(asking->place, deadline->recipient, life_begun(asking->walk.root.kind), &known));
    known->passed |= life_passed_said(deadline);
    return AM_OK;
}

static bool move_is_of(const struct asking *asking, const Amana__V1__Move *move)
{
    return header_points_at(move->root, asking->walk.root.digest);
}

static enum am_err state_take(void *user, const struct store_entry *entry, const Amana__V1__StateEntry *state)
{
    struct asking *asking = user;
    bool told;

    TRY(withheld_told(asking->look->view, entry->seq, asking->walk.device.unit, &told));
    for (size_t i = 0; i < state->n_moves; i++) {
        struct life_asked *known;
        if (!move_is_of(asking, state->moves[i]))
            continue;
        TRY(life_get(asking->place, state->moves[i]->recipient, (uint8_t)state->moves[i]->from, &known));
        life_asked_ended(known, (uint8_t)state->moves[i]->to, log_leaf_time(entry->leaf), told);
    }
    return AM_OK;
}

// --- A message
static enum am_err outcome_read(struct asking *asking, uint64_t seq, unsigned *ret_outcome)
{
    struct store_message kept;
    Amana__V1__Header *header;

    *ret_outcome = 0;
    TRY(store_message(asking->look->view, seq, &kept));
    if (kept.header.len == 0)
        return AM_OK;
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, kept.header, &asking->walk.scratch, NULL,
                     (ProtobufCMessage **)&header));
    *ret_outcome = (unsigned)header->outcome;
    return AM_OK;
}

static enum am_err moves_take(struct asking *asking, const struct store_pointer *message, uint64_t at,
                              const Amana__V1__SubmittedEntry *submitted)
{
    const struct kind *kind = kind_get(message->kind);
    struct life_asked_move said = {.root_kind = asking->walk.root.kind,
                                   .kind = message->kind,
                                   .seq = message->seq,
                                   .at = at,
                                   .anew = kind != NULL && kind->chain != CHAIN_NONE};
    bool withheld = false, looked = false;

    for (size_t i = 0; i < submitted->n_moves; i++) {
        const Amana__V1__Move *move = submitted->moves[i];
        struct life_asked *known;
        if (!move_is_of(asking, move))
            continue;
        if (!looked) {
            TRY(outcome_read(asking, message->seq, &said.outcome));
            TRY(case_walk_withheld(&asking->walk, &asking->place->in_hand, message->seq, &withheld));
            looked = true;
        }
        TRY(life_get(asking->place, move->recipient, (uint8_t)move->from, &known));
        said.from = (uint8_t)move->from;
        said.to = (uint8_t)move->to;
        said.answers = strcmp(message->originator, move->recipient) == 0;
        said.told = !withheld;
        life_asked_moved(known, &said);
    }
    return AM_OK;
}

static enum am_err message_take(void *user, const struct store_pointer *message)
{
    struct asking *asking = user;
    const struct kind *kind = kind_get(message->kind);
    const Amana__V1__SubmittedEntry *submitted;
    struct store_entry entry;

    TRY(case_walk_submitted(&asking->walk, message->seq, &entry, &submitted));
    uint64_t at = log_leaf_time(entry.leaf);
    bool version =
        submitted != NULL && message->root == asking->walk.root.seq && kind != NULL && kind->chain != CHAIN_NONE;
    if (version || message->seq == asking->walk.root.seq)
        asking->place->began = at;
    return submitted != NULL ? moves_take(asking, message, at, submitted) : AM_OK;
}

// --- The case from the root on
static void begin(void *user)
{
    struct asking *asking = user;

    asking->place->began = asking->place->n = 0;
}

static const struct case_taker TAKER = {
    .begin = begin, .message = message_take, .deadline = passed_take, .state = state_take};

enum am_err asked_look(struct asked_look *look, struct asked_place *place, bool *ret_more)
{
    struct asking AM_CLEANUP(asking_clear) asking = {.look = look,
                                                     .place = place,
                                                     .walk = {.view = look->view,
                                                              .case_ref = look->case_ref,
                                                              .shield = look->shield,
                                                              .from = look->root,
                                                              .taker = &TAKER,
                                                              .user = &asking}};

    TRY(place->err);
    TRY(case_walk_init(&asking.walk, look->root, NULL));
    *ret_more = place->in_hand.seqs == NULL;
    if (*ret_more) {
        (void)strlcpy(place->originator, asking.walk.root.originator, sizeof place->originator);
        return AM_OK;
    }
    return case_walk_on(&asking.walk, &place->seen, &look->reads, ret_more);
}

// --- One of them
const struct life_asked *asked_known(const struct asked_place *place, const char *recipient)
{
    const struct asked_life *life = life_find(place, recipient);

    return life != NULL && life->known.apart ? &life->known : NULL;
}

// Until when it was to be answered when it began, of what may be asked back.
static enum am_err asked_until(struct store_view *view, uint64_t root, const char *recipient, uint64_t *ret_until)
{
    struct arena AM_CLEANUP(arena_clear) scratch = {0};
    struct journal_delivery delivery;
    struct store_pointer pointer;
    struct store_message kept;
    Amana__V1__Header *header;

    *ret_until = 0;
    TRY(store_pointer_of(view, root, &pointer));
    if (pointer.kind != KIND(REQUEST)) // no other clock ever stands still
        return AM_OK;
    enum am_err err = store_delivery(view, root, recipient, &delivery);
    if (err == AM_OK)
        err = store_message(view, root, &kept);
    if (err != AM_OK || kept.header.len == 0)
        return err == AM_NOT_FOUND ? AM_OK : err;
    arena_init(&scratch, ASKED_SCRATCH);
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, kept.header, &scratch, NULL,
                     (ProtobufCMessage **)&header));
    *ret_until =
        kind_due(pointer.kind, pointer.urgency, 0, header_time_or_0(header->answer_by), delivery.delivered_at).answer;
    return AM_OK;
}

enum am_err asked_life(struct store_view *view, const struct asked_place *place, struct journal_life *life,
                       bool *ret_known)
{
    const struct life_asked *known = asked_known(place, life->recipient);
    struct journal_life kept = *life;
    uint64_t until;

    *ret_known = false;
    if (known == NULL)
        return AM_OK;
    TRY(asked_until(view, place->seen.root, life->recipient, &until));
    life_asked_fill(known, until, life);
    *ret_known = life_asked_differs(life, &kept);
    if (!*ret_known)
        *life = kept;
    return AM_OK;
}
