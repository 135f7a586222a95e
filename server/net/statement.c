// SPDX-License-Identifier: Apache-2.0
// The check of a retrieval statement on a worker: who signed it, which messages it is about, what rows there are.
#include "server/net/acknowledge.h"
#include "server/net/found.h"

#include "proto/codec/timestamp.h"
#include "proto/model/header.h"
#include "proto/model/life_known.h"

#include <stdlib.h>
#include <string.h>

#define STATEMENT_CONTEXT "amana-retrieved-v1"
#define STATEMENT_ARENA   (ARENA_FOR(LIMIT_STATEMENT) + 512u * 1024) // and what is known of RETRIEVAL_MESSAGES messages

struct statement_check {
    struct statement *part;
    struct hub_retrieval *retrieval;
    struct registry *registry;
    struct store_view *view;
    struct arena *arena;
    const Amana__V1__Retrieved *retrieved;
};

static void fail(struct statement_check *check, enum reason reason, const char *field, const char *text)
{
    check->retrieval->checked = reason;
    (void)am_fail(AM_INVALID, &check->retrieval->checked_detail, field, "%s", text);
}

static bool statement_for_us(struct statement_check *check)
{
    const Amana__V1__Retrieved *retrieved = check->retrieved;

    if (strcmp(retrieved->context, STATEMENT_CONTEXT) != 0)
        fail(check, REASON_FIELD_INVALID, "statement.context", "must be " STATEMENT_CONTEXT);
    else if (strcmp(retrieved->origin, check->part->acknowledge->call.net->options.origin) != 0)
        fail(check, REASON_FIELD_INVALID, "statement.origin", "is not the origin of this log");
    else if (strcmp(retrieved->device, check->retrieval->work.identity) != 0)
        fail(check, REASON_SENDER_MISMATCH, "statement.device", "is not the device of the certificate");
    else if (retrieved->n_messages == 0 || retrieved->n_messages > RETRIEVAL_MESSAGES)
        fail(check, REASON_FIELD_INVALID, "statement.messages", "must be from 1 to 256");
    return check->retrieval->checked == REASON_NONE;
}

// It is evidence of when: bounded as a header's written_at is.
static bool statement_in_time(struct statement_check *check)
{
    uint64_t now = check->part->now_ns, time;

    if (check->retrieved->time == NULL || timestamp_to_ns(check->retrieved->time, &time) != AM_OK) {
        fail(check, REASON_FIELD_INVALID, "statement.time", "must be the time of its signing");
        return false;
    }
    if (time > now && time - now > LIMIT_CLOCK_AHEAD_NS)
        fail(check, REASON_CLOCK_AHEAD, "statement.time", "lies more than 5 minutes ahead of the hub's clock");
    else if (time < now && now - time > LIMIT_TOO_OLD_NS)
        fail(check, REASON_TOO_OLD, "statement.time", "lies more than 30 days back");
    check->retrieval->work.hub_time_ns = check->retrieval->checked != REASON_NONE ? now : 0;
    return check->retrieval->checked == REASON_NONE;
}

static bool statement_signed(struct statement_check *check)
{
    const struct hub_retrieval *retrieval = check->retrieval;
    struct roster *roster = registry_roster(check->registry, retrieval->work.unit);
    const struct roster_device *device = roster != NULL ? roster_device_by_uri(roster, retrieval->work.identity) : NULL;
    struct cms_signature signature;
    struct am_detail detail = {0};

    if (device == NULL) {
        fail(check, REASON_NOT_ON_ROSTER, "statement.device", "is not on its unit's roster");
        return false;
    }
    check->retrieval->roster = roster->number;
    if (cert_cache_check(registry_cache(check->registry), registry_trust(check->registry), &device->sign,
                         CERT_USE_SIGN_DEVICE, check->part->now_ns, &detail) != AM_OK) {
        fail(check, REASON_REVOKED, "signature", detail.text);
        return false;
    }
    if (retrieval->signature.len > LIMIT_SIGNATURE ||
        cms_profile_signature(retrieval->signature, CMS_DETACHED_FORM, &detail, &signature) != AM_OK) {
        fail(check, REASON_SIGNATURE_INVALID, "signature", detail.text);
        return false;
    }
    if (signature.count == 1 && cms_verify_bare(&signature, retrieval->statement, &device->sign, &detail) == AM_OK)
        return true;
    fail(check, REASON_SIGNATURE_INVALID, "signature",
         signature.count == 1 ? detail.text : "must have one signer, the device");
    return false;
}

