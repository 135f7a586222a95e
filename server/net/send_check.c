// SPDX-License-Identifier: Apache-2.0
// The check of a message on a worker: is its id known; do digests, signature and seal hold; what do its pointers name.
#include "server/net/send_check.h"

#include <stdlib.h>
#include <string.h>

#define CHECKED_ARENA (4u * 1024 * 1024) // headers of up to 36 messages that it points to, and lives

static void check_fail(struct check *check, enum reason reason, const char *field, const char *text)
{
    check->s->checked = reason;
    (void)am_fail(AM_INVALID, &check->s->checked_detail, field, "%s", text);
}

// What could not be read or remembered: nothing is taken, the client tries again. No other check goes on from here.
static void check_broken(struct check *check, enum am_err err)
{
    check->s->more = false;
    check_fail(check, err == AM_TOO_LARGE || err == AM_NOMEM ? REASON_BUSY : REASON_INTERNAL, "", am_err_text(err));
}

// --- Duplicates: by device and id, before anything else
static enum am_err original_read(struct check *check)
{
    uint8_t *receipt;
    size_t len;

    TRY(store_receipt(check->view, check->s->known_seq, &receipt, &len));
    check->s->original_receipt = (struct am_bytes){arena_copy(check->arena, receipt, len), len};
    free(receipt);
    return check->s->original_receipt.data != NULL ? AM_OK : AM_NOMEM;
}

// One that was parked was parked first: that is its original, whatever became of it.
static enum am_err check_known(struct check *check)
{
    uint8_t id[16], digest[32];
    enum am_err err;

    if (message_id_check(check->header->id, id, NULL) != AM_OK)
        return AM_OK;
    err = store_find_parked_id(check->view, check->s->work.identity, id, &check->s->known_seq, digest);
    if (err == AM_NOT_FOUND)
        err = store_find_id(check->view, check->s->work.identity, id, &check->s->known_seq, digest);
    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    check->s->known = true;
    check->s->known_same = memcmp(digest, check->s->header_digest, 32) == 0;
    return check->s->known_same ? original_read(check) : AM_OK;
}

// How it stands with what is to be released; one that the same supervisor has released gets that receipt again.
static enum am_err check_waiting(struct check *check)
{
    struct journal_release *release = &check->s->release;
    struct roster *releasing;
    struct cms_signature signature;

    TRY(store_release(check->view, check->s->parked, release));
    release->releasing = arena_copy(check->arena, release->releasing, strlen(release->releasing));
    release->officer = arena_copy(check->arena, release->officer, strlen(release->officer));
    if (release->releasing == NULL || release->officer == NULL)
        return arena_error(check->arena);
    releasing = registry_roster(check->send->registry, release->releasing);
    if (release->state != AMANA__V1__RELEASE_STATE__CODE__RELEASED || releasing == NULL ||
        cms_profile_signature(check->s->signature, CMS_DETACHED_FORM, NULL, &signature) != AM_OK)
        return AM_OK;
    const struct roster_officer *signer = release_signer(&signature, check->header->officer, releasing);
    if (signer == NULL || strcmp(signer->identity.uri, release->officer) != 0)
        return AM_OK;
    check->s->known = check->s->known_same = true;
    check->s->known_seq = release->ended_by;
    return original_read(check);
}

// --- The bytes against what the header says of them
static bool digest_holds(struct am_bytes bytes, ProtobufCBinaryData said)
{
    uint8_t digest[32];

    return said.len == 32 && certs_sha256(bytes.data, bytes.len, digest) && memcmp(digest, said.data, 32) == 0;
}

static enum am_err check_digests(struct check *check)
{
    const Amana__V1__Header *header = check->header;
    struct am_detail detail = {0};
    enum am_err err;

