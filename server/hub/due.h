// SPDX-License-Identifier: Apache-2.0
// What the files share that decide about a deadline that has come. For server/hub alone. One thread.
#pragma once

#include "server/hub/internal.h"

struct deciding {
    struct hub_step *step;
    struct hub_due *due;
    struct clock_message *clocks;
    struct hub_pending *pending;
    struct journal_append *append;
    struct arena *arena;
    uint64_t now; // that the entries will have
    bool confirm; // the entry is about a life that ends with a CONFIRM: set for each of a life, which come last
    bool apart;   // it is for the units of its lives alone, and not for their originator: set for each of a life
    bool part;    // the append holds what it may: what else has passed goes with the next, each whole by itself
    size_t n_entries;
};

// The append, with room for so many entries.
AM_MUST_USE enum am_err hub_due_begin(struct deciding *deciding, size_t n_entries);
// The next of them, told to whom its row of the table of notices says.
AM_MUST_USE enum am_err hub_due_entry(struct deciding *deciding, const Amana__V1__EntryContent *content,
                                      const char *recipient, const struct journal_recipient *others, size_t n_others);

// The clocks of a message's lives and deliveries (due_clocks.c): the whole append.
AM_MUST_USE enum am_err hub_due_clocks(struct deciding *deciding);
// The deliveries that are open end, by so many entries.
size_t hub_due_undelivered_entries(const struct deciding *deciding);
AM_MUST_USE enum am_err hub_due_undelivered(struct deciding *deciding);
