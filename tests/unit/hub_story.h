// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm: a story of a post whose state is listed, told twice: once with what others send that is withheld
// from it, and once as if that had never been. Both are the same to the post.
#pragma once

#include "tests/unit/hub_clocks.h"

#define SEEN 8192u

enum end { NOTHING, UPDATED, CANCELLED, WITHDRAWN, EXPLAINED, ANSWERED };

struct story {
    struct world *world;
    enum end end; // NOTHING: nobody says anything, and nothing is flagged
    struct letter *root, *ending, *flag, *answers[2];
    char seen[SEEN]; // what the post was told by the clock, a line each, and by receipts that it sees
};

// By the police, to the post and another; by the post, to the police, who fetch it.
struct letter *root_of(struct story *story, unsigned kind);
struct letter *post_asks(struct story *story, unsigned kind);
// The police answer that: what the post never fetches, or whatever is told.
void withheld_answer(struct story *story, unsigned kind, unsigned outcome);
void police_answer(struct story *story, unsigned kind, unsigned outcome);
// The end, which the post never fetches; that the case is kept from the post's state; both.
void ends(struct story *story);
void flags(struct story *story);
void ends_and_flags(struct story *story);
void post_has_it(struct story *story);
void post_answers(struct story *story, unsigned kind, unsigned outcome);
// In steps, as a clock goes: what passes in one step is told in one.
void time_goes(struct story *story, uint64_t ns, uint64_t step);

bool is_of_clock(const struct model_entry *entry);
// Whether the unit's device is told, and nothing withholds it.
bool shown(struct world *world, const char *device, const char *unit, const struct model_entry *entry);
void look(struct story *story); // fills in `seen`
// The same to the post; what it is told has these many lines.
void same(struct world *world, void (*tell)(struct story *story), enum end end, size_t lines);
