// SPDX-License-Identifier: Apache-2.0
// Deadlines that have passed and were not met since.
#include "client/cmd/overdue.h"

#include "client/cmd/command.h"
#include "client/session/store_notice.h"
#include "proto/codec/codec.h"
#include "proto/model/life.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1 // a failed HASH_ADD leaves hh.tbl NULL
#include <uthash.h>

#define KEY (STORE_ID + LIMIT_ADDRESS + 16u)
struct passed {
    UT_hash_handle hh;
    char key[KEY];
};

struct overdue {
    struct passed *passed;
};

// Of one message a recipient has several: what acknowledges it need not answer it.
static const Amana__V1__DeadlineOf__Code CLOCKS[] = {AMANA__V1__DEADLINE_OF__CODE__ACK,
                                                     AMANA__V1__DEADLINE_OF__CODE__ANSWER};

// false: too long to be of anything that is kept.
static bool key_of(Amana__V1__DeadlineOf__Code what, const char *id, const char *recipient, char ret_key[KEY])
{
    int len = snprintf(ret_key, KEY, "%u %s %s", (unsigned)what, id, recipient);
    return len > 0 && (size_t)len < KEY;
}

static enum am_err note(struct overdue *overdue, Amana__V1__DeadlineOf__Code what, const char *id,
                        const char *recipient, bool is)
{
    char key[KEY];
    struct passed *row;
    if (!key_of(what, id, recipient, key))
        return AM_OK;
    HASH_FIND_STR(overdue->passed, key, row);
    if (row != NULL && !is) {
        HASH_DEL(overdue->passed, row);
        free(row);
    }
    if (row != NULL || !is)
        return AM_OK;
    row = calloc(1, sizeof *row);
    if (row == NULL)
        return AM_NOMEM;
    strlcpy(row->key, key, sizeof row->key);
    HASH_ADD_STR(overdue->passed, key, row);
    if (row->hh.tbl != NULL)
        return AM_OK;
    free(row);
    return AM_NOMEM;
}

// Over, by the version that it is about; or its root's clock stands still, or goes on and has not passed since.
static enum am_err moved_take(struct overdue *overdue, const Amana__V1__StateEntry *state, const Amana__V1__Move *move)
{
    bool over = move->to == LIFE(EXPIRED) || move->root == NULL;
    for (size_t i = 0; i < AM_LEN(CLOCKS); i++)
        TRY(note(overdue, CLOCKS[i], over ? state->message->id : move->root->id, move->recipient, false));
    return AM_OK;
}

static enum am_err deadline_take(struct overdue *overdue, const Amana__V1__DeadlineEntry *deadline)
{
    for (size_t i = 0; i < deadline->n_clocks; i++)
        for (size_t j = 0; j < AM_LEN(CLOCKS); j++)
            if (deadline->clocks[i]->what == CLOCKS[j])
                TRY(note(overdue, CLOCKS[j], deadline->message->id, deadline->recipient, deadline->met_by == NULL));
    return AM_OK;
}

static enum am_err notice_take(struct overdue *overdue, const Amana__V1__EntryContent *content)
{
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE && content->deadline->message != NULL)
        return deadline_take(overdue, content->deadline);
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_STATE && content->state->message != NULL)
        for (size_t i = 0; i < content->state->n_moves; i++)
            TRY(moved_take(overdue, content->state, content->state->moves[i]));
    return AM_OK;
}

enum am_err overdue_read(struct store *store, struct overdue **ret_overdue)
{
    struct overdue *overdue = calloc(1, sizeof *overdue);
    enum am_err err = overdue != NULL ? AM_OK : AM_NOMEM;
    for (uint64_t seq = 0; err == AM_OK; seq++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__KeptNotice *notice;
        Amana__V1__EntryContent *content;
        arena_init(&arena, ARENA_VERB);
        err = store_notice_next(store, &seq, &arena, &notice);
        if (err == AM_OK)
            err = codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(notice->entry->content),
                               &arena, NULL, (ProtobufCMessage **)&content);
        if (err == AM_OK && notice->fault[0] == '\0')
            err = notice_take(overdue, content);
    }
    if (err != AM_NOT_FOUND) {
        overdue_free(overdue);
        return err;
    }
    *ret_overdue = overdue;
    return AM_OK;
}

void overdue_free(struct overdue *overdue)
{
    struct passed *row, *next;
    if (overdue == NULL)
        return;
    HASH_ITER (hh, overdue->passed, row, next) {
        HASH_DEL(overdue->passed, row);
        free(row);
    }
    free(overdue);
}

bool overdue_is(const struct overdue *overdue, const char *id, const char *recipient)
{
    for (size_t i = 0; i < AM_LEN(CLOCKS); i++) {
        char key[KEY];
        const struct passed *row = NULL;
        if (key_of(CLOCKS[i], id, recipient, key))
            HASH_FIND_STR(overdue->passed, key, row);
        if (row != NULL)
            return true;
    }
    return false;
}
