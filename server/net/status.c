// SPDX-License-Identifier: Apache-2.0
// Relay.Status: the hub's time, newest checkpoint and newer revocation lists, and how each recipient stands with what
// the caller's unit sent.
#include "amana/v1/record.pb-c.h"
#include "amana/v1/relay.pb-c.h"
#include "proto/codec/timestamp.h"
#include "proto/model/harm.h"
#include "proto/model/life.h"
#include "server/net/found.h"
#include "server/net/presence.h"
#include "server/net/question.h"
#include "server/net/status_known.h"
#include "server/net/waiting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_IDS 256u

struct status_call {
    struct question question; // first
    struct known_lives known;
};

struct status {
    struct question *question;
    struct store_view *view;
    struct arena *arena;
    const char *unit;
    struct known_look known; // of whom the case of a message is kept from
};

// NULL for 0: a time that never was.
static enum am_err time_make(struct arena *arena, uint64_t ns, Google__Protobuf__Timestamp **ret_time)
{
    Google__Protobuf__Timestamp *time;

    if (ns == 0)
        return AM_OK;
    time = arena_alloc(arena, sizeof *time);
    if (time == NULL)
        return arena_error(arena);
    timestamp_from_ns(ns, time);
    *ret_time = time;
    return AM_OK;
}

static enum am_err text_make(struct arena *arena, const char *text, char **ret_text)
{
    char *copy = arena_copy(arena, text, strlen(text));

    if (copy == NULL)
        return arena_error(arena);
    *ret_text = copy;
    return AM_OK;
}

// An alert is EXPIRED from its valid_until on, by the clock: no message moves it there, and no officer.
static void life_now(const struct status *status, uint8_t root_kind, const struct hub_found *clock,
                     struct journal_life *life)
{
    uint64_t until = clock->header != NULL ? kind_in_force(clock->header) : 0;
    uint8_t state = life_state_at(root_kind, life->state, until, status->question->now_ns);

    if (state != LIFE(EXPIRED) || until == 0)
        return;
    life->state = state; // whether or not the log says so by now
    life->state_at = until;
    life->ack_due = life->answer_due = 0;
    life->officer = "";
}

// What has passed and is still waited for; and the clocks from retrieval.
static enum am_err clocks_fill(struct status *status, const struct journal_life *life, uint8_t root_kind,
                               const struct hub_found *clock, Amana__V1__RecipientStatus *recipient)
{
    bool acks = life_unacknowledged(root_kind, life), answers = life_unanswered(root_kind, life);
    uint8_t waited = (uint8_t)((acks ? LIFE_OF_ACK : 0) | (answers ? LIFE_OF_ANSWER : 0));
    struct clock_party party = {.unit = NULL};
    struct life_due due;

    recipient->overdue = (life->flags & waited & LIFE_OVERDUE) != 0;
    recipient->escalated = (life->flags & waited & LIFE_ESCALATED) != 0;
    if (clock->header == NULL)
        return AM_OK;
    TRY(found_party(status->view, status->arena, clock, root_kind, recipient->unit, &party));
    due = life_due(root_kind, life, &party.delivery, clock->header->answer_by != NULL);
    if (due.ack_retrieved != due.ack)
        TRY(time_make(status->arena, due.ack_retrieved, &recipient->ack_due_retrieved));
    return due.answer_retrieved != due.answer
               ? time_make(status->arena, due.answer_retrieved, &recipient->answer_due_retrieved)
               : AM_OK;
}

static enum am_err life_fill(struct status *status, uint64_t root, uint8_t root_kind,
                             Amana__V1__RecipientStatus *recipient)
{
    struct journal_life life;
    struct hub_found clock = {.found = false};
    enum am_err err = store_life(status->view, root, recipient->unit, &life);

    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    TRY(status_known(&status->known, root, recipient->unit, &life));
    TRY(found_at(status->view, status->arena, life.clock_seq, &clock));
    life_now(status, root_kind, &clock, &life);
    TRY(clocks_fill(status, &life, root_kind, &clock, recipient));
    recipient->life = (Amana__V1__LifeState__Code)life.state;
    TRY(time_make(status->arena, life.state_at, &recipient->life_at));
    TRY(time_make(status->arena, life.ack_due, &recipient->ack_due));
    TRY(time_make(status->arena, life.answer_due, &recipient->answer_due));
    return text_make(status->arena, life.officer, &recipient->officer);
}

