// SPDX-License-Identifier: Apache-2.0
// A message through the rules, before it is sealed.
#include "client/session/compose_check.h"

#include "client/session/case_walk.h"
#include "client/session/directory.h"
#include "client/session/fled.h"
#include "client/session/onward.h"
#include "client/session/policy.h"
#include "client/session/roles.h"
#include "client/session/seal.h"
#include "client/session/shield.h"
#include "proto/body/check.h"
#include "proto/model/address.h"
#include "proto/model/delivery.h"
#include "proto/model/harm.h"
#include "proto/model/header.h"
#include "proto/model/header_check.h"
#include "proto/model/kind_body.h"
#include "proto/model/rules.h"

#include <stdio.h>
#include <string.h>

bool compose_of_released(const struct compose *compose)
{
    unsigned kind = (unsigned)compose->draft->kind;
    return rule_of_released(kind, compose->root) || rule_of_released(kind, compose->newest);
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

static bool is_untaken(const struct compose *compose, const char *unit)
{
    for (size_t i = 0; i < compose->n_untaken; i++)
        if (strcmp(compose->untaken[i], unit) == 0)
            return true;
    return false;
}

// Who can't be reached any more need not be named, nor to whom the hub lets it not go.
static bool goes_without(struct session *session, const struct compose *compose, const Amana__V1__Header *header,
                         const char *unit)
{
    return header_recipient(header, unit) == NULL && (is_untaken(compose, unit) || directory_gone(session, unit));
}

// Whether the protection unit that is about to be missed can be reached at all, the hub says.
static void look_for(struct session *session, const Amana__V1__Header *header, const char *protection)
{
    if (protection != NULL && strcmp(protection, header->sender->unit) != 0 &&
        header_recipient(header, protection) == NULL)
        directory_look(session, protection);
}

static const Amana__V1__Place *place_of_hit(const struct compose_parts *parts)
{
    const ProtobufCMessage *body = kind_body_get(&parts->body->base);
    const Amana__V1__Hit *hit = parts->header->kind == KIND(HIT) ? (const Amana__V1__Hit *)(const void *)body : NULL;
    return hit != NULL ? hit->place : NULL;
}

static void look_for_protection(struct session *session, const struct compose_parts *parts)
{
    const Amana__V1__Place *place = place_of_hit(parts);
    if (!rule_concerns_child(parts->header, parts->flags))
        return;
    look_for(session, parts->header, trust_protection_of(session->trust, parts->header->sender->unit));
    if (place == NULL)
        return;
    char country[3];
    body_place_country(place, country);
    look_for(session, parts->header, trust_protection_unit(session->trust, country));
}

static bool is_unit(const char *named, const char *unit)
{
    return named != NULL && strcmp(named, unit) == 0;
}

static bool has_released(const Amana__V1__Header *header, const char *unit)
{
    return header != NULL && header->releasing != NULL && strcmp(header->releasing->unit, unit) == 0;
}

// An answer to somebody who neither has what it answers, nor sends it, nor released it, nor protects: what it is about
// begins with that one.
static bool goes_beyond(struct session *session, const struct compose *compose, const struct compose_parts *parts)
{
    const Amana__V1__Header *header = parts->header, *before = compose->newest;
    const Amana__V1__Place *place = rule_concerns_child(header, parts->flags) ? place_of_hit(parts) : NULL;
    char there[3] = "";
    if (place != NULL)
        body_place_country(place, there);
    for (size_t i = 0; before != NULL && i < header->n_recipients; i++) {
        const char *unit = header->recipients[i]->unit;
        if (!is_unit(header->sender->unit, unit) && !is_unit(before->sender->unit, unit) &&
            header_recipient(before, unit) == NULL && !has_released(before, unit) &&
            !has_released(compose->root, unit) &&
            !is_unit(directory_protection_of(session, header->sender->unit), unit) &&
            !is_unit(directory_protection(session, there), unit))
            return true;
    }
    return false;
}

// What it carries on, and to whom it goes.
static enum reason check_answer(struct session *session, const struct compose *compose, const Amana__V1__Header *header,
                                const struct shield *shield, struct am_detail *detail)
{
    const char *protection = directory_protection_of(session, header->sender->unit);
    const Amana__V1__Header *before = compose->newest;
    struct journal_recipient recipients[LIMIT_RECIPIENTS];
    enum reason reason = REASON_NONE;
    if (compose->root != NULL)
        reason = rule_answer_carries(header, compose->root, detail);
    if (reason != REASON_NONE || before == NULL)
        return reason;
    const char *from = before->sender->unit;
    struct delivery_to to = {
        .originator = from, .recipients = recipients, .originator_gone = goes_without(session, compose, header, from)};
    if (protection != NULL && strcmp(protection, header->sender->unit) != 0 &&
        !shield_keeps(shield, header, protection, from))
        to.protection = protection;
    if (before->releasing != NULL && strcmp(before->releasing->unit, from) != 0 &&
        !goes_without(session, compose, header, before->releasing->unit))
        to.releasing = before->releasing->unit;
    for (size_t i = 0; i < before->n_recipients && to.n < LIMIT_RECIPIENTS; i++)
        if (!shield_keeps(shield, header, before->recipients[i]->unit, from) &&
            !goes_without(session, compose, header, before->recipients[i]->unit))
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

// Of the case, and of other cases that it refers to, or in which its persons are found again.
static enum am_err shield_read(struct session *session, const struct compose_parts *parts, struct shield *ret_shield)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct known_persons persons;
    arena_init(&arena, 16u * 1024 * 1024);
    TRY(shield_of_case(session, parts->header->case_ref, ret_shield));
    if (ret_shield->own)
        return AM_OK;
    TRY(shield_of_references(session, parts->header, ret_shield));
    TRY(known_persons(parts->body, &arena, &persons));
    return shield_of_persons(session, parts->header->case_ref, &persons, ret_shield);
}

// What came and is answered is about its persons, and what it refers to, whether or not the answer names them again.
static enum am_err shield_of_asked(struct session *session, const struct compose *compose,
                                   const Amana__V1__Header *header, struct shield *shield)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Kept *kept;
    struct known_persons persons;
    if (compose->in_reply_to == NULL || shield->own)
        return AM_OK;
    arena_init(&arena, 16u * 1024 * 1024);
    enum am_err err = store_get(session->store, STORE_INBOX, compose->in_reply_to->id, &arena, &kept);
    if (err == AM_OK)
        err = seal_open_kept(session, kept, &arena, &detail, &opened);
    if (err != AM_OK) // this unit's own, or nobody can read it here
        return err == AM_NOMEM ? err : AM_OK;
    TRY(shield_of_references(session, opened.header, shield));
    TRY(known_persons(opened.body, &arena, &persons));
    return shield_of_persons(session, header->case_ref, &persons, shield);
}

