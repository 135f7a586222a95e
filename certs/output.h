// SPDX-License-Identifier: Apache-2.0
// Where a program prints: not into its own files, and not into nothing without a word. For main() alone.
#pragma once

// First of all, before anything is opened. Where a caller left 0, 1 or 2 closed, the first files to be opened would
// take their numbers, and what is printed would go into them: into a database. /dev/null stands there instead; one that
// fails is 1. That who reads has left, of a pipe as of a peer, is from here on an error of the write, and no signal.
// At the program's end, however it comes to it: EX_IOERR where the status would be 0 and something of what was printed
// is lost, which is told, unless its reader left. program, for what is told, lives on.
void output_begin(const char *program);
