// SPDX-License-Identifier: Apache-2.0
// Deadlines of lives whose originator's state is listed (rule 4): to that unit their clocks run by the answers that it
// has. On a worker; a case is read in parts.
#pragma once

#include "server/hub/hub.h"
#include "server/net/asked.h"

#define DUE_ASKED 2u // of the root that a message is about, and of its own

// Of the message's lives (hub->clocks) those that are others to their originator, behind those that are kept; `untold`
// of these. After due_apart_lives, and nothing changes while there is more. `places` are kept from part to part.
AM_MUST_USE enum am_err due_asked_lives(struct store_view *view, struct hub_due *hub,
                                        struct asked_place places[DUE_ASKED], bool *ret_more);
