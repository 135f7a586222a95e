// SPDX-License-Identifier: Apache-2.0
// The client's store over LMDB: each write one transaction, synced.
#include "client/session/news.h"
#include "client/session/retrieved.h"
#include "client/session/store_rows.h"

#include "proto/codec/codec.h"
#include "proto/model/header_parts.h"
#include "proto/model/kind.h"
#include "proto/model/limits.h"

#include <bsd/string.h>
#include <endian.h>
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
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

static enum am_err index_cases(struct store *store);
static enum am_err index_retrievals(struct store *store);

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
        err = index_cases(store);
    if (err == AM_OK)
        err = index_retrievals(store);
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

// What has a name and a number: a case's messages in the order of the log, a unit's rosters.
struct name_key {
    uint8_t bytes[STORE_CASE + 1 + 8];
    size_t len;
};
_Static_assert(LIMIT_ADDRESS <= STORE_CASE, "a unit's name fits where a case's does");

static struct name_key name_key(const char *name, uint64_t number)
{
    struct name_key key = {0};
    size_t len = strnlen(name, STORE_CASE) + 1;
    uint64_t be = htobe64(number);
    memcpy(key.bytes, name, len - 1);
    memcpy(key.bytes + len, &be, 8);
    key.len = len + 8;
    return key;
}

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
    *ret_key = name_key(header->case_ref, kept->entry->index);
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

#define PERSON_KEY (STORE_PERSON + 1 + STORE_ID)

static size_t person_key(const uint8_t row[STORE_PERSON], enum store_box box, const char *id,
                         uint8_t ret_key[PERSON_KEY])
{
    size_t len = strnlen(id, STORE_ID - 1);
    memcpy(ret_key, row, STORE_PERSON);
    ret_key[STORE_PERSON] = (uint8_t)box;
    memcpy(ret_key + STORE_PERSON + 1, id, len);
    return STORE_PERSON + 1 + len;
}

