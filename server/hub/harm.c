// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm: what a case's messages have said stays with the case. Whoever is listed sees no difference: what
// it sends is judged by what its own units have said and by what was said before it was listed, as if it were not.
#include "server/hub/internal.h"

#include "proto/model/country.h"

#include <bsd/string.h>
#include <string.h>

#define FLAG(name) AMANA__V1__PROTECTION__CODE__##name

// Of a body that is no state nothing is kept: nobody lists it.
static bool bit_of(const char *unit, size_t *ret_byte, uint8_t *ret_bit)
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, country);
    size_t index = country_index(country);
    *ret_byte = index / 8;
    *ret_bit = (uint8_t)(1u << (index % 8));
    return index < COUNTRIES;
}

static bool said_by(const struct journal_shield_state *state, const char *unit)
{
    size_t byte;
    uint8_t bit;
    return bit_of(unit, &byte, &bit) && (state->by[byte] & bit) != 0;
}

// Does it bind this sender?
static bool binds(const struct journal_shield *shield, const char *sender, const struct journal_shield_state *state)
{
    const struct journal_shield_state *own = harm_state(shield, sender);
    return own == NULL || (state != own && (said_by(state, sender) || state->seq < own->seq));
}

static bool binds_any(const struct journal_shield *shield, const char *sender)
{
    for (size_t i = 0; i < shield->n; i++)
        if (binds(shield, sender, &shield->states[i]))
            return true;
    return false;
}

bool hub_shield_binds(const struct hub_submission *submission)
{
    bool any = binds_any(&submission->shield, submission->sender);
    for (size_t i = 0; i < submission->header->n_references && !any; i++)
        any = binds_any(&submission->references[i].shield, submission->sender);
    return any;
}

static const struct journal_shield_state *kept_from(const struct hub_submission *submission,
                                                    const struct journal_shield *shield, const char *unit)
{
    const struct journal_shield_state *state = harm_state(shield, unit);
    bool keeps =
        state != NULL && binds(shield, submission->sender, state) && harm_keeps(state->protection, submission->header);
    return keeps ? state : NULL;
}

bool hub_harms(const struct hub_submission *submission, const char *unit)
{
    const Amana__V1__Header *header = submission->header;
    const Amana__V1__Flags *flags = submission->flags;
    if (harm_keeps((unsigned)flags->protection, header) && harm_listed(flags->never_tell, flags->n_never_tell, unit))
        return true;
    for (size_t i = 0; i < header->n_references; i++) // it says something of that case
        if (kept_from(submission, &submission->references[i].shield, unit) != NULL)
            return true;
    if (kept_from(submission, &submission->shield, unit) == NULL)
        return false;
    bool answers_it = submission->reply_to.found && address_same_country(submission->reply_to.originator, unit);
    return !(answers_it && harm_answer(header));
}

bool hub_keeps_from(const struct hub_submission *submission, const char *unit)
{
    const struct journal_shield_state *state = harm_state(&submission->shield, unit);
    return state != NULL && harm_keeps(state->protection, submission->header) &&
           !address_same_country(submission->sender, unit);
}

// --- What the case's states become
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
    for (size_t i = 0; i < submission->header->n_references; i++)
        known |= names(&submission->references[i], country);
    return known;
}

static bool lower(const struct hub *hub, const struct hub_submission *submission,
                  struct journal_shield_state states[JOURNAL_SHIELD_STATES], size_t *n)
{
    bool protects = hub_member_find(hub, submission->sender)->role == ROLE_PROTECTION;
    bool may = protects && submission->flags->protection == FLAG(NO) &&
               submission->header->status == AMANA__V1__STATUS__CODE__ACTUAL; // what is played gives nobody away
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++)
        if (!may || address_in_country(submission->sender, states[i].country) || !knows(submission, states[i].country))
            states[kept++] = states[i];
    bool changed = kept != *n;
    *n = kept;
    return changed;
}

static bool raise(const struct hub_submission *submission, const char *country,
                  struct journal_shield_state states[JOURNAL_SHIELD_STATES], size_t *n)
{
    uint8_t protection = (uint8_t)submission->flags->protection, bit;
    size_t i = 0, byte;
    while (i < *n && strcmp(states[i].country, country) != 0)
        i++;
    if (i == JOURNAL_SHIELD_STATES)
        return false;
    struct journal_shield_state *state = &states[i];
    bool changed = i == *n;
    if (changed) {
        *state = (struct journal_shield_state){.protection = protection, .seq = JOURNAL_SELF};
        strlcpy(state->country, country, sizeof state->country);
        ++*n;
    }
    if (protection == FLAG(YES) && state->protection != FLAG(YES)) {
        state->protection = protection;
        changed = true;
    }
    if (bit_of(submission->sender, &byte, &bit) && (state->by[byte] & bit) == 0) {
        state->by[byte] |= bit;
        changed = true;
    }
    return changed;
}

bool hub_shield_next(const struct hub *hub, const struct hub_submission *submission,
                     struct journal_shield_state states[JOURNAL_SHIELD_STATES], size_t *ret_n)
{
    const Amana__V1__Flags *flags = submission->flags;
    size_t n = submission->shield.n;
    if (n > 0)
        memcpy(states, submission->shield.states, n * sizeof *states);
    bool changed = lower(hub, submission, states, &n);
    for (size_t i = 0; i < flags->n_never_tell; i++) // YES and UNKNOWN alone name any (flags_check)
        changed |= raise(submission, flags->never_tell[i], states, &n);
    *ret_n = n;
    return changed;
}

// --- The end of it
// Without an entry, and without waking anybody. What was withheld must not come now: who was there all the time would
// see that it had been kept from it.
enum am_err hub_shield_end(struct hub_pending *pending, const struct hub_due *due)
{
    const struct hub_due_case *of_case = &due->of_case;
    struct journal_append *append = &pending->append;
    if (of_case->n_hidden > 0) {
        append->taken = arena_copy(&pending->arena, of_case->hidden, of_case->n_hidden * sizeof *of_case->hidden);
        if (append->taken == NULL)
            return arena_error(&pending->arena);
        append->n_taken = of_case->n_hidden;
    }
    if (of_case->more)
        return AM_OK;
    append->shield = arena_alloc(&pending->arena, sizeof *append->shield);
    if (append->shield == NULL)
        return arena_error(&pending->arena);
    *append->shield =
        (struct journal_shield){.case_ref = due->about.header->case_ref, .version = of_case->version, .over = true};
    append->case_seen.case_ref = append->shield->case_ref;
    append->case_seen.last = of_case->place - 1;
    return AM_OK;
}
