// SPDX-License-Identifier: Apache-2.0
// The Receive stream: proof first, then the seal, then the store, then the acknowledgement.
#include "client/session/receive.h"

#include "amana/v1/relay.pb-c.h"
#include "certs/clock.h"
#include "client/session/acknowledge.h"
#include "client/session/erase.h"
#include "client/session/history.h"
#include "client/session/known.h"
#include "client/session/notice.h"
#include "client/session/oversight.h"
#include "client/session/policy.h"
#include "client/session/retrieved.h"
#include "client/session/roles.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "client/session/signer.h"
#include "client/session/signers.h"
#include "client/session/store_notice.h"
#include "proto/codec/timestamp.h"
#include "proto/log/leaf.h"
#include "proto/model/header_check.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAULTS        64u // of one stream, before it is given up: as many as may wait unacknowledged
#define ARENA_MESSAGE (24u * 1024 * 1024)

struct mail {
    struct session *session;
    struct acknowledge taken;
    unsigned faults;
    struct am_detail *detail;
    const struct receive_teller *teller;
};

// --- Proof of a message
static bool same_bytes(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

// What the log says of a body that its hub has destroyed.
static enum am_err erased_read(struct mail *mail, const Amana__V1__ProvedEntry *entry, struct arena *arena,
                               const Amana__V1__ErasedEntry **ret_erased)
{
    Amana__V1__EntryContent *content;
    TRY(history_entry(mail->session, entry, arena, mail->detail, &content));
    *ret_erased = content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_ERASED ? content->erased : NULL;
    return AM_OK;
}

// The sealed bytes, or the log's own word that they are gone.
static enum am_err check_body(struct mail *mail, const Amana__V1__Incoming *incoming,
                              const Amana__V1__SubmittedEntry *submitted, struct arena *arena, bool *ret_holds)
{
    const Amana__V1__ErasedEntry *erased;
    *ret_holds = log_sha256_is(codec_bytes(incoming->message->sealed_body), codec_bytes(submitted->body_digest));
    if (incoming->message->sealed_body.len != 0 || incoming->erased == NULL)
        return AM_OK;
    TRY(erased_read(mail, incoming->erased, arena, &erased));
    for (size_t i = 0; erased != NULL && i < erased->n_bodies; i++)
        *ret_holds |= erased->bodies[i]->seq == incoming->seq && erased->bodies[i]->message != NULL &&
                      same_bytes(&erased->bodies[i]->message->header_digest, &submitted->header_digest);
    return AM_OK;
}

static enum am_err check_entry(struct mail *mail, const Amana__V1__Incoming *incoming, const Amana__V1__Header *header,
                               struct arena *arena)
{
    Amana__V1__EntryContent *content;
    const Amana__V1__Message *message = incoming->message;
    TRY(history_entry(mail->session, incoming->entry, arena, mail->detail, &content));
    const Amana__V1__SubmittedEntry *submitted = content->submitted;
    bool body = false;
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED)
        TRY(check_body(mail, incoming, submitted, arena, &body));
    if (body && incoming->seq == incoming->entry->index && strcmp(submitted->id, header->id) == 0 &&
        strcmp(submitted->device, header->device) == 0 && same_bytes(&submitted->body_digest, &header->body_digest) &&
        log_sha256_is(codec_bytes(message->header), codec_bytes(submitted->header_digest)) &&
        log_sha256_is(codec_bytes(message->signature), codec_bytes(submitted->signature_digest)))
        return AM_OK;
    return am_fail(AM_PROOF, mail->detail, header->id, "its entry in the log is not about these bytes");
}

// The sender's view of the log against ours: two branches can't stay apart.
static enum am_err check_seen(struct mail *mail, const Amana__V1__LogSeen *seen)
{
    Amana__V1__Checkpoint checkpoint = AMANA__V1__CHECKPOINT__INIT;
    if (strcmp(seen->origin, mail->session->hub->origin) != 0)
        return AM_OK; // another hub's log: nothing here to compare it with
    checkpoint.origin = seen->origin;
    checkpoint.size = seen->size;
    checkpoint.root = seen->root;
    checkpoint.signature = seen->signature;
    return history_tie(mail->session, &checkpoint, mail->detail);
}

