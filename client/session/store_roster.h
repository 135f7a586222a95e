// SPDX-License-Identifier: Apache-2.0
// Rosters that were verified, as the hub gave them. One thread.
#pragma once

#include "client/session/store.h"
#include "proto/model/limits.h"

// LookupResponse bytes by unit and number; number 0 gives the highest. AM_NOT_FOUND.
AM_MUST_USE enum am_err store_roster_put(struct store *store, const char *unit, uint64_t number, struct am_bytes bytes);
AM_MUST_USE enum am_err store_roster_get(struct store *store, const char *unit, uint64_t number, struct arena *arena,
                                         struct am_bytes *ret_bytes);

// The next unit, by name, of which rosters are kept here, behind `at`; "" begins. AM_NOT_FOUND: there is no more.
AM_MUST_USE enum am_err store_roster_next(struct store *store, const char *at, char ret_unit[LIMIT_ADDRESS + 1]);
