// SPDX-License-Identifier: Apache-2.0
// The pool of threads that read the journal and do public-key work.
#include "server/net/workers.h"

#include "certs/clock.h"
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

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job *first, **last; // queued, under the lock
    size_t queued, idle;       // jobs; threads that wait
    bool ending;
    size_t room, under_way; // the loop's own, as are these
    struct job *pushed, **pushed_last;
    size_t n_pushed;
    struct event *flush;
    struct mailslot *finished;
    struct worker own;  // the loop's, for a job that comes alone
    uint64_t own_after; // monotonic ns
    unsigned count;
    struct thread threads[];
};

// The next run of jobs: a share of what is queued, so that a long queue costs few locks. NULL: the end.
static struct job *jobs_next(struct workers *workers, struct thread *thread)
{
    struct job *first, **link;
    size_t share;

    pthread_mutex_lock(&workers->lock);
    while (workers->first == NULL && !workers->ending) {
        // An idle worker holds no snapshot: old pages of the journal can be used again.
        if (thread->worker.view != NULL)
            store_view_reset(thread->worker.view);
        workers->idle++;
        pthread_cond_wait(&workers->wake, &workers->lock);
        workers->idle--;
    }
    share = workers->queued / workers->count;
    share = share < 1 ? 1 : share > RUN_MAX ? RUN_MAX : share;
    first = workers->first;
    for (link = &workers->first; *link != NULL && share > 0; share--) {
        workers->queued--;
        link = &(*link)->next;
    }
    workers->first = *link;
    *link = NULL;
    if (workers->first == NULL)
        workers->last = &workers->first;
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
    struct job *job = workers->pushed;
    struct store_view *view = workers->own.view;
    uint64_t began = clock_monotonic();

    if (workers->under_way != 1 || !job->brief || began < workers->own_after ||
        (view != NULL && store_view_renew_now(view) != AM_OK))
        return false;
    workers->pushed = NULL;
    workers->pushed_last = &workers->pushed;
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
    *workers->last = workers->pushed;
    workers->last = workers->pushed_last;
    workers->queued += workers->n_pushed;
    wake = workers->n_pushed < workers->idle ? workers->n_pushed : workers->idle;
    pthread_mutex_unlock(&workers->lock);
    workers->pushed = NULL;
    workers->pushed_last = &workers->pushed;
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
    workers->last = &workers->first;
    workers->pushed_last = &workers->pushed;
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

static void pushed_run(struct workers *workers)
{
    struct job *job = workers->pushed;

    workers->pushed = job->next;
    if (workers->pushed == NULL)
        workers->pushed_last = &workers->pushed;
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
    while (workers->pushed != NULL)
        pushed_run(workers);
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
    job->next = NULL;
    workers->under_way++;
    if (workers->n_pushed++ == 0)
        event_active(workers->flush, EV_TIMEOUT, 0);
    *workers->pushed_last = job;
    workers->pushed_last = &job->next;
}

bool workers_full(const struct workers *workers)
{
    return workers->under_way > workers->room;
}

size_t workers_under_way(const struct workers *workers)
{
    return workers->under_way;
}
