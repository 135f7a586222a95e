// SPDX-License-Identifier: Apache-2.0
// Rule 11 on the way out of Amana: what others marked H1 (not in court) or H2 (not passed on) stays here unless they
// have granted it. One thread.
#pragma once

#include "client/session/seal.h"

#define MARKING_H1 (1u << AMANA__V1__HANDLING__CODE__H1)
#define MARKING_H2 (1u << AMANA__V1__HANDLING__CODE__H2)

struct marking_grant;
struct markings {
    struct marking_grant *list;
    size_t n;
};
// Frees the list; a zeroed one is fine.
void markings_clear(struct markings *markings);

// What this unit has asked about messages of a case, and was granted. AM_NOMEM, errors of the store.
AM_MUST_USE enum am_err markings_read(struct session *session, const char *case_ref, struct markings *ret_markings);

// The first of these markings (MARKING_…) that keeps a message here, with the reason and what to do in *detail; 0 where
// none does. One's own is one's own to give.
unsigned marking_keeps(struct session *session, const struct markings *markings, const Amana__V1__Kept *kept,
                       const Amana__V1__Header *header, unsigned asked, struct am_detail *detail);
