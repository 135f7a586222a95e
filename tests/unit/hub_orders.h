// SPDX-License-Identifier: Apache-2.0
// Orders to erase and to keep, and what the log says of them.
#pragma once

#include "tests/unit/hub_expect.h"

#define OFFICE         "ke/odpc/desk"
#define FOREIGN_OFFICE "et/edpa/desk"
void offices(struct world *world); // both are data protection offices

// Of `message`, by a unit, not sent yet.
struct letter *order(struct world *world, const char *unit, unsigned kind, const struct letter *message);
struct letter *hold(struct world *world, const char *unit, const struct letter *message, uint64_t until);

bool erased(struct world *world, const struct letter *letter); // its body is gone
// Found by the message, by the order and by the case; and what is gone is named by its digest.
void is_about(const struct model_entry *entry, const struct letter *message);