// A message's rows in the index of persons: put for `box`, or taken away; `keys` holds their bytes.
static size_t person_rows(const Amana__V1__Kept *kept, enum store_box box, const char *id, bool put,
                          uint8_t (*keys)[PERSON_KEY], struct store_row *ret_rows)
{
    size_t count = 0;
    for (size_t i = 0; i < kept->n_persons; i++) {
        if (kept->persons[i].len != STORE_PERSON)
            continue;
        size_t len = person_key(kept->persons[i].data, box, id, keys[i]);
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

static enum am_err write_rows(const struct writing *writing, struct store_row *rows, uint8_t (*keys)[PERSON_KEY])
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
    uint8_t(*keys)[PERSON_KEY] = calloc(n + 1, sizeof *keys);
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
    uint8_t(*keys)[PERSON_KEY] = calloc(kept->n_persons + 1, sizeof *keys);
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

// An id as a row has it, which a NUL would cut short: a walk that asks for the next one would find it again.
static bool id_take(const void *data, size_t len, char ret_id[STORE_ID])
{
    if (len == 0 || len >= STORE_ID || memchr(data, '\0', len) != NULL)
        return false;
    memcpy(ret_id, data, len);
    ret_id[len] = '\0';
    return true;
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
    if (rc == 0 && !id_take(key.mv_data, key.mv_size, ret_id))
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

// "box, id" of an index.
static enum am_err place_read(struct am_bytes value, enum store_box *ret_box, char ret_id[STORE_ID])
{
    if (value.len < 2 || value.data[0] >= STORE_BOXES || !id_take(value.data + 1, value.len - 1, ret_id))
        return AM_CORRUPT;
    *ret_box = (enum store_box)value.data[0];
    return AM_OK;
}

static enum am_err entry_seek(struct store *store, MDB_cursor_op op, uint64_t *seq, enum store_box *ret_box,
                              char ret_id[STORE_ID])
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_bytes key, value;
    uint64_t at = htobe64(*seq);
    arena_init(&arena, 4096);
    TRY(store_rows_seek(store, TABLE_ENTRY, op, store_value(&at, sizeof at), &arena, &key, &value));
    if (key.len != sizeof at)
        return AM_CORRUPT;
    TRY(place_read(value, ret_box, ret_id));
    return store_seq(key, seq);
}

enum am_err store_at_entry(struct store *store, uint64_t seq, enum store_box *ret_box, char ret_id[STORE_ID])
{
    return entry_seek(store, MDB_SET_KEY, &seq, ret_box, ret_id);
}

enum am_err store_next_entry(struct store *store, uint64_t *seq, enum store_box *ret_box, char ret_id[STORE_ID])
{
    return entry_seek(store, MDB_SET_RANGE, seq, ret_box, ret_id);
}

enum am_err store_next_of_case(struct store *store, const char *case_ref, uint64_t *seq, enum store_box *ret_box,
                               char ret_id[STORE_ID])
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct name_key wanted = name_key(case_ref, *seq);
    struct am_bytes key, value;
    arena_init(&arena, 4096);
    TRY(store_rows_seek(store, TABLE_CASE, MDB_SET_RANGE, store_value(wanted.bytes, wanted.len), &arena, &key, &value));
    if (key.len != wanted.len || memcmp(key.data, wanted.bytes, wanted.len - 8) != 0)
        return AM_NOT_FOUND;
    TRY(place_read(value, ret_box, ret_id));
    return store_seq(key, seq);
}

// What was kept before there was an index by case gets its rows, once.
static enum am_err index_cases(struct store *store)
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

enum am_err store_next_person(struct store *store, struct store_person *at)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    uint8_t from[PERSON_KEY], digest[STORE_PERSON_DIGEST];
    bool first = at->id[0] == '\0';
    size_t len = first ? sizeof digest : person_key(at->row, at->box, at->id, from);
    memcpy(digest, at->row, sizeof digest);
    int rc = store_cursor_open(store, TABLE_PERSON, &cursor);
    if (rc != 0)
        return store_failed(rc);
    key = first ? store_value(digest, len) : store_value(from, len);
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (rc == 0 && key.mv_size == len && !first && memcmp(key.mv_data, from, len) == 0)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    const uint8_t *found = key.mv_data;
    if (rc == 0 && (key.mv_size < sizeof digest || memcmp(found, digest, sizeof digest) != 0))
        rc = MDB_NOTFOUND;
    if (rc == 0 && (key.mv_size <= STORE_PERSON + 1 || found[STORE_PERSON] >= STORE_BOXES ||
                    !id_take(found + STORE_PERSON + 1, key.mv_size - STORE_PERSON - 1, at->id)))
        rc = MDB_CORRUPTED;
    if (rc == 0) {
        memcpy(at->row, found, STORE_PERSON);
        at->box = (enum store_box)found[STORE_PERSON];
    }
    store_cursor_close(cursor);
    return store_failed(rc);
}

enum am_err store_persons_clear(struct store *store)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc != 0)
        return store_failed(rc);
    rc = mdb_drop(txn, store->tables[TABLE_PERSON], 0);
    if (rc == 0)
        return store_failed(mdb_txn_commit(txn));
    mdb_txn_abort(txn);
    return store_failed(rc);
}

