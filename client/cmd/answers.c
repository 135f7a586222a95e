// SPDX-License-Identifier: Apache-2.0
// Walks the store for what points at a message.
#include "client/cmd/answers.h"

#include "client/cmd/print.h"
#include "client/session/seal.h"
#include "proto/model/header_parts.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#define ARENA_ANSWERS (16u * 1024 * 1024)

// The root of an UPDATE is the alert that it answers: what ends that ends it too.
static void find_root(struct session *session, const char *id, char ret_root[STORE_ID])
{
    strlcpy(ret_root, id, STORE_ID);
    for (unsigned box = 0; box < STORE_BOXES; box++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Kept *kept;
        Amana__V1__Header *header;
        arena_init(&arena, ARENA_ANSWERS);
        if (store_get(session->store, (enum store_box)box, id, &arena, &kept) == AM_OK &&
            seal_header(kept->message, &arena, NULL, &header) == AM_OK && header->kind == KIND(UPDATE) &&
            header->in_reply_to != NULL)
            strlcpy(ret_root, header->in_reply_to->id, STORE_ID);
    }
}

static void take(struct session *session, const char *id, const char *root, const Amana__V1__Header *header,
                 const Amana__V1__Kept *kept, struct answers *answers)
{
    bool replies = header->in_reply_to != NULL && strcmp(header->in_reply_to->id, id) == 0;
    bool ours = strcmp(header->sender->unit, session->settings.value[SETTING_UNIT]) == 0;
    if (replies && header->kind == KIND(ACK) && ours) {
        answers->acknowledged = true;
        strlcpy(answers->officer, header->officer, sizeof answers->officer);
        answers->ack_ns = kept->entry != NULL ? kept->entry->time : header_time_or_0(header->written_at);
    }
    if (replies && header->kind == KIND(UPDATE) && strcmp(header->id, answers->newest) > 0)
        strlcpy(answers->newest, header->id, STORE_ID);
    if (header->kind == KIND(CANCEL) && header->in_reply_to != NULL && strcmp(header->in_reply_to->id, root) == 0)
        strlcpy(answers->cancel, header->id, STORE_ID);
    // An UPDATE that is itself asked about: a newer one supersedes it.
    if (header->supersedes != NULL && strcmp(header->supersedes->id, id) == 0)
        strlcpy(answers->newest, header->id, STORE_ID);
}

enum am_err answers_find(struct session *session, const char *id, struct answers *ret_answers)
{
    struct answers answers = {0};
    char root[STORE_ID];
    find_root(session, id, root);
    strlcpy(answers.newest, id, STORE_ID);
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
                take(session, id, root, header, kept, &answers);
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
        snprintf(ret_state, 128, "to be acknowledged: `amana ack %.13s`", id);
}
