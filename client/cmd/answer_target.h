// SPDX-License-Identifier: Apache-2.0
// What an answer answers: a message of the store, or of the log, with its header, opened. One thread.
#pragma once

#include "amana/v1/draft.pb-c.h"
#include "client/cmd/answer_input.h"
#include "client/session/seal.h"
#include "proto/log/leaf.h"

struct target {
    char id[STORE_ID];
    enum store_box box;
    Amana__V1__Kept *kept;
    struct opened opened;
    Amana__V1__Pointer pointer;
    uint8_t digest[LOG_HASH_SIZE];
};

// Fills the pointer from the kept header's bytes. A target that is copied points at its original's digest until then.
AM_MUST_USE enum am_err target_point(struct target *target);
// The envelope alone: an order about content needs no more, and finds it where the body is gone already.
AM_MUST_USE enum am_err target_load_header(struct session *session, enum store_box box, const char *id,
                                           struct arena *arena, struct am_detail *detail, struct target *ret_target);
// The same, and its body.
AM_MUST_USE enum am_err target_load(struct session *session, enum store_box box, const char *id, struct arena *arena,
                                    struct am_detail *detail, struct target *ret_target);
// Of one that never came here: a dpo's, from the log, which takes the reason as an entry.
AM_MUST_USE enum am_err target_fetch(struct answer_input *input, struct arena *arena, struct am_detail *detail,
                                     struct target *ret_target);
// The alert that a message of this unit belongs to, and its newest version. 0, or the exit code after it was told.
AM_MUST_USE int target_load_root(struct answer_input *input, struct arena *arena, const struct target *target,
                                 struct target *ret_root);
AM_MUST_USE int target_load_newest(struct answer_input *input, struct arena *arena, const struct target *root,
                                   struct target *ret_newest);
