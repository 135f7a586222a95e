// SPDX-License-Identifier: Apache-2.0
// Whom the hub trusts and who is on which roster, as one immutable snapshot that the loop and the workers share.
#pragma once

#include "certs/roster.h"

struct registry;

// A snapshot of this trust and of the newest roster of each unit; rosters may come in any order, of one unit the
// highest number stays. Takes references of its own. `cache` is shared by all snapshots and outlives them. AM_NOMEM.
AM_MUST_USE enum am_err registry_new(struct trust *trust, struct roster *const *rosters, size_t count,
                                     struct cert_cache *cache, struct registry **ret_registry);

// The same with one roster replaced or added, or with another trust (NULL: as before). AM_NOMEM.
AM_MUST_USE enum am_err registry_with(const struct registry *registry, struct trust *trust, struct roster *roster,
                                      struct registry **ret_registry);

struct registry *registry_ref(struct registry *registry); // any thread
void registry_unref(struct registry *registry);           // any thread; NULL is fine

struct trust *registry_trust(const struct registry *registry);                     // not a reference
struct cert_cache *registry_cache(const struct registry *registry);                // not a reference
struct roster *registry_roster(const struct registry *registry, const char *unit); // newest, not a reference; or NULL
size_t registry_count(const struct registry *registry);                    // rosters, which registry_at counts from 0
struct roster *registry_at(const struct registry *registry, size_t index); // in the order of unit names
