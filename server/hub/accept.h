// SPDX-License-Identifier: Apache-2.0
// What an accepted message writes, while it is put together. For submitted.c and accept_clocks.c alone. All that is
// filled in lives in the append's arena; AM_NOMEM, AM_TOO_LARGE. One thread.
#pragma once

#include "server/hub/internal.h"

struct accept {
    struct hub_step *step;
    struct hub_submission *submission;
    const struct hub_decision *decision;
    struct hub_pending *pending;
    struct journal_append *append;
    struct arena *arena;
    const Amana__V1__Header *header;
    const struct kind *kind;
    uint64_t root; // seq, or JOURNAL_SELF
    bool found;    // a HIT, while the alert is in force for others too
    size_t n_entries;
    bool resumes;              // a clock goes on that stood still
    struct journal_life apart; // the sender's own, as it knows it now: no row (rule 4). `recipient` NULL: none
};

// --- submitted.c
// The root's pointer: what is answered is the root itself, or a version of it that names the root in turn.
const Amana__V1__Pointer *accept_root_pointer(const struct accept *accept);

// A further entry about the message with seq `of`, in the name of these parties, and its notice to whom `told` says.
AM_MUST_USE enum am_err accept_tell(struct accept *accept, const Amana__V1__EntryContent *content, uint64_t of,
                                    const char **parties, size_t n_parties, const struct hub_told *told);

// --- accept_clocks.c
// The DEADLINE entry that says which clocks it met, as a recipient's answer, where it met any. Where its originator
// knows of another life (rule 4) one for each of the two.
AM_MUST_USE enum am_err accept_met_fill(struct accept *accept);

// One row, at the first clock of what this message began; and of those that went on, where they end now. After the
// lives and deliveries.
AM_MUST_USE enum am_err accept_deadlines_fill(struct accept *accept);
