// SPDX-License-Identifier: Apache-2.0
// How a recipient is reached when it can't wait: is it connected, which is the hub's word, and whom to telephone, which
// is said to be no more than that unless its MEMBER entry says so too. One thread.
#pragma once

#include "amana/v1/relay.pb-c.h"
#include "client/cmd/command.h"

// How a message of this unit stands, as the hub says; of another it says nothing. Connected.
AM_MUST_USE enum am_err reach_ask(struct session *session, char *id, struct arena *arena, struct am_detail *detail,
                                  Amana__V1__StatusResponse **ret_response);

// "connected", or since when not; telephone, hours and deputy where the directory has them. No newline.
void reach_print(struct session *session, const Amana__V1__RecipientStatus *row);

// Whether its MEMBER entry that was verified here says the same of how it is reached.
bool reach_proved(struct session *session, const Amana__V1__RecipientStatus *row);

// What the receipt of a U1 or U2 says besides: per recipient that must act, and what may be said aloud.
void reach_tell(struct command *command, const Amana__V1__Header *header);
