// SPDX-License-Identifier: Apache-2.0
// The rules that envelope and flags decide (domain.md, Rules that the system enforces).
#include "proto/model/rules.h"

#include "proto/model/address.h"
#include "proto/model/header.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define REVIEW_NS (72 * NS_PER_HOUR)

static const char *code_text(const ProtobufCEnumDescriptor *codes, int code)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(codes, code);
    return value != NULL ? value->name : "?";
}

bool rule_concerns_child(const Amana__V1__Header *header, const Amana__V1__Flags *flags)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    return kind != NULL && kind->child_rule &&
           (flags->child || header->urgency_reason == AMANA__V1__URGENCY_REASON__CODE__CHILD_AT_RISK);
}

bool rule_protected(const Amana__V1__Header *header, const char *protection_unit)
{
    return protection_unit != NULL && protection_unit[0] != '\0' &&
           (strcmp(header->sender->unit, protection_unit) == 0 || header_recipient(header, protection_unit) != NULL);
}

enum rule_child rule_child(const Amana__V1__Header *header, const Amana__V1__Flags *flags, const char *protection_unit,
                           struct am_detail *detail)
{
    if (!rule_concerns_child(header, flags) || rule_protected(header, protection_unit))
        return RULE_CHILD_HOLDS;
    if (protection_unit != NULL && protection_unit[0] != '\0') {
        (void)am_fail(AM_DENIED, detail, "recipients", "a child is concerned: add %s, a COPY is enough",
                      protection_unit);
        return RULE_CHILD_BROKEN;
    }
    if (header_urgent(header))
        return RULE_CHILD_ALARM;
    (void)am_fail(AM_DENIED, detail, "recipients",
                  "a child is concerned and no protection unit of the sender's country can be reached: only U1 and U2 "
                  "go, with an "
                  "urgency_reason that is true of it (CHILD_AT_RISK); what can wait waits until a registrar has such a "
                  "unit joined "
                  "again. Tell a protection office by telephone meanwhile");
    return RULE_CHILD_BROKEN;
}

bool rule_returns(const Amana__V1__Header *header, bool beyond)
{
    if (header->purpose != AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION)
        return false;
    if (!kind_is_answer(header) || kind_get((unsigned)header->kind)->chain == CHAIN_RENEWS)
        return true;
    return beyond && !kind_orders((unsigned)header->kind);
}

enum reason rule_return(const Amana__V1__Header *header, const Amana__V1__Flags *flags, bool beyond,
                        struct am_detail *detail)
{
    if (!rule_returns(header, beyond))
        return REASON_NONE;
    bool answers = !rule_returns(header, false);
    const char *more = answers ? ". Those who have what it answers may be told; who protects is written to anew, for "
                                 "PROTECTION, with that among the references"
                               : "";
    if (flags->protection == AMANA__V1__PROTECTION__CODE__YES ||
        flags->protection == AMANA__V1__PROTECTION__CODE__UNKNOWN) {
        (void)am_fail(AM_DENIED, detail, "purpose",
                      "RETURN_AND_REINTEGRATION is not for somebody who has asked for protection or may need to%s",
                      more);
        return REASON_PURPOSE_MISMATCH;
    }
    if (header->consent == AMANA__V1__CONSENT__CODE__GIVEN || header->consent == AMANA__V1__CONSENT__CODE__GUARDIAN)
        return REASON_NONE;
    (void)am_fail(AM_DENIED, detail, "consent", "RETURN_AND_REINTEGRATION needs consent: GIVEN or GUARDIAN%s",
                  answers ? ", where an answer goes to others than those who have what it answers" : "");
    return REASON_CONSENT_REQUIRED;
}

enum reason rule_consent(const Amana__V1__Header *header, struct am_detail *detail)
{
    bool pressing = header_urgent(header);
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

bool rule_released(const Amana__V1__Header *header)
{
    return header != NULL && header->release != AMANA__V1__RELEASE__CODE__NOT_NEEDED;
}

static bool of_persons(const Amana__V1__Header *header)
{
    return header->subject_kind == AMANA__V1__SUBJECT_KIND__CODE__PERSON ||
           header->subject_kind == AMANA__V1__SUBJECT_KIND__CODE__GROUP;
}

bool rule_of_released(unsigned kind, const Amana__V1__Header *about)
{
    return rule_released(about) && (kind_get(kind)->release != RELEASE_OF_PERSONS || of_persons(about));
}

bool rule_release_needed(const Amana__V1__Header *header, bool of_released, const struct policy *policy)
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
    case RELEASE_OF_PERSONS: return of_released || of_persons(header);
    case RELEASE_ABROAD: return goes_abroad(header);
    case RELEASE_AS_TARGET: return of_released;
    }
    return true;
}

