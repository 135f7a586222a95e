// SPDX-License-Identifier: Apache-2.0
// Messages in their boxes, and with each its rows of the indexes: one transaction, synced.
#include "client/session/store_index.h"
#include "client/session/store_rows.h"

#include "proto/codec/codec.h"
#include "proto/model/header_parts.h"
#include "proto/model/kind.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

// NULL: one that can't be read, which belongs to no case and has no end.
static const Amana__V1__Header *header_of(const Amana__V1__Kept *kept, struct arena *arena)
{
    Amana__V1__Header *header;
    if (kept->message == NULL ||
        codec_decode(&amana__v1__header__descriptor, CODEC_LENIENT, codec_bytes(kept->message->header), arena, NULL,
                     (ProtobufCMessage **)&header) != AM_OK)
        return NULL;
    return header;
}

// false: it has no entry yet, or is of no case.
static bool case_key_of(const Amana__V1__Kept *kept, const Amana__V1__Header *header, struct name_key *ret_key)
{
    if (kept->entry == NULL || header == NULL || header->case_ref[0] == '\0')
        return false;
    *ret_key = store_name_key(header->case_ref, kept->entry->index);
    return true;
}

// --- When something here has to go
#define DUE "due" // a value: UTC ns, before which nothing has

enum am_err store_due_get(struct store *store, uint64_t *ret_due)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_bytes value;
    uint64_t be = 0;
    arena_init(&arena, 4096);
    enum am_err err = store_value_get(store, DUE, &arena, &value);
    if (err == AM_OK && value.len == sizeof be)
        memcpy(&be, value.data, sizeof be);
    *ret_due = be64toh(be);
    return err == AM_NOT_FOUND ? AM_OK : err;
}

enum am_err store_due_put(struct store *store, uint64_t due)
{
    uint64_t be = htobe64(due);
    return store_value_put(store, DUE, (struct am_bytes){(const uint8_t *)&be, sizeof be});
}

// false: nothing that is kept has to go sooner.
static bool due_sooner(struct store *store, const Amana__V1__Header *header, uint64_t *ret_be)
{
    uint64_t retain = header != NULL ? header_time_or_0(header->retain_until) : 0, due;
    // What a HOLD has kept may have to go when that ends.
    uint64_t until = header != NULL && header->kind == KIND(HOLD) ? header_time_or_0(header->valid_until) : 0;
    uint64_t at = until != 0 && until < retain ? until : retain;
    if (at == 0 || store_due_get(store, &due) != AM_OK || at >= due)
        return false;
    *ret_be = htobe64(at);
    return true;
}

// A message's rows in the index of persons: put for `box`, or taken away; `keys` holds their bytes.
static size_t person_rows(const Amana__V1__Kept *kept, enum store_box box, const char *id, bool put,
                          uint8_t (*keys)[STORE_PERSON_KEY], struct store_row *ret_rows)
{
    size_t count = 0;
    for (size_t i = 0; i < kept->n_persons; i++) {
        if (kept->persons[i].len != STORE_PERSON)
            continue;
        size_t len = store_person_key(kept->persons[i].data, box, id, keys[i]);
        ret_rows[count++] = (struct store_row){TABLE_PERSON, store_value(keys[i], len),
                                               put ? store_value("", 0) : (MDB_val){0, NULL}, false};
    }
    return count;
}

// What is written together.
struct writing {
    struct store *store;
    enum store_box box;
    const char *id;
    Amana__V1__Kept *kept;
    enum store_box from;             // STORE_BOXES: it is in no other box
    const struct store_row *further; // NULL: none
};

static enum am_err write_rows(const struct writing *writing, struct store_row *rows, uint8_t (*keys)[STORE_PERSON_KEY])
{
    Amana__V1__Kept *kept = writing->kept;
    size_t count = 0, n = kept->n_persons, len;
    const char *id = writing->id;
    bool whole = kept->message != NULL && kept->message->sealed_body.len > 0;
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct place_row place;
    struct name_key key;
    uint64_t due;
    uint8_t *data;
    arena_init(&arena, 1024u * 1024);
    const Amana__V1__Header *header = header_of(kept, &arena);
    if (writing->from != STORE_BOXES) {
        count = person_rows(kept, writing->from, id, false, keys, rows);
        rows[count++] =
            (struct store_row){(enum store_table)writing->from, store_value(id, strlen(id)), {0, NULL}, false};
    }
    count += person_rows(kept, writing->box, id, whole, keys + n, rows + count);
    if (!whole)
        kept->n_persons = 0;
    if (writing->further != NULL)
        rows[count++] = *writing->further;
    if (kept->entry != NULL) {
        place_row_fill(TABLE_ENTRY, kept->entry->index, (uint8_t)writing->box, id, &place);
        rows[count++] = place.row;
        if (case_key_of(kept, header, &key))
            rows[count++] = (struct store_row){TABLE_CASE, store_value(key.bytes, key.len), place.row.value, false};
    }
    if (whole && due_sooner(writing->store, header, &due))
        rows[count++] =
            (struct store_row){TABLE_META, store_value(DUE, strlen(DUE)), store_value(&due, sizeof due), false};
    TRY(codec_encode_alloc(&kept->base, &data, &len));
    rows[count++] =
        (struct store_row){(enum store_table)writing->box, store_value(id, strlen(id)), store_value(data, len), false};
    enum am_err err = store_rows_write(writing->store, rows, count);
    free(data);
    return err;
}