    if (header->body_size != check->s->body.len) {
        check_fail(check, REASON_FIELD_INVALID, "body_size", "is not the length of sealed_body");
        return AM_OK;
    }
    if (!digest_holds(check->s->body, header->body_digest)) {
        check_fail(check, REASON_FIELD_INVALID, "body_digest", "is not the SHA-256 of sealed_body");
        return AM_OK;
    }
    if (check->s->flags_bytes.len > LIMIT_FLAGS || !digest_holds(check->s->flags_bytes, header->flags_digest)) {
        check_fail(check, REASON_FIELD_INVALID, "flags_digest", "is not the SHA-256 of flags");
        return AM_OK;
    }
    err = codec_decode(&amana__v1__flags__descriptor, CODEC_STRICT, check->s->flags_bytes, check->arena, &detail,
                       (ProtobufCMessage **)&check->s->flags);
    if (err == AM_INVALID || err == AM_PROTO) {
        check_fail(check, REASON_FIELD_INVALID, "flags", detail.text);
        return AM_OK;
    }
    return err;
}

// --- Who signed, and is everybody still good
static enum reason certificate_reason(enum am_err err)
{
    return err == AM_NOMEM || err == AM_CRYPTO ? REASON_INTERNAL : REASON_REVOKED;
}

static bool certificate_good(struct check *check, const struct certificate *certificate, enum cert_use use,
                             const char *field)
{
    struct am_detail detail = {0};
    enum am_err err = cert_cache_check(registry_cache(check->send->registry), registry_trust(check->send->registry),
                                       certificate, use, check->send->now_ns, &detail);

    if (err != AM_OK)
        check_fail(check, certificate_reason(err), field, detail.text[0] ? detail.text : am_err_text(err));
    return err == AM_OK;
}

enum reason release_reason(enum am_err err)
{
    switch (err) {
    case AM_NOT_FOUND: return REASON_NOT_ON_ROSTER;
    case AM_DENIED: return REASON_RELEASE_REQUIRED;
    case AM_NOMEM: return REASON_BUSY;
    default: return REASON_SIGNATURE_INVALID;
    }
}

// The second person: on the newest roster of the releasing unit, whose device the connection shows.
static void check_released(struct check *check, const struct cms_signature *signature,
                           const struct roster_officer *author)
{
    struct roster *releasing = registry_roster(check->send->registry, check->s->work.unit);
    const struct roster_officer *supervisor;
    struct am_detail detail = {0};

    if (releasing == NULL) {
        check_fail(check, REASON_NOT_ON_ROSTER, "signature", "its unit has no roster: the registrar gives the hub one");
        return;
    }
    enum am_err err = release_check(signature, check->s->header_bytes, author, releasing, false, &detail, &supervisor);
    if (err != AM_OK) {
        check_fail(check, release_reason(err), "signature", detail.text[0] ? detail.text : am_err_text(err));
        return;
    }
    if (!certificate_good(check, &supervisor->sign, CERT_USE_SIGN_OFFICER, "signature"))
        return;
    check->s->supervisor = arena_copy(check->arena, supervisor->identity.uri, strlen(supervisor->identity.uri));
    if (check->s->supervisor == NULL)
        check_broken(check, AM_NOMEM);
}

// Past the grace of a stale CRL it is the hub that says what still goes.
static bool crl_stale(const struct check *check, const struct certificate *certificate)
{
    return trust_crls_stale(registry_trust(check->send->registry), certificate->x509, check->send->now_ns) >
           check->send->call.net->options.crl_grace_ns;
}

