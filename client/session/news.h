// SPDX-License-Identifier: Apache-2.0
// What came and no inbox has shown yet, whichever command took it from the hub. In order of the log. One thread.
#pragma once

#include "client/session/store.h"

struct news {
    uint64_t seq;
    bool notice;        // else a message:
    enum store_box box; // STORE_INBOX, or STORE_SENT for a copy of what a colleague's device sent
    char id[STORE_ID];
};

// The first at or above seq. AM_NOT_FOUND; AM_CORRUPT.
AM_MUST_USE enum am_err news_next(struct store *store, uint64_t seq, struct news *ret_news);
// It has been shown.
AM_MUST_USE enum am_err news_remove(struct store *store, uint64_t seq);
