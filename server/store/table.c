// SPDX-License-Identifier: Apache-2.0
// LMDB behind calls that speak our errors.
#include "server/store/table.h"

#include "server/store/bytes.h"

#include <errno.h>

#define PACKED_VALUES (MDB_DUPSORT | MDB_DUPFIXED)

static const struct {
    const char *name;
    unsigned flags;
} TABLES[TABLE_COUNT] = {
    [TABLE_META] = {"meta", 0},
    [TABLE_NAME] = {"name", 0},
    [TABLE_TEXT] = {"text", 0},
    [TABLE_ENTRY] = {"entry", 0},
    [TABLE_TILE] = {"tile", 0},
    [TABLE_EDGE] = {"edge", 0},
    [TABLE_CHECKPOINT] = {"checkpoint", 0},
    [TABLE_MESSAGE] = {"message", 0},
    [TABLE_ID] = {"id", 0},
    [TABLE_DIGEST] = {"digest", 0},
    [TABLE_MAILBOX] = {"mailbox", 0},
    [TABLE_KIND] = {"kind", PACKED_VALUES},
    [TABLE_CASE] = {"case", PACKED_VALUES},
    [TABLE_PARTY] = {"party", PACKED_VALUES},
    [TABLE_OF] = {"of", PACKED_VALUES},
    [TABLE_CASE_PARTY] = {"case_party", PACKED_VALUES},
    [TABLE_CONTACT] = {"contact", PACKED_VALUES},
    [TABLE_LIFE] = {"life", 0},
    [TABLE_CHAIN] = {"chain", 0},
    [TABLE_DELIVERY] = {"delivery", 0},
    [TABLE_RECORD] = {"record", 0},
};

enum am_err table_error(int rc)
{
    switch (rc) {
    case MDB_SUCCESS: return AM_OK;
    case MDB_NOTFOUND: return AM_NOT_FOUND;
    case MDB_KEYEXIST: return AM_EXISTS;
    case MDB_MAP_FULL:
    case ENOSPC: return AM_FULL;
    case ENOMEM: return AM_NOMEM;
    case MDB_READERS_FULL: return AM_BUSY;
    case MDB_VERSION_MISMATCH: return AM_VERSION;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_BAD_VALSIZE: return AM_CORRUPT;
    case ENOENT: return AM_NOT_FOUND;
    default: return AM_IO;
    }
}

enum am_err tables_open(struct tables *tables, bool create, bool read_only)
{
    MDB_txn *txn;
    TRY(table_error(mdb_txn_begin(tables->env, NULL, read_only ? MDB_RDONLY : 0, &txn)));
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        int rc = mdb_dbi_open(txn, TABLES[i].name, TABLES[i].flags | (create ? MDB_CREATE : 0), &tables->dbi[i]);
        if (rc != 0) {
            mdb_txn_abort(txn);
            return rc == MDB_NOTFOUND ? AM_CORRUPT : table_error(rc);
        }
    }
    return table_error(mdb_txn_commit(txn));
}

enum am_err table_begin(const struct tables *tables, bool write, struct table_txn *ret_txn)
{
    MDB_txn *txn;
    TRY(table_error(mdb_txn_begin(tables->env, NULL, write ? 0 : MDB_RDONLY, &txn)));
    *ret_txn = (struct table_txn){tables, txn};
    return AM_OK;
}

static MDB_val val(const void *data, size_t len)
{
    return (MDB_val){len, (void *)data};
}

enum am_err table_get(struct table_txn txn, enum table table, const void *key, size_t key_len,
                      struct am_bytes *ret_value)
{
    MDB_val k = val(key, key_len), v;
    TRY(table_error(mdb_get(txn.txn, txn.tables->dbi[table], &k, &v)));
    *ret_value = (struct am_bytes){v.mv_data, v.mv_size};
    return AM_OK;
}

enum am_err table_put(struct table_txn txn, enum table table, unsigned flags, const void *key, size_t key_len,
                      const void *value, size_t len)
{
    MDB_val k = val(key, key_len), v = val(value, len);
    return table_error(mdb_put(txn.txn, txn.tables->dbi[table], &k, &v, flags));
}

