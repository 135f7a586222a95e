// SPDX-License-Identifier: Apache-2.0
// Rosters that were verified, as the hub gave them. One thread.
#pragma once

#include "client/session/store.h"

// LookupResponse bytes by unit and number; number 0 gives the highest. AM_NOT_FOUND.
AM_MUST_USE enum am_err store_roster_put(struct store *store, const char *unit, uint64_t number, struct am_bytes bytes);
AM_MUST_USE enum am_err store_roster_get(struct store *store, const char *unit, uint64_t number, struct arena *arena,
                                         struct am_bytes *ret_bytes);
