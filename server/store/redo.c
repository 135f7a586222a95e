// SPDX-License-Identifier: Apache-2.0
// Points: when one begins, the thread that makes it hold, and the way back to it.
#include "server/store/redo.h"

#include "proto/failpoint.h"
#include "server/store/internal.h"
#include "server/store/redo_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define META_TXN   144 // of a meta page: its transaction
#define RING_LEAST (2ull << 20)
#define RING_MOST  (16ull << 20)
#define MAP_SHARE  32  // of the map is the ring
#define FILL_SHARE 4   // of the ring until a new point
#define COMMITS    256 // or so many: of each some twenty pages can't be used again meanwhile

enum phase { PHASE_NOTHING, PHASE_ASKED, PHASE_DONE };

struct redo {
    struct redo_file file;
    struct redo_point point; // that holds
    char data_path[4096];
    int data; // LMDB's file, a descriptor of our own
    MDB_env *env;
    MDB_txn *pins[2]; // readers; that of `point`, and the other for the next
    unsigned pin;
    uint8_t key[REDO_KEY];                // drawn at the start
    uint64_t held;                        // counter of `point`
    uint64_t number, place;               // of the next record
    uint64_t used, commits;               // of the ring, since `point`
    uint64_t begun, begun_place, skipped; // bytes of the record between redo_begin and redo_end; before it, at the end
    uint64_t next_used, next_commits;     // the same when `next` began
    struct redo_point next;
    bool making; // `next` is asked for and not noted yet
    // The thread's, under the lock.
    pthread_t thread;
    bool running, ending;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    enum phase phase;
    enum am_err err;
    void (*failed)(void *user);
    void *user;
};

static bool path_of(const char *folder, const char *name, char ret_path[4096])
{
    return snprintf(ret_path, 4096, "%s/" STORE_DBS "/%s", folder, name) < 4096;
}

enum am_err redo_create(const char *folder, uint64_t map_size)
{
    char path[4096];
    uint64_t ring = map_size / MAP_SHARE / REDO_BLOCK * REDO_BLOCK;
    if (!path_of(folder, "redo", path))
        return AM_TOO_LARGE;
    return redo_file_create(path, ring < RING_LEAST ? RING_LEAST : ring > RING_MOST ? RING_MOST : ring);
}

enum am_err redo_open(const char *folder, struct am_detail *detail, struct redo **ret_redo)
{
    char path[4096];
    struct redo *redo = calloc(1, sizeof *redo);
    if (redo == NULL)
        return AM_NOMEM;
    redo->data = -1;
    enum am_err err =
        path_of(folder, "redo", path) && path_of(folder, "data.mdb", redo->data_path) ? AM_OK : AM_TOO_LARGE;
    if (err == AM_OK)
        err = redo_file_open(path, true, detail, &redo->file, &redo->point);
    if (err != AM_OK) {
        free(redo);
        return err;
    }
    memcpy(redo->key, redo->point.key, sizeof redo->key);
    redo->number = redo->point.number;
    redo->place = redo->point.place;
    pthread_mutex_init(&redo->lock, NULL);
    pthread_cond_init(&redo->cond, NULL);
    *ret_redo = redo;
    return AM_OK;
}

static void pins_end(struct redo *redo)
{
    for (size_t i = 0; i < AM_LEN(redo->pins); i++) {
        if (redo->pins[i] != NULL)
            mdb_txn_abort(redo->pins[i]);
        redo->pins[i] = NULL;
    }
}

void redo_close(struct redo *redo)
{
    if (redo == NULL)
        return;
    pins_end(redo); // of a start that failed
    redo_file_close(&redo->file);
    if (redo->data >= 0)
        close(redo->data);
    pthread_mutex_destroy(&redo->lock);
    pthread_cond_destroy(&redo->cond);
    free(redo);
}

enum am_err redo_look(const char *folder, bool *ret_left)
{
    char path[4096];
    struct redo_file file;
    struct redo_point point;
    if (!path_of(folder, "redo", path))
        return AM_TOO_LARGE;
    TRY(redo_file_open(path, false, NULL, &file, &point));
    redo_file_close(&file);
    *ret_left = point.left;
    return AM_OK;
}

static enum am_err data_open(struct redo *redo)
{
    if (redo->data < 0)
        redo->data = open(redo->data_path, O_RDWR | O_CLOEXEC);
    return redo->data >= 0 ? AM_OK : AM_IO;
}

static enum am_err data_sync(const struct redo *redo)
{
    return fdatasync(redo->data) == 0 ? AM_OK : AM_IO;
}

// --- After a crash

// Of another time than this file: what the point leads to isn't there.
static bool data_older(const struct redo *redo)
{
    uint64_t point, txn, newest = 0;
    memcpy(&point, redo->point.meta + META_TXN, sizeof point);
    for (uint64_t page = 0; page < 2; page++)
        if (pread(redo->data, &txn, sizeof txn, (off_t)(page * redo->point.page_size + META_TXN)) == sizeof txn &&
            txn > newest)
            newest = txn;
    return newest < point;
}

