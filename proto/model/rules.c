// SPDX-License-Identifier: Apache-2.0
// The rules that envelope and flags decide (domain.md, Rules that the system enforces).
#include "proto/model/rules.h"

#include <stdio.h>
#include <string.h>

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

enum reason rule_purpose(const Amana__V1__Header *header, size_t i, bool is_protection, struct am_detail *detail)
{
    if (header->purpose != AMANA__V1__PURPOSE__CODE__PROTECTION || is_protection)
        return REASON_NONE;
    char field[48];
    snprintf(field, sizeof field, "recipients[%zu].unit", i);
    (void)am_fail(AM_DENIED, detail, field, "purpose PROTECTION goes only to protection units");
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
