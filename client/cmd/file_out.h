// SPDX-License-Identifier: Apache-2.0
// Files that a verb writes into a folder: made where it isn't there, each named on standard output. One thread.
#pragma once

#include "client/cmd/command.h"

// AM_FULL (exit status 73) where it can't be made.
AM_MUST_USE enum am_err file_out_folder(const char *folder, unsigned mode, struct am_detail *detail);
// FOLDER/NAME, replaced whole; its path is printed, as {"file": …} where the command prints JSON. AM_FULL as above.
AM_MUST_USE enum am_err file_out(const struct command *command, const char *folder, const char *name,
                                 struct am_bytes bytes, struct am_detail *detail);
