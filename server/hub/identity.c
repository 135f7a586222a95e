// SPDX-License-Identifier: Apache-2.0
// What one identity may ask for: requests a second, works in flight, refusals that get an entry of their own.
#include "server/hub/internal.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

enum am_err hub_identity_get(struct hub *hub, const char *uri, uint64_t monotonic_ns,
                             struct hub_identity **ret_identity)
{
    struct hub_identity *identity;
    HASH_FIND_STR(hub->identities, uri, identity);
    if (identity == NULL) {
        identity = calloc(1, sizeof *identity);
        if (identity == NULL)
            return AM_NOMEM;
        strlcpy(identity->uri, uri, sizeof identity->uri);
        identity->tokens = hub->requests_per_s;
        identity->tokens_at = identity->minute_at = monotonic_ns;
        HASH_ADD_STR(hub->identities, uri, identity);
        if (identity->hh.tbl == NULL) {
            free(identity);
            return AM_NOMEM;
        }
    }
    *ret_identity = identity;
    return AM_OK;
}

struct policy_quota hub_quota_of(const struct hub *hub, const char *unit)
{
    const struct policy_quota *row = policy_quota(hub->policy, unit);
    struct policy_quota quota = {.requests_per_s = hub->requests_per_s, .in_flight = hub->in_flight};
    if (row != NULL && row->requests_per_s != 0)
        quota.requests_per_s = row->requests_per_s;
    if (row != NULL && row->in_flight != 0)
        quota.in_flight = row->in_flight;
    return quota;
}

static void refill(uint32_t requests_per_s, struct hub_identity *identity, uint64_t monotonic_ns)
{
    double passed = (double)(monotonic_ns - identity->tokens_at) / (double)NS_PER_S;
    identity->tokens += passed * requests_per_s;
    if (identity->tokens > requests_per_s)
        identity->tokens = requests_per_s;
    identity->tokens_at = monotonic_ns;
}

enum reason hub_identity_take(struct hub *hub, struct hub_identity *identity, struct hub_work *work,
                              uint64_t monotonic_ns)
{
    const struct policy_quota quota = hub_quota_of(hub, work->unit);
    if (identity->in_flight >= quota.in_flight) {
        work->retry_ns = HUB_RETRY_BUSY_NS;
        return REASON_BUSY;
    }
    refill(quota.requests_per_s, identity, monotonic_ns);
    if (identity->tokens < 1) {
        work->retry_ns = (uint64_t)((1 - identity->tokens) * (double)NS_PER_S / quota.requests_per_s) + 1;
        (void)am_fail(AM_BUSY, &work->detail, "", "a device of %s has at most %u messages a second", work->unit,
                      quota.requests_per_s);
        return REASON_QUOTA;
    }
    identity->tokens -= 1;
    return REASON_NONE;
}

bool hub_identity_may_log(struct hub *hub, struct hub_identity *identity, uint64_t monotonic_ns)
{
    if (identity->rejected == 0)
        identity->minute_at = monotonic_ns;
    if (identity->rejected >= hub->rejected_per_minute)
        return false;
    identity->rejected++;
    return true;
}

void hub_identity_count(struct hub *hub, const char *uri, enum reason reason, uint64_t count)
{
    struct hub_identity *identity;
    HASH_FIND_STR(hub->identities, uri, identity);
    if (identity == NULL)
        return;
    identity->counted[reason] += count;
    identity->has_counted = true;
}

void hub_identities_free(struct hub *hub)
{
    struct hub_identity *identity, *next;
    HASH_ITER (hh, hub->identities, identity, next) {
        HASH_DEL(hub->identities, identity);
        free(identity);
    }
}
