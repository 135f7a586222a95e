// SPDX-License-Identifier: Apache-2.0
// BODY_REJECTED for what came and could not be opened, or breaks a rule that only a reader can check: an officer signs
// it, so that it goes with the officer's next message. One thread.
#pragma once

#include "client/cmd/command.h"

// Puts one into the outbox for each message of the inbox that has a fault and was not rejected yet. What fails is told
// and tried again with the next message: it stands in nothing's way.
void rejections_add(struct command *command);
