// SPDX-License-Identifier: Apache-2.0
// ListPending, Release and SendBack, and the notices that follow from them.
#include "client/session/second.h"

#include "amana/v1/relay.pb-c.h"
#include "certs/clock.h"
#include "certs/cms.h"
#include "certs/release.h"
#include "client/session/directory.h"
#include "client/session/history.h"
#include "client/session/oversight.h"
#include "client/session/seal.h"
#include "client/session/signers.h"
#include "client/session/store_index.h"
#include "proto/codec/timestamp.h"
#include "proto/log/leaf.h"
#include "proto/model/header_check.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_WAITING (24u * 1024 * 1024)
#define KIND_OF(name) AMANA__V1__ENTRY_CONTENT__KIND_##name

// --- What the hub shows
struct named {
    const char *id, *device;
    ProtobufCBinaryData header, body, signature;
};

// What the entry says of the message, whichever of the two kinds it is. False: another kind.
static bool named_by(const Amana__V1__EntryContent *content, struct named *ret_named)
{
    if (content->kind_case == KIND_OF(PARKED)) {
        const Amana__V1__ParkedEntry *entry = content->parked;
        *ret_named =
            (struct named){entry->id, entry->device, entry->header_digest, entry->body_digest, entry->signature_digest};
    } else if (content->kind_case == KIND_OF(SUBMITTED)) {
        const Amana__V1__SubmittedEntry *entry = content->submitted;
        *ret_named =
            (struct named){entry->id, entry->device, entry->header_digest, entry->body_digest, entry->signature_digest};
    } else {
        return false;
    }
    return true;
}

static enum am_err prove(struct session *session, const Amana__V1__Pending *pending, struct arena *arena,
                         struct am_detail *detail, struct second_waiting *waiting)
{
    struct header_context context = {.any_oversight = true};
    Amana__V1__EntryContent *content;
    struct named named;
    if (pending->message == NULL || pending->entry == NULL)
        return am_fail(AM_PROOF, detail, "pending", "a message came without its proof");
    waiting->message = pending->message;
    waiting->entry = pending->entry;
    TRY(seal_header(waiting->message, arena, detail, &waiting->header));
    if (header_check(waiting->header, &context, detail) != REASON_NONE)
        return AM_INVALID;
    waiting->deferred = waiting->header->release == AMANA__V1__RELEASE__CODE__DEFERRED;
    TRY(history_entry(session, waiting->entry, arena, detail, &content));
    if (!named_by(content, &named) || (content->kind_case == KIND_OF(SUBMITTED)) != waiting->deferred ||
        waiting->header->releasing == NULL ||
        strcmp(waiting->header->releasing->unit, session->settings.value[SETTING_UNIT]) != 0 ||
        strcmp(named.id, waiting->header->id) != 0 || strcmp(named.device, waiting->header->device) != 0 ||
        !log_sha256_is(codec_bytes(waiting->message->header), codec_bytes(named.header)) ||
        !log_sha256_is(codec_bytes(waiting->message->sealed_body), codec_bytes(named.body)) ||
        !log_sha256_is(codec_bytes(waiting->message->signature), codec_bytes(named.signature)))
        return am_fail(AM_PROOF, detail, waiting->header->id, "its entry in the log is not about these bytes");
    return signers_check(session, waiting->message, waiting->header, waiting->entry->index, SIGNERS_AUTHOR, detail);
}

