// SPDX-License-Identifier: Apache-2.0
// What one transaction changes, as bytes, so that it can be done once more. One thread.
#pragma once

#include "server/store/table.h"

#define REDO_HEAD 32u // bytes left free before the changes, for the head of their record

struct redo_ops {
    uint8_t *bytes;
    size_t len, room; // the head counts
    size_t later_at, later_len;
    const void *later; // LMDB's room for a value that is filled after it was noted
};

// Nothing changed yet: for the next transaction. All 0 before the first; the bytes are its own till redo_ops_free.
void redo_ops_begin(struct redo_ops *ops);
void redo_ops_free(struct redo_ops *ops);

// A row that was put, by LMDB's flags, or deleted. AM_NOMEM. With `later` the value's bytes are copied at the next of
// these calls: until then LMDB keeps them where they are.
AM_MUST_USE enum am_err redo_ops_put(struct redo_ops *ops, enum tree_of_tables tree, unsigned flags, MDB_val key,
                                     MDB_val value, bool later);
AM_MUST_USE enum am_err redo_ops_delete(struct redo_ops *ops, enum tree_of_tables tree, MDB_val key);
void redo_ops_settle(struct redo_ops *ops); // copies it now; before every write and at the end
// Zeros up to a size. AM_NOMEM.
AM_MUST_USE enum am_err redo_ops_pad(struct redo_ops *ops, size_t size);

// Does the changes (without head) in a transaction. AM_CORRUPT where they are none.
AM_MUST_USE enum am_err redo_ops_apply(struct table_txn txn, struct am_bytes changes);
