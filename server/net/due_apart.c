// SPDX-License-Identifier: Apache-2.0
// Deadlines of lives that go on apart, read by workers.
#include "server/net/due_apart.h"

#include "proto/model/harm.h"
#include "proto/model/life.h"

#include <stdlib.h>
#include <string.h>

#define APART_MOST 512u // rows that are put with one append

static bool has_versions(uint8_t root_kind)
{
    return kind_get(root_kind) != NULL && kind_get(root_kind)->chain == CHAIN_BEGINS;
}

// --- Its lives
static enum life_look look_for(const struct hub_due *hub, const struct journal_shield *shield,
                               const struct clock_party *party)
{
    bool listed = harm_state(shield, party->unit) != NULL;

    return life_look_for(hub->root.kind, hub->about.kind, hub->about.seq, listed, party);
}

// Each to the end of the case as it is in this view, from where the last part left it.
static enum am_err places_look(struct store_view *view, const struct hub_due *hub, const struct journal_shield *shield,
                               struct due_place *places, bool *ret_more)
{
    struct apart_look look = {.view = view,
                              .case_ref = hub->about.header->case_ref,
                              .root = hub->about.root,
                              .shield = shield->version,
                              .reads = LIMIT_CASE_READS};

    for (size_t i = 0; i < hub->clocks.n && !*ret_more; i++) {
        enum life_look what = look_for(hub, shield, &hub->clocks.parties[i]);
        look.unit = hub->clocks.parties[i].unit;
        look.in_hand = places[i].in_hand;
        // What sets a clock going, or has, needs what stood before.
        look.version = what == LIFE_LOOK_APART ? &hub->about.seq : NULL;
        if (what != LIFE_LOOK_NOT)
            TRY(apart_look(&look, &places[i].at, ret_more));
    }
    return AM_OK;
}

// Whether what a unit has in hand is still wanted.
static bool places_ask(const struct hub_due *hub, const struct journal_shield *shield, struct due_place *places)
{
    bool any = false;

    for (size_t i = 0; i < hub->clocks.n; i++) {
        places[i].asked |= look_for(hub, shield, &hub->clocks.parties[i]) != LIFE_LOOK_NOT;
        any |= places[i].asked && places[i].in_hand.seqs == NULL;
    }
    return any;
}

static enum am_err life_fill(struct store_view *view, struct hub_due *hub, const struct journal_shield *shield,
                             const struct apart_place *place, struct clock_party *party)
{
    const struct life_known *known = &place->known;
    enum life_look look = look_for(hub, shield, party);
    struct clock_life *at = &party->lives[0];

    if (look == LIFE_LOOK_APART && known->apart && known->version == hub->about.seq) {
        TRY(apart_life(view, place, has_versions(hub->root.kind), &at->life));
        at->there = at->apart = true;
    }
    if (look == LIFE_LOOK_STANDS && life_known_stands(known, at->life.state)) {
        hub->stands = true;
        hub->going = known->by;
    }
    if (at->apart || life_known_change(known, look, hub->root.kind, hub->about.kind, hub->about.seq, at))
        hub->case_seen = place->seen.next - 1;
    return AM_OK;
}

enum am_err due_apart_lives(struct store_view *view, struct hub_due *hub, struct due_place **places, bool *ret_more)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_shield shield = {.n = 0};
    bool any;

    *ret_more = false;
    hub->stands = hub->untold = false;
    if (!hub->root.found)
        return AM_OK;
    TRY(store_any_shield(view, &any));
    if (any) // few hubs have any
        TRY(store_shield(view, hub->about.header->case_ref, states, &shield));
    hub->untold = harm_state(&shield, hub->about.originator) != NULL;
    any = false;
    for (size_t i = 0; i < hub->clocks.n; i++)
        any |= look_for(hub, &shield, &hub->clocks.parties[i]) != LIFE_LOOK_NOT;
    if (!any)
        return AM_OK;
    if (*places == NULL)
        *places = calloc(LIMIT_RECIPIENTS, sizeof **places);
    if (*places == NULL)
        return AM_NOMEM;
    *ret_more = places_ask(hub, &shield, *places);
    if (!*ret_more)
        TRY(places_look(view, hub, &shield, *places, ret_more));
    for (size_t i = 0; i < hub->clocks.n && !*ret_more; i++)
        TRY(life_fill(view, hub, &shield, &(*places)[i].at, &hub->clocks.parties[i]));
    return AM_OK;
}

