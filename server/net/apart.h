// SPDX-License-Identifier: Apache-2.0
// A life that goes on apart from how it is kept: what replaced or ended it is withheld from its unit (rule 4), which
// answers what it has, and is to see no difference. So there is no length of a case past which the answer is another
// one: a check reads LIMIT_CASE_READS entries of it, and says that there is `more`; the next goes on. On a worker.
#pragma once

#include "server/net/send_check.h"

// Of the sender's own life of that root, where it is such a one: the newest version that it has, the life by that one
// (with the version of its row), and `apart`. Else nothing changes. *place is kept from check to check of a message,
// all zero before the first; `more` is set where this one was not the last.
AM_MUST_USE enum am_err apart_find(struct check *check, struct apart_place *place, uint64_t root,
                                   struct journal_life *ret_life);

// A case of which all that came to the sender's unit is withheld is to it as if it were not there: *ret_party, which
// says that it sent or received a message of it, is set to false then. Of a check before the one that has
// `of_case->out`, and of one that has not come to the case's end, `more` is set.
AM_MUST_USE enum am_err apart_party(struct check *check, struct apart_case *of_case, bool *ret_party);
