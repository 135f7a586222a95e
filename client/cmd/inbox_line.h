// SPDX-License-Identifier: Apache-2.0
// The line of what has come, on standard output: for people, or as JSON where the command asks for it. One thread.
#pragma once

#include "client/cmd/command.h"
#include "client/cmd/traffic.h"

// A message, with what is asked of this unit and what may be offered because of it.
void inbox_line_message(struct command *command, const char *id, const Amana__V1__Kept *kept);

// A notice and what it is about; `content` is that of its entry, in the arena, whose id a line may replace by that of
// the message kept. Of a retrieval those messages are named that `traffic` wants. One that doesn't hold is called an
// alarm.
void inbox_line_notice(struct command *command, const Amana__V1__KeptNotice *notice,
                       const Amana__V1__EntryContent *content, const struct traffic *traffic, struct arena *arena);
