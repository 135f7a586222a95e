// SPDX-License-Identifier: Apache-2.0
// The environment's files: made, preallocated, opened, and its format known.
#include "server/store/bytes.h"
#include "server/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAP_LEAST (1ull << 30)
#define READERS   1024

#define RESERVE_MOST (64ull << 20)

static enum am_err fail_errno(enum am_err err, struct am_detail *detail, const char *path, int rc)
{
    return am_fail(err, detail, path, "%s", mdb_strerror(rc));
}

// What LMDB would take for granted: that the file reaches as far as its newest commit says. Beyond its end a mapping is
// a SIGBUS. The meta page's layout is that of LMDB's data format 1 (mdb.c, struct MDB_meta, 64 bits).
#define META_SIZE  152 // of a page, from its start to behind mm_txnid
#define META_MAGIC 16
#define META_PSIZE 40 // mm_dbs[FREE_DBI].md_pad
#define META_LAST  136
#define META_TXN   144
#define META_BEEF  0xBEEFC0DEu
#define PAGE_LEAST 512u
#define PAGE_MOST  65536u

struct meta {
    uint64_t psize, last, txn;
};

static bool meta_read(int fd, uint64_t at, struct meta *ret_meta)
{
    uint8_t page[META_SIZE];
    uint32_t magic, psize;
    if (pread(fd, page, sizeof page, (off_t)at) != (ssize_t)sizeof page)
        return false;
    memcpy(&magic, page + META_MAGIC, sizeof magic);
    memcpy(&psize, page + META_PSIZE, sizeof psize);
    memcpy(&ret_meta->last, page + META_LAST, sizeof ret_meta->last);
    memcpy(&ret_meta->txn, page + META_TXN, sizeof ret_meta->txn);
    ret_meta->psize = psize;
    return magic == META_BEEF && psize >= PAGE_LEAST && psize <= PAGE_MOST;
}

static enum am_err file_check(const char *path, struct am_detail *detail)
{
    char file[4096 + 16];
    struct stat stat;
    struct meta meta[2];
    snprintf(file, sizeof file, "%s/data.mdb", path);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) != 0 || stat.st_size == 0) { // none yet, or LMDB's to say
        if (fd >= 0)
            close(fd);
        return AM_OK;
    }
    bool good = meta_read(fd, 0, &meta[0]) && meta_read(fd, meta[0].psize, &meta[1]);
    close(fd);
    if (!good)
        return am_fail(AM_CORRUPT, detail, file, "the database file is damaged: its first two pages are none of LMDB");
    const struct meta *newest = &meta[meta[0].txn < meta[1].txn];
    if (newest->last >= (uint64_t)stat.st_size / newest->psize)
        return am_fail(AM_CORRUPT, detail, file,
                       "the database file is damaged: it ends after %llu bytes, its newest commit reaches page %llu",
                       (unsigned long long)stat.st_size, (unsigned long long)newest->last);
    return AM_OK;
}

enum am_err env_open(const char *folder, uint64_t map_size, unsigned flags, struct am_detail *detail, MDB_env **ret_env)
{
    char path[4096];
    MDB_env *env;
    if (snprintf(path, sizeof path, "%s/" STORE_DBS, folder) >= (int)sizeof path)
        return am_fail(AM_TOO_LARGE, detail, folder, "the path is too long");
    TRY(file_check(path, detail));
    TRY(table_error(mdb_env_create(&env)));
    int rc = mdb_env_set_maxdbs(env, TREES_MAX);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(env, READERS);
    if (rc == 0 && map_size > 0)
        rc = mdb_env_set_mapsize(env, map_size);
    if (rc == 0)
        rc = mdb_env_open(env, path, flags | MDB_NOTLS | MDB_NORDAHEAD, 0600);
    if (rc != 0) {
        mdb_env_close(env);
        return fail_errno(table_error(rc), detail, path, rc);
    }
    *ret_env = env;
    return AM_OK;
}

// The file gets all its blocks now: a full disk then can't surprise a commit.
static enum am_err env_preallocate(MDB_env *env, uint64_t size, const char *folder, struct am_detail *detail)
{
    mdb_filehandle_t fd;
    struct stat stat;
    if (mdb_env_get_fd(env, &fd) != 0 || fstat(fd, &stat) != 0)
        return am_fail(AM_IO, detail, folder, "the journal's file can't be looked at");
    if ((uint64_t)stat.st_blocks * 512 >= size && (uint64_t)stat.st_size >= size)
        return AM_OK;
    int rc = posix_fallocate(fd, 0, (off_t)size);
    if (rc != 0)
        return am_fail(rc == ENOSPC ? AM_FULL : AM_IO, detail, folder, "no room for %llu bytes of journal: %s",
                       (unsigned long long)size, strerror(rc));
    return AM_OK;
}

