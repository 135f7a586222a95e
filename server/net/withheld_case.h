// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm: how it stands with a case that is kept from states. Read by workers.
#pragma once

#include "proto/codec/arena.h"
#include "server/hub/hub.h"
#include "server/store/store.h"

// How it stands with a case that is kept from a state, from the deadline's place on and for LIMIT_CASE_READS rows:
// whether anything is left of it and, where the deadline is the SHIELD's, which rows of whose mailbox are withheld for
// its sake. These lie in the arena.
AM_MUST_USE enum am_err withheld_case(struct store_view *view, struct arena *arena, const char *case_ref,
                                      const struct journal_deadline *deadline, struct hub_due_case *ret_case);

// `kept` and `first` alone.
AM_MUST_USE enum am_err withheld_case_kept(struct store_view *view, const char *case_ref,
                                           struct hub_due_case *ret_case);
