// SPDX-License-Identifier: Apache-2.0
// Notices that came, each by the number of its entry. One thread.
#pragma once

#include "client/session/store.h"

// A notice that came, and with it a row of news; one that is kept already is left as it is, and is no news.
AM_MUST_USE enum am_err store_notice_put(struct store *store, uint64_t seq, const Amana__V1__KeptNotice *notice);
// The first notice at or above *seq whose statement of retrieval names the message of entry `message`. AM_NOT_FOUND;
// AM_CORRUPT.
AM_MUST_USE enum am_err store_retrieval_next(struct store *store, uint64_t message, uint64_t *seq, struct arena *arena,
                                             Amana__V1__KeptNotice **ret_notice);
// The first notice at or above *seq, in the arena. AM_NOT_FOUND; AM_CORRUPT.
AM_MUST_USE enum am_err store_notice_next(struct store *store, uint64_t *seq, struct arena *arena,
                                          Amana__V1__KeptNotice **ret_notice);
