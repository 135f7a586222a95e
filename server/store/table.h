// SPDX-License-Identifier: Apache-2.0
// The tables of the environment and the only calls that touch LMDB's values. Several tables share a tree (table.c).
// The transaction's thread.
//
// Numbers in keys are big-endian, so that key order is the order of time. `n` is a 4-byte name (name.h).
//   meta        "format" → u32 · "origin" → text · "state" → size, root, last time, next name
//   name        text → n                    text: n → text with NUL
//   entry       seq → leaf[46] form kind salt[16] content
//   tile        level seq56 → 256 hashes    edge: level → up to 255 hashes (C2SP tlog-tiles: level L has hashes of 8·L)
//   checkpoint  size → signature[68]
//   message     seq → digest, pointer, lengths, header ‖ signature ‖ flags ‖ body
//   id          id[16] n(device) → seq
//   mailbox     n(device) urgency seq → kind of mail
//   case, of    n | seq(message) ⇒ seq      (many sorted values for one key)
//   index       era n(party) or kind ⇒ seq  (an era: the entries whose seqs differ in their last 14 bits alone)
//   case_party  n(case) ⇒ n(unit)
//   life        seq(root) n → version, state, times      chain: seq(root) → …      delivery: seq n → …
//   order       seq(message) seq(ERASURE or HOLD) → until (of a HOLD, ns; 0: it is to be erased)
//   record      kind text NUL number → value
//   release     seq → version, state, times, releasing unit, officer
//   point       x[32] → seq (of the message that came first by it; of one that was parked, as it was)
//   park_id     id[16] n(device) → seq      waiting: n(releasing unit) seq → urgency
//   deadline    time kind seq → nothing, or the seq to go on from      shield: n(case) → version, states
// `form` says how what follows is kept: 0 as it is; others are for encryption at rest and erasure. A table of
// witnesses' cosignatures is one more line and mark in table.c, a tree of its own one of TREES_MAX.
#pragma once

#include "proto/model/error.h"

#include <lmdb.h>
#include <stdbool.h>

enum table {
    TABLE_META,
    TABLE_NAME,
    TABLE_TEXT,
    TABLE_ENTRY,
    TABLE_TILE,
    TABLE_EDGE,
    TABLE_CHECKPOINT,
    TABLE_MESSAGE,
    TABLE_ID,
    TABLE_MAILBOX,
    TABLE_CASE,
    TABLE_INDEX,
    TABLE_OF,
    TABLE_CASE_PARTY,
    TABLE_LIFE,
    TABLE_CHAIN,
    TABLE_DELIVERY,
    TABLE_ORDER,
    TABLE_RECORD,
    TABLE_RELEASE,
    TABLE_PARK_ID,
    TABLE_WAITING,
    TABLE_DEADLINE,
    TABLE_SHIELD,
    TABLE_POINT,
    TABLE_COUNT
};
// The numbers stand in redo's records too.
enum tree_of_tables { TREE_META, TREE_ENTRY, TREE_TILE, TREE_MESSAGE, TREE_ROW, TREE_COUNT };
#define TREES_MAX   16
#define TABLE_KEY   511 // bytes of a key, LMDB's limit
#define FORM_CLEAR  0   // kept as it is
#define FORM_ERASED 2   // 1 is for AES-256-GCM under a bucket key

// One environment with its tables open.
struct redo_ops;
struct tables {
    MDB_env *env;
    MDB_dbi dbi[TREE_COUNT];
    struct redo_ops *ops; // what the writing transaction changes is noted here; NULL: nowhere
};
struct name_cache;
struct table_txn {
    const struct tables *tables;
    MDB_txn *txn;
    struct name_cache *names; // name.h; NULL: none
};

// LMDB's and errno's codes as ours: AM_FULL for MDB_MAP_FULL and ENOSPC.
enum am_err table_error(int rc);

// Opens (or makes, `create`) all tables in a transaction of its own.
AM_MUST_USE enum am_err tables_open(struct tables *tables, bool create, bool read_only);

// The caller ends it. One that writes is alone, and waits for the one before. AM_NOMEM, AM_BUSY, AM_IO.
AM_MUST_USE enum am_err table_begin(const struct tables *tables, bool write, struct table_txn *ret_txn);

// AM_NOT_FOUND. The bytes are LMDB's: valid until the transaction ends or writes.
AM_MUST_USE enum am_err table_get(struct table_txn txn, enum table table, const void *key, size_t key_len,
                                  struct am_bytes *ret_value);
// flags: 0, MDB_NOOVERWRITE (AM_EXISTS), MDB_APPEND (a new last key, AM_EXISTS where it isn't). AM_TOO_LARGE for a key
// that LMDB can't take.
AM_MUST_USE enum am_err table_put(struct table_txn txn, enum table table, unsigned flags, const void *key,
                                  size_t key_len, const void *value, size_t len);
// Room for a value, to be filled before the next write.
AM_MUST_USE enum am_err table_reserve(struct table_txn txn, enum table table, unsigned flags, const void *key,
                                      size_t key_len, size_t len, uint8_t **ret_value);
AM_MUST_USE enum am_err table_delete(struct table_txn txn, enum table table, const void *key, size_t key_len);

// One of many values of a key; one that is there already is fine, and looking for it dirties no page.
AM_MUST_USE enum am_err table_add(struct table_txn txn, enum table table, const void *key, size_t key_len,
                                  const void *value, size_t len);
// Is it among the values of the key: AM_OK or AM_NOT_FOUND.
AM_MUST_USE enum am_err table_has(struct table_txn txn, enum table table, const void *key, size_t key_len,
                                  const void *value, size_t len);
// The first value ≥ *seq of the key. AM_NOT_FOUND.
AM_MUST_USE enum am_err table_next_value(struct table_txn txn, enum table table, const void *key, size_t key_len,
                                         uint64_t *seq);
// Counts by walking: for fsck.
AM_MUST_USE enum am_err table_count(struct table_txn txn, enum table table, uint64_t *ret_rows);

// A walk in key order.
struct table_walk {
    MDB_cursor *cursor;
    enum table table;
    struct am_bytes key, value; // LMDB's, or in `joined`
    uint8_t joined[20];         // a key that stands in two parts
    const uint8_t *message;     // ends where the rows of this message do; NULL: with the table
};
// The first row whose key is ≥ key. On any error nothing is to be ended.
AM_MUST_USE enum am_err table_walk_from(struct table_txn txn, enum table table, const void *key, size_t key_len,
                                        struct table_walk *ret_walk);
// The same within the rows of the message whose seq the key begins with, of a table that lies behind messages: others
// may have millions of rows before the next of that table. The key must last as long as the walk.
AM_MUST_USE enum am_err table_walk_of_message(struct table_txn txn, enum table table, const uint8_t *key,
                                              size_t key_len, struct table_walk *ret_walk);
AM_MUST_USE enum am_err table_walk_last(struct table_txn txn, enum table table, struct table_walk *ret_walk);
AM_MUST_USE enum am_err table_walk_next(struct table_walk *walk); // AM_NOT_FOUND at the end
void table_walk_end(struct table_walk *walk);
