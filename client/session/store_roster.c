// SPDX-License-Identifier: Apache-2.0
// Rosters as they came, by unit and number.
#include "client/session/store_roster.h"

#include "client/session/store_rows.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

enum am_err store_roster_put(struct store *store, const char *unit, uint64_t number, struct am_bytes bytes)
{
    struct name_key key = store_name_key(unit, number);
    return store_rows_write(
        store,
        &(struct store_row){TABLE_ROSTER, store_value(key.bytes, key.len), store_value(bytes.data, bytes.len), false},
        1);
}

// The highest number of a unit: one step back from the end of its rows.
static enum am_err roster_newest(struct store *store, const char *unit, uint64_t *ret_number)
{
    struct name_key end = store_name_key(unit, UINT64_MAX);
    MDB_val key = store_value(end.bytes, end.len), value;
    MDB_cursor *cursor;
    uint64_t number = 0;
    int rc = store_cursor_open(store, TABLE_ROSTER, &cursor);
    if (rc != 0)
        return store_failed(rc);
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    rc = mdb_cursor_get(cursor, &key, &value, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
    if (rc == 0 && (key.mv_size != end.len || memcmp(key.mv_data, end.bytes, end.len - 8) != 0))
        rc = MDB_NOTFOUND;
    if (rc == 0)
        memcpy(&number, (uint8_t *)key.mv_data + end.len - 8, 8);
    store_cursor_close(cursor);
    if (rc == 0)
        *ret_number = be64toh(number);
    return store_failed(rc);
}

enum am_err store_roster_get(struct store *store, const char *unit, uint64_t number, struct arena *arena,
                             struct am_bytes *ret_bytes)
{
    struct am_bytes found;
    if (number == 0)
        TRY(roster_newest(store, unit, &number));
    struct name_key key = store_name_key(unit, number);
    return store_rows_seek(store, TABLE_ROSTER, MDB_SET_KEY, store_value(key.bytes, key.len), arena, &found, ret_bytes);
}

// Behind the rows of `at`, whose name ends in a NUL, and before those of a name that is longer.
enum am_err store_roster_next(struct store *store, const char *at, char ret_unit[LIMIT_ADDRESS + 1])
{
    char from[LIMIT_ADDRESS + 2];
    MDB_val key, value;
    MDB_cursor *cursor;
    size_t len = 0;
    snprintf(from, sizeof from, "%s\x01", at);
    key = store_value(from, strlen(from));
    int rc = store_cursor_open(store, TABLE_ROSTER, &cursor);
    if (rc != 0)
        return store_failed(rc);
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (rc == 0)
        len = strnlen(key.mv_data, key.mv_size);
    bool whole = rc == 0 && len <= LIMIT_ADDRESS && key.mv_size == len + 9;
    if (whole)
        memcpy(ret_unit, key.mv_data, len + 1);
    store_cursor_close(cursor);
    return rc == 0 && !whole ? AM_CORRUPT : store_failed(rc);
}