// Collects the ids of one box that begin so.
static enum am_err find_in(struct store *store, enum store_box box, const char *beginning, struct am_detail *detail,
                           unsigned *found, enum store_box *ret_box, char ret_id[STORE_ID])
{
    char at[STORE_ID] = "", id[STORE_ID];
    size_t len = strlen(beginning);
    enum am_err err;
    if (len > 1) // those after all that is shorter by one, as the next one is asked for after a key
        snprintf(at, sizeof at, "%.*s", (int)len - 1, beginning);
    while ((err = store_next(store, box, at, id)) == AM_OK) {
        strlcpy(at, id, sizeof at);
        if (strncmp(id, beginning, len) > 0)
            break;
        if (strncmp(id, beginning, len) != 0 || (*found > 0 && strcmp(id, ret_id) == 0))
            continue;
        if (*found < 4 && detail != NULL) {
            strlcat(detail->text, *found > 0 ? ", " : "", sizeof detail->text);
            strlcat(detail->text, id, sizeof detail->text);
        }
        (*found)++;
        strlcpy(ret_id, id, STORE_ID);
        *ret_box = box;
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

enum am_err store_find(struct store *store, unsigned boxes, const char *beginning, struct am_detail *detail,
                       enum store_box *ret_box, char ret_id[STORE_ID])
{
    struct am_detail local = {0};
    char id[STORE_ID] = "";
    unsigned found = 0;
    if (beginning[0] == '\0') // would be that of any
        return am_fail(AM_USAGE, detail, "",
                       "an ID is needed, or its beginning: `amana inbox` and `amana sent` show them");
    for (unsigned box = 0; box < STORE_BOXES; box++)
        if ((boxes & 1u << box) != 0)
            TRY(find_in(store, (enum store_box)box, beginning, &local, &found, ret_box, id));
    if (found == 0)
        return am_fail(AM_NOT_FOUND, detail, beginning, "no message here has an id that begins so");
    if (found > 1)
        return am_fail(AM_CONFLICT, detail, beginning, "%u ids begin so (%.200s): write more of it", found, local.text);
    strlcpy(ret_id, id, STORE_ID);
    return AM_OK;
}

// The rows of messages that share an id differ in the digit of the UUID's version: 7, and 8 where it was made here.
#define VERSION_AT 14

void store_short(struct store *store, const char *id, char ret_short[STORE_ID])
{
    char made[STORE_ID], next[STORE_ID];
    bool shared = strlen(id) > VERSION_AT && id[VERSION_AT] == '8';
    snprintf(made, sizeof made, "%.13s-8", id);
    for (unsigned box = 0; box < STORE_BOXES && !shared; box++)
        shared = store_next(store, (enum store_box)box, made, next) == AM_OK && strncmp(next, made, strlen(made)) == 0;
    snprintf(ret_short, STORE_ID, "%.*s", shared ? 18 : 13, id);
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

// --- Notices, and by which message they are retrievals
#define RETRIEVAL_KEY 16u

static void retrieval_key(uint64_t message, uint64_t notice, uint8_t ret_key[RETRIEVAL_KEY])
{
    uint64_t be[] = {htobe64(message), htobe64(notice)};
    memcpy(ret_key, be, RETRIEVAL_KEY);
}

// One for each message that it names; *ret_rows in the arena, with room for `more` behind them. Of another notice:
// none.
static enum am_err retrieval_rows(uint64_t seq, const Amana__V1__KeptNotice *notice, size_t more, struct arena *arena,
                                  struct store_row **ret_rows, size_t *ret_n)
{
    Amana__V1__EntryContent *content;
    const Amana__V1__Retrieved *statement = NULL;
    if (notice->entry != NULL &&
        codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(notice->entry->content), arena,
                     NULL, (ProtobufCMessage **)&content) == AM_OK)
        statement = retrieved_read(content, arena);
    *ret_n = statement != NULL ? statement->n_messages : 0;
    *ret_rows = arena_array(arena, *ret_n + more, sizeof **ret_rows);
    uint8_t(*keys)[RETRIEVAL_KEY] = arena_array(arena, *ret_n + 1, sizeof *keys);
    if (*ret_rows == NULL || keys == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < *ret_n; i++) {
        retrieval_key(statement->messages[i]->seq, seq, keys[i]);
        (*ret_rows)[i] =
            (struct store_row){TABLE_RETRIEVAL, store_value(keys[i], RETRIEVAL_KEY), store_value("", 0), false};
    }
    return AM_OK;
}

#define ARENA_NOTICE (2u * 1024 * 1024)

enum am_err store_notice_put(struct store *store, uint64_t seq, const Amana__V1__KeptNotice *notice)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct place_row news;
    struct store_row *rows;
    struct am_bytes data;
    size_t n;
    arena_init(&arena, ARENA_NOTICE);
    TRY(codec_encode(&notice->base, &arena, &data));
    TRY(retrieval_rows(seq, notice, 2, &arena, &rows, &n));
    place_row_fill(TABLE_NEWS, seq, NEWS_NOTICE, "", &news);
    rows[n++] = (struct store_row){TABLE_NOTICE, news.row.key, store_value(data.data, data.len), true};
    rows[n++] = news.row;
    enum am_err err = store_rows_write(store, rows, n);
    return err == AM_EXISTS ? AM_OK : err;
}

// Of a store that an earlier program made; later ones have it from the beginning.
static enum am_err index_retrievals(struct store *store)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_bytes done;
    enum am_err err = AM_OK;
    arena_init(&arena, 4096);
    if (store_value_get(store, "retrieval-index", &arena, &done) == AM_OK)
        return AM_OK;
    for (uint64_t seq = 0; err == AM_OK; seq++) {
        struct arena AM_CLEANUP(arena_clear) room = {0};
        Amana__V1__KeptNotice *notice;
        struct store_row *rows;
        size_t n;
        arena_init(&room, 2 * ARENA_NOTICE);
        err = store_notice_next(store, &seq, &room, &notice);
        if (err == AM_OK)
            err = retrieval_rows(seq, notice, 0, &room, &rows, &n);
        if (err == AM_OK && n > 0)
            err = store_rows_write(store, rows, n);
    }
    if (err != AM_NOT_FOUND)
        return err;
    return store_value_put(store, "retrieval-index", (struct am_bytes){(const uint8_t *)"1", 1});
}