static enum am_err env_size(const char *folder, struct am_detail *detail, uint64_t *ret_size)
{
    char path[4096];
    struct stat stat_;
    snprintf(path, sizeof path, "%s/" STORE_DBS "/data.mdb", folder);
    if (stat(path, &stat_) != 0)
        return am_fail(errno == ENOENT || errno == ENOTDIR ? AM_NOT_FOUND : AM_IO, detail, path, "%s", strerror(errno));
    *ret_size = (uint64_t)stat_.st_size;
    return AM_OK;
}

enum am_err env_lock(const char *folder, bool shared, struct am_detail *detail, int *ret_lock)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/" STORE_DBS, folder) >= (int)sizeof path)
        return am_fail(AM_TOO_LARGE, detail, folder, "the path is too long");
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return am_fail(errno == ENOENT || errno == ENOTDIR ? AM_NOT_FOUND : AM_IO, detail, path, "%s", strerror(errno));
    if (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
        close(fd);
        return am_fail(AM_BUSY, detail, path, "another program has this journal open");
    }
    *ret_lock = fd;
    return AM_OK;
}

static enum am_err folder_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return AM_IO;
    int rc = fsync(fd);
    close(fd);
    return rc == 0 ? AM_OK : AM_IO;
}

// --- Making
static enum am_err meta_write(struct table_txn txn, const char *origin)
{
    uint8_t format[4], row[ROW_STATE_SIZE];
    struct row_state state = {.size = 0, .next_name = 1};
    merkle_empty_root(state.root);
    put_be32(format, STORE_FORMAT);
    row_state_pack(&state, row);
    TRY(table_put(txn, TABLE_META, 0, "format", 6, format, sizeof format));
    TRY(table_put(txn, TABLE_META, 0, "origin", 6, origin, strlen(origin) + 1));
    return table_put(txn, TABLE_META, 0, "state", 5, row, sizeof row);
}

static enum am_err env_fill(MDB_env *env, const struct store_options *options)
{
    struct tables tables = {.env = env};
    struct table_txn txn;
    TRY(tables_open(&tables, true, false));
    TRY(table_begin(&tables, true, &txn));
    enum am_err err = meta_write(txn, options->origin);
    if (err != AM_OK) {
        mdb_txn_abort(txn.txn);
        return err;
    }
    return table_error(mdb_txn_commit(txn.txn));
}

