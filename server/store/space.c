// SPDX-License-Identifier: Apache-2.0
// How much of the map is left.
#include "server/store/internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define AHEAD_LEAST (1ull << 20) // bytes; a batch of 256 messages takes about as much
#define AHEAD       (4ull << 20)
#define ZEROS       (256u * 1024)

// Pages that transactions have given back: each row of LMDB's own first table begins with their number. LMDB shows that
// table to readers alone, so this is a transaction of its own.
static enum am_err free_pages(const struct store *store, uint64_t *ret_pages)
{
    struct table_txn txn;
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t pages = 0;
    size_t n;
    TRY(table_begin(&store->tables, false, &txn));
    int rc = mdb_cursor_open(txn.txn, 0, &cursor);
    if (rc == 0) {
        while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            if (value.mv_size < sizeof n)
                continue;
            memcpy(&n, value.mv_data, sizeof n);
            pages += n;
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
    uint64_t pages = 0;
    TRY(table_error(mdb_env_info(store->tables.env, &info)));
    uint64_t used = (uint64_t)(info.me_last_pgno + 1) * store->page_size;
    uint64_t left = used < store->map_size ? store->map_size - used : 0;
    // The list of free pages is walked only where it decides.
    if (left < 2 * store->reserve)
        TRY(free_pages(store, &pages));
    left += pages * store->page_size;
    store->free_bytes = left;
    store->full = left < store->reserve;
    return AM_OK;
}

// Zeros from `from` to `to`, made durable. AM_FULL where a file system has no room for them after all.
static enum am_err zeros_write(int fd, uint64_t from, uint64_t to)
{
    static const uint8_t zeros[ZEROS];
    while (from < to) {
        ssize_t written = pwrite(fd, zeros, to - from < ZEROS ? (size_t)(to - from) : ZEROS, (off_t)from);
        if (written <= 0)
            return table_error(written < 0 ? errno : EIO);
        from += (uint64_t)written;
    }
    return fdatasync(fd) == 0 ? AM_OK : AM_IO;
}

// The file has its blocks (env.c), but the first write to one changes what the file system knows of it, and each commit
// would sync that too: a fifth of its time. No page beyond the newest transaction's last belongs to anybody.
enum am_err space_ahead(struct store *store)
{
    MDB_envinfo info;
    mdb_filehandle_t fd;
    TRY(table_error(mdb_env_info(store->tables.env, &info)));
    uint64_t used = (uint64_t)(info.me_last_pgno + 1) * store->page_size;
    uint64_t from = store->written_until > used ? store->written_until : used;
    uint64_t to = used + AHEAD < store->map_size ? used + AHEAD : store->map_size;
    if (from >= used + AHEAD_LEAST || from >= to)
        return AM_OK;
    TRY(table_error(mdb_env_get_fd(store->tables.env, &fd)));
    enum am_err err = zeros_write(fd, from, to);
    store->written_until = to;
    return err == AM_FULL ? AM_OK : err; // commits are slower, no more
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
