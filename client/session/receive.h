// SPDX-License-Identifier: Apache-2.0
// The mailbox: each message verified, opened, kept, and only then shown and acknowledged under the device's own
// signature (security.md; domain.md, Delivery). One thread.
#pragma once

#include "client/session/session.h"

struct receive_teller {
    // Of each message and each notice once it is durable in the store, where it stands as news (news.h). May be NULL.
    void (*came)(void *user);
    // Of each that doesn't hold, after an alarm: err is AM_PROOF or AM_SIGNATURE.
    void (*fault)(void *user, enum am_err err, const struct am_detail *detail);
    void *user;
};

// Takes what the mailbox has; with follow, goes on until interrupted or the link breaks (AM_UNAVAILABLE). What fails
// proof is told to teller->fault, and neither kept nor acknowledged, but for a notice whose entry is proved and whose
// statement doesn't hold: that is kept with its fault. Either way the others are taken, until 64 have not held
// (AM_CORRUPT). AM_FORK, AM_ROLLBACK: after an
// alarm, and the link is closed.
AM_MUST_USE enum am_err receive_mail(struct session *session, bool follow, struct am_detail *detail,
                                     const struct receive_teller *teller);
