// SPDX-License-Identifier: Apache-2.0
// Messages by their entry, by their case and by their persons.
#include "client/session/store_index.h"

#include "client/session/store_rows.h"

#include <endian.h>
#include <string.h>

// "box, id" of an index.
static enum am_err place_read(struct am_bytes value, enum store_box *ret_box, char ret_id[STORE_ID])
{
    if (value.len < 2 || value.data[0] >= STORE_BOXES || !store_id_take(value.data + 1, value.len - 1, ret_id))
        return AM_CORRUPT;
    *ret_box = (enum store_box)value.data[0];
    return AM_OK;
}

static enum am_err entry_seek(struct store *store, MDB_cursor_op op, uint64_t *seq, enum store_box *ret_box,
                              char ret_id[STORE_ID])
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_bytes key, value;
    uint64_t at = htobe64(*seq);
    arena_init(&arena, 4096);
    TRY(store_rows_seek(store, TABLE_ENTRY, op, store_value(&at, sizeof at), &arena, &key, &value));
    if (key.len != sizeof at)
        return AM_CORRUPT;
    TRY(place_read(value, ret_box, ret_id));
    return store_seq(key, seq);
}

enum am_err store_at_entry(struct store *store, uint64_t seq, enum store_box *ret_box, char ret_id[STORE_ID])
{
    return entry_seek(store, MDB_SET_KEY, &seq, ret_box, ret_id);
}

enum am_err store_next_entry(struct store *store, uint64_t *seq, enum store_box *ret_box, char ret_id[STORE_ID])
{
    return entry_seek(store, MDB_SET_RANGE, seq, ret_box, ret_id);
}

enum am_err store_next_of_case(struct store *store, const char *case_ref, uint64_t *seq, enum store_box *ret_box,
                               char ret_id[STORE_ID])
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct name_key wanted = store_name_key(case_ref, *seq);
    struct am_bytes key, value;
    arena_init(&arena, 4096);
    TRY(store_rows_seek(store, TABLE_CASE, MDB_SET_RANGE, store_value(wanted.bytes, wanted.len), &arena, &key, &value));
    if (key.len != wanted.len || memcmp(key.data, wanted.bytes, wanted.len - 8) != 0)
        return AM_NOT_FOUND;
    TRY(place_read(value, ret_box, ret_id));
    return store_seq(key, seq);
}

enum am_err store_next_person(struct store *store, struct store_person *at)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    uint8_t from[STORE_PERSON_KEY], digest[STORE_PERSON_DIGEST];
    bool first = at->id[0] == '\0';
    size_t len = first ? sizeof digest : store_person_key(at->row, at->box, at->id, from);
    memcpy(digest, at->row, sizeof digest);
    int rc = store_cursor_open(store, TABLE_PERSON, &cursor);
    if (rc != 0)
        return store_failed(rc);
    key = first ? store_value(digest, len) : store_value(from, len);
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (rc == 0 && key.mv_size == len && !first && memcmp(key.mv_data, from, len) == 0)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    const uint8_t *found = key.mv_data;
    if (rc == 0 && (key.mv_size < sizeof digest || memcmp(found, digest, sizeof digest) != 0))
        rc = MDB_NOTFOUND;
    if (rc == 0 && (key.mv_size <= STORE_PERSON + 1 || found[STORE_PERSON] >= STORE_BOXES ||
                    !store_id_take(found + STORE_PERSON + 1, key.mv_size - STORE_PERSON - 1, at->id)))
        rc = MDB_CORRUPTED;
    if (rc == 0) {
        memcpy(at->row, found, STORE_PERSON);
        at->box = (enum store_box)found[STORE_PERSON];
    }
    store_cursor_close(cursor);
    return store_failed(rc);
}

enum am_err store_persons_clear(struct store *store)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc != 0)
        return store_failed(rc);
    rc = mdb_drop(txn, store->tables[TABLE_PERSON], 0);
    if (rc == 0)
        return store_failed(mdb_txn_commit(txn));
    mdb_txn_abort(txn);
    return store_failed(rc);
}
