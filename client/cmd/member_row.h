// SPDX-License-Identifier: Apache-2.0
// A member's row as a registrar signed it: asked for, verified, on whose certificate it rests, signed anew. One thread.
#pragma once

#include "amana/v1/admin.pb-c.h"
#include "client/cmd/standing.h"

// The rows of the hub, in the arena: that of `unit`, or all for "". open: how much of it is open, too. Errors of
// session_call.
AM_MUST_USE enum am_err member_rows_ask(struct session *session, const char *unit, bool open, struct arena *arena,
                                        struct am_detail *detail, Amana__V1__MembersResponse **ret_response);

// Whether the hub shows a row as a registrar signed it. Who that was may be a registrar no more: *ret_standing says so.
// AM_CONFLICT, errors of member_statement_parse.
AM_MUST_USE enum am_err member_row_verify(const struct session *session, const Amana__V1__MemberRecord *member,
                                          struct am_detail *detail, struct standing *ret_standing);

// How many of the rows of this unit's country, as they were shown, rest on a certificate that is good no more or ends
// within CERTS_SOON_NS. Not counted: units that were removed, rows that no registrar signed, and the asking unit's
// own, which another registrar signs and is told of.
unsigned member_rows_ending(const struct session *session, const Amana__V1__MembersResponse *response);
#define MEMBER_ROWS_RENEW "statement", "admin member renew" // for standing_words

// Signs a row with this registrar's officer key, gives it to the hub, and verifies the entry that comes back.
// AM_PROOF, AM_INVALID (member_check), errors of session_key and session_call.
AM_MUST_USE enum am_err member_row_give(struct session *session, const Amana__V1__MemberRecord *member,
                                        struct arena *arena, struct am_detail *detail,
                                        Amana__V1__ProvedEntry **ret_entry);