// Rule 4's question is asked as well of who is made no suspect: what is answered says whence they come.
static enum reason check_freed(struct session *session, const struct compose *compose,
                               const struct compose_parts *parts, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail unread = {0};
    struct opened opened;
    Amana__V1__Kept *kept;
    enum store_box box;
    size_t n;
    if (compose->newest == NULL || parts->flags->protection != AMANA__V1__PROTECTION__CODE__NOT_CONCERNED)
        return REASON_NONE;
    arena_init(&arena, 16u * 1024 * 1024);
    enum am_err err = store_get_any(session->store, compose->newest->id, &arena, &box, &kept);
    if (err == AM_OK)
        err = seal_open_kept(session, kept, &arena, &unread, &opened);
    if (err != AM_OK) // nobody can read it here any more
        return err == AM_NOMEM ? REASON_INTERNAL : REASON_NONE;
    Amana__V1__Person *const *persons = body_persons(opened.body, &n);
    for (size_t i = 0; i < n; i++) {
        if (!roles_frees(parts->body, persons[i]) || !body_comes_from_recipient(persons[i], parts->header))
            continue;
        (void)am_fail(AM_DENIED, detail, "flags.protection",
                      "somebody who comes from a state among the recipients is no suspect any more: say NO, YES or "
                      "UNKNOWN to whether they have asked, or may need to ask, for protection from it");
        return REASON_PROTECTION_UNANSWERED;
    }
    return REASON_NONE;
}

