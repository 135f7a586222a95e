// SPDX-License-Identifier: Apache-2.0
// A replay of the log verified as it comes: each leaf, each content against its leaf, the whole against the root that
// the log signed (audit.md, Replay). Memory O(log n). One thread.
#pragma once

#include "client/session/session.h"

enum replay_verdict {
    REPLAY_GOOD,
    REPLAY_DAMAGED, // an entry's content is not what its leaf commits to, or its proof doesn't hold
    REPLAY_BROKEN,  // the sequence or the root doesn't hold
};

struct replay_check {
    struct session *session;
    bool filtered; // each item proves itself; else the root is rebuilt
    bool follow;   // it goes on after the first checkpoint: the root is compared at each one that is reached
    bool has_proved;
    struct log_checkpoint proved; // follow: the last one whose root the items gave
    uint64_t next;                // seq that must come next, where not filtered
    struct merkle_range range;
    bool has_checkpoint;
    struct log_checkpoint checkpoint; // what the items are proved against
    bool has_last, last_met;          // the last replay's checkpoint, and whether the tree went through it
    struct log_checkpoint last;
    uint64_t entries, opened, withheld, erased, damaged;
    uint64_t signed_good, retrieved_good, signed_unknown;
    uint64_t first_damaged; // seq
};

// last: checkpoint of the last replay of this auditor (NULL: none).
void replay_check_init(struct replay_check *check, struct session *session, bool filtered,
                       const struct log_checkpoint *last);

// One item. *ret_content is NULL where it isn't shown; *ret_header (decoded, of SUBMITTED) likewise. A damaged entry is
// counted, named in *detail and AM_CORRUPT: the replay may go on. AM_PROOF, AM_SIGNATURE, AM_PROTO: it may not.
AM_MUST_USE enum am_err replay_take(struct replay_check *check, const Amana__V1__ReplayItem *item, struct arena *arena,
                                    struct am_detail *detail, Amana__V1__EntryContent **ret_content,
                                    Amana__V1__Header **ret_header);

// The checkpoint up to which all is proved.
const struct log_checkpoint *replay_proved(const struct replay_check *check);

// After the last item: the root. Words for people in *detail whatever the verdict.
enum replay_verdict replay_end(struct replay_check *check, struct am_detail *detail);
