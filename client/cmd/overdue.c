// SPDX-License-Identifier: Apache-2.0
// Deadlines that have passed and were not met since.
#include "client/cmd/overdue.h"

#include "client/cmd/command.h"
#include "client/session/store_notice.h"
#include "proto/codec/codec.h"
#include "proto/model/life.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1 // a failed HASH_ADD leaves hh.tbl NULL
#include <uthash.h>

struct passed {
    UT_hash_handle hh;
    size_t id_len;
    char key[]; // id and recipient
};

struct overdue {
    struct passed *passed;
};

static enum am_err note(struct overdue *overdue, const char *id, const char *recipient, bool is)
{
    size_t id_len = strlen(id), len = id_len + 1 + strlen(recipient);
    struct passed *row = calloc(1, sizeof *row + len + 1), *there;
    if (row == NULL)
        return AM_NOMEM;
    row->id_len = id_len;
    memcpy(row->key, id, id_len);
    row->key[id_len] = ' ';
    memcpy(row->key + id_len + 1, recipient, strlen(recipient));
    HASH_FIND(hh, overdue->passed, row->key, len, there);
    if (there != NULL && !is) {
        HASH_DEL(overdue->passed, there);
        free(there);
    }
    if (there != NULL || !is) {
        free(row);
        return AM_OK;
    }
    HASH_ADD_KEYPTR(hh, overdue->passed, row->key, len, row);
    if (row->hh.tbl != NULL)
        return AM_OK;
    free(row);
    return AM_NOMEM;
}

// Over, by the version that it is about; or its root's clock stands still, or goes on and has not passed since.
static enum am_err moved_take(struct overdue *overdue, const Amana__V1__StateEntry *state, const Amana__V1__Move *move)
{
    bool over = move->to == LIFE(EXPIRED) || move->root == NULL;
    return note(overdue, over ? state->message->id : move->root->id, move->recipient, false);
}

static enum am_err notice_take(struct overdue *overdue, const Amana__V1__EntryContent *content)
{
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE && content->deadline->message != NULL &&
        content->deadline->n_clocks > 0) {
        const Amana__V1__DeadlineEntry *deadline = content->deadline;
        Amana__V1__DeadlineOf__Code what = deadline->clocks[0]->what;
        if (what == AMANA__V1__DEADLINE_OF__CODE__ACK || what == AMANA__V1__DEADLINE_OF__CODE__ANSWER)
            return note(overdue, deadline->message->id, deadline->recipient, deadline->met_by == NULL);
    }
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

unsigned overdue_count(const struct overdue *overdue, const char *id)
{
    const struct passed *row;
    unsigned n = 0;
    for (row = overdue->passed; row != NULL; row = row->hh.next)
        n += row->id_len == strlen(id) && memcmp(row->key, id, row->id_len) == 0;
    return n;
}
