// SPDX-License-Identifier: Apache-2.0
// Content that must go from this store: the sealed body of a message, whose envelope, signature and proof stay, with
// the word of who said so. One thread.
#pragma once

#include "client/session/session.h"

// Erases the bodies that a message names: what a CANCEL or WITHDRAW ends (an alert in each of its versions), what an
// ERASURE is about. Durable when it returns; what isn't kept here, was erased before,
// or is kept by a HOLD in force, is passed over. *ret_n (may be
// NULL) counts the bodies that went. Errors of the store.
AM_MUST_USE enum am_err erase_named(struct session *session, const Amana__V1__Header *header, unsigned *ret_n);

// After a message of this unit was taken by the log: its own ERASURE, and another device's word that the unit has
// erased, are good here too.
AM_MUST_USE enum am_err erase_said(struct session *session, const Amana__V1__Header *header);

// Whether a HOLD in force keeps any of the bodies that a message names, and which are still here: AM_CONFLICT with the
// HOLD and its end in *detail. *ret_n counts those that would go.
AM_MUST_USE enum am_err erase_check(struct session *session, const Amana__V1__Header *header, struct am_detail *detail,
                                    unsigned *ret_n);

// Until when, UTC ns, a HOLD in force keeps a message, by its header's digest, and the HOLD's id; 0: none.
AM_MUST_USE enum am_err erase_held(struct session *session, const uint8_t digest[32], uint64_t *ret_until,
                                   char ret_by[STORE_ID]);

// Erases what has stayed longer than it may: bodies past their retain_until, and what a HOLD kept until now of what an
// ERASURE of this unit named, or another's that this unit answered with RETAINED_BY_LAW meanwhile, for no longer than
// the HOLD; of what still waited to be sent all. *ret_n counts those that are gone from the disk, also where an error
// ended it. While nothing is due it reads one value. `told` (may be NULL) hears as it goes on how many there are by
// now.
AM_MUST_USE enum am_err erase_due(struct session *session, void (*told)(void *user, unsigned n), void *user,
                                  unsigned *ret_n);

// Whether a message names content to be erased.
bool erase_asked(const Amana__V1__Header *header);