static enum am_err prove(struct mail *mail, const Amana__V1__Incoming *incoming, struct arena *arena,
                         Amana__V1__Header **ret_header)
{
    struct header_context context = {.any_retention = true, // the hub's policy may say more than a kind's own
                                     .any_oversight = true};
    if (incoming->message == NULL || incoming->entry == NULL)
        return am_fail(AM_PROOF, mail->detail, "incoming", "a message came without its proof");
    TRY(seal_header(incoming->message, arena, mail->detail, ret_header));
    if (header_check(*ret_header, &context, mail->detail) != REASON_NONE)
        return AM_INVALID;
    TRY(check_entry(mail, incoming, *ret_header, arena));
    TRY(check_seen(mail, (*ret_header)->log_seen));
    return signers_check(mail->session, incoming->message, *ret_header, incoming->seq, SIGNERS_SENT, mail->detail);
}

// --- Keeping
static bool row_is(const Amana__V1__Kept *kept, struct am_bytes header)
{
    return kept->message->header.len == header.len && memcmp(kept->message->header.data, header.data, header.len) == 0;
}

// The key of a message's row. Ids are their senders' own choice, so two messages may bear one: the second is kept under
// an id of its own, with the time of the first and the digest of its header (RFC 9562 §5.8). AM_NOT_FOUND where there
// is no such row yet.
static enum am_err find_key(struct mail *mail, enum store_box box, const char *id, struct am_bytes header,
                            const uint8_t digest[LOG_HASH_SIZE], struct arena *arena, char ret_key[STORE_ID])
{
    Amana__V1__Kept *kept;
    strlcpy(ret_key, id, STORE_ID);
    enum am_err err = store_get(mail->session->store, box, ret_key, arena, &kept);
    if (err != AM_OK || row_is(kept, header))
        return err;
    snprintf(ret_key, STORE_ID, "%.13s-8%01x%02x-%04x-%02x%02x%02x%02x%02x%02x", id, digest[0] & 0xfu, digest[1],
             0x8000u | (digest[2] & 0x3fu) << 8 | digest[3], digest[4], digest[5], digest[6], digest[7], digest[8],
             digest[9]);
    TRY(store_get(mail->session->store, box, ret_key, arena, &kept));
    return row_is(kept, header) ? AM_OK : am_fail(AM_PROOF, mail->detail, id, "a third message bears this id");
}

// The hub had destroyed it before it came: on whose word, and when.
static enum am_err keep_erased(struct mail *mail, const Amana__V1__Incoming *incoming, struct arena *arena,
                               Amana__V1__Kept *kept)
{
    const Amana__V1__ErasedEntry *erased;
    Google__Protobuf__Timestamp *at = arena_alloc(arena, sizeof *at);
    if (at == NULL)
        return arena_error(arena);
    TRY(erased_read(mail, incoming->erased, arena, &erased));
    timestamp_from_ns(incoming->erased->time, at);
    kept->erased = incoming->erased;
    kept->erased_at = at;
    if (erased != NULL && erased->by != NULL)
        kept->erased_by = erased->by->id;
    return AM_OK;
}

// A list forgets what has expired: what it says now is kept.
static enum am_err keep_signer(struct mail *mail, struct arena *arena, Amana__V1__Kept *kept)
{
    struct am_detail detail = {0};
    struct signer signer;
    Amana__V1__Header *header;
    TRY(seal_header(kept->message, arena, &detail, &header));
    signer_look(mail->session, kept, header, &signer);
    if (signer.state != SIGNER_REVOKED)
        return AM_OK;
    kept->signer = arena_copy(arena, signer.words, strlen(signer.words));
    return kept->signer != NULL ? AM_OK : arena_error(arena);
}

// What only who has seen the case can tell.
static enum am_err judge_roles(struct session *session, struct opened *opened, struct am_detail *why)
{
    enum am_err err = roles_judge(session, opened->header, opened->body, why);
    if (err != AM_INVALID)
        return err;
    char text[sizeof why->text];
    strlcpy(text, why->text, sizeof text);
    opened->fault = "ROLE_RULE";
    (void)am_fail(err, why, why->field, "%s: %s", why->field, text);
    return AM_OK;
}

// To whom else it is sealed. Of what has come once it is asked no more: the trust list goes on.
static enum am_err judge_oversight(struct session *session, const Amana__V1__Message *message, struct opened *opened,
                                   struct am_detail *why)
{
    enum am_err err = oversight_check(session, message, opened->header, why);
    if (err != AM_INVALID)
        return err;
    opened->fault = "BINDING";
    return AM_OK;
}

