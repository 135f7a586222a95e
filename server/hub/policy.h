// SPDX-License-Identifier: Apache-2.0
// The hub's policy: what a country's administration may set beyond the grants. Values only, read from policy.conf
// (server/policy_file.h); of the rows of one table the first that fits counts. Pure; any thread.
#pragma once

#include "amana/v1/message.pb-c.h"
#include "proto/model/kind.h"

#define POLICY_ROWS 1024u // of one table

// Nothing above it goes to or from such a unit.
struct policy_ceiling {
    unsigned line;
    char party[LIMIT_ADDRESS + 1]; // a unit or a pattern
    Amana__V1__Classification__Code classification;
};
// What one identity of such a unit may ask for.
struct policy_quota {
    unsigned line;
    char party[LIMIT_ADDRESS + 1];
    uint32_t requests_per_s, in_flight; // 0: the configuration's
};
// Units that purpose PROTECTION may go to although they are no protection units.
struct policy_protects {
    char party[LIMIT_ADDRESS + 1];
};
struct policy {
    uint8_t digest[32]; // SHA-256 of the file
    struct policy_ceiling *ceilings;
    struct policy_quota *quotas;
    struct policy_protects *protects;
    size_t n_ceilings, n_quotas, n_protects;
    // By kind: days that one which answers nothing may be kept; 0: the kind's own ceiling.
    uint16_t retention_days[KIND_COUNT];
    unsigned retention_lines[KIND_COUNT];
};

void policy_free(struct policy *policy); // NULL is fine

// The row that counts for a unit; NULL where none fits or there is no policy.
const struct policy_ceiling *policy_ceiling(const struct policy *policy, const char *unit);
const struct policy_quota *policy_quota(const struct policy *policy, const char *unit);
const struct policy_protects *policy_protects(const struct policy *policy, const char *unit);
