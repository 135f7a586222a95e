// SPDX-License-Identifier: Apache-2.0
// Send, the receipt's proof, and the move from outbox to sent; a stale roster is answered by sealing anew, and what the
// trust list says of the country's oversight is looked at before it goes.
#include "client/session/outbox.h"

#include "certs/clock.h"
#include "client/session/compose.h"
#include "client/session/compose_check.h"
#include "client/session/erase.h"
#include "client/session/history.h"
#include "client/session/known.h"
#include "client/session/oversight.h"
#include "client/session/receipt.h"
#include "client/session/seal.h"
#include "proto/codec/timestamp.h"
#include "proto/log/leaf.h"
#include "proto/model/kind.h"
#include "proto/model/reason.h"

#include <bsd/string.h>
#include <string.h>

#define RESEALS      3u
#define ARENA_OUTBOX (16u * 1024 * 1024)

enum am_err outbox_add(struct session *session, const char *id, const Amana__V1__Message *message)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    Google__Protobuf__Timestamp now;
    timestamp_from_ns(clock_utc(), &now);
    kept.message = (Amana__V1__Message *)message;
    kept.kept_at = &now;
    arena_init(&arena, ARENA_OUTBOX);
    if (seal_open(session, message, &arena, &detail, &opened) ==
        AM_OK) // whoever is no reader of it keeps it all the same
        TRY(known_fill(session, opened.body, &arena, &kept));
    TRY(store_put(session->store, STORE_OUTBOX, id, &kept));
    strlcpy(session->judged, id, sizeof session->judged);
    return AM_OK;
}

bool outbox_was_refused(const Amana__V1__Kept *kept)
{
    return kept->entry == NULL && kept->wait[0] != '\0' && strcmp(kept->wait, "SIGN_AGAIN") != 0;
}

// That one of this unit is dropped doesn't make what came readable: it isn't rejected a second time.
static enum am_err rejection_dropped(struct session *session, const Amana__V1__Header *header, struct arena *arena)
{
    Amana__V1__Kept *came;
    if (header->kind != KIND(BODY_REJECTED) || header->in_reply_to == NULL)
        return AM_OK;
    enum am_err err = store_get(session->store, STORE_INBOX, header->in_reply_to->id, arena, &came);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    came->unanswered = true;
    return store_put(session->store, STORE_INBOX, header->in_reply_to->id, came);
}

enum am_err outbox_drop(struct session *session, const char *id, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    arena_init(&arena, ARENA_OUTBOX);
    TRY(store_get(session->store, STORE_OUTBOX, id, &arena, &kept));
    if (seal_header(kept->message, &arena, detail, &header) == AM_OK) // what can't be read can go too
        TRY(rejection_dropped(session, header, &arena));
    return store_drop(session->store, STORE_OUTBOX, id, kept);
}

struct said {
    const char *id, *device;
    const ProtobufCBinaryData *header, *body, *flags;
};

static bool says(struct session *session, const Amana__V1__Message *message, const char *id, const struct said *said)
{
    return strcmp(said->id, id) == 0 && strcmp(said->device, session->device) == 0 &&
           log_sha256_is(codec_bytes(message->header), codec_bytes(*said->header)) &&
           log_sha256_is(codec_bytes(message->sealed_body), codec_bytes(*said->body)) &&
           log_sha256_is(codec_bytes(message->flags), codec_bytes(*said->flags));
}

static bool is_submitted(struct session *session, const Amana__V1__Message *message, const char *id,
                         const Amana__V1__EntryContent *content)
{
    const Amana__V1__SubmittedEntry *entry = content->submitted;
    return content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED &&
           says(session, message, id,
                &(struct said){entry->id, entry->device, &entry->header_digest, &entry->body_digest,
                               &entry->flags_digest});
}

static bool is_parked(struct session *session, const Amana__V1__Message *message, const char *id,
                      const Amana__V1__EntryContent *content)
{
    const Amana__V1__ParkedEntry *entry = content->parked;
    return content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_PARKED &&
           says(session, message, id,
                &(struct said){entry->id, entry->device, &entry->header_digest, &entry->body_digest,
                               &entry->flags_digest});
}

// A receipt says "accepted" only of exactly these bytes.
static enum am_err check_receipt(struct session *session, const Amana__V1__Message *message, const char *id,
                                 bool parked, const Amana__V1__ProvedEntry *entry, struct arena *arena,
                                 struct am_detail *detail)
{
    Amana__V1__EntryContent *content;
    TRY(history_entry(session, entry, arena, detail, &content));
    if (parked ? is_parked(session, message, id, content) : is_submitted(session, message, id, content))
        return AM_OK;
    history_alarm(session, "a receipt is about another message than the one sent", NULL, NULL);
    return am_fail(AM_PROOF, detail, id, "the hub's receipt is about another message");
}

struct delivery {
    struct session *session;
    struct arena *arena;
    const char *id;
    Amana__V1__Kept *kept;
    struct am_detail *detail;
    bool parks; // it waits at the hub for its second person
};

