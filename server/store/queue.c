// SPDX-License-Identifier: Apache-2.0
// The queue of appends: taken at the door while there is room, and given to the keeper a batch at a time. Where many
// more are about to come it waits until as many are there, for a moment.
#include "server/store/internal.h"

#include <errno.h>
#include <time.h>

#define EXPECTED_FEW  3u   // so few are never waited for: a commit takes longer than their checks
#define EXPECTED_MOST 256u // nor more than these: what a batch costs is spread widely enough

// Is there enough for a batch?
static bool queue_ripe(const struct store *store)
{
    return store->queue_len > 0 &&
           (store->queue_len >= store->expected || store->queue_len == store->queue_room || store->left);
}

void store_expect(struct store *store, size_t n)
{
    pthread_mutex_lock(&store->lock);
    store->expected = n <= EXPECTED_FEW ? 0 : n < EXPECTED_MOST ? n : EXPECTED_MOST;
    bool ripe = queue_ripe(store);
    pthread_mutex_unlock(&store->lock);
    if (ripe)
        pthread_cond_signal(&store->queued);
}

enum am_err store_submit(struct store *store, struct journal_append *append)
{
    TRY(append_check_shape(append));
    enum am_err err = AM_OK;
    bool wake = false;
    pthread_mutex_lock(&store->lock);
    if (!store->running || store->stopping) {
        err = AM_READ_ONLY;
    } else if (store->queue_len == store->queue_room) {
        err = AM_BUSY;
    } else {
        store->queue[(store->queue_first + store->queue_len++) % store->queue_room] = append;
        wake = store->queue_len == 1 || queue_ripe(store); // it waits without an end while there is nothing
    }
    pthread_mutex_unlock(&store->lock);
    if (wake)
        pthread_cond_signal(&store->queued); // after the lock, else the keeper wakes only to wait for it
    return err;
}

uint64_t store_append_bytes(const struct journal_append *append)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < append->n_entries; i++)
        bytes += append->entries[i].content.len;
    if (append->message != NULL)
        bytes += append->message->header.len + append->message->signature.len + append->message->flags.len +
                 append->message->body.len;
    return bytes;
}

static size_t append_weight(const struct journal_append *append)
{
    return append->n_entries > 0 ? append->n_entries : 1;
}

static struct timespec time_after(uint64_t ns)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    ns += (uint64_t)time.tv_nsec;
    time.tv_sec += (time_t)(ns / NS_PER_S);
    time.tv_nsec = (long)(ns % NS_PER_S);
    return time;
}

// Until there is a batch, or something else to see to. What is there waits for what is still being checked only so
// long: a peer may see to it that much always is, and that it is slow or comes to nothing.
static void queue_wait(struct store *store)
{
    struct timespec until = {0};
    int rc = 0;
    while (!queue_ripe(store) && !store->stopping && !store->point_failed && rc != ETIMEDOUT) {
        if (store->queue_len == 0) {
            pthread_cond_wait(&store->queued, &store->lock);
            continue;
        }
        if (until.tv_sec == 0)
            until = time_after(store->patience_ns);
        rc = pthread_cond_timedwait(&store->queued, &store->lock, &until);
    }
}

size_t queue_take(struct store *store, struct journal_append *ret_appends[LIMIT_BATCH_ENTRIES])
{
    size_t entries = 0, n = 0;
    uint64_t bytes = 0;
    pthread_mutex_lock(&store->lock);
    store->working = false;
    queue_wait(store);
    while (store->queue_len > 0) {
        struct journal_append *append = store->queue[store->queue_first];
        entries += append_weight(append);
        bytes += store_append_bytes(append);
        if (n > 0 && (entries > LIMIT_BATCH_ENTRIES || bytes > LIMIT_BATCH_BYTES))
            break;
        ret_appends[n++] = append;
        store->queue_first = (store->queue_first + 1) % store->queue_room;
        store->queue_len--;
    }
    store->left = store->queue_len > 0;
    store->working = n > 0;
    store->batches += store->working;
    pthread_mutex_unlock(&store->lock);
    return n;
}
