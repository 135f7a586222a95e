// SPDX-License-Identifier: Apache-2.0
// With which status the program ends of which error (sysexits.h; docs/man/amanad.8, EXIT STATUS). Any thread.
#pragma once

#include "proto/model/error.h"

// A number of sysexits.h; 0 for AM_OK.
int exit_status(enum am_err err);

// The same where the program ends because the outcome of a commit or signature is unknown, and what is to be done then.
int exit_died(enum am_err err);
const char *exit_died_do(enum am_err err);