static enum am_err keep_waiting(struct delivery *delivery, const char *wait, const char *text)
{
    delivery->kept->wait = (char *)wait;
    delivery->kept->wait_text = (char *)text;
    return store_put(delivery->session->store, STORE_OUTBOX, delivery->id, delivery->kept);
}

static enum am_err accept(struct delivery *delivery, Amana__V1__ProvedEntry *entry)
{
    Amana__V1__Kept *kept = delivery->kept;
    Amana__V1__Header *header;
    enum am_err err = check_receipt(delivery->session, kept->message, delivery->id, delivery->parks, entry,
                                    delivery->arena, delivery->detail);
    if (err == AM_OK) {
        kept->entry = entry;
        kept->message->flags = (ProtobufCBinaryData){0, NULL};
        kept->wait = kept->wait_text = (char *)"";
        err = store_move(delivery->session->store, STORE_OUTBOX, STORE_SENT, delivery->id, kept);
    }
    if (err == AM_IO || err == AM_FULL)
        return am_fail(err, delivery->detail, delivery->id,
                       "the hub has taken it, as entry %llu, and that can't be kept here: look at the disk, whether it "
                       "is full; the next command that connects asks once more, and nothing is sent twice",
                       (unsigned long long)entry->index);
    TRY(err);
    if (delivery->parks) // it says nothing before its second person does: its copy comes then
        return AM_OK;
    TRY(seal_header(kept->message, delivery->arena, delivery->detail, &header));
    return erase_said(delivery->session, header);
}

// It stays until a person decides: why is in *detail.
static enum am_err keep_refused(struct delivery *delivery, const char *reason, enum outbox_result *ret_result)
{
    const struct am_detail *detail = delivery->detail;
    const char *text =
        detail->field[0] != '\0' ? arena_printf(delivery->arena, "%s: %s", detail->field, detail->text) : detail->text;
    *ret_result = OUTBOX_REFUSED;
    return text != NULL ? keep_waiting(delivery, reason, text) : arena_error(delivery->arena);
}

// *ret_anew: it was. Else it waits for the officer's key, as *ret_result says.
static enum am_err seal_anew(struct delivery *delivery, enum outbox_result *ret_result, bool *ret_anew)
{
    Amana__V1__Message *message;
    enum am_err err =
        compose_again(delivery->session, delivery->kept->message, delivery->arena, delivery->detail, &message);
    *ret_anew = err == AM_OK;
    if (err == AM_DENIED || err == AM_NOT_FOUND || err == AM_CRYPTO) {
        *ret_result = OUTBOX_AGAIN;
        return keep_waiting(delivery, "SIGN_AGAIN", delivery->detail->text);
    }
    TRY(err);
    delivery->kept->message = message;
    return store_put(delivery->session->store, STORE_OUTBOX, delivery->id, delivery->kept);
}

// What is kept, and what the hub alone has beside it.
static enum am_err as_sent(const struct delivery *delivery, Amana__V1__Message *ret_message)
{
    Amana__V1__Header *header;
    *ret_message = *delivery->kept->message;
    if (!delivery->session->recalls)
        return AM_OK;
    TRY(seal_header(ret_message, delivery->arena, delivery->detail, &header));
    return oversight_recall(delivery->session, header, delivery->arena, delivery->detail, &ret_message->crl);
}

// The hub goes by another trust list than this desk. *ret_retry: its revocation list may be what is older, and this
// desk's goes along from now on; else nothing here can mend that.
static enum am_err trust_differs(struct delivery *delivery, bool *ret_retry)
{
    Amana__V1__Message message = *delivery->kept->message;
    bool brought = delivery->session->recalls;
    delivery->session->recalls = true;
    enum am_err err = as_sent(delivery, &message);
    *ret_retry = err == AM_OK && !brought && message.crl.len != 0;
    if (err == AM_TOO_LARGE || *ret_retry)
        return AM_OK; // it waits, and says why
    TRY(err);
    char said[sizeof delivery->detail->text];
    strlcpy(said, delivery->detail->text, sizeof said);
    (void)am_fail(AM_OK, delivery->detail, "oversight_point",
                  "this desk's trust/ isn't the one that the hub goes by: have the newest from your registrar, then it "
                  "is sealed anew and goes (%.150s)",
                  said);
    return AM_OK;
}

// What to do with a refusal. *ret_retry: it was sealed anew, or brings more: send again.
static enum am_err refused(struct delivery *delivery, const struct rpc_error *error, enum outbox_result *ret_result,
                           bool *ret_retry)
{
    enum reason reason = reason_by_name(error->reason);
    (void)session_refused(error, delivery->detail);
    *ret_retry = false;
    if (reason == REASON_ROSTER_STALE)
        return strcmp(delivery->detail->field, "oversight_point") == 0 ? trust_differs(delivery, ret_retry)
                                                                       : seal_anew(delivery, ret_result, ret_retry);
    return keep_refused(delivery, error->reason[0] != '\0' ? error->reason : rpc_status_name(error->status),
                        ret_result);
}

