// SPDX-License-Identifier: Apache-2.0
// An answer on its way to all who are to have it: what the hub alone knows of a case may keep it from one of them, and
// the others are told all the same. One thread.
#pragma once

#include "client/cmd/answer_to.h"
#include "client/cmd/submit.h"

// Submits it, and once more without each unit of those who have what is answered to which the hub lets nothing of it
// go. `fixed`: its recipients were said, and nobody takes the place of who is left out. The exit code, after it was
// told.
int answer_send(struct answer_input *input, struct submission *submission, const struct target *root,
                const struct target *newest, Amana__V1__Draft *draft, bool fixed, struct arena *arena);

// The one at `at` is left out from now on, and named on stderr.
void answer_leave_out(struct answer_input *input, Amana__V1__Draft *draft, size_t at);
