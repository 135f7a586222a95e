// SPDX-License-Identifier: Apache-2.0
// One message's steps: rosters → flags → Body → commitment → seal → oversight_point → log_seen → header → signature;
// and opening.
#include "client/session/seal.h"

#include "certs/cms.h"
#include "client/session/compose.h"
#include "client/session/directory.h"
#include "client/session/history.h"
#include "client/session/oversight.h"
#include "proto/body/check.h"
#include "proto/codec/codec.h"
#include "proto/model/header_check.h"
#include "proto/model/header_parts.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define PAD_FLOOR 2048u
#define PAD_TAG   2u // bytes of the tag of Body.padding

size_t compose_padded(size_t len)
{
    if (len <= PAD_FLOOR)
        return PAD_FLOOR;
    unsigned e = 63u - (unsigned)__builtin_clzll(len), s = 0;
    for (unsigned rest = e; rest != 0; rest >>= 1)
        s++;
    size_t mask = ((size_t)1 << (e - s)) - 1;
    return (len + mask) & ~mask;
}

static size_t varint_size(size_t value)
{
    size_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

// Bytes of padding so that the whole has exactly a size of Padmé; where the length of the length stands in the way, the
// next size.
static size_t padding_for(size_t base)
{
    for (size_t target = compose_padded(base);; target = compose_padded(target + 1)) {
        size_t need = target - base;
        if (need == 0)
            return 0;
        for (size_t width = 1; width <= 4; width++)
            if (need > PAD_TAG + width && varint_size(need - PAD_TAG - width) == width)
                return need - PAD_TAG - width;
    }
}

static uint8_t *digest_of(struct arena *arena, struct am_bytes bytes)
{
    uint8_t *digest = arena_alloc(arena, LOG_HASH_SIZE);
    return digest != NULL && log_sha256(bytes, digest) == AM_OK ? digest : NULL;
}

// --- Rosters
struct sealing {
    struct roster *rosters[LIMIT_RECIPIENTS + 2];
    size_t count;
    X509 *recipients[LIMIT_SEALED_KEYS];
    size_t n_recipients;
    const struct certificate *oversight; // one of these; NULL: none
};

static void sealing_clear(struct sealing *sealing)
{
    for (size_t i = 0; i < sealing->count; i++)
        roster_unref(sealing->rosters[i]);
}

static enum am_err add_unit(struct session *session, struct sealing *sealing, const char *unit,
                            const Amana__V1__Pointer *about, struct am_detail *detail, uint64_t *ret_number)
{
    struct roster *roster;
    for (size_t i = 0; i < sealing->count; i++) {
        if (strcmp(sealing->rosters[i]->unit, unit) == 0) {
            *ret_number = sealing->rosters[i]->number;
            return AM_OK;
        }
    }
    TRY(directory_newest(session, unit, about, detail, &roster));
    sealing->rosters[sealing->count++] = roster;
    if (!roster_in_force(roster))
        return am_fail(AM_DENIED, detail, unit,
                       "its registrar took its roster out of force, by number %llu: nobody there can open anything "
                       "until it has a new one",
                       (unsigned long long)roster->number);
    if (directory_role_is(session, unit, ""))
        return am_fail(AM_DENIED, detail, unit, "is a member of this hub no more: leave it out");
    *ret_number = roster->number;
    for (size_t i = 0; i < roster->devices_count; i++) {
        if (sealing->n_recipients == LIMIT_SEALED_KEYS)
            return am_fail(AM_TOO_LARGE, detail, "recipients", "more than %u devices would have to open it",
                           LIMIT_SEALED_KEYS);
        sealing->recipients[sealing->n_recipients++] = roster->devices[i].seal.x509;
    }
    return AM_OK;
}

static enum am_err add_oversight(struct session *session, struct sealing *sealing, const char *unit,
                                 struct am_detail *detail)
{
    sealing->oversight = trust_oversight_of(session->trust, unit);
    if (sealing->oversight == NULL)
        return AM_OK;
    if (sealing->n_recipients == LIMIT_SEALED_KEYS)
        return am_fail(AM_TOO_LARGE, detail, "recipients", "more than %u devices would have to open it",
                       LIMIT_SEALED_KEYS);
    sealing->recipients[sealing->n_recipients++] = sealing->oversight->x509;
    return AM_OK;
}

static enum am_err check_own(struct session *session, const struct roster *own, struct am_detail *detail)
{
    const struct certificate *certificate;
    struct trust_revocation revocation;
    TRY(session_key(session, CERT_USE_SIGN_OFFICER, detail, &certificate, NULL));
    if (trust_revocation(session->trust, certificate->x509, &revocation))
        return am_fail(
            AM_REVOKED, detail, session->officer,
            "this officer's certificate is revoked, and no hub takes what it signs: have your registrar issue "
            "another");
    const struct roster_officer *row = roster_officer_by_uri(own, session->officer);
    if (row != NULL && memcmp(row->sign.digest, certificate->digest, CERTIFICATE_DIGEST) == 0)
        return AM_OK;
    return am_fail(AM_CERTIFICATE, detail, session->officer,
                   "this officer's certificate is not on roster %llu of the unit: ask the registrar",
                   (unsigned long long)own->number);
}

static enum am_err gather(struct session *session, struct sealing *sealing, Amana__V1__Header *header,
                          struct am_detail *detail)
{
    const Amana__V1__Pointer *about = header->in_reply_to; // who has what is answered has a roster for who answers it
    TRY(add_unit(session, sealing, header->sender->unit, NULL, detail, &header->sender->roster));
    TRY(check_own(session, sealing->rosters[0], detail));
    for (size_t i = 0; i < header->n_recipients; i++)
        TRY(add_unit(session, sealing, header->recipients[i]->unit, about, detail, &header->recipients[i]->roster));
    if (header->releasing != NULL)
        TRY(add_unit(session, sealing, header->releasing->unit, NULL, detail, &header->releasing->roster));
    return add_oversight(session, sealing, header->sender->unit, detail);
}

// --- Body
static enum am_err bind_body(const Amana__V1__Header *header, struct am_bytes flags, struct arena *arena,
                             Amana__V1__Body *body)
{
    Amana__V1__Binding *binding = arena_alloc(arena, sizeof *binding);
    uint8_t *nonce = arena_alloc(arena, 32);
    char **units = arena_array(arena, header->n_recipients, sizeof *units);
    if (binding == NULL || nonce == NULL || units == NULL)
        return arena_error(arena);
    if (RAND_bytes(nonce, 32) != 1)
        return AM_CRYPTO;
    amana__v1__binding__init(binding);
    for (size_t i = 0; i < header->n_recipients; i++)
        units[i] = header->recipients[i]->unit;
    binding->id = header->id;
    binding->sender = header->sender->unit;
    binding->officer = header->officer;
    binding->kind = header->kind;
    binding->case_ref = header->case_ref;
    binding->recipients = units;
    binding->n_recipients = header->n_recipients;
    binding->written_at = header->written_at;
    body->nonce = (ProtobufCBinaryData){32, nonce};
    body->binding = binding;
    body->flags = codec_binary(flags);
    body->padding = (ProtobufCBinaryData){0, NULL};
    return AM_OK;
}

static enum am_err pad_body(Amana__V1__Body *body, struct arena *arena, struct am_detail *detail,
                            struct am_bytes *ret_plain)
{
    size_t base = amana__v1__body__get_packed_size(body);
    if (base > LIMIT_BODY_PLAIN)
        return am_fail(AM_TOO_LARGE, detail, "body", "at most %u bytes, these are %zu", LIMIT_BODY_PLAIN, base);
    size_t padding = padding_for(base);
    uint8_t *zeros = arena_alloc(arena, padding);
    if (zeros == NULL)
        return arena_error(arena);
    body->padding = (ProtobufCBinaryData){padding, zeros};
    TRY(codec_encode(&body->base, arena, ret_plain));
    if (ret_plain->len > LIMIT_BODY_PLAIN)
        return am_fail(AM_TOO_LARGE, detail, "body", "with its padding more than %u bytes", LIMIT_BODY_PLAIN);
    return AM_OK;
}

static enum am_err take_der(struct arena *arena, struct am_bytes der, struct am_bytes *ret_bytes)
{
    ret_bytes->data = arena_copy(arena, der.data, der.len);
    ret_bytes->len = der.len;
    free((void *)der.data);
    return ret_bytes->data != NULL ? AM_OK : arena_error(arena);
}

static enum am_err set_seen(struct session *session, struct arena *arena, Amana__V1__Header *header,
                            struct am_detail *detail)
{
    if (!session->has_seen)
        return am_fail(
            AM_NOT_FOUND, detail, "log_seen",
            "no checkpoint of the hub's log was verified yet: connect once, then it can be written off line");
    Amana__V1__LogSeen *seen = arena_alloc(arena, sizeof *seen);
    struct log_checkpoint *copy = arena_copy(arena, &session->seen, sizeof session->seen);
    if (seen == NULL || copy == NULL)
        return arena_error(arena);
    amana__v1__log_seen__init(seen);
    seen->origin = (char *)session->hub->origin;
    seen->size = copy->size;
    seen->root = (ProtobufCBinaryData){sizeof copy->root, copy->root};
    seen->signature = (ProtobufCBinaryData){sizeof copy->signature, copy->signature};
    header->log_seen = seen;
    return AM_OK;
}

static enum am_err seal_body(const struct sealing *sealing, Amana__V1__Body *body, Amana__V1__Header *header,
                             struct arena *arena, struct am_detail *detail, struct am_bytes *ret_sealed)
{
    struct am_bytes plain, der;
    TRY(pad_body(body, arena, detail, &plain));
    uint8_t *commitment = digest_of(arena, plain);
    TRY(cms_seal(plain, sealing->recipients, sealing->n_recipients, detail, &der));
    TRY(take_der(arena, der, ret_sealed));
    TRY(oversight_fill(sealing->oversight, *ret_sealed, arena, header));
    uint8_t *digest = digest_of(arena, *ret_sealed);
    if (commitment == NULL || digest == NULL)
        return arena_error(arena) != AM_OK ? arena_error(arena) : AM_CRYPTO;
    header->body_commitment = (ProtobufCBinaryData){LOG_HASH_SIZE, commitment};
    header->body_digest = (ProtobufCBinaryData){LOG_HASH_SIZE, digest};
    header->body_size = ret_sealed->len;
    return AM_OK;
}

static enum am_err sign_header(struct session *session, const struct sealing *sealing, const Amana__V1__Header *header,
                               struct arena *arena, struct am_detail *detail, Amana__V1__Message *message)
{
    const struct certificate *certificate;
    struct am_bytes bytes, der, signature;
    EVP_PKEY *key;
    struct header_context context = {.any_retention = true, .oversight = sealing->oversight != NULL};
    if (header_check(header, &context, detail) != REASON_NONE)
        return AM_INVALID;
    TRY(codec_encode(&header->base, arena, &bytes));
    if (bytes.len > LIMIT_HEADER)
        return am_fail(AM_TOO_LARGE, detail, "header", "at most %u bytes, these are %zu", LIMIT_HEADER, bytes.len);
    TRY(session_key(session, CERT_USE_SIGN_OFFICER, detail, &certificate, &key));
    TRY(cms_sign(bytes, certificate->x509, key, detail, &der));
    TRY(take_der(arena, der, &signature));
    message->header = codec_binary(bytes);
    message->signature = codec_binary(signature);
    return AM_OK;
}

static enum am_err seal_steps(struct session *session, struct sealing *sealing, Amana__V1__Header *header,
                              Amana__V1__Flags *flags, Amana__V1__Body *body, struct arena *arena,
                              struct am_detail *detail, Amana__V1__Message **ret_message)
{
    struct am_bytes flag_bytes, sealed;
    Amana__V1__Message *message = arena_alloc(arena, sizeof *message);
    if (message == NULL)
        return arena_error(arena);
    amana__v1__message__init(message);
    TRY(gather(session, sealing, header, detail));
    TRY(codec_encode(&flags->base, arena, &flag_bytes));
    uint8_t *flags_digest = digest_of(arena, flag_bytes);
    if (flags_digest == NULL)
        return AM_CRYPTO;
    header->flags_digest = (ProtobufCBinaryData){LOG_HASH_SIZE, flags_digest};
    TRY(bind_body(header, flag_bytes, arena, body));
    TRY(seal_body(sealing, body, header, arena, detail, &sealed));
    TRY(set_seen(session, arena, header, detail));
    TRY(sign_header(session, sealing, header, arena, detail, message));
    message->sealed_body = codec_binary(sealed);
    message->flags = codec_binary(flag_bytes);
    *ret_message = message;
    return AM_OK;
}

enum am_err seal_message(struct session *session, Amana__V1__Header *header, Amana__V1__Flags *flags,
                         Amana__V1__Body *body, struct arena *arena, struct am_detail *detail,
                         Amana__V1__Message **ret_message)
{
    struct sealing *sealing = calloc(1, sizeof *sealing);
    if (sealing == NULL)
        return AM_NOMEM;
    enum am_err err = seal_steps(session, sealing, header, flags, body, arena, detail, ret_message);
    sealing_clear(sealing);
    free(sealing);
    return err;
}

// --- Opening
enum am_err seal_point(const Amana__V1__Message *message, const Amana__V1__Header *header,
                       uint8_t digest[LOG_HASH_SIZE], Amana__V1__Pointer *ret_pointer)
{
    TRY(log_sha256(codec_bytes(message->header), digest));
    amana__v1__pointer__init(ret_pointer);
    ret_pointer->id = header->id;
    ret_pointer->header_digest = codec_binary((struct am_bytes){digest, LOG_HASH_SIZE});
    return AM_OK;
}

enum am_err seal_header(const Amana__V1__Message *message, struct arena *arena, struct am_detail *detail,
                        Amana__V1__Header **ret_header)
{
    return codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, codec_bytes(message->header), arena, detail,
                        (ProtobufCMessage **)ret_header);
}

