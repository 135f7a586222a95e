// SPDX-License-Identifier: Apache-2.0
// What `amana status` alone says, on standard output. One thread.
#pragma once

#include "client/cmd/command.h"

// Settings, certificates, lists, oversight, link, log and how many messages; as JSON where the command asks for it.
// Gives the exit code: EX_UNAVAILABLE without a link.
int status_desk(struct command *command);

// The settings alone, each with where it is from: also of a desk that can't be opened.
void status_desk_settings(const struct settings *settings);
