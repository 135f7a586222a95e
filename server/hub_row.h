// SPDX-License-Identifier: Apache-2.0
// The hub's own row in trust.conf, which its desks go by, against what the hub is. One thread at a time.
#pragma once

#include "certs/trust.h"
#include "server/config.h"

// AM_CONFIG where trust.conf has no row for this hub, or one with another origin or a log-key that is none. `log_key`,
// where it isn't NULL or "", is the verifier key of the log that is here: the row's must be that one. A row without a
// log-key is one from before `amanad init`.
AM_MUST_USE enum am_err hub_row_check(const struct config *config, const struct trust *trust, const char *log_key,
                                      struct am_detail *detail);
