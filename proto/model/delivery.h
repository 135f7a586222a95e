// SPDX-License-Identifier: Apache-2.0
// To whom an answer goes, by its kind's row: for hub and client alike, one sentence for both. Pure; any thread.
#pragma once

#include "proto/model/header.h"
#include "proto/model/journal.h"
#include "proto/model/reason.h"

// What is answered; for a kind that renews or ends a chain, its newest version.
struct delivery_to {
    const char *originator;
    const struct journal_recipient *recipients;
    size_t n;
    bool originator_gone;   // it is a member no more: all other holders have it
    const char *protection; // who protects in the sender's country, is not the sender, and may learn of it; else NULL
    // Another unit than the originator's, whose second person released it: it has it too, and is told with the others
    // where it isn't one too many for a message; or NULL.
    const char *releasing;
};

// Who acts in the place of those who were asked to and can't learn of a new version or the end (rule 4, or gone): who
// protects, or the first of those who had a copy; it has the part ACTION. NULL where one of the asked is there, for
// other kinds, and where nobody is left.
const char *delivery_stand_in(const Amana__V1__Header *answer, const struct delivery_to *to);

// REASON_NONE, or FIELD_INVALID with who is missing or too many in *detail (not NULL).
enum reason delivery_check(const Amana__V1__Header *answer, const struct delivery_to *to, struct am_detail *detail);
