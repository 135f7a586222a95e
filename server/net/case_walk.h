// SPDX-License-Identifier: Apache-2.0
// The entries of a case that is kept from a state, from one message on: what a unit of that state knows of lives is
// read from these (apart.h, asked.h), a part at a time. On a worker.
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "server/net/withheld.h"

// How far it was gone through. All zero before the first part.
struct case_seen {
    uint64_t root, next; // next: seq of the case where it goes on
    uint32_t shield;     // version of the row that it was judged by
    uint64_t size;       // of the log when it was begun: what the unit has signed for since may lie before `next`
};

// What is made of it; the first is `user` of the walk. What is decoded is there until the call returns.
struct case_taker {
    void (*begin)(void *user);      // at the first entry, as if none had been seen
    bool (*over)(const void *user); // nothing that follows is wanted; NULL: all is
    AM_MUST_USE enum am_err (*message)(void *user, const struct store_pointer *message);
    AM_MUST_USE enum am_err (*deadline)(void *user, const struct store_entry *entry,
                                        const Amana__V1__DeadlineEntry *deadline);
    AM_MUST_USE enum am_err (*state)(void *user, const struct store_entry *entry, const Amana__V1__StateEntry *state);
};

struct case_walk {
    struct store_view *view;
    const char *case_ref;
    uint32_t shield; // version of the row that says from whom the case is kept
    uint64_t from;   // seq of the case where it begins
    const struct case_taker *taker;
    void *user;
    // By case_walk_init.
    struct store_pointer root;
    struct identity device; // any of the unit's
    struct arena scratch;   // for one entry and two headers
};

// unit: NULL is who began the root. case_walk_clear after it, also where it fails.
AM_MUST_USE enum am_err case_walk_init(struct case_walk *walk, uint64_t root, const char *unit);
void case_walk_clear(struct case_walk *walk);

// Goes on from *seen, from the start where the root or the shield is another than it was, or where the unit has signed
// for a message of the case since. *reads: entries that may still be read.
AM_MUST_USE enum am_err case_walk_on(struct case_walk *walk, struct case_seen *seen, unsigned *reads, bool *ret_more);

// What its entry says of a message that was sent; NULL where it waits for its second person, or is erased.
AM_MUST_USE enum am_err case_walk_submitted(struct case_walk *walk, uint64_t seq, struct store_entry *ret_entry,
                                            const Amana__V1__SubmittedEntry **ret_submitted);

// Whether a message is withheld from the unit, which has what its devices have in hand.
AM_MUST_USE enum am_err case_walk_withheld(struct case_walk *walk, const struct in_hand *in_hand, uint64_t seq,
                                           bool *ret_withheld);

// A message of a case that is looked through; AM_NOT_FOUND: it is an entry about one.
AM_MUST_USE enum am_err case_message(struct store_view *view, uint64_t seq, struct store_pointer *ret_message);
