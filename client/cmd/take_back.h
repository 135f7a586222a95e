// SPDX-License-Identifier: Apache-2.0
// What has gone already with its release DEFERRED and is sent back: ended under the supervisor's name alone. One
// thread.
#pragma once

#include "client/cmd/command.h"
#include "client/session/second.h"

// Ends what was sent back: an alert whichever unit sent it (the hub takes that of its releasing unit), else one's own
// alone. To all who have it and may know of it; who may not is left out, and named. Nothing is to be done of what was
// not sent. The exit code, after it was told.
int take_back(struct command *command, const struct second_waiting *waiting, struct arena *arena);
