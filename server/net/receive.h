// SPDX-License-Identifier: Apache-2.0
// One Receive stream, and the run of mailbox rows that a worker reads for it.
#pragma once

#include "amana/v1/relay.pb-c.h"
#include "server/net/handed.h"
#include "server/net/internal.h"

// Messages wait for the device's signature, notices and copies for its word: each lane has room of its own.
enum receive_lane { LANE_MESSAGES, LANE_NOTICES, LANES };

#define RECEIVE_ROWS      16u                // read in one run
#define RECEIVE_RUN       (4u * 1024 * 1024) // bytes of memory that one run may take
#define RECEIVE_RUN_BYTES (512u * 1024)      // of deliveries after which a run ends
#define RECEIVE_OUT       (LIMIT_UNACKNOWLEDGED + 256u)
#define RECEIVE_GONE      256u  // acknowledged while a run is read
#define RECEIVE_URGENCIES 5u    // by code: 1 to 4
#define RECEIVE_LOOKS     1024u // rows of which one run finds out whether a state isn't to learn of them
#define RECEIVE_WHOSE     16u   // units that it supervises, of what was withheld from which it is to be told

struct receive_row {
    uint64_t seq;
    uint8_t digest[HANDED_DIGEST]; // of a message, not of a notice
    enum receive_lane lane;
    struct am_bytes delivery; // packed Delivery, in the run's arena
};

struct receive_sent {
    uint64_t seq;
    enum receive_lane lane;
};

struct receive_in_hand {
    const char *unit;
    uint64_t seq;
};

// How far the stream has read: rows of one urgency come in the order of seq.
struct receive_cursor {
    uint64_t after[LANES][RECEIVE_URGENCIES]; // last seq looked at
    bool begun[LANES][RECEIVE_URGENCIES];     // `after` counts (seq 0 is a seq)
};

struct receive {
    struct call call;
    struct job job;
    const Amana__V1__ReceiveRequest *request;
    bool once;
    bool reading; // a worker is at it: what follows further down belongs to it
    bool more;    // there may be rows that were not looked at
    bool again;   // of those that were withheld some may be free: they are looked at from the first on
    uint32_t most[LANES], out[LANES];
    struct receive_sent sent[RECEIVE_OUT + 2 * RECEIVE_ROWS];
    size_t n_sent;
    uint64_t gone[RECEIVE_GONE]; // acknowledged since the run under way was begun: it may have seen them still
    size_t n_gone;               // more than there is room for: the run is read again
    struct receive_cursor begin; // of the run under way

    // The worker's, while it reads.
    uint32_t room[LANES];
    const struct receive_in_hand *in_hand; // that devices have and haven't signed for; in `run`
    size_t n_in_hand;
    char whose[RECEIVE_WHOSE][LIMIT_ADDRESS + 1]; // whose they are, beside its own unit's
    size_t n_whose;
    bool whose_new;                               // one more since the run was begun
    struct peer_out bodies[LIMIT_UNACKNOWLEDGED]; // that the device has: as it was, and what the run adds
    size_t n_bodies;
    uint64_t told[RECEIVE_OUT + 2 * RECEIVE_ROWS]; // of the lane of notices, what is out
    size_t n_told;
    struct receive_cursor cursor;
    struct arena run;
    struct receive_row rows[RECEIVE_ROWS];
    size_t n_rows;
    bool shields;         // some case is kept from some state
    bool withheld[LANES]; // there were rows that its state is not to learn of
    unsigned looks;       // of the run
    bool held_back;       // there are rows that found no room
    bool device_full;     // because the device has signed for too little
    bool run_full;        // the run ended before the mailbox did
    enum am_err err;
};

// On a worker: fills rows from the mailbox.
void receive_run(struct job *job, struct worker *worker);
