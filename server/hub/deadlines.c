// SPDX-License-Identifier: Apache-2.0
// The deadlines of the next hour in a heap, filled from the journal's table as time goes on: what lies further ahead
// costs nothing. A row that was cleared stays in the heap; whoever reads it when it has come finds that it has gone.
// One that can't be read, or decided, is put off by itself: it stays, and comes later.
#include "server/hub/internal.h"

#include <stdlib.h>

#define AHEAD_NS  NS_PER_HOUR                // what the heap holds
#define AGAIN_NS  (AHEAD_NS / 2)             // it is filled again with less than this
#define HEAP_FULL (4u * HUB_DEADLINES_READ)  // no more is read for now: these come first anyway
#define HEAP_MOST (16u * HUB_DEADLINES_READ) // of a busy hour: what comes later is left in the journal until it is read
#define OFF_MOST  HEAP_FULL                  // put off: more of them are left in the journal until the next start

// --- The heap
static int compare(const struct journal_deadline *a, const struct journal_deadline *b)
{
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return (a->subject > b->subject) - (a->subject < b->subject);
}

static bool sooner(const struct hub_awaited *a, const struct hub_awaited *b)
{
    return a->from != b->from ? a->from < b->from : compare(&a->row, &b->row) < 0;
}

static bool is_off(const struct hub_awaited *awaited)
{
    return awaited->from > awaited->row.at;
}

static void sift_up(struct hub_awaited *heap, size_t i)
{
    while (i > 0 && sooner(&heap[i], &heap[(i - 1) / 2])) {
        struct hub_awaited above = heap[(i - 1) / 2];
        heap[(i - 1) / 2] = heap[i];
        heap[i] = above;
        i = (i - 1) / 2;
    }
}

static void sift_down(struct hub_awaited *heap, size_t n)
{
    for (size_t i = 0, least;; i = least) {
        least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
            if (sooner(&heap[child], &heap[least]))
                least = child;
        if (least == i)
            return;
        struct hub_awaited below = heap[least];
        heap[least] = heap[i];
        heap[i] = below;
    }
}

static enum am_err push(struct hub_deadlines *deadlines, const struct journal_deadline *row, uint64_t from)
{
    if (deadlines->n == deadlines->room) {
        size_t room = deadlines->room * 2 + 64;
        struct hub_awaited *heap = reallocarray(deadlines->heap, room, sizeof *heap);
        if (heap == NULL)
            return AM_NOMEM;
        deadlines->heap = heap;
        deadlines->room = room;
    }
    deadlines->heap[deadlines->n] = (struct hub_awaited){*row, from};
    deadlines->n_off += is_off(&deadlines->heap[deadlines->n]);
    sift_up(deadlines->heap, deadlines->n++);
    return AM_OK;
}

static void pop(struct hub_deadlines *deadlines)
{
    deadlines->n_off -= is_off(&deadlines->heap[0]);
    deadlines->heap[0] = deadlines->heap[--deadlines->n];
    sift_down(deadlines->heap, deadlines->n);
    if (deadlines->n == 0) { // what a busy hour took is given back
        free(deadlines->heap);
        deadlines->heap = NULL;
        deadlines->room = 0;
    }
}

void hub_deadlines_free(struct hub *hub)
{
    free(hub->deadlines.heap);
}

// --- What comes into it
// What finds no room isn't lost: it stands in the journal, and is read again.
static void add(struct hub_deadlines *deadlines, const struct journal_deadline *row)
{
    bool room = deadlines->n - deadlines->n_off < HEAP_MOST;
    if ((room && push(deadlines, row, row->at) == AM_OK) || compare(row, &deadlines->horizon) > 0)
        return;
    deadlines->horizon = *row;
    if (deadlines->horizon.subject > 0)
        deadlines->horizon.subject--; // what comes after this one: the row itself again
    else
        deadlines->horizon.at--;
}

