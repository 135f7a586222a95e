// SPDX-License-Identifier: Apache-2.0
// Rosters of units and what is said of them: looked up at the hub, verified by their registrar and by the ROSTER and
// MEMBER entries in the log, kept; the last verified ones serve without a link. One thread.
#pragma once

#include "amana/v1/directory.pb-c.h"
#include "client/session/session.h"

// The units that this one may write to, as the hub lists them, by their addresses' grammar; in the arena. Nothing of
// it is verified: directory_newest does that. AM_PROTO and errors of session_call.
AM_MUST_USE enum am_err directory_units(struct session *session, struct arena *arena, struct am_detail *detail,
                                        Amana__V1__UnitsResponse **ret_response);

// The newest roster of a unit. Asks the hub if there is a link (a lower number than the one kept is an alarm), else
// gives the last verified one. `about` (may be NULL, here as below) is a message that both units have: the hub gives
// the rosters of all who have it, and of no others but those that this unit may write to. The caller unrefs.
// AM_NOT_FOUND: none was ever verified and there is no link; AM_DENIED: the hub gives none; AM_ROLLBACK, AM_CONFLICT,
// AM_PROOF and errors of roster_from_wire and member_statement_from_wire.
AM_MUST_USE enum am_err directory_newest(struct session *session, const char *unit, const Amana__V1__Pointer *about,
                                         struct am_detail *detail, struct roster **ret_roster);

// The newest as the hub shows it, by its entry in the log, whoever signed it: for a registrar, who is to sign it anew.
// Needs a link; kept is what is believed, and nothing else. The caller unrefs. AM_DENIED: the hub gives none; errors as
// above.
AM_MUST_USE enum am_err directory_shown(struct session *session, const char *unit, struct am_detail *detail,
                                        struct roster **ret_roster);

// What a registrar of its country says of a unit: role, how it is reached, who takes its place; by the newest statement
// that was verified here; in the arena, the hub isn't asked. One older than was seen is an alarm of directory_newest.
// AM_NOT_FOUND.
AM_MUST_USE enum am_err directory_member(struct session *session, const char *unit, struct arena *arena,
                                         Amana__V1__Member **ret_said);

// The highest number of a unit's roster that is kept here; the hub isn't asked. AM_NOT_FOUND.
AM_MUST_USE enum am_err directory_kept(struct session *session, const char *unit, struct am_detail *detail,
                                       struct roster **ret_roster);

// What that roster says of an officer: whether the officer is on it, and the digest of the certificate that is signed
// with. AM_NOT_FOUND; errors of roster_officer_row.
AM_MUST_USE enum am_err directory_officer(struct session *session, const char *unit, const char *officer,
                                          bool *ret_there, uint8_t ret_digest[CERTIFICATE_DIGEST]);

// The roster of a unit that was in force at that entry of the log: what a statement in the entry is judged by. Without
// a link the newest of those kept that were. AM_NOT_FOUND: none; errors as above.
AM_MUST_USE enum am_err directory_at(struct session *session, const char *unit, uint64_t seq,
                                     const Amana__V1__Pointer *about, struct am_detail *detail,
                                     struct roster **ret_roster);

// That number of a unit's roster, from the store or the hub: what a message's signature is judged by.
AM_MUST_USE enum am_err directory_number(struct session *session, const char *unit, uint64_t number,
                                         const Amana__V1__Pointer *about, struct am_detail *detail,
                                         struct roster **ret_roster);

// Whether this very statement about a unit was verified here, and is the newest that was.
bool directory_statement_kept(struct session *session, const char *unit, struct am_bytes statement);

// By the same statement; false where there is none.
bool directory_role_is(struct session *session, const char *unit, const char *role);
bool directory_gone(struct session *session, const char *unit); // or nobody is on its roster, or it never had one

// Asks the hub for a unit's roster where none is kept and there is a link, once since it was connected: it may have
// none, or one by now.
void directory_look(struct session *session, const char *unit);

// Who protects in a country, or in a unit's: the unit that the trust list names, of a closed one its successor. NULL:
// none is named, or the one named is gone or never had a roster at the hub. Until the next call.
const char *directory_protection(struct session *session, const char *country);
const char *directory_protection_of(struct session *session, const char *unit);
// The protection unit `named` (may be NULL) while it is there: whom the program adds by itself. Who is to take its
// place the officer writes.
const char *directory_protection_there(struct session *session, const char *named);
