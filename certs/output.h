// SPDX-License-Identifier: Apache-2.0
// Where a program prints: not into its own files, and not into nothing without a word. For main() alone.
#pragma once

// Before anything is opened. Where a caller left 0, 1 or 2 closed, the first files to be opened would take their
// numbers, and what is printed would go into them: into a database. /dev/null stands there instead; one that fails
// is 1.
void output_begin(void);

// At the end: `status`, or EX_IOERR where that is 0 and something of what was printed is lost, which is then told.
int output_end(const char *program, int status);
