// SPDX-License-Identifier: Apache-2.0
// Rows of LMDB, and its errors as ours.
#include "client/session/store_rows.h"

#include "proto/failpoint.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

enum am_err store_failed(int rc)
{
    switch (rc) {
    case 0: return AM_OK;
    case MDB_NOTFOUND: return AM_NOT_FOUND;
    case MDB_KEYEXIST: return AM_EXISTS;
    case MDB_MAP_FULL:
    case ENOSPC: return AM_FULL;
    case ENOMEM: return AM_NOMEM;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID: return AM_CORRUPT;
    default: return AM_IO;
    }
}

enum am_err store_seq(struct am_bytes key, uint64_t *ret_seq)
{
    uint64_t be;
    if (key.len < sizeof be)
        return AM_CORRUPT;
    memcpy(&be, key.data + key.len - sizeof be, sizeof be);
    if (be == UINT64_MAX)
        return AM_CORRUPT;
    *ret_seq = be64toh(be);
    return AM_OK;
}

MDB_val store_value(const void *data, size_t len)
{
    return (MDB_val){len, (void *)data};
}

void place_row_fill(enum store_table table, uint64_t seq, uint8_t box, const char *id, struct place_row *ret_row)
{
    uint64_t key = htobe64(seq);
    size_t len = strnlen(id, STORE_ID - 1);
    memcpy(ret_row->key, &key, sizeof key);
    ret_row->value[0] = box;
    memcpy(ret_row->value + 1, id, len);
    ret_row->row = (struct store_row){table, store_value(ret_row->key, sizeof ret_row->key),
                                      store_value(ret_row->value, 1 + len), false};
}

enum am_err store_rows_write(struct store *store, const struct store_row *rows, size_t count)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, store->together, 0, &txn);
    if (rc != 0)
        return store_failed(rc);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        MDB_val key = rows[i].key, value = rows[i].value;
        if (value.mv_data != NULL)
            rc = mdb_put(txn, store->tables[rows[i].table], &key, &value, rows[i].fresh ? MDB_NOOVERWRITE : 0);
        else if ((rc = mdb_del(txn, store->tables[rows[i].table], &key, NULL)) == MDB_NOTFOUND)
            rc = 0;
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return store_failed(rc);
    }
    if (FAILPOINT_ERROR("desk-full")) {
        mdb_txn_abort(txn);
        return AM_FULL;
    }
    FAILPOINT("desk-before-write");
    FAILPOINT_SYNC("desk-sync");
    rc = mdb_txn_commit(txn);
    FAILPOINT_SYNC(NULL);
    FAILPOINT("desk-after-write");
    return store_failed(rc);
}

enum am_err store_together(struct store *store)
{
    return store_failed(mdb_txn_begin(store->env, NULL, 0, &store->together));
}

enum am_err store_apart(struct store *store)
{
    MDB_txn *txn = store->together;
    store->together = NULL;
    if (txn == NULL)
        return AM_OK;
    if (FAILPOINT_ERROR("desk-full")) {
        mdb_txn_abort(txn);
        return AM_FULL;
    }
    FAILPOINT_SYNC("desk-sync");
    int rc = mdb_txn_commit(txn);
    FAILPOINT_SYNC(NULL);
    return store_failed(rc);
}

int store_cursor_open(struct store *store, enum store_table table, MDB_cursor **ret_cursor)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_open(txn, store->tables[table], ret_cursor);
    if (rc != 0)
        mdb_txn_abort(txn);
    return rc;
}

void store_cursor_close(MDB_cursor *cursor)
{
    MDB_txn *txn = mdb_cursor_txn(cursor);
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
}

enum am_err store_rows_seek(struct store *store, enum store_table table, MDB_cursor_op op, MDB_val key,
                            struct arena *arena, struct am_bytes *ret_key, struct am_bytes *ret_value)
{
    MDB_cursor *cursor;
    MDB_val value;
    int rc = store_cursor_open(store, table, &cursor);
    if (rc != 0)
        return store_failed(rc);
    rc = mdb_cursor_get(cursor, &key, &value, op);
    if (rc == 0) {
        ret_key->data = arena_copy(arena, key.mv_data, key.mv_size);
        ret_key->len = key.mv_size;
        ret_value->data = arena_copy(arena, value.mv_data, value.mv_size);
        ret_value->len = value.mv_size;
        if (ret_key->data == NULL || ret_value->data == NULL)
            rc = ENOMEM;
    }
    store_cursor_close(cursor);
    return store_failed(rc);
}

struct name_key store_name_key(const char *name, uint64_t number)
{
    struct name_key key = {0};
    size_t len = strnlen(name, STORE_CASE) + 1;
    uint64_t be = htobe64(number);
    memcpy(key.bytes, name, len - 1);
    memcpy(key.bytes + len, &be, 8);
    key.len = len + 8;
    return key;
}

size_t store_person_key(const uint8_t row[STORE_PERSON], enum store_box box, const char *id,
                        uint8_t ret_key[STORE_PERSON_KEY])
{
    size_t len = strnlen(id, STORE_ID - 1);
    memcpy(ret_key, row, STORE_PERSON);
    ret_key[STORE_PERSON] = (uint8_t)box;
    memcpy(ret_key + STORE_PERSON + 1, id, len);
    return STORE_PERSON + 1 + len;
}

bool store_id_take(const void *data, size_t len, char ret_id[STORE_ID])
{
    if (len == 0 || len >= STORE_ID || memchr(data, '\0', len) != NULL)
        return false;
    memcpy(ret_id, data, len);
    ret_id[len] = '\0';
    return true;
}