enum am_err second_each(struct session *session, struct am_detail *detail,
                        enum am_err (*each)(void *user, const struct second_waiting *waiting), void *user)
{
    Amana__V1__ListPendingRequest request = AMANA__V1__LIST_PENDING_REQUEST__INIT;
    struct link_call *call;
    TRY(link_call_begin(session->link, "/amana.v1.Relay/ListPending", &request.base, 0, &call));
    enum am_err err = AM_OK;
    while (err == AM_OK) {
        struct arena AM_CLEANUP(arena_wipe) arena = {0};
        struct second_waiting waiting;
        Amana__V1__Pending *pending;
        arena_init(&arena, ARENA_WAITING);
        err = link_call_next(call, &amana__v1__pending__descriptor, &arena, detail, (ProtobufCMessage **)&pending);
        if (err == AM_NOT_FOUND) { // the stream has ended
            err = link_call_error(call)->status == RPC_OK ? AM_OK : session_refused(link_call_error(call), detail);
            break;
        }
        if (err != AM_OK)
            break;
        err = prove(session, pending, &arena, detail, &waiting);
        if (err == AM_OK)
            err = each(user, &waiting);
        else if (err == AM_PROOF || err == AM_SIGNATURE)
            history_alarm(session, detail->text, NULL, NULL);
    }
    link_call_end(call);
    return err;
}

struct finding {
    const char *beginning;
    struct arena *arena;
    struct am_detail *detail;
    struct second_waiting *found;
    unsigned count;
};

static enum am_err keep_found(void *user, const struct second_waiting *waiting)
{
    struct finding *finding = user;
    uint8_t *message, *entry;
    size_t len;
    if (strncmp(waiting->header->id, finding->beginning, strlen(finding->beginning)) != 0)
        return AM_OK;
    if (finding->count++ > 0)
        return am_fail(AM_CONFLICT, finding->detail, finding->beginning, "several wait whose id begins so: %s and %s",
                       finding->found->header->id, waiting->header->id);
    TRY(codec_encode_alloc(&waiting->message->base, &message, &len));
    enum am_err err = codec_decode(&amana__v1__message__descriptor, CODEC_LENIENT, (struct am_bytes){message, len},
                                   finding->arena, NULL, (ProtobufCMessage **)&finding->found->message);
    free(message);
    TRY(err);
    TRY(codec_encode_alloc(&waiting->entry->base, &entry, &len));
    err = codec_decode(&amana__v1__proved_entry__descriptor, CODEC_LENIENT, (struct am_bytes){entry, len},
                       finding->arena, NULL, (ProtobufCMessage **)&finding->found->entry);
    free(entry);
    TRY(err);
    finding->found->deferred = waiting->deferred;
    return seal_header(finding->found->message, finding->arena, finding->detail, &finding->found->header);
}

enum am_err second_find(struct session *session, const char *beginning, struct arena *arena, struct am_detail *detail,
                        struct second_waiting *ret_waiting)
{
    struct finding finding = {beginning, arena, detail, ret_waiting, 0};
    if (beginning[0] == '\0') // would be that of any
        return am_fail(AM_USAGE, detail, "", "an ID is needed, or its beginning: `amana pending` lists what waits");
    TRY(second_each(session, detail, keep_found, &finding));
    if (finding.count == 0)
        return am_fail(AM_NOT_FOUND, detail, beginning,
                       "nothing that waits for this unit has an id that begins so: "
                       "`amana pending` lists what does");
    return AM_OK;
}

// --- The supervisor's word
static enum am_err ask(struct session *session, const char *path, const ProtobufCMessage *request, struct arena *arena,
                       struct am_detail *detail, Amana__V1__ProvedEntry **ret_entry)
{
    struct rpc_error error;
    enum am_err err = link_unary(session->link, path, request, &amana__v1__proved_entry__descriptor, arena, &error,
                                 (ProtobufCMessage **)ret_entry);
    return err == AM_DENIED || err == AM_UNAVAILABLE ? session_refused(&error, detail) : err;
}

static enum am_err take_der(struct arena *arena, struct am_bytes der, ProtobufCBinaryData *ret_bytes)
{
    ret_bytes->data = arena_copy(arena, der.data, der.len);
    ret_bytes->len = der.len;
    free((void *)der.data);
    return ret_bytes->data != NULL ? AM_OK : arena_error(arena);
}

