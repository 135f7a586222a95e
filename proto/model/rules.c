// SPDX-License-Identifier: Apache-2.0
// The rules that envelope and flags decide (domain.md, Rules that the system enforces).
#include "proto/model/rules.h"

#include "proto/model/address.h"

#include <stdio.h>
#include <string.h>

#define REVIEW_NS (72ull * 3600 * NS_PER_S)

static bool goes_to(const Amana__V1__Header *header, const char *unit)
{
    for (size_t i = 0; i < header->n_recipients; i++)
        if (strcmp(header->recipients[i]->unit, unit) == 0)
            return true;
    return false;
}

enum rule_child rule_child(const Amana__V1__Header *header, const Amana__V1__Flags *flags, const char *protection_unit,
                           struct am_detail *detail)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    if (!flags->child || kind == NULL || !kind->child_rule)
        return RULE_CHILD_HOLDS;
    if (protection_unit != NULL && protection_unit[0] != '\0') {
        if (strcmp(header->sender->unit, protection_unit) == 0 || goes_to(header, protection_unit))
            return RULE_CHILD_HOLDS;
        (void)am_fail(AM_DENIED, detail, "recipients", "a child is concerned: add %s, a COPY is enough",
                      protection_unit);
        return RULE_CHILD_BROKEN;
    }
    if (header->urgency == AMANA__V1__URGENCY__CODE__U1 || header->urgency == AMANA__V1__URGENCY__CODE__U2)
        return RULE_CHILD_ALARM;
    (void)am_fail(AM_DENIED, detail, "recipients",
                  "a child is concerned and the sender's country has no protection unit: only U1 and U2 go");
    return RULE_CHILD_BROKEN;
}

enum reason rule_return(const Amana__V1__Header *header, const Amana__V1__Flags *flags, struct am_detail *detail)
{
    if (header->purpose != AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION)
        return REASON_NONE;
    if (flags->protection == AMANA__V1__PROTECTION__CODE__YES ||
        flags->protection == AMANA__V1__PROTECTION__CODE__UNKNOWN) {
        (void)am_fail(AM_DENIED, detail, "purpose",
                      "RETURN_AND_REINTEGRATION is not for somebody who has asked for protection or may need to");
        return REASON_PURPOSE_MISMATCH;
    }
    if (header->consent == AMANA__V1__CONSENT__CODE__GIVEN || header->consent == AMANA__V1__CONSENT__CODE__GUARDIAN)
        return REASON_NONE;
    (void)am_fail(AM_DENIED, detail, "consent", "RETURN_AND_REINTEGRATION needs consent: GIVEN or GUARDIAN");
    return REASON_CONSENT_REQUIRED;
}

enum reason rule_consent(const Amana__V1__Header *header, struct am_detail *detail)
{
    bool pressing = header->urgency == AMANA__V1__URGENCY__CODE__U1 || header->urgency == AMANA__V1__URGENCY__CODE__U2;
    uint64_t written = header_time_or_0(header->written_at), review = header_time_or_0(header->review_at);
    if (header->kind != KIND(REFERRAL))
        return REASON_NONE;
    switch (header->consent) {
    case AMANA__V1__CONSENT__CODE__GIVEN:
    case AMANA__V1__CONSENT__CODE__GUARDIAN:
    case AMANA__V1__CONSENT__CODE__BEST_INTEREST: return REASON_NONE;
    case AMANA__V1__CONSENT__CODE__VITAL_INTEREST:
        if (pressing && review != 0 && review - written <= REVIEW_NS)
            return REASON_NONE;
        break;
    default: break;
    }
    (void)am_fail(AM_DENIED, detail, "consent",
                  "a REFERRAL needs GIVEN, GUARDIAN or BEST_INTEREST; or VITAL_INTEREST at U1 or U2 with review_at "
                  "within 72 hours");
    return REASON_CONSENT_REQUIRED;
}

static bool goes_abroad(const Amana__V1__Header *header)
{
    for (size_t i = 0; i < header->n_recipients; i++)
        if (!address_same_country(header->sender->unit, header->recipients[i]->unit))
            return true;
    return false;
}

// What policy asks for beyond the kind's own row.
static bool policy_asks(const Amana__V1__Header *header, const struct policy *policy)
{
    for (size_t i = 0; i < header->n_recipients; i++)
        if (policy_release(policy, (unsigned)header->kind, header->sender->unit, header->recipients[i]->unit) != NULL)
            return true;
    return false;
}