void hub_deadlines_committed(struct hub *hub, const struct journal_append *append, uint64_t first)
{
    struct hub_deadlines *deadlines = &hub->deadlines;
    for (size_t i = 0; i < append->n_deadlines; i++) {
        struct journal_deadline row = append->deadlines[i];
        row.was = 0;
        row.subject = row.subject == JOURNAL_SELF ? first : row.subject;
        // One that is read at this moment may have been too late for who reads.
        bool near = compare(&row, &deadlines->horizon) <= 0 || (deadlines->reading && row.at < deadlines->until);
        if (row.at != 0 && near)
            add(deadlines, &row);
    }
}

enum am_err hub_step_deadlines(struct hub_step *step)
{
    struct hub_deadlines *deadlines = &step->hub->deadlines;
    const struct journal_deadline *rows = step->event->deadlines.rows;
    size_t n = step->event->deadlines.n;
    deadlines->reading = false;
    if (step->event->deadlines.err != AM_OK) {
        deadlines->pause = step->event->monotonic_ns + HUB_RETRY_BUSY_NS;
        return AM_OK;
    }
    // From here on all that follows is known; what finds no memory moves it back.
    deadlines->horizon = n == HUB_DEADLINES_READ ? rows[n - 1] : (struct journal_deadline){.at = deadlines->until};
    for (size_t i = 0; i < n; i++)
        add(deadlines, &rows[i]);
    return AM_OK;
}

// --- Once a step
static void read_on(struct hub_step *step, uint64_t now_ns)
{
    struct hub_deadlines *deadlines = &step->hub->deadlines;
    if (deadlines->reading || deadlines->horizon.at >= now_ns + AGAIN_NS ||
        deadlines->n - deadlines->n_off >= HEAP_FULL || hub_actions_room(step->actions, 1) != AM_OK)
        return;
    deadlines->reading = true;
    deadlines->until = now_ns + AHEAD_NS;
    hub_act(step, (struct hub_action){
                      .kind = HUB_ACTION_DEADLINES, .deadline = deadlines->horizon, .until = deadlines->until});
}

void hub_deadlines_go(struct hub_step *step)
{
    struct hub_deadlines *deadlines = &step->hub->deadlines;
    uint64_t now_ns = hub_entry_time(step->hub, step->event->now_ns);
    if (!deadlines->begun || step->hub->draining || step->event->monotonic_ns < deadlines->pause)
        return;
    read_on(step, now_ns);
    while (deadlines->n > 0 && deadlines->heap[0].from <= now_ns && deadlines->under_way < HUB_DUES) {
        if (hub_actions_room(step->actions, 1) != AM_OK)
            return;
        deadlines->under_way++;
        hub_act(step, (struct hub_action){.kind = HUB_ACTION_DUE, .deadline = deadlines->heap[0].row});
        pop(deadlines);
    }
}

// --- And out of it
void hub_due_lost(struct hub *hub, const struct hub_due *due)
{
    hub->deadlines.under_way--;
    add(&hub->deadlines, &due->deadline);
}

void hub_due_done(struct hub_step *step, struct hub_due *due)
{
    step->hub->deadlines.under_way--;
    hub_reply(step, &due->work, REASON_NONE, NULL);
}

void hub_due_pause(struct hub_step *step, struct hub_due *due, uint64_t pause_ns)
{
    step->hub->deadlines.pause = step->event->monotonic_ns + pause_ns;
    add(&step->hub->deadlines, &due->deadline);
    hub_due_done(step, due);
}

// For as long as it is late already, and no longer than that.
void hub_due_put_off(struct hub_step *step, struct hub_due *due, uint64_t most_ns)
{
    struct hub_deadlines *deadlines = &step->hub->deadlines;
    uint64_t now_ns = hub_entry_time(step->hub, step->event->now_ns), late = now_ns - due->deadline.at;
    uint64_t wait = late < HUB_RETRY_BUSY_NS ? HUB_RETRY_BUSY_NS : late;
    // Without memory it is left in the journal as well.
    if (deadlines->n_off < OFF_MOST)
        (void)!push(deadlines, &due->deadline, now_ns + (wait < most_ns ? wait : most_ns));
    hub_due_done(step, due);
}