// The life that a CANCEL or WITHDRAW began itself, where it asks for CONFIRM.
static enum am_err confirm_fill(struct status *status, uint64_t seq, Amana__V1__RecipientStatus *recipient)
{
    struct journal_life life;
    enum am_err err = store_life(status->view, seq, recipient->unit, &life);

    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    TRY(status_known(&status->known, seq, recipient->unit, &life));
    recipient->confirm = (Amana__V1__LifeState__Code)life.state;
    TRY(time_make(status->arena, life.state_at, &recipient->confirm_at));
    TRY(time_make(status->arena, life.answer_due, &recipient->confirm_due));
    return text_make(status->arena, life.officer, &recipient->confirm_officer);
}

static enum am_err delivery_fill(struct status *status, uint64_t seq, Amana__V1__RecipientStatus *recipient)
{
    struct journal_delivery delivery;
    enum am_err err = store_delivery(status->view, seq, recipient->unit, &delivery);

    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    recipient->delivery = (Amana__V1__DeliveryState__Code)delivery.state;
    TRY(time_make(status->arena, delivery.delivered_at, &recipient->delivered_at));
    return time_make(status->arena, delivery.retrieved_at, &recipient->retrieved_at);
}

// Whom to telephone, and whether that is needed.
static enum am_err reach_fill(struct status *status, Amana__V1__RecipientStatus *recipient)
{
    bool connected;
    uint64_t last_ns;
    struct journal_record row;
    Amana__V1__MemberRecord *member;
    enum am_err err = store_record(status->view, JOURNAL_RECORD_MEMBER, recipient->unit, 0, &row);

    presence_of(status->question->call.net->presence, recipient->unit, &connected, &last_ns);
    recipient->connected = connected;
    TRY(time_make(status->arena, connected ? 0 : last_ns, &recipient->last_seen));
    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    TRY(codec_decode(&amana__v1__member_record__descriptor, CODEC_LENIENT, row.value, status->arena, NULL,
                     (ProtobufCMessage **)&member));
    if (member->said == NULL)
        return AM_CORRUPT;
    recipient->telephone = member->said->telephone;
    recipient->deputy = member->said->deputy;
    recipient->hours = member->said->hours;
    return AM_OK;
}

static enum am_err recipients_fill(struct status *status, const struct store_pointer *pointer,
                                   Amana__V1__MessageStatus *message)
{
    const struct kind *kind = kind_get(pointer->kind);
    struct store_pointer root = {.kind = pointer->kind};

    if (pointer->root != JOURNAL_NONE && pointer->root != pointer->seq)
        TRY(store_pointer_of(status->view, pointer->root, &root));
    message->recipients = arena_array(status->arena, pointer->n_recipients, sizeof *message->recipients);
    if (message->recipients == NULL)
        return arena_error(status->arena);
    for (size_t i = 0; i < pointer->n_recipients; i++) {
        Amana__V1__RecipientStatus *recipient = arena_alloc(status->arena, sizeof *recipient);
        if (recipient == NULL)
            return arena_error(status->arena);
        amana__v1__recipient_status__init(recipient);
        TRY(text_make(status->arena, pointer->recipients[i].unit, &recipient->unit));
        recipient->part = (Amana__V1__Part__Code)pointer->recipients[i].part;
        TRY(delivery_fill(status, pointer->seq, recipient));
        if (pointer->root != JOURNAL_NONE)
            TRY(life_fill(status, pointer->root, root.kind, recipient));
        if (kind != NULL && kind->confirm != 0)
            TRY(confirm_fill(status, pointer->seq, recipient));
        TRY(reach_fill(status, recipient));
        message->recipients[message->n_recipients++] = recipient;
    }
    return AM_OK;
}

// Of one that was parked before it was sent.
static enum am_err parked_release(struct status *status, const Amana__V1__MessageStatus *message,
                                  struct journal_release *ret_release)
{
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT;
    uint64_t seq;

    pointer.id = message->id;
    pointer.header_digest = message->header_digest;
    TRY(waiting_parked(status->view, &pointer, &seq));
    return store_release(status->view, seq, ret_release);
}

// How it stands with the second person; nothing where none was asked for.
static enum am_err release_fill(struct status *status, uint64_t seq, Amana__V1__MessageStatus *message)
{
    struct journal_release release;
    enum am_err err = store_release(status->view, seq, &release);

