// SPDX-License-Identifier: Apache-2.0
// Whom a message may not reach.
#include "proto/model/harm.h"

#include "proto/model/address.h"
#include "proto/model/header.h"

#include <string.h>

bool harm_listed(char *const *states, size_t n, const char *unit)
{
    for (size_t i = 0; i < n; i++)
        if (address_in_country(unit, states[i]))
            return true;
    return false;
}

bool harm_keeps(unsigned protection, const Amana__V1__Header *header)
{
    bool pressing = header_urgent(header);
    bool at_risk = header->urgency_reason == AMANA__V1__URGENCY_REASON__CODE__LIFE_AT_RISK ||
                   header->urgency_reason == AMANA__V1__URGENCY_REASON__CODE__CHILD_AT_RISK;
    return protection == AMANA__V1__PROTECTION__CODE__YES ||
           (protection == AMANA__V1__PROTECTION__CODE__UNKNOWN && !(pressing && at_risk));
}

bool harm_answer(const Amana__V1__Header *header)
{
    if (header->in_reply_to == NULL)
        return false;
    switch ((unsigned)header->kind) {
    case KIND(ACK): return true;
    case KIND(PROGRESS): return (unsigned)header->outcome == OUTCOME(IN_HAND);
    case KIND(RESPONSE): return (unsigned)header->outcome == OUTCOME(NO_DATA);
    default: return false;
    }
}

bool harm_tells(const Amana__V1__Header *header)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    return kind != NULL && kind->child_rule && !harm_answer(header);
}

const struct journal_shield_state *harm_state(const struct journal_shield *shield, const char *unit)
{
    for (size_t i = 0; i < shield->n; i++)
        if (address_in_country(unit, shield->states[i].country))
            return &shield->states[i];
    return NULL;
}

// What the state's own units wrote is no secret to it.
bool harm_withholds(const struct journal_shield *shield, const char *country, const Amana__V1__Header *header)
{
    if (address_in_country(header->sender->unit, country) || harm_answer(header))
        return false;
    for (size_t i = 0; i < shield->n; i++)
        if (strcmp(shield->states[i].country, country) == 0 && harm_keeps(shield->states[i].protection, header))
            return true;
    return false;
}

size_t harm_first(const Amana__V1__Header *header, const Amana__V1__Flags *flags)
{
    if (!harm_keeps((unsigned)flags->protection, header))
        return SIZE_MAX;
    for (size_t i = 0; i < header->n_recipients; i++)
        if (harm_listed(flags->never_tell, flags->n_never_tell, header->recipients[i]->unit))
            return i;
    return SIZE_MAX;
}