void due_places_free(struct due_place *places)
{
    for (size_t i = 0; places != NULL && i < LIMIT_RECIPIENTS; i++)
        free(places[i].in_hand.seqs);
    free(places);
}

// --- Which messages have any
struct listing {
    struct store_view *view;
    const struct journal_shield *shield;
    struct hub_due_case *of_case;
    uint64_t *seqs;
    unsigned reads;
};

// One that waits for its second person was sent to nobody.
static enum am_err life_list(struct listing *listing, uint8_t root_kind, const struct store_pointer *message,
                             const char *unit, bool *ret_gone_on)
{
    struct journal_delivery delivery;
    struct journal_life life;
    enum am_err err = store_delivery(listing->view, message->seq, unit, &delivery);

    listing->reads++;
    if (err == AM_OK)
        err = store_life(listing->view, message->root, unit, &life);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    *ret_gone_on = life_gone_on(root_kind, message->kind, message->seq, &life) ||
                   (delivery.retrieved_at == 0 && life_set_going(root_kind, message->kind, &life));
    return AM_OK;
}

// What is asked by a unit from which answers may be withheld: its clocks are looked at anew.
static bool begins_any(const struct store_pointer *message)
{
    const struct kind *kind = kind_get(message->kind);

    return kind != NULL && (kind->root || kind->chain != CHAIN_NONE || kind->confirm != 0);
}

static enum am_err message_list(struct listing *listing, uint64_t seq)
{
    struct store_pointer message, root;
    bool any = false;
    enum am_err err = store_pointer_of(listing->view, seq, &message);

    listing->reads++;
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err; // an entry about one
    root = message;
    if (message.root != message.seq)
        TRY(store_pointer_of(listing->view, message.root, &root));
    if (harm_state(listing->shield, message.originator) != NULL)
        any = begins_any(&message);
    for (size_t i = 0; i < message.n_recipients && !any; i++)
        if (harm_state(listing->shield, message.recipients[i].unit) != NULL)
            TRY(life_list(listing, root.kind, &message, message.recipients[i].unit, &any));
    if (any)
        listing->seqs[listing->of_case->n_apart++] = seq;
    return AM_OK;
}

enum am_err due_apart_messages(struct store_view *view, struct arena *arena, const char *case_ref,
                               const struct journal_deadline *deadline, struct hub_due_case *ret_case)
{
    const struct am_bytes key = {(const uint8_t *)case_ref, strlen(case_ref)};
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_shield shield;
    struct listing listing = {.view = view, .shield = &shield, .of_case = ret_case};
    enum am_err err = AM_OK;

    *ret_case = (struct hub_due_case){.place = deadline->place};
    TRY(store_shield(view, case_ref, states, &shield));
    ret_case->kept = shield.n > 0;
    if (!ret_case->kept)
        return AM_OK;
    listing.seqs = arena_array(arena, APART_MOST, sizeof *listing.seqs);
    if (listing.seqs == NULL)
        return arena_error(arena);
    ret_case->apart = listing.seqs;
    while (listing.reads < LIMIT_CASE_READS && ret_case->n_apart < APART_MOST) {
        err = store_index_next(view, STORE_INDEX_CASE, key, &ret_case->place);
        if (err != AM_OK)
            break;
        TRY(message_list(&listing, ret_case->place++));
    }
    ret_case->more = err == AM_OK;
    return err == AM_NOT_FOUND ? AM_OK : err;
}
