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

static void take(struct session *session, const char *id, const Amana__V1__Header *header, const Amana__V1__Kept *kept,
                 struct answers *answers)
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
    if (replies && header->kind == KIND(CANCEL))
        strlcpy(answers->cancel, header->id, STORE_ID);
    // An UPDATE that is itself asked about: a newer one supersedes it.
    if (header->supersedes != NULL && strcmp(header->supersedes->id, id) == 0)
        strlcpy(answers->newest, header->id, STORE_ID);
}

enum am_err answers_find(struct session *session, const char *id, struct answers *ret_answers)
{
    struct answers answers = {0};
    strlcpy(answers.newest, id, STORE_ID);
    for (unsigned box = 0; box < STORE_BOXES; box++) {
        char at[STORE_ID], next[STORE_ID];
        strlcpy(at, id, sizeof at); // what answers it came later
        enum am_err err;
        while ((err = store_next(session->store, (enum store_box)box, at, next)) == AM_OK) {
            struct arena AM_CLEANUP(arena_clear) arena;
            Amana__V1__Kept *kept;
            Amana__V1__Header *header;
            arena_init(&arena, ARENA_ANSWERS);
            strlcpy(at, next, sizeof at);
            TRY(store_get(session->store, (enum store_box)box, at, &arena, &kept));
            if (seal_header(kept->message, &arena, NULL, &header) == AM_OK)
                take(session, id, header, kept, &answers);
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
