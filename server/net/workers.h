// SPDX-License-Identifier: Apache-2.0
// The pool of threads that read the journal and do public-key work, so that the loop doesn't: only a brief job that
// comes alone, while no other is under way, is run by the loop itself.
#pragma once

#include "certs/cms.h"
#include "server/store/store.h"

struct event_base;
struct worker;
struct workers;

// What goes first. After LIMIT_URGENT_ROW urgent ones one of the others has its turn, so that nothing waits for ever.
enum job_class { JOB_USUAL, JOB_URGENT, JOB_CLASSES };

// One piece of work, embedded in what it works for; nothing is allocated to hand it over. Between workers_push and
// `done` it belongs to the pool: nobody else touches it or what `run` uses.
struct job {
    void (*run)(struct job *job, struct worker *worker); // on a worker's thread; a brief one perhaps on the loop's
    void (*done)(struct job *job);                       // on the loop's thread
    bool brief; // by what is known before it takes less than waking a thread does
    enum job_class class;
    size_t bytes; // that it reads through; a run of jobs has no more than LIMIT_RUN_BYTES, or one job
    struct job *next;
};

// What a worker lends to the job that it runs.
struct worker {
    struct store_view *view; // renewed before each run of jobs; let go when the queue is empty
    struct cms_seal *seal;   // scratch
    struct workers *workers;
};

// Starts `threads` threads (at least 1) whose finished jobs come back through `base`. store may be NULL (tests): the
// view then too. AM_NOMEM, AM_IO.
AM_MUST_USE enum am_err workers_new(struct event_base *base, struct store *store, unsigned threads, size_t room,
                                    struct workers **ret_workers);

// Runs what is queued, joins the threads and gives every finished job its `done`. NULL is fine.
void workers_free(struct workers *workers);

// Queues a job. Never fails and never waits: what may be taken in is bounded by workers_full, which is asked before new
// work is begun. Loop's thread.
void workers_push(struct workers *workers, struct job *job);

// True while more than `room` jobs are under way: take nothing new. Loop's thread.
bool workers_full(const struct workers *workers);
size_t workers_under_way(const struct workers *workers);