enum reason rule_release(const Amana__V1__Header *header, bool of_released, const struct policy *policy,
                         struct am_detail *detail)
{
    if (rule_released(header) || !rule_release_needed(header, of_released, policy))
        return REASON_NONE;
    (void)am_fail(AM_DENIED, detail, "release",
                  "this %s needs a second person: say REQUIRED, or DEFERRED where it can't wait (U1; U2 at risk)",
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
    (void)am_fail(
        AM_DENIED, detail, field,
        "purpose PROTECTION goes only to protection units and those that policy names for it: leave %s out, or "
        "write to it for another purpose",
        header->recipients[i]->unit);
    return REASON_PURPOSE_MISMATCH;
}

enum reason rule_ceiling(const Amana__V1__Header *header, const struct policy *policy, const char *unit,
                         struct am_detail *detail)
{
    const struct policy_ceiling *ceiling = policy_ceiling(policy, unit);
    if (ceiling == NULL || header->classification <= ceiling->classification)
        return REASON_NONE;
    (void)am_fail(AM_DENIED, detail, "classification",
                  "%s may have at most %s: leave out what is above, or leave that unit out", unit,
                  code_text(&amana__v1__classification__code__descriptor, (int)ceiling->classification));
    return REASON_CLASSIFICATION_ABOVE_CEILING;
}

enum reason rule_purpose_change(const Amana__V1__Header *header, const Amana__V1__Header *referenced,
                                const struct policy *policy, struct am_detail *detail)
{
    if (kind_is_answer(header) || policy_purpose_may_change(policy, referenced->purpose, header->purpose))
        return REASON_NONE;
    (void)am_fail(AM_DENIED, detail, "purpose",
                  "what it references is for %s: give that purpose, PROTECTION, or one that policy lets follow it",
                  code_text(&amana__v1__purpose__code__descriptor, (int)referenced->purpose));
    return REASON_PURPOSE_MISMATCH;
}

// RFC 3339 in UTC, as the field is written in a draft.
#define TIME_TEXT 40
static const char *time_text(uint64_t ns, char ret_text[TIME_TEXT])
{
    time_t seconds = (time_t)(ns / NS_PER_S);
    struct tm parts = {0};
    char day[TIME_TEXT] = "?", fraction[16] = "";
    if (gmtime_r(&seconds, &parts) != NULL)
        (void)!strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
    if (ns % NS_PER_S != 0)
        snprintf(fraction, sizeof fraction, ".%09u", (unsigned)(ns % NS_PER_S));
    snprintf(ret_text, TIME_TEXT, "%.20s%sZ", day, fraction);
    return ret_text;
}

// What is still said of what a HOLD keeps, once its time has passed.
#define OF_HELD                                                                                                        \
    (KIND_BIT(KIND(HOLD)) | KIND_BIT(KIND(ERASURE)) | KIND_BIT(KIND(CORRECTION)) | KIND_BIT(KIND(CONFIRM)) |           \
     KIND_BIT(KIND(CONTEST)) | KIND_BIT(KIND(DECISION)))

bool rule_of_held(unsigned kind)
{
    return (OF_HELD & KIND_BIT(kind)) != 0;
}

bool rule_kept_longer(const Amana__V1__Header *answer, const Amana__V1__Header *root)
{
    uint64_t kept = header_time_or_0(root->retain_until);
    return rule_of_held((unsigned)answer->kind) && kept <= header_time_or_0(answer->written_at) &&
           kept < header_time_or_0(answer->retain_until);
}

enum reason rule_answer_carries(const Amana__V1__Header *answer, const Amana__V1__Header *root,
                                struct am_detail *detail)
{
    uint64_t kept = header_time_or_0(root->retain_until);
    char time[TIME_TEXT];
    const struct {
        const char *field;
        bool holds;
        enum reason reason;
        const char *root;
    } rows[] = {
        {"status", answer->status == root->status, REASON_FIELD_INVALID,
         code_text(&amana__v1__status__code__descriptor, (int)root->status)},
        {"case_ref", strcmp(answer->case_ref, root->case_ref) == 0, REASON_FIELD_INVALID, root->case_ref},
        {"purpose", answer->purpose == root->purpose, REASON_PURPOSE_MISMATCH,
         code_text(&amana__v1__purpose__code__descriptor, (int)root->purpose)},
        {"legal_basis", answer->legal_basis == root->legal_basis, REASON_FIELD_INVALID,
         code_text(&amana__v1__legal_basis__code__descriptor, (int)root->legal_basis)},
        {"agreement_ref", strcmp(answer->agreement_ref, root->agreement_ref) == 0, REASON_FIELD_INVALID,
         root->agreement_ref},
        {"retain_until", header_time_or_0(answer->retain_until) == kept || rule_kept_longer(answer, root),
         REASON_FIELD_INVALID, time_text(kept, time)},
    };
    for (size_t i = 0; i < AM_LEN(rows); i++) {
        if (rows[i].holds)
            continue;
        (void)am_fail(AM_INVALID, detail, rows[i].field,
                      rows[i].root[0] != '\0' ? "must be %s, which the message answered has: an answer carries it on"
                                              : "must be left out%s: the message answered has none",
                      rows[i].root);
        return rows[i].reason;
    }
    if (answer->classification >= root->classification)
        return REASON_NONE;
    (void)am_fail(AM_INVALID, detail, "classification", "must be %s, which the message answered has, or above",
                  code_text(&amana__v1__classification__code__descriptor, (int)root->classification));
    return REASON_FIELD_INVALID;
}
