// SPDX-License-Identifier: Apache-2.0
// What the two halves of the check of a message share.
#pragma once

#include "server/net/send.h"

struct check {
    struct send *send;
    struct hub_submission *s;
    const Amana__V1__Header *header;
    struct worker *worker;
    struct store_view *view;
    struct arena *arena;
    const char *unit;
};

// Case, pointers and the life that an answer is about, into the submission. An error is ours: nothing is taken.
AM_MUST_USE enum am_err send_check_rows(struct check *check);

// What a signature that doesn't release is refused with.
enum reason release_reason(enum am_err err);
