// SPDX-License-Identifier: Apache-2.0
// One Send call, and the check that a worker makes of it.
#pragma once

#include "amana/v1/relay.pb-c.h"
#include "certs/release.h"
#include "server/net/apart.h"
#include "server/net/asked.h"
#include "server/net/internal.h"

// How far the sender's case was looked through for a message that it has, where its state is listed (send_apart.h).
struct apart_case {
    bool asked, party;      // `in_hand` is wanted; it has one
    uint64_t next;          // seq of the case where it goes on
    struct in_hand in_hand; // of its unit; the call's
};

struct send {
    struct call call;
    struct job job;
    Amana__V1__Header *header;
    struct registry *registry; // and
    uint64_t now_ns;           // of the check
    struct arena checked;      // what the check found; anew for each check
    bool urgent;               // one of its peer's that go first
    struct send *next;         // of those that wait to be decided
    struct apart_place apart;
    struct asked_place asked;
    struct apart_case of_case;
    struct hub_submission submission; // last: its end is seldom used
};

// Whether the message points to others: only then has a check filled the end of the submission.
bool send_points(const struct send *send);

// Takes one of its peer's places among what goes first, where one is free, and gives it back (nothing where it has
// none): urgency is what a sender says, so that each has but LIMIT_URGENT_EACH. The first says whether it has one.
bool send_hurry(struct send *send);
void send_hurried(struct send *send);

// Hands what it was filled with to the hub; the call is answered by send_reply.
void send_arrive(struct send *send);
void send_clear(struct call *call);

// On a worker: everything that the hub must know about the message and that doesn't stand in its own memory.
void send_check_run(struct job *job, struct worker *worker);
