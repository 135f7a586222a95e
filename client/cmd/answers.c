// SPDX-License-Identifier: Apache-2.0
// Walks the store for what points at a message.
#include "client/cmd/answers.h"

#include "client/cmd/print.h"
#include "client/session/seal.h"
#include "proto/log/leaf.h"
#include "proto/model/header_parts.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#define ARENA_ANSWERS (16u * 1024 * 1024)

// What is asked about, by the digests of headers: an id alone is its sender's word.
struct asked {
    uint8_t digest[LOG_HASH_SIZE];
    uint8_t root[LOG_HASH_SIZE]; // of a newer version what it answers: what ends that ends it too
};

static bool points_at(const Amana__V1__Pointer *pointer, const uint8_t digest[LOG_HASH_SIZE])
{
    return pointer != NULL && pointer->header_digest.len == LOG_HASH_SIZE &&
           memcmp(pointer->header_digest.data, digest, LOG_HASH_SIZE) == 0;
}

static enum kind_chain chain_of(const Amana__V1__Header *header)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    return kind != NULL ? (enum kind_chain)kind->chain : CHAIN_NONE;
}

static enum am_err find_asked(struct session *session, const char *id, struct asked *ret)
{
    for (unsigned box = 0; box < STORE_BOXES; box++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Kept *kept;
        Amana__V1__Header *header;
        arena_init(&arena, ARENA_ANSWERS);
        enum am_err err = store_get(session->store, (enum store_box)box, id, &arena, &kept);
        if (err == AM_NOT_FOUND)
            continue;
        TRY(err);
        TRY(seal_header(kept->message, &arena, NULL, &header));
        TRY(log_sha256(codec_bytes(kept->message->header), ret->digest));
        memcpy(ret->root, ret->digest, LOG_HASH_SIZE);
        if (chain_of(header) == CHAIN_RENEWS && header->in_reply_to != NULL &&
            header->in_reply_to->header_digest.len == LOG_HASH_SIZE)
            memcpy(ret->root, header->in_reply_to->header_digest.data, LOG_HASH_SIZE);
        return AM_OK;
    }
    return AM_NOT_FOUND;
}

static void take(struct session *session, const struct asked *asked, const char *key, const Amana__V1__Header *header,
                 const Amana__V1__Kept *kept, struct answers *answers)
{
    bool replies = points_at(header->in_reply_to, asked->digest);
    bool ours = strcmp(header->sender->unit, session->settings.value[SETTING_UNIT]) == 0;
    if (replies && header->kind == KIND(ACK) && ours) {
        answers->acknowledged = true;
        strlcpy(answers->officer, header->officer, sizeof answers->officer);
        answers->ack_ns = kept->entry != NULL ? kept->entry->time : header_time_or_0(header->written_at);
    }
    if (replies && chain_of(header) == CHAIN_RENEWS && strcmp(key, answers->newest) > 0)
        strlcpy(answers->newest, key, STORE_ID);
    if (chain_of(header) == CHAIN_ENDS && points_at(header->in_reply_to, asked->root))
        strlcpy(answers->cancel, key, STORE_ID);
    // An UPDATE that is itself asked about: a newer one supersedes it.
    if (points_at(header->supersedes, asked->digest))
        strlcpy(answers->newest, key, STORE_ID);
}

enum am_err answers_find(struct session *session, const char *id, struct answers *ret_answers)
{
    struct answers answers = {0};
    struct asked asked = {0};
    TRY(find_asked(session, id, &asked));
    strlcpy(answers.newest, id, STORE_ID);
    store_short(session->store, id, answers.shown);
    for (unsigned box = 0; box < STORE_BOXES; box++) {
        char at[STORE_ID], next[STORE_ID];
        strlcpy(at, id, sizeof at); // what answers it came later
        enum am_err err;
        while ((err = store_next(session->store, (enum store_box)box, at, next)) == AM_OK) {
            struct arena AM_CLEANUP(arena_clear) arena = {0};
            Amana__V1__Kept *kept;
            Amana__V1__Header *header;
            arena_init(&arena, ARENA_ANSWERS);
            strlcpy(at, next, sizeof at);
            TRY(store_get(session->store, (enum store_box)box, at, &arena, &kept));
            if (seal_header(kept->message, &arena, NULL, &header) == AM_OK)
                take(session, &asked, at, header, kept, &answers);
        }
        if (err != AM_NOT_FOUND)
            return err;
    }
    *ret_answers = answers;
    return AM_OK;
}

void answers_state(const struct answers *answers, const char *id, bool to_us, char ret_state[128])
{
    ret_state[0] = '\0';
    if (answers->cancel[0] != '\0')
        snprintf(ret_state, 128, "ended by %.13s", answers->cancel);
    else if (strcmp(answers->newest, id) != 0)
        snprintf(ret_state, 128, "replaced by %.13s", answers->newest);
    else if (answers->acknowledged)
        snprintf(ret_state, 128, "acknowledged by %.31s", print_officer(answers->officer));
    else if (to_us)
        snprintf(ret_state, 128, "to be acknowledged: `amana ack %s`", answers->shown);
}
