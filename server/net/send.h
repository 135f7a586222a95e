// SPDX-License-Identifier: Apache-2.0
// One Send call, and the check that a worker makes of it.
#pragma once

#include "amana/v1/relay.pb-c.h"
#include "certs/release.h"
#include "server/net/internal.h"

struct send {
    struct call call;
    struct job job;
    Amana__V1__Header *header;
    struct registry *registry;        // and
    uint64_t now_ns;                  // of the check
    struct arena checked;             // what the check found; anew for each check
    struct hub_submission submission; // last: its end is seldom used
};

// Whether the message points to others: only then has a check filled the end of the submission.
bool send_points(const struct send *send);

// Hands what it was filled with to the hub; the call is answered by send_reply.
void send_arrive(struct send *send);
void send_clear(struct call *call);

// On a worker: everything that the hub must know about the message and that doesn't stand in its own memory.
void send_check_run(struct job *job, struct worker *worker);
