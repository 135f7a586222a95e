// SPDX-License-Identifier: Apache-2.0
// Whose entries are open to a unit.
#include "server/net/scope_countries.h"

#include <string.h>

void scope_countries_init(const struct net *net, const char *unit, struct scope_countries *ret_countries)
{
    const struct trust_country *countries;
    size_t n = trust_countries(registry_trust(net->registry), &countries);

    ret_countries->n = 0;
    for (size_t i = 0; i < n && ret_countries->n < TRUST_COUNTRIES; i++)
        if (hub_in_scope(net->hub, unit, countries[i].code))
            memcpy(ret_countries->code[ret_countries->n++], countries[i].code, sizeof countries[i].code);
}

bool scope_countries_has(const struct scope_countries *countries, const char *code)
{
    for (size_t i = 0; i < countries->n; i++)
        if (strcmp(countries->code[i], code) == 0)
            return true;
    return false;
}

bool scope_countries_has_unit(const struct scope_countries *countries, const char *unit)
{
    char country[ADDRESS_COUNTRY_MAX + 1];

    if (address_check(unit, NULL) != AM_OK)
        return false;
    address_country(unit, country);
    return scope_countries_has(countries, country);
}
