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

// The receipt names this unit among those it was delivered to.
bool evidence_delivered(const struct evidence *evidence, const char *unit);
// A device of the unit has said under its signature that it has the message, and the signature was checked.
bool evidence_retrieved(const struct evidence *evidence, const char *unit);
// An answer that this officer of the unit signed was taken by the log at that time (UTC ns; 0: any): to a CANCEL, or to
// the message itself or another version of it.
bool evidence_answered(const struct evidence *evidence, const char *unit, const char *officer, uint64_t time_ns,
                       bool to_cancel);