// The message in its box, its rows in the indexes, and together with these a further row, if there is one.
static enum am_err write_kept(const struct writing *writing)
{
    size_t n = writing->kept->n_persons * 2;
    struct store_row *rows = calloc(n + 6, sizeof *rows);
    uint8_t(*keys)[STORE_PERSON_KEY] = calloc(n + 1, sizeof *keys);
    enum am_err err = rows != NULL && keys != NULL ? write_rows(writing, rows, keys) : AM_NOMEM;
    free(rows);
    free(keys);
    return err;
}

enum am_err store_put(struct store *store, enum store_box box, const char *id, Amana__V1__Kept *kept)
{
    return write_kept(&(struct writing){store, box, id, kept, STORE_BOXES, NULL});
}

enum am_err store_move(struct store *store, enum store_box from, enum store_box to, const char *id,
                       Amana__V1__Kept *kept)
{
    return write_kept(&(struct writing){store, to, id, kept, from, NULL});
}

enum am_err store_drop(struct store *store, enum store_box box, const char *id, const Amana__V1__Kept *kept)
{
    struct store_row *rows = calloc(kept->n_persons + 1, sizeof *rows);
    uint8_t(*keys)[STORE_PERSON_KEY] = calloc(kept->n_persons + 1, sizeof *keys);
    enum am_err err = AM_NOMEM;
    if (rows != NULL && keys != NULL) {
        size_t count = person_rows(kept, box, id, false, keys, rows);
        rows[count++] = (struct store_row){(enum store_table)box, store_value(id, strlen(id)), {0, NULL}, false};
        err = store_rows_write(store, rows, count);
    }
    free(rows);
    free(keys);
    return err;
}

enum am_err store_put_new(struct store *store, enum store_box box, const char *id, uint64_t seq, Amana__V1__Kept *kept)
{
    struct place_row news;
    place_row_fill(TABLE_NEWS, seq, (uint8_t)box, id, &news);
    return write_kept(&(struct writing){store, box, id, kept, STORE_BOXES, &news.row});
}

enum am_err store_get(struct store *store, enum store_box box, const char *id, struct arena *arena,
                      Amana__V1__Kept **ret_kept)
{
    struct am_bytes key, value;
    TRY(store_rows_seek(store, (enum store_table)box, MDB_SET_KEY, store_value(id, strlen(id)), arena, &key, &value));
    enum am_err err =
        codec_decode(&amana__v1__kept__descriptor, CODEC_LENIENT, value, arena, NULL, (ProtobufCMessage **)ret_kept);
    if (err != AM_OK)
        return err == AM_NOMEM ? err : AM_CORRUPT;
    return (*ret_kept)->message != NULL ? AM_OK : AM_CORRUPT;
}

enum am_err store_get_any(struct store *store, const char *id, struct arena *arena, enum store_box *ret_box,
                          Amana__V1__Kept **ret_kept)
{
    for (unsigned box = 0; box < STORE_BOXES; box++) {
        enum am_err err = store_get(store, (enum store_box)box, id, arena, ret_kept);
        if (err == AM_OK)
            *ret_box = (enum store_box)box;
        if (err != AM_NOT_FOUND)
            return err;
    }
    return AM_NOT_FOUND;
}

enum am_err store_next(struct store *store, enum store_box box, const char after[STORE_ID], char ret_id[STORE_ID])
{
    MDB_cursor *cursor;
    MDB_val key = store_value(after, strlen(after)), value;
    int rc = store_cursor_open(store, (enum store_table)box, &cursor);
    if (rc != 0)
        return store_failed(rc);
    rc = mdb_cursor_get(cursor, &key, &value, after[0] != '\0' ? MDB_SET_RANGE : MDB_FIRST);
    if (rc == 0 && after[0] != '\0' && key.mv_size == strlen(after) && memcmp(key.mv_data, after, key.mv_size) == 0)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    if (rc == 0 && !store_id_take(key.mv_data, key.mv_size, ret_id))
        rc = MDB_CORRUPTED;
    store_cursor_close(cursor);
    return store_failed(rc);
}

enum am_err store_count(struct store *store, uint64_t *ret_count)
{
    uint64_t count = 0;
    int rc = 0;
    for (unsigned box = 0; box < STORE_BOXES && rc == 0; box++) {
        MDB_cursor *cursor;
        MDB_stat stat;
        rc = store_cursor_open(store, (enum store_table)box, &cursor);
        if (rc != 0)
            break;
        rc = mdb_stat(mdb_cursor_txn(cursor), mdb_cursor_dbi(cursor), &stat);
        store_cursor_close(cursor);
        count += stat.ms_entries;
    }
    TRY(store_failed(rc));
    *ret_count = count;
    return AM_OK;
}

// What was kept before there was an index by case gets its rows, once.
enum am_err store_rows_index_cases(struct store *store)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_bytes done;
    enum store_box box;
    char id[STORE_ID];
    enum am_err err = AM_OK;
    arena_init(&arena, 4096);
    if (store_value_get(store, "case-index", &arena, &done) == AM_OK)
        return AM_OK;
    for (uint64_t seq = 0; (err = store_next_entry(store, &seq, &box, id)) == AM_OK; seq++) {
        struct arena AM_CLEANUP(arena_clear) room = {0};
        Amana__V1__Kept *kept;
        struct name_key key;
        struct place_row place;
        arena_init(&room, 32u * 1024 * 1024);
        TRY(store_get(store, box, id, &room, &kept));
        place_row_fill(TABLE_ENTRY, seq, (uint8_t)box, id, &place);
        if (case_key_of(kept, header_of(kept, &room), &key))
            TRY(store_rows_write(
                store, &(struct store_row){TABLE_CASE, store_value(key.bytes, key.len), place.row.value, false}, 1));
    }
    if (err != AM_NOT_FOUND)
        return err;
    return store_value_put(store, "case-index", (struct am_bytes){(const uint8_t *)"1", 1});
}