static enum am_err point_at(const struct second_waiting *waiting, struct arena *arena, Amana__V1__Pointer *ret_pointer)
{
    uint8_t *digest = arena_alloc(arena, LOG_HASH_SIZE);
    return digest != NULL ? seal_point(waiting->message, waiting->header, digest, ret_pointer) : arena_error(arena);
}

// Who isn't on the roster at all is refused by the hub, in its own words.
enum am_err second_may(struct session *session, const Amana__V1__Header *header, struct am_detail *detail)
{
    struct roster *roster;
    bool unmarked = false;
    if (strcmp(header->officer, session->officer) == 0)
        return am_fail(AM_DENIED, detail, header->id,
                       "is your own: a second person must release it (RELEASE_REQUIRED)");
    TRY(directory_newest(session, session->settings.value[SETTING_UNIT], NULL, detail, &roster));
    for (size_t i = 0; i < roster->officers_count; i++)
        unmarked |= !roster->officers[i].supervisor && strcmp(roster->officers[i].identity.uri, session->officer) == 0;
    roster_unref(roster);
    return !unmarked ? AM_OK
                     : am_fail(AM_DENIED, detail, header->id,
                               "is for a supervisor to release, and the roster of %s marks %s as none "
                               "(RELEASE_REQUIRED)",
                               session->settings.value[SETTING_UNIT], session->settings.value[SETTING_OFFICER]);
}

// A receipt is one only of what was asked for.
static enum am_err check_answer(struct session *session, const Amana__V1__Pointer *pointer, bool holds,
                                struct am_detail *detail)
{
    if (holds)
        return AM_OK;
    history_alarm(session, "the proof of a release is about another message", NULL, NULL);
    return am_fail(AM_PROOF, detail, pointer->id, "the hub's proof is about something else");
}

// As a message goes (outbox.c): the revocation list comes along once the hub has refused that the oversight is left
// out.
static enum am_err ask_release(struct session *session, const Amana__V1__Header *header,
                               Amana__V1__ReleaseRequest *request, struct arena *arena, struct am_detail *detail,
                               Amana__V1__ProvedEntry **ret_entry)
{
    bool brought = session->recalls;
    if (brought)
        TRY(oversight_recall(session, header, arena, detail, &request->crl));
    enum am_err err = ask(session, "/amana.v1.Relay/Release", &request->base, arena, detail, ret_entry);
    if (err != AM_DENIED || brought || strcmp(detail->field, "oversight_point") != 0)
        return err;
    session->recalls = true;
    TRY(oversight_recall(session, header, arena, detail, &request->crl));
    return request->crl.len == 0 ? err
                                 : ask(session, "/amana.v1.Relay/Release", &request->base, arena, detail, ret_entry);
}

enum am_err second_release(struct session *session, const struct second_waiting *waiting, struct arena *arena,
                           struct am_detail *detail, Amana__V1__ProvedEntry **ret_entry)
{
    Amana__V1__ReleaseRequest request = AMANA__V1__RELEASE_REQUEST__INIT;
    Amana__V1__Pointer pointer;
    Amana__V1__EntryContent *content;
    const struct certificate *certificate;
    struct am_bytes der, bytes = codec_bytes(waiting->message->header);
    EVP_PKEY *key;
    TRY(point_at(waiting, arena, &pointer));
    TRY(session_key(session, CERT_USE_SIGN_OFFICER, detail, &certificate, &key));
    TRY(waiting->deferred
            ? cms_sign(bytes, certificate->x509, key, detail, &der)
            : cms_sign_also(codec_bytes(waiting->message->signature), certificate->x509, key, detail, &der));
    TRY(take_der(arena, der, &request.signature));
    request.message = &pointer;
    TRY(ask_release(session, waiting->header, &request, arena, detail, ret_entry));
    TRY(history_entry(session, *ret_entry, arena, detail, &content));
    bool holds = waiting->deferred ? content->kind_case == KIND_OF(RELEASED) &&
                                         header_points_alike(content->released->message, &pointer)
                                   : content->kind_case == KIND_OF(SUBMITTED) &&
                                         log_sha256_is(bytes, codec_bytes(content->submitted->header_digest));
    return check_answer(session, &pointer, holds, detail);
}

