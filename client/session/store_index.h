// SPDX-License-Identifier: Apache-2.0
// Messages by their entry, by their case and by their persons. One thread.
#pragma once

#include "client/session/store.h"

// Where the message is kept that this entry of the log is about. AM_NOT_FOUND.
AM_MUST_USE enum am_err store_at_entry(struct store *store, uint64_t seq, enum store_box *ret_box,
                                       char ret_id[STORE_ID]);
// The same of the first such entry at or above *seq. What answers a message stands behind it in the log, whatever its
// sender's clock says, by which ids go. AM_NOT_FOUND at the end.
AM_MUST_USE enum am_err store_next_entry(struct store *store, uint64_t *seq, enum store_box *ret_box,
                                         char ret_id[STORE_ID]);

#define STORE_CASE 127u // bytes of a case's name that count

// The first message of a case at or above entry *seq, which becomes its own: as many steps as the case has messages,
// whatever else is kept. AM_NOT_FOUND.
AM_MUST_USE enum am_err store_next_of_case(struct store *store, const char *case_ref, uint64_t *seq,
                                           enum store_box *ret_box, char ret_id[STORE_ID]);

// The index of persons: what it means stands in known.h. A row is a digest and what is said beside it.
#define STORE_PERSON_DIGEST 16u
#define STORE_PERSON        20u
struct store_person {
    uint8_t row[STORE_PERSON];
    enum store_box box;
    char id[STORE_ID]; // "": before the first
};
// The row behind *at of those with the digest that at->row begins with. AM_NOT_FOUND at the end.
AM_MUST_USE enum am_err store_next_person(struct store *store, struct store_person *at);
// Takes away all of them.
AM_MUST_USE enum am_err store_persons_clear(struct store *store);
