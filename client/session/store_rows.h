// SPDX-License-Identifier: Apache-2.0
// The tables of the client's store as rows; for the rooms of the store alone (store_*.c, news.c). One thread.
#pragma once

#include "client/session/store_index.h"
#include "proto/model/limits.h"

#include <lmdb.h>

enum store_table {
    TABLE_OUTBOX,
    TABLE_SENT,
    TABLE_INBOX,
    TABLE_META,
    TABLE_NOTICE,
    TABLE_ROSTER,
    TABLE_NEWS,
    TABLE_ENTRY,
    TABLE_CASE,
    TABLE_PERSON,
    TABLE_RETRIEVAL,
    TABLES
};

struct store {
    MDB_env *env;
    MDB_dbi tables[TABLES];
    MDB_txn *together; // store_together; or NULL
};

struct store_row {
    enum store_table table;
    MDB_val key, value; // value.mv_data NULL: remove
    bool fresh;         // it may not be there yet: else nothing of its transaction is written
};

// A row of news, or of the index by entry: seq BE → box, id; and the bytes that it points at: not to be copied.
#define NEWS_NOTICE 0xffu // in the place of a box
struct place_row {
    struct store_row row;
    uint8_t key[8], value[1 + STORE_ID];
};
void place_row_fill(enum store_table table, uint64_t seq, uint8_t box, const char *id, struct place_row *ret_row);

// The seq that a key ends in. AM_CORRUPT for the last number of all: no log is that long, and a walk that goes on
// behind it would begin anew.
AM_MUST_USE enum am_err store_seq(struct am_bytes key, uint64_t *ret_seq);

// What an error of LMDB is among ours; 0 is AM_OK.
enum am_err store_failed(int rc);
MDB_val store_value(const void *data, size_t len);

// A cursor of its own read transaction; store_cursor_close ends both. 0, or an error of LMDB.
AM_MUST_USE int store_cursor_open(struct store *store, enum store_table table, MDB_cursor **ret_cursor);
void store_cursor_close(MDB_cursor *cursor);

// All rows or none, in one transaction; a row to be removed need not be there. AM_EXISTS: a fresh one is there already.
AM_MUST_USE enum am_err store_rows_write(struct store *store, const struct store_row *rows, size_t count);

// The first row at or after the key. Both copied into the arena. AM_NOT_FOUND.
AM_MUST_USE enum am_err store_rows_seek(struct store *store, enum store_table table, MDB_cursor_op op, MDB_val key,
                                        struct arena *arena, struct am_bytes *ret_key, struct am_bytes *ret_value);

// What has a name and a number: a case's messages in the order of the log, a unit's rosters.
struct name_key {
    uint8_t bytes[STORE_CASE + 1 + 8];
    size_t len;
};
_Static_assert(LIMIT_ADDRESS <= STORE_CASE, "a unit's name fits where a case's does");
struct name_key store_name_key(const char *name, uint64_t number);

// The key of a row in the index of persons; how many bytes it has.
#define STORE_PERSON_KEY (STORE_PERSON + 1 + STORE_ID)
size_t store_person_key(const uint8_t row[STORE_PERSON], enum store_box box, const char *id,
                        uint8_t ret_key[STORE_PERSON_KEY]);

// An id as a row has it, which a NUL would cut short: a walk that asks for the next one would find it again.
bool store_id_take(const void *data, size_t len, char ret_id[STORE_ID]);

// Of a store that an earlier program made: the rows by case, and of retrievals, once; later ones have them from the
// beginning.
AM_MUST_USE enum am_err store_rows_index_cases(struct store *store);
AM_MUST_USE enum am_err store_rows_index_retrievals(struct store *store);