// Case and retention stand in the message's header. Only they are kept of it: a call may name thousands.
static enum am_err header_read(struct statement_check *check, uint64_t seq, struct hub_retrieved_message *message)
{
    struct arena AM_CLEANUP(arena_clear) scratch;
    struct store_message kept;
    Amana__V1__Header *header;

    arena_init_in(&scratch, ARENA_FOR(LIMIT_HEADER), check->arena->budget);
    TRY(store_message(check->view, seq, &kept));
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, kept.header, &scratch, NULL,
                     (ProtobufCMessage **)&header));
    message->case_ref = arena_copy(check->arena, header->case_ref, strlen(header->case_ref));
    if (message->case_ref == NULL)
        return arena_error(check->arena);
    message->answer_by = header_time_or_0(header->answer_by);
    if (header->retain_until != NULL)
        message->retain_until_ns = (uint64_t)header->retain_until->seconds * NS_PER_S;
    return AM_OK;
}

static enum am_err clocks_read(struct statement_check *check, const struct store_pointer *pointer,
                               struct hub_retrieved_message *message)
{
    const struct hub_found found = {.seq = pointer->seq, .root = pointer->root, .kind = pointer->kind};
    struct store_pointer root = {.kind = pointer->kind};
    struct clock_party party = {.unit = NULL};

    if (pointer->root != pointer->seq)
        TRY(store_pointer_of(check->view, pointer->root, &root));
    TRY(found_party(check->view, check->arena, &found, root.kind, check->retrieval->work.unit, &party));
    memcpy(message->lives, party.lives, sizeof message->lives);
    if (party.lives[0].life.recipient == NULL)
        return AM_OK;
    message->gone_on = life_gone_on(root.kind, pointer->kind, pointer->seq, &party.lives[0].life);
    message->stands = life_stands_for(root.kind, pointer->kind, &party.lives[0].life);
    return AM_OK;
}

static enum am_err rows_read(struct statement_check *check, const struct store_pointer *pointer,
                             struct hub_retrieved_message *message)
{
    uint8_t kind;
    enum am_err err =
        store_mail_find(check->view, check->retrieval->work.identity, pointer->seq, &message->urgency, &kind);

    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    message->pending = err == AM_OK && kind == JOURNAL_MAIL_MESSAGE;
    message->urgency = err == AM_OK ? message->urgency : pointer->urgency;
    err = store_delivery(check->view, pointer->seq, check->retrieval->work.unit, &message->delivery);
    if (err != AM_NOT_FOUND)
        TRY(err);
    message->delivery.seq = pointer->seq;
    message->delivery.recipient = check->retrieval->work.unit;
    TRY(clocks_read(check, pointer, message));
    return header_read(check, pointer->seq, message);
}

static enum am_err message_check(struct statement_check *check, size_t index, struct hub_retrieved_message *message)
{
    const Amana__V1__RetrievedMessage *said = check->retrieved->messages[index];
    struct store_pointer pointer;
    struct store_entry entry;
    char field[64];
    enum am_err err = store_entry(check->view, said->seq, &entry);

    snprintf(field, sizeof field, "statement.messages[%zu]", index);
    if (err == AM_OK && entry.kind == AMANA__V1__ENTRY_KIND__CODE__SUBMITTED) // not what waits for its second person
        err = store_pointer_of(check->view, said->seq, &pointer);
    else if (err == AM_OK)
        err = AM_NOT_FOUND;
    if (err == AM_NOT_FOUND ||
        (err == AM_OK && (said->header_digest.len != sizeof pointer.digest ||
                          memcmp(said->header_digest.data, pointer.digest, sizeof pointer.digest) != 0 ||
                          !store_pointer_to(&pointer, check->retrieval->work.unit)))) {
        fail(check, REASON_FIELD_INVALID, field, "is no message to this unit with that seq and digest");
        return AM_OK;
    }
    TRY(err);
    for (size_t i = 0; i < index; i++)
        if (check->part->messages[i].seq == said->seq) {
            fail(check, REASON_FIELD_INVALID, field, "is named twice");
            return AM_OK;
        }
    message->seq = said->seq;
    message->originator = arena_copy(check->arena, pointer.originator, strlen(pointer.originator));
    if (message->originator == NULL)
        return arena_error(check->arena);
    if (strcmp(check->part->messages[0].originator, message->originator) != 0) {
        fail(check, REASON_FIELD_INVALID, field,
             "is of another originating unit: a statement is about one unit's messages");
        return AM_OK;
    }
    return rows_read(check, &pointer, message);
}

