// SPDX-License-Identifier: Apache-2.0
// Deadlines for the hub: those of the next hour read ahead, and what one is about read when it has come. Room for all
// that may be under way is there from the start. On the loop.
#pragma once

#include "server/net/internal.h"

struct dues;

// Borrows net, which outlives it. AM_NOMEM.
AM_MUST_USE enum am_err dues_new(struct net *net, struct dues **ret_dues);
void dues_free(struct dues *dues); // after the workers; NULL is fine

// The hub's actions.
void dues_read(struct dues *dues, const struct journal_deadline *after, uint64_t until);
void dues_begin(struct dues *dues, const struct journal_deadline *deadline);
void due_check(struct hub_due *due); // again
void due_reply(struct hub_due *due);
