// SPDX-License-Identifier: Apache-2.0
// What waits to be sent: durable before the first attempt, delivered first on every command that connects. One thread.
#pragma once

#include "client/session/session.h"

// What became of one message of the outbox.
enum outbox_result {
    OUTBOX_ACCEPTED, // receipt verified and kept; it is in `sent` now
    OUTBOX_WAITS,    // no link, or the hub says: later; or it goes by a newer trust list than this desk
    OUTBOX_REFUSED,  // by the hub's policy, or by rule 4 as is known by now; it stays with its reason until a person
                     // decides
    OUTBOX_AGAIN,  // SIGN_AGAIN: a roster, or the oversight of the country, changed and the officer's key isn't at hand
    OUTBOX_FAILED, // `err`: a receipt that doesn't hold, a row that can't be read; it stays, and those behind it go on
};

struct outbox_report {
    const char *id;
    enum outbox_result result;
    enum am_err err;
    const Amana__V1__Kept *kept; // as it is now; NULL where it can't be read
    const struct am_detail *detail;
};
typedef void (*outbox_tell)(void *user, const struct outbox_report *report);

// Puts a message into the outbox.
AM_MUST_USE enum am_err outbox_add(struct session *session, const char *id, const Amana__V1__Message *message);

// Whether a message of the outbox was refused for good: kept->wait says why, kept->wait_text what would do.
bool outbox_was_refused(const Amana__V1__Kept *kept);

// Takes a message out of the outbox: nothing of it is kept. AM_NOT_FOUND.
AM_MUST_USE enum am_err outbox_drop(struct session *session, const char *id, struct am_detail *detail);

// Tries everything that waits, oldest first, and tells about each. Without a link nothing is tried and AM_UNAVAILABLE
// returned. What was refused before isn't tried again but with `again`. AM_FORK, AM_ROLLBACK, AM_FULL and the like:
// what every further message would meet.
AM_MUST_USE enum am_err outbox_deliver(struct session *session, bool again, struct am_detail *detail, outbox_tell tell,
                                       void *user);
