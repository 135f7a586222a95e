// SPDX-License-Identifier: Apache-2.0
// A roster as it is shown: who is on it, who signed it, until when. One thread.
#pragma once

#include "certs/roster.h"

// For people, or one line of JSON, on standard output; returns the exit code.
int roster_print(const struct roster *roster, bool json);