static void check_signature(struct check *check)
{
    struct roster *roster = registry_roster(check->send->registry, check->unit);
    const struct roster_device *device = roster != NULL ? roster_device_by_uri(roster, check->header->device) : NULL;
    const struct roster_officer *officer =
        roster != NULL ? roster_officer_by_uri(roster, check->header->officer) : NULL;
    struct cms_signature signature;
    struct am_detail detail = {0};

    if (device == NULL || officer == NULL) {
        check_fail(check, REASON_NOT_ON_ROSTER, device == NULL ? "device" : "officer",
                   "is not on the sender's newest roster: send as one who is, or have the registrar put it there");
        return;
    }
    if (!certificate_good(check, &device->auth, CERT_USE_AUTH, "device") ||
        !certificate_good(check, &officer->sign, CERT_USE_SIGN_OFFICER, "officer"))
        return;
    check->s->crl_stale = crl_stale(check, &device->auth) || crl_stale(check, &officer->sign);
    if (check->s->signature.len > LIMIT_SIGNATURE ||
        cms_profile_signature(check->s->signature, CMS_DETACHED_FORM, &detail, &signature) != AM_OK) {
        check_fail(check, REASON_SIGNATURE_INVALID, "signature", detail.text);
        return;
    }
    if (check->s->mode == HUB_SUBMIT_RELEASE)
        check_released(check, &signature, officer);
    else if (signature.count != 1)
        check_fail(check, REASON_SIGNATURE_INVALID, "signature", "must have one signer, the header's officer");
    else if (cms_verify_digest(&signature, check->s->header_digest, &officer->sign, &detail) != AM_OK)
        check_fail(check, REASON_SIGNATURE_INVALID, "signature", detail.text);
}

// --- Exactly the devices of the units concerned can open it
struct sealed_for {
    const struct certificate *certificates[LIMIT_SEALED_KEYS];
    const char *uris[LIMIT_SEALED_KEYS];
    size_t count;
    const struct certificate *oversight; // the last of these, NULL: none
};

static bool sealed_add(struct check *check, struct sealed_for *sealed, const char *unit)
{
    struct roster *roster = registry_roster(check->send->registry, unit);

    if (roster == NULL || !roster_in_force(roster)) {
        check_fail(check, REASON_NOT_PERMITTED, "recipients", "have no roster");
        return false;
    }
    for (size_t i = 0; i < roster->devices_count; i++) {
        if (sealed->count == LIMIT_SEALED_KEYS) {
            check_fail(check, REASON_FIELD_INVALID, "recipients", "have more devices than one seal may be for");
            return false;
        }
        sealed->uris[sealed->count] = roster->devices[i].identity.uri;
        sealed->certificates[sealed->count++] = &roster->devices[i].seal;
    }
    return true;
}

// The units that must be able to open it, each once.
static bool sealed_units(struct check *check, struct sealed_for *sealed)
{
    const Amana__V1__Header *header = check->header;
    const char *releasing = header->releasing != NULL ? header->releasing->unit : "";
    bool sender_is_recipient = false, releasing_is_there = releasing[0] == '\0' || strcmp(releasing, check->unit) == 0;

    for (size_t i = 0; i < header->n_recipients; i++) {
        const char *unit = header->recipients[i]->unit;
        sender_is_recipient |= strcmp(unit, check->unit) == 0;
        releasing_is_there |= strcmp(unit, releasing) == 0;
        if (!sealed_add(check, sealed, unit))
            return false;
    }
    return (sender_is_recipient || sealed_add(check, sealed, check->unit)) &&
           (releasing_is_there || sealed_add(check, sealed, releasing));
}

// Whom the trust list names beside them.
static bool sealed_oversight(struct check *check, struct sealed_for *sealed)
{
    const struct certificate *oversight = trust_oversight_of(registry_trust(check->send->registry), check->unit);

    sealed->oversight = check->s->oversight_recalled ? NULL : oversight;
    if (sealed->oversight == NULL)
        return true;
    if (sealed->count == LIMIT_SEALED_KEYS) {
        check_fail(check, REASON_FIELD_INVALID, "recipients", "have more devices than one seal may be for");
        return false;
    }
    sealed->uris[sealed->count] = oversight->identity.uri;
    sealed->certificates[sealed->count++] = oversight;
    return true;
}

// The header repeats the point that the oversight's recipient is sealed by, and no other message has it.
static enum am_err check_point(struct check *check, const struct certificate *oversight)
{
    const uint8_t *point = cms_seal_point(check->worker->seal, oversight);
    const ProtobufCBinaryData said = check->header->oversight_point;
    uint64_t seq;

