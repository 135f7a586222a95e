// SPDX-License-Identifier: Apache-2.0
// A pool of messages: the client's own composing, done before the clock runs.
#include "pool.h"

#include "client/session/compose.h"
#include "proto/codec/codec.h"
#include "proto/codec/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL_ARENA (4u * 1024 * 1024)

void pool_clear(struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        free(pool->messages[i].data);
    free(pool->messages);
    *pool = (struct pool){0};
}

static enum am_err read_draft(const char *file, struct arena *arena, struct am_detail *detail,
                              Amana__V1__Draft **ret_draft)
{
    char text[16384];
    FILE *in = fopen(file, "r");
    if (in == NULL)
        return am_fail(AM_IO, detail, file, "%s", strerror(errno));
    size_t len = fread(text, 1, sizeof text, in);
    fclose(in);
    return json_to_message(&amana__v1__draft__descriptor, (struct am_bytes){(uint8_t *)text, len}, arena, detail,
                           (ProtobufCMessage **)ret_draft);
}

static enum am_err make_one(struct session *session, const Amana__V1__Draft *draft, struct am_detail *detail,
                            struct pool_message *ret_message)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct compose compose = {.draft = draft};
    Amana__V1__Message *message;
    Amana__V1__Header *header;
    enum reason reason;
    arena_init(&arena, POOL_ARENA);
    TRY(compose_message(session, &compose, &arena, detail, &reason, &message));
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, codec_bytes(message->header), &arena, detail,
                     (ProtobufCMessage **)&header));
    snprintf(ret_message->id, sizeof ret_message->id, "%s", header->id);
    return codec_encode_alloc(&message->base, &ret_message->data, &ret_message->len);
}

enum am_err pool_make(struct session *session, const char *draft_file, size_t count, bool kept,
                      struct am_detail *detail, struct pool *ret_pool)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Draft *draft;
    struct pool pool = {calloc(count, sizeof *pool.messages), 0};
    arena_init(&arena, 1024 * 1024);
    enum am_err err = pool.messages == NULL ? AM_NOMEM : read_draft(draft_file, &arena, detail, &draft);
    if (err == AM_OK && !kept)
        err = session_connect(session, detail);
    while (err == AM_OK && pool.count < count) {
        err = make_one(session, draft, detail, &pool.messages[pool.count]);
        if (err == AM_OK)
            pool.count++;
        session_disconnect(session); // the first one has brought the rosters
    }
    if (err != AM_OK) {
        pool_clear(&pool);
        return err;
    }
    *ret_pool = pool;
    return AM_OK;
}

enum am_err pool_save(const struct pool *pool, const char *file, struct am_detail *detail)
{
    FILE *out = fopen(file, "w");
    bool written = out != NULL;
    for (size_t i = 0; written && i < pool->count; i++) {
        const struct pool_message *message = &pool->messages[i];
        uint32_t len = (uint32_t)message->len;
        uint8_t size[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
        written = fwrite(message->id, 36, 1, out) == 1 && fwrite(size, 4, 1, out) == 1 &&
                  fwrite(message->data, len, 1, out) == 1;
    }
    if (out != NULL && fclose(out) != 0)
        written = false;
    return written ? AM_OK : am_fail(AM_IO, detail, file, "%s", strerror(errno));
}

static enum am_err load_one(FILE *in, const uint8_t head[40], struct pool *pool)
{
    size_t len = (size_t)head[36] << 24 | (size_t)head[37] << 16 | (size_t)head[38] << 8 | head[39];
    if (len == 0 || len > LIMIT_MESSAGE)
        return AM_PROTO;
    struct pool_message *grown = realloc(pool->messages, (pool->count + 1) * sizeof *grown);
    if (grown == NULL)
        return AM_NOMEM;
    pool->messages = grown;
    struct pool_message *message = &grown[pool->count];
    *message = (struct pool_message){.data = malloc(len), .len = len};
    if (message->data == NULL)
        return AM_NOMEM;
    memcpy(message->id, head, 36);
    pool->count++;
    return fread(message->data, len, 1, in) == 1 ? AM_OK : AM_PROTO;
}

enum am_err pool_load(const char *file, struct am_detail *detail, struct pool *ret_pool)
{
    uint8_t head[40];
    struct pool pool = {0};
    FILE *in = fopen(file, "r");
    if (in == NULL)
        return am_fail(AM_IO, detail, file, "%s", strerror(errno));
    enum am_err err = AM_OK;
    while (err == AM_OK && fread(head, sizeof head, 1, in) == 1)
        err = load_one(in, head, &pool);
    fclose(in);
    if (err != AM_OK) {
        pool_clear(&pool);
        return am_fail(err, detail, file, "%s", am_err_text(err));
    }
    *ret_pool = pool;
    return AM_OK;
}
