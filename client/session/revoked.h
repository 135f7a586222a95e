// SPDX-License-Identifier: Apache-2.0
// Devices that a unit's roster has still and a revocation list takes back: the body is sealed to them, as the hub asks,
// until the unit's registrar signs a roster without them. One thread.
#pragma once

#include "client/session/session.h"

#define REVOKED_TEXT 320u

// In words, by the newest roster of the unit that is kept here; "" where there is none of them. The hub isn't asked.
void revoked_words(struct session *session, const char *unit, char ret_text[REVOKED_TEXT]);

// Of each unit that a message is sealed to, once.
void revoked_each(struct session *session, const Amana__V1__Header *header, void (*tell)(const char *words));
