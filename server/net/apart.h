// SPDX-License-Identifier: Apache-2.0
// A life that goes on apart from how it is kept: what replaced or ended it is withheld from its unit (rule 4), which
// answers what it has, is late with that, and is to see no difference. So there is no length of a case past which it is
// another one: a look reads no more than LIMIT_CASE_READS entries of it, and says whether there is more. On a worker.
#pragma once

#include "proto/model/life_known.h"
#include "server/net/case_walk.h"

// How far a unit's case was looked through, and what it knows by then. All zero before the first look.
struct apart_place {
    struct case_seen seen;
    struct life_known known;
};

struct apart_look {
    struct store_view *view;
    const char *unit, *case_ref;
    uint64_t root;
    uint32_t shield;        // version of the row that says from whom the case is kept
    unsigned reads;         // entries that may still be read: LIMIT_CASE_READS
    struct in_hand in_hand; // the unit's
    // Whether this is the newest version that the unit has is all that is asked: it is looked for from there on, no
    // further than to the one that is. NULL: whichever it is.
    const uint64_t *version;
};

// Goes on from *place, from the start where the root or the shield is another than it was, or where the unit has signed
// for a message of the case since. What it comes to holds once there is no more.
AM_MUST_USE enum am_err apart_look(struct apart_look *look, struct apart_place *place, bool *ret_more);

// The life that is kept, as the unit knows it: by the clock of the version that it has.
AM_MUST_USE enum am_err apart_life(struct store_view *view, const struct apart_place *place, bool versions,
                                   struct journal_life *life);
