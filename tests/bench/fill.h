// SPDX-License-Identifier: Apache-2.0
// A log that is large already: written into a world whose hub isn't running, as batches are. Prints how long it took;
// ends the program where it fails. The process that holds the log's key is this program, executed anew: its main hands
// `--signer` to signer_main (server/signer/signer.h).
#pragma once

void fill_alarms(const char *world, unsigned long entries);
// Also prints how long the entries of one case take to be found and read.
void fill_messages(const char *world, unsigned messages, unsigned cases);