    if (said.len != CMS_POINT || memcmp(said.data, point, CMS_POINT) != 0) {
        check_fail(check, REASON_FIELD_INVALID, "oversight_point",
                   "is not the ephemeral point of the recipient that is the oversight's certificate in sealed_body");
        return AM_OK;
    }
    if (!cms_point_valid(point)) {
        check_fail(check, REASON_FIELD_INVALID, "oversight_point", "is not a point of the curve P-256");
        return AM_OK;
    }
    enum am_err err = store_find_point(check->view, point + 1, &seq);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    check->s->point_used = check->s->mode != HUB_SUBMIT_RELEASE || seq != check->s->parked;
    return AM_OK;
}

static enum am_err check_seal(struct check *check)
{
    struct sealed_for sealed; // 8 KiB, of which few are used
    struct am_detail detail = {0};
    size_t missing = 0;

    sealed.count = 0;
    if (cms_profile_seal(check->s->body, &detail, check->worker->seal) != AM_OK) {
        check_fail(check, REASON_NOT_SEALED_TO_ALL, "sealed_body", detail.text);
        return AM_OK;
    }
    if (!sealed_units(check, &sealed) || !sealed_oversight(check, &sealed))
        return AM_OK;
    switch (cms_seal_matches(check->worker->seal, sealed.certificates, sealed.count, &missing)) {
    case CMS_MATCH_EXACT: return sealed.oversight != NULL ? check_point(check, sealed.oversight) : AM_OK;
    case CMS_MATCH_OTHERS:
        check_fail(
            check, REASON_SEALED_TO_OTHERS, "sealed_body",
            "is sealed to a certificate that is neither on the newest rosters of sender and recipients nor named for "
            "the oversight of the sender's country: seal to exactly these");
        break;
    case CMS_MATCH_LEFT_OUT:
        check->s->checked = REASON_NOT_SEALED_TO_ALL;
        (void)am_fail(
            AM_INVALID, &check->s->checked_detail, "sealed_body", "%s%s", sealed.uris[missing],
            sealed.oversight == sealed.certificates[missing]
                ? " is left out: the trust list names its certificate for the sender's country, seal to it too"
                : "");
        break;
    }
    return AM_OK;
}

// The checkpoint that the sender saw: if it is of this log, it must be one that this log signed.
static enum am_err check_log_seen(struct check *check)
{
    const Amana__V1__LogSeen *seen = check->header->log_seen;
    struct log_checkpoint ours;
    enum am_err err;

    if (seen == NULL || strcmp(seen->origin, check->send->call.net->options.origin) != 0)
        return AM_OK;
    err = store_checkpoint_at(check->view, seen->size, &ours);
    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    if (err == AM_NOT_FOUND || seen->root.len != 32 || memcmp(seen->root.data, ours.root, 32) != 0 ||
        seen->signature.len != sizeof ours.signature ||
        memcmp(seen->signature.data, ours.signature, sizeof ours.signature) != 0)
        check_fail(check, REASON_FIELD_INVALID, "log_seen", "is not a checkpoint that this log has signed");
    return AM_OK;
}

// What an earlier check of the same submission said is forgotten.
static void check_reset(struct check *check)
{
    struct hub_submission *s = check->s;
    const struct certificate *oversight = trust_oversight_of(registry_trust(check->send->registry), check->unit);

    memset(s->oversight, 0, sizeof s->oversight);
    if (oversight != NULL)
        memcpy(s->oversight, oversight->digest, sizeof s->oversight);
    s->known = s->known_same = s->case_exists = s->case_party = s->reply_party = s->has_chain = false;
    s->original_receipt = (struct am_bytes){0};
    s->supervisor = NULL;
    s->release = (struct journal_release){0};
    s->checked = REASON_NONE;
    s->crl_stale = s->point_used = s->oversight_recalled = s->more = false;
    s->checked_detail = (struct am_detail){0};
    s->flags = NULL;
    s->as_known = NULL;
    s->reply_to = s->supersedes = s->root = s->newest = (struct hub_found){0};
    s->clock = (struct journal_delivery){0};
    s->shield = (struct journal_shield){0};
    if (!send_points(check->send))
        return;
    memset(s->references, 0, sizeof s->references);
    memset(s->reference_party, 0, sizeof s->reference_party);
    memset(s->has_life, 0, sizeof s->has_life);
    memset(s->former_life, 0, sizeof s->former_life);
}

