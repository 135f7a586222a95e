// SPDX-License-Identifier: Apache-2.0
// Questions about the policy's tables.
#include "proto/model/policy.h"

#include <stdlib.h>
#include <string.h>

void policy_free(struct policy *policy)
{
    if (policy == NULL)
        return;
    free(policy->ceilings);
    free(policy->quotas);
    free(policy->protects);
    free(policy->onward);
    free(policy->defaults);
    free(policy->releases);
    free(policy->supervisors);
    free(policy);
}

#define FIRST_THAT_FITS(policy, rows, n, unit)                                                                         \
    do {                                                                                                               \
        for (size_t row_ = 0; (policy) != NULL && row_ < (policy)->n; row_++)                                          \
            if (address_matches((policy)->rows[row_].party, unit))                                                     \
                return &(policy)->rows[row_];                                                                          \
        return NULL;                                                                                                   \
    } while (0)

const struct policy_ceiling *policy_ceiling(const struct policy *policy, const char *unit)
{
    FIRST_THAT_FITS(policy, ceilings, n_ceilings, unit);
}

const struct policy_quota *policy_quota(const struct policy *policy, const char *unit)
{
    FIRST_THAT_FITS(policy, quotas, n_quotas, unit);
}

const struct policy_protects *policy_onward(const struct policy *policy, const char *unit)
{
    FIRST_THAT_FITS(policy, onward, n_onward, unit);
}

const struct policy_protects *policy_protects(const struct policy *policy, const char *unit)
{
    FIRST_THAT_FITS(policy, protects, n_protects, unit);
}

static bool country_matches(const char *country, const char *unit)
{
    return strcmp(country, "*") == 0 || address_in_country(unit, country);
}

const struct policy_default *policy_default(const struct policy *policy, const char *from, const char *to,
                                            Amana__V1__Purpose__Code purpose)
{
    for (size_t i = 0; policy != NULL && i < policy->n_defaults; i++) {
        const struct policy_default *row = &policy->defaults[i];
        if ((row->purpose == 0 || row->purpose == purpose) && country_matches(row->from, from) &&
            country_matches(row->to, to))
            return row;
    }
    return NULL;
}

const struct policy_release *policy_release(const struct policy *policy, unsigned kind, const char *from,
                                            const char *to)
{
    for (size_t i = 0; policy != NULL && i < policy->n_releases; i++) {
        const struct policy_release *row = &policy->releases[i];
        if ((row->kinds & KIND_BIT(kind)) != 0 && address_matches(row->from, from) && address_matches(row->to, to))
            return row;
    }
    return NULL;
}

bool policy_supervises(const struct policy *policy, const char *unit, const char *releasing)
{
    if (strcmp(unit, releasing) == 0)
        return true;
    for (size_t i = 0; policy != NULL && address_same_agency(unit, releasing) && i < policy->n_supervisors; i++)
        if (address_matches(policy->supervisors[i].party, unit) && strcmp(policy->supervisors[i].unit, releasing) == 0)
            return true;
    return false;
}

bool policy_purpose_may_change(const struct policy *policy, Amana__V1__Purpose__Code from, Amana__V1__Purpose__Code to)
{
    if (from == to || to == AMANA__V1__PURPOSE__CODE__PROTECTION)
        return true;
    return policy != NULL && (unsigned)from < POLICY_PURPOSES && (policy->purpose_changes[from] & 1u << to) != 0;
}