static enum am_err keep(struct mail *mail, const Amana__V1__Incoming *incoming, const char *key, struct arena *arena,
                        Amana__V1__Kept *kept)
{
    struct opened opened;
    struct am_detail why = {0};
    Google__Protobuf__Timestamp *now = arena_alloc(arena, sizeof *now);
    if (now == NULL)
        return arena_error(arena);
    timestamp_from_ns(clock_utc(), now);
    enum am_err err = seal_open(mail->session, incoming->message, arena, &why, &opened);
    if (err != AM_OK && err != AM_ERASED &&
        opened.fault == NULL) { // our own key or memory: not the message's fault, so not acknowledged
        *mail->detail = why;
        return err;
    }
    kept->message = incoming->message;
    kept->entry = incoming->entry;
    kept->kept_at = now;
    TRY(keep_signer(mail, arena, kept));
    // What this device parked comes back to it as it was released.
    kept->copy = incoming->copy && strcmp(opened.header->device, mail->session->device) != 0;
    if (err == AM_ERASED)
        TRY(keep_erased(mail, incoming, arena, kept));
    if (err == AM_OK && !incoming->copy)
        TRY(judge_oversight(mail->session, incoming->message, &opened, &why));
    if (err == AM_OK && !incoming->copy && opened.fault == NULL)
        TRY(judge_roles(mail->session, &opened, &why));
    if (err == AM_OK)
        TRY(known_fill(mail->session, opened.body, arena, kept));
    if (opened.fault != NULL) {
        kept->fault = (char *)opened.fault;
        kept->fault_text = arena_copy(arena, why.text, strlen(why.text));
        if (kept->fault_text == NULL)
            return arena_error(arena);
    } else if (err == AM_OK && !incoming->copy && !kind_is_answer(opened.header) &&
               policy_successor(mail->session)[0] != '\0') {
        // This unit is closed: what it had not fetched goes back to its sender.
        kept->fault = (char *)"CANNOT_OPEN";
        kept->fault_text =
            arena_printf(arena, "this unit is closed; its successor is %s", policy_successor(mail->session));
        if (kept->fault_text == NULL)
            return arena_error(arena);
    }
    return store_put_new(mail->session->store, incoming->copy ? STORE_SENT : STORE_INBOX, key, incoming->seq, kept);
}

// --- One delivery
static void tell_came(struct mail *mail)
{
    if (mail->teller->came != NULL)
        mail->teller->came(mail->teller->user);
}

// What doesn't hold is named, and what comes after it is taken: one lie can't hold up an alert. A hub that sends
// nothing else can't fill a disk with alarms either.
static enum am_err tell_fault(struct mail *mail, enum am_err err)
{
    char words[sizeof mail->detail->field + sizeof mail->detail->text + 4];
    snprintf(words, sizeof words, "%s: %s", mail->detail->field, mail->detail->text);
    history_alarm(mail->session, words, NULL, NULL);
    mail->session->alarmed = false; // the next fault is another matter
    mail->teller->fault(mail->teller->user, err == AM_SIGNATURE ? AM_SIGNATURE : AM_PROOF, mail->detail);
    *mail->detail = (struct am_detail){0};
    if (++mail->faults < FAULTS)
        return AM_OK;
    return am_fail(AM_CORRUPT, mail->detail, mail->session->hub->name,
                   "%u deliveries did not hold, one after the other: the rest is left with the hub", FAULTS);
}

static enum am_err take_message(struct mail *mail, const Amana__V1__Incoming *incoming, struct arena *arena)
{
    Amana__V1__Header *header;
    Amana__V1__Kept fresh = AMANA__V1__KEPT__INIT;
    TRY(prove(mail, incoming, arena, &header));
    enum store_box box = incoming->copy ? STORE_SENT : STORE_INBOX;
    uint8_t digest[LOG_HASH_SIZE];
    char key[STORE_ID];
    struct am_bytes bytes = codec_bytes(incoming->message->header);
    TRY(log_sha256(bytes, digest));
    enum am_err err = find_key(mail, box, header->id, bytes, digest, arena, key);
    bool released = err == AM_OK && incoming->copy && second_waits(mail->session->store, box, key);
    if (err == AM_NOT_FOUND || released)
        err = keep(mail, incoming, key, arena, &fresh);
    TRY(err);
    if (incoming->copy)
        TRY(erase_said(mail->session, header));
    if (incoming->copy)
        acknowledge_notice(&mail->taken, incoming->seq);
    else
        acknowledge_message(&mail->taken, incoming->seq, digest, header->sender->unit, key);
    tell_came(mail);
    return AM_OK;
}

// About the item, not about the log, the link or this machine.
static bool is_fault(enum am_err err)
{
    switch (err) {
    case AM_PROTO:
    case AM_DENIED:
    case AM_INVALID:
    case AM_TOO_LARGE:
    case AM_NOT_FOUND:
    case AM_SIGNATURE:
    case AM_CERTIFICATE:
    case AM_REVOKED:
    case AM_EXPIRED:
    case AM_PROOF:
    case AM_CONFLICT: return true;
    default: return false;
    }
}

