// SPDX-License-Identifier: Apache-2.0
// The mailbox: each message verified, opened, kept, and only then shown and acknowledged under the device's own
// signature (security.md; domain.md, Delivery). One thread.
#pragma once

#include "client/session/session.h"

struct receive_report {
    const char *id;                         // message, "" for a notice
    const Amana__V1__Kept *kept;            // message
    bool known;                             // it was in the inbox already
    const Amana__V1__ProvedEntry *notice;   // NULL for a message
    const Amana__V1__EntryContent *content; // of the notice
};
typedef void (*receive_tell)(void *user, const struct receive_report *report);

// Takes what the mailbox has; with follow, goes on until interrupted or the link breaks (AM_UNAVAILABLE). tell is
// called for each message once it is durable in the store, and for each notice. What fails proof is not acknowledged:
// AM_PROOF, AM_SIGNATURE, AM_FORK… after an alarm, and the link is closed.
AM_MUST_USE enum am_err receive_mail(struct session *session, bool follow, struct am_detail *detail, receive_tell tell,
                                     void *user);
