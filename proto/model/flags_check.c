// SPDX-License-Identifier: Apache-2.0
// The flags judged by themselves.
#include "proto/model/country.h"
#include "proto/model/header_check.h"

#include <stdio.h>
#include <string.h>

#define SALT 16u

static enum reason refuse(struct am_detail *detail, enum reason reason, const char *field, const char *text)
{
    (void)am_fail(AM_INVALID, detail, field, "%s", text);
    return reason;
}

static enum reason check_state(const Amana__V1__Flags *flags, size_t i, struct am_detail *detail)
{
    char field[48];
    snprintf(field, sizeof field, "flags.never_tell[%zu]", i);
    if (country_index(flags->never_tell[i]) == COUNTRIES)
        return refuse(detail, REASON_FIELD_INVALID, field, "a state by its ISO 3166-1 code in small letters: er");
    for (size_t j = 0; j < i; j++)
        if (strcmp(flags->never_tell[i], flags->never_tell[j]) == 0)
            return refuse(detail, REASON_FIELD_INVALID, field, "stands there twice");
    return REASON_NONE;
}

static enum reason check_states(const Amana__V1__Flags *flags, bool shields, struct am_detail *detail)
{
    enum reason reason = REASON_NONE;
    if (shields != (flags->n_never_tell != 0))
        return refuse(detail, REASON_FIELD_INVALID, "flags.never_tell",
                      "names the states that must not learn of it where protection is YES or UNKNOWN, and only there");
    if (flags->n_never_tell > COUNTRIES)
        return refuse(detail, REASON_FIELD_INVALID, "flags.never_tell", "names more states than there are");
    for (size_t i = 0; i < flags->n_never_tell && reason == REASON_NONE; i++)
        reason = check_state(flags, i, detail);
    return reason;
}

enum reason flags_check(const Amana__V1__Flags *flags, struct am_detail *detail)
{
    bool shields = false;
    switch (flags->protection) {
    case AMANA__V1__PROTECTION__CODE__NOT_CONCERNED:
    case AMANA__V1__PROTECTION__CODE__NO: break;
    case AMANA__V1__PROTECTION__CODE__YES:
    case AMANA__V1__PROTECTION__CODE__UNKNOWN: shields = true; break;
    case AMANA__V1__PROTECTION__CODE__UNSPECIFIED:
        return refuse(detail, REASON_PROTECTION_UNANSWERED, "flags.protection",
                      "must be one of NOT_CONCERNED, NO, YES, UNKNOWN");
    default:
        return refuse(detail, REASON_FIELD_INVALID, "flags.protection",
                      "must be one of NOT_CONCERNED, NO, YES, UNKNOWN");
    }
    if (flags->salt.len != SALT)
        return refuse(detail, REASON_FIELD_INVALID, "flags.salt", "must be 16 random bytes");
    return check_states(flags, shields, detail);
}
