// SPDX-License-Identifier: Apache-2.0
// A life as the unit knows it that began it: without the answers that are withheld from it (rule 4), so that it can't
// tell an answer that it isn't to have from none. On a worker.
#pragma once

#include "proto/model/limits.h"
#include "server/store/store.h"

#define KNOWN_READS (16u * LIMIT_CASE_READS) // for one call

struct known_look {
    struct store_view *view;
    struct arena *arena;  // for the officer's name
    const char *unit;     // who asks
    const char *case_ref; // which is kept from its state
    unsigned reads;       // entries of cases that may still be read
};

// Changes *life, which `recipient` has of the message at `root`, to what the unit knows of it. AM_BUSY: the case is too
// long for what was left of `reads`.
AM_MUST_USE enum am_err status_known(struct known_look *look, uint64_t root, const char *recipient,
                                     struct journal_life *life);
