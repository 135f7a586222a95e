// SPDX-License-Identifier: Apache-2.0
// Who may open a country's messages under law, by two persons together (domain.md, rule 12): the certificate that is
// sealed to beside the devices, the point that the header repeats, and what a recipient checks of both. One thread.
#pragma once

#include "client/session/session.h"

// Puts the point of this certificate's recipient into the header, or none where it is NULL. In the arena.
AM_MUST_USE enum am_err oversight_fill(const struct certificate *certificate, struct am_bytes sealed,
                                       struct arena *arena, Amana__V1__Header *header);

// Where its country's oversight is revoked and the message is sealed to none: the list that says so, for a hub that has
// an older one; in the arena. Else none. AM_TOO_LARGE, with what to do: none may bring so large a list along.
AM_MUST_USE enum am_err oversight_recall(const struct session *session, const Amana__V1__Header *header,
                                         struct arena *arena, struct am_detail *detail, ProtobufCBinaryData *ret_crl);

// Whether the trust list has gained, lost or changed the certificate since this was sealed.
bool oversight_changed(struct session *session, const Amana__V1__Message *message, const Amana__V1__Header *header);

// The header's point is that of one recipient of the body, whose certificate is of the sender's country; where the body
// is sealed to one that oversight.pem has for that country, it is that one's. Whether the trust list knows it at all
// oversight_of says: what is urgent isn't turned away for an old list, and is shown for what it is. AM_INVALID
// (BINDING) with what is wrong; AM_OK of what isn't there any more.
AM_MUST_USE enum am_err oversight_check(const struct session *session, const Amana__V1__Message *message,
                                        const Amana__V1__Header *header, struct am_detail *detail);

// Whom a message is sealed to beside the devices, by this desk's trust list as it is now. That the key was wrapped
// rightly only who opens it can tell.
enum oversight {
    OVERSIGHT_NONE,    // nobody; or the body isn't there any more
    OVERSIGHT_NAMED,   // the one that the sender's country names
    OVERSIGHT_FORMER,  // one that oversight.pem has of that country, and nobody names any more
    OVERSIGHT_REVOKED, // one of that country which is revoked since, named or not
    OVERSIGHT_UNKNOWN, // the header calls it that, and nothing here bears it out
};
enum oversight oversight_of(const struct session *session, const Amana__V1__Message *message,
                            const Amana__V1__Header *header);
// "NONE", "NAMED"…, for programs.
const char *oversight_name(enum oversight oversight);

// The sentence for people of it; "" for none.
#define OVERSIGHT_TEXT 240u
void oversight_words_of(const struct session *session, const Amana__V1__Message *message,
                        const Amana__V1__Header *header, char ret_text[OVERSIGHT_TEXT]);

// Whether the country of this unit names one that is revoked: what it sends is sealed to none.
bool oversight_revoked(const struct session *session, const char *unit);
// What will become of what this unit sends: whether its country's oversight can open it, or that it is revoked; ""
// where it has named none.
void oversight_words(const struct session *session, const char *unit, char ret_text[OVERSIGHT_TEXT]);
