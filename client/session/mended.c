// SPDX-License-Identifier: Apache-2.0
// Walks over what was sent.
#include "client/session/mended.h"

#include "client/session/seal.h"
#include "client/session/second.h"
#include "proto/log/leaf.h"
#include "proto/model/header.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MENDED (16u * 1024 * 1024)

// Kinds that pass a fact on.
#define FACTS                                                                                                          \
    (KIND_BIT(KIND(ALERT)) | KIND_BIT(KIND(UPDATE)) | KIND_BIT(KIND(HIT)) | KIND_BIT(KIND(REQUEST)) |                  \
     KIND_BIT(KIND(CLARIFICATION)) | KIND_BIT(KIND(RESPONSE)) | KIND_BIT(KIND(REFERRAL)) | KIND_BIT(KIND(NOTE)))

struct sent {
    char id[STORE_ID];
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
};

static bool refers_to(const Amana__V1__Header *header, const uint8_t digest[LOG_HASH_SIZE])
{
    for (size_t i = 0; i < header->n_references; i++)
        if (header_points_at(header->references[i], digest))
            return true;
    return false;
}

// Everything that was sent, or waits to be, one after the other; `take` returning anything but AM_OK ends the walk.
static enum am_err each_sent(struct session *session, enum am_err (*take)(void *user, const struct sent *sent),
                             void *user)
{
    static const enum store_box BOXES[] = {STORE_SENT, STORE_OUTBOX};
    for (size_t i = 0; i < AM_LEN(BOXES); i++) {
        char at[STORE_ID] = "";
        struct sent sent;
        enum am_err err;
        while ((err = store_next(session->store, BOXES[i], at, sent.id)) == AM_OK) {
            struct arena AM_CLEANUP(arena_clear) arena = {0};
            arena_init(&arena, ARENA_MENDED);
            strlcpy(at, sent.id, sizeof at);
            TRY(store_get(session->store, BOXES[i], at, &arena, &sent.kept));
            if (seal_header(sent.kept->message, &arena, NULL, &sent.header) == AM_OK &&
                !second_never(sent.kept, sent.header))
                TRY(take(user, &sent));
        }
        if (err != AM_NOT_FOUND)
            return err;
    }
    return AM_OK;
}

// --- What builds on it
struct building {
    uint8_t corrected[LOG_HASH_SIZE];
    size_t n, n_mended, room, mended_room;
    struct built {
        char id[STORE_ID];
        uint8_t digest[LOG_HASH_SIZE];
        unsigned kind;
    } * list;
    uint8_t (*mended)[LOG_HASH_SIZE];
};

static enum am_err build_take(void *user, const struct sent *sent)
{
    struct building *building = user;
    const Amana__V1__Pointer *to = sent->header->in_reply_to;
    if (sent->header->kind == KIND(CORRECTION) && to != NULL && to->header_digest.len == LOG_HASH_SIZE &&
        second_sent(sent->kept, sent->header)) {
        if (building->n_mended == building->mended_room) {
            size_t room = building->mended_room * 2 + 16;
            uint8_t(*list)[LOG_HASH_SIZE] = reallocarray(building->mended, room, sizeof *list);
            if (list == NULL)
                return AM_NOMEM;
            building->mended = list;
            building->mended_room = room;
        }
        memcpy(building->mended[building->n_mended++], to->header_digest.data, LOG_HASH_SIZE);
    }
    bool facts = (unsigned)sent->header->kind < KIND_COUNT && (FACTS & KIND_BIT((unsigned)sent->header->kind)) != 0;
    if (!facts || sent->kept->message->sealed_body.len == 0 ||
        !(header_points_at(to, building->corrected) || refers_to(sent->header, building->corrected)))
        return AM_OK;
    if (building->n == building->room) {
        size_t room = building->room * 2 + 16;
        struct built *list = reallocarray(building->list, room, sizeof *list);
        if (list == NULL)
            return AM_NOMEM;
        building->list = list;
        building->room = room;
    }
    struct built *built = &building->list[building->n++];
    strlcpy(built->id, sent->id, sizeof built->id);
    built->kind = (unsigned)sent->header->kind;
    return log_sha256(codec_bytes(sent->kept->message->header), built->digest);
}

static bool is_mended(const struct building *building, const struct built *built)
{
    for (size_t i = 0; i < building->n_mended; i++)
        if (memcmp(building->mended[i], built->digest, LOG_HASH_SIZE) == 0)
            return true;
    return false;
}

enum am_err mended_check(struct session *session, const Amana__V1__Header *correction, struct am_detail *detail)
{
    struct building building = {0};
    const Amana__V1__Pointer *to = correction->in_reply_to;
    if (to == NULL || to->header_digest.len != LOG_HASH_SIZE)
        return AM_OK;
    memcpy(building.corrected, to->header_digest.data, LOG_HASH_SIZE);
    enum am_err err = each_sent(session, build_take, &building);
    for (size_t i = 0; i < building.n && err == AM_OK; i++)
        if (!is_mended(&building, &building.list[i]))
            err = am_fail(
                AM_CONFLICT, detail, building.list[i].id,
                "this %s of this unit builds on what was wrong: `amana correct` it first; where it says nothing "
                "of it, --own-messages-mended",
                kind_name(building.list[i].kind));
    free(building.list);
    free(building.mended);
    return err;
}

// --- What mends
struct mending {
    uint8_t contest[LOG_HASH_SIZE];
    char *id, *waits;
};

static enum am_err mend_take(void *user, const struct sent *sent)
{
    struct mending *mending = user;
    if (sent->header->kind != KIND(CORRECTION) || !refers_to(sent->header, mending->contest))
        return AM_OK;
    if (second_sent(sent->kept, sent->header) && strcmp(sent->id, mending->id) > 0)
        strlcpy(mending->id, sent->id, STORE_ID);
    else if (!second_sent(sent->kept, sent->header) && !second_never(sent->kept, sent->header))
        strlcpy(mending->waits, sent->id, STORE_ID);
    return AM_OK;
}

enum am_err mended_by(struct session *session, const uint8_t contest[32], char ret_id[STORE_ID],
                      char ret_waits[STORE_ID])
{
    struct mending mending = {.id = ret_id, .waits = ret_waits};
    memcpy(mending.contest, contest, LOG_HASH_SIZE);
    ret_id[0] = ret_waits[0] = '\0';
    TRY(each_sent(session, mend_take, &mending));
    return ret_id[0] != '\0' ? AM_OK : AM_NOT_FOUND;
}
