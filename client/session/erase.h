// SPDX-License-Identifier: Apache-2.0
// Content that must go from this store: the sealed body of a message, whose envelope, signature and proof stay, with
// the word of who said so. One thread.
#pragma once

#include "client/session/session.h"

// Erases the bodies that a message names: what a CANCEL or WITHDRAW ends (an alert in each of its versions), what an
// ERASURE is about. Durable when it returns; what isn't kept here, or was erased before, is passed over. *ret_n (may be
// NULL) counts the bodies that went. Errors of the store.
AM_MUST_USE enum am_err erase_named(struct session *session, const Amana__V1__Header *header, unsigned *ret_n);

// After a message of this unit was taken by the log: its own ERASURE, and another device's word that the unit has erased,
// are good here too.
AM_MUST_USE enum am_err erase_said(struct session *session, const Amana__V1__Header *header);

// Whether a message names content to be erased.
bool erase_asked(const Amana__V1__Header *header);
