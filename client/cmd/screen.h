// SPDX-License-Identifier: Apache-2.0
// One message for people: what to do and what not first, then who must answer by when, then the rest, persons last.
// One thread.
#pragma once

#include "client/cmd/answers.h"
#include "client/session/seal.h"
#include "client/session/session.h"
#include "client/session/shield.h"

#include <stdio.h>

// One line of a list: id (the key of its row), urgency, kind, sender or recipients, when, title. state may be "".
void screen_line(struct session *session, const char *id, const Amana__V1__Kept *kept, const char *state, FILE *out);

// The whole screen. state may be ""; answers: what has become of it, NULL where it has gone nowhere yet. Returns 0, or
// AM_… where it can't be opened (its fault was printed).
enum am_err screen_show(struct session *session, const Amana__V1__Kept *kept, const char *state,
                        const struct answers *answers, FILE *out);

// Rule 4 in words, where a case is kept from states; nothing else, and nothing in a state that it is kept from. who:
// "this person".
void screen_shield(const struct shield *shield, const char *who, FILE *out);
