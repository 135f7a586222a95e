// SPDX-License-Identifier: Apache-2.0
// What the hub's tests expect of a letter, and the world that each of them begins in.
#pragma once

#include "tests/sim/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACTION        AMANA__V1__PART__CODE__ACTION
#define COPY          AMANA__V1__PART__CODE__COPY
#define ENTRY(name)   AMANA__V1__ENTRY_KIND__CODE__##name
#define RELEASE(name) AMANA__V1__RELEASE__CODE__##name
#define STATE(name)   AMANA__V1__RELEASE_STATE__CODE__##name
#define SUPERVISOR    "amana://" POLICE "/officer/o2"

// Setup and teardown of a world with room for everything, and of one with narrow quotas.
int hub_begin(void **state);
int hub_begin_tight(void **state);
int hub_end(void **state);
#define HUB_TEST(test)       cmocka_unit_test_setup_teardown(test, hub_begin, hub_end)
#define HUB_TEST_TIGHT(test) cmocka_unit_test_setup_teardown(test, hub_begin_tight, hub_end)
extern const struct hub_config HUB_TIGHT; // 10 requests a second, 3 in flight, 2 refusals a minute

const struct model_entry *last_entry(const struct world *world);
// The registrar takes it out of the members.
void remove_member(struct world *world, const char *unit);
struct letter *alert_to(struct world *world, const char *from, const char *to); // ACTION
size_t mail_of(struct world *world, const char *device);
void tick(struct world *world, uint64_t ns); // so much time goes by
// Signed by Ethiopia's registrar: one device, one officer.
struct hub_roster roster_of(const char *unit, uint64_t number, uint8_t digest, uint8_t previous);

// An alert of POLICE on a person, to POST, that `unit` is to release: one that waits, and one that goes first.
struct letter *person(struct world *world, const char *unit);
struct letter *deferred(struct world *world, const char *unit);
Amana__V1__UnitRoster *releasing(struct world *world, const char *unit);
// Policy names COLLEAGUES as supervisors of POLICE.
void colleagues_supervise(struct world *world);

// By `from`, about `root`, to `to`; outcome 0: none.
struct letter *about(struct world *world, const char *from, unsigned kind, unsigned outcome, const struct letter *root,
                     const char *to);

// Sends it and wants a receipt.
void accepted(struct world *world, struct letter *letter);
// Sends it and wants it refused for this reason at this field (NULL: any), the refusal being the one entry made of it.
void refused(struct world *world, struct letter *letter, enum reason reason, const char *field);
