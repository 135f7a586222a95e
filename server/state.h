// SPDX-License-Identifier: Apache-2.0
// What the hub knows, read from its journal at start: members, rosters, countries, the last entry. One thread.
#pragma once

#include "certs/check.h"
#include "server/hub/hub.h"
#include "server/net/registry.h"
#include "server/store/store.h"

struct state_file {
    bool known; // else there was none
    uint8_t digest[32];
};

struct state {
    bool empty;                      // no entry at all
    bool clean;                      // the last entry is a STOP, or nothing was ever served
    uint64_t last_time_ns;           // of the last entry
    struct state_file trust, policy; // trust.conf and policy.conf in force when the log was last written
};

// Fills the hub (members, every roster, countries of `trust`, the clock's floor) and makes the first snapshot of the
// newest rosters. Reads in one view. AM_CORRUPT with the row in *detail where one can't be read.
AM_MUST_USE enum am_err state_load(struct store *store, struct hub *hub, struct trust *trust, struct cert_cache *cache,
                                   struct am_detail *detail, struct state *ret_state, struct registry **ret_registry);
