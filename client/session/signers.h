// SPDX-License-Identifier: Apache-2.0
// Who signed a message: its officer, and the supervisor who released it (domain.md, rule 5). One thread.
#pragma once

#include "client/session/session.h"

enum signers {
    SIGNERS_AUTHOR, // it waits to be released
    SIGNERS_SENT,   // it was sent: with both where its release is REQUIRED
};

// Checks the signature of a message whose entry is seq of the log: the officer by the roster that the header names, the
// supervisor by that in force at the entry. The header's bytes were proved by the caller. AM_SIGNATURE and errors of
// directory_number, directory_at.
AM_MUST_USE enum am_err signers_check(struct session *session, const Amana__V1__Message *message,
                                      const Amana__V1__Header *header, uint64_t seq, enum signers signers,
                                      struct am_detail *detail);

// Checks the supervisor's signature of a message that was sent with its release DEFERRED, as entry seq has it.
AM_MUST_USE enum am_err signers_check_late(struct session *session, const Amana__V1__Message *message,
                                           const Amana__V1__Header *header, uint64_t seq, struct am_bytes signature,
                                           struct am_detail *detail);

// Checks a Returned statement in entry seq: about this log and this header digest, and signed by a supervisor of the
// unit. In the arena. AM_PROOF, AM_SIGNATURE and errors of directory_at.
AM_MUST_USE enum am_err signers_check_returned(struct session *session, const char *unit, uint64_t seq,
                                               const Amana__V1__ReturnedEntry *entry, struct arena *arena,
                                               struct am_detail *detail, Amana__V1__Returned **ret_returned);
