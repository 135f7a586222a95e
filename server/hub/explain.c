// SPDX-License-Identifier: Apache-2.0
// What would become of a message, and by which rule: the same tables that judge, asked one after the other.
#include "proto/codec/nearest.h"
#include "server/hub/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 0))) static struct hub_reason *
row_add(struct hub_explanation *explanation, const char *question, const char *format, va_list args)
{
    struct hub_reason *row = &explanation->rows[explanation->n++];
    row->question = question;
    vsnprintf(row->rule, sizeof row->rule, format, args);
    return row;
}

__attribute__((format(printf, 4, 5))) static bool say(struct hub_explanation *explanation, bool allows,
                                                      const char *question, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    row_add(explanation, question, format, args)->allows = allows;
    va_end(args);
    return allows;
}

// What holds for such messages, and refuses none as it is tried here.
__attribute__((format(printf, 3, 4))) static void tell(struct hub_explanation *explanation, const char *question,
                                                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct hub_reason *row = row_add(explanation, question, format, args);
    va_end(args);
    row->allows = row->tells = true;
}

// With the member whose name is nearest: who may try a message may list them all.
static bool no_member(const struct hub *hub, const char *unit, const char *question, struct hub_explanation *ret)
{
    struct nearest nearest = {.word = unit, .len = strlen(unit)};
    char clause[NEAREST_CLAUSE];
    struct hub_unit *member, *next;
    HASH_ITER (hh, hub->units, member, next)
        if (member->member != NULL)
            nearest_offer(&nearest, member->name);
    return say(ret, false, question, "%s is no member%s", unit, nearest_clause(&nearest, clause));
}

static bool explain_sender(const struct hub *hub, const struct hub_trial *trial, struct hub_explanation *ret)
{
    const struct hub_member *member = hub_member_find(hub, trial->as);
    const struct kind *kind = kind_get((unsigned)trial->kind);
    if (member == NULL)
        return no_member(hub, trial->as, "sender", ret);
    uint8_t who = hub_role_who(member->role);
    if (who == 0)
        return say(ret, false, "sender", "role %s sends nothing", member->role_name);
    if (kind->must_answer)
        return say(ret, true, "sender",
                   "%s only answers: who may is told by the message answered, no grant is asked for", kind->name);
    return say(ret, (kind->who & who) != 0, "sender", "role %s %s %s", member->role_name,
               (kind->who & who) != 0 ? "may send" : "may not send", kind->name);
}

static bool explain_recipient(const struct hub *hub, const struct hub_trial *trial, struct hub_explanation *ret)
{
    const struct hub_member *member = hub_member_find(hub, trial->to);
    if (member == NULL)
        return no_member(hub, trial->to, "recipient", ret);
    if (!hub_may_receive(member))
        return say(ret, false, "recipient", "role %s receives nothing", member->role_name);
    if (member->successor[0] != '\0')
        return say(ret, false, "recipient", "%s is closed, its successor is %s: answers alone go to it", trial->to,
                   member->successor);
    if (hub_roster_newest(hub, trial->to) == NULL)
        return say(ret, false, "recipient", "%s has no roster", trial->to);
    if (!hub_roster_in_force(hub, trial->to))
        return say(ret, false, "recipient", "the roster of %s was taken out of force by number %llu", trial->to,
                   (unsigned long long)hub_roster_number(hub, trial->to));
    return say(ret, true, "recipient", "role %s, roster %llu", member->role_name,
               (unsigned long long)hub_roster_number(hub, trial->to));
}

static bool explain_grant(const struct hub *hub, const struct hub_trial *trial, struct hub_explanation *ret)
{
    const struct hub_member *member = hub_member_find(hub, trial->as);
    const struct kind *kind = kind_get((unsigned)trial->kind);
    const char *protection = hub_protection_of(hub, trial->as);
    const char *party;
    if (kind->must_answer)
        return say(ret, true, "grant", "none is asked for where it goes to those whom the message answered names");
    if (trial->kind == KIND(SUBJECT_ACCESS))
        return say(ret, true, "grant",
                   "none is asked for: it goes to the units of its office's own country and to other offices");
    if (trial->kind == KIND(NOTE) && strcmp(trial->as, trial->to) == 0)
        return say(ret, true, "grant", "none is asked for: nobody new learns of a note to one's own unit");
    size_t grant = hub_grant_find(member, KIND_BIT(trial->kind), trial->to, &party);
    if (grant != 0)
        return say(ret, true, "grant", "grant %zu of %s, by \"%s\"", grant, trial->as, party);
    if (protection != NULL && strcmp(protection, trial->to) == 0 && kind->child_rule)
        return say(ret, true, "grant",
                   "none, but %s is the protection unit of the sender's country: it goes where a "
                   "child is concerned, and else NOT_PERMITTED",
                   trial->to);
    return say(ret, false, "grant", "no grant of %s names %s to %s", trial->as, kind->name, trial->to);
}

static bool explain_ceiling(const struct hub *hub, const struct hub_trial *trial, const char *unit,
                            const char *question, struct hub_explanation *ret)
{
    const struct policy_ceiling *ceiling = policy_ceiling(hub->policy, unit);
    const ProtobufCEnumDescriptor *codes = &amana__v1__classification__code__descriptor;
    if (ceiling == NULL)
        return say(ret, true, question, "no ceiling for %s", unit);
    bool allows = trial->classification <= ceiling->classification;
    return say(ret, allows, question, "policy.conf line %u: ceiling \"%s\" is %s, asked for %s", ceiling->line,
               ceiling->party, codec_enum_name(codes, (int)ceiling->classification),
               codec_enum_name(codes, (int)trial->classification));
}

