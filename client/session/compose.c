// SPDX-License-Identifier: Apache-2.0
// The draft's fields into a header, and both through the rules.
#include "client/session/compose.h"

#include "client/session/policy.h"
#include "client/session/roles.h"
#include "client/session/seal.h"
#include "client/session/shield.h"
#include "proto/body/check.h"
#include "proto/codec/codec.h"
#include "proto/codec/timestamp.h"
#include "proto/model/delivery.h"
#include "proto/model/header_check.h"
#include "proto/model/kind_body.h"
#include "proto/model/rules.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define HOUR_NS     (3600ull * NS_PER_S)
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
    uint64_t until = now + VALID_HOURS * HOUR_NS, kept = header_time_or_0(header->retain_until);

    return kept < until ? kept : until;
}

// What the draft leaves out and policy knows: an officer at night types none of it. What answers carries it on.
static enum am_err fill_by_policy(struct session *session, uint64_t now, struct arena *arena, Amana__V1__Header *header)
{
    struct policy_filling filling;
    policy_fill(session, header, &filling);
    if (header->retain_until == NULL)
        header->retain_until = time_of(arena, now + filling.days * 24 * HOUR_NS);
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

// An alert is what its first version is, and what its newest.
static bool of_released(const struct compose *compose)
{
    return rule_released(compose->root) || rule_released(compose->newest);
}

// Nobody has to know whether it needs a second person: left out, it is REQUIRED where it does.
static enum am_err build_release(struct session *session, const struct compose *compose, struct arena *arena,
                                 Amana__V1__Header *header)
{
    if (header->release == AMANA__V1__RELEASE__CODE__UNSPECIFIED)
        header->release = rule_release_needed(header, of_released(compose), policy_kept(session))
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

struct parts {
    Amana__V1__Header *header;
    Amana__V1__Flags *flags;
    Amana__V1__Body *body;
};

static enum am_err build(struct session *session, const struct compose *compose, struct arena *arena,
                         struct parts *ret_parts)
{
    TRY(build_header(session, compose, arena, &ret_parts->header));
    TRY(build_flags(compose->draft, arena, &ret_parts->flags));
    return build_body(compose->draft, arena, &ret_parts->body);
}

// Rosters' numbers come later: any will do for the check of the envelope.
static void stand_in(Amana__V1__Header *header, uint64_t number)
{
    header->sender->roster = number;
    if (header->releasing != NULL)
        header->releasing->roster = number;
    for (size_t i = 0; i < header->n_recipients; i++)
        header->recipients[i]->roster = number;
}

// What it carries on, and to whom it goes.
static enum reason check_answer(struct session *session, const struct compose *compose, const Amana__V1__Header *header,
                                const struct shield *shield, struct am_detail *detail)
{
    const char *protection = trust_protection_of(session->trust, header->sender->unit);
    const Amana__V1__Header *before = compose->newest;
    struct journal_recipient recipients[LIMIT_RECIPIENTS];
    enum reason reason = REASON_NONE;
    if (compose->root != NULL)
        reason = rule_answer_carries(header, compose->root, detail);
    if (reason != REASON_NONE || before == NULL)
        return reason;
    const char *from = before->sender->unit;
    struct delivery_to to = {from, recipients, 0, shield_keeps(shield, header, from, from), NULL};
    if (protection != NULL && strcmp(protection, header->sender->unit) != 0 &&
        !shield_keeps(shield, header, protection, from))
        to.protection = protection;
    for (size_t i = 0; i < before->n_recipients && to.n < LIMIT_RECIPIENTS; i++)
        if (!shield_keeps(shield, header, before->recipients[i]->unit, from))
            recipients[to.n++] =
                (struct journal_recipient){before->recipients[i]->unit, (uint8_t)before->recipients[i]->part};
    return delivery_check(header, &to, detail);
}

// Rule 4: what the case's messages have said.
static enum reason check_shield(const struct compose *compose, const Amana__V1__Header *header,
                                const struct shield *shield, struct am_detail *detail)
{
    const char *answered = compose->newest != NULL ? compose->newest->sender->unit : NULL;
    for (size_t i = 0; i < header->n_recipients; i++) {
        const char *unit = header->recipients[i]->unit;
        char field[48];
        if (!shield_keeps(shield, header, unit, answered))
            continue;
        const char *state = shield_lists(shield, unit)->country;
        snprintf(field, sizeof field, "recipients[%zu].unit", i);
        (void)am_fail(
            AM_DENIED, detail, field,
            "somebody in case %.40s may have fled %s: leave %.95s out, and tell %s nothing by any other channel "
            "either (ACK, PROGRESS IN_HAND and RESPONSE NO_DATA alone answer it)",
            shield_lists(shield, unit)->case_ref, state, unit, state);
        return REASON_NOT_PERMITTED;
    }
    return REASON_NONE;
}

// Of the case, and of other cases in which its persons are found again.
static enum am_err shield_read(struct session *session, const struct parts *parts, struct shield *ret_shield)
{
    size_t n;
    Amana__V1__Person *const *persons = body_persons(parts->body, &n);
    TRY(shield_of_case(session, parts->header->case_ref, ret_shield));
    return ret_shield->own ? AM_OK : shield_of_persons(session, parts->header->case_ref, persons, n, ret_shield);
}

// What came and is answered is about its persons, whether or not the answer names them again.
static enum am_err shield_of_asked(struct session *session, const struct compose *compose,
                                   const Amana__V1__Header *header, struct shield *shield)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Kept *kept;
    size_t n;
    if (compose->in_reply_to == NULL || shield->own)
        return AM_OK;
    arena_init(&arena, 16u * 1024 * 1024);
    enum am_err err = store_get(session->store, STORE_INBOX, compose->in_reply_to->id, &arena, &kept);
    if (err == AM_OK)
        err = seal_open_kept(session, kept, &arena, &detail, &opened);
    if (err != AM_OK) // this unit's own, or nobody can read it here
        return err == AM_NOMEM ? err : AM_OK;
    Amana__V1__Person *const *persons = body_persons(opened.body, &n);
    return shield_of_persons(session, header->case_ref, persons, n, shield);
}

// Who is known from another case brings its flags along; and who may need protection is not sent back.
static enum reason check_known(const struct parts *parts, const struct shield *shield, struct am_detail *detail)
{
    const Amana__V1__Flags *flags = parts->flags;
    for (size_t i = 0; i < shield->n && !shield->own; i++) {
        const struct shield_state *state = &shield->states[i];
        if (strcmp(state->case_ref, parts->header->case_ref) == 0 ||
            shield_lists(shield, parts->header->sender->unit) != NULL)
            continue;
        bool there = false;
        for (size_t j = 0; j < flags->n_never_tell; j++)
            there |= strcmp(flags->never_tell[j], state->country) == 0;
        if (there)
            continue;
        (void)am_fail(AM_DENIED, detail, "flags.never_tell",
                      "one of the persons is known from case %.60s and may have fled %s: say %s, with it in never_tell",
                      state->case_ref, state->country,
                      state->protection == AMANA__V1__PROTECTION__CODE__YES ? "YES" : "UNKNOWN");
        return REASON_PROTECTION_UNANSWERED;
    }
    if (shield->n == 0 || shield->own || kind_is_answer(parts->header) ||
        parts->header->purpose != AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION)
        return REASON_NONE;
    (void)am_fail(AM_DENIED, detail, "purpose", "RETURN_AND_REINTEGRATION is not for somebody who may have fled %s",
                  shield->states[0].country);
    return REASON_PURPOSE_MISMATCH;
}

// What policy says of it, as the hub last showed it.
static enum reason check_policy(struct session *session, const Amana__V1__Header *header, struct am_detail *detail)
{
    static const enum store_box BOXES[] = {STORE_SENT, STORE_INBOX};
    const struct policy *policy = policy_kept(session);
    enum reason reason = rule_ceiling(header, policy, header->sender->unit, detail);
    for (size_t i = 0; i < header->n_recipients && reason == REASON_NONE; i++)
        reason = rule_ceiling(header, policy, header->recipients[i]->unit, detail);
    for (size_t i = 0; i < header->n_references && reason == REASON_NONE; i++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Header *before;
        Amana__V1__Kept *kept;
        arena_init(&arena, 4u * 1024 * 1024);
        for (size_t box = 0; box < AM_LEN(BOXES) && reason == REASON_NONE; box++)
            if (store_get(session->store, BOXES[box], header->references[i]->id, &arena, &kept) == AM_OK &&
                seal_header(kept->message, &arena, NULL, &before) == AM_OK)
                reason = rule_purpose_change(header, before, policy, detail);
    }
    return reason;
}

// --- Rule 11: what others marked H2 goes on to those who have it and who protect in their countries; within one's own
// agency to those whom policy names; and to whom a DECISION names that is among the references
static bool has_part(struct session *session, const Amana__V1__Header *about, const char *unit)
{
    for (size_t i = 0; i <= about->n_recipients; i++) {
        const char *party = i < about->n_recipients ? about->recipients[i]->unit : about->sender->unit;
        const char *protection = trust_protection_of(session->trust, party);
        if (strcmp(party, unit) == 0 || (protection != NULL && strcmp(protection, unit) == 0))
            return true;
    }
    return false;
}

static Amana__V1__Header *header_kept(struct session *session, const char *id, struct arena *arena)
{
    Amana__V1__Header *header;
    Amana__V1__Kept *kept;
    for (unsigned box = 0; box < STORE_BOXES; box++)
        if (store_get(session->store, (enum store_box)box, id, arena, &kept) == AM_OK &&
            seal_header(kept->message, arena, NULL, &header) == AM_OK)
            return header;
    return NULL;
}

static bool names_unit(struct session *session, const Amana__V1__Header *header, const char *unit, struct arena *arena)
{
    for (size_t i = 0; i < header->n_references; i++) {
        const Amana__V1__Header *decision = header_kept(session, header->references[i]->id, arena);
        for (size_t j = 0; decision != NULL && decision->kind == KIND(DECISION) && j < decision->n_granted_to; j++)
            if (strcmp(decision->granted_to[j], unit) == 0)
                return true;
    }
    return false;
}

static bool within_agency(struct session *session, const char *own, const char *unit)
{
    return address_same_agency(unit, own) &&
           (!policy_known(session) || policy_onward(policy_kept(session), unit) != NULL);
}

static enum reason check_h2(struct session *session, const Amana__V1__Header *header, const char *id,
                            struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    const char *own = header->sender->unit;
    arena_init(&arena, 16u * 1024 * 1024);
    const Amana__V1__Header *about = header_kept(session, id, &arena);
    if (about == NULL || !rule_h2(about) || strcmp(about->sender->unit, own) == 0)
        return REASON_NONE;
    for (size_t i = 0; i < header->n_recipients; i++) {
        const char *unit = header->recipients[i]->unit;
        char field[48];
        if (has_part(session, about, unit) || within_agency(session, own, unit) ||
            names_unit(session, header, unit, &arena))
            continue;
        snprintf(field, sizeof field, "recipients[%zu].unit", i);
        (void)am_fail(AM_DENIED, detail, field,
                      "%.13s is marked H2, not to be passed on without permission (within an agency: to those that "
                      "policy names): leave %s out, or ask %s first (`amana permit ask %.13s --uses PASS_ON`)",
                      id, unit, about->sender->unit, id);
        return REASON_HANDLING_FORBIDS;
    }
    return REASON_NONE;
}

static enum reason check_onward(struct session *session, const Amana__V1__Header *header, struct am_detail *detail)
{
    enum reason reason =
        header->in_reply_to != NULL ? check_h2(session, header, header->in_reply_to->id, detail) : REASON_NONE;
    for (size_t i = 0; i < header->n_references && reason == REASON_NONE; i++)
        reason = check_h2(session, header, header->references[i]->id, detail);
    return reason;
}

// Rule 3: a HIT goes also to who protects in the country where the child is; that stands in the body.
static enum reason check_found_child(struct session *session, const struct compose *compose, const struct parts *parts,
                                     const struct shield *shield, struct am_detail *detail)
{
    const Amana__V1__Header *header = parts->header;
    const ProtobufCMessage *body = kind_body_get(&parts->body->base);
    const Amana__V1__Hit *hit = header->kind == KIND(HIT) ? (const Amana__V1__Hit *)(const void *)body : NULL;
    if (hit == NULL || !parts->flags->child || hit->place == NULL || hit->place->country[0] == '\0')
        return REASON_NONE;
    const char *unit = trust_protection_unit(session->trust, hit->place->country);
    if (unit == NULL || strcmp(unit, header->sender->unit) == 0 ||
        shield_keeps(shield, header, unit, compose->newest != NULL ? compose->newest->sender->unit : NULL))
        return REASON_NONE;
    for (size_t i = 0; i < header->n_recipients; i++)
        if (strcmp(header->recipients[i]->unit, unit) == 0)
            return REASON_NONE;
    (void)am_fail(AM_DENIED, detail, "recipients", "a child was found in %s: add %s, a COPY is enough",
                  hit->place->country, unit);
    return REASON_CHILD_NEEDS_PROTECTION_UNIT;
}

static enum reason check_roles(struct session *session, const struct parts *parts, struct am_detail *detail)
{
    enum am_err err = roles_judge(session, parts->header, parts->body, detail);
    return err == AM_OK ? REASON_NONE : err == AM_INVALID ? REASON_FIELD_INVALID : REASON_INTERNAL;
}

static enum reason check(struct session *session, const struct compose *compose, const struct parts *parts,
                         struct am_detail *detail)
{
    struct shield shield = {0};
    const struct policy *policy = policy_kept(session);
    struct header_context context = {.unsealed = true,
                                     .retention_days = policy != NULL ? policy->retention_days : NULL};
    stand_in(parts->header, 1);
    enum reason reason = header_check(parts->header, &context, detail);
    stand_in(parts->header, 0);
    if (reason == REASON_NONE)
        reason = flags_check(parts->flags, detail);
    const struct body_rule *rule =
        reason == REASON_NONE ? body_check(parts->header, parts->flags, parts->body, detail) : NULL;
    if (rule != NULL)
        reason = body_rule_reason(rule);
    if (reason == REASON_NONE)
        reason = check_roles(session, parts, detail);
    if (reason == REASON_NONE && shield_read(session, parts, &shield) != AM_OK)
        reason = REASON_INTERNAL;
    if (reason == REASON_NONE)
        reason = check_known(parts, &shield, detail);
    if (reason == REASON_NONE && shield_of_asked(session, compose, parts->header, &shield) != AM_OK)
        reason = REASON_INTERNAL;
    if (reason == REASON_NONE)
        reason = check_shield(compose, parts->header, &shield, detail);
    if (reason == REASON_NONE)
        reason = check_answer(session, compose, parts->header, &shield, detail);
    if (reason == REASON_NONE)
        reason = check_onward(session, parts->header, detail);
    if (reason == REASON_NONE)
        reason = check_policy(session, parts->header, detail);
    if (reason != REASON_NONE)
        return reason;
    if (rule_child(parts->header, parts->flags, trust_protection_of(session->trust, parts->header->sender->unit),
                   detail) == RULE_CHILD_BROKEN)
        return REASON_CHILD_NEEDS_PROTECTION_UNIT;
    reason = check_found_child(session, compose, parts, &shield, detail);
    if (reason == REASON_NONE)
        reason = rule_return(parts->header, parts->flags, detail);
    if (reason == REASON_NONE)
        reason = rule_consent(parts->header, detail);
    if (reason == REASON_NONE && !compose->takes_back)
        reason = rule_release(parts->header, of_released(compose), policy_kept(session), detail);
    return reason;
}

enum reason compose_check(struct session *session, const struct compose *compose, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct parts parts;
    arena_init(&arena, 1024u * 1024);
    enum am_err err = build(session, compose, &arena, &parts);
    if (err != AM_OK) {
        (void)am_fail(err, detail, "", "%s", am_err_text(err));
        return REASON_INTERNAL;
    }
    return check(session, compose, &parts, detail);
}

enum am_err compose_message(struct session *session, const struct compose *compose, struct arena *arena,
                            struct am_detail *detail, enum reason *ret_reason, Amana__V1__Message **ret_message)
{
    struct parts parts;
    *ret_reason = REASON_NONE;
    TRY(build(session, compose, arena, &parts));
    enum reason reason = check(session, compose, &parts, detail);
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
