// SPDX-License-Identifier: Apache-2.0
// What the two rooms of the directory share: a unit's row in the store is the hub's answer as it was verified.
#pragma once

#include "client/session/directory.h"

#define LOOKUP_BYTES (4u * 1024 * 1024) // of one such answer, decoded

// The row of a roster's number, 0: the newest; in the arena. AM_NOT_FOUND.
AM_MUST_USE enum am_err directory_row(struct session *session, const char *unit, uint64_t number, struct arena *arena,
                                      Amana__V1__LookupResponse **ret_response);

// The MEMBER entry in it, which nothing is verified of here; in the arena. AM_NOT_FOUND: there is none; AM_PROTO.
AM_MUST_USE enum am_err directory_member_of(const Amana__V1__LookupResponse *response, struct arena *arena,
                                            Amana__V1__MemberEntry **ret_member);

// Whether what came of the unit with its roster of that number (0: the newest) can be believed: by its entry in the
// log, the registrar's statement in it, and that none shown before is newer or another (an alarm). Where only who
// signed it is at fault and a number was asked for, what was verified before stands in its place.
AM_MUST_USE enum am_err directory_take_member(struct session *session, const char *unit, uint64_t number,
                                              struct arena *arena, Amana__V1__LookupResponse *response,
                                              struct am_detail *detail);
