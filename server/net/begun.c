// SPDX-License-Identifier: Apache-2.0
// What a registrar signed, against the hub's clock.
#include "server/net/begun.h"

#include "proto/codec/timestamp.h"
#include "proto/model/limits.h"

enum am_err begun_check(const char *field, uint64_t begins_ns, uint64_t now_ns, struct am_detail *detail)
{
    char begins[TIMESTAMP_TEXT], now[TIMESTAMP_TEXT];

    if (begins_ns <= now_ns + LIMIT_CLOCK_AHEAD_NS)
        return AM_OK;
    timestamp_print_ns(begins_ns, begins);
    timestamp_print_ns(now_ns, now);
    return am_fail(AM_INVALID, detail, field,
                   "it begins at %s, and at this hub it is %s: wait till then, or set the clock by which it was signed",
                   begins, now);
}
