// SPDX-License-Identifier: Apache-2.0
// Rows of news.
#include "client/session/news.h"

#include "client/session/store_rows.h"

#include <endian.h>
#include <string.h>

enum am_err news_next(struct store *store, uint64_t seq, struct news *ret_news)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_bytes key, value;
    struct news news = {0};
    uint64_t from = htobe64(seq);
    arena_init(&arena, 4096);
    TRY(store_rows_seek(store, TABLE_NEWS, MDB_SET_RANGE, store_value(&from, sizeof from), &arena, &key, &value));
    if (key.len != sizeof from || value.len < 1 || value.len > sizeof news.id ||
        (value.data[0] != NEWS_NOTICE && value.data[0] >= STORE_BOXES))
        return AM_CORRUPT;
    TRY(store_seq(key, &news.seq));
    news.notice = value.data[0] == NEWS_NOTICE;
    news.box = news.notice ? STORE_INBOX : (enum store_box)value.data[0];
    memcpy(news.id, value.data + 1, value.len - 1);
    *ret_news = news;
    return AM_OK;
}

enum am_err news_remove(struct store *store, uint64_t seq)
{
    uint64_t key = htobe64(seq);
    return store_rows_write(store, &(struct store_row){TABLE_NEWS, store_value(&key, sizeof key), {0, NULL}, false}, 1);
}