    if (err == AM_NOT_FOUND)
        err = parked_release(status, message, &release);
    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    message->release = (Amana__V1__ReleaseState__Code)release.state;
    if (release.state == AMANA__V1__RELEASE_STATE__CODE__PENDING_RELEASE)
        TRY(time_make(status->arena, release.due, &message->release_due));
    return text_make(status->arena, release.officer, &message->releaser);
}

// Whether its case is kept from who asks.
static enum am_err known_begin(struct status *status, struct am_bytes bytes)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_shield shield;
    Amana__V1__Header *header;
    bool any;

    status->known.asked.case_ref = NULL;
    TRY(store_any_shield(status->view, &any));
    if (!any || bytes.len == 0) // most hubs have none
        return AM_OK;
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, bytes, status->arena, NULL,
                     (ProtobufCMessage **)&header));
    TRY(store_shield(status->view, header->case_ref, states, &shield));
    if (harm_state(&shield, status->unit) != NULL)
        status->known.asked.case_ref = header->case_ref;
    status->known.asked.shield = shield.version;
    return AM_OK;
}

static enum am_err message_fill(struct status *status, const char *id, const struct store_pointer *pointer,
                                Amana__V1__MessageStatus *message)
{
    struct store_message kept;
    struct store_entry entry;
    uint8_t *digest = arena_alloc(status->arena, 32);

    amana__v1__message_status__init(message);
    if (digest == NULL)
        return arena_error(status->arena);
    TRY(store_message(status->view, pointer->seq, &kept));
    TRY(store_entry(status->view, pointer->seq, &entry));
    if (!certs_sha256(kept.header.data, kept.header.len, digest))
        return AM_CRYPTO;
    message->id = (char *)id;
    message->header_digest = (ProtobufCBinaryData){32, digest};
    message->seq = pointer->seq;
    TRY(time_make(status->arena, log_leaf_time(entry.leaf), &message->accepted_at));
    TRY(release_fill(status, pointer->seq, message));
    TRY(known_begin(status, kept.header));
    return recipients_fill(status, pointer, message);
}

static enum am_err message_add(struct status *status, const char *id, const struct store_pointer *pointer,
                               Amana__V1__StatusResponse *response)
{
    Amana__V1__MessageStatus *message = arena_alloc(status->arena, sizeof *message);

    if (message == NULL)
        return arena_error(status->arena);
    TRY(message_fill(status, id, pointer, message));
    response->messages[response->n_messages++] = message;
    return AM_OK;
}

// A parked message of that id; once it was released, the message that was sent is told in its place.
static enum am_err parked_find(struct status *status, const char *id, const uint8_t bytes[16],
                               Amana__V1__StatusResponse *response)
{
    for (unsigned n = 0; response->n_messages < STATUS_IDS; n++) {
        struct journal_release release;
        struct store_pointer pointer;
        uint8_t digest[32];
        uint64_t seq;
        enum am_err err = store_find_parked(status->view, bytes, n, &seq, digest);
        if (err != AM_OK)
            return err == AM_NOT_FOUND ? AM_OK : err;
        TRY(store_pointer_of(status->view, seq, &pointer));
        TRY(store_release(status->view, seq, &release));
        if (strcmp(pointer.originator, status->unit) == 0 && release.state != AMANA__V1__RELEASE_STATE__CODE__RELEASED)
            TRY(message_add(status, id, &pointer, response));
    }
    return AM_OK;
}

// The messages of that id that the caller's own unit sent, as each of its devices may have used it; another unit's is
// as good as none.
static enum am_err messages_find(struct status *status, const char *id, Amana__V1__StatusResponse *response)
{
    uint8_t bytes[16];
    uint64_t seq;

    if (message_id_check(id, bytes, NULL) != AM_OK)
        return AM_OK;
    for (unsigned n = 0; response->n_messages < STATUS_IDS; n++) {
        struct store_pointer pointer;
        enum am_err err = store_find_uuid(status->view, bytes, n, &seq);
        if (err == AM_NOT_FOUND)
            break;
        TRY(err);
        TRY(store_pointer_of(status->view, seq, &pointer));
        if (strcmp(pointer.originator, status->unit) == 0)
            TRY(message_add(status, id, &pointer, response));
    }
    return parked_find(status, id, bytes, response);
}

