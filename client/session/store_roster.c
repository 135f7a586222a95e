// SPDX-License-Identifier: Apache-2.0
// Rosters as they came, by unit and number.
#include "client/session/store_roster.h"

#include "client/session/store_rows.h"

#include <endian.h>
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
