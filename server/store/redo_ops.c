// SPDX-License-Identifier: Apache-2.0
// One change: what it is u8 · tree u8 · flags u32 · length of the key u16 · of the value u32 · key · value.
#include "server/store/redo_ops.h"

#include "server/store/bytes.h"

#include <stdlib.h>

#define CHANGE_HEAD 12u
#define FLAGS       (MDB_NOOVERWRITE | MDB_APPEND) // what is noted (table.c); LMDB's others mean something else
#define ROOM        (64u * 1024)
#define ROOM_KEPT   (4u << 20) // a batch of 256 messages takes half of that

enum change { CHANGE_PUT = 1, CHANGE_DELETE };

void redo_ops_begin(struct redo_ops *ops)
{
    if (ops->room > ROOM_KEPT) {
        free(ops->bytes);
        ops->bytes = NULL;
        ops->room = 0;
    }
    ops->len = REDO_HEAD;
    ops->later = NULL;
}

void redo_ops_free(struct redo_ops *ops)
{
    free(ops->bytes);
    *ops = (struct redo_ops){0};
}

void redo_ops_settle(struct redo_ops *ops)
{
    if (ops->later != NULL && ops->later_len > 0)
        memcpy(ops->bytes + ops->later_at, ops->later, ops->later_len);
    ops->later = NULL;
}

static enum am_err room_for(struct redo_ops *ops, size_t need)
{
    if (need <= ops->room)
        return AM_OK;
    size_t room = need + need / 2 > ROOM ? need + need / 2 : ROOM;
    uint8_t *grown = realloc(ops->bytes, room);
    if (grown == NULL)
        return AM_NOMEM;
    ops->bytes = grown;
    ops->room = room;
    return AM_OK;
}

enum am_err redo_ops_pad(struct redo_ops *ops, size_t size)
{
    redo_ops_settle(ops);
    TRY(room_for(ops, size));
    memset(ops->bytes + ops->len, 0, size - ops->len);
    ops->len = size;
    return AM_OK;
}

static enum am_err change_add(struct redo_ops *ops, enum change change, enum tree_of_tables tree, unsigned flags,
                              MDB_val key, size_t value_len, uint8_t **ret_value)
{
    size_t need = ops->len + CHANGE_HEAD + key.mv_size + value_len;
    redo_ops_settle(ops);
    TRY(room_for(ops, need));
    uint8_t *at = row_put(ops->bytes + ops->len, change, 1);
    at = row_put(at, tree, 1);
    at = row_put(at, flags, 4);
    at = row_put(at, key.mv_size, 2);
    at = row_put(at, value_len, 4);
    at = row_put_bytes(at, (struct am_bytes){key.mv_data, key.mv_size});
    ops->len = need;
    *ret_value = at;
    return AM_OK;
}

enum am_err redo_ops_put(struct redo_ops *ops, enum tree_of_tables tree, unsigned flags, MDB_val key, MDB_val value,
                         bool later)
{
    uint8_t *at;
    TRY(change_add(ops, CHANGE_PUT, tree, flags, key, value.mv_size, &at));
    ops->later = value.mv_data;
    ops->later_at = (size_t)(at - ops->bytes);
    ops->later_len = value.mv_size;
    if (!later)
        redo_ops_settle(ops);
    return AM_OK;
}

enum am_err redo_ops_delete(struct redo_ops *ops, enum tree_of_tables tree, MDB_val key)
{
    uint8_t *at;
    return change_add(ops, CHANGE_DELETE, tree, 0, key, 0, &at);
}

enum am_err redo_ops_apply(struct table_txn txn, struct am_bytes changes)
{
    struct row_reader row = {changes.data, changes.len, false};
    while (row.left > 0) {
        uint64_t change = row_number(&row, 1), tree = row_number(&row, 1);
        unsigned flags = (unsigned)row_number(&row, 4);
        size_t key_len = row_number(&row, 2), value_len = row_number(&row, 4);
        struct am_bytes k = row_take(&row, key_len), v = row_take(&row, value_len);
        MDB_val key = {k.len, (void *)k.data}, value = {v.len, (void *)v.data};
        if (row.bad || tree >= TREE_COUNT || (change != CHANGE_PUT && change != CHANGE_DELETE) || (flags & ~FLAGS) != 0)
            return AM_CORRUPT;
        MDB_dbi dbi = txn.tables->dbi[tree];
        TRY(table_error(change == CHANGE_PUT ? mdb_put(txn.txn, dbi, &key, &value, flags)
                                             : mdb_del(txn.txn, dbi, &key, NULL)));
    }
    return AM_OK;
}
