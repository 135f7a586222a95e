// SPDX-License-Identifier: Apache-2.0
// The draft of an answer: what file and options say, what its case says of protection, and what goes without saying.
// One thread. All is in the arena or borrowed.
#pragma once

#include "client/cmd/answer_target.h"

// What options say over what the file says. *ret_text: the file's, to be freed by the caller.
AM_MUST_USE enum am_err answer_draft(struct answer_input *input, struct arena *arena, struct am_detail *detail,
                                     struct am_bytes *ret_text, Amana__V1__Draft **ret_draft);
// A body that says nothing is one all the same; an alert's form may be written as "alert" in an UPDATE.
AM_MUST_USE enum am_err answer_body_fill(const struct answer_input *input, struct arena *arena,
                                         Amana__V1__Draft *draft);
// Kind, outcome, flags and times that the draft leaves out.
AM_MUST_USE enum am_err answer_defaults_fill(const struct answer_input *input, const struct target *newest,
                                             struct arena *arena, Amana__V1__Draft *draft);
// How long it is kept: as its root is. What is said of what a HOLD keeps past that, to the end of that HOLD as it is
// known here, and a HOLD to its own.
AM_MUST_USE enum am_err answer_retention(struct session *session, const struct target *root,
                                         const struct target *newest, struct arena *arena, Amana__V1__Draft *draft);
// Whether a unit is of a state that must not learn of this answer.
bool answer_keeps_from(const struct answer_input *input, const struct target *newest, const Amana__V1__Draft *draft,
                       const char *unit);
// The few answers that a listed state gets say what it knows.
AM_MUST_USE enum am_err answer_flags_for_listed(const struct answer_input *input, const struct target *newest,
                                                struct arena *arena, Amana__V1__Draft *draft);