static uint64_t rounded(uint64_t size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

enum am_err store_create(const struct store_options *options, struct am_detail *detail)
{
    char path[4096];
    MDB_env *env;
    if (options->origin == NULL || options->origin[0] == '\0')
        return am_fail(AM_INVALID, detail, "origin", "a journal needs the origin of its log");
    if (snprintf(path, sizeof path, "%s/" STORE_DBS, options->folder) >= (int)sizeof path - 16)
        return am_fail(AM_TOO_LARGE, detail, options->folder, "the path is too long");
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST ? am_fail(AM_EXISTS, detail, path, "a journal is there already")
                               : am_fail(AM_IO, detail, path, "%s", strerror(errno));
    uint64_t size = rounded(options->map_size != 0 ? options->map_size : MAP_LEAST);
    TRY(env_open(options->folder, size, 0, detail, &env));
    enum am_err err = env_preallocate(env, size, path, detail);
    if (err == AM_OK) {
        err = env_fill(env, options);
        if (err == AM_OK)
            err = redo_create(options->folder, size);
        if (err != AM_OK)
            am_fail(err, detail, path, "the journal can't be written: %s", am_err_text(err));
    }
    mdb_env_close(env);
    TRY(err);
    if (folder_sync(path) != AM_OK || folder_sync(options->folder) != AM_OK)
        return am_fail(AM_IO, detail, path, "the folder can't be synced");
    return AM_OK;
}

// --- Opening
enum am_err env_check(struct table_txn txn, struct am_detail *detail, char **ret_origin)
{
    struct am_bytes row;
    if (table_get(txn, TABLE_META, "format", 6, &row) != AM_OK || row.len != 4)
        return am_fail(AM_CORRUPT, detail, "", "this is no journal: it names no format");
    if (get_be32(row.data) != STORE_FORMAT)
        return am_fail(AM_VERSION, detail, "",
                       "the journal has format %u, this program knows %u: use the program that wrote it",
                       get_be32(row.data), STORE_FORMAT);
    if (table_get(txn, TABLE_META, "origin", 6, &row) != AM_OK || row.len < 2 || row.data[row.len - 1] != 0)
        return am_fail(AM_CORRUPT, detail, "", "the journal names no origin");
    *ret_origin = strdup((const char *)row.data);
    return *ret_origin == NULL ? AM_NOMEM : AM_OK;
}

// The newest entry against the newest leaf of the tree, the edge against the root.
static enum am_err edge_check(struct store *store, struct table_txn txn, const struct row_state *state)
{
    uint8_t root[LOG_HASH_SIZE], key[8], hash[LOG_HASH_SIZE];
    const uint8_t(*leaf)[LOG_HASH_SIZE];
    struct table_walk walk;
    struct row_entry entry;
    size_t n;
    TRY(merkle_range_root(&store->tree.range, root));
    if (memcmp(root, state->root, sizeof root) != 0)
        return AM_CORRUPT;
    enum am_err err = table_walk_last(txn, TABLE_ENTRY, &walk);
    if (err == AM_NOT_FOUND)
        return state->size == 0 ? AM_OK : AM_CORRUPT;
    TRY(err);
    put_be64(key, state->size - 1);
    bool same = walk.key.len == sizeof key && memcmp(walk.key.data, key, sizeof key) == 0 && state->size > 0;
    err = row_entry_parse(walk.value, &entry);
    table_walk_end(&walk);
    TRY(err);
    if (!same)
        return AM_CORRUPT;
    TRY(tree_leaf_run(txn, state->size - 1, &leaf, &n));
    TRY(log_leaf_hash(entry.leaf, hash));
    return memcmp(hash, leaf[0], sizeof hash) == 0 ? AM_OK : AM_CORRUPT;
}

// The newest checkpoint on disk: what may be shown until the keeper starts with a signature of all of it.
static enum am_err newest_checkpoint(struct store *store, struct table_txn txn)
{
    struct table_walk walk;
    struct log_checkpoint checkpoint;
    memset(&checkpoint, 0, sizeof checkpoint);
    enum am_err err = table_walk_last(txn, TABLE_CHECKPOINT, &walk);
    if (err == AM_NOT_FOUND) {
        merkle_empty_root(checkpoint.root);
        store_checkpoint_publish(store, &checkpoint);
        return AM_OK;
    }
    TRY(err);
    bool good = walk.key.len == 8 && walk.value.len == sizeof checkpoint.signature;
    if (good) {
        checkpoint.size = get_be64(walk.key.data);
        memcpy(checkpoint.signature, walk.value.data, sizeof checkpoint.signature);
    }
    table_walk_end(&walk);
    if (!good || checkpoint.size > store->size)
        return AM_CORRUPT;
    TRY(merkle_root(tree_read, &txn, checkpoint.size, checkpoint.root));
    store_checkpoint_publish(store, &checkpoint);
    return AM_OK;
}

static enum am_err store_load(struct store *store, struct table_txn txn, struct am_detail *detail)
{
    struct row_state state;
    TRY(env_check(txn, detail, &store->origin));
    enum am_err err = row_state_read(txn, &state);
    if (err == AM_OK)
        err = tree_load(txn, state.size, &store->tree);
    if (err == AM_OK) {
        store->size = state.size;
        store->last_time = state.last_time;
        store->next_name = state.next_name;
        memcpy(store->root, state.root, sizeof store->root);
        tree_recent_seed(store->recent_nodes, &store->tree.range);
        err = edge_check(store, txn, &state);
    }
    if (err == AM_OK)
        err = newest_checkpoint(store, txn);
    if (err == AM_CORRUPT)
        return am_fail(err, detail, "", "tree and entries disagree at the right edge: run amanad fsck");
    TRY(err);
    return space_measure(store);
}

// A small map must not be reserve and nothing else.
static uint64_t reserve_of(uint64_t map_size)
{
    return map_size / 8 < RESERVE_MOST ? map_size / 8 : RESERVE_MOST;
}

// Left NULL where it is missing: the journal may be of another format.
static enum am_err redo_ready(struct store *store, const char *folder, struct am_detail *detail)
{
    enum am_err err = redo_open(folder, detail, &store->redo);
    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    err = redo_take_back(store->redo);
    return err == AM_OK ? AM_OK
                        : am_fail(err, detail, folder, "the file journal/redo can't be used: %s", am_err_text(err));
}

static enum am_err store_begin(struct store *store, const struct store_options *options, struct am_detail *detail)
{
    struct table_txn txn;
    MDB_envinfo info;
    MDB_stat stat;
    uint64_t file;
    int dead;
    TRY(env_size(options->folder, detail, &file));
    uint64_t size = options->map_size != 0 ? options->map_size : MAP_LEAST;
    size = rounded(size > file ? size : file);
    TRY(env_lock(options->folder, false, detail, &store->folder_lock));
    TRY(redo_ready(store, options->folder, detail));
    TRY(env_open(options->folder, size, MDB_NOSYNC, detail, &store->tables.env)); // redo.h says why that holds
    TRY(env_preallocate(store->tables.env, size, options->folder, detail));
    mdb_reader_check(store->tables.env, &dead); // slots of processes that were killed
    TRY(table_error(mdb_env_info(store->tables.env, &info)));
    TRY(table_error(mdb_env_stat(store->tables.env, &stat)));
    store->map_size = info.me_mapsize;
    store->reserve = options->reserve != 0 ? options->reserve : reserve_of(store->map_size);
    store->page_size = stat.ms_psize;
    enum am_err err = tables_open(&store->tables, false, false);
    if (err != AM_OK)
        return am_fail(err, detail, options->folder, "a table of the journal is missing");
    if (store->redo != NULL && (err = redo_do_again(store->redo, &store->tables)) != AM_OK)
        return am_fail(err, detail, options->folder, "what was written last can't be done again: %s%s",
                       am_err_text(err),
                       err == AM_FULL ? ": make map-size larger, or room on the disk, and start again" : "");
    TRY(table_begin(&store->tables, false, &txn));
    err = store_load(store, txn, detail);
    mdb_txn_abort(txn.txn);
    TRY(err);
    if (store->redo == NULL)
        return am_fail(AM_CORRUPT, detail, options->folder, "the file journal/redo is missing: put it back");
    if (options->origin != NULL && strcmp(options->origin, store->origin) != 0)
        return am_fail(AM_CONFIG, detail, "origin", "the journal is of %.100s", store->origin);
    return AM_OK;
}

// Root may write whatever its bits say, but not to a file system that is mounted to be read alone.
static bool journal_is_writable(const char *folder)
{
    static const char *const NAMES[] = {"", "data.mdb", "lock.mdb", "redo"};
    char path[4096];
    bool writable = true;
    for (size_t i = 0; i < AM_LEN(NAMES); i++) {
        snprintf(path, sizeof path, "%s/" STORE_DBS "/%s", folder, NAMES[i]);
        writable &= faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 || errno == ENOENT;
    }
    return writable;
}

enum am_err store_recover(const char *folder, bool *ret_whole, struct am_detail *detail)
{
    struct store *store;
    bool left;
    int lock;
    enum am_err err = redo_look(folder, &left);
    *ret_whole = err == AM_OK;
    if (err == AM_NOT_FOUND || err == AM_CORRUPT)
        return AM_OK;
    if (err != AM_OK)
        return am_fail(err, detail, folder, "the file journal/redo can't be read");
    if (!left)
        return AM_OK;
    TRY(env_lock(folder, true, detail, &lock)); // left so by a hub that runs
    close(lock);
    if (!journal_is_writable(folder))
        return am_fail(AM_DENIED, detail, folder,
                       "the hub did not end in order, so what journal/redo has must be done again before this can be "
                       "checked, and it can't be written: copy the whole folder to where it can, and check the copy");
    err = store_open(&(struct store_options){.folder = folder, .map_size = 1}, detail, &store);
    if (err == AM_OK)
        store_close(store);
    if (err != AM_CORRUPT)
        return err;
    // A fault of the log is looked for next; one of the changes leaves them undone.
    TRY(redo_look(folder, &left));
    *ret_whole = !left;
    return AM_OK;
}

// The keeper waits by it for a time that no setting of the clock changes.
static void queued_init(struct store *store)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&store->queued, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

enum am_err store_open(const struct store_options *options, struct am_detail *detail, struct store **ret_store)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return AM_NOMEM;
    store->folder_lock = -1;
    pthread_mutex_init(&store->gate, NULL);
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->published, NULL);
    queued_init(store);
    store->patience_ns = options->patience_ns != 0 ? options->patience_ns : LIMIT_BATCH_WAIT_NS;
    store->queue_room = options->queue != 0 ? options->queue : 4096;
    store->queue = calloc(store->queue_room, sizeof(struct journal_append *));
    enum am_err err = store->queue == NULL ? AM_NOMEM : tree_recent_new(&store->recent_nodes);
    if (err == AM_OK)
        err = batch_new(&store->batch);
    if (err == AM_OK)
        err = name_cache_new(&store->names);
    if (err == AM_OK)
        err = store_begin(store, options, detail);
    if (err != AM_OK) {
        store_close(store);
        return err;
    }
    *ret_store = store;
    return AM_OK;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store_drain(store);
    redo_close(store->redo);
    redo_ops_free(&store->ops);
    name_cache_free(store->names);
    if (store->tables.env != NULL)
        mdb_env_close(store->tables.env);
    if (store->folder_lock >= 0)
        close(store->folder_lock);
    pthread_mutex_destroy(&store->gate);
    pthread_mutex_destroy(&store->lock);
    pthread_cond_destroy(&store->published);
    pthread_cond_destroy(&store->queued);
    tree_recent_free(store->recent_nodes);
    batch_free(store->batch);
    free(store->queue);
    free(store->origin);
    free(store);
}
