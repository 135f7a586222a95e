// SPDX-License-Identifier: Apache-2.0
// From receipt, statements of retrieval and answers to the rows that the hub would give.
#include "client/cmd/status_kept.h"

#include "client/cmd/due_here.h"
#include "client/session/second.h"
#include "proto/codec/timestamp.h"
#include "proto/log/leaf.h"
#include "proto/model/header_parts.h"
#include "proto/model/life.h"
#include "proto/model/passage.h"

static Google__Protobuf__Timestamp *time_of(struct arena *arena, uint64_t ns)
{
    Google__Protobuf__Timestamp *time = ns != 0 ? arena_alloc(arena, sizeof *time) : NULL;
    if (time != NULL)
        timestamp_from_ns(ns, time);
    return time;
}

// Clocks of what nobody has moved: those that began since are the hub's to say.
static void kept_life(const struct status_known *known, uint64_t accepted, size_t i, const struct kind_due *due,
                      struct arena *arena, Amana__V1__RecipientStatus *row)
{
    const struct answers_life *life = &known->answers->lives[i], *confirm = &known->answers->confirms[i];
    uint8_t state =
        life_state_at(kind_root((unsigned)known->header->kind), life->state, kind_in_force(known->header), known->now);
    row->life = (Amana__V1__LifeState__Code)state;
    row->life_at = time_of(arena, life->at);
    row->officer = (char *)life->officer;
    row->ack_due = life->at == 0 ? time_of(arena, due->ack) : NULL;
    row->answer_due = !life->stood ? time_of(arena, due->answer) : NULL;
    row->confirm = (Amana__V1__LifeState__Code)confirm->state;
    row->confirm_at = time_of(arena, confirm->at);
    row->confirm_due = confirm->state != 0 ? time_of(arena, kind_confirm_due(accepted)) : NULL;
    row->confirm_officer = (char *)confirm->officer;
}

static void kept_recipient(const struct status_known *known, const Amana__V1__Kept *kept, size_t i, struct arena *arena,
                           Amana__V1__RecipientStatus *row)
{
    const Amana__V1__Recipient *recipient = known->header->recipients[i];
    uint64_t retrieved = evidence_retrieved_at(known->evidence, recipient->unit);
    bool delivered = evidence_delivered(known->evidence, recipient->unit);
    row->unit = recipient->unit;
    row->part = recipient->part;
    row->delivery = retrieved != 0 ? AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED
                    : delivered    ? AMANA__V1__DELIVERY_STATE__CODE__DELIVERED
                                   : AMANA__V1__DELIVERY_STATE__CODE__QUEUED;
    row->delivered_at = delivered ? time_of(arena, kept->entry->time) : NULL;
    row->retrieved_at = time_of(arena, retrieved);
}

// How it stands with its second person, by the notice that came.
static void kept_release(const Amana__V1__Kept *kept, const struct status_known *known, bool parked,
                         struct arena *arena, Amana__V1__MessageStatus *row)
{
    const ProtobufCEnumValue *state =
        protobuf_c_enum_descriptor_get_value_by_name(&amana__v1__release_state__code__descriptor, kept->release);
    bool deferred = known->header->release == AMANA__V1__RELEASE__CODE__DEFERRED;
    if (state != NULL)
        row->release = (Amana__V1__ReleaseState__Code)state->value;
    else if (parked || deferred)
        row->release = AMANA__V1__RELEASE_STATE__CODE__PENDING_RELEASE;
    row->releaser = kept->releaser;
    if (row->release == AMANA__V1__RELEASE_STATE__CODE__PENDING_RELEASE)
        row->release_due =
            time_of(arena, release_due(kept->entry->time, deferred, header_time_or_0(known->header->retain_until)));
}

enum am_err status_kept(struct session *session, const Amana__V1__Kept *kept, const struct status_known *known,
                        struct arena *arena, Amana__V1__MessageStatus **ret_row)
{
    size_t n = known->header->n_recipients;
    const struct kind_due due = due_here(session, known->header, kept->entry->time);
    Amana__V1__MessageStatus *row = arena_alloc(arena, sizeof *row);
    Amana__V1__RecipientStatus *rows = arena_array(arena, n, sizeof *rows);
    uint8_t *digest = arena_alloc(arena, LOG_HASH_SIZE);
    if (row == NULL || rows == NULL || digest == NULL)
        return arena_error(arena);
    amana__v1__message_status__init(row);
    TRY(log_sha256(codec_bytes(kept->message->header), digest));
    row->header_digest = (ProtobufCBinaryData){LOG_HASH_SIZE, digest};
    row->id = known->header->id;
    row->seq = kept->entry->index;
    row->accepted_at = time_of(arena, kept->entry->time);
    row->recipients = arena_array(arena, n, sizeof *row->recipients);
    if (row->recipients == NULL)
        return arena_error(arena);
    for (; row->n_recipients < n && row->n_recipients < LIMIT_RECIPIENTS; row->n_recipients++) {
        Amana__V1__RecipientStatus *recipient = row->recipients[row->n_recipients] = &rows[row->n_recipients];
        amana__v1__recipient_status__init(recipient);
        kept_recipient(known, kept, row->n_recipients, arena, recipient);
        kept_life(known, kept->entry->time, row->n_recipients, &due, arena, recipient);
    }
    kept_release(kept, known, second_waits(session->store, STORE_SENT, row->id), arena, row);
    *ret_row = row;
    return AM_OK;
}