enum am_err redo_take_back(struct redo *redo)
{
    struct stat stat;
    TRY(redo_file_keep_point(&redo->file, &redo->point));
    if (!redo->point.left)
        return AM_OK;
    TRY(data_open(redo));
    if (fstat(redo->data, &stat) != 0)
        return AM_IO;
    if (data_older(redo))
        return AM_CORRUPT;
    // Both meta pages: what LMDB wrote since counts for nothing. A page's head begins with its number.
    for (uint64_t page = 0; page < 2; page++) {
        uint8_t meta[REDO_META];
        memcpy(meta, redo->point.meta, sizeof meta);
        memcpy(meta, &page, sizeof page);
        off_t at = (off_t)(page * redo->point.page_size);
        if (at + REDO_META > stat.st_size) // cut off: LMDB's to say
            return AM_OK;
        if (pwrite(redo->data, meta, sizeof meta, at) != (ssize_t)sizeof meta)
            return AM_IO;
    }
    return data_sync(redo);
}

static enum am_err do_one(const struct tables *tables, struct am_bytes changes)
{
    struct table_txn txn;
    TRY(table_begin(tables, true, &txn));
    enum am_err err = redo_ops_apply(txn, changes);
    if (err == AM_OK)
        return table_error(mdb_txn_commit(txn.txn));
    mdb_txn_abort(txn.txn);
    return err;
}

enum am_err redo_do_again(struct redo *redo, const struct tables *tables)
{
    enum am_err err = AM_OK;
    if (!redo->point.left)
        return AM_OK;
    // A crash on the way leads back to the same point.
    TRY(table_error(mdb_txn_begin(tables->env, NULL, MDB_RDONLY, &redo->pins[0])));
    while (err == AM_OK) {
        uint8_t *bytes;
        size_t len;
        err = redo_file_get(&redo->file, redo->key, redo->number, &redo->place, &bytes, &len);
        if (err != AM_OK)
            break;
        err = do_one(tables, (struct am_bytes){bytes, len});
        err = err == AM_NOT_FOUND || err == AM_EXISTS ? AM_CORRUPT : err; // it went through once, from the same point
        free(bytes);
        redo->number++;
    }
    if (err != AM_NOT_FOUND)
        return err;
    redo->env = tables->env;
    return redo_stop(redo, true);
}

// --- Points

// LMDB as it is now, and a reader that keeps its pages: none but the keeper commits.
static enum am_err point_take(struct redo *redo, MDB_txn **pin, struct redo_point *ret_point)
{
    struct redo_point point = {.number = redo->number, .place = redo->place, .left = true};
    memcpy(point.key, redo->key, sizeof point.key);
    MDB_envinfo info;
    MDB_stat stat;
    TRY(table_error(mdb_env_info(redo->env, &info)));
    TRY(table_error(mdb_env_stat(redo->env, &stat)));
    TRY(table_error(*pin == NULL ? mdb_txn_begin(redo->env, NULL, MDB_RDONLY, pin) : mdb_txn_renew(*pin)));
    point.page_size = stat.ms_psize;
    off_t at = (off_t)(info.me_last_txnid % 2 * stat.ms_psize);
    if (pread(redo->data, point.meta, sizeof point.meta, at) != (ssize_t)sizeof point.meta)
        return AM_IO;
    *ret_point = point;
    return AM_OK;
}

// What is in LMDB's file when this begins is durable when it ends: so the pages of `next`, taken before.
static enum am_err point_put(struct redo *redo, const struct redo_point *point)
{
    TRY(data_sync(redo));
    FAILPOINT("redo-before-point");
    TRY(redo_file_put_point(&redo->file, point));
    FAILPOINT("redo-after-point");
    return AM_OK;
}

static void *redo_main(void *user)
{
    struct redo *redo = user;
    pthread_mutex_lock(&redo->lock);
    while (!redo->ending) {
        if (redo->phase != PHASE_ASKED) {
            pthread_cond_wait(&redo->cond, &redo->lock);
            continue;
        }
        pthread_mutex_unlock(&redo->lock);
        enum am_err err = point_put(redo, &redo->next);
        pthread_mutex_lock(&redo->lock);
        redo->err = err;
        redo->phase = PHASE_DONE;
        pthread_cond_broadcast(&redo->cond);
        if (err != AM_OK)
            redo->failed(redo->user);
    }
    pthread_mutex_unlock(&redo->lock);
    return NULL;
}

// The pages of the point before may be used again.
static void point_holds(struct redo *redo)
{
    mdb_txn_reset(redo->pins[redo->pin]);
    redo->pin = !redo->pin;
    redo->point = redo->next;
    redo->held = redo->file.counter; // the thread makes none now
    redo->used -= redo->next_used;
    redo->commits -= redo->next_commits;
}

