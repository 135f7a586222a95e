// SPDX-License-Identifier: Apache-2.0
// What this store proves of how a message stands at its recipients: the receipt, statements of retrieval, answers that
// officers signed. What the hub says beyond that is its word. One thread.
#pragma once

#include "client/session/session.h"

struct evidence {
    struct evidence_row *rows; // in the arena
};

// Of a message of this unit, as kept in STORE_SENT with its receipt. AM_NOMEM and errors of the store.
AM_MUST_USE enum am_err evidence_find(struct session *session, const Amana__V1__Kept *kept, struct arena *arena,
                                      struct evidence *ret_evidence);

// A device's word, under its signature, that it has messages: its unit, and when the log took it (UTC ns). It lives
// until the call returns; an error ends the walk.
typedef enum am_err evidence_retrieval(void *user, const char *unit, uint64_t time_ns,
                                       const Amana__V1__Retrieved *statement);
// Those that name the message of entry seq, are kept and were checked, in the order of the log. Errors of the store and
// of the visit.
AM_MUST_USE enum am_err evidence_each_retrieval(struct session *session, uint64_t seq, evidence_retrieval *visit,
                                                void *user);

// The receipt names this unit among those it was delivered to.
bool evidence_delivered(const struct evidence *evidence, const char *unit);
// A device of the unit has said under its signature that it has the message, and the signature was checked.
bool evidence_retrieved(const struct evidence *evidence, const char *unit);
// When the log first took such a word: UTC ns; 0: never.
uint64_t evidence_retrieved_at(const struct evidence *evidence, const char *unit);
// An answer that this officer of the unit signed was taken by the log at that time (UTC ns; 0: any): to a CANCEL, or to
// the message itself or another version of it.
bool evidence_answered(const struct evidence *evidence, const char *unit, const char *officer, uint64_t time_ns,
                       bool to_cancel);
