// SPDX-License-Identifier: Apache-2.0
// ACCESS entries while the log may not append: kept, synced, in a file beside it, so that no reading goes unrecorded
// (audit.md, The signer).
#pragma once

#include "server/net/workers.h"

// One entry to keep. `written` is called on the loop's thread: AM_OK once it is synced, else AM_IO.
struct pending_job {
    const char *path;
    struct am_bytes content; // packed EntryContent, borrowed until `written`
    void (*written)(struct pending_job *job, enum am_err err);
    enum am_err err;
    struct job job;
};
void pending_push(struct workers *workers, struct pending_job *job);
