// SPDX-License-Identifier: Apache-2.0
// One Replay stream, the scope of its auditor, and the runs of entries that a worker reads for it.
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "server/net/internal.h"
#include "server/net/scope_countries.h"

#define REPLAY_ITEMS     1000u              // read from one snapshot
#define REPLAY_RUN_BYTES (1024u * 1024)     // of items after which a run ends
#define REPLAY_RUN       (8u * 1024 * 1024) // bytes of memory that one run may take

struct replay {
    struct call call;
    struct job job;
    struct hub_replay hub;
    const Amana__V1__ReplayRequest *request;
    bool filtered;
    bool counted;                     // among its identity's
    struct scope_countries countries; // whose entries this auditor may open
    char *scope[TRUST_COUNTRIES];     // the same, as its entry says it

    bool streaming; // the ACCESS entry is durable
    bool reading;   // a worker is at it: what follows belongs to it
    bool following; // in the list of followers
    bool end_told;
    size_t sent; // of the run's items
    uint64_t last_seq;

    bool pinned;                      // the first run has set `checkpoint`
    struct log_checkpoint checkpoint; // what the items are proved against
    bool checkpoint_due;              // the next item carries it
    uint64_t next, end;
    bool at_end;    // nothing is left below `end`
    uint64_t grown; // the net's count when the run began
    struct arena run;
    struct am_bytes items[REPLAY_ITEMS];
    uint64_t seqs[REPLAY_ITEMS];
    size_t n_items;
    enum am_err err;
    struct replay *prev_follower, *next_follower;
};

// On a worker: the next run of items.
void replay_run(struct job *job, struct worker *worker);

// May an auditor with this scope see what the entry says? In scope is what names a unit of one of the countries; the
// hub's own conduct that names nobody is open to every auditor.
AM_MUST_USE enum am_err scope_opens(const struct replay *replay, struct store_view *view, struct arena *arena,
                                    const struct store_entry *entry, bool *ret_opens);