enum am_err second_send_back(struct session *session, const struct second_waiting *waiting,
                             Amana__V1__ReturnReason__Code reason, struct arena *arena, struct am_detail *detail,
                             Amana__V1__ProvedEntry **ret_entry)
{
    Amana__V1__SendBackRequest request = AMANA__V1__SEND_BACK_REQUEST__INIT;
    Amana__V1__Returned returned = AMANA__V1__RETURNED__INIT;
    Amana__V1__Pointer pointer;
    Amana__V1__EntryContent *content;
    Google__Protobuf__Timestamp now;
    const struct certificate *certificate;
    struct am_bytes der, statement;
    EVP_PKEY *key;
    TRY(point_at(waiting, arena, &pointer));
    timestamp_from_ns(session_now(session), &now);
    returned.context = (char *)RETURNED_CONTEXT;
    returned.origin = (char *)session->hub->origin;
    returned.officer = session->officer;
    returned.time = &now;
    returned.message = &pointer;
    returned.reason = reason;
    TRY(codec_encode(&returned.base, arena, &statement));
    TRY(session_key(session, CERT_USE_SIGN_OFFICER, detail, &certificate, &key));
    TRY(cms_sign(statement, certificate->x509, key, detail, &der));
    TRY(take_der(arena, der, &request.signature));
    request.statement = codec_binary(statement);
    TRY(ask(session, "/amana.v1.Relay/SendBack", &request.base, arena, detail, ret_entry));
    TRY(history_entry(session, *ret_entry, arena, detail, &content));
    return check_answer(
        session, &pointer,
        content->kind_case == KIND_OF(RETURNED) && header_points_alike(content->returned->message, &pointer), detail);
}

// --- What is kept here
static bool entry_waits(const Amana__V1__ProvedEntry *entry)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__EntryContent *content;
    arena_init(&arena, ARENA_WAITING);
    return entry != NULL &&
           codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(entry->content), &arena, NULL,
                        (ProtobufCMessage **)&content) == AM_OK &&
           content->kind_case == KIND_OF(PARKED);
}

enum am_err second_possible(struct session *session, const Amana__V1__Header *header, bool *ret_possible)
{
    struct am_detail detail = {0};
    struct roster *roster;
    TRY(directory_kept(session, header->releasing->unit, &detail, &roster));
    *ret_possible = false;
    for (size_t i = 0; i < roster->officers_count; i++)
        *ret_possible |=
            roster->officers[i].supervisor && strcmp(roster->officers[i].identity.uri, header->officer) != 0;
    roster_unref(roster);
    return AM_OK;
}

bool second_waits(struct store *store, enum store_box box, const char *id)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    arena_init(&arena, ARENA_WAITING);
    return store_get(store, box, id, &arena, &kept) == AM_OK && entry_waits(kept->entry);
}

bool second_sent(const Amana__V1__Kept *kept, const Amana__V1__Header *header)
{
    return header->release != AMANA__V1__RELEASE__CODE__REQUIRED || strcmp(kept->release, "RELEASED") == 0 ||
           !entry_waits(kept->entry);
}

bool second_never(const Amana__V1__Kept *kept, const Amana__V1__Header *header)
{
    return kept->release[0] != '\0' && !second_sent(kept, header);
}

// The message of that entry, if it is kept here and is the one that the pointer names. AM_NOT_FOUND.
static enum am_err find_kept(struct session *session, uint64_t seq, const Amana__V1__Pointer *pointer,
                             struct arena *arena, enum store_box *ret_box, char ret_id[STORE_ID],
                             Amana__V1__Kept **ret_kept)
{
    TRY(store_at_entry(session->store, seq, ret_box, ret_id));
    TRY(store_get(session->store, *ret_box, ret_id, arena, ret_kept));
    return pointer != NULL &&
                   log_sha256_is(codec_bytes((*ret_kept)->message->header), codec_bytes(pointer->header_digest))
               ? AM_OK
               : AM_NOT_FOUND;
}

