// SPDX-License-Identifier: Apache-2.0
// A replay as it was received, kept in a file: one ReplayItem of JSON a line after a first line that says what it is.
// And the verdict that replay and verify print alike. One thread.
#pragma once

#include "client/cmd/command.h"
#include "client/session/replay.h"

// First line. AM_IO.
AM_MUST_USE enum am_err replay_file_begin(FILE *file, const char *origin, bool filtered);
AM_MUST_USE enum am_err replay_file_add(FILE *file, const Amana__V1__ReplayItem *item);

// Reads the first line. AM_INVALID where the file is none.
AM_MUST_USE enum am_err replay_file_open(FILE *file, const char *path, const char *origin, struct am_detail *detail,
                                         bool *ret_filtered);
// The next item into the arena. AM_NOT_FOUND at the end; *line counts.
AM_MUST_USE enum am_err replay_file_next(FILE *file, const char *path, unsigned *line, struct arena *arena,
                                         struct am_detail *detail, Amana__V1__ReplayItem **ret_item);

// Takes one item through the check and prints its line where it lies in [from, to). 0, or the exit code that ends it.
struct replay_run {
    struct command *command;
    struct replay_check check;
    uint64_t from, to; // shown; to 0: all
    bool damaged;
};
AM_MUST_USE enum am_err replay_run_item(struct replay_run *run, const Amana__V1__ReplayItem *item, struct arena *arena,
                                        struct am_detail *detail);
// The verdict line; returns the exit code.
int replay_run_end(struct replay_run *run);
