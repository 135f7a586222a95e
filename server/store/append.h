// SPDX-License-Identifier: Apache-2.0
// One append inside the keeper's transaction: first everything that may refuse it is looked at, then all its rows are
// put; so an append is all or nothing without a transaction of its own.
#pragma once

#include "server/store/rows.h"
#include "server/store/tree.h"

// The store as the transaction makes it.
struct append_state {
    struct table_txn txn;
    struct tree *tree;
    struct tree_recent *recent;
    uint64_t last_time;
    uint32_t next_name;
};

// What a well-made append keeps to, whatever stands in the journal: AM_INVALID, AM_TOO_LARGE. Any thread.
AM_MUST_USE enum am_err append_check_shape(const struct journal_append *append);

// JOURNAL_DONE (go on), JOURNAL_DUPLICATE (with seq and digest of the first) or JOURNAL_CONFLICT. Writes nothing.
AM_MUST_USE enum am_err append_judge(const struct append_state *state, const struct journal_append *append,
                                     struct journal_outcome *ret_outcome);

// Puts its rows. `salts`: 16 random bytes an entry. Gives the entries' leaves and leaf hashes. On an error (AM_FULL
// among them) the transaction must be aborted.
AM_MUST_USE enum am_err append_put(struct append_state *state, const struct journal_append *append,
                                   const uint8_t (*salts)[LOG_SALT_SIZE], uint8_t ret_first_leaf[LOG_LEAF_SIZE],
                                   uint8_t (*ret_leaf_hashes)[LOG_HASH_SIZE]);