// Rule 4: what has waited goes by what is known now of its case, and of its persons from others. The hub sees no
// person. Where its receipt alone is missing it has left, and is asked for as ever.
static enum am_err may_leave(struct delivery *delivery, enum outbox_result *ret_result, bool *ret_may)
{
    struct opened opened;
    struct am_detail unread = {0};
    *ret_may = true;
    if (strcmp(delivery->session->judged, delivery->id) == 0)
        return AM_OK;
    enum am_err err = seal_open(delivery->session, delivery->kept->message, delivery->arena, &unread, &opened);
    if (err != AM_OK) // nobody can read it here any more
        return err == AM_NOMEM ? err : AM_OK;
    const struct compose_parts parts = {opened.header, opened.flags, opened.body};
    enum reason reason = compose_may_leave(delivery->session, &parts, delivery->detail);
    if (reason == REASON_INTERNAL)
        return am_fail(AM_CORRUPT, delivery->detail, delivery->id, "what is kept here of its case can't be read");
    if (reason == REASON_NONE)
        return AM_OK;
    err = receipt_asked(delivery->session, delivery->id, delivery->kept->message, delivery->arena, &unread);
    if (err != AM_NOT_FOUND)
        return err;
    *ret_may = false;
    return keep_refused(delivery, reason_name(reason), ret_result);
}

static enum am_err send_one(struct delivery *delivery, enum outbox_result *ret_result)
{
    Amana__V1__ProvedEntry *entry;
    struct rpc_error error;
    bool retry = true;
    Amana__V1__Header *header;
    TRY(seal_header(delivery->kept->message, delivery->arena, delivery->detail, &header));
    TRY(may_leave(delivery, ret_result, &retry));
    if (!retry)
        return AM_OK;
    if (oversight_changed(delivery->session, delivery->kept->message, header)) {
        TRY(seal_anew(delivery, ret_result, &retry));
        if (!retry)
            return AM_OK;
    }
    delivery->parks = header->release == AMANA__V1__RELEASE__CODE__REQUIRED;
    const char *path = delivery->parks ? "/amana.v1.Relay/Park" : "/amana.v1.Relay/Send";
    for (unsigned i = 0; i < RESEALS && retry; i++) {
        Amana__V1__Message message;
        enum am_err err = as_sent(delivery, &message);
        if (err != AM_TOO_LARGE) // then the hub has to have it itself by now
            TRY(err);
        err = link_unary(delivery->session->link, path, &message.base, &amana__v1__proved_entry__descriptor,
                         delivery->arena, &error, (ProtobufCMessage **)&entry);
        if (err == AM_OK) {
            *ret_result = OUTBOX_ACCEPTED;
            return accept(delivery, entry);
        }
        *ret_result = OUTBOX_WAITS;
        if (err == AM_UNAVAILABLE) {
            (void)session_refused(&error, delivery->detail);
            return AM_OK;
        }
        if (err != AM_DENIED)
            return err;
        TRY(refused(delivery, &error, ret_result, &retry));
    }
    return AM_OK;
}

// What the next message would meet as well.
static bool ends_all(enum am_err err)
{
    return err == AM_NOMEM || err == AM_IO || err == AM_FULL || err == AM_FORK || err == AM_ROLLBACK ||
           err == AM_UNAVAILABLE || err == AM_BUSY;
}

static enum am_err deliver_one(struct session *session, const char *id, bool again, struct am_detail *detail,
                               outbox_tell tell, void *user)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail why = {0};
    enum outbox_result result = OUTBOX_WAITS;
    arena_init(&arena, ARENA_OUTBOX);
    struct delivery delivery = {session, &arena, id, NULL, &why, false};
    enum am_err err = store_get(session->store, STORE_OUTBOX, id, &arena, &delivery.kept);
    if (err == AM_OK && outbox_was_refused(delivery.kept) && !again)
        return AM_OK;
    session->alarmed = false; // what one message met is another matter
    if (err == AM_OK)
        err = send_one(&delivery, &result);
    if (ends_all(err)) {
        *detail = why;
        return err;
    }
    if (err != AM_OK)
        result = OUTBOX_FAILED;
    if (tell != NULL)
        tell(user, &(struct outbox_report){id, result, err, delivery.kept, &why});
    if (result != OUTBOX_WAITS || link_alive(session->link))
        return AM_OK;
    *detail = why;
    return AM_UNAVAILABLE;
}

enum am_err outbox_deliver(struct session *session, bool again, struct am_detail *detail, outbox_tell tell, void *user)
{
    char at[STORE_ID] = "", id[STORE_ID];
    enum am_err err;
    if (!link_alive(session->link)) {
        *detail = session->offline;
        return AM_UNAVAILABLE;
    }
    while ((err = store_next(session->store, STORE_OUTBOX, at, id)) == AM_OK) {
        TRY(deliver_one(session, id, again, detail, tell, user));
        strlcpy(at, id, sizeof at);
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}
