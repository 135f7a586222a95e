// SPDX-License-Identifier: Apache-2.0
// LMDB behind calls that speak our errors; which table lives in which tree.
#include "server/store/table.h"

#include "server/store/bytes.h"
#include "server/store/redo_ops.h"

#include <errno.h>

// Each tree that a commit changes costs a copy of its way down, each place in it a leaf. So everything small shares one
// tree, and what is about one message lies behind that message: a commit of one message writes 28 pages instead of the
// 43 that a tree for each table takes (measured; a bare commit of the same bytes writes 16). What is newest of each
// kind and each party stands together for the same reason. The marks are the format; free for what comes: 34 and up (4
// of TREE_ROW was of units that had a message in common).
static const struct {
    enum tree_of_tables tree;
    uint8_t mark;  // before the key in TREE_ROW; behind its first 8 bytes in TREE_MESSAGE, 0: nothing behind them
    uint8_t value; // bytes of a value that is part of the key (many for one key); 0: a value as it is
} TABLES[TABLE_COUNT] = {
    [TABLE_META] = {TREE_META, 0, 0},        [TABLE_ENTRY] = {TREE_ENTRY, 0, 0},
    [TABLE_TILE] = {TREE_TILE, 0, 0},        [TABLE_MESSAGE] = {TREE_MESSAGE, 0, 0},
    [TABLE_LIFE] = {TREE_MESSAGE, 1, 0},     [TABLE_CHAIN] = {TREE_MESSAGE, 2, 0},
    [TABLE_DELIVERY] = {TREE_MESSAGE, 3, 0}, [TABLE_OF] = {TREE_MESSAGE, 4, 8},
    [TABLE_ORDER] = {TREE_MESSAGE, 5, 0},    [TABLE_NAME] = {TREE_ROW, 1, 0},
    [TABLE_TEXT] = {TREE_ROW, 2, 0},         [TABLE_RECORD] = {TREE_ROW, 3, 0},
    [TABLE_CASE_PARTY] = {TREE_ROW, 5, 4},   [TABLE_ID] = {TREE_ROW, 6, 0},
    [TABLE_MAILBOX] = {TREE_ROW, 8, 0},      [TABLE_CASE] = {TREE_ROW, 9, 8},
    [TABLE_INDEX] = {TREE_ROW, 10, 8},       [TABLE_EDGE] = {TREE_META, 0, 0},
    [TABLE_CHECKPOINT] = {TREE_ROW, 13, 0},  [TABLE_RELEASE] = {TREE_MESSAGE, 40, 0},
    [TABLE_PARK_ID] = {TREE_ROW, 40, 0},     [TABLE_WAITING] = {TREE_ROW, 41, 0},
    [TABLE_DEADLINE] = {TREE_ROW, 32, 0},    [TABLE_SHIELD] = {TREE_ROW, 48, 0},
    [TABLE_POINT] = {TREE_ROW, 33, 0},
};

static const char *const TREES[TREE_COUNT] = {
    [TREE_META] = NULL, // LMDB's own: the names of the others stand there, and every commit writes it anyway
    [TREE_ENTRY] = "entry", [TREE_TILE] = "tile", [TREE_MESSAGE] = "message", [TREE_ROW] = "row",
};

enum am_err table_error(int rc)
{
    switch (rc) {
    case MDB_SUCCESS: return AM_OK;
    case MDB_NOTFOUND: return AM_NOT_FOUND;
    case MDB_KEYEXIST: return AM_EXISTS;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT: return AM_FULL;
    case ENOMEM: return AM_NOMEM;
    case MDB_READERS_FULL: return AM_BUSY;
    case MDB_VERSION_MISMATCH: return AM_VERSION;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_VALSIZE: return AM_CORRUPT;
    case ENOENT: return AM_NOT_FOUND;
    default: return AM_IO;
    }
}

