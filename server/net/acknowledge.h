// SPDX-License-Identifier: Apache-2.0
// One Acknowledge call: its statements, each a retrieval of its own to the hub, and its notices as one more.
#pragma once

#include "amana/v1/relay.pb-c.h"
#include "server/net/internal.h"

#define RETRIEVAL_MESSAGES 256u // of one statement

struct acknowledge;

struct statement {
    struct acknowledge *acknowledge;
    struct registry *registry; // the newest when its check began
    struct job job;
    struct hub_retrieval retrieval;
    uint64_t now_ns;
    const uint64_t *notices; // as asked for; no statement then
    size_t n_notices;
    struct hub_retrieved_message *messages; // what the check found, in the arena
    struct arena arena;
};

struct acknowledge {
    struct call call;
    struct statement *parts;
    size_t n_parts, open;      // not yet through
    struct statement *refused; // the first
    uint64_t entries[64];
    size_t n_entries;
};

// On a worker: signature, digests and rows of one statement; or the rows of the notices.
void statement_run(struct job *job, struct worker *worker);
