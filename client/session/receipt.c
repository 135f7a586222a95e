// SPDX-License-Identifier: Apache-2.0
// Relay.Status names the message by its digest, Audit.Receipt gives the receipt, the log proves it.
#include "client/session/receipt.h"

#include "amana/v1/relay.pb-c.h"
#include "client/session/history.h"
#include "client/session/store_notice.h"
#include "proto/log/leaf.h"

#include <string.h>

#define ARENA_NOTICE (8u * 1024 * 1024)

static enum am_err content_of(const Amana__V1__ProvedEntry *entry, struct arena *arena,
                              Amana__V1__SubmittedEntry **ret_submitted)
{
    Amana__V1__EntryContent *content;
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(entry->content), arena, NULL,
                     (ProtobufCMessage **)&content));
    bool is_one = content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED;
    *ret_submitted = is_one ? content->submitted : NULL;
    return AM_OK;
}

enum am_err receipt_kept(struct session *session, const char *id, struct arena *arena,
                         Amana__V1__ProvedEntry **ret_entry)
{
    for (uint64_t at = 0;; at++) {
        struct arena AM_CLEANUP(arena_clear) scratch = {0};
        Amana__V1__SubmittedEntry *submitted;
        Amana__V1__KeptNotice *notice;
        arena_init(&scratch, ARENA_NOTICE);
        TRY(store_notice_next(session->store, &at, &scratch, &notice));
        TRY(content_of(notice->entry, &scratch, &submitted));
        if (submitted == NULL || strcmp(submitted->id, id) != 0)
            continue;
        TRY(store_notice_next(session->store, &at, arena, &notice));
        *ret_entry = notice->entry;
        return AM_OK;
    }
}

static enum am_err ask_status(struct session *session, const char *id, const Amana__V1__Message *message,
                              struct arena *arena, struct am_detail *detail, Amana__V1__MessageStatus **ret_row)
{
    Amana__V1__StatusRequest request = AMANA__V1__STATUS_REQUEST__INIT;
    Amana__V1__StatusResponse *response;
    request.ids = (char **)&id;
    request.n_ids = 1;
    TRY(session_call(session, "/amana.v1.Relay/Status", &request.base, &amana__v1__status_response__descriptor, arena,
                     detail, (ProtobufCMessage **)&response));
    for (size_t i = 0; i < response->n_messages; i++) {
        Amana__V1__MessageStatus *row = response->messages[i];
        if (strcmp(row->id, id) == 0 &&
            (message == NULL || log_sha256_is(codec_bytes(message->header), codec_bytes(row->header_digest)))) {
            *ret_row = row;
            return AM_OK;
        }
    }
    return am_fail(AM_NOT_FOUND, detail, id, "the log has taken no such message of this unit");
}

enum am_err receipt_asked(struct session *session, const char *id, const Amana__V1__Message *message,
                          struct arena *arena, struct am_detail *detail)
{
    Amana__V1__MessageStatus *row;
    return ask_status(session, id, message, arena, detail, &row);
}

static bool is_about(struct session *session, const Amana__V1__ProvedEntry *entry,
                     const Amana__V1__SubmittedEntry *submitted, const char *id, const Amana__V1__MessageStatus *row)
{
    struct identity identity;
    return submitted != NULL && entry->index == row->seq && strcmp(submitted->id, id) == 0 &&
           submitted->header_digest.len == row->header_digest.len &&
           memcmp(submitted->header_digest.data, row->header_digest.data, row->header_digest.len) == 0 &&
           identity_parse(submitted->device, strlen(submitted->device), NULL, &identity) == AM_OK &&
           strcmp(identity.unit, session->settings.value[SETTING_UNIT]) == 0;
}

enum am_err receipt_fetch(struct session *session, const char *id, const Amana__V1__Message *message,
                          struct arena *arena, struct am_detail *detail, Amana__V1__ProvedEntry **ret_entry)
{
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT;
    Amana__V1__ReceiptRequest request = AMANA__V1__RECEIPT_REQUEST__INIT;
    Amana__V1__KeptNotice notice = AMANA__V1__KEPT_NOTICE__INIT;
    Amana__V1__MessageStatus *row = NULL;
    Amana__V1__ProvedEntry *entry;
    Amana__V1__SubmittedEntry *submitted;
    Amana__V1__EntryContent *content;
    TRY(ask_status(session, id, message, arena, detail, &row));
    pointer.id = (char *)id;
    pointer.header_digest = row->header_digest;
    request.message = &pointer;
    TRY(session_call(session, "/amana.v1.Audit/Receipt", &request.base, &amana__v1__proved_entry__descriptor, arena,
                     detail, (ProtobufCMessage **)&entry));
    TRY(history_entry(session, entry, arena, detail, &content));
    submitted = content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED ? content->submitted : NULL;
    if (!is_about(session, entry, submitted, id, row)) {
        history_alarm(session, "a receipt is about another message than the one asked for", NULL, NULL);
        return am_fail(AM_PROOF, detail, id, "the hub's receipt is about another message");
    }
    notice.entry = entry;
    TRY(store_notice_put(session->store, entry->index, &notice));
    *ret_entry = entry;
    return AM_OK;
}