enum am_err table_reserve(struct table_txn txn, enum table table, unsigned flags, const void *key, size_t key_len,
                          size_t len, uint8_t **ret_value)
{
    MDB_val k = val(key, key_len), v = val(NULL, len);
    TRY(table_error(mdb_put(txn.txn, txn.tables->dbi[table], &k, &v, flags | MDB_RESERVE)));
    *ret_value = v.mv_data;
    return AM_OK;
}

enum am_err table_delete(struct table_txn txn, enum table table, const void *key, size_t key_len)
{
    MDB_val k = val(key, key_len);
    return table_error(mdb_del(txn.txn, txn.tables->dbi[table], &k, NULL));
}

enum am_err table_add(struct table_txn txn, enum table table, bool last, const void *key, size_t key_len,
                      const void *value, size_t len)
{
    MDB_val k = val(key, key_len), v = val(value, len);
    int rc = mdb_put(txn.txn, txn.tables->dbi[table], &k, &v, last ? MDB_APPENDDUP : MDB_NODUPDATA);
    return rc == MDB_KEYEXIST ? AM_OK : table_error(rc);
}

static enum am_err cursor_value(struct table_txn txn, enum table table, MDB_val *key, MDB_val *value, MDB_cursor_op op)
{
    MDB_cursor *cursor;
    TRY(table_error(mdb_cursor_open(txn.txn, txn.tables->dbi[table], &cursor)));
    int rc = mdb_cursor_get(cursor, key, value, op);
    mdb_cursor_close(cursor);
    return table_error(rc);
}

enum am_err table_has(struct table_txn txn, enum table table, const void *key, size_t key_len, const void *value,
                      size_t len)
{
    MDB_val k = val(key, key_len), v = val(value, len);
    return cursor_value(txn, table, &k, &v, MDB_GET_BOTH);
}

enum am_err table_next_value(struct table_txn txn, enum table table, const void *key, size_t key_len, uint64_t *seq)
{
    uint8_t wanted[8];
    put_be64(wanted, *seq);
    MDB_val k = val(key, key_len), v = val(wanted, sizeof wanted);
    TRY(cursor_value(txn, table, &k, &v, MDB_GET_BOTH_RANGE));
    if (v.mv_size != sizeof wanted)
        return AM_CORRUPT;
    *seq = get_be64(v.mv_data);
    return AM_OK;
}

enum am_err table_count(struct table_txn txn, enum table table, uint64_t *ret_rows)
{
    MDB_stat stat;
    TRY(table_error(mdb_stat(txn.txn, txn.tables->dbi[table], &stat)));
    *ret_rows = stat.ms_entries;
    return AM_OK;
}

static enum am_err walk_begin(struct table_txn txn, enum table table, MDB_val key, MDB_cursor_op op,
                              struct table_walk *ret_walk)
{
    MDB_val value;
    MDB_cursor *cursor;
    TRY(table_error(mdb_cursor_open(txn.txn, txn.tables->dbi[table], &cursor)));
    int rc = mdb_cursor_get(cursor, &key, &value, op);
    if (rc != 0) {
        mdb_cursor_close(cursor);
        return table_error(rc);
    }
    *ret_walk = (struct table_walk){cursor, {key.mv_data, key.mv_size}, {value.mv_data, value.mv_size}};
    return AM_OK;
}

enum am_err table_walk_from(struct table_txn txn, enum table table, const void *key, size_t key_len,
                            struct table_walk *ret_walk)
{
    return walk_begin(txn, table, val(key, key_len), key_len > 0 ? MDB_SET_RANGE : MDB_FIRST, ret_walk);
}

enum am_err table_walk_last(struct table_txn txn, enum table table, struct table_walk *ret_walk)
{
    return walk_begin(txn, table, val(NULL, 0), MDB_LAST, ret_walk);
}

enum am_err table_walk_next(struct table_walk *walk)
{
    MDB_val key, value;
    TRY(table_error(mdb_cursor_get(walk->cursor, &key, &value, MDB_NEXT)));
    walk->key = (struct am_bytes){key.mv_data, key.mv_size};
    walk->value = (struct am_bytes){value.mv_data, value.mv_size};
    return AM_OK;
}

void table_walk_end(struct table_walk *walk)
{
    if (walk->cursor != NULL)
        mdb_cursor_close(walk->cursor);
    walk->cursor = NULL;
}