static void explain_purpose(const struct hub *hub, const struct hub_trial *trial, struct hub_explanation *ret)
{
    const struct policy_protects *protects = policy_protects(hub->policy, trial->to);
    if (hub_member_find(hub, trial->to)->role == ROLE_PROTECTION)
        tell(ret, "purpose PROTECTION", "allowed: it is a protection unit");
    else
        tell(ret, "purpose PROTECTION", protects != NULL ? "allowed: protection-also-to names \"%s\"" : "%s",
             protects != NULL ? protects->party : "refused with PURPOSE_MISMATCH: it is no protection unit");
}

static void explain_onward(const struct hub *hub, const struct hub_trial *trial, struct hub_explanation *ret)
{
    const struct policy_protects *onward = policy_onward(hub->policy, trial->to);
    if (!address_same_agency(trial->as, trial->to))
        tell(ret, "what others marked H2", "only with a DECISION of its sender, or where it has it already");
    else
        tell(ret, "what others marked H2",
             onward != NULL ? "may go to it: h2-also-to names \"%s\", and it is of the same agency"
                            : "only with a DECISION of its sender: h2-also-to doesn't name it%s",
             onward != NULL ? onward->party : "");
}

static void explain_retention(const struct hub *hub, const struct hub_trial *trial, struct hub_explanation *ret)
{
    unsigned line = hub->policy != NULL ? hub->policy->retention_lines[trial->kind] : 0;
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    header.kind = trial->kind;
    if (line != 0)
        tell(ret, "kept at most", "policy.conf line %u: %u days", line, hub->policy->retention_days[trial->kind]);
    else if (kind_get((unsigned)trial->kind)->must_answer)
        tell(ret, "kept at most", "as long as the message answered");
    else
        tell(ret, "kept at most", "%u days, by its kind", kind_retention_days(&header));
}

static void explain_quota(const struct hub *hub, const struct hub_trial *trial, struct hub_explanation *ret)
{
    const struct policy_quota *row = policy_quota(hub->policy, trial->as);
    const struct policy_quota quota = hub_quota_of(hub, trial->as);
    if (row != NULL)
        tell(ret, "quota", "policy.conf line %u: %u requests a second, %u in flight", row->line, quota.requests_per_s,
             quota.in_flight);
    else
        tell(ret, "quota", "by amanad.conf: %u requests a second, %u in flight", quota.requests_per_s, quota.in_flight);
}

// Whether it goes abroad and how it is marked is known here; whom it is about, and what it answers, is not.
static const char *second_person(const struct hub_trial *trial)
{
    const struct kind *kind = kind_get((unsigned)trial->kind);
    bool abroad = !address_same_country(trial->as, trial->to);
    if (kind->release == RELEASE_ABROAD && abroad)
        return "needed: it goes abroad";
    if (trial->classification == AMANA__V1__CLASSIFICATION__CODE__CONFIDENTIAL && !kind->must_answer)
        return kind->on == 0 ? "needed: it is CONFIDENTIAL" : "needed where it answers nothing: it is CONFIDENTIAL";
    switch ((enum kind_release)kind->release) {
    case RELEASE_NEVER: break;
    case RELEASE_OF_PERSONS:
        return kind->chain == CHAIN_RENEWS ? "needed where it, or what it replaces, is about a PERSON or GROUP"
                                           : "needed where it is about a PERSON or GROUP";
    case RELEASE_ABROAD: break;
    case RELEASE_AS_TARGET: return "needed where what it is about needed one";
    }
    return "not needed";
}

static void explain_second_person(const struct hub *hub, const struct hub_trial *trial, struct hub_explanation *ret)
{
    const struct policy_release *release = policy_release(hub->policy, (unsigned)trial->kind, trial->as, trial->to);
    if (release != NULL)
        tell(ret, "second person", "policy.conf line %u: always", release->line);
    else
        tell(ret, "second person", "%s", second_person(trial));
}

enum reason hub_explain(const struct hub *hub, const struct hub_trial *trial, struct hub_explanation *ret)
{
    *ret = (struct hub_explanation){0};
    const struct kind *kind = kind_get((unsigned)trial->kind);
    if (kind == NULL || address_check(trial->as, NULL) != AM_OK || address_check(trial->to, NULL) != AM_OK)
        return REASON_FIELD_INVALID;
    if (!explain_sender(hub, trial, ret) || !explain_recipient(hub, trial, ret) || !explain_grant(hub, trial, ret))
        return REASON_NOT_PERMITTED;
    bool good = explain_ceiling(hub, trial, trial->as, "sender's ceiling", ret);
    good = explain_ceiling(hub, trial, trial->to, "recipient's ceiling", ret) && good;
    if (!good)
        return REASON_CLASSIFICATION_ABOVE_CEILING;
    explain_purpose(hub, trial, ret);
    explain_onward(hub, trial, ret);
    explain_retention(hub, trial, ret);
    explain_quota(hub, trial, ret);
    explain_second_person(hub, trial, ret);
    return REASON_NONE;
}
