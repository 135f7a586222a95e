// SPDX-License-Identifier: Apache-2.0
// Rule 6: whom an open CONTEST of the case speaks of, in whatever message of it they stand: nobody is detained for what
// is contested, also by an UPDATE or another message that says it again. One thread.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "amana/v1/message.pb-c.h"
#include "client/session/session.h"
#include "proto/codec/arena.h"

// One mark for each person of body_persons, in the arena; *ret_any: whether any is set. Known again is who bears the
// label, of messages of one unit, or is the same person (person.h). Where nobody is to be detained none is set, and the
// case isn't opened. AM_NOMEM, errors of the store.
AM_MUST_USE enum am_err contested_persons(struct session *session, const Amana__V1__Header *header,
                                          const Amana__V1__Body *body, struct arena *arena, bool **ret_marks,
                                          bool *ret_any);