// Takes note of a point that has come to hold; `wait`s for one that is being made.
static enum am_err point_note(struct redo *redo, bool wait)
{
    pthread_mutex_lock(&redo->lock);
    while (wait && redo->phase == PHASE_ASKED)
        pthread_cond_wait(&redo->cond, &redo->lock);
    bool done = redo->phase == PHASE_DONE;
    enum am_err err = redo->err;
    if (done)
        redo->phase = PHASE_NOTHING;
    pthread_mutex_unlock(&redo->lock);
    if (done && err == AM_OK)
        point_holds(redo);
    redo->making = redo->making && !done;
    return err;
}

static enum am_err point_begin(struct redo *redo)
{
    TRY(point_take(redo, &redo->pins[!redo->pin], &redo->next));
    redo->next_used = redo->used;
    redo->next_commits = redo->commits;
    return AM_OK;
}

static enum am_err point_ask(struct redo *redo)
{
    TRY(point_begin(redo));
    redo->making = true;
    pthread_mutex_lock(&redo->lock);
    redo->phase = PHASE_ASKED;
    pthread_mutex_unlock(&redo->lock);
    pthread_cond_broadcast(&redo->cond);
    return AM_OK;
}

static enum am_err point_now(struct redo *redo)
{
    TRY(point_note(redo, true));
    TRY(point_begin(redo));
    TRY(point_put(redo, &redo->next));
    point_holds(redo);
    return AM_OK;
}

enum am_err redo_mind(struct redo *redo, bool at_once)
{
    TRY(point_note(redo, false));
    if (at_once)
        return point_now(redo);
    bool due = redo->used > redo->file.ring / FILL_SHARE || redo->commits >= COMMITS;
    return due && !redo->making ? point_ask(redo) : AM_OK;
}

// --- From start to end
enum am_err redo_start(struct redo *redo, const struct tables *tables, void (*failed)(void *user), void *user)
{
    sigset_t all, before;
    redo->failed = failed;
    redo->user = user;
    redo->env = tables->env;
    TRY(data_open(redo));
    TRY(redo_file_fill(&redo->file));
    if (RAND_bytes(redo->key, sizeof redo->key) != 1)
        return AM_CRYPTO;
    TRY(point_take(redo, &redo->pins[0], &redo->point));
    TRY(table_error(mdb_txn_begin(redo->env, NULL, MDB_RDONLY, &redo->pins[1]))); // its slot is wanted later, too
    mdb_txn_reset(redo->pins[1]);
    redo->pin = 0;
    TRY(point_put(redo, &redo->point));
    redo->held = redo->file.counter;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    redo->running = pthread_create(&redo->thread, NULL, redo_main, redo) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return redo->running ? AM_OK : AM_NOMEM;
}

// Room in the ring: everything of it up to the point's first record is free.
static enum am_err ring_reserve(struct redo *redo, uint64_t size)
{
    for (;;) {
        redo->begun_place = redo_file_place(&redo->file, redo->place, size);
        redo->skipped = redo->begun_place == redo->place ? 0 : redo->file.ring - redo->place;
        if (redo->used + redo->skipped + size <= redo->file.ring)
            return AM_OK;
        if (!redo->making)
            TRY(point_ask(redo));
        TRY(point_note(redo, true));
    }
}

enum am_err redo_begin(struct redo *redo, struct redo_ops *ops)
{
    uint64_t size = redo_file_size(ops->len);
    redo->begun = 0;
    if (size > redo->file.ring / 2) // its place is LMDB's file
        return AM_OK;
    TRY(ring_reserve(redo, size));
    TRY(redo_file_put(&redo->file, redo->key, redo->number, redo->begun_place, redo->held, ops));
    redo->begun = size;
    return AM_OK;
}

enum am_err redo_end(struct redo *redo, bool committed)
{
    uint64_t size = redo->begun;
    redo->begun = 0;
    if (size == 0)
        return committed ? point_now(redo) : AM_OK;
    if (!committed)
        return redo_file_void(&redo->file, redo->begun_place) == AM_OK ? AM_OK : AM_IO;
    TRY(redo_file_sync(&redo->file));
    redo->number++;
    redo->place = (redo->begun_place + size) % redo->file.ring;
    redo->used += redo->skipped + size;
    redo->commits++;
    return AM_OK;
}

uint64_t redo_held_from(const struct redo *redo)
{
    return redo->running ? mdb_txn_id(redo->pins[redo->pin]) : UINT64_MAX;
}

static void thread_end(struct redo *redo)
{
    if (!redo->running)
        return;
    pthread_mutex_lock(&redo->lock);
    redo->ending = true;
    pthread_mutex_unlock(&redo->lock);
    pthread_cond_broadcast(&redo->cond);
    pthread_join(redo->thread, NULL);
    redo->running = false;
}

enum am_err redo_stop(struct redo *redo, bool good)
{
    struct redo_point end = {.number = redo->number, .place = redo->place};
    memcpy(end.key, redo->key, sizeof end.key);
    enum am_err err = AM_OK;
    if (redo->running)
        err = point_note(redo, true);
    thread_end(redo);
    pins_end(redo);
    if (!good || err != AM_OK)
        return err;
    TRY(data_open(redo));
    TRY(point_put(redo, &end));
    redo->point = end;
    return AM_OK;
}
