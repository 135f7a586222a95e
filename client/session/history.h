// SPDX-License-Identifier: Apache-2.0
// The hub's log as this client has seen it: no checkpoint is believed that a proof doesn't tie to the last one verified
// (audit.md, Checkpoint and receipt); and entries proved by what is believed. One thread.
#pragma once

#include "client/session/session.h"

// The newest verified checkpoint from the store. AM_CORRUPT.
AM_MUST_USE enum am_err history_load(struct session *session, struct am_detail *detail);

// The hub's newest checkpoint, on every connection: smaller than ours is a rollback, of the same size with another root
// a fork, larger needs a consistency proof. What holds becomes ours. AM_ROLLBACK, AM_FORK, AM_PROOF after an alarm with
// both checkpoints kept; AM_SIGNATURE where the log didn't sign it; AM_UNAVAILABLE.
AM_MUST_USE enum am_err history_compare(struct session *session, const Amana__V1__Checkpoint *checkpoint,
                                        struct am_detail *detail);

// Any other checkpoint that is shown: of a receipt, a delivery, a notice, or a header's log_seen. May be smaller than
// ours. Errors as above, but for AM_ROLLBACK.
AM_MUST_USE enum am_err history_tie(struct session *session, const Amana__V1__Checkpoint *checkpoint,
                                    struct am_detail *detail);

// An entry with its proof: content, commitment, path, and its checkpoint tied to ours. *ret_content lives in the arena.
// AM_PROOF (after an alarm: what the log signed doesn't hold what the hub says), AM_SIGNATURE and as above.
AM_MUST_USE enum am_err history_entry(struct session *session, const Amana__V1__ProvedEntry *entry, struct arena *arena,
                                      struct am_detail *detail, Amana__V1__EntryContent **ret_content);

// An alarm: words and both checkpoints (either may be NULL) in a file of DATA/store/alarms, which is never removed by
// the program. Prints nothing.
void history_alarm(struct session *session, const char *what, const struct log_checkpoint *ours,
                   const struct log_checkpoint *shown);
// How many alarms are kept, and the name of the newest file ("" for none).
unsigned history_alarms(const struct session *session, char ret_newest[PATH_MAX]);

// As the wire has it (log_checkpoint_read goes the other way); points into its arguments.
void history_to_message(const struct log_checkpoint *checkpoint, const char *origin, Amana__V1__Checkpoint *ret);
