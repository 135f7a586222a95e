// SPDX-License-Identifier: Apache-2.0
// The CRL numbers that this hub has taken, kept in a file over its restarts. One thread at a time.
#pragma once

#include "certs/trust.h"

// Compares trust's CRLs with those of earlier runs and keeps the higher numbers; `keep` false: compares alone. A file
// that isn't there is a first run. AM_ROLLBACK and AM_CORRUPT with what to do in *detail, AM_IO.
AM_MUST_USE enum am_err crls_seen_take(const char *path, const struct trust *trust, bool keep,
                                       struct am_detail *detail);
