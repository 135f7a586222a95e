// SPDX-License-Identifier: Apache-2.0
// What a unit of a listed state knows of a life: up to the first message that is withheld from it, and by its own
// answers, and what it was told of its clocks, since. What it sends moves nothing for the others.
#include "server/net/apart.h"

#include "proto/log/leaf.h"
#include "proto/model/deadline.h"
#include "proto/model/header.h"
#include "proto/model/life.h"

#include <string.h>

struct apart {
    const struct apart_look *look;
    struct apart_place *place;
    struct life_known *known;
    struct case_walk walk;
};

static void apart_clear(struct apart *apart)
{
    case_walk_clear(&apart->walk);
}

// --- What an entry says of the unit's life
static bool move_is_own(const struct apart *apart, const Amana__V1__Move *move)
{
    return strcmp(move->recipient, apart->look->unit) == 0 && header_points_at(move->root, apart->walk.root.digest);
}

static const Amana__V1__Move *own_move(const struct apart *apart, Amana__V1__Move *const *moves, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (move_is_own(apart, moves[i]))
            return moves[i];
    return NULL;
}

// --- An entry about a message: what the unit was told of its clocks
static enum am_err passed_take(void *user, const struct store_entry *entry, const Amana__V1__DeadlineEntry *deadline)
{
    struct apart *apart = user;
    struct store_pointer about;
    enum am_err err;

    if (deadline->met_by != NULL || strcmp(deadline->recipient, apart->look->unit) != 0)
        return AM_OK;
    err = store_find_pointer(apart->look->view, deadline->message, &about);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    if (about.seq == apart->known->version)
        life_known_passed(apart->known, life_passed_said(deadline));
    return AM_OK;
}

// Its clock stands still again, since what had set it going never came to the unit, or goes on since it has.
static enum am_err halt_take(struct apart *apart, const struct store_pointer *about, uint8_t from, uint8_t to,
                             uint64_t now)
{
    bool withheld;

    TRY(case_walk_withheld(&apart->walk, &apart->look->in_hand, about->seq, &withheld));
    if (life_clock_stands(to))
        life_known_halted(apart->known, about->seq, to, withheld);
    else
        life_known_set_going(apart->known, about->seq, from, to, now, withheld);
    return AM_OK;
}

// It is over: by the version that it is about, which the unit has or not.
static enum am_err state_take(void *user, const struct store_entry *entry, const Amana__V1__StateEntry *state)
{
    struct apart *apart = user;
    const Amana__V1__Move *move = own_move(apart, state->moves, state->n_moves);
    uint64_t now = log_leaf_time(entry->leaf);
    struct store_pointer about;
    enum am_err err;

    if (move == NULL)
        return AM_OK;
    uint8_t from = (uint8_t)move->from, to = (uint8_t)move->to;
    err = store_find_pointer(apart->look->view, state->message, &about);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    if (life_sets_going(apart->walk.root.kind, about.kind, &(uint8_t){0}))
        return halt_take(apart, &about, from, to, now);
    if (about.seq == apart->known->version)
        life_known_moved(apart->known, to, now);
    return AM_OK;
}

// --- A message
static enum am_err message_move(struct apart *apart, const struct store_pointer *message, bool withheld, bool own)
{
    const Amana__V1__SubmittedEntry *submitted;
    const Amana__V1__Move *move;
    struct store_entry entry;

    TRY(case_walk_submitted(&apart->walk, message->seq, &entry, &submitted));
    if (submitted == NULL)
        return AM_OK;
    move = own_move(apart, submitted->moves, submitted->n_moves);
    if (move == NULL)
        return AM_OK;
    uint8_t from = (uint8_t)move->from, to = (uint8_t)move->to;
    uint64_t now = log_leaf_time(entry.leaf);
    if (withheld)
        life_known_withheld(apart->known, message->seq, from, to, now);
    else if (own)
        life_known_answered(apart->known, message->kind, to, now);
    else
        life_known_moved(apart->known, to, now);
    return AM_OK;
}

// Does it begin the root's life, or begin its clock anew?
static bool begins(const struct apart *apart, const struct store_pointer *message)
{
    return message->seq == apart->walk.root.seq ||
           (message->root == apart->walk.root.seq && kind_get(message->kind)->chain != CHAIN_NONE);
}

// To the unit: it was not left out, and it waits for no second person.
static enum am_err was_sent(const struct apart *apart, uint64_t seq, bool *ret_sent)
{
    struct journal_delivery delivery;
    enum am_err err = store_delivery(apart->look->view, seq, apart->look->unit, &delivery);

    *ret_sent = err == AM_OK;
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static enum am_err message_take(void *user, const struct store_pointer *message)
{
    struct apart *apart = user;
    bool own = strcmp(message->originator, apart->look->unit) == 0, withheld = false;

    if (kind_get(message->kind) == NULL || (!own && message->root != apart->walk.root.seq))
        return AM_OK; // a HIT is a root of its own, and moves the alert's life all the same
    bool version = begins(apart, message), sent = own;
    if (!version && !life_is_own(apart->walk.root.kind, message->kind))
        return AM_OK;
    if (!own)
        TRY(was_sent(apart, message->seq, &sent));
    if (!sent)
        return AM_OK;
    if (!own)
        TRY(case_walk_withheld(&apart->walk, &apart->look->in_hand, message->seq, &withheld));
    if (version && !withheld) {
        life_known_version(apart->known, message->seq);
        return AM_OK;
    }
    return message_move(apart, message, withheld, own);
}

// --- The case from the root on, or from the version that is asked about
static void begin(void *user)
{
    struct apart *apart = user;

    *apart->known = (struct life_known){0};
    life_known_version(apart->known, JOURNAL_NONE);
}

// The unit hasn't got the version that is asked about, or has a newer one.
static bool is_another(const void *user)
{
    const struct apart *apart = user;
    const uint64_t *version = apart->look->version;

    return version != NULL && apart->place->seen.next > *version && apart->known->version != *version;
}

static const struct case_taker TAKER = {
    .begin = begin, .over = is_another, .message = message_take, .deadline = passed_take, .state = state_take};

enum am_err apart_look(struct apart_look *look, struct apart_place *place, bool *ret_more)
{
    struct apart AM_CLEANUP(apart_clear) apart = {.look = look,
                                                  .place = place,
                                                  .known = &place->known,
                                                  .walk = {.view = look->view,
                                                           .case_ref = look->case_ref,
                                                           .shield = look->shield,
                                                           .from = look->version != NULL ? *look->version : look->root,
                                                           .taker = &TAKER,
                                                           .user = &apart}};

    TRY(case_walk_init(&apart.walk, look->root, look->unit));
    if (look->version != NULL && place->known.version == JOURNAL_NONE)
        place->seen.next = 0; // a version that the unit hadn't got it may have signed for since
    return case_walk_on(&apart.walk, &place->seen, &look->reads, ret_more);
}

// --- The life
enum am_err apart_life(struct store_view *view, const struct apart_place *place, bool versions,
                       struct journal_life *life)
{
    struct journal_delivery delivery;
    struct store_pointer version;
    struct kind_due due;

    if (!versions) {
        life_known_fill(&place->known, NULL, life);
        return AM_OK;
    }
    TRY(store_pointer_of(view, place->known.version, &version));
    TRY(store_delivery(view, version.seq, life->recipient, &delivery));
    due = kind_due(version.kind, version.urgency, 0, 0, delivery.delivered_at);
    life_known_fill(&place->known, &due, life);
    return AM_OK;
}
