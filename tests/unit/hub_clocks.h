// SPDX-License-Identifier: Apache-2.0
// What the tests of the hub's deadlines do and look for.
#pragma once

#include "tests/unit/hub_expect.h"

#define DEADLINE(name) AMANA__V1__DEADLINE_OF__CODE__##name
#define FROM(name)     AMANA__V1__CLOCK_FROM__CODE__##name

struct letter *request_to(struct world *world, const char *to); // by POLICE, accepted
// The unit's device signs that it has fetched the message.
void retrieves(struct world *world, const char *unit, const char *device, uint64_t seq);

// The n-th entry of a kind, from the last; NULL: there are fewer.
const struct model_entry *entry_of(const struct world *world, uint8_t kind, size_t n);
size_t entries_of(const struct world *world, uint8_t kind);
// Whether the entry is a notice in the device's mailbox.
bool told(struct world *world, const char *device, const struct model_entry *entry);
// The entry's n-th clock is this one.
void clock_is(const Amana__V1__DeadlineEntry *entry, size_t n, Amana__V1__DeadlineOf__Code what,
              Amana__V1__ClockFrom__Code from, uint64_t due, bool late);
