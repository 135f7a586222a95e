// SPDX-License-Identifier: Apache-2.0
// How much of the map is left.
#include "server/store/internal.h"

#include <string.h>

struct pages {
    uint64_t free, held; // held: those of them that are kept for the point
};

// Pages that transactions have given back: each row of LMDB's own first table begins with their number, under that of
// the transaction. LMDB shows that table to readers alone, so this is a transaction of its own.
static enum am_err free_pages(const struct store *store, struct pages *ret_pages)
{
    struct table_txn txn;
    MDB_cursor *cursor;
    MDB_val key, value;
    struct pages pages = {0, 0};
    uint64_t held_from = store->redo != NULL ? redo_held_from(store->redo) : UINT64_MAX;
    size_t id, n;
    TRY(table_begin(&store->tables, false, &txn));
    int rc = mdb_cursor_open(txn.txn, 0, &cursor);
    if (rc == 0) {
        while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            if (key.mv_size != sizeof id || value.mv_size < sizeof n)
                continue;
            memcpy(&id, key.mv_data, sizeof id);
            memcpy(&n, value.mv_data, sizeof n);
            pages.free += n;
            pages.held += id >= held_from ? n : 0;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn.txn);
    *ret_pages = pages;
    return rc == MDB_NOTFOUND ? AM_OK : table_error(rc);
}

enum am_err space_measure(struct store *store)
{
    MDB_envinfo info;
    struct pages pages = {0, 0};
    TRY(table_error(mdb_env_info(store->tables.env, &info)));
    uint64_t used = (uint64_t)(info.me_last_pgno + 1) * store->page_size;
    uint64_t left = used < store->map_size ? store->map_size - used : 0;
    // The list of free pages is walked only where it decides.
    if (left < 2 * store->reserve)
        TRY(free_pages(store, &pages));
    left += pages.free * store->page_size;
    store->free_bytes = left;
    store->at_hand = left - pages.held * store->page_size;
    store->full = left < store->reserve;
    return AM_OK;
}

void store_health(struct store *store, struct store_health *ret_health)
{
    pthread_mutex_lock(&store->lock);
    struct store_health health = {.full = store->full,
                                  .may_append = store->running && !store->stopping,
                                  .free_bytes = store->free_bytes,
                                  .queued = store->queue_len,
                                  .batch = store->batches,
                                  .doing = !store->working  ? STORE_IDLE
                                           : store->signing ? STORE_SIGNING
                                                            : STORE_WRITING};
    pthread_mutex_unlock(&store->lock);
    health.used_bytes = store->map_size > health.free_bytes ? store->map_size - health.free_bytes : 0;
    *ret_health = health;
}
