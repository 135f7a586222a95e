// SPDX-License-Identifier: Apache-2.0
// The client's store over LMDB: opening it, and its small values.
#include "client/session/store_rows.h"

#include "proto/codec/codec.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAP_SIZE (16ull << 30) // address space, not disk

static const char *const NAMES[TABLES] = {"outbox", "sent",  "inbox", "meta",   "notice",   "roster",
                                          "news",   "entry", "case",  "person", "retrieval"};

static enum am_err open_tables(struct store *store)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc != 0)
        return store_failed(rc);
    for (unsigned i = 0; rc == 0 && i < TABLES; i++)
        rc = mdb_dbi_open(txn, NAMES[i], MDB_CREATE, &store->tables[i]);
    if (rc == 0)
        return store_failed(mdb_txn_commit(txn));
    mdb_txn_abort(txn);
    return store_failed(rc);
}

static enum am_err check_format(struct store *store, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_bytes key, value;
    uint32_t format = htobe32(STORE_FORMAT);
    arena_init(&arena, 4096);
    enum am_err err = store_rows_seek(store, TABLE_META, MDB_SET_KEY, store_value("format", 6), &arena, &key, &value);
    if (err == AM_NOT_FOUND)
        return store_rows_write(
            store, &(struct store_row){TABLE_META, store_value("format", 6), store_value(&format, 4), false}, 1);
    TRY(err);
    if (value.len == 4 && memcmp(value.data, &format, 4) == 0)
        return AM_OK;
    uint32_t found = 0;
    memcpy(&found, value.data, value.len < 4 ? value.len : 4);
    return am_fail(AM_VERSION, detail, "store", "it has format %u, this program knows %u", be32toh(found),
                   STORE_FORMAT);
}

enum am_err store_open(const char *folder, struct am_detail *detail, struct store **ret_store)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return AM_NOMEM;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        free(store);
        return am_fail(AM_IO, detail, folder, "can't be made: %s", strerror(errno));
    }
    int rc = mdb_env_create(&store->env);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(store->env, 32);
    if (rc == 0)
        rc = mdb_env_set_mapsize(store->env, MAP_SIZE);
    if (rc == 0)
        rc = mdb_env_open(store->env, folder, MDB_NOTLS, 0600);
    enum am_err err = store_failed(rc);
    if (err != AM_OK)
        (void)am_fail(err, detail, folder, "can't be opened: %s", mdb_strerror(rc));
    if (err == AM_OK)
        err = open_tables(store);
    if (err == AM_OK)
        err = check_format(store, detail);
    if (err == AM_OK)
        err = store_rows_index_cases(store);
    if (err == AM_OK)
        err = store_rows_index_retrievals(store);
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
    mdb_env_close(store->env);
    free(store);
}

// LMDB has one writer at a time, and shows what it wrote a moment after the file has it.
enum am_err store_settle(struct store *store)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc == 0)
        mdb_txn_abort(txn);
    return store_failed(rc);
}

enum am_err store_checkpoint_put(struct store *store, const char *name, const Amana__V1__Checkpoint *checkpoint)
{
    uint8_t *data;
    size_t len;
    TRY(codec_encode_alloc(&checkpoint->base, &data, &len));
    enum am_err err = store_rows_write(
        store, &(struct store_row){TABLE_META, store_value(name, strlen(name)), store_value(data, len), false}, 1);
    free(data);
    return err;
}

enum am_err store_checkpoint_get(struct store *store, const char *name, struct arena *arena,
                                 Amana__V1__Checkpoint **ret_checkpoint)
{
    struct am_bytes key, value;
    TRY(store_rows_seek(store, TABLE_META, MDB_SET_KEY, store_value(name, strlen(name)), arena, &key, &value));
    enum am_err err = codec_decode(&amana__v1__checkpoint__descriptor, CODEC_STRICT, value, arena, NULL,
                                   (ProtobufCMessage **)ret_checkpoint);
    return err == AM_OK || err == AM_NOMEM ? err : AM_CORRUPT;
}

enum am_err store_value_put(struct store *store, const char *name, struct am_bytes bytes)
{
    return store_rows_write(
        store,
        &(struct store_row){TABLE_META, store_value(name, strlen(name)), store_value(bytes.data, bytes.len), false}, 1);
}

enum am_err store_value_get(struct store *store, const char *name, struct arena *arena, struct am_bytes *ret_bytes)
{
    struct am_bytes key;
    return store_rows_seek(store, TABLE_META, MDB_SET_KEY, store_value(name, strlen(name)), arena, &key, ret_bytes);
}
