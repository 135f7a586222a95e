// SPDX-License-Identifier: Apache-2.0
// Notices of the clock, judged.
#include "client/session/notice.h"

#include "client/session/retrieved.h"
#include "proto/log/leaf.h"
#include "proto/model/header_parts.h"

#include <string.h>

#define ARENA_KEPT (32u * 1024 * 1024)

static const Amana__V1__DeliveryEvidence *evidence_of(const Amana__V1__EntryContent *content)
{
    switch (content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_LATE: return content->late;
    case AMANA__V1__ENTRY_CONTENT__KIND_NON_DELIVERED: return content->non_delivered;
    case AMANA__V1__ENTRY_CONTENT__KIND_NON_RETRIEVED: return content->non_retrieved;
    default: return NULL;
    }
}

const Amana__V1__Pointer *notice_message(const Amana__V1__EntryContent *content)
{
    const Amana__V1__DeliveryEvidence *evidence = evidence_of(content);
    if (evidence != NULL)
        return evidence->message;
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE)
        return content->deadline->message;
    return content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_STATE ? content->state->message : NULL;
}

bool notice_names(const Amana__V1__EntryContent *content, uint64_t seq, const uint8_t digest[LOG_HASH_SIZE])
{
    const Amana__V1__Pointer *message = notice_message(content);
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_RELEASED)
        message = content->released->message;
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_RETURNED)
        message = content->returned->message;
    return retrieved_names(content, seq) || header_points_at(message, digest);
}

// What was sent or came under that id has that header, wherever it is kept.
static enum am_err message_check(struct session *session, const Amana__V1__Pointer *message, struct am_detail *detail)
{
    static const enum store_box BOXES[] = {STORE_SENT, STORE_INBOX};
    for (size_t i = 0; i < AM_LEN(BOXES); i++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Kept *kept;
        arena_init(&arena, ARENA_KEPT);
        enum am_err err = store_get(session->store, BOXES[i], message->id, &arena, &kept);
        if (err == AM_NOT_FOUND)
            continue;
        TRY(err);
        if (BOXES[i] == STORE_SENT &&
            !log_sha256_is(codec_bytes(kept->message->header), codec_bytes(message->header_digest)))
            return am_fail(AM_PROOF, detail, message->id, "a notice is about other bytes than were sent");
    }
    return AM_OK;
}

static enum am_err deadline_check(const Amana__V1__ProvedEntry *entry, const Amana__V1__DeadlineEntry *deadline,
                                  struct am_detail *detail)
{
    for (size_t i = 0; i < deadline->n_clocks; i++) {
        if (deadline->clocks[i]->what == AMANA__V1__DEADLINE_OF__CODE__RELEASE)
            continue; // it rings before its time: that is what it is for
        bool passed = entry->time >= deadline->clocks[i]->due;
        if (deadline->met_by == NULL && !passed)
            return am_fail(AM_PROOF, detail, deadline->message->id,
                           "a deadline is said to have passed before its time");
        if (deadline->met_by != NULL && deadline->clocks[i]->late != (entry->time > deadline->clocks[i]->due))
            return am_fail(AM_PROOF, detail, deadline->message->id,
                           "whether a deadline was met in time is not what the log's times say");
    }
    return AM_OK;
}

enum am_err notice_check(struct session *session, const Amana__V1__ProvedEntry *entry,
                         const Amana__V1__EntryContent *content, struct am_detail *detail)
{
    const Amana__V1__DeliveryEvidence *evidence = evidence_of(content);
    const Amana__V1__Pointer *message = notice_message(content);
    bool of_clock = evidence != NULL || content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE ||
                    content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_STATE;
    if (!of_clock)
        return AM_OK;
    if (message == NULL || message->header_digest.len != LOG_HASH_SIZE || strlen(message->id) + 1 != STORE_ID)
        return am_fail(AM_PROOF, detail, "notice", "it names no message");
    TRY(message_check(session, message, detail));
    if (evidence != NULL && entry->time < evidence->due)
        return am_fail(AM_PROOF, detail, message->id, "a delivery is said to be late before its time");
    return content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE
               ? deadline_check(entry, content->deadline, detail)
               : AM_OK;
}