bool rule_release_needed(const Amana__V1__Header *header, const Amana__V1__Header *target, const struct policy *policy)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    if (kind == NULL)
        return false;
    if (header->classification == AMANA__V1__CLASSIFICATION__CODE__CONFIDENTIAL && !kind_is_answer(header))
        return true;
    if (policy_asks(header, policy))
        return true;
    switch ((enum kind_release)kind->release) {
    case RELEASE_NEVER: return false;
    case RELEASE_OF_PERSONS:
        return header->subject_kind == AMANA__V1__SUBJECT_KIND__CODE__PERSON ||
               header->subject_kind == AMANA__V1__SUBJECT_KIND__CODE__GROUP;
    case RELEASE_ABROAD: return goes_abroad(header);
    case RELEASE_AS_TARGET: return target != NULL && target->release != AMANA__V1__RELEASE__CODE__NOT_NEEDED;
    }
    return true;
}

enum reason rule_release(const Amana__V1__Header *header, const Amana__V1__Header *target, const struct policy *policy,
                         struct am_detail *detail)
{
    if (header->release != AMANA__V1__RELEASE__CODE__NOT_NEEDED || !rule_release_needed(header, target, policy))
        return REASON_NONE;
    (void)am_fail(AM_DENIED, detail, "release",
                  "this %s needs a second person: REQUIRED, or DEFERRED where it can't wait",
                  kind_name((unsigned)header->kind));
    return REASON_RELEASE_REQUIRED;
}

bool rule_h2(const Amana__V1__Header *header)
{
    for (size_t i = 0; header != NULL && i < header->n_handling; i++)
        if (header->handling[i] == AMANA__V1__HANDLING__CODE__H2)
            return true;
    return false;
}

enum reason rule_purpose(const Amana__V1__Header *header, size_t i, bool is_protection, struct am_detail *detail)
{
    if (header->purpose != AMANA__V1__PURPOSE__CODE__PROTECTION || is_protection)
        return REASON_NONE;
    char field[48];
    snprintf(field, sizeof field, "recipients[%zu].unit", i);
    (void)am_fail(AM_DENIED, detail, field, "purpose PROTECTION goes only to protection units");
    return REASON_PURPOSE_MISMATCH;
}

enum reason rule_ceiling(const Amana__V1__Header *header, const struct policy *policy, const char *unit,
                         struct am_detail *detail)
{
    const struct policy_ceiling *ceiling = policy_ceiling(policy, unit);
    if (ceiling == NULL || header->classification <= ceiling->classification)
        return REASON_NONE;
    const ProtobufCEnumValue *most = protobuf_c_enum_descriptor_get_value(&amana__v1__classification__code__descriptor,
                                                                          (int)ceiling->classification);
    (void)am_fail(AM_DENIED, detail, "classification", "%s may have at most %s", unit, most != NULL ? most->name : "?");
    return REASON_CLASSIFICATION_ABOVE_CEILING;
}

enum reason rule_purpose_change(const Amana__V1__Header *header, const Amana__V1__Header *referenced,
                                const struct policy *policy, struct am_detail *detail)
{
    const ProtobufCEnumDescriptor *codes = &amana__v1__purpose__code__descriptor;
    const ProtobufCEnumValue *from = protobuf_c_enum_descriptor_get_value(codes, (int)referenced->purpose);
    if (kind_is_answer(header) || policy_purpose_may_change(policy, referenced->purpose, header->purpose))
        return REASON_NONE;
    (void)am_fail(AM_DENIED, detail, "purpose",
                  "what it references is for %s: only PROTECTION may follow, or what policy lets follow",
                  from != NULL ? from->name : "another purpose");
    return REASON_PURPOSE_MISMATCH;
}

static bool time_same(const Google__Protobuf__Timestamp *a, const Google__Protobuf__Timestamp *b)
{
    return header_time_or_0(a) == header_time_or_0(b);
}

enum reason rule_answer_carries(const Amana__V1__Header *answer, const Amana__V1__Header *root,
                                struct am_detail *detail)
{
    const struct {
        const char *field;
        bool holds;
        enum reason reason;
    } rows[] = {
        {"status", answer->status == root->status, REASON_FIELD_INVALID},
        {"case_ref", strcmp(answer->case_ref, root->case_ref) == 0, REASON_FIELD_INVALID},
        {"purpose", answer->purpose == root->purpose, REASON_PURPOSE_MISMATCH},
        {"legal_basis", answer->legal_basis == root->legal_basis, REASON_FIELD_INVALID},
        {"agreement_ref", strcmp(answer->agreement_ref, root->agreement_ref) == 0, REASON_FIELD_INVALID},
        {"retain_until", time_same(answer->retain_until, root->retain_until), REASON_FIELD_INVALID},
    };
    for (size_t i = 0; i < AM_LEN(rows); i++) {
        if (rows[i].holds)
            continue;
        (void)am_fail(AM_INVALID, detail, rows[i].field, "must be that of the message answered");
        return rows[i].reason;
    }
    if (answer->classification >= root->classification)
        return REASON_NONE;
    (void)am_fail(AM_INVALID, detail, "classification", "must not be below that of the message answered");
    return REASON_FIELD_INVALID;
}
