// SPDX-License-Identifier: Apache-2.0
// Rule 4's question of those whom a message speaks of without naming them: an answer, as often as not. One thread.
#pragma once

#include "client/session/session.h"

// Whether it is still to be answered before this unit's state is told something of the case: a message of it names
// somebody who is no suspect and comes from there, and none by which this unit told that state something answers it.
// Another's word, as the state's own, is none. Walks the store. AM_NOMEM, errors of the store.
AM_MUST_USE enum am_err fled_unasked(struct session *session, const char *case_ref, const char *unit,
                                     bool *ret_unasked);
