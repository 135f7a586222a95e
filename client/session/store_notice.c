// SPDX-License-Identifier: Apache-2.0
// Notices, and by which message they are retrievals.
#include "client/session/store_notice.h"

#include "client/session/news.h"
#include "client/session/retrieved.h"
#include "client/session/store_rows.h"

#include "proto/codec/codec.h"

#include <endian.h>
#include <string.h>

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
enum am_err store_rows_index_retrievals(struct store *store)
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
