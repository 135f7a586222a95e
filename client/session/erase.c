// SPDX-License-Identifier: Apache-2.0
// Walks the boxes for what is named, and writes each row anew without its body.
#include "client/session/erase.h"

#include "certs/clock.h"
#include "client/session/seal.h"
#include "proto/codec/timestamp.h"
#include "proto/log/leaf.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <string.h>

#define ARENA_ERASE (16u * 1024 * 1024)

bool erase_asked(const Amana__V1__Header *header)
{
    return header->in_reply_to != NULL && (header->kind == KIND(ERASURE) ||
                                           kind_asks_confirm((unsigned)header->kind, (unsigned)header->outcome));
}

static bool points_at(const Amana__V1__Pointer *pointer, const uint8_t digest[LOG_HASH_SIZE])
{
    return pointer != NULL && pointer->header_digest.len == LOG_HASH_SIZE &&
           memcmp(pointer->header_digest.data, digest, LOG_HASH_SIZE) == 0;
}

static bool same_pointer(const Amana__V1__Pointer *one, const Amana__V1__Pointer *other)
{
    return other->header_digest.len == LOG_HASH_SIZE && points_at(one, other->header_digest.data);
}

// The message itself, or a version of an alert that is named by its first.
static bool is_named(const Amana__V1__Header *by, const Amana__V1__Kept *kept, const Amana__V1__Header *header)
{
    uint8_t digest[LOG_HASH_SIZE];
    const struct kind *kind = kind_get((unsigned)header->kind);
    if (log_sha256(codec_bytes(kept->message->header), digest) != AM_OK)
        return false;
    bool named = points_at(by->in_reply_to, digest);
    for (size_t i = 0; i < by->n_references && by->kind == KIND(ERASURE); i++)
        named |= points_at(by->references[i], digest);
    if (named || by->kind == KIND(ERASURE)) // which names each version itself
        return named;
    return kind != NULL && kind->chain == CHAIN_RENEWS && header->in_reply_to != NULL &&
           same_pointer(by->in_reply_to, header->in_reply_to);
}

static enum am_err erase_row(struct session *session, const Amana__V1__Header *by, enum store_box box, const char *id,
                             unsigned *n)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    Google__Protobuf__Timestamp now;
    arena_init(&arena, ARENA_ERASE);
    TRY(store_get(session->store, box, id, &arena, &kept));
    if (kept->message == NULL || kept->message->sealed_body.len == 0 ||
        seal_header(kept->message, &arena, NULL, &header) != AM_OK || !is_named(by, kept, header))
        return AM_OK;
    timestamp_from_ns(clock_utc(), &now);
    kept->message->sealed_body = (ProtobufCBinaryData){0, NULL};
    kept->fault = kept->fault_text = (char *)"";
    kept->erased_by = by->id;
    kept->erased_at = &now;
    (*n)++;
    return store_put(session->store, box, id, kept);
}

enum am_err erase_named(struct session *session, const Amana__V1__Header *header, unsigned *ret_n)
{
    static const enum store_box BOXES[] = {STORE_INBOX, STORE_SENT};
    unsigned n = 0;
    for (size_t i = 0; i < AM_LEN(BOXES) && erase_asked(header); i++) {
        char at[STORE_ID] = "", next[STORE_ID];
        enum am_err err;
        while ((err = store_next(session->store, BOXES[i], at, next)) == AM_OK) {
            strlcpy(at, next, sizeof at);
            TRY(erase_row(session, header, BOXES[i], at, &n));
        }
        if (err != AM_NOT_FOUND)
            return err;
    }
    if (ret_n != NULL)
        *ret_n = n;
    return AM_OK;
}

enum am_err erase_said(struct session *session, const Amana__V1__Header *header)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    Amana__V1__Header *asked;
    if (header->kind == KIND(ERASURE))
        return erase_named(session, header, NULL);
    if (header->kind != KIND(CONFIRM) || header->outcome != OUTCOME(DONE) || header->in_reply_to == NULL)
        return AM_OK;
    arena_init(&arena, ARENA_ERASE);
    enum am_err err = store_get(session->store, STORE_INBOX, header->in_reply_to->id, &arena, &kept);
    if (err == AM_NOT_FOUND)
        return AM_OK; // it will come, and be confirmed from here
    TRY(err);
    if (!log_sha256_is(codec_bytes(kept->message->header), codec_bytes(header->in_reply_to->header_digest)) ||
        seal_header(kept->message, &arena, NULL, &asked) != AM_OK)
        return AM_OK;
    return erase_named(session, asked, NULL);
}
