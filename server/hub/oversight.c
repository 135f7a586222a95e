// SPDX-License-Identifier: Apache-2.0
// Who may open a country's messages under law (domain.md, rule 12): its certificate is one more that a body is sealed
// to, and the point that it is sealed by is used once (audit.md, Oversight under two persons).
#include "server/hub/internal.h"

#include <bsd/string.h>
#include <string.h>

static const uint8_t NONE[32];

// NULL: not in the trust list.
static const struct hub_country *country_of(const struct hub *hub, const char *unit)
{
    char code[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, code);
    return hub_country_find(hub, code);
}

// NONE where its country has named none, or the one that it named is revoked.
static const uint8_t *oversight_of(const struct hub *hub, const char *unit)
{
    const struct hub_country *country = country_of(hub, unit);
    return country != NULL ? country->oversight : NONE;
}

enum differs { OVERSIGHT_LEFT_OUT, OVERSIGHT_REVOKED, OVERSIGHT_NOT_NAMED };

static enum differs differs_by(const struct hub *hub, const char *unit, bool named)
{
    const struct hub_country *country = country_of(hub, unit);
    return named                                           ? OVERSIGHT_LEFT_OUT
           : country != NULL && country->oversight_revoked ? OVERSIGHT_REVOKED
                                                           : OVERSIGHT_NOT_NAMED;
}

// As for a roster that has changed: the client goes by another trust list, and seals anew by the newest.
// Only a worker can tell whether what the message brings with it recalls the oversight that is named.
enum reason hub_judge_oversight(const struct hub *hub, struct hub_submission *submission, bool looked_at)
{
    static const struct {
        const char *what, *todo;
    } texts[] = {
        [OVERSIGHT_LEFT_OUT] = {"the trust list names an oversight for",
                                "seal to its certificate too, and put the point of that recipient here"},
        [OVERSIGHT_REVOKED] = {"revoked is the oversight of",
                               "have the newest revocation list, seal to none, and leave this out"},
        [OVERSIGHT_NOT_NAMED] = {"the trust list names no oversight for", "seal to none, and leave this out"},
    };
    struct hub_work *work = &submission->work;
    bool named = memcmp(oversight_of(hub, submission->sender), NONE, sizeof NONE) != 0;
    if (named == (submission->header->oversight_point.len != 0))
        return REASON_NONE;
    if (named && (looked_at ? submission->oversight_recalled : submission->crl.len != 0))
        return REASON_NONE;
    enum differs differs = differs_by(hub, submission->sender, named);
    strlcpy(work->stale_unit, submission->sender, sizeof work->stale_unit);
    (void)am_fail(AM_INVALID, &work->detail, "oversight_point", "%s the country of %s: %s", texts[differs].what,
                  submission->sender, texts[differs].todo);
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
