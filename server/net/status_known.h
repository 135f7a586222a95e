// SPDX-License-Identifier: Apache-2.0
// Lives as the unit knows them that asks how they stand, and began them (asked.h): of as many roots as a call is about.
// On a worker; what isn't looked through by then is asked anew.
#pragma once

#include "proto/codec/arena.h"
#include "server/net/asked.h"

// How far the cases were looked through; all zero but the budget before the first look.
struct known_lives {
    struct arena_budget *budget; // whose memory the places are
    struct asked_place *places;
    size_t n, room;
    size_t taken; // of the budget
};
void known_clear(struct known_lives *lives);
void known_in_hand(struct net *net, struct known_lives *lives); // between two looks, on the loop

struct known_look {
    struct known_lives *lives;
    struct arena *arena;     // for the officer's name
    const char *unit;        // who asks
    struct asked_look asked; // of a case; case_ref NULL: it is not kept from who asks
    bool more;               // there is more of a case: what it came to doesn't hold
};

// Changes *life, which `recipient` has of the message at `root`, to what the unit knows of it, where that is another.
// AM_BUSY: there is more. AM_NOMEM: also where the budget is used up.
AM_MUST_USE enum am_err status_known(struct known_look *look, uint64_t root, const char *recipient,
                                     struct journal_life *life);
