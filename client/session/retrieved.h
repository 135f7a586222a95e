// SPDX-License-Identifier: Apache-2.0
// The statement inside a RETRIEVED entry: the recipient's own word that it has messages; without it the entry is only
// the hub's. One thread.
#pragma once

#include "client/session/session.h"

#define RETRIEVED_CONTEXT "amana-retrieved-v1"

struct retrieved {
    Amana__V1__Retrieved *statement;
    bool checked; // false: the roster to check the signature by is not to be had; *detail says why
};

// Checks the statement of entry seq: it is about this log and the entry's device, and signed by that device alone, by
// the roster that was in force there. All in the arena. AM_PROOF (about something else), AM_SIGNATURE; AM_INVALID,
// AM_PROTO, AM_TOO_LARGE where it can't be read; AM_UNAVAILABLE, AM_FORK and errors of the store.
AM_MUST_USE enum am_err retrieved_check(struct session *session, uint64_t seq, const Amana__V1__RetrievedEntry *entry,
                                        struct arena *arena, struct am_detail *detail, struct retrieved *ret_retrieved);

// The statement of a RETRIEVED entry, in the arena; NULL: it is another entry, or can't be read. Checks nothing else.
const Amana__V1__Retrieved *retrieved_read(const Amana__V1__EntryContent *content, struct arena *arena);

// Whether a content is that of a RETRIEVED entry whose statement names this entry.
bool retrieved_names(const Amana__V1__EntryContent *content, uint64_t seq);

// Compares it with what this unit has sent: each message that is kept here must be the very one that is named, come
// before entry seq, and be addressed to the unit of the device. AM_PROOF.
AM_MUST_USE enum am_err retrieved_compare(struct session *session, uint64_t seq, const Amana__V1__Retrieved *statement,
                                          struct am_detail *detail);
