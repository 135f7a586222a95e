// SPDX-License-Identifier: Apache-2.0
// Who may open a country's messages under law (domain.md, rule 12): its certificate is one more that a body is sealed
// to, and the point that it is sealed by is used once (audit.md, Oversight under two persons).
#include "server/hub/internal.h"

#include <bsd/string.h>
#include <string.h>

static const uint8_t NONE[32];

// NONE where its country has named none.
static const uint8_t *oversight_of(const struct hub *hub, const char *unit)
{
    char code[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, code);
    const struct hub_country *country = hub_country_find(hub, code);
    return country != NULL ? country->oversight : NONE;
}

// As for a roster that has changed: the client goes by another trust list, and seals anew by the newest.
enum reason hub_judge_oversight(const struct hub *hub, struct hub_submission *submission)
{
    struct hub_work *work = &submission->work;
    bool named = memcmp(oversight_of(hub, submission->sender), NONE, sizeof NONE) != 0;
    if (named == (submission->header->oversight_point.len != 0))
        return REASON_NONE;
    strlcpy(work->stale_unit, submission->sender, sizeof work->stale_unit);
    (void)am_fail(AM_INVALID, &work->detail, "oversight_point",
                  named ? "the trust list names an oversight for the country of %s: seal to its certificate too, and "
                          "put the point of that recipient here"
                        : "the trust list names no oversight for the country of %s: seal to none, and leave this out",
                  submission->sender);
    return REASON_ROSTER_STALE;
}

bool hub_oversight_seen(const struct hub *hub, const struct hub_submission *submission)
{
    return memcmp(oversight_of(hub, submission->sender), submission->oversight, sizeof submission->oversight) == 0;
}

enum reason hub_judge_point(struct hub_submission *submission)
{
    if (!submission->point_used)
        return REASON_NONE;
    (void)am_fail(AM_EXISTS, &submission->work.detail, "oversight_point",
                  "another message was sealed to an oversight by it: seal the body anew, with a fresh key for each "
                  "recipient");
    return REASON_FIELD_INVALID;
}
