// SPDX-License-Identifier: Apache-2.0
// A line on the terminal that says how far something long has come: on stderr, only on a terminal, only after two
// seconds. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
    const char *what;      // "entries"
    uint64_t begun, shown; // ns, monotonic; shown 0: no line stands
    bool on;
};

// `prints`: the verb writes lines to stdout meanwhile, and says by them how far it is where that is a terminal too.
void progress_begin(struct progress *progress, const char *what, bool prints);
// `count` of them are done, which is `part` of `whole`, in whatever these are measured; whole 0: nobody knows.
void progress_at(struct progress *progress, uint64_t count, uint64_t part, uint64_t whole);
// Takes the line away; before anything else is said, and at the end.
void progress_end(struct progress *progress);

// The line at `now`; false where none is due: within two seconds of the beginning or a fifth of one of the last.
#define PROGRESS_LINE 96
bool progress_line(const struct progress *progress, uint64_t now, uint64_t count, uint64_t part, uint64_t whole,
                   char ret_line[PROGRESS_LINE]);