static bool same_digest(struct am_bytes bytes, ProtobufCBinaryData digest)
{
    uint8_t own[LOG_HASH_SIZE];
    return log_sha256(bytes, own) == AM_OK && digest.len == sizeof own && memcmp(own, digest.data, sizeof own) == 0;
}

static bool binding_holds(const Amana__V1__Header *header, const Amana__V1__Binding *binding)
{
    if (binding == NULL || strcmp(binding->id, header->id) != 0 || strcmp(binding->sender, header->sender->unit) != 0 ||
        strcmp(binding->officer, header->officer) != 0 || binding->kind != header->kind ||
        strcmp(binding->case_ref, header->case_ref) != 0 || binding->n_recipients != header->n_recipients ||
        header_time_or_0(binding->written_at) != header_time_or_0(header->written_at))
        return false;
    for (size_t i = 0; i < header->n_recipients; i++)
        if (strcmp(binding->recipients[i], header->recipients[i]->unit) != 0)
            return false;
    return true;
}

static enum am_err faulty(struct opened *opened, const char *fault, enum am_err err, struct am_detail *detail,
                          const char *text)
{
    opened->fault = fault;
    return am_fail(err, detail, "body", "%s", text);
}

// What can't be decoded, by the place where it stands.
static enum am_err faulty_at(struct opened *opened, const struct am_detail *why, struct am_detail *detail)
{
    opened->fault = "SCHEMA";
    return am_fail(AM_INVALID, detail, "body", "%.150s%s%.150s", why->field, why->field[0] != '\0' ? ": " : "",
                   why->text);
}

