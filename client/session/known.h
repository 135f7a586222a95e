// SPDX-License-Identifier: Apache-2.0
// The index of persons: in which kept messages somebody may be found again, without opening any. A row is a digest
// (HMAC-SHA-256, its first 16 bytes) of one of the marks of person.h, then the person's number in the message, the part
// and of how many (2, 1, 1 bytes). The digest's key comes from the key that opens the bodies: who can't read these
// can't ask the index either, and each desk's digests are its own. One thread.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "client/session/session.h"

// Whom a body is about: its persons, and behind them one who bears every document that stands there by itself, so that
// whoever has one of these is found again. Borrows from the body; the list in the arena. AM_NOMEM.
struct known_persons {
    Amana__V1__Person *const *list;
    size_t n;
};
AM_MUST_USE enum am_err known_persons(const Amana__V1__Body *body, struct arena *arena,
                                      struct known_persons *ret_persons);

// The rows of a message's persons into kept->persons, in the arena, for the store to put with it. Makes the index where
// there is none yet. Errors of session_key and of the store.
AM_MUST_USE enum am_err known_fill(struct session *session, const Amana__V1__Body *body, struct arena *arena,
                                   Amana__V1__Kept *kept);

// What known_find found. The list is its own; all 0 before the first call.
struct known_message {
    enum store_box box;
    char id[STORE_ID];
};
struct known {
    struct known_message *list;
    size_t n, room;
};
void known_clear(struct known *known);

// The messages that hold one whose number is that of one of these persons', or whose names are and the year of birth:
// all in which person_same would find somebody, and few others. known_clear also after an error.
AM_MUST_USE enum am_err known_find(struct session *session, const struct known_persons *persons, struct known *known);
