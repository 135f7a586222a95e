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
    bool originator_kept_out; // it is not to learn of it (rule 4): a kind that goes to all holders goes to the others
};

// REASON_NONE, or FIELD_INVALID with who is missing or too many in *detail (not NULL).
enum reason delivery_check(const Amana__V1__Header *answer, const struct delivery_to *to, struct am_detail *detail);