enum am_err store_retrieval_next(struct store *store, uint64_t message, uint64_t *seq, struct arena *arena,
                                 Amana__V1__KeptNotice **ret_notice)
{
    struct am_bytes key, value;
    uint8_t from[RETRIEVAL_KEY];
    uint64_t be;
    retrieval_key(message, *seq, from);
    TRY(store_rows_seek(store, TABLE_RETRIEVAL, MDB_SET_RANGE, store_value(from, sizeof from), arena, &key, &value));
    if (key.len != RETRIEVAL_KEY)
        return AM_CORRUPT;
    if (memcmp(key.data, from, 8) != 0)
        return AM_NOT_FOUND;
    memcpy(&be, key.data + 8, 8);
    *seq = be64toh(be);
    uint64_t at = *seq;
    TRY(store_notice_next(store, &at, arena, ret_notice));
    return at == *seq ? AM_OK : AM_CORRUPT;
}

enum am_err store_notice_next(struct store *store, uint64_t *seq, struct arena *arena,
                              Amana__V1__KeptNotice **ret_notice)
{
    uint64_t from = htobe64(*seq);
    struct am_bytes key, value;
    TRY(store_rows_seek(store, TABLE_NOTICE, MDB_SET_RANGE, store_value(&from, 8), arena, &key, &value));
    if (key.len != 8)
        return AM_CORRUPT;
    enum am_err err = codec_decode(&amana__v1__kept_notice__descriptor, CODEC_LENIENT, value, arena, NULL,
                                   (ProtobufCMessage **)ret_notice);
    if (err != AM_OK)
        return err == AM_NOMEM ? err : AM_CORRUPT;
    return store_seq(key, seq);
}

enum am_err store_roster_put(struct store *store, const char *unit, uint64_t number, struct am_bytes bytes)
{
    struct name_key key = name_key(unit, number);
    return store_rows_write(
        store,
        &(struct store_row){TABLE_ROSTER, store_value(key.bytes, key.len), store_value(bytes.data, bytes.len), false},
        1);
}

// The highest number of a unit: one step back from the end of its rows.
static enum am_err roster_newest(struct store *store, const char *unit, uint64_t *ret_number)
{
    struct name_key end = name_key(unit, UINT64_MAX);
    MDB_val key = store_value(end.bytes, end.len), value;
    MDB_cursor *cursor;
    uint64_t number = 0;
    int rc = store_cursor_open(store, TABLE_ROSTER, &cursor);
    if (rc != 0)
        return store_failed(rc);
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    rc = mdb_cursor_get(cursor, &key, &value, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
    if (rc == 0 && (key.mv_size != end.len || memcmp(key.mv_data, end.bytes, end.len - 8) != 0))
        rc = MDB_NOTFOUND;
    if (rc == 0)
        memcpy(&number, (uint8_t *)key.mv_data + end.len - 8, 8);
    store_cursor_close(cursor);
    if (rc == 0)
        *ret_number = be64toh(number);
    return store_failed(rc);
}

enum am_err store_roster_get(struct store *store, const char *unit, uint64_t number, struct arena *arena,
                             struct am_bytes *ret_bytes)
{
    struct am_bytes found;
    if (number == 0)
        TRY(roster_newest(store, unit, &number));
    struct name_key key = name_key(unit, number);
    return store_rows_seek(store, TABLE_ROSTER, MDB_SET_KEY, store_value(key.bytes, key.len), arena, &found, ret_bytes);
}