enum am_err tables_open(struct tables *tables, bool create, bool read_only)
{
    MDB_txn *txn;
    TRY(table_error(mdb_txn_begin(tables->env, NULL, read_only ? MDB_RDONLY : 0, &txn)));
    for (size_t i = 0; i < TREE_COUNT; i++) {
        int rc = mdb_dbi_open(txn, TREES[i], create && TREES[i] != NULL ? MDB_CREATE : 0, &tables->dbi[i]);
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
    if (write && tables->ops != NULL)
        redo_ops_begin(tables->ops);
    *ret_txn = (struct table_txn){.tables = tables, .txn = txn};
    return AM_OK;
}

// --- Keys in their tree
struct place {
    MDB_dbi dbi;
    MDB_val key;
    uint8_t bytes[TABLE_KEY];
};

static uint8_t *place_add(struct place *place, const void *data, size_t len)
{
    uint8_t *at = place->bytes + place->key.mv_size;
    if (len > 0)
        memcpy(at, data, len);
    place->key.mv_size += len;
    return at;
}

// False where the key is longer than LMDB takes: nothing stands under it.
static bool place_of(struct table_txn txn, enum table table, const void *key, size_t key_len, struct place *ret_place)
{
    size_t head = TABLES[table].tree == TREE_MESSAGE && key_len > 8 ? 8 : key_len;
    ret_place->dbi = txn.tables->dbi[TABLES[table].tree];
    ret_place->key = (MDB_val){0, ret_place->bytes};
    if (key_len + 1 + TABLES[table].value > sizeof ret_place->bytes)
        return false;
    if (TABLES[table].tree == TREE_ROW)
        place_add(ret_place, &TABLES[table].mark, 1);
    place_add(ret_place, key, head);
    if (TABLES[table].tree == TREE_MESSAGE && TABLES[table].mark != 0 && key_len > 0) // without a key: the tree's first
        place_add(ret_place, &TABLES[table].mark, 1);
    place_add(ret_place, (const uint8_t *)key + head, key_len - head);
    return true;
}

static MDB_val val(const void *data, size_t len)
{
    return (MDB_val){len, (void *)data};
}

// --- One row
enum am_err table_get(struct table_txn txn, enum table table, const void *key, size_t key_len,
                      struct am_bytes *ret_value)
{
    struct place place;
    MDB_val v;
    if (!place_of(txn, table, key, key_len, &place))
        return AM_NOT_FOUND;
    TRY(table_error(mdb_get(txn.txn, place.dbi, &place.key, &v)));
    *ret_value = (struct am_bytes){v.mv_data, v.mv_size};
    return AM_OK;
}

// MDB_APPEND holds for a tree of its own alone. Elsewhere the key is new, but others may lie behind it.
static enum am_err put(struct table_txn txn, enum table table, unsigned flags, struct place *place, MDB_val *value)
{
    struct redo_ops *ops = txn.tables->ops;
    bool alone = TABLES[table].tree == TREE_ENTRY || TABLES[table].tree == TREE_TILE;
    if ((flags & MDB_APPEND) != 0 && !alone)
        flags = (flags & ~(unsigned)MDB_APPEND) | MDB_NOOVERWRITE;
    if (ops != NULL)
        redo_ops_settle(ops);
    TRY(table_error(mdb_put(txn.txn, place->dbi, &place->key, value, flags)));
    return ops == NULL ? AM_OK
                       : redo_ops_put(ops, TABLES[table].tree, flags & ~(unsigned)MDB_RESERVE, place->key, *value,
                                      (flags & MDB_RESERVE) != 0);
}

enum am_err table_put(struct table_txn txn, enum table table, unsigned flags, const void *key, size_t key_len,
                      const void *value, size_t len)
{
    struct place place;
    MDB_val v = val(value, len);
    return place_of(txn, table, key, key_len, &place) ? put(txn, table, flags, &place, &v) : AM_TOO_LARGE;
}

enum am_err table_reserve(struct table_txn txn, enum table table, unsigned flags, const void *key, size_t key_len,
                          size_t len, uint8_t **ret_value)
{
    struct place place;
    MDB_val v = val(NULL, len);
    if (!place_of(txn, table, key, key_len, &place))
        return AM_TOO_LARGE;
    TRY(put(txn, table, flags | MDB_RESERVE, &place, &v));
    *ret_value = v.mv_data;
    return AM_OK;
}

enum am_err table_delete(struct table_txn txn, enum table table, const void *key, size_t key_len)
{
    struct redo_ops *ops = txn.tables->ops;
    struct place place;
    if (!place_of(txn, table, key, key_len, &place))
        return AM_NOT_FOUND;
    if (ops != NULL)
        redo_ops_settle(ops);
    TRY(table_error(mdb_del(txn.txn, place.dbi, &place.key, NULL)));
    return ops == NULL ? AM_OK : redo_ops_delete(ops, TABLES[table].tree, place.key);
}

// --- Many values for one key: each is a row whose key ends in it
enum am_err table_add(struct table_txn txn, enum table table, const void *key, size_t key_len, const void *value,
                      size_t len)
{
    struct place place;
    MDB_val nothing = val("", 0);
    if (!place_of(txn, table, key, key_len, &place))
        return AM_TOO_LARGE;
    place_add(&place, value, len);
    enum am_err err = put(txn, table, MDB_NOOVERWRITE, &place, &nothing);
    return err == AM_EXISTS ? AM_OK : err;
}

enum am_err table_has(struct table_txn txn, enum table table, const void *key, size_t key_len, const void *value,
                      size_t len)
{
    struct place place;
    MDB_val nothing;
    if (!place_of(txn, table, key, key_len, &place))
        return AM_NOT_FOUND;
    place_add(&place, value, len);
    return table_error(mdb_get(txn.txn, place.dbi, &place.key, &nothing));
}

enum am_err table_next_value(struct table_txn txn, enum table table, const void *key, size_t key_len, uint64_t *seq)
{
    struct place place;
    MDB_cursor *cursor;
    MDB_val value;
    uint8_t wanted[8];
    if (!place_of(txn, table, key, key_len, &place))
        return AM_NOT_FOUND;
    size_t prefix = place.key.mv_size;
    put_be64(wanted, *seq);
    place_add(&place, wanted, sizeof wanted);
    TRY(table_error(mdb_cursor_open(txn.txn, place.dbi, &cursor)));
    MDB_val at = place.key;
    int rc = mdb_cursor_get(cursor, &at, &value, MDB_SET_RANGE);
    mdb_cursor_close(cursor);
    TRY(table_error(rc));
    if (at.mv_size < prefix || memcmp(at.mv_data, place.bytes, prefix) != 0)
        return AM_NOT_FOUND;
    if (at.mv_size != prefix + sizeof wanted)
        return AM_CORRUPT;
    *seq = get_be64((const uint8_t *)at.mv_data + prefix);
    return AM_OK;
}

// --- Walks

// Is this a row of the table? Then its key and value, as they were put.
static bool row_is(enum table table, MDB_val key, MDB_val value, struct table_walk *walk)
{
    const uint8_t *bytes = key.mv_data;
    uint8_t mark = TABLES[table].mark;
    walk->key = (struct am_bytes){bytes, key.mv_size};
    walk->value = (struct am_bytes){value.mv_data, value.mv_size};
    if (TABLES[table].tree == TREE_ROW) {
        if (key.mv_size == 0 || bytes[0] != mark)
            return false;
        walk->key = (struct am_bytes){bytes + 1, key.mv_size - 1};
    } else if (TABLES[table].tree == TREE_MESSAGE) {
        if (mark == 0)
            return key.mv_size == 8;
        if (key.mv_size < 9 || key.mv_size - 1 > sizeof walk->joined || bytes[8] != mark)
            return false;
        memcpy(walk->joined, bytes, 8);
        memcpy(walk->joined + 8, bytes + 9, key.mv_size - 9);
        walk->key = (struct am_bytes){walk->joined, key.mv_size - 1};
    }
    size_t many = TABLES[table].value;
    if (many > 0 && walk->key.len >= many) {
        walk->key.len -= many;
        walk->value = (struct am_bytes){walk->key.data + walk->key.len, many};
    }
    return true;
}

// Goes on until a row of the table, in its tree's order.
static enum am_err walk_settle(struct table_walk *walk, int rc, MDB_val key, MDB_val value, MDB_cursor_op op)
{
    for (; rc == 0; rc = mdb_cursor_get(walk->cursor, &key, &value, op)) {
        if (walk->message != NULL && (key.mv_size < 8 || memcmp(key.mv_data, walk->message, 8) != 0))
            return AM_NOT_FOUND;
        if (row_is(walk->table, key, value, walk))
            return AM_OK;
        if (TABLES[walk->table].tree == TREE_ROW)
            return AM_NOT_FOUND; // a table's rows stand together
    }
    return table_error(rc);
}

static enum am_err walk_open(struct table_txn txn, enum table table, struct table_walk *walk)
{
    walk->table = table;
    walk->message = NULL;
    return table_error(mdb_cursor_open(txn.txn, txn.tables->dbi[TABLES[table].tree], &walk->cursor));
}

static enum am_err walk_begun(enum am_err err, struct table_walk *walk)
{
    if (err != AM_OK)
        table_walk_end(walk);
    return err;
}

static enum am_err walk_start(struct table_txn txn, enum table table, const void *key, size_t key_len,
                              const uint8_t *message, struct table_walk *ret_walk)
{
    struct place place;
    MDB_val value;
    if (!place_of(txn, table, key, key_len, &place))
        return AM_NOT_FOUND;
    TRY(walk_open(txn, table, ret_walk));
    ret_walk->message = message;
    MDB_val at = place.key;
    int rc = mdb_cursor_get(ret_walk->cursor, &at, &value, at.mv_size > 0 ? MDB_SET_RANGE : MDB_FIRST);
    return walk_begun(walk_settle(ret_walk, rc, at, value, MDB_NEXT), ret_walk);
}

enum am_err table_walk_from(struct table_txn txn, enum table table, const void *key, size_t key_len,
                            struct table_walk *ret_walk)
{
    return walk_start(txn, table, key, key_len, NULL, ret_walk);
}

enum am_err table_walk_of_message(struct table_txn txn, enum table table, const uint8_t *key, size_t key_len,
                                  struct table_walk *ret_walk)
{
    return walk_start(txn, table, key, key_len, key, ret_walk);
}

enum am_err table_walk_last(struct table_txn txn, enum table table, struct table_walk *ret_walk)
{
    uint8_t beyond = (uint8_t)(TABLES[table].mark + 1);
    MDB_val at = val(&beyond, 1), value;
    TRY(walk_open(txn, table, ret_walk));
    int rc = MDB_NOTFOUND;
    if (TABLES[table].tree == TREE_ROW)
        rc = mdb_cursor_get(ret_walk->cursor, &at, &value, MDB_SET_RANGE);
    rc = mdb_cursor_get(ret_walk->cursor, &at, &value, rc == 0 ? MDB_PREV : MDB_LAST);
    return walk_begun(walk_settle(ret_walk, rc, at, value, MDB_PREV), ret_walk);
}

enum am_err table_walk_next(struct table_walk *walk)
{
    MDB_val key, value;
    int rc = mdb_cursor_get(walk->cursor, &key, &value, MDB_NEXT);
    return walk_settle(walk, rc, key, value, MDB_NEXT);
}

void table_walk_end(struct table_walk *walk)
{
    if (walk->cursor != NULL)
        mdb_cursor_close(walk->cursor);
    walk->cursor = NULL;
}

enum am_err table_count(struct table_txn txn, enum table table, uint64_t *ret_rows)
{
    struct table_walk walk;
    uint64_t rows = 0;
    enum am_err err = table_walk_from(txn, table, NULL, 0, &walk);
    if (err == AM_OK) {
        for (; err == AM_OK; err = table_walk_next(&walk))
            rows++;
        table_walk_end(&walk);
    }
    if (err != AM_NOT_FOUND)
        return err;
    *ret_rows = rows;
    return AM_OK;
}
