// SPDX-License-Identifier: Apache-2.0
// To whom an answer goes. One thread.
#pragma once

#include "client/cmd/answer_draft.h"

// Those whom a kind goes to by itself, of what is answered; who must not learn of it is left out, and named on stderr.
// draft->recipients has room for LIMIT_RECIPIENTS + 2.
AM_MUST_USE enum am_err answer_to_usual(const struct answer_input *input, const struct target *newest,
                                        struct arena *arena, Amana__V1__Draft *draft);
// Those and who was named, with the protection units of rule 3; nothing where the file says who.
AM_MUST_USE enum am_err answer_to_fill(const struct answer_input *input, const struct target *newest,
                                       struct arena *arena, Amana__V1__Draft *draft);
