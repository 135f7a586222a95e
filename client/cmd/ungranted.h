// SPDX-License-Identifier: Apache-2.0
// A way without a grant: what begins something may be an answer to a message that all whom it is for have. One thread.
#pragma once

#include "client/cmd/submit.h"

// After a refusal with NOT_PERMITTED: names the newest message of the draft's case that all its recipients have, and
// the command that sends the draft about it. Nothing where there is none, or where an answer would reach them no more
// than this did.
void ungranted_say(struct command *command, const struct submission *submission);
