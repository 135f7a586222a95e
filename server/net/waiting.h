// SPDX-License-Identifier: Apache-2.0
// A message that waits for its second person, found by a pointer. On a worker.
#pragma once

#include "server/net/internal.h"

#include "server/store/store.h"

// All in the arena.
struct waiting {
    struct journal_release release;
    Amana__V1__Header *header;
    struct am_bytes header_bytes, flags, body;
};

// The row of the message that the pointer names, as it was parked. AM_NOT_FOUND.
AM_MUST_USE enum am_err waiting_parked(struct store_view *view, const Amana__V1__Pointer *pointer, uint64_t *ret_seq);

// The same, else as it was sent.
AM_MUST_USE enum am_err waiting_seq(struct store_view *view, const Amana__V1__Pointer *pointer, uint64_t *ret_seq);

// The message that the pointer names, parked or DEFERRED, if it is this unit that releases it. AM_NOT_FOUND: as if
// there were none.
AM_MUST_USE enum am_err waiting_find(struct store_view *view, const Amana__V1__Pointer *pointer, const char *unit,
                                     struct arena *arena, struct waiting *ret_waiting);
