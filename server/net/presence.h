// SPDX-License-Identifier: Apache-2.0
// Which units are connected, and when the others last were: so that whoever sends what can't wait knows whether to
// telephone. Since this program's start alone. Written by the loop, asked on any thread.
#pragma once

#include "proto/model/error.h"

#include <stdbool.h>
#include <stdint.h>

struct presence;

// AM_NOMEM.
AM_MUST_USE enum am_err presence_new(struct presence **ret_presence);
void presence_free(struct presence *presence); // NULL is fine

// A connection of the unit has begun, or ended at that time (UTC ns). Without memory the unit is not known to be here.
void presence_came(struct presence *presence, const char *unit);
void presence_left(struct presence *presence, const char *unit, uint64_t now_ns);

// Is a device of the unit connected; when the last one went, UTC ns (0: none was here).
void presence_of(struct presence *presence, const char *unit, bool *ret_connected, uint64_t *ret_last_ns);
