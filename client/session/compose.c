// SPDX-License-Identifier: Apache-2.0
// The draft's fields into a header, flags and a body.
#include "client/session/compose.h"

#include "client/session/compose_check.h"
#include "client/session/policy.h"
#include "client/session/seal.h"
#include "proto/codec/codec.h"
#include "proto/codec/timestamp.h"
#include "proto/model/kind_body.h"
#include "proto/model/rules.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define VALID_HOURS 72u

enum am_err compose_id(uint64_t now_ns, char ret_id[37])
{
    uint8_t b[16];
    uint64_t ms = now_ns / 1000000;
    if (RAND_bytes(b, sizeof b) != 1)
        return AM_CRYPTO;
    for (unsigned i = 0; i < 6; i++)
        b[i] = (uint8_t)(ms >> (40 - 8 * i));
    b[6] = 0x70 | (b[6] & 0x0f);
    b[8] = 0x80 | (b[8] & 0x3f);
    snprintf(ret_id, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
             b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    return AM_OK;
}

// Copies what both have by name: the header fields that a person sets stand in a draft by their header names.
static void copy_fields(const Amana__V1__Draft *draft, Amana__V1__Header *header)
{
    const ProtobufCMessageDescriptor *from = &amana__v1__draft__descriptor, *to = &amana__v1__header__descriptor;
    for (unsigned i = 0; i < from->n_fields; i++) {
        const ProtobufCFieldDescriptor *in = &from->fields[i];
        const ProtobufCFieldDescriptor *out = protobuf_c_message_descriptor_get_field_by_name(to, in->name);
        if (out == NULL || out->descriptor != in->descriptor || out->type != in->type || out->label != in->label)
            continue;
        bool pointer = in->label == PROTOBUF_C_LABEL_REPEATED || in->type == PROTOBUF_C_TYPE_MESSAGE ||
                       in->type == PROTOBUF_C_TYPE_STRING;
        memcpy((uint8_t *)header + out->offset, (const uint8_t *)draft + in->offset, pointer ? sizeof(void *) : 4);
        if (in->label == PROTOBUF_C_LABEL_REPEATED)
            memcpy((uint8_t *)header + out->quantifier_offset, (const uint8_t *)draft + in->quantifier_offset,
                   sizeof(size_t));
    }
}

static void *make(struct arena *arena, size_t size, void (*init)(void *))
{
    void *made = arena_alloc(arena, size);
    if (made != NULL)
        init(made);
    return made;
}
#define MAKE(arena, type, name) ((type *)make(arena, sizeof(type), (void (*)(void *))name##__init))

static Google__Protobuf__Timestamp *time_of(struct arena *arena, uint64_t ns)
{
    Google__Protobuf__Timestamp *time = arena_alloc(arena, sizeof *time);
    if (time != NULL)
        timestamp_from_ns(ns, time);
    return time;
}

static enum am_err copy_recipients(const Amana__V1__Draft *draft, struct arena *arena, Amana__V1__Header *header)
{
    header->recipients = arena_array(arena, draft->n_recipients, sizeof *header->recipients);
    if (header->recipients == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < draft->n_recipients; i++) {
        Amana__V1__Recipient *recipient = MAKE(arena, Amana__V1__Recipient, amana__v1__recipient);
        if (recipient == NULL)
            return arena_error(arena);
        recipient->unit = draft->recipients[i]->unit;
        recipient->part = draft->recipients[i]->part;
        header->recipients[i] = recipient;
    }
    header->n_recipients = draft->n_recipients;
    return AM_OK;
}

// Where nobody says it: no longer than it is kept.
static uint64_t in_force_until(const Amana__V1__Header *header, uint64_t now)
{
    uint64_t until = now + VALID_HOURS * NS_PER_HOUR, kept = header_time_or_0(header->retain_until);

    return kept < until ? kept : until;
}

// What the draft leaves out and policy knows: an officer at night types none of it. What answers carries it on.
static enum am_err fill_by_policy(struct session *session, uint64_t now, struct arena *arena, Amana__V1__Header *header)
{
    struct policy_filling filling;
    policy_fill(session, header, &filling);
    if (header->retain_until == NULL)
        header->retain_until = time_of(arena, now + filling.days * NS_PER_DAY);
    if (kind_is_answer(header))
        return AM_OK;
    if (header->legal_basis == 0 && header->agreement_ref[0] == '\0') {
        header->legal_basis = filling.legal_basis;
        header->agreement_ref = arena_copy(arena, filling.agreement, strlen(filling.agreement));
    }
    if (header->n_handling == 0 && filling.handling != 0) {
        header->handling = arena_array(arena, 8, sizeof *header->handling);
        for (unsigned code = 1; header->handling != NULL && code < 8; code++)
            if ((filling.handling & 1u << code) != 0)
                header->handling[header->n_handling++] = (Amana__V1__Handling__Code)code;
    }
    return header->agreement_ref != NULL && (header->n_handling == 0 || header->handling != NULL) ? AM_OK
                                                                                                  : arena_error(arena);
}

// Nobody has to know whether it needs a second person: left out, it is REQUIRED where it does.
static enum am_err build_release(struct session *session, const struct compose *compose, struct arena *arena,
                                 Amana__V1__Header *header)
{
    if (header->release == AMANA__V1__RELEASE__CODE__UNSPECIFIED)
        header->release = rule_release_needed(header, compose_of_released(compose), policy_kept(session))
                              ? AMANA__V1__RELEASE__CODE__REQUIRED
                              : AMANA__V1__RELEASE__CODE__NOT_NEEDED;
    const char *named = compose->draft->releasing;
    if (header->release == AMANA__V1__RELEASE__CODE__NOT_NEEDED && named[0] == '\0')
        return AM_OK;
    header->releasing = MAKE(arena, Amana__V1__UnitRoster, amana__v1__unit_roster);
    if (header->releasing == NULL)
        return arena_error(arena);
    header->releasing->unit = named[0] != '\0' ? (char *)named : header->sender->unit;
    return AM_OK;
}

// Nanoseconds whole milliseconds: what a person reads is what was signed.
static enum am_err build_header(struct session *session, const struct compose *compose, struct arena *arena,
                                Amana__V1__Header **ret_header)
{
    Amana__V1__Header *header = MAKE(arena, Amana__V1__Header, amana__v1__header);
    char *id = arena_alloc(arena, 37);
    uint64_t now = session_now(session) / 1000000 * 1000000;
    if (header == NULL || id == NULL)
        return arena_error(arena);
    copy_fields(compose->draft, header);
    TRY(compose_id(now, id));
    header->id = id;
    header->schema_version = 1;
    header->in_reply_to = (Amana__V1__Pointer *)compose->in_reply_to;
    header->supersedes = (Amana__V1__Pointer *)compose->supersedes;
    header->device = session->device;
    header->officer = session->officer;
    header->sender = MAKE(arena, Amana__V1__UnitRoster, amana__v1__unit_roster);
    header->written_at = time_of(arena, now);
    if (header->sender == NULL || header->written_at == NULL)
        return arena_error(arena);
    header->sender->unit = session->settings.value[SETTING_UNIT];
    TRY(copy_recipients(compose->draft, arena, header));
    TRY(build_release(session, compose, arena, header));
    const struct kind *kind = kind_get((unsigned)header->kind);
    bool version = kind != NULL && (kind->chain == CHAIN_BEGINS || kind->chain == CHAIN_RENEWS);
    if (kind != NULL)
        TRY(fill_by_policy(session, now, arena, header));
    if (header->valid_until == NULL && version)
        header->valid_until = time_of(arena, in_force_until(header, now));
    *ret_header = header;
    return AM_OK;
}

static enum am_err build_flags(const Amana__V1__Draft *draft, struct arena *arena, Amana__V1__Flags **ret_flags)
{
    Amana__V1__Flags *flags = MAKE(arena, Amana__V1__Flags, amana__v1__flags);
    uint8_t *salt = arena_alloc(arena, 16);
    if (flags == NULL || salt == NULL)
        return arena_error(arena);
    if (RAND_bytes(salt, 16) != 1)
        return AM_CRYPTO;
    flags->salt = (ProtobufCBinaryData){16, salt};
    if (draft->flags != NULL) {
        flags->child = draft->flags->child;
        flags->protection = draft->flags->protection;
        flags->never_tell = draft->flags->never_tell;
        flags->n_never_tell = draft->flags->n_never_tell;
    }
    *ret_flags = flags;
    return AM_OK;
}

static enum am_err build_body(const Amana__V1__Draft *draft, struct arena *arena, Amana__V1__Body **ret_body)
{
    Amana__V1__Body *body = MAKE(arena, Amana__V1__Body, amana__v1__body);
    if (body == NULL)
        return arena_error(arena);
    unsigned kind = kind_body_which(&draft->base);
    if (kind != 0)
        (void)kind_body_set(kind, &body->base, kind_body_get(&draft->base));
    *ret_body = body;
    return AM_OK;
}

static enum am_err build(struct session *session, const struct compose *compose, struct arena *arena,
                         struct compose_parts *ret_parts)
{
    TRY(build_header(session, compose, arena, &ret_parts->header));
    TRY(build_flags(compose->draft, arena, &ret_parts->flags));
    return build_body(compose->draft, arena, &ret_parts->body);
}

enum reason compose_check(struct session *session, const struct compose *compose, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct compose_parts parts;
    arena_init(&arena, 1024u * 1024);
    enum am_err err = build(session, compose, &arena, &parts);
    if (err != AM_OK) {
        (void)am_fail(err, detail, "", "%s", am_err_text(err));
        return REASON_INTERNAL;
    }
    return compose_judge(session, compose, &parts, detail);
}

enum am_err compose_message(struct session *session, const struct compose *compose, struct arena *arena,
                            struct am_detail *detail, enum reason *ret_reason, Amana__V1__Message **ret_message)
{
    struct compose_parts parts;
    *ret_reason = REASON_NONE;
    TRY(build(session, compose, arena, &parts));
    enum reason reason = compose_judge(session, compose, &parts, detail);
    if (reason != REASON_NONE) {
        *ret_reason = reason;
        return AM_INVALID;
    }
    return seal_message(session, parts.header, parts.flags, parts.body, arena, detail, ret_message);
}

enum am_err compose_again(struct session *session, const Amana__V1__Message *message, struct arena *arena,
                          struct am_detail *detail, Amana__V1__Message **ret_message)
{
    struct opened opened;
    TRY(seal_open(session, message, arena, detail, &opened));
    return seal_message(session, opened.header, opened.flags, opened.body, arena, detail, ret_message);
}