// And of whom the case has named already: an answer names them no more.
static enum reason check_unasked(struct session *session, const struct compose_parts *parts, struct am_detail *detail)
{
    const Amana__V1__Header *header = parts->header;
    if (parts->flags->protection != AMANA__V1__PROTECTION__CODE__NOT_CONCERNED || !harm_tells(header))
        return REASON_NONE;
    for (size_t i = 0; i < header->n_recipients; i++) {
        const char *unit = header->recipients[i]->unit;
        bool unasked = false;
        if (i > 0 && address_same_country(unit, header->recipients[i - 1]->unit))
            continue;
        if (fled_unasked(session, header->case_ref, unit, &unasked) != AM_OK)
            return REASON_INTERNAL;
        if (!unasked)
            continue;
        (void)am_fail(AM_DENIED, detail, "flags.protection",
                      "somebody in this case, who is no suspect, comes from the state of %.95s: say NO, YES or UNKNOWN "
                      "to whether they have asked, or may need to ask, for protection from it (--protection)",
                      unit);
        return REASON_PROTECTION_UNANSWERED;
    }
    return REASON_NONE;
}

// What is played keeps a case from a state as well as what is meant (harm.h): in a case of which something is real, the
// rescue would not come.
static enum am_err see_real(void *user, const Amana__V1__Kept *kept, const struct opened *opened)
{
    *(bool *)user |= opened->header->status == AMANA__V1__STATUS__CODE__ACTUAL;
    return AM_OK;
}

static enum reason check_played(struct session *session, const struct compose_parts *parts, struct am_detail *detail)
{
    bool real = false;
    if (parts->header->status == AMANA__V1__STATUS__CODE__ACTUAL || parts->flags->n_never_tell == 0)
        return REASON_NONE;
    if (case_walk(session, parts->header->case_ref, see_real, &real) != AM_OK)
        return REASON_INTERNAL;
    if (!real)
        return REASON_NONE;
    (void)am_fail(AM_DENIED, detail, "case_ref",
                  "has messages that are no exercise, which this one would keep from %s: play it in a case of its own",
                  parts->flags->never_tell[0]);
    return REASON_FIELD_INVALID;
}

