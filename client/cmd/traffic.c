// SPDX-License-Identifier: Apache-2.0
// What is live, what is an exercise, what is a test.
#include "client/cmd/traffic.h"

#include "client/session/seal.h"
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
struct walk {
    const struct traffic *traffic;
    const Amana__V1__Retrieved *statement; // NULL: of every message
    unsigned wanted, other;
};

static bool is_named(const struct walk *walk, const Amana__V1__Kept *kept)
{
    if (walk->statement == NULL)
        return true;
    for (size_t i = 0; kept->entry != NULL && i < walk->statement->n_messages; i++)
        if (walk->statement->messages[i]->seq == kept->entry->index)
            return true;
    return false;
}

static enum am_err walk_box(struct walk *walk, struct store *store, enum store_box box)
{
    char at[STORE_ID] = "", id[STORE_ID];
    enum am_err err;
    while ((err = store_next(store, box, at, id)) == AM_OK) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Kept *kept;
        arena_init(&arena, ARENA_TRAFFIC);
        strlcpy(at, id, sizeof at);
        TRY(store_get(store, box, id, &arena, &kept));
        if (!is_named(walk, kept))
            continue;
        if (traffic_wants_message(walk->traffic, kept->message))
            walk->wanted++;
        else
            walk->other++;
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

enum am_err traffic_wants_notice(const struct traffic *traffic, struct store *store,
                                 const Amana__V1__EntryContent *content, bool *ret_wants)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Retrieved *statement;
    struct walk walk = {.traffic = traffic};
    arena_init(&arena, ARENA_TRAFFIC);
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED &&
        codec_decode(&amana__v1__retrieved__descriptor, CODEC_STRICT, codec_bytes(content->retrieved->statement),
                     &arena, NULL, (ProtobufCMessage **)&statement) == AM_OK) {
        walk.statement = statement;
        TRY(walk_box(&walk, store, STORE_SENT));
    }
    *ret_wants = walk.wanted > 0 || (walk.other == 0 && traffic_wants(traffic, AMANA__V1__STATUS__CODE__ACTUAL));
    return AM_OK;
}

enum am_err traffic_count(struct store *store, enum store_box box, unsigned *ret_live, unsigned *ret_other)
{
    struct walk walk = {.traffic = &(struct traffic){0}};
    TRY(walk_box(&walk, store, box));
    *ret_live = walk.wanted;
    *ret_other = walk.other;
    return AM_OK;
}
