// SPDX-License-Identifier: Apache-2.0
// How much of the map is left.
#include "server/store/internal.h"

// Pages that transactions have given back: each row of LMDB's own first table begins with their number.
static enum am_err free_pages(MDB_txn *txn, uint64_t *ret_pages)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t pages = 0;
    TRY(table_error(mdb_cursor_open(txn, 0, &cursor)));
    int rc;
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
        if (value.mv_size >= sizeof(size_t))
            pages += *(const size_t *)value.mv_data;
    mdb_cursor_close(cursor);
    *ret_pages = pages;
    return rc == MDB_NOTFOUND ? AM_OK : table_error(rc);
}

enum am_err space_measure(struct store *store, MDB_txn *txn)
{
    MDB_envinfo info;
    uint64_t pages = 0;
    TRY(table_error(mdb_env_info(store->tables.env, &info)));
    uint64_t used = (uint64_t)(info.me_last_pgno + 1) * store->page_size;
    uint64_t left = used < store->map_size ? store->map_size - used : 0;
    // The list of free pages is walked only where it decides.
    if (left < 2 * store->reserve)
        TRY(free_pages(txn, &pages));
    left += pages * store->page_size;
    store->free_bytes = left;
    store->full = left < store->reserve;
    return AM_OK;
}

void store_health(struct store *store, struct store_health *ret_health)
{
    pthread_mutex_lock(&store->lock);
    struct store_health health = {.full = store->full,
                                  .may_append = store->running && !store->stopping,
                                  .free_bytes = store->free_bytes,
                                  .queued = store->queue_len};
    pthread_mutex_unlock(&store->lock);
    health.used_bytes = store->map_size > health.free_bytes ? store->map_size - health.free_bytes : 0;
    *ret_health = health;
}
