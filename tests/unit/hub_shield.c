// SPDX-License-Identifier: Apache-2.0
// Cases that are kept from a state, for the tests of rule 4.
#include "tests/unit/hub_shield.h"

char *ET[] = {(char *)"et"}, *SO[] = {(char *)"so"};

void shield(struct letter *letter, Amana__V1__Protection__Code protection, char **states)
{
    letter->flags.protection = protection;
    letter->flags.never_tell = states;
    letter->flags.n_never_tell = states != NULL ? 1 : 0;
}

const Amana__V1__SubmittedEntry *submitted_of(const struct world *world, const struct letter *letter)
{
    return world->model.entries[letter->seq].content->submitted;
}

struct letter *note(struct world *world, const char *from, const char *to)
{
    struct letter *letter = letter_new(world, from, KIND(NOTE));
    letter_to(world, letter, to, ACTION);
    return letter;
}

struct letter *flagged(struct world *world, Amana__V1__Protection__Code protection, char **states)
{
    struct letter *letter = note(world, POLICE, CHILD_DESK);
    letter->flags.child = true;
    shield(letter, protection, states);
    accepted(world, letter);
    return letter;
}

struct letter *alert_to_both(struct world *world)
{
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_to(world, alert, LONELY, ACTION);
    accepted(world, alert);
    return alert;
}

struct letter *taken_back(struct world *world, const char *unit, const struct letter *answered)
{
    struct letter *letter = world_answer(world, unit, KIND(NOTE), answered, answered);
    letter->header.in_reply_to = &letter->in_reply_to;
    letter->flags.protection = FLAG(NO);
    return letter;
}
