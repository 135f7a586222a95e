// SPDX-License-Identifier: Apache-2.0
// The flags judged by themselves.
#include "proto/model/header_check.h"

#define SALT 16u

static enum reason refuse(struct am_detail *detail, enum reason reason, const char *field, const char *text)
{
    (void)am_fail(AM_INVALID, detail, field, "%s", text);
    return reason;
}

enum reason flags_check(const Amana__V1__Flags *flags, struct am_detail *detail)
{
    switch (flags->protection) {
    case AMANA__V1__PROTECTION__CODE__NOT_CONCERNED:
    case AMANA__V1__PROTECTION__CODE__NO: break;
    case AMANA__V1__PROTECTION__CODE__YES:
    case AMANA__V1__PROTECTION__CODE__UNKNOWN:
        return refuse(detail, REASON_KIND_UNSUPPORTED, "flags.protection",
                      "YES and UNKNOWN are not served yet: use a channel that shields the person");
    case AMANA__V1__PROTECTION__CODE__UNSPECIFIED:
        return refuse(detail, REASON_PROTECTION_UNANSWERED, "flags.protection",
                      "must be one of NOT_CONCERNED, NO, YES, UNKNOWN");
    default:
        return refuse(detail, REASON_FIELD_INVALID, "flags.protection",
                      "must be one of NOT_CONCERNED, NO, YES, UNKNOWN");
    }
    if (flags->n_never_tell != 0)
        return refuse(detail, REASON_KIND_UNSUPPORTED, "flags.never_tell", "is not served yet");
    if (flags->salt.len != SALT)
        return refuse(detail, REASON_FIELD_INVALID, "flags.salt", "must be 16 random bytes");
    return REASON_NONE;
}
