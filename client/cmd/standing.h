// SPDX-License-Identifier: Apache-2.0
// On whose certificate rests what a registrar signed: how long it is believed. One thread.
#pragma once

#include "certs/check.h"
#include "client/session/session.h"

struct standing {
    uint8_t certificate[CERTIFICATE_DIGEST];
    bool ends;     // within CERTS_SOON_NS; false where it is good no more
    char why[320]; // am_detail.text: why nobody believes it any more; "" while it is good
    bool vouched;  // who trust.conf names signed it, though the certificate may have ended; else it may be anybody's
};

// Of `what`, as "roster", which this registrar signed of the unit.
void standing_of(const struct session *session, const struct certificate *registrar, const char *unit, const char *what,
                 struct standing *ret_standing);

// Whether it is to be signed anew by one that lasts.
bool standing_falls(const struct standing *standing);

// "2 rosters of this country's units rest on …", for the person, with the verb that helps. "" for none.
#define STANDING_TEXT 240
void standing_words(unsigned n, const char *what, const char *verb, char ret_text[STANDING_TEXT]);
