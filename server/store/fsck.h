// SPDX-License-Identifier: Apache-2.0
// What the two halves of the offline check share. One thread.
#pragma once

#include "proto/codec/arena.h"
#include "server/store/internal.h"

struct fsck {
    struct table_txn txn;
    void (*found)(void *user, uint64_t seq, const char *what);
    void *user;
    const struct store_judge *judge; // or NULL
    bool faulty;
    uint64_t size, last_time, messages, parked, waiting, points;
    struct arena arena;
};

__attribute__((format(printf, 3, 4))) void fsck_fault(struct fsck *fsck, uint64_t seq, const char *format, ...);

// One entry's row by itself: leaf, commitment, kind, index, and of a SUBMITTED or PARKED the message with its keys.
// *ret_hash is its leaf hash; false where there is no leaf to hash. AM_IO, AM_NOMEM end the check.
AM_MUST_USE enum am_err fsck_entry(struct fsck *fsck, uint64_t seq, struct am_bytes row, bool *ret_leaf,
                                   uint8_t ret_hash[LOG_HASH_SIZE]);

// Every row that a judge is there for.
AM_MUST_USE enum am_err fsck_judge_rows(struct fsck *fsck);
