// SPDX-License-Identifier: Apache-2.0
// Deadlines in a case that is kept from states (rule 4): a life that was replaced or ended by what is withheld from its
// unit has, to that unit, its clocks still; one whose clock was set going by that stands still. On a worker; a case is
// read in parts.
#pragma once

#include "proto/codec/arena.h"
#include "server/hub/hub.h"
#include "server/net/apart.h"

// Of a party's life: how far its case was looked through.
struct due_place {
    struct apart_place at;
    bool asked;             // what its unit has in hand is wanted: by the next part
    struct in_hand in_hand; // the caller's to fill, in memory of its own
};

// Of the message's lives (hub->clocks) those that go on apart, as their units know them, and those that change since it
// never came to their units, or has after all; `untold`, `stands`, `going`. Nothing changes while there is more.
// *places: NULL before the first part; one of each party since.
AM_MUST_USE enum am_err due_apart_lives(struct store_view *view, struct hub_due *hub, struct due_place **places,
                                        bool *ret_more);
void due_places_free(struct due_place *places); // or NULL

// Which messages of a case began lives that may go on apart, or set clocks going unseen, from the deadline's place on.
// They lie in the arena.
AM_MUST_USE enum am_err due_apart_messages(struct store_view *view, struct arena *arena, const char *case_ref,
                                           const struct journal_deadline *deadline, struct hub_due_case *ret_case);
