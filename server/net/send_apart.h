// SPDX-License-Identifier: Apache-2.0
// Of a message whose sender's state is listed (rule 4): what is withheld from it is to it as if it were not there. On a
// worker; a check that hasn't come to the case's end sets `more`, and the next one goes on.
#pragma once

#include "server/net/send_check.h"

// Of the sender's own life of that root, where it is another to the sender than it is kept: as that knows it (with the
// version of its row), and *ret_known. Where it goes on apart also the newest version that the sender has, and `apart`;
// one whose clock was set going unseen is kept as the sender knows it once that moves it. Else nothing changes. *place
// is kept from check to check of a message, all zero before the first. in_hand: the unit's.
AM_MUST_USE enum am_err apart_find(struct check *check, const struct in_hand *in_hand, struct apart_place *place,
                                   uint64_t root, struct journal_life *ret_life, bool *ret_known);

// A case of which all that came to the sender's unit is withheld is to it as if it were not there: *ret_party, which
// says that it sent or received a message of it, is set to false then. Of a check before the one that has
// `of_case->in_hand`, `more` is set too.
AM_MUST_USE enum am_err apart_party(struct check *check, struct apart_case *of_case, bool *ret_party);
