// SPDX-License-Identifier: Apache-2.0
// To whom an answer goes. One thread.
#pragma once

#include "client/cmd/answer_draft.h"

// Whether it goes to some whom nobody chose: all who have what is answered, or who protects a child. Then the hub is
// asked who of them is still there; that needs a link.
bool answer_to_asks(const struct answer_input *input, const Amana__V1__Draft *draft);
void answer_to_look(const struct answer_input *input, const struct target *newest, const Amana__V1__Draft *draft);

// Those whom a kind goes to by itself, of what is answered; who must not learn of it, or is gone, is left out, and
// named on stderr.
// draft->recipients has room for LIMIT_RECIPIENTS + 2.
AM_MUST_USE enum am_err answer_to_usual(const struct answer_input *input, const struct target *newest,
                                        struct arena *arena, Amana__V1__Draft *draft);
// All who have what is answered, with their parts, for what ends it for all of them; and one more, with a COPY.
AM_MUST_USE enum am_err answer_to_all(const struct answer_input *input, const struct target *newest,
                                      struct arena *arena, Amana__V1__Draft *draft);
AM_MUST_USE enum am_err answer_to_also(const struct answer_input *input, struct arena *arena, Amana__V1__Draft *draft,
                                       const char *unit);
// Those and who was named, with the protection units of rule 3; nothing where the file says who. AM_INVALID where
// nobody is left: with what can be done to the root instead.
AM_MUST_USE enum am_err answer_to_fill(const struct answer_input *input, const struct target *root,
                                       const struct target *newest, struct arena *arena, struct am_detail *detail,
                                       Amana__V1__Draft *draft);
