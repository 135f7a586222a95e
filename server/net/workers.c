// SPDX-License-Identifier: Apache-2.0
// The pool of threads that read the journal and do public-key work.
#include "server/net/workers.h"

#include "certs/clock.h"
#include "proto/model/limits.h"
#include "server/net/mailslot.h"
#include "server/net/report.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#define RUN_MAX  8u                // jobs done in one snapshot and handed back together
#define BRIEF_NS (NS_PER_S / 1000) // a brief job that takes longer waits for the disk: the loop runs none for a second

struct thread {
    pthread_t id;
    struct worker worker;
    struct store *store;
    bool running;
};

// Jobs in the order in which they came.
struct chain {
    struct job *first, **last;
};

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct chain queue[JOB_CLASSES]; // under the lock, as are these
    unsigned row;                    // urgent ones taken one after the other while others wait
    size_t queued, idle;             // jobs; threads that wait
    bool ending;
    size_t room, under_way; // the loop's own, as are these
    struct chain pushed[JOB_CLASSES];
    size_t n_pushed;
    struct event *flush;
    struct mailslot *finished;
    struct worker own;  // the loop's, for a job that comes alone
    uint64_t own_after; // monotonic ns
    unsigned count;
    struct thread threads[];
};

static void chain_init(struct chain *chain)
{
    chain->first = NULL;
    chain->last = &chain->first;
}

static void chain_put(struct chain *chain, struct job *job)
{
    job->next = NULL;
    *chain->last = job;
    chain->last = &job->next;
}

static struct job *chain_take(struct chain *chain)
{
    struct job *job = chain->first;

    chain->first = job->next;
    if (chain->first == NULL)
        chain->last = &chain->first;
    return job;
}

static void chain_join(struct chain *chain, struct chain *more)
{
    *chain->last = more->first;
    if (more->first != NULL)
        chain->last = more->last;
    chain_init(more);
}

// Whose turn it is; a queue that is empty leaves it to the other.
static const enum job_class TURN[JOB_CLASSES][JOB_CLASSES] = {
    [JOB_URGENT] = {JOB_URGENT, JOB_USUAL}, // as long as the row is not full
    [JOB_USUAL] = {JOB_USUAL, JOB_URGENT},
};

static enum job_class class_next(const struct workers *workers)
{
    const enum job_class *turn = TURN[workers->row < LIMIT_URGENT_ROW ? JOB_URGENT : JOB_USUAL];

    return workers->queue[turn[0]].first != NULL ? turn[0] : turn[1];
}

// A share of what is queued, so that a long queue costs few locks; what is large goes by itself, so that nothing urgent
// waits for more than one of these.
static struct job *run_take(struct workers *workers)
{
    size_t share = workers->queued / workers->count, bytes = 0;
    struct chain run;

    chain_init(&run);
    share = share < 1 ? 1 : share > RUN_MAX ? RUN_MAX : share;
    for (; workers->queued > 0 && share > 0; share--) {
        enum job_class class = class_next(workers);
        bytes += workers->queue[class].first->bytes;
        if (run.first != NULL && bytes > LIMIT_RUN_BYTES)
            break;
        chain_put(&run, chain_take(&workers->queue[class]));
        workers->row = class == JOB_URGENT && workers->queue[JOB_USUAL].first != NULL ? workers->row + 1 : 0;
        workers->queued--;
    }
    return run.first;
}

// The next run of jobs. NULL: the end.
static struct job *jobs_next(struct workers *workers, struct thread *thread)
{
    struct job *first;

    pthread_mutex_lock(&workers->lock);
    while (workers->queued == 0 && !workers->ending) {
        // An idle worker holds no snapshot: old pages of the journal can be used again.
        if (thread->worker.view != NULL)
            store_view_reset(thread->worker.view);
        workers->idle++;
        pthread_cond_wait(&workers->wake, &workers->lock);
        workers->idle--;
    }
    first = run_take(workers);
    pthread_mutex_unlock(&workers->lock);
    return first;
}

static void *worker_main(void *argument)
{
    struct thread *thread = argument;
    struct workers *workers = thread->worker.workers;
    struct job *job, *next;

    while ((job = jobs_next(workers, thread)) != NULL) {
        enum am_err err = thread->worker.view != NULL ? store_view_renew(thread->worker.view) : AM_OK;
        if (err != AM_OK) { // nothing true could be answered any more
            report(REPORT_ERROR, "died", "what=\"the journal can't be read\" reason=\"%s\"", am_err_text(err));
            _exit(err == AM_NOMEM ? EX_SOFTWARE : EX_IOERR);
        }
        for (; job != NULL; job = next) {
            next = job->next;
            job->run(job, &thread->worker);
            mailslot_put_quiet(workers->finished, job);
        }
        mailslot_wake(workers->finished);
    }
    return NULL;
}

static void finished(void *user, void *item)
{
    struct workers *workers = user;
    struct job *job = item;

    workers->under_way--;
    job->done(job);
}

static void *job_link(void *item, void *next)
{
    struct job *job = item;
    void *before = job->next;

    job->next = next;
    return before;
}

