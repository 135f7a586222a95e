// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm, as this client knows it: from which states a case is kept, by the flags of what was sent and
// received in it. The same fold as the hub's (server/hub/harm.c). One thread.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "amana/v1/message.pb-c.h"
#include "client/session/known.h"
#include "client/session/session.h"
#include "proto/model/country.h"

#define SHIELD_STATES COUNTRIES // as at the hub: none is left out for want of room
struct shield_state {
    char country[3];
    Amana__V1__Protection__Code protection; // YES or UNKNOWN
    char case_ref[64];                      // in which it was said
    char id[STORE_ID];                      // of the message that said so first, and its header's digest
    uint8_t digest[LOG_HASH_SIZE];
};
struct shield {
    size_t n;
    bool own; // this unit's own state is one of them: it is as if nobody had said anything
    struct shield_state states[SHIELD_STATES];
};

// Walks the store; messages that can't be opened say nothing. AM_NOMEM, errors of the store.
AM_MUST_USE enum am_err shield_of_case(struct session *session, const char *case_ref, struct shield *ret_shield);

// Adds what keeps other cases of this client's from states, in which one of these persons is found again: by document,
// or by name and date of birth. Opens what the index of persons names (known.h) and the cases found. Errors as above.
AM_MUST_USE enum am_err shield_of_persons(struct session *session, const char *case_ref,
                                          const struct known_persons *persons, struct shield *shield);

// The same of the other cases that it refers to, as far as what it names is kept here.
AM_MUST_USE enum am_err shield_of_references(struct session *session, const Amana__V1__Header *header,
                                             struct shield *shield);

// The unit's state where it is listed, else NULL.
const struct shield_state *shield_lists(const struct shield *shield, const char *unit);

// Whether a message with this header may not go to this unit; `answered`: whose message it answers, NULL for none.
bool shield_keeps(const struct shield *shield, const Amana__V1__Header *header, const char *unit, const char *answered);
