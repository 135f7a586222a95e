// SPDX-License-Identifier: Apache-2.0
// Lives as the unit knows them that began them, where answers to them are withheld from it (rule 4), so that it can't
// tell an answer that it isn't to have from none. As of apart.h there is no length of a case past which they are
// others: a look reads no more than LIMIT_CASE_READS entries of it, and says whether there is more. On a worker.
#pragma once

#include "proto/model/life_asked.h"
#include "proto/model/limits.h"
#include "server/net/case_walk.h"

struct net;

struct asked_life {
    char recipient[LIMIT_ADDRESS + 1];
    struct life_asked known;
};

// How far a root's case was looked through, and what its originator knows by then. All zero before the first look;
// asked_clear after the last.
struct asked_place {
    struct case_seen seen;
    uint64_t began; // UTC ns: when the newest version did
    struct asked_life *lives;
    size_t n, room;
    char originator[LIMIT_ADDRESS + 1]; // of whom it wants to know what its devices have in hand; "": not yet
    struct in_hand in_hand;
    enum am_err err; // of that
};
void asked_clear(struct asked_place *place);

// As another place of the same originator has it, where that has been asked; nothing where there is no memory for it.
void asked_in_hand_as(const struct asked_place *other, struct asked_place *place);
// Between two looks, on the loop: what the originator's devices have in hand, as it is now.
void asked_in_hand(struct net *net, struct asked_place *place);

struct asked_look {
    struct store_view *view;
    const char *case_ref; // which is kept from the state of the root's originator
    uint64_t root;
    uint32_t shield; // version of the row that says so
    unsigned reads;  // entries that may still be read
};

// Goes on from *place, from the start where the root or the shield is another than it was, or where the unit has signed
// for a message of the case since. What it comes to holds once there is no more.
AM_MUST_USE enum am_err asked_look(struct asked_look *look, struct asked_place *place, bool *ret_more);

// What is known of the life that its `recipient` has of the root; NULL: it is no other than it is kept.
const struct life_asked *asked_known(const struct asked_place *place, const char *recipient);

// The life that is kept as it is known, with *ret_known; else nothing changes.
AM_MUST_USE enum am_err asked_life(struct store_view *view, const struct asked_place *place, struct journal_life *life,
                                   bool *ret_known);
