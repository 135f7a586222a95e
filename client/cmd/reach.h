// SPDX-License-Identifier: Apache-2.0
// How a recipient is reached when it can't wait: is it connected, which is the hub's word, and whom to telephone, by
// its MEMBER entry; what the hub says otherwise is said to be no more than its word. One thread.
#pragma once

#include "amana/v1/relay.pb-c.h"
#include "client/cmd/command.h"
#include "client/session/shield.h"

#include <jansson.h>

// How a message of this unit stands, as the hub says; of another it says nothing. Connected.
AM_MUST_USE enum am_err reach_ask(struct session *session, char *id, struct arena *arena, struct am_detail *detail,
                                  Amana__V1__StatusResponse **ret_response);

// "connected", or since when not; telephone, hours and deputy where there are any. Without a link by what was verified
// here before. Of a unit that is to learn nothing of the message's case (`shield`), that in their place. No newline.
void reach_print(struct session *session, const Amana__V1__Header *header, const struct shield *shield,
                 const Amana__V1__RecipientStatus *row);

// The same as its MEMBER entry that was verified here says; NULL where there is none. The caller owns it.
json_t *reach_json(struct session *session, const char *unit);

// What the receipt of a U1 or U2 says besides: per recipient that must act, and what may be said aloud.
void reach_tell(struct command *command, const Amana__V1__Header *header);

// Of a U1 or U2 that waits in the outbox as there is no link: the same by what was verified here. Nothing of one that a
// second person is still to release.
void reach_tell_kept(struct command *command, const Amana__V1__Header *header);
