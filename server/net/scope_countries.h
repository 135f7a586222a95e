// SPDX-License-Identifier: Apache-2.0
// The countries of the trust list in whose entries a unit may read, as the hub says: taken on the loop, asked by
// workers.
#pragma once

#include "server/net/internal.h"

struct scope_countries {
    char code[TRUST_COUNTRIES][ADDRESS_COUNTRY_MAX + 1];
    size_t n;
};

// Those of an auditor, of a dpo, or of who protects: its own, and each that names it or what it succeeded.
void scope_countries_init(const struct net *net, const char *unit, struct scope_countries *ret_countries);

bool scope_countries_has(const struct scope_countries *countries, const char *code);
bool scope_countries_has_unit(const struct scope_countries *countries, const char *unit); // the one of its address
