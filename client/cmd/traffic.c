// SPDX-License-Identifier: Apache-2.0
// What is live, what is an exercise, what is a test.
#include "client/cmd/traffic.h"

#include "client/session/notice.h"
#include "client/session/seal.h"
#include "client/session/store_index.h"
#include "proto/codec/codec.h"

#include <bsd/string.h>

#define ARENA_TRAFFIC (32u * 1024 * 1024)

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct traffic *traffic = state->input;
    (void)arg;
    switch (key) {
    case 'x': traffic->exercise = true; return 0;
    case 't': traffic->test = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option OPTIONS[] = {{"exercise", 'x', NULL, 0, "exercises in the place of what is live", 0},
                                             {"test", 't', NULL, 0, "tests in the place of what is live", 0},
                                             {0}};
static const struct argp ARGP = {.options = OPTIONS, .parser = parse};
const struct argp_child traffic_children[] = {
    {&command_argp, 0, "Options of every verb:", 1}, {&ARGP, 0, NULL, 0}, {0}};

bool traffic_wants(const struct traffic *traffic, Amana__V1__Status__Code status)
{
    switch (status) {
    case AMANA__V1__STATUS__CODE__EXERCISE: return traffic->exercise;
    case AMANA__V1__STATUS__CODE__TEST: return traffic->test;
    default: return !traffic->exercise && !traffic->test;
    }
}

bool traffic_wants_message(const struct traffic *traffic, const Amana__V1__Message *message)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Header *header;
    arena_init(&arena, ARENA_TRAFFIC);
    if (message == NULL || seal_header(message, &arena, NULL, &header) != AM_OK)
        return traffic_wants(traffic, AMANA__V1__STATUS__CODE__ACTUAL);
    return traffic_wants(traffic, header->status);
}

// --- All of a box
struct tally {
    unsigned wanted, other;
};

static void add(struct tally *tally, const struct traffic *traffic, const Amana__V1__Kept *kept)
{
    if (traffic_wants_message(traffic, kept->message))
        tally->wanted++;
    else
        tally->other++;
}

static enum am_err add_named(struct tally *tally, const struct traffic *traffic, struct store *store, uint64_t seq)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    enum store_box box;
    char id[STORE_ID];
    enum am_err err = store_at_entry(store, seq, &box, id);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    arena_init(&arena, ARENA_TRAFFIC);
    TRY(store_get(store, box, id, &arena, &kept));
    add(tally, traffic, kept);
    return AM_OK;
}

// Sent by this unit, or come to it.
static enum am_err add_pointed(struct tally *tally, const struct traffic *traffic, struct store *store,
                               const Amana__V1__Pointer *message)
{
    static const enum store_box BOXES[] = {STORE_SENT, STORE_INBOX};
    for (size_t i = 0; i < AM_LEN(BOXES); i++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Kept *kept;
        arena_init(&arena, ARENA_TRAFFIC);
        enum am_err err = store_get(store, BOXES[i], message->id, &arena, &kept);
        if (err == AM_OK)
            add(tally, traffic, kept);
        else if (err != AM_NOT_FOUND)
            return err;
    }
    return AM_OK;
}

enum am_err traffic_wants_notice(const struct traffic *traffic, struct store *store,
                                 const Amana__V1__EntryContent *content, bool *ret_wants)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Retrieved *statement;
    struct tally tally = {0};
    arena_init(&arena, ARENA_TRAFFIC);
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED &&
        codec_decode(&amana__v1__retrieved__descriptor, CODEC_STRICT, codec_bytes(content->retrieved->statement),
                     &arena, NULL, (ProtobufCMessage **)&statement) == AM_OK)
        for (size_t i = 0; i < statement->n_messages; i++)
            TRY(add_named(&tally, traffic, store, statement->messages[i]->seq));
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_PARKED) {
        *ret_wants = traffic_wants(traffic, content->parked->status);
        return AM_OK;
    }
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_RELEASED)
        TRY(add_named(&tally, traffic, store, content->released->parked));
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_RETURNED)
        TRY(add_named(&tally, traffic, store, content->returned->parked));
    if (notice_message(content) != NULL)
        TRY(add_pointed(&tally, traffic, store, notice_message(content)));
    *ret_wants = tally.wanted > 0 || (tally.other == 0 && traffic_wants(traffic, AMANA__V1__STATUS__CODE__ACTUAL));
    return AM_OK;
}

enum am_err traffic_count(struct store *store, enum store_box box, unsigned *ret_live, unsigned *ret_other)
{
    char at[STORE_ID] = "", id[STORE_ID];
    struct tally tally = {0};
    enum am_err err;
    while ((err = store_next(store, box, at, id)) == AM_OK) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Kept *kept;
        arena_init(&arena, ARENA_TRAFFIC);
        strlcpy(at, id, sizeof at);
        TRY(store_get(store, box, id, &arena, &kept));
        add(&tally, &(struct traffic){0}, kept);
    }
    if (err != AM_NOT_FOUND)
        return err;
    *ret_live = tally.wanted;
    *ret_other = tally.other;
    return AM_OK;
}
