// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm: the mailbox rows that a state isn't to learn of, now. Read by workers.
#pragma once

#include "certs/identity.h"
#include "proto/codec/arena.h"
#include "proto/model/limits.h"
#include "server/store/store.h"

// Messages that devices of a unit have and have not signed for (internal.h, peers_out): it knows them.
#define IN_HAND_MOST (LIMIT_DEVICES * LIMIT_UNACKNOWLEDGED)
struct in_hand {
    uint64_t *seqs;
    size_t n;
};
bool in_hand_has(const struct in_hand *in_hand, uint64_t seq);

// Whether what a row of this device is about is withheld from its unit, as if nothing had ever been sent. What is
// decoded lies in the arena.
AM_MUST_USE enum am_err withheld_row(struct store_view *view, struct arena *arena, const struct identity *device,
                                     uint64_t seq, uint8_t kind, bool *ret_withheld);

// Whether the row itself waits: also one of what the unit has, that was erased on the word of what is withheld from it.
AM_MUST_USE enum am_err withheld_mail(struct store_view *view, struct arena *arena, const struct identity *device,
                                      uint64_t seq, uint8_t kind, bool *ret_withheld);

// The same, and for the sake of which case it waits; NULL: it doesn't. In the arena.
AM_MUST_USE enum am_err withheld_for(struct store_view *view, struct arena *arena, const struct identity *device,
                                     uint64_t seq, uint8_t kind, const char **ret_case);

// The latter alone, of a message that the unit has.
AM_MUST_USE enum am_err withheld_erased(struct store_view *view, struct arena *arena, const struct identity *device,
                                        uint64_t seq, bool *ret_withheld);

// Which message a notice to this device tells of, to who asked the one that answered it, and of which unit's: its own,
// or one that it supervises; else AM_NOT_FOUND. What is decoded lies in the arena.
AM_MUST_USE enum am_err withheld_about(struct store_view *view, struct arena *arena, const struct identity *device,
                                       uint64_t seq, uint64_t *ret_message, char ret_unit[LIMIT_ADDRESS + 1]);

// Whether the unit is one of those whom an entry is told to.
AM_MUST_USE enum am_err withheld_told(struct store_view *view, uint64_t entry, const char *unit, bool *ret_told);

// Whether a message that was sent to this unit, or that waits for its second person to be, is withheld from it; or was
// until nothing was left of it, as is whatever its devices have not signed for by then.
AM_MUST_USE enum am_err withheld_message(struct store_view *view, const char *unit, uint64_t seq, bool *ret_withheld);

// Whether the unit is told by this entry that it is late with a message by a clock that to it stood still: what had set
// it going is withheld from it, or was until nothing was left of it.
AM_MUST_USE enum am_err withheld_clock(struct store_view *view, const char *unit, uint64_t message, uint64_t entry,
                                       bool *ret_withheld);
