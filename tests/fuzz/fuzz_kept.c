// SPDX-License-Identifier: Apache-2.0
// A client's store with rows of any bytes: table u8 · length of the key u8 · of the value u16 · key · value, and again.
// All of it is read as a desk's commands do: each walk ends, and what isn't a row is AM_CORRUPT.
#include "client/session/news.h"
#include "client/session/second.h"
#include "client/session/store_index.h"
#include "client/session/store_notice.h"
#include "client/session/store_roster.h"
#include "client/session/store_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROWS 32u

static struct store *store;
static char path[64];
static struct arena arena;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void remove_folder(void)
{
    store_close(store);
    arena_clear(&arena);
    if (chdir(path) == 0) {
        (void)remove("data.mdb");
        (void)remove("lock.mdb");
    }
    (void)rmdir(path);
}

static void prepare(void)
{
    struct am_detail detail;
    strcpy(path, "/tmp/amana-fuzz-kept.XXXXXX");
    must(mkdtemp(path) != NULL);
    must(store_open(path, &detail, &store) == AM_OK);
    must(mdb_env_set_flags(store->env, MDB_NOSYNC, 1) == 0);
    arena_init(&arena, 4u << 20);
    must(atexit(remove_folder) == 0);
}

static bool read_as(enum am_err err)
{
    must(err == AM_OK || err == AM_CORRUPT || err == AM_NOT_FOUND || err == AM_NOMEM);
    return err == AM_OK;
}

static void fill(const uint8_t *at, size_t left)
{
    struct store_row rows[ROWS];
    size_t n = 0;
    MDB_txn *txn;
    must(mdb_txn_begin(store->env, NULL, 0, &txn) == 0);
    for (unsigned i = 0; i < TABLES; i++)
        must(mdb_drop(txn, store->tables[i], 0) == 0);
    must(mdb_txn_commit(txn) == 0);
    while (n < ROWS && left > 4) {
        size_t key = at[1], value = (size_t)at[2] << 8 | at[3];
        enum store_table table = at[0] % TABLES;
        at += 4;
        left -= 4;
        key = key < left ? key : left;
        value = value < left - key ? value : left - key;
        if (key > 0)
            rows[n++] = (struct store_row){table, store_value(at, key), store_value(at + key, value), false};
        at += key + value;
        left -= key + value;
    }
    must(store_rows_write(store, rows, n) == AM_OK);
}

static void read_message(enum store_box box, const char *id)
{
    Amana__V1__Kept *kept;
    char text[SECOND_STATE];
    arena_reset(&arena);
    (void)second_waits(store, box, id);
    if (!read_as(store_get(store, box, id, &arena, &kept)))
        return;
    second_state(kept, text);
    must(memchr(text, 0, sizeof text) != NULL);
    store_short(store, id, text);
    // What is read is kept again, in another box.
    must(read_as(store_move(store, box, (box + 1) % STORE_BOXES, id, kept)));
    must(read_as(store_move(store, (box + 1) % STORE_BOXES, box, id, kept)));
    must(read_as(store_get(store, box, id, &arena, &kept)));
}

static void read_boxes(void)
{
    for (unsigned box = 0; box < STORE_BOXES; box++) {
        char id[STORE_ID] = "";
        for (unsigned n = 0; read_as(store_next(store, (enum store_box)box, id, id)); n++) {
            must(n < ROWS && id[0] != '\0');
            read_message((enum store_box)box, id);
        }
    }
}

static void read_by_seq(void)
{
    enum store_box box = STORE_OUTBOX;
    char id[STORE_ID];
    struct news news;
    Amana__V1__KeptNotice *notice;
    uint64_t seq = 0;
    for (unsigned n = 0; read_as(store_next_entry(store, &seq, &box, id)); seq++, n++)
        must(n < 2 * ROWS && box < STORE_BOXES && strlen(id) < STORE_ID);
    seq = 0;
    for (unsigned n = 0; read_as(store_next_of_case(store, "ke/dci/2026/004211", &seq, &box, id)); seq++, n++)
        must(n < 2 * ROWS && box < STORE_BOXES && strlen(id) < STORE_ID);
    seq = 0;
    for (unsigned n = 0; read_as(news_next(store, seq, &news)); seq = news.seq + 1, n++)
        must(n < ROWS && news.box < STORE_BOXES && strlen(news.id) < STORE_ID);
    seq = 0;
    arena_reset(&arena);
    for (unsigned n = 0; read_as(store_notice_next(store, &seq, &arena, &notice)); seq++, n++)
        must(n < ROWS);
}

static void read_persons(void)
{
    struct store_person person = {.row = "a digest, of 16 b"};
    for (unsigned n = 0; read_as(store_next_person(store, &person)); n++)
        must(n < 8 * ROWS && person.box < STORE_BOXES && strlen(person.id) < STORE_ID);
}

static void read_values(void)
{
    Amana__V1__Checkpoint *checkpoint;
    struct am_bytes bytes;
    struct am_detail detail = {0};
    enum store_box box;
    char id[STORE_ID];
    uint64_t due;
    arena_reset(&arena);
    (void)read_as(store_checkpoint_get(store, "log", &arena, &checkpoint));
    (void)read_as(store_due_get(store, &due));
    (void)read_as(store_roster_get(store, "ke/dci/transnational", 0, &arena, &bytes));
    enum am_err err = store_find(store, 7, "0", &detail, &box, id);
    must(err == AM_OK || err == AM_CORRUPT || detail.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (store == NULL)
        prepare();
    fill(data, size);
    read_by_seq();
    read_persons();
    read_values();
    read_boxes();
    return 0;
}
