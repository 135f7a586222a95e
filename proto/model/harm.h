// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm (domain.md): whom a message may not reach, by its flags and by those that its case has. One
// sentence for hub and client. Pure; any thread.
#pragma once

#include "proto/model/header_check.h"
#include "proto/model/journal.h"

// Whether it is a unit of one of these states.
bool harm_listed(char *const *states, size_t n, const char *unit);

// Whether a flag of this code (Protection.Code) keeps a message with this header from the states that it names: YES
// always, UNKNOWN unless a life or a child is at risk.
bool harm_keeps(unsigned protection, const Amana__V1__Header *header);

// The only answers that a listed state gets, so that it can't tell its silence from another's: ACK, PROGRESS IN_HAND,
// RESPONSE NO_DATA.
bool harm_answer(const Amana__V1__Header *header);

// Whether it may say of somebody what or where they are: the kinds that rule 3 speaks of, but for those answers.
bool harm_tells(const Amana__V1__Header *header);

// What is said of the state that the unit is of; NULL: the case is not kept from it.
const struct journal_shield_state *harm_state(const struct journal_shield *shield, const char *unit);

// Whether what isn't retrieved yet waits, as if it had never been sent: for a unit of this country, of what is kept
// from it.
bool harm_withholds(const struct journal_shield *shield, const char *country, const Amana__V1__Header *header);

// The first recipient whom the message's own flags keep it from; SIZE_MAX where there is none.
size_t harm_first(const Amana__V1__Header *header, const Amana__V1__Flags *flags);