static enum am_err read_plain(struct am_bytes plain, struct arena *arena, struct am_detail *detail,
                              struct opened *opened)
{
    struct am_detail why = {0};
    if (!same_digest(plain, opened->header->body_commitment))
        return faulty(opened, "COMMITMENT", AM_INVALID, detail, "the text is not the one that the header commits to");
    if (codec_decode(&amana__v1__body__descriptor, CODEC_STRICT, plain, arena, &why,
                     (ProtobufCMessage **)&opened->body) != AM_OK)
        return faulty_at(opened, &why, detail);
    if (!binding_holds(opened->header, opened->body->binding) || opened->body->nonce.len != 32)
        return faulty(opened, "BINDING", AM_INVALID, detail, "the body belongs to another envelope");
    if (!same_digest(codec_bytes(opened->body->flags), opened->header->flags_digest))
        return faulty(opened, "BINDING", AM_INVALID, detail, "its flags are not those that the hub was given");
    if (codec_decode(&amana__v1__flags__descriptor, CODEC_STRICT, codec_bytes(opened->body->flags), arena, &why,
                     (ProtobufCMessage **)&opened->flags) != AM_OK)
        return faulty(opened, "SCHEMA", AM_INVALID, detail, "its flags can't be read");
    const struct body_rule *rule = body_check(opened->header, opened->flags, opened->body, &why);
    if (rule == NULL)
        return AM_OK;
    opened->rule = body_rule_reason(rule);
    opened->fault = body_rule_outcome(rule);
    return am_fail(AM_INVALID, detail, why.field, "%s: %s", why.field, why.text);
}

