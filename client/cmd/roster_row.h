// SPDX-License-Identifier: Apache-2.0
// A unit's roster as its registrar keeps it: made to follow the newest, given to the hub, written to where rosters are
// made; and on whose certificate the newest of a country rest. One thread.
#pragma once

#include "amana/v1/admin.pb-c.h"
#include "certs/roster.h"
#include "client/cmd/standing.h"

// The one that follows `newest`, signed with this registrar's officer key: who is on that, for 30 days more; or nobody,
// which takes the unit's roster out of force. The caller unrefs. Errors of session_key and roster_from_wire.
AM_MUST_USE enum am_err roster_row_next(struct session *session, struct roster *newest, bool empty,
                                        struct am_detail *detail, struct roster **ret_roster);

// Gives it to the hub and verifies the entry that comes back. AM_PROOF, errors of session_call.
AM_MUST_USE enum am_err roster_row_give(struct session *session, const struct roster *roster, struct arena *arena,
                                        struct am_detail *detail, Amana__V1__ProvedEntry **ret_entry);

// Into the folder where `amana-ca roster` makes them, so that its next follows this one. AM_IO, AM_NOMEM.
AM_MUST_USE enum am_err roster_row_write(const char *folder, const struct roster *roster, struct am_detail *detail);

// How the registrar stands that signed this newest roster. Whether it is one that a registrar of this unit's country is
// told of: on a certificate that is good no more or ends within CERTS_SOON_NS, and not this unit's own, which another
// registrar signs and is told of.
bool roster_row_falls(const struct session *session, const struct roster *roster, struct standing *ret_standing);

// How many of these members have such a roster; the hub is asked for each whose newest is not the one that was verified
// here last. Not counted is what it doesn't show.
unsigned roster_rows_ending(struct session *session, const Amana__V1__MembersResponse *response);
#define ROSTER_ROWS_RENEW "roster", "admin roster renew" // for standing_words
