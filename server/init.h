// SPDX-License-Identifier: Apache-2.0
// `amanad init`: the log and its key, GENESIS and the first members. One thread.
#pragma once

#include "server/config.h"

#define INIT_REGISTRARS 64u

// Makes everything in DATA.new and renames it to DATA last, so that an interrupted init leaves no half log. Prints the
// log's verifier key on stdout. AM_EXISTS where there is a log already.
AM_MUST_USE enum am_err init_run(const struct config *config, char *const *registrars, size_t n_registrars,
                                 const char *members, struct am_detail *detail);
