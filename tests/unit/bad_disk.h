// SPDX-License-Identifier: Apache-2.0
// A disk that fails on demand: fdatasync, pwrite and writev of this program and of every library in it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum bad_call {
    BAD_ANY,
    BAD_SYNC,  // fdatasync
    BAD_WRITE, // pwrite and writev of whole pages
    BAD_META,  // pwrite of less than a page: LMDB's meta page
};

// The count-th such call from now on (1: the next) fails with `error` (0: it writes but a half), and `more` after it;
// the others are done.
void bad_disk_arm(enum bad_call call, unsigned count, unsigned more, int error);
// Ends it; how many calls were made to fail.
unsigned bad_disk_disarm(void);
