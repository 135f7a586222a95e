// SPDX-License-Identifier: Apache-2.0
// What the hub's own rows must say, worked out from the entries of its log: lives, deliveries, members, grants,
// rosters, trust and policy, and whose signature stands under a checkpoint. For `amanad fsck`; one thread.
#pragma once

#include "server/store/store.h"

struct fsck_judge;

// `found` as in store_fsck. AM_NOMEM.
AM_MUST_USE enum am_err fsck_judge_new(void (*found)(void *user, uint64_t seq, const char *what), void *user,
                                       struct fsck_judge **ret_judge);
void fsck_judge_free(struct fsck_judge *judge);

// What store_fsck asks; and, once it is through, what the log speaks of and no row was seen of.
struct store_judge fsck_judge_calls(struct fsck_judge *judge);
void fsck_judge_end(struct fsck_judge *judge);