enum am_err seal_open(struct session *session, const Amana__V1__Message *message, struct arena *arena,
                      struct am_detail *detail, struct opened *ret_opened)
{
    const struct certificate *certificate;
    struct am_detail why = {0};
    struct am_bytes plain;
    EVP_PKEY *key;
    *ret_opened = (struct opened){0};
    TRY(seal_header(message, arena, detail, &ret_opened->header));
    if (message->sealed_body.len == 0 && ret_opened->header->body_size != 0)
        return am_fail(AM_ERASED, detail, ret_opened->header->id, "%s", am_err_text(AM_ERASED));
    TRY(session_key(session, CERT_USE_SEAL, detail, &certificate, &key));
    enum am_err err = cms_open(codec_bytes(message->sealed_body), certificate, key, &why, &plain);
    if (err == AM_NOMEM)
        return err;
    if (err != AM_OK)
        return faulty(ret_opened, "CANNOT_OPEN", AM_SEAL, detail, why.text);
    err = read_plain(plain, arena, detail, ret_opened);
    cms_plain_free(&plain);
    return err;
}

enum am_err seal_open_kept(struct session *session, const Amana__V1__Kept *kept, struct arena *arena,
                           struct am_detail *detail, struct opened *ret_opened)
{
    TRY(seal_open(session, kept->message, arena, detail, ret_opened));
    if (kept->fault[0] == '\0')
        return AM_OK;
    ret_opened->fault = kept->fault;
    return am_fail(AM_INVALID, detail, "body", "%s", kept->fault_text);
}