static enum am_err worker_init(struct worker *worker, struct workers *workers, struct store *store)
{
    worker->workers = workers;
    worker->seal = malloc(sizeof *worker->seal);
    if (worker->seal == NULL)
        return AM_NOMEM;
    if (store == NULL)
        return AM_OK;
    TRY(store_view_begin(store, &worker->view));
    store_view_reset(worker->view);
    return AM_OK;
}

static void worker_clear(struct worker *worker)
{
    store_view_end(worker->view);
    free(worker->seal);
}

static enum am_err thread_start(struct workers *workers, struct thread *thread, struct store *store)
{
    sigset_t all, before;
    int failed;

    TRY(worker_init(&thread->worker, workers, store));
    // Signals are for the loop.
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&thread->id, NULL, worker_main, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0)
        return AM_NOMEM;
    thread->running = true;
    return AM_OK;
}

// A brief job that comes alone is run here: to wake a thread, and then the loop again, takes as long as the job. Not
// where the loop would have to wait for a signature.
static bool run_alone(struct workers *workers)
{
    enum job_class class = workers->pushed[JOB_URGENT].first != NULL ? JOB_URGENT : JOB_USUAL;
    struct job *job = workers->pushed[class].first;
    struct store_view *view = workers->own.view;
    uint64_t began = clock_monotonic();

    if (workers->under_way != 1 || !job->brief || began < workers->own_after ||
        (view != NULL && store_view_renew_now(view) != AM_OK))
        return false;
    chain_init(&workers->pushed[class]);
    workers->n_pushed = 0;
    job->run(job, &workers->own);
    if (view != NULL)
        store_view_reset(view);
    uint64_t ended = clock_monotonic();
    if (ended - began > BRIEF_NS)
        workers->own_after = ended + NS_PER_S;
    finished(workers, job);
    return true;
}

// What one turn of the loop has pushed goes over together: one lock, and no more threads woken than there are jobs.
static void on_flush(evutil_socket_t fd, short what, void *user)
{
    struct workers *workers = user;
    size_t wake;

    if (run_alone(workers))
        return;
    pthread_mutex_lock(&workers->lock);
    for (int class = 0; class < JOB_CLASSES; class ++)
        chain_join(&workers->queue[class], &workers->pushed[class]);
    workers->queued += workers->n_pushed;
    wake = workers->n_pushed < workers->idle ? workers->n_pushed : workers->idle;
    pthread_mutex_unlock(&workers->lock);
    workers->n_pushed = 0;
    for (; wake > 0; wake--)
        pthread_cond_signal(&workers->wake);
}

enum am_err workers_new(struct event_base *base, struct store *store, unsigned threads, size_t room,
                        struct workers **ret_workers)
{
    struct workers *workers = calloc(1, sizeof *workers + threads * sizeof workers->threads[0]);
    enum am_err err = AM_OK;

    if (workers == NULL)
        return AM_NOMEM;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->wake, NULL);
    for (int class = 0; class < JOB_CLASSES; class ++) {
        chain_init(&workers->queue[class]);
        chain_init(&workers->pushed[class]);
    }
    workers->room = room;
    workers->count = threads;
    err = mailslot_new(base, job_link, finished, workers, &workers->finished);
    workers->flush = event_new(base, -1, 0, on_flush, workers);
    if (err == AM_OK && workers->flush == NULL)
        err = AM_NOMEM;
    if (err == AM_OK)
        err = worker_init(&workers->own, workers, store);
    for (unsigned i = 0; i < threads && err == AM_OK; i++)
        err = thread_start(workers, &workers->threads[i], store);
    if (err != AM_OK) {
        workers_free(workers);
        return err;
    }
    *ret_workers = workers;
    return AM_OK;
}

static void pushed_run(struct workers *workers, enum job_class class)
{
    struct job *job = chain_take(&workers->pushed[class]);

    if (workers->threads[0].worker.view == NULL || store_view_renew(workers->threads[0].worker.view) == AM_OK)
        job->run(job, &workers->threads[0].worker);
    finished(workers, job);
}

void workers_free(struct workers *workers)
{
    if (workers == NULL)
        return;
    if (workers->n_pushed > 0)
        on_flush(-1, 0, workers);
    pthread_mutex_lock(&workers->lock);
    workers->ending = true;
    pthread_cond_broadcast(&workers->wake);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->count; i++)
        if (workers->threads[i].running)
            pthread_join(workers->threads[i].id, NULL);
    // What their ends push is run here: nothing under way is forgotten.
    if (workers->finished != NULL)
        mailslot_empty(workers->finished);
    for (int class = 0; class < JOB_CLASSES; class ++)
        while (workers->pushed[class].first != NULL)
            pushed_run(workers, (enum job_class) class);
    mailslot_free(workers->finished);
    if (workers->flush != NULL)
        event_free(workers->flush);
    for (unsigned i = 0; i < workers->count; i++)
        worker_clear(&workers->threads[i].worker);
    worker_clear(&workers->own);
    pthread_cond_destroy(&workers->wake);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}

void workers_push(struct workers *workers, struct job *job)
{
    workers->under_way++;
    if (workers->n_pushed++ == 0)
        event_active(workers->flush, EV_TIMEOUT, 0);
    chain_put(&workers->pushed[job->class], job);
}

bool workers_full(const struct workers *workers)
{
    return workers->under_way > workers->room;
}

size_t workers_under_way(const struct workers *workers)
{
    return workers->under_way;
}
