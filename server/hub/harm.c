// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm: what a case's messages have said stays with the case. Whoever is listed sees no difference: what
// it sends is judged as if nobody had said anything.
#include "server/hub/internal.h"

#include <bsd/string.h>
#include <string.h>

#define FLAG(name) AMANA__V1__PROTECTION__CODE__##name

static const struct journal_shield_state *state_of(const struct journal_shield *shield, const char *unit)
{
    for (size_t i = 0; i < shield->n; i++)
        if (address_in_country(unit, shield->states[i].country))
            return &shield->states[i];
    return NULL;
}

bool hub_sender_listed(const struct hub_submission *submission)
{
    return state_of(&submission->shield, submission->sender) != NULL;
}

bool hub_harms(const struct hub_submission *submission, const char *unit)
{
    const Amana__V1__Header *header = submission->header;
    const Amana__V1__Flags *flags = submission->flags;
    if (harm_keeps((unsigned)flags->protection, header) && harm_listed(flags->never_tell, flags->n_never_tell, unit))
        return true;
    const struct journal_shield_state *state = state_of(&submission->shield, unit);
    if (state == NULL || hub_sender_listed(submission) || !harm_keeps(state->protection, header))
        return false;
    bool answers_it = submission->reply_to.found && address_same_country(submission->reply_to.originator, unit);
    return !(answers_it && harm_answer(header));
}

bool hub_keeps_from(const struct hub_submission *submission, const char *unit)
{
    const struct journal_shield_state *state = state_of(&submission->shield, unit);
    return state != NULL && harm_keeps(state->protection, submission->header) &&
           !address_same_country(submission->sender, unit);
}

// --- What the case's states become
static bool is_protection(const struct hub *hub, const char *unit)
{
    const struct hub_member *member = hub_member_find(hub, unit);
    return member != NULL && member->role == ROLE_PROTECTION;
}

bool hub_wants_flags(const struct hub_submission *submission)
{
    return submission->flags != NULL && submission->flags->protection == FLAG(NO) && submission->shield.n > 0;
}

static bool names(const struct hub_found *found, const char *country)
{
    for (size_t i = 0; found->found && found->flags != NULL && i < found->flags->n_never_tell; i++)
        if (strcmp(found->flags->never_tell[i], country) == 0)
            return true;
    return false;
}

// It points at a message that has said so: who takes it back has seen it.
static bool knows(const struct hub_submission *submission, const char *country)
{
    bool known = names(&submission->reply_to, country) || names(&submission->supersedes, country);
    for (size_t i = 0; i < submission->header->n_references && !known; i++)
        known = names(&submission->references[i], country);
    return known;
}

static bool lower(const struct hub *hub, const struct hub_submission *submission,
                  struct journal_shield_state states[JOURNAL_SHIELD_STATES], size_t *n)
{
    bool may = submission->flags->protection == FLAG(NO) && is_protection(hub, submission->sender) &&
               !hub_sender_listed(submission);
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++)
        if (!may || !knows(submission, states[i].country))
            states[kept++] = states[i];
    bool changed = kept != *n;
    *n = kept;
    return changed;
}

static bool raise(const Amana__V1__Flags *flags, size_t at, struct journal_shield_state states[JOURNAL_SHIELD_STATES],
                  size_t *n)
{
    size_t i = 0;
    while (i < *n && strcmp(states[i].country, flags->never_tell[at]) != 0)
        i++;
    bool there = i < *n;
    if (i == JOURNAL_SHIELD_STATES || (there && (states[i].protection == FLAG(YES) || flags->protection != FLAG(YES))))
        return false;
    strlcpy(states[i].country, flags->never_tell[at], sizeof states[i].country);
    states[i].protection = (uint8_t)flags->protection;
    states[i].seq = JOURNAL_SELF;
    *n += !there;
    return true;
}

bool hub_shield_next(const struct hub *hub, const struct hub_submission *submission,
                     struct journal_shield_state states[JOURNAL_SHIELD_STATES], size_t *ret_n)
{
    const Amana__V1__Flags *flags = submission->flags;
    size_t n = submission->shield.n;
    if (n > 0)
        memcpy(states, submission->shield.states, n * sizeof *states);
    bool changed = lower(hub, submission, states, &n);
    bool shields = flags->protection == FLAG(YES) || flags->protection == FLAG(UNKNOWN);
    for (size_t i = 0; shields && i < flags->n_never_tell; i++)
        if (harm_may_list(submission->header->case_ref, submission->sender, flags->never_tell[i]))
            changed |= raise(flags, i, states, &n);
    *ret_n = n;
    return changed;
}
