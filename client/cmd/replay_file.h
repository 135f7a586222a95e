// SPDX-License-Identifier: Apache-2.0
// A replay as it was received, kept in a file: one ReplayItem of JSON a line, between a first line that says what it is
// and a last one that counts them. And the verdict that replay and verify print alike. One thread.
#pragma once

#include "client/cmd/command.h"
#include "client/session/replay.h"

// A new file; one that is there already is left alone (AM_EXISTS). AM_FULL where it can't be made. The caller closes
// it.
AM_MUST_USE enum am_err replay_file_create(const char *path, struct am_detail *detail, FILE **ret_file);
// First line. AM_IO.
AM_MUST_USE enum am_err replay_file_begin(FILE *file, const char *origin, bool filtered);
AM_MUST_USE enum am_err replay_file_add(FILE *file, const Amana__V1__ReplayItem *item);
// Last line, after a replay that came to its end: `items` stand before it. AM_IO.
AM_MUST_USE enum am_err replay_file_end(FILE *file, uint64_t items);

// Reads the first line. AM_INVALID where the file is none.
AM_MUST_USE enum am_err replay_file_open(FILE *file, const char *path, const char *origin, struct am_detail *detail,
                                         bool *ret_filtered);
// The next item into the arena; *line counts, and is 1 before the first. AM_NOT_FOUND after the last line; AM_INVALID
// where the file ends without it, or it counts another number of items than stand before it; AM_TOO_LARGE, a line.
AM_MUST_USE enum am_err replay_file_next(FILE *file, const char *path, unsigned *line, struct arena *arena,
                                         struct am_detail *detail, Amana__V1__ReplayItem **ret_item);

// Takes one item through the check and prints its line where it lies in [from, to). 0, or the exit code that ends it.
struct replay_run {
    struct command *command;
    struct replay_check check;
    uint64_t from, to; // shown; to 0: all
    bool damaged;
    enum replay_verdict verdict; // set by replay_run_end
};
AM_MUST_USE enum am_err replay_run_item(struct replay_run *run, const Amana__V1__ReplayItem *item, struct arena *arena,
                                        struct am_detail *detail);
// The verdict line; returns the exit code.
int replay_run_end(struct replay_run *run);
