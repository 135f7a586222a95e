// SPDX-License-Identifier: Apache-2.0
// ACCESS entries while the log may not append: kept, synced, in a file beside it, so that no reading goes unrecorded
// (audit.md, The signer).
#pragma once

#include "server/net/workers.h"

// One entry to keep. `written` is called on the loop's thread: AM_OK once it is synced, else AM_IO.
struct pending_job {
    const char *path;
    struct am_bytes content; // packed EntryContent of an ACCESS entry, borrowed until `written`
    uint64_t read_at;        // UTC ns, set by pending_push
    void (*written)(struct pending_job *job, enum am_err err);
    enum am_err err;
    struct job job;
};
void pending_push(struct workers *workers, struct pending_job *job);

// The file on its way into the log (net_pending_take).
struct pending;
void pending_free(struct pending *pending); // NULL is fine