static enum am_err statement_check(struct statement_check *check)
{
    struct hub_retrieval *retrieval = check->retrieval;
    struct am_detail detail = {0};
    enum am_err err;

    err = retrieval->statement.len > LIMIT_STATEMENT
              ? am_fail(AM_INVALID, &detail, "statement", "is longer than %u bytes", LIMIT_STATEMENT)
              : codec_decode(&amana__v1__retrieved__descriptor, CODEC_STRICT, retrieval->statement, check->arena,
                             &detail, (ProtobufCMessage **)&check->retrieved);
    if (err == AM_INVALID || err == AM_PROTO) {
        fail(check, REASON_FIELD_INVALID, "statement", detail.text);
        return AM_OK;
    }
    TRY(err);
    if (!statement_for_us(check) || !statement_in_time(check) || !statement_signed(check))
        return AM_OK;
    check->part->messages = arena_array(check->arena, check->retrieved->n_messages, sizeof *check->part->messages);
    if (check->part->messages == NULL)
        return arena_error(check->arena);
    for (size_t i = 0; i < check->retrieved->n_messages && retrieval->checked == REASON_NONE; i++)
        TRY(message_check(check, i, &check->part->messages[i]));
    retrieval->messages = check->part->messages;
    retrieval->n_messages = check->retrieved->n_messages;
    return AM_OK;
}

// Those of the named rows that are there and need no signature; others are ignored: the call is idempotent.
static enum am_err notices_check(struct statement_check *check)
{
    struct statement *part = check->part;
    struct journal_mail *rows = arena_array(check->arena, part->n_notices, sizeof *rows);
    size_t n = 0;

    if (rows == NULL)
        return arena_error(check->arena);
    for (size_t i = 0; i < part->n_notices; i++) {
        struct journal_mail row = {.device = check->retrieval->work.identity, .seq = part->notices[i]};
        enum am_err err = store_mail_find(check->view, row.device, row.seq, &row.urgency, &row.kind);
        bool twice = false;
        for (size_t k = 0; k < n; k++)
            twice |= rows[k].seq == row.seq;
        if (err == AM_NOT_FOUND || twice || (err == AM_OK && row.kind == JOURNAL_MAIL_MESSAGE))
            continue;
        TRY(err);
        rows[n++] = row;
    }
    check->retrieval->notices = rows;
    check->retrieval->n_notices = n;
    return AM_OK;
}

void statement_run(struct job *job, struct worker *worker)
{
    struct statement *part = (struct statement *)((char *)job - offsetof(struct statement, job));
    struct statement_check check = {.part = part,
                                    .retrieval = &part->retrieval,
                                    .registry = part->registry,
                                    .view = worker->view,
                                    .arena = &part->arena};
    enum am_err err;

    if (part->arena.limit == 0)
        arena_init_in(&part->arena, STATEMENT_ARENA, &part->acknowledge->call.peer->memory);
    arena_reset(&part->arena);
    part->messages = NULL;
    part->retrieval.checked = REASON_NONE;
    part->retrieval.messages = NULL;
    part->retrieval.notices = NULL;
    part->retrieval.n_messages = part->retrieval.n_notices = 0;
    err = part->retrieval.statement.len > 0 || part->n_notices == 0 ? statement_check(&check) : notices_check(&check);
    if (err != AM_OK)
        fail(&check, reason_of(err) == REASON_BUSY ? REASON_BUSY : REASON_INTERNAL, "", am_err_text(err));
}