static enum am_err take_released(struct session *session, const Amana__V1__ProvedEntry *entry,
                                 const Amana__V1__ReleasedEntry *released, const Amana__V1__Header *header,
                                 struct am_detail *detail, Amana__V1__Kept *kept)
{
    TRY(signers_check_late(session, kept->message, header, entry->index, codec_bytes(released->signature), detail));
    kept->release = (char *)"RELEASED";
    kept->releaser = released->officer;
    return AM_OK;
}

static enum am_err take_returned(struct session *session, const Amana__V1__ProvedEntry *entry,
                                 const Amana__V1__ReturnedEntry *returned, const Amana__V1__Header *header,
                                 struct arena *arena, struct am_detail *detail, Amana__V1__Kept *kept)
{
    Amana__V1__Returned *statement;
    if (returned->lapsed) {
        kept->release = (char *)"LAPSED";
        return AM_OK;
    }
    TRY(signers_check_returned(session, header->releasing->unit, entry->index, returned, arena, detail, &statement));
    kept->release = (char *)"RETURNED";
    kept->releaser = statement->officer;
    const char *reason = codec_enum_name(&amana__v1__return_reason__code__descriptor, (int)statement->reason);
    kept->release_text = (char *)(reason != NULL ? reason : "");
    return AM_OK;
}

enum am_err second_take(struct session *session, const Amana__V1__ProvedEntry *entry,
                        const Amana__V1__EntryContent *content, struct arena *arena, struct am_detail *detail)
{
    bool released = content->kind_case == KIND_OF(RELEASED), returned = content->kind_case == KIND_OF(RETURNED);
    Amana__V1__Header *header;
    Amana__V1__Kept *kept;
    enum store_box box;
    char id[STORE_ID];
    if (!released && !returned)
        return AM_OK;
    enum am_err err =
        find_kept(session, released ? content->released->parked : content->returned->parked,
                  released ? content->released->message : content->returned->message, arena, &box, id, &kept);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err; // another desk's
    TRY(seal_header(kept->message, arena, detail, &header));
    if (header->releasing == NULL)
        return am_fail(AM_PROOF, detail, header->id, "an entry of the log ends a release that it doesn't ask for");
    TRY(released ? take_released(session, entry, content->released, header, detail, kept)
                 : take_returned(session, entry, content->returned, header, arena, detail, kept));
    return store_put(session->store, box, id, kept);
}

static const char *last_part(const char *uri)
{
    const char *slash = strrchr(uri, '/');
    return slash != NULL ? slash + 1 : uri;
}

void second_state(const Amana__V1__Kept *kept, char ret_state[SECOND_STATE])
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Header *header;
    arena_init(&arena, ARENA_WAITING);
    ret_state[0] = '\0';
    if (seal_header(kept->message, &arena, NULL, &header) != AM_OK || header->releasing == NULL)
        return;
    bool deferred = header->release == AMANA__V1__RELEASE__CODE__DEFERRED;
    const char *unreleased = deferred ? "UNRELEASED: " : "";
    if (strcmp(kept->release, "RETURNED") == 0)
        snprintf(ret_state, SECOND_STATE, "%ssent back by %.31s: %.40s", unreleased, last_part(kept->releaser),
                 kept->release_text);
    else if (strcmp(kept->release, "LAPSED") == 0)
        snprintf(ret_state, SECOND_STATE, "%snobody released it in time", unreleased);
    else if (strcmp(kept->release, "RELEASED") == 0)
        return;
    else if (deferred)
        strlcpy(ret_state, "UNRELEASED: a second person has not signed it yet", SECOND_STATE);
    else if (entry_waits(kept->entry))
        snprintf(ret_state, SECOND_STATE, "waits for a second person of %s", header->releasing->unit);
}
