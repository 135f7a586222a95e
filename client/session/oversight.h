// SPDX-License-Identifier: Apache-2.0
// Who may open a country's messages under law, by two persons together (domain.md, rule 12): the certificate that is
// sealed to beside the devices, the point that the header repeats, and what a recipient checks of both. One thread.
#pragma once

#include "client/session/session.h"

// The certificate that what this unit sends is sealed to as well; NULL in *ret_certificate where its country has named
// none. AM_CERTIFICATE, AM_REVOKED, AM_EXPIRED: named, and not good any more.
AM_MUST_USE enum am_err oversight_for(struct session *session, const char *unit, struct am_detail *detail,
                                      const struct certificate **ret_certificate);

// Puts the point of this certificate's recipient into the header, or none where it is NULL. In the arena.
AM_MUST_USE enum am_err oversight_fill(const struct certificate *certificate, struct am_bytes sealed,
                                       struct arena *arena, Amana__V1__Header *header);

// Whether the trust list has gained, lost or changed the certificate since this was sealed.
bool oversight_changed(struct session *session, const Amana__V1__Message *message, const Amana__V1__Header *header);

// The header's point is that of one recipient of the body, whose certificate is of the sender's country: the one that
// the trust list names, where the body is sealed to that. It may be another that was named when it was sealed, or is
// since: what is urgent isn't turned away for an old list. Without a point it isn't sealed to the one named. AM_INVALID
// (BINDING) with what is wrong; AM_OK of what isn't there any more.
AM_MUST_USE enum am_err oversight_check(const struct session *session, const Amana__V1__Message *message,
                                        const Amana__V1__Header *header, struct am_detail *detail);

// "the oversight of ke can open it, by two persons together", of what a unit of that country sends; "" where it has
// named none.
#define OVERSIGHT_TEXT (ADDRESS_COUNTRY_MAX + 56u)
void oversight_words(const struct session *session, const char *unit, char ret_text[OVERSIGHT_TEXT]);
// The same of a message that is there.
void oversight_words_of(const Amana__V1__Header *header, char ret_text[OVERSIGHT_TEXT]);
