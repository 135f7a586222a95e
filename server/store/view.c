// SPDX-License-Identifier: Apache-2.0
// Views: LMDB snapshots that never show what isn't signed.
//
// Between a commit and its signature a snapshot would hold entries that may not be shown. A view that was begun in that
// moment waits until they are published (the time of one signature, on a worker's thread; the loop takes none then) and
// keeps its snapshot. So nobody takes a lock around a commit, and the keeper waits for no reader.
#include "server/store/internal.h"

#include <stdlib.h>

// The checkpoint of exactly that size, if it is among the newest.
static bool recent_find(const struct store *store, uint64_t size, struct log_checkpoint *ret_checkpoint)
{
    for (uint64_t back = 1; back <= STORE_RECENT && back <= store->n_recent; back++) {
        const struct log_checkpoint *checkpoint = &store->recent[(store->n_recent - back) % STORE_RECENT];
        if (checkpoint->size == size) {
            *ret_checkpoint = *checkpoint;
            return true;
        }
    }
    return false;
}

// Bounds a fresh snapshot. AM_BUSY: the journal has gone on by STORE_RECENT batches meanwhile, take a newer one; or,
// without `wait`, what it holds isn't signed yet.
static enum am_err view_bound(struct store_view *view, bool wait)
{
    struct store *store = view->store;
    struct row_state state;
    enum am_err err = AM_OK;
    TRY(row_state_read(view->txn, &state));
    pthread_mutex_lock(&store->gate);
    while (wait && store->started && !store->dead && store->signed_size < state.size)
        pthread_cond_wait(&store->published, &store->gate);
    // Where no keeper runs: what the last checkpoint on disk covers.
    view->bound = state.size;
    if (!store->started)
        view->bound = store->signed_size < state.size ? store->signed_size : state.size;
    else if (store->signed_size < state.size)
        err = store->dead ? AM_READ_ONLY : AM_BUSY; // the keeper died over them; or they are being signed
    if (err == AM_OK && !recent_find(store, view->bound, &view->checkpoint))
        err = AM_BUSY;
    pthread_mutex_unlock(&store->gate);
    return err;
}

static enum am_err view_settle(struct store_view *view)
{
    enum am_err err;
    while ((err = view_bound(view, true)) == AM_BUSY) {
        mdb_txn_reset(view->txn.txn);
        TRY(table_error(mdb_txn_renew(view->txn.txn)));
    }
    if (err != AM_OK)
        mdb_txn_reset(view->txn.txn);
    return err;
}

enum am_err store_view_begin(struct store *store, struct store_view **ret_view)
{
    struct store_view *view = calloc(1, sizeof *view);
    if (view == NULL)
        return AM_NOMEM;
    view->store = store;
    enum am_err err = tile_cache_new(&view->tiles);
    if (err == AM_OK)
        err = table_begin(&store->tables, false, &view->txn);
    if (err == AM_OK)
        err = name_cache_new(&view->txn.names);
    if (err == AM_OK)
        err = view_settle(view);
    if (err != AM_OK) {
        store_view_end(view);
        return err;
    }
    *ret_view = view;
    return AM_OK;
}

enum am_err store_view_renew(struct store_view *view)
{
    mdb_txn_reset(view->txn.txn);
    TRY(table_error(mdb_txn_renew(view->txn.txn)));
    return view_settle(view);
}

enum am_err store_view_renew_now(struct store_view *view)
{
    mdb_txn_reset(view->txn.txn);
    TRY(table_error(mdb_txn_renew(view->txn.txn)));
    enum am_err err = view_bound(view, false);
    if (err != AM_OK)
        mdb_txn_reset(view->txn.txn);
    return err;
}

void store_view_reset(struct store_view *view)
{
    mdb_txn_reset(view->txn.txn);
}

void store_view_end(struct store_view *view)
{
    if (view == NULL)
        return;
    if (view->txn.txn != NULL)
        mdb_txn_abort(view->txn.txn);
    tile_cache_free(view->tiles);
    name_cache_free(view->txn.names);
    free(view);
}

uint64_t store_view_size(const struct store_view *view)
{
    return view->bound;
}

void store_view_checkpoint(const struct store_view *view, struct log_checkpoint *ret_checkpoint)
{
    *ret_checkpoint = view->checkpoint;
}
