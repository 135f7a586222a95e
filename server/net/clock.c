// SPDX-License-Identifier: Apache-2.0
// The hub's time: the machine's clock as long as it is believed. Its file is read and written on a worker.
#include "server/net/internal.h"

#include "certs/clock.h"

#include <stdlib.h>
#include <string.h>

#define CLOCK_AGAIN_NS NS_PER_HOUR

struct clock_job {
    struct job job;
    struct net *net;
    bool save;
    struct hub_clock_mark mark;
    enum am_err err;
    struct am_detail detail;
};

static void clock_run(struct job *job, struct worker *worker)
{
    struct clock_job *clock = (struct clock_job *)job;

    clock->err = clock->save ? hub_clock_write(clock->net->options.clock, &clock->mark, &clock->detail)
                             : hub_clock_read(clock->net->options.clock, &clock->detail, &clock->mark);
}

// A step that is believed is an entry.
static void clock_entry(struct net *net, int64_t step)
{
    struct hub_event event = {.kind = HUB_EVENT_CLOCK_STEP, .step_ns = step};

    report(REPORT_WARNING, "clock", "step_ms=%lld", (long long)(step / 1000000));
    if (net_step(net, &event) != AM_OK)
        report(REPORT_ERROR, "clock", "reason=\"out of memory: the step is not in the log\"");
}

static void clock_done(struct job *job)
{
    struct clock_job *clock = (struct clock_job *)job;
    struct net *net = clock->net;
    uint64_t utc, boot;
    int64_t step;

    net->clock_job = false;
    if (clock->err != AM_OK)
        report(REPORT_ERROR, "clock", "file=%s reason=\"%s\"", net->options.clock,
               clock->detail.text[0] ? clock->detail.text : am_err_text(clock->err));
    if (clock->err == AM_OK && clock->save)
        net->clock.saved = clock->mark;
    clock_both(&utc, &boot);
    if (clock->err == AM_OK && !clock->save && hub_clock_confirmed(&net->clock, &clock->mark, utc, boot, &step)) {
        report(REPORT_NOTICE, "clock", "text=\"confirmed: the log goes on\"");
        net->pending_due = true;
        clock_entry(net, step);
    }
    free(clock);
}

static void clock_push(struct net *net, bool save)
{
    struct clock_job *clock = net->clock_job ? NULL : calloc(1, sizeof *clock);

    if (clock == NULL)
        return; // at the next tick
    *clock = (struct clock_job){
        .job = {.run = clock_run, .done = clock_done}, .net = net, .save = save, .mark = net->clock.believed};
    net->clock_job = true;
    workers_push(net->workers, &clock->job);
}

static void clock_say(struct net *net, int64_t ahead)
{
    net->clock_said_ns = clock_monotonic();
    report(
        REPORT_ERROR, "clock",
        "ahead_ms=%lld reason=\"it jumped ahead by more than an hour: nothing is appended, mailboxes and replays are "
        "served\" do=\"set it right, or say that it is: amanad confirm-clock\"",
        (long long)(ahead / 1000000));
}

// The step of a clock that is believed; 0: none.
static int64_t clock_look(struct net *net)
{
    uint64_t utc, boot;
    int64_t step;

    clock_both(&utc, &boot);
    switch (hub_clock_look(&net->clock, utc, boot, &step)) {
    case HUB_CLOCK_SAME: return 0;
    case HUB_CLOCK_STEPPED: return step;
    case HUB_CLOCK_DOUBTED: clock_say(net, step); return 0;
    case HUB_CLOCK_RETURNED:
        report(REPORT_NOTICE, "clock", "text=\"it is back: the log goes on\"");
        net->pending_due = true;
        return step;
    }
    return 0;
}

uint64_t net_utc(struct net *net)
{
    uint64_t utc, boot;
    int64_t ahead;

    clock_both(&utc, &boot);
    // A jump is seen before anything is written with its time.
    if (hub_clock_jumped(&net->clock, utc, boot, &ahead))
        clock_say(net, ahead);
    return hub_clock_now(&net->clock, utc, boot);
}

bool clock_doubted(struct net *net)
{
    (void)net_utc(net);
    return net->clock.doubted;
}

// Who read while nothing could be appended goes into the log now.
static void clock_pending(struct net *net)
{
    struct am_detail detail = {0};

    if (!net->pending_due || net->pending_jobs > 0 || net->pending != NULL || net->clock.doubted)
        return;
    net->pending_due = false;
    if (net_pending_take(net, &detail) != AM_OK)
        report(REPORT_ERROR, "pending", "file=%s reason=\"%s\" do=\"kept: it is tried again at the next start\"",
               net->options.pending, detail.text);
}

void clock_tick(struct net *net)
{
    int64_t step = clock_look(net);

    if (step != 0) // else slewing
        clock_entry(net, step);
    if (net->clock.doubted) {
        clock_push(net, false);
        if (clock_monotonic() - net->clock_said_ns >= CLOCK_AGAIN_NS)
            clock_say(net, (int64_t)(clock_utc() - net_utc(net)));
    } else if (hub_clock_unsaved(&net->clock)) {
        clock_push(net, true);
    }
    clock_pending(net);
}

enum am_err clock_start(struct net *net, struct am_detail *detail)
{
    struct hub_clock_mark saved;
    uint64_t utc, boot;

    TRY(hub_clock_read(net->options.clock, detail, &saved));
    clock_both(&utc, &boot);
    hub_clock_init(&net->clock, &saved, net->options.boot, utc, boot);
    clock_tick(net);
    return AM_OK;
}