// The revocation list that it brings may be newer than ours; looked at only where it leaves out whom ours names.
static void check_recall(struct check *check)
{
    check->s->oversight_recalled =
        check->header->oversight_point.len == 0 && check->s->crl.len != 0 &&
        trust_oversight_recalled(registry_trust(check->send->registry), check->unit, check->s->crl);
}

// What the message is made of, beside its header: a part that isn't served must not be passed over.
static void check_served(struct check *check)
{
    const Amana__V1__Message *message = (const Amana__V1__Message *)check->send->call.request;

    if (check->s->mode != HUB_SUBMIT_RELEASE && message->batch.len != 0)
        check_fail(check, REASON_KIND_UNSUPPORTED, "batch", "must be empty: sign each message by itself");
}

// What one unit has to release is bounded.
static enum am_err check_room(struct check *check)
{
    enum am_err err = AM_OK;
    uint64_t at = 0;

    for (unsigned n = 0; n < LIMIT_PENDING; n++, at++) {
        err = store_waiting_next(check->view, check->header->releasing->unit, &at);
        if (err != AM_OK)
            return err == AM_NOT_FOUND ? AM_OK : err;
    }
    check_fail(check, REASON_QUOTA, "releasing.unit",
               "has as many messages to release as may wait: have it release or send back some");
    return AM_OK;
}

// In order of cost; the first that fails is the answer.
static enum am_err check_all(struct check *check)
{
    TRY(check->s->mode == HUB_SUBMIT_RELEASE ? check_waiting(check) : check_known(check));
    if (check->s->known || check->s->verdict != REASON_NONE ||
        (check->s->mode == HUB_SUBMIT_RELEASE && !check->s->release.waits))
        return AM_OK;
    check_served(check);
    if (check->s->checked == REASON_NONE)
        TRY(check_digests(check));
    if (check->s->checked == REASON_NONE)
        TRY(check_log_seen(check));
    if (check->s->checked == REASON_NONE)
        TRY(check_seal(check));
    if (check->s->checked == REASON_NONE)
        check_signature(check);
    if (check->s->checked == REASON_NONE && check->s->mode == HUB_SUBMIT_PARK)
        TRY(check_room(check));
    return check->s->checked == REASON_NONE ? send_check_rows(check) : AM_OK;
}

void send_check_run(struct job *job, struct worker *worker)
{
    struct send *send = (struct send *)((char *)job - offsetof(struct send, job));
    struct check check = {.send = send,
                          .s = &send->submission,
                          .header = send->header,
                          .worker = worker,
                          .view = worker->view,
                          .arena = &send->checked,
                          .unit = send->submission.sender};
    enum am_err err = AM_OK;

    if (send->checked.limit == 0)
        arena_init_in(&send->checked, CHECKED_ARENA, &send->call.peer->memory);
    arena_move(&send->checked, &send->call.peer->memory);
    arena_reset(&send->checked);
    check_reset(&check);
    check_recall(&check);
    if (!certs_sha256(check.s->header_bytes.data, check.s->header_bytes.len, check.s->header_digest) ||
        !certs_sha256(check.s->signature.data, check.s->signature.len, check.s->signature_digest))
        err = AM_CRYPTO;
    if (err == AM_OK)
        err = check_all(&check);
    if (err != AM_OK)
        check_broken(&check, err);
}
