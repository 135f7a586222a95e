// SPDX-License-Identifier: Apache-2.0
// Records of HTCDS as comma-separated values (RFC 4180) that no spreadsheet computes. Any thread.
#pragma once

#include "proto/model/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

// One column for each field that a record has, in the order in which they are met. AM_NOMEM; what `file` says of itself
// is the caller's. On a terminal, what it would obey is shown in its place; into a file each cell goes as it is.
AM_MUST_USE enum am_err htcds_csv_print(const json_t *records, FILE *file);

// Whether a cell is written with a ' before it: a spreadsheet would compute it, or it begins as one that was written
// so. A reader takes the ' off where what follows is such a cell.
bool htcds_csv_defused(const char *text);
