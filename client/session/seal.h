// SPDX-License-Identifier: Apache-2.0
// Sealing, signing, and opening again: the steps from body to signature, and back with every check that a recipient
// owes (security.md, What is signed and sealed). One thread.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "client/session/session.h"
#include "proto/log/leaf.h"
#include "proto/model/reason.h"

// Fills in rosters, binding, nonce, padding, digests and log_seen, seals to every device on the rosters of
// recipients, sender's and releasing unit and to the oversight that the sender's country names, signs. header, flags
// and body are changed and must live as long as the arena. Errors as compose_message.
AM_MUST_USE enum am_err seal_message(struct session *session, Amana__V1__Header *header, Amana__V1__Flags *flags,
                                     Amana__V1__Body *body, struct arena *arena, struct am_detail *detail,
                                     Amana__V1__Message **ret_message);

// A message opened with this device's key. All in the arena (wipe it: the body is plain text).
struct opened {
    Amana__V1__Header *header;
    Amana__V1__Flags *flags;
    Amana__V1__Body *body;
    enum reason rule;  // of body_check: REASON_NONE
    const char *fault; // an outcome of BODY_REJECTED, NULL where all is well
};

// Opens the body and checks binding, commitment, flags and rules. The header's bytes were proved by the caller.
// AM_SEAL (CANNOT_OPEN), AM_INVALID (BINDING, COMMITMENT, SCHEMA): *ret_opened->header is set where it could be read,
// and fault says which. AM_ERASED with the header alone, and no fault, where the body is gone. Errors of session_key.
AM_MUST_USE enum am_err seal_open(struct session *session, const Amana__V1__Message *message, struct arena *arena,
                                  struct am_detail *detail, struct opened *ret_opened);

// The same of a kept message; AM_INVALID where its body opens and was rejected when it came: nobody is shown it.
AM_MUST_USE enum am_err seal_open_kept(struct session *session, const Amana__V1__Kept *kept, struct arena *arena,
                                       struct am_detail *detail, struct opened *ret_opened);

// The pointer to a message, by the SHA-256 of its header's bytes, which goes into digest; that and *header live as long
// as the pointer.
AM_MUST_USE enum am_err seal_point(const Amana__V1__Message *message, const Amana__V1__Header *header,
                                   uint8_t digest[LOG_HASH_SIZE], Amana__V1__Pointer *ret_pointer);

// Just the header, decoded strictly.
AM_MUST_USE enum am_err seal_header(const Amana__V1__Message *message, struct arena *arena, struct am_detail *detail,
                                    Amana__V1__Header **ret_header);
