// SPDX-License-Identifier: Apache-2.0
// Which units that a policy names are no members, and which countries the trust list hasn't.
#include "server/net/policy_units.h"

#include "proto/model/address.h"
#include "server/net/report.h"

#include <string.h>

static void look_country(const struct hub *hub, const char *table, unsigned line, const char *country)
{
    if (strcmp(country, "*") != 0 && !hub_country_known(hub, country))
        report(REPORT_WARNING, "policy",
               "table=%s line=%u country=%s reason=\"is in no trust list: the row counts for nobody\"", table, line,
               country);
}

static void look(const struct hub *hub, const char *table, unsigned line, const char *party)
{
    char country[ADDRESS_COUNTRY_MAX + 1];

    address_country(party, country);
    look_country(hub, table, line, country);
    if (strchr(party, '*') != NULL || hub_role(hub, party) != NULL)
        return;
    report(REPORT_WARNING, "policy", "table=%s line=%u unit=%s reason=\"is no member: the row counts for nobody yet\"",
           table, line, party);
}

void policy_units_report(const struct hub *hub, const struct policy *policy)
{
    if (policy == NULL)
        return;
    for (size_t i = 0; i < policy->n_ceilings; i++)
        look(hub, "ceiling", policy->ceilings[i].line, policy->ceilings[i].party);
    for (size_t i = 0; i < policy->n_quotas; i++)
        look(hub, "quota", policy->quotas[i].line, policy->quotas[i].party);
    for (size_t i = 0; i < policy->n_defaults; i++) {
        look_country(hub, "default", policy->defaults[i].line, policy->defaults[i].from);
        look_country(hub, "default", policy->defaults[i].line, policy->defaults[i].to);
    }
    for (size_t i = 0; i < policy->n_releases; i++) {
        look(hub, "release", policy->releases[i].line, policy->releases[i].from);
        look(hub, "release", policy->releases[i].line, policy->releases[i].to);
    }
    for (size_t i = 0; i < policy->n_supervisors; i++) {
        look(hub, "supervisors", policy->supervisors[i].line, policy->supervisors[i].party);
        look(hub, "supervisors", policy->supervisors[i].line, policy->supervisors[i].unit);
    }
    for (size_t i = 0; i < policy->n_protects; i++)
        look(hub, "protection-also-to", 0, policy->protects[i].party);
    for (size_t i = 0; i < policy->n_onward; i++)
        look(hub, "h2-also-to", 0, policy->onward[i].party);
}
