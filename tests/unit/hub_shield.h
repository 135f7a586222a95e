// SPDX-License-Identifier: Apache-2.0
// Cases that are kept from a state, for the tests of rule 4.
#pragma once

#include "tests/unit/hub_expect.h"

#define FLAG(name) AMANA__V1__PROTECTION__CODE__##name

extern char *ET[1], *SO[1]; // a list of that state alone

void shield(struct letter *letter, Amana__V1__Protection__Code protection, char **states);

const Amana__V1__SubmittedEntry *submitted_of(const struct world *world, const struct letter *letter);

struct letter *note(struct world *world, const char *from, const char *to);

// To the protection unit, which rule 3 opens to police: the person may have fled this state.
struct letter *flagged(struct world *world, Amana__V1__Protection__Code protection, char **states);

struct letter *alert_to_both(struct world *world);

struct letter *taken_back(struct world *world, const char *unit, const struct letter *answered);
