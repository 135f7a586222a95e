// SPDX-License-Identifier: Apache-2.0
// What a unit's own messages have to do with a CORRECTION and a CONTEST: what builds on what was wrong, and what was
// mended. One thread.
#pragma once

#include "client/session/session.h"

// Whether everything that this unit sent and that builds on what a CORRECTION corrects is mended: corrected in turn, or
// erased. AM_CONFLICT with the first that isn't in *detail.
AM_MUST_USE enum am_err mended_check(struct session *session, const Amana__V1__Header *correction,
                                     struct am_detail *detail);

// The newest CORRECTION of this unit that has the message of this digest, a CONTEST, among its references.
// AM_NOT_FOUND; ret_waits then names one that waits for its second person still, as far as has come here; "" for none.
AM_MUST_USE enum am_err mended_by(struct session *session, const uint8_t contest[32], char ret_id[STORE_ID],
                                  char ret_waits[STORE_ID]);
