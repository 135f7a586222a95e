// SPDX-License-Identifier: Apache-2.0
// What the journal holds of a message, as the hub is told of it. On a worker; everything lies in the arena.
#pragma once

#include "proto/codec/arena.h"
#include "server/hub/hub.h"
#include "server/store/store.h"

// What a pointer of the journal names, its texts copied. Its header is NULL where the journal has none any more.
// AM_NOMEM, AM_PROTO where the header can't be read.
AM_MUST_USE enum am_err found_fill(struct store_view *view, struct arena *arena, const struct store_pointer *pointer,
                                   struct hub_found *ret_found);
// The message of that seq, with its header; nothing is found where there is none.
AM_MUST_USE enum am_err found_at(struct store_view *view, struct arena *arena, uint64_t seq,
                                 struct hub_found *ret_found);

// How the content of a message is kept.
AM_MUST_USE enum am_err found_content(struct store_view *view, uint64_t seq, struct hub_content *ret_content);

// How a recipient stands with a message that was found: its delivery, and the lives that it began the clock of.
AM_MUST_USE enum am_err found_party(struct store_view *view, struct arena *arena, const struct hub_found *found,
                                    uint8_t root_kind, const char *unit, struct clock_party *ret_party);
