// SPDX-License-Identifier: Apache-2.0
// What goes before an answer is sent: the question, the erasure that it speaks of, roles that it changes. One thread.
// Each int is 0 or the exit code, after the reason was told.
#pragma once

#include "client/cmd/answer_to.h"
#include "client/cmd/submit.h"
#include "client/session/roles.h"

// An ACK of the same officer about the same clock goes once, unless it is asked for again.
AM_MUST_USE int first_again(const struct answer_input *input, const struct target *target);
// What is done once and for all is told before, and asked: content that is to be erased, by an ERASURE, or by what ends
// it. *ret_go: whether to go on.
AM_MUST_USE int first_ask(const struct answer_input *input, const struct submission *submission,
                          const struct target *newest, bool *ret_go);
// DONE of a correction needs one's own messages mended; DONE of an erasure, the bodies gone from this store, which is
// asked.
AM_MUST_USE int first_mend(struct answer_input *input, const struct submission *submission,
                           const struct target *target);
AM_MUST_USE int first_erase(struct answer_input *input, const struct submission *submission,
                            const struct target *target);
// Roles (rule 6): who was a suspect and is a victim is contested with it.
AM_MUST_USE enum am_err first_roles(unsigned kind, const struct target *newest, const Amana__V1__Draft *draft,
                                    struct arena *arena, struct roles_moved *ret_moved);
AM_MUST_USE int first_contest(struct answer_input *input, const struct submission *with, const struct target *root,
                              const struct target *newest, const struct roles_moved *moved, struct arena *arena);
