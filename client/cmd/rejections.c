// SPDX-License-Identifier: Apache-2.0
// Walks the inbox for faults and answers each once.
#include "client/cmd/rejections.h"

#include "client/cmd/submit_draft.h"
#include "client/session/seal.h"
#include "proto/codec/codec.h"
#include "proto/log/leaf.h"
#include "proto/model/header.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <string.h>

#define ARENA_REJECTION (16u * 1024 * 1024)

struct rejected {
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    uint8_t digest[LOG_HASH_SIZE];
};

static bool rejects(const Amana__V1__Header *header, const struct rejected *rejected)
{
    return header->kind == KIND(BODY_REJECTED) && header_points_at(header->in_reply_to, rejected->digest);
}

// Whether one of this unit is on its way or was taken.
static enum am_err find_rejection(struct session *session, const struct rejected *rejected, bool *ret_found)
{
    static const enum store_box BOXES[] = {STORE_OUTBOX, STORE_SENT};
    *ret_found = false;
    for (size_t i = 0; i < AM_LEN(BOXES) && !*ret_found; i++) {
        char at[STORE_ID] = "", next[STORE_ID];
        enum am_err err = AM_OK;
        while (!*ret_found && (err = store_next(session->store, BOXES[i], at, next)) == AM_OK) {
            struct arena AM_CLEANUP(arena_clear) arena = {0};
            Amana__V1__Kept *kept;
            Amana__V1__Header *header;
            arena_init(&arena, ARENA_REJECTION);
            strlcpy(at, next, sizeof at);
            TRY(store_get(session->store, BOXES[i], at, &arena, &kept));
            *ret_found = seal_header(kept->message, &arena, NULL, &header) == AM_OK && rejects(header, rejected);
        }
        if (err != AM_OK && err != AM_NOT_FOUND)
            return err;
    }
    return AM_OK;
}

// "alert.persons[0].roles: what is allowed" in two, where it begins with a path.
static void split(const char *text, char ret_path[96], const char **ret_rest)
{
    size_t len = strcspn(text, ": ");
    ret_path[0] = '\0';
    *ret_rest = text;
    if (len == 0 || len >= 96 || text[len] != ':' || text[len + 1] != ' ')
        return;
    strlcpy(ret_path, text, len + 1);
    *ret_rest = text + len + 2;
}

static enum am_err reject(struct session *session, const struct rejected *rejected, struct arena *arena,
                          struct am_detail *detail)
{
    Amana__V1__Draft draft = AMANA__V1__DRAFT__INIT;
    Amana__V1__DraftFlags flags = AMANA__V1__DRAFT_FLAGS__INIT;
    Amana__V1__DraftRecipient to = AMANA__V1__DRAFT_RECIPIENT__INIT, *list = &to;
    Amana__V1__BodyRejected body = AMANA__V1__BODY_REJECTED__INIT;
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT;
    Amana__V1__Message *message;
    Amana__V1__Header *header;
    char path[96];
    const char *rest;
    enum reason reason;
    int outcome;
    TRY(codec_enum_value(&amana__v1__outcome__code__descriptor, rejected->kept->fault, &outcome));
    split(rejected->kept->fault_text, path, &rest);
    bool by_rule = outcome == OUTCOME(SCHEMA) || outcome == OUTCOME(ROLE_RULE); // then a path is asked for
    body.path = path[0] != '\0' || !by_rule ? path : (char *)"body";
    body.text = (char *)(rest[0] != '\0' ? rest : rejected->kept->fault);
    draft.kind = (Amana__V1__Kind__Code)KIND(BODY_REJECTED);
    draft.outcome = (Amana__V1__Outcome__Code)outcome;
    draft.release = AMANA__V1__RELEASE__CODE__NOT_NEEDED;
    flags.protection = AMANA__V1__PROTECTION__CODE__NOT_CONCERNED; // says nothing of any person
    draft.flags = &flags;
    draft.body_case = AMANA__V1__DRAFT__BODY_BODY_REJECTED;
    draft.body_rejected = &body;
    to.unit = rejected->header->sender->unit;
    to.part = AMANA__V1__PART__CODE__ACTION;
    draft.recipients = &list;
    draft.n_recipients = 1;
    submit_carry(rejected->header, &draft);
    pointer.id = rejected->header->id;
    pointer.header_digest = (ProtobufCBinaryData){LOG_HASH_SIZE, (uint8_t *)rejected->digest};
    struct compose compose = {&draft, &pointer, NULL, rejected->header, rejected->header};
    TRY(compose_message(session, &compose, arena, detail, &reason, &message));
    TRY(seal_header(message, arena, detail, &header));
    return outbox_add(session, header->id, message);
}

static enum am_err look_at(struct command *command, const char *key)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct rejected rejected;
    bool found;
    arena_init(&arena, ARENA_REJECTION);
    TRY(store_get(command->session->store, STORE_INBOX, key, &arena, &rejected.kept));
    if (rejected.kept->fault[0] == '\0' || rejected.kept->unanswered ||
        seal_header(rejected.kept->message, &arena, NULL, &rejected.header) != AM_OK ||
        rejected.header->kind == KIND(BODY_REJECTED)) // two that can't read each other would never end
        return AM_OK;
    TRY(log_sha256(codec_bytes(rejected.kept->message->header), rejected.digest));
    TRY(find_rejection(command->session, &rejected, &found));
    if (found)
        return AM_OK;
    enum am_err err = reject(command->session, &rejected, &arena, &detail);
    if (err == AM_OK)
        command_say("%.13s could not be read (%s): its sender is told with this message", rejected.header->id,
                    rejected.kept->fault);
    else
        command_say("%.13s could not be read (%s), and its sender could not be told: %s", rejected.header->id,
                    rejected.kept->fault, detail.text);
    return AM_OK;
}

void rejections_add(struct command *command)
{
    char at[STORE_ID] = "", next[STORE_ID];
    enum am_err err;
    while ((err = store_next(command->session->store, STORE_INBOX, at, next)) == AM_OK) {
        strlcpy(at, next, sizeof at);
        err = look_at(command, at);
        if (err != AM_OK)
            break;
    }
    if (err != AM_OK && err != AM_NOT_FOUND)
        command_say("what could not be read was not rejected: %s", am_err_text(err));
}
