// SPDX-License-Identifier: Apache-2.0
// A way without a grant: what begins something may be an answer to a message that all whom it is for have. One thread.
#pragma once

#include "client/cmd/submit.h"

// After a refusal with NOT_PERMITTED: names the newest message of the draft's case that all its recipients have, and
// the command that sends the draft about it. Nothing where there is none, or where one of them is known here to be
// reached by nothing. A case that is kept from one of them by what never came here (rule 4) is refused either way, and
// this stands there all the same: who asks learns no more than without it.
void ungranted_say(struct command *command, const struct submission *submission);
