// SPDX-License-Identifier: Apache-2.0
// The redo file of any bytes, and changes of any bytes. The first byte says which: the file as it stands, slots and
// ring; its ring behind a point that holds, where each block that begins with "#" gets the digest that it should have,
// so that what lies behind is reached; or what a record says has changed, done in a database.
#include "server/store/bytes.h"
#include "server/store/redo_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SLOTS   (2u * REDO_BLOCK)
#define RING    (4u * REDO_BLOCK)
#define RECORDS 64u // more than the ring can hold, and none is read twice

static char path[64];
static int fd;
static struct tables tables;
static const uint8_t KEY[REDO_KEY] = "a key";

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void remove_folder(void)
{
    mdb_env_close(tables.env);
    if (chdir(path) == 0) {
        (void)remove("data.mdb");
        (void)remove("lock.mdb");
    }
    (void)rmdir(path);
}

// The changes of a record that can be: into a database that nothing of stays in.
static void prepare(void)
{
    must(mdb_env_create(&tables.env) == 0 && mdb_env_set_maxdbs(tables.env, TREES_MAX) == 0);
    strcpy(path, "/tmp/amana-fuzz-redo.XXXXXX");
    must(mkdtemp(path) != NULL && mdb_env_set_mapsize(tables.env, 4u << 20) == 0);
    must(mdb_env_open(tables.env, path, MDB_NOSYNC | MDB_NOTLS, 0600) == 0);
    must(tables_open(&tables, true, false) == AM_OK);
    must(atexit(remove_folder) == 0);
    fd = memfd_create("redo", 0);
    must(fd >= 0);
}

static void write_at(const void *bytes, size_t len, off_t at)
{
    must(pwrite(fd, bytes, len, at) == (ssize_t)len);
}

static void read_records(struct redo_file *file, const struct redo_point *point)
{
    uint64_t number = point->number, place = point->place;
    enum am_err err = AM_OK;
    for (unsigned n = 0; err == AM_OK; n++, number++) {
        uint8_t *bytes;
        size_t len;
        err = redo_file_get(file, point->key, number, &place, &bytes, &len);
        must(n < RECORDS && place < file->ring);
        if (err == AM_OK) {
            must(len <= file->ring - REDO_HEAD);
            free(bytes);
        }
    }
    must(err == AM_NOT_FOUND || err == AM_CORRUPT);
}

static void try_open(void)
{
    char name[32];
    struct redo_file file;
    struct redo_point point;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    enum am_err err = redo_file_open(name, true, NULL, &file, &point);
    must(err == AM_OK || err == AM_CORRUPT);
    if (err != AM_OK)
        return;
    read_records(&file, &point);
    redo_file_close(&file);
}

static void try_file(struct am_bytes bytes)
{
    must(ftruncate(fd, 0) == 0 && ftruncate(fd, SLOTS + RING) == 0);
    write_at(bytes.data, bytes.len < SLOTS + RING ? bytes.len : SLOTS + RING, 0);
    try_open();
}

// What begins with "#": number u8 · held u8 · blocks it takes before the place u8, then its changes.
static void try_ring(struct am_bytes bytes)
{
    struct redo_point point = {.number = 1, .page_size = REDO_BLOCK, .left = true};
    struct redo_file file = {.records = fd, .points = fd, .ring = RING};
    struct row_reader row = {bytes.data, bytes.len, false};
    memcpy(point.key, KEY, sizeof KEY);
    must(ftruncate(fd, 0) == 0 && ftruncate(fd, SLOTS + RING) == 0);
    must(redo_file_put_point(&file, &point) == AM_OK);
    for (unsigned block = 0; row.left > 0 && block < RING / REDO_BLOCK; block++) {
        size_t len = row_number(&row, 2);
        struct am_bytes part = row_take(&row, len < row.left ? len : row.left);
        if (part.len < 3 || part.data[0] != '#') {
            write_at(part.data, part.len < REDO_BLOCK ? part.len : REDO_BLOCK, SLOTS + (off_t)block * REDO_BLOCK);
            continue;
        }
        struct redo_ops ops = {0};
        redo_ops_begin(&ops);
        size_t room = part.len - 3 < REDO_BLOCK - REDO_HEAD ? part.len - 3 : REDO_BLOCK - REDO_HEAD;
        must(redo_ops_pad(&ops, REDO_HEAD + room) == AM_OK);
        memcpy(ops.bytes + REDO_HEAD, part.data + 3, room);
        must(redo_file_put(&file, KEY, part.data[1], (uint64_t)block * REDO_BLOCK, part.data[2], &ops) == AM_OK);
        redo_ops_free(&ops);
    }
    try_open();
}

static void try_changes(struct am_bytes bytes)
{
    struct table_txn txn;
    must(table_begin(&tables, true, &txn) == AM_OK);
    enum am_err err = redo_ops_apply(txn, bytes);
    // A change that is one may go beyond what the database holds.
    must(err == AM_OK || err == AM_CORRUPT || err == AM_NOT_FOUND || err == AM_EXISTS || err == AM_FULL);
    mdb_txn_abort(txn.txn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const TRY_ONE[])(struct am_bytes bytes) = {try_file, try_ring, try_changes};
    if (tables.env == NULL)
        prepare();
    if (size > 0)
        TRY_ONE[data[0] % AM_LEN(TRY_ONE)]((struct am_bytes){data + 1, size - 1});
    return 0;
}
