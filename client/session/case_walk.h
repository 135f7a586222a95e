// SPDX-License-Identifier: Apache-2.0
// What a case's messages say, one after the other. One thread.
#pragma once

#include "client/session/seal.h"

// `kept` and `opened` live until it returns. An error ends the walk.
typedef enum am_err case_visit(void *user, const Amana__V1__Kept *kept, const struct opened *opened);

// Those that the log has taken, in its order, then what waits in the outbox, which is in no log yet. What can't be
// opened is passed over. AM_NOMEM, errors of the store and of the visit.
AM_MUST_USE enum am_err case_walk(struct session *session, const char *case_ref, case_visit *visit, void *user);
