// SPDX-License-Identifier: Apache-2.0
// A hub's policy: what a country's administration may set beyond the grants. Values only, read from policy.conf
// (server/policy_file.h) or shown by the hub (client/session/policy.h); of the rows of one table the first that fits
// counts. Pure; any thread.
#pragma once

#include "amana/v1/message.pb-c.h"
#include "proto/model/address.h"
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
// What an officer need not type, by the countries of sender and recipient and the purpose.
struct policy_default {
    unsigned line;
    char from[ADDRESS_COUNTRY_MAX + 1], to[ADDRESS_COUNTRY_MAX + 1]; // countries, or "*"
    Amana__V1__Purpose__Code purpose;                                // 0: any
    Amana__V1__LegalBasis__Code legal_basis;                         // 0: none is named
    char agreement[ADDRESS_COUNTRY_MAX + 1];                         // "": none
    uint16_t retention_days;                                         // 0: one year, as far as the ceiling lets it
    uint8_t handling;                                                // a bit for each code
};
// Kinds that need a second person between such units, beyond rule 5.
struct policy_release {
    unsigned line;
    char from[LIMIT_ADDRESS + 1], to[LIMIT_ADDRESS + 1]; // units or patterns
    uint32_t kinds;                                      // KIND_BIT
};
// A unit whose supervisors may release for another one of the same agency.
struct policy_supervisors {
    unsigned line;
    char party[LIMIT_ADDRESS + 1]; // for whom: a unit or a pattern
    char unit[LIMIT_ADDRESS + 1];  // whose supervisors
};
#define POLICY_PURPOSES 7u // codes 1 … 6
struct policy {
    uint8_t digest[32]; // SHA-256 of the file
    struct policy_ceiling *ceilings;
    struct policy_quota *quotas;
    struct policy_protects *protects;
    struct policy_protects *onward; // units that may have H2 content of units of their own agency
    struct policy_default *defaults;
    struct policy_release *releases;
    struct policy_supervisors *supervisors;
    size_t n_ceilings, n_quotas, n_protects, n_onward, n_defaults, n_releases, n_supervisors;
    // By kind: days that one which answers nothing may be kept; 0: the kind's own ceiling.
    uint16_t retention_days[KIND_COUNT];
    unsigned retention_lines[KIND_COUNT];
    // By purpose: those (a bit for each code) that a new root may have which references a message of this one.
    uint8_t purpose_changes[POLICY_PURPOSES];
    unsigned purpose_lines[POLICY_PURPOSES];
};

void policy_free(struct policy *policy); // NULL is fine

// The row that counts for a unit; NULL where none fits or there is no policy.
const struct policy_ceiling *policy_ceiling(const struct policy *policy, const char *unit);
const struct policy_quota *policy_quota(const struct policy *policy, const char *unit);
const struct policy_protects *policy_protects(const struct policy *policy, const char *unit);
const struct policy_protects *policy_onward(const struct policy *policy, const char *unit);

// From unit to unit, for a purpose.
const struct policy_default *policy_default(const struct policy *policy, const char *from, const char *to,
                                            Amana__V1__Purpose__Code purpose);
// From unit to unit, for a kind: it needs a second person.
const struct policy_release *policy_release(const struct policy *policy, unsigned kind, const char *from,
                                            const char *to);
// Whether supervisors of `releasing` may release what `unit` sends: its own may, and those that policy names of the
// same agency.
bool policy_supervises(const struct policy *policy, const char *unit, const char *releasing);
// Whether a new root may have the purpose `to` that references a message with the purpose `from`: the same, PROTECTION
// always, others where policy says so.
bool policy_purpose_may_change(const struct policy *policy, Amana__V1__Purpose__Code from, Amana__V1__Purpose__Code to);
