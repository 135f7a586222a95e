// SPDX-License-Identifier: Apache-2.0
// What the hub's policy says about what this unit sends, as the hub last showed it: drafts are filled from it and
// judged by it before they leave. The hub judges anew. One thread.
#pragma once

#include "client/session/session.h"
#include "proto/model/policy.h"

// Asks the hub and keeps the answer. Errors of session_call; without a link AM_UNAVAILABLE.
AM_MUST_USE enum am_err policy_fetch(struct session *session, struct am_detail *detail);

// As kept, read once in a session; NULL where the hub has none or was never asked. Lives as long as the session, or
// until the next policy_fetch.
const struct policy *policy_kept(struct session *session);

// Whether the hub was ever asked, and who takes this unit's place where its registrar has closed it ("": it isn't).
bool policy_known(struct session *session);
const char *policy_successor(struct session *session);

// What a message that answers nothing need not say, as far as it doesn't: legal basis with its agreement, handling; and
// how many days it is kept, as far as the kind's ceiling lets it. By the pairs of countries and the purpose: where the
// recipients' rows differ, no basis is filled in, all handling, and the shortest time.
struct policy_filling {
    Amana__V1__LegalBasis__Code legal_basis;
    char agreement[ADDRESS_COUNTRY_MAX + 1];
    uint8_t handling; // a bit for each code
    unsigned days;
};
void policy_fill(struct session *session, const Amana__V1__Header *header, struct policy_filling *ret_filling);
