// SPDX-License-Identifier: Apache-2.0
// A real amanad as a child of the bench: started in a world's folder, asked what it costs, ended. One thread.
#pragma once

#include "proto/model/error.h"

#include <sys/types.h>

#define CHILD_MAP (1ull << 30) // map-size of its journal, which gets all its blocks; a larger journal keeps its own

struct child {
    pid_t pid;
    char address[64]; // "127.0.0.1:PORT"
    int log;          // read end of its stderr, drained by a thread
};

// Writes WORLD/bench.conf (amanad.conf with room for a load) and starts BUILD/server/amanad with it; returns when it
// serves. What it says goes to WORLD/bench.log.
AM_MUST_USE enum am_err child_start(const char *world, const char *build, struct am_detail *detail,
                                    struct child *ret_child);
// SIGTERM, and waits. Its exit status, 128 + signal.
int child_stop(struct child *child);

// CPU seconds of it and its own children (the signer) so far; bytes of anonymous memory of it alone.
double child_cpu(const struct child *child);
double child_anonymous(const struct child *child);