static enum am_err messages_fill(struct status *status, const Amana__V1__StatusRequest *request,
                                 Amana__V1__StatusResponse *response)
{
    response->messages = arena_array(status->arena, STATUS_IDS, sizeof *response->messages);
    if (response->messages == NULL)
        return arena_error(status->arena);
    for (size_t i = 0; i < request->n_ids; i++)
        TRY(messages_find(status, request->ids[i], response));
    return AM_OK;
}

// --- Revocation lists that the caller has an older one of
static enum am_err list_add(struct status *status, const Amana__V1__ListNumber *asked, size_t *room,
                            Amana__V1__StatusResponse *response)
{
    struct trust_list_number than = {.number = asked->number};
    struct am_bytes der;

    if (asked->issuer.len != sizeof than.issuer)
        return AM_OK;
    memcpy(than.issuer, asked->issuer.data, sizeof than.issuer);
    enum am_err err = trust_list_newer(registry_trust(status->question->registry), &than, &der);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    bool fits = der.len <= *room;
    uint8_t *copy = fits ? arena_copy(status->arena, der.data, der.len) : NULL;
    free((void *)der.data);
    if (copy == NULL)
        return fits ? arena_error(status->arena) : AM_OK;
    response->newer_lists[response->n_newer_lists++] = codec_binary((struct am_bytes){copy, der.len});
    *room -= der.len;
    return AM_OK;
}

static enum am_err lists_fill(struct status *status, const Amana__V1__StatusRequest *request,
                              Amana__V1__StatusResponse *response)
{
    size_t room = LIMIT_LISTS;

    response->newer_lists = arena_array(status->arena, request->n_lists + 1, sizeof *response->newer_lists);
    if (response->newer_lists == NULL)
        return arena_error(status->arena);
    for (size_t i = 0; i < request->n_lists; i++)
        TRY(list_add(status, request->lists[i], &room, response));
    return AM_OK;
}

static bool too_many(struct question *question, const char *field, size_t n, unsigned most)
{
    char text[32];

    if (n <= most)
        return false;
    snprintf(text, sizeof text, "are at most %u", most);
    question_refuse(question, REASON_FIELD_INVALID, field, text);
    return true;
}

static void status_ask(struct question *question, struct worker *worker)
{
    const Amana__V1__StatusRequest *request = (const Amana__V1__StatusRequest *)question->call.request;
    struct status status = {.question = question,
                            .view = worker->view,
                            .arena = &question->reply,
                            .unit = question->call.peer->identity.unit};
    status.known = (struct known_look){.lives = &((struct status_call *)question)->known,
                                       .arena = status.arena,
                                       .unit = status.unit,
                                       .asked = {.view = status.view, .reads = LIMIT_CASE_READS}};
    Amana__V1__StatusResponse response = AMANA__V1__STATUS_RESPONSE__INIT;
    Google__Protobuf__Timestamp now;
    Amana__V1__Checkpoint checkpoint;
    struct log_checkpoint newest;
    enum am_err err;

    if (too_many(question, "ids", request->n_ids, STATUS_IDS) ||
        too_many(question, "lists", request->n_lists, TRUST_LISTS))
        return;
    timestamp_from_ns(question->now_ns, &now);
    store_view_checkpoint(worker->view, &newest);
    checkpoint_fill(&newest, question->call.net->options.origin, &checkpoint);
    response.hub_time = &now;
    response.origin = (char *)question->call.net->options.origin;
    response.checkpoint = &checkpoint;
    err = messages_fill(&status, request, &response);
    if (err == AM_OK)
        err = lists_fill(&status, request, &response);
    question->more = status.known.more;
    if (question->more)
        return;
    if (err != AM_OK)
        question_fail(question, err);
    else
        question_answer(question, &response.base);
}

static void status_clear(struct call *call)
{
    known_clear(&((struct status_call *)call)->known);
    question_clear(call);
}

static void status_between(struct question *question)
{
    known_in_hand(question->call.net, &((struct status_call *)question)->known);
}

static void status_begin(struct call *call)
{
    ((struct question *)call)->between = status_between;
    ((struct status_call *)call)->known.budget = &call->peer->memory;
    question_begin(call, status_ask);
}

const struct method METHOD_STATUS = {
    .path = "/amana.v1.Relay/Status",
    .request = &amana__v1__status_request__descriptor,
    .max_request = 16u * 1024,
    .arena = 128u * 1024,
    .size = sizeof(struct status_call),
    .begin = status_begin,
    .clear = status_clear,
};
