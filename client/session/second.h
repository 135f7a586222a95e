// SPDX-License-Identifier: Apache-2.0
// The second person (domain.md, rule 5), at a desk: what waits for a supervisor of this unit, releasing it or sending
// it back, and what a notice says of a message that is kept here. One thread.
#pragma once

#include "client/session/session.h"
#include "client/session/store.h"

#define SECOND_STATE 256u // how it stands with its second person, in words: an address fits

// What waits: proved, its author's signature checked. In the arena that it was asked with.
struct second_waiting {
    Amana__V1__Message *message;
    Amana__V1__ProvedEntry *entry; // PARKED; of one that was DEFERRED, SUBMITTED
    Amana__V1__Header *header;
    bool deferred;
};

// Asks the hub, oldest first. `each` returning anything but AM_OK ends it with that. What doesn't hold is an alarm and
// AM_PROOF or AM_SIGNATURE. AM_UNAVAILABLE, AM_DENIED.
AM_MUST_USE enum am_err second_each(struct session *session, struct am_detail *detail,
                                    enum am_err (*each)(void *user, const struct second_waiting *waiting), void *user);

// The one whose id begins so. AM_NOT_FOUND, AM_CONFLICT where several do.
AM_MUST_USE enum am_err second_find(struct session *session, const char *beginning, struct arena *arena,
                                    struct am_detail *detail, struct second_waiting *ret_waiting);

// Whether this officer is one who may release it: AM_DENIED, with what to do, of one's own, and where the newest roster
// of this unit has them without the mark. For who is to be asked; the hub judges it all the same.
AM_MUST_USE enum am_err second_may(struct session *session, const Amana__V1__Header *header, struct am_detail *detail);

// Adds this officer's signature and gives it to the hub: *ret_entry is the proof of its SUBMITTED entry, of one that
// was DEFERRED of its RELEASED entry. The caller has opened the body, and asked second_may. AM_DENIED where the hub
// refuses.
AM_MUST_USE enum am_err second_release(struct session *session, const struct second_waiting *waiting,
                                       struct arena *arena, struct am_detail *detail,
                                       Amana__V1__ProvedEntry **ret_entry);

// Sends it back to its author; the proof is that of its RETURNED entry.
AM_MUST_USE enum am_err second_send_back(struct session *session, const struct second_waiting *waiting,
                                         Amana__V1__ReturnReason__Code reason, struct arena *arena,
                                         struct am_detail *detail, Amana__V1__ProvedEntry **ret_entry);

// Whether somebody other than its author may release it, by the newest roster of its releasing unit that is kept here.
// AM_NOT_FOUND: none is.
AM_MUST_USE enum am_err second_possible(struct session *session, const Amana__V1__Header *header, bool *ret_possible);

// Whether what is kept there waits for its second person: its entry is PARKED.
bool second_waits(struct store *store, enum store_box box, const char *id);

// Whether this unit's message was sent: false while it waits for its second person, and where that never came.
bool second_sent(const Amana__V1__Kept *kept, const Amana__V1__Header *header);
// It was sent back or lapsed before it was sent, and never will be.
bool second_never(const Amana__V1__Kept *kept, const Amana__V1__Header *header);

// What a RELEASED or RETURNED entry says, checked, is noted with the message that it is about, where that is kept here.
// Other entries are passed over. AM_PROOF, AM_SIGNATURE: it doesn't hold.
AM_MUST_USE enum am_err second_take(struct session *session, const Amana__V1__ProvedEntry *entry,
                                    const Amana__V1__EntryContent *content, struct arena *arena,
                                    struct am_detail *detail);

// In words: "waits for a second person", "sent back by kdci-0001: FACT_WRONG", "UNRELEASED"; "" where there is nothing
// to say.
void second_state(const Amana__V1__Kept *kept, char ret_state[SECOND_STATE]);