// What there is to say against a statement is kept with its notice: the entry is proved, and evidence, whatever it
// says.
static enum am_err judge_retrieved(struct mail *mail, const Amana__V1__ProvedEntry *entry,
                                   const Amana__V1__RetrievedEntry *content, struct arena *arena,
                                   Amana__V1__KeptNotice *notice)
{
    struct retrieved retrieved = {0};
    enum am_err err = retrieved_check(mail->session, entry->index, content, arena, mail->detail, &retrieved);
    if (err == AM_OK && !retrieved.checked)
        notice->unchecked = arena_copy(arena, mail->detail->text, strlen(mail->detail->text));
    if (err == AM_OK)
        err = notice->unchecked != NULL
                  ? retrieved_compare(mail->session, entry->index, retrieved.statement, mail->detail)
                  : arena_error(arena);
    if (!is_fault(err))
        return err;
    notice->fault = arena_copy(arena, mail->detail->text, strlen(mail->detail->text));
    if (notice->fault == NULL)
        return arena_error(arena);
    return tell_fault(mail, err);
}

static enum am_err take_notice(struct mail *mail, Amana__V1__ProvedEntry *entry, struct arena *arena)
{
    Amana__V1__KeptNotice notice = AMANA__V1__KEPT_NOTICE__INIT;
    Amana__V1__EntryContent *content;
    TRY(history_entry(mail->session, entry, arena, mail->detail, &content));
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED)
        TRY(judge_retrieved(mail, entry, content->retrieved, arena, &notice));
    notice.entry = entry;
    enum am_err err = second_take(mail->session, entry, content, arena, mail->detail);
    if (err == AM_OK)
        err = notice_check(mail->session, entry, content, mail->detail);
    if (is_fault(err)) {
        notice.fault = arena_copy(arena, mail->detail->text, strlen(mail->detail->text));
        err = notice.fault == NULL ? arena_error(arena) : tell_fault(mail, err);
    }
    TRY(err);
    TRY(store_notice_put(mail->session->store, entry->index, &notice));
    acknowledge_notice(&mail->taken, entry->index);
    tell_came(mail);
    return AM_OK;
}

static enum am_err take(struct mail *mail, const Amana__V1__Delivery *delivery, struct arena *arena)
{
    enum am_err err = AM_OK;
    mail->session->alarmed = false;
    if (delivery->what_case == AMANA__V1__DELIVERY__WHAT_INCOMING)
        err = take_message(mail, delivery->incoming, arena);
    else if (delivery->what_case == AMANA__V1__DELIVERY__WHAT_NOTICE)
        err = take_notice(mail, delivery->notice, arena);
    if (!is_fault(err))
        return err;
    return tell_fault(mail, err);
}

static enum am_err run(struct mail *mail, struct link_call *call)
{
    for (;;) {
        struct arena AM_CLEANUP(arena_wipe) arena = {0};
        Amana__V1__Delivery *delivery;
        if (acknowledge_full(&mail->taken) || !link_call_ready(call))
            TRY(acknowledge_send(mail->session, &mail->taken, mail->detail));
        arena_init(&arena, ARENA_MESSAGE);
        enum am_err err = link_call_next(call, &amana__v1__delivery__descriptor, &arena, mail->detail,
                                         (ProtobufCMessage **)&delivery);
        if (err == AM_NOT_FOUND)
            break;
        TRY(err);
        TRY(take(mail, delivery, &arena));
    }
    TRY(acknowledge_send(mail->session, &mail->taken, mail->detail));
    const struct rpc_error *error = link_call_error(call);
    return error->status == RPC_OK ? AM_OK : session_refused(error, mail->detail);
}

enum am_err receive_mail(struct session *session, bool follow, struct am_detail *detail,
                         const struct receive_teller *teller)
{
    struct link_call *call;
    Amana__V1__ReceiveRequest request = AMANA__V1__RECEIVE_REQUEST__INIT;
    request.once = !follow;
    struct mail *mail = calloc(1, sizeof *mail);
    if (mail == NULL)
        return AM_NOMEM;
    mail->session = session;
    mail->detail = detail;
    mail->teller = teller;
    enum am_err err = link_call_begin(session->link, "/amana.v1.Relay/Receive", &request.base, 0, &call);
    if (err == AM_OK) {
        err = run(mail, call);
        link_call_end(call);
    }
    if ((err == AM_BUSY || err == AM_UNAVAILABLE) && session->interrupted != NULL && *session->interrupted)
        err = AM_OK; // asked to stop
    else if (err != AM_OK)
        session_disconnect(session);
    free(mail);
    return err;
}
