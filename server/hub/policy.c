// SPDX-License-Identifier: Apache-2.0
// Questions about the policy's tables.
#include "server/hub/policy.h"

#include "proto/model/address.h"

#include <stdlib.h>

void policy_free(struct policy *policy)
{
    if (policy == NULL)
        return;
    free(policy->ceilings);
    free(policy->quotas);
    free(policy->protects);
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

const struct policy_protects *policy_protects(const struct policy *policy, const char *unit)
{
    FIRST_THAT_FITS(policy, protects, n_protects, unit);
}
