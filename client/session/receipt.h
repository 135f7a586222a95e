// SPDX-License-Identifier: Apache-2.0
// The receipt of a message that this client has not got from Send: of a colleague's device, or lost with a store. One
// thread.
#pragma once

#include "client/session/session.h"

// Of a message of that id, from the store. AM_NOT_FOUND.
AM_MUST_USE enum am_err receipt_kept(struct session *session, const char *id, struct arena *arena,
                                     Amana__V1__ProvedEntry **ret_entry);

// Whether the hub says that it has taken these bytes of that id already, or keeps them for their second person.
// AM_NOT_FOUND: it has not; errors of session_call.
AM_MUST_USE enum am_err receipt_asked(struct session *session, const char *id, const Amana__V1__Message *message,
                                      struct arena *arena, struct am_detail *detail);

// Asks the hub, verifies what it gives, and keeps it. message (may be NULL): the bytes that the receipt must be about.
// AM_NOT_FOUND: this unit has sent nothing of that id that the log has taken. AM_PROOF after an alarm, AM_UNAVAILABLE
// and errors of history_entry.
AM_MUST_USE enum am_err receipt_fetch(struct session *session, const char *id, const Amana__V1__Message *message,
                                      struct arena *arena, struct am_detail *detail,
                                      Amana__V1__ProvedEntry **ret_entry);
