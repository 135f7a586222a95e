// SPDX-License-Identifier: Apache-2.0
// Whether a unit that somebody names is known at this desk: a slip of the pen is a unit as well as any, and the hub
// isn't asked. One thread.
#pragma once

#include "client/session/session.h"

// Whether a roster of it was ever verified here.
bool kept_unit_is(struct session *session, const char *unit);

// The nearest to it of those that were; "" where none is near enough, or none was.
void kept_unit_nearest(struct session *session, const char *unit, char ret_nearest[LIMIT_ADDRESS + 1]);
