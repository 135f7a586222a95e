// SPDX-License-Identifier: Apache-2.0
// A case as `amana export htcds` writes it, as JSON or CSV. Pure; any thread.
#pragma once

#include "client/cmd/htcds_draft.h"

// Reads its records into the arena: JSON where it begins with a bracket, else CSV. A UTF-8 mark at its start is
// skipped. The ' that an export put before a cell is taken off. AM_INVALID where it is no such file, or is cut short,
// has a field twice or a byte that isn't UTF-8: *detail has the field or the line; AM_TOO_LARGE (LIMIT_HTCDS_…);
// AM_NOMEM.
AM_MUST_USE enum am_err htcds_read(struct am_bytes text, struct arena *arena, struct am_detail *detail,
                                   struct htcds_values *ret_values);
