// SPDX-License-Identifier: Apache-2.0
// Which message of a case all recipients have.
#include "client/cmd/ungranted.h"

#include "client/session/case_walk.h"
#include "client/session/directory.h"
#include "client/session/second.h"
#include "proto/codec/codec.h"
#include "proto/log/leaf.h"
#include "proto/model/header.h"

#include <bsd/string.h>
#include <string.h>

struct shared {
    struct session *session;
    const Amana__V1__Draft *draft;
    char id[STORE_ID]; // of the newest so far; "": none
    uint8_t digest[LOG_HASH_SIZE];
    unsigned kind;
};

static bool is_own(const struct shared *shared, const char *unit)
{
    return strcmp(shared->session->settings.value[SETTING_UNIT], unit) == 0;
}

static bool all_have(const struct shared *shared, const Amana__V1__Header *header)
{
    for (size_t i = 0; i < shared->draft->n_recipients; i++) {
        const char *unit = shared->draft->recipients[i]->unit;
        if (!is_own(shared, unit) && strcmp(header->sender->unit, unit) != 0 && header_recipient(header, unit) == NULL)
            return false;
    }
    return true;
}

static enum am_err take(void *user, const Amana__V1__Kept *kept, const struct opened *opened)
{
    struct shared *shared = user;
    const Amana__V1__Header *header = opened->header;
    if (kept->entry == NULL || !second_sent(kept, header) || !all_have(shared, header))
        return AM_OK;
    strlcpy(shared->id, header->id, sizeof shared->id);
    shared->kind = (unsigned)header->kind;
    return log_sha256(codec_bytes(kept->message->header), shared->digest);
}

// Who is a member no more is reached by no answer either.
static bool all_reached(struct shared *shared)
{
    Amana__V1__Pointer about = AMANA__V1__POINTER__INIT;
    about.id = shared->id;
    about.header_digest = (ProtobufCBinaryData){sizeof shared->digest, shared->digest};
    for (size_t i = 0; i < shared->draft->n_recipients; i++) {
        const char *unit = shared->draft->recipients[i]->unit;
        struct am_detail detail = {0};
        struct roster *roster;
        if (directory_newest(shared->session, unit, &about, &detail, &roster) != AM_OK)
            return false;
        roster_unref(roster);
        if (directory_gone(shared->session, unit))
            return false;
    }
    return true;
}

void ungranted_say(struct command *command, const struct submission *submission)
{
    static const struct {
        unsigned kind;
        const char *verb, *does;
    } WAYS[] = {
        {KIND(REQUEST), "ask", "asks about that"},
        {KIND(REFERRAL), "refer", "hands somebody over in answer to that"},
        {KIND(NOTE), "note", "is said about that"},
    };
    const Amana__V1__Draft *draft = submission->compose.draft;
    struct shared shared = {.session = command->session, .draft = draft};
    size_t i = 0;
    while (i < AM_LEN(WAYS) && (unsigned)draft->kind != WAYS[i].kind)
        i++;
    if (i == AM_LEN(WAYS) || submission->compose.in_reply_to != NULL ||
        case_walk(command->session, draft->case_ref, take, &shared) != AM_OK || shared.id[0] == '\0' ||
        !all_reached(&shared))
        return;
    bool named = submission->file != NULL && strcmp(submission->file, "-") != 0;
    command_say("all whom it is for have %.13s (%s) of this case too: what %s needs no grant: `amana %s %.13s %s`",
                shared.id, kind_name(shared.kind), WAYS[i].does, WAYS[i].verb, shared.id,
                named ? submission->file : "FILE");
}
