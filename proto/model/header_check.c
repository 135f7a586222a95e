// SPDX-License-Identifier: Apache-2.0
// The envelope judged by itself, field by field, by tables over the descriptor of Header.
#include "proto/model/header_check.h"

#include "proto/model/address.h"
#include "proto/model/header_parts.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#define DESCRIPTOR  (&amana__v1__header__descriptor)
#define FIELD_COUNT 43u

static const ProtobufCFieldDescriptor *field_by(unsigned number)
{
    return protobuf_c_message_descriptor_get_field(DESCRIPTOR, number);
}

static int enum_at(const Amana__V1__Header *header, const ProtobufCFieldDescriptor *field)
{
    return *(const int *)(const void *)((const uint8_t *)header + field->offset);
}

// --- Codes: every enum field has a code of its list
static void enum_list(const ProtobufCEnumDescriptor *codes, uint64_t set, char *ret_text, size_t size)
{
    ret_text[0] = '\0';
    for (unsigned i = 0; i < codes->n_values; i++) {
        int value = codes->values[i].value;
        if (value == 0 || (set & (1ull << value)) == 0)
            continue;
        if (ret_text[0] != '\0')
            strlcat(ret_text, ", ", size);
        strlcat(ret_text, codes->values[i].name, size);
    }
}

static enum reason code_refuse(const struct header_checking *check, const ProtobufCFieldDescriptor *field, uint64_t set)
{
    char codes[260];
    enum_list(field->descriptor, set, codes, sizeof codes);
    return header_refuse(check, field->name, "must be one of %s", codes);
}

static enum reason check_codes(const struct header_checking *check)
{
    const Amana__V1__Header *header = check->header;
    for (unsigned i = 0; i < DESCRIPTOR->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &DESCRIPTOR->fields[i];
        if (field->type != PROTOBUF_C_TYPE_ENUM || field->label == PROTOBUF_C_LABEL_REPEATED)
            continue;
        if (protobuf_c_enum_descriptor_get_value(field->descriptor, enum_at(header, field)) == NULL)
            return code_refuse(check, field, UINT64_MAX);
    }
    return REASON_NONE;
}

static enum reason check_handling(const struct header_checking *check)
{
    const Amana__V1__Header *header = check->header;
    unsigned seen = 0;
    for (size_t i = 0; i < header->n_handling; i++) {
        unsigned code = header->handling[i];
        if (code == 0 || code > AMANA__V1__HANDLING__CODE__H3)
            return header_refuse_at(check, "handling", i, "", "must be one of H0, H1, H2, H3");
        if (seen & 1u << code)
            return header_refuse_at(check, "handling", i, "", "stands there twice");
        seen |= 1u << code;
    }
    return REASON_NONE;
}

// --- What is not served yet
static enum reason check_served(const struct header_checking *check)
{
    const Amana__V1__Header *header = check->header;
    if (header->n_attachments != 0)
        return header_unserved(check, "attachments", "attachments are not served yet");
    return REASON_NONE;
}

// --- Which fields the kind needs, and which it may have
static enum reason missing(const struct header_checking *check, const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        return code_refuse(check, field, field->id == 18 ? check->kind->outcomes : UINT64_MAX);
    return header_refuse(check, field->name, "is missing: kind %s needs it", check->kind->name);
}

static enum reason check_fields(const struct header_checking *check)
{
    uint64_t required = HEADER_ALWAYS | check->kind->required;
    uint64_t allowed = required | HEADER_OFTEN | check->kind->optional;
    if (check->context->unsealed)
        required &= ~HEADER_SEALED;
    for (unsigned i = 0; i < DESCRIPTOR->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &DESCRIPTOR->fields[i];
        bool there = header_has(check->header, field);
        if (!there && (required & HEADER_BIT(field->id)) != 0)
            return missing(check, field);
        if (there && (allowed & HEADER_BIT(field->id)) == 0)
            return header_refuse(check, field->name, "must be left out: kind %s doesn't have it", check->kind->name);
    }
    return REASON_NONE;
}