// Who is known from another case, or spoken of by referring to it, brings its flags along; and who may need protection
// is not sent back.
static enum reason check_known(const struct compose_parts *parts, bool beyond, const struct shield *shield,
                               struct am_detail *detail)
{
    const Amana__V1__Flags *flags = parts->flags;
    for (size_t i = 0; i < shield->n && !shield->own; i++) {
        const struct shield_state *state = &shield->states[i];
        if (strcmp(state->case_ref, parts->header->case_ref) == 0 ||
            shield_lists(shield, parts->header->sender->unit) != NULL)
            continue;
        bool sure = state->protection == AMANA__V1__PROTECTION__CODE__YES, there = false;
        for (size_t j = 0; j < flags->n_never_tell; j++)
            there |= strcmp(flags->never_tell[j], state->country) == 0;
        if (there && (!sure || flags->protection == AMANA__V1__PROTECTION__CODE__YES))
            continue;
        (void)am_fail(AM_DENIED, detail, "flags.never_tell",
                      "one of the persons is known from case %.60s, or a reference leads there, and may have fled %s: "
                      "say %s, with it in never_tell",
                      state->case_ref, state->country, sure ? "YES" : "UNKNOWN");
        return REASON_PROTECTION_UNANSWERED;
    }
    if (shield->n == 0 || shield->own || !rule_returns(parts->header, beyond))
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

// Rule 3: a HIT goes also to who protects in the country where the child is; that stands in the body.
static enum reason check_found_child(struct session *session, const struct compose *compose,
                                     const struct compose_parts *parts, const struct shield *shield,
                                     struct am_detail *detail)
{
    const Amana__V1__Header *header = parts->header;
    const Amana__V1__Place *place = place_of_hit(parts);
    char country[3];
    if (place == NULL || !rule_concerns_child(header, parts->flags))
        return REASON_NONE;
    body_place_country(place, country);
    if (country[0] == '\0') {
        (void)am_fail(
            AM_INVALID, detail, "hit.place.country",
            "is needed: a child was found, and who protects there is to be told: the country, or a UN/LOCODE");
        return REASON_FIELD_INVALID;
    }
    const char *unit = directory_protection(session, country);
    if (unit == NULL || strcmp(unit, header->sender->unit) == 0 || header_recipient(header, unit) != NULL ||
        is_untaken(compose, unit) ||
        shield_keeps(shield, header, unit, compose->newest != NULL ? compose->newest->sender->unit : NULL))
        return REASON_NONE;
    (void)am_fail(AM_DENIED, detail, "recipients", "a child was found in %s: add %s, a COPY is enough", country, unit);
    return REASON_CHILD_NEEDS_PROTECTION_UNIT;
}

static enum reason check_roles(struct session *session, const struct compose_parts *parts, struct am_detail *detail)
{
    enum am_err err = roles_judge(session, parts->header, parts->body, detail);
    return err == AM_OK ? REASON_NONE : err == AM_INVALID ? REASON_FIELD_INVALID : REASON_INTERNAL;
}

enum reason compose_judge(struct session *session, const struct compose *compose, const struct compose_parts *parts,
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
        look_for_protection(session, parts);
    if (reason == REASON_NONE)
        reason = check_roles(session, parts, detail);
    if (reason == REASON_NONE)
        reason = check_freed(session, compose, parts, detail);
    if (reason == REASON_NONE)
        reason = check_played(session, parts, detail);
    if (reason == REASON_NONE && shield_read(session, parts, &shield) != AM_OK)
        reason = REASON_INTERNAL;
    if (reason == REASON_NONE)
        reason = check_known(parts, goes_beyond(session, compose, parts), &shield, detail);
    if (reason == REASON_NONE && shield_of_asked(session, compose, parts->header, &shield) != AM_OK)
        reason = REASON_INTERNAL;
    if (reason == REASON_NONE)
        reason = check_shield(compose, parts->header, &shield, detail);
    if (reason == REASON_NONE)
        reason = check_unasked(session, parts, detail);
    if (reason == REASON_NONE)
        reason = check_answer(session, compose, parts->header, &shield, detail);
    if (reason == REASON_NONE)
        reason = onward_check(session, parts->header, detail);
    if (reason == REASON_NONE)
        reason = check_policy(session, parts->header, detail);
    if (reason != REASON_NONE)
        return reason;
    if (rule_child(parts->header, parts->flags, directory_protection_of(session, parts->header->sender->unit),
                   detail) == RULE_CHILD_BROKEN)
        return REASON_CHILD_NEEDS_PROTECTION_UNIT;
    reason = check_found_child(session, compose, parts, &shield, detail);
    if (reason == REASON_NONE)
        reason = rule_return(parts->header, parts->flags, goes_beyond(session, compose, parts), detail);
    if (reason == REASON_NONE)
        reason = rule_consent(parts->header, detail);
    if (reason == REASON_NONE && !compose->takes_back)
        reason = rule_release(parts->header, compose_of_released(compose), policy_kept(session), detail);
    return reason;
}

enum reason compose_may_leave(struct session *session, const struct compose_parts *parts, struct am_detail *detail)
{
    const struct compose alone = {.newest = NULL};
    struct shield shield = {0};
    if (harm_answer(parts->header)) // says nothing of anybody; whom it answers the hub knows
        return REASON_NONE;
    if (shield_read(session, parts, &shield) != AM_OK)
        return REASON_INTERNAL;
    enum reason reason = check_known(parts, false, &shield, detail);
    return reason == REASON_NONE ? check_shield(&alone, parts->header, &shield, detail) : reason;
}
