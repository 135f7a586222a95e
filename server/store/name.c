// SPDX-License-Identifier: Apache-2.0
// Two tables: text to name and back.
#include "server/store/name.h"

#include "server/store/bytes.h"

enum am_err name_find(struct table_txn txn, const void *text, size_t len, uint8_t ret_name[NAME_SIZE])
{
    struct am_bytes row;
    if (len == 0 || len > NAME_LIMIT)
        return AM_NOT_FOUND;
    TRY(table_get(txn, TABLE_NAME, text, len, &row));
    if (row.len != NAME_SIZE)
        return AM_CORRUPT;
    memcpy(ret_name, row.data, NAME_SIZE);
    return AM_OK;
}

enum am_err name_make(struct table_txn txn, const char *text, uint32_t *next, uint8_t ret_name[NAME_SIZE])
{
    size_t len = strlen(text);
    enum am_err err = name_find(txn, text, len, ret_name);
    if (err != AM_NOT_FOUND)
        return err;
    if (len == 0 || len > NAME_LIMIT || *next == UINT32_MAX)
        return AM_INVALID;
    uint8_t name[NAME_SIZE];
    put_be32(name, *next);
    TRY(table_put(txn, TABLE_NAME, MDB_NOOVERWRITE, text, len, name, sizeof name));
    TRY(table_put(txn, TABLE_TEXT, MDB_APPEND, name, sizeof name, text, len + 1));
    *next += 1;
    memcpy(ret_name, name, sizeof name);
    return AM_OK;
}

enum am_err name_text(struct table_txn txn, const uint8_t name[NAME_SIZE], const char **ret_text)
{
    struct am_bytes row;
    enum am_err err = table_get(txn, TABLE_TEXT, name, NAME_SIZE, &row);
    if (err == AM_NOT_FOUND || (err == AM_OK && (row.len == 0 || row.data[row.len - 1] != 0)))
        return AM_CORRUPT;
    TRY(err);
    *ret_text = (const char *)row.data;
    return AM_OK;
}
