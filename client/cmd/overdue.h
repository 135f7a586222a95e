// SPDX-License-Identifier: Apache-2.0
// Which recipients of what was sent have let a deadline pass and still have, by the notices that are kept here. One
// thread.
#pragma once

#include "client/session/session.h"

struct overdue;

// From all notices of the store, in order of the log. AM_NOMEM, AM_CORRUPT.
AM_MUST_USE enum am_err overdue_read(struct store *store, struct overdue **ret_overdue);
void overdue_free(struct overdue *overdue); // NULL is fine

// Whether the recipient is overdue with the message of that id: to acknowledge it or to answer it.
bool overdue_is(const struct overdue *overdue, const char *id, const char *recipient);