// A field that is there exactly where another one says so.
struct field_rule {
    unsigned field, depends; // numbers
    uint64_t codes;          // of `depends`: with one of these the field is needed, with any other it must be empty
    const char *text;
};
static const struct field_rule DEPENDENT[] = {
    {22, 21, 1ull << AMANA__V1__URGENCY__CODE__U1 | 1ull << AMANA__V1__URGENCY__CODE__U2,
     "U1 and U2 need a reason, U3 and U4 have none"},
    {31, 30,
     1ull << AMANA__V1__LEGAL_BASIS__CODE__BILATERAL_AGREEMENT |
         1ull << AMANA__V1__LEGAL_BASIS__CODE__MULTILATERAL_AGREEMENT,
     "names the agreement where legal_basis is BILATERAL_AGREEMENT or MULTILATERAL_AGREEMENT, and only there"},
    {19, 18, OUTCOME_BIT(OUTCOME(AWAITING_AUTHORISATION)),
     "goes with outcome AWAITING_AUTHORISATION, and only with it"},
    {20, 18, OUTCOME_BIT(OUTCOME(GRANTED)), "goes with outcome GRANTED, and only with it"},
    {12, 36, 1ull << AMANA__V1__RELEASE__CODE__REQUIRED | 1ull << AMANA__V1__RELEASE__CODE__DEFERRED,
     "names the unit that releases it where release is REQUIRED or DEFERRED, and only there"},
};

static enum reason check_dependent(const struct header_checking *check)
{
    for (size_t i = 0; i < AM_LEN(DEPENDENT); i++) {
        const ProtobufCFieldDescriptor *field = field_by(DEPENDENT[i].field);
        bool wanted = (DEPENDENT[i].codes & 1ull << enum_at(check->header, field_by(DEPENDENT[i].depends))) != 0;
        if (wanted != header_has(check->header, field))
            return header_refuse(check, field->name, "%s", DEPENDENT[i].text);
    }
    if ((check->header->told_at != NULL) != (check->header->means != 0))
        return header_refuse(check, check->header->told_at != NULL ? "means" : "told_at",
                             "told_at and means go together");
    return REASON_NONE;
}

// DEFERRED is for what can't wait: U1, and U2 where a life or a child is at risk or they are about to be moved on.
static enum reason check_deferred(const struct header_checking *check)
{
    const Amana__V1__Header *header = check->header;
    if (header->release != AMANA__V1__RELEASE__CODE__DEFERRED)
        return REASON_NONE;
    if (header->kind == KIND(ERASURE)) // one person would destroy for good what two had to sign
        return header_refuse(check, "release", "DEFERRED is not for an ERASURE, which nobody can take back: REQUIRED");
    if (header->urgency == AMANA__V1__URGENCY__CODE__U1)
        return REASON_NONE;
    switch (header->urgency_reason) {
    case AMANA__V1__URGENCY_REASON__CODE__LIFE_AT_RISK:
    case AMANA__V1__URGENCY_REASON__CODE__CHILD_AT_RISK:
    case AMANA__V1__URGENCY_REASON__CODE__TRANSIT_IMMINENT:
        if (header->urgency == AMANA__V1__URGENCY__CODE__U2)
            return REASON_NONE;
        break;
    default: break;
    }
    return header_refuse(check, "release",
                         "DEFERRED is for U1, and for U2 with LIFE_AT_RISK, CHILD_AT_RISK or TRANSIT_IMMINENT: else "
                         "REQUIRED");
}

static enum reason check_outcome(const struct header_checking *check)
{
    unsigned outcome = check->header->outcome;
    if (outcome != 0 && (check->kind->outcomes & OUTCOME_BIT(outcome)) == 0)
        return code_refuse(check, field_by(18), check->kind->outcomes);
    return REASON_NONE;
}

static enum reason check_version(const struct header_checking *check)
{
    if (check->header->schema_version != 1)
        return header_refuse(check, "schema_version", "must be 1");
    return REASON_NONE;
}

// In this order: what a newer sender may mean before what is wrong with it.
static enum reason (*const CHECKS[])(const struct header_checking *check) = {
    check_version,         check_codes,          check_handling,    check_served,       check_fields,
    check_dependent,       check_deferred,       check_outcome,     header_check_names, header_check_recipients,
    header_check_pointers, header_check_digests, header_check_seen, header_check_times,
};

enum reason header_check(const Amana__V1__Header *header, const struct header_context *context,
                         struct am_detail *detail)
{
    struct header_checking check = {header, context, detail, kind_get((unsigned)header->kind)};
    if (check.kind == NULL)
        return code_refuse(&check, field_by(2), UINT64_MAX);
    for (size_t i = 0; i < AM_LEN(CHECKS); i++) {
        enum reason reason = CHECKS[i](&check);
        if (reason != REASON_NONE)
            return reason;
    }
    return REASON_NONE;
}
