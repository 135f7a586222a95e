// SPDX-License-Identifier: Apache-2.0
// What the originator of a message is late to be answered, read by workers.
#include "server/net/due_asked.h"

#include "proto/model/harm.h"
#include "proto/model/life.h"

// One that nothing has moved is what everybody knows.
static bool may_be_another(const struct hub_due *hub, const struct clock_party *party, size_t which)
{
    const struct clock_life *at = &party->lives[which];

    return at->there && !at->apart && at->life.state != life_begun(at->root_kind) &&
           !address_same_country(party->unit, hub->about.originator);
}

static enum am_err lives_fill(struct store_view *view, struct hub_due *hub, const struct asked_place *place,
                              size_t which)
{
    for (size_t i = 0; i < hub->clocks.n; i++) {
        struct clock_party *party = &hub->clocks.parties[i];
        struct clock_life *at = &party->lives[which], known = *at;
        bool another;
        if (!may_be_another(hub, party, which))
            continue;
        known.life.recipient = party->unit;
        TRY(asked_life(view, place, &known.life, &another));
        if (!another)
            continue;
        known.asked = true;
        known.changes = false;
        at->untold = true;
        party->lives[DUE_ASKED + which] = known;
        hub->case_seen = place->seen.next - 1;
    }
    return AM_OK;
}

enum am_err due_asked_lives(struct store_view *view, struct hub_due *hub, struct asked_place places[DUE_ASKED],
                            bool *ret_more)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_shield shield;
    struct asked_look look = {.view = view, .case_ref = hub->about.header->case_ref, .reads = LIMIT_CASE_READS};

    if (!hub->untold)
        return AM_OK;
    TRY(store_shield(view, look.case_ref, states, &shield));
    look.shield = shield.version;
    for (size_t which = 0; which < DUE_ASKED && !*ret_more; which++) {
        bool any = false;
        for (size_t i = 0; i < hub->clocks.n; i++)
            any |= may_be_another(hub, &hub->clocks.parties[i], which);
        look.root = which == 0 ? hub->about.root : hub->about.seq;
        if (any)
            TRY(asked_look(&look, &places[which], ret_more));
        if (any && !*ret_more)
            TRY(lives_fill(view, hub, &places[which], which));
    }
    return AM_OK;
}
