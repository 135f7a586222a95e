// SPDX-License-Identifier: Apache-2.0
// An append has come back: what it stood for happens now, and no sooner (domain.md, rule 2).
#include "server/hub/internal.h"

#include <assert.h>
#include <string.h>

struct back {
    struct hub_step *step;
    struct hub_pending *pending;
    const struct journal_outcome *outcome;
};

static void wake(struct back *back)
{
    for (size_t i = 0; i < back->pending->n_wake; i++)
        hub_act(back->step, (struct hub_action){.kind = HUB_ACTION_WAKE, .name = back->pending->wake[i]});
    for (size_t i = 0; i < back->pending->n_freed; i++)
        hub_act(back->step,
                (struct hub_action){.kind = HUB_ACTION_WAKE, .name = back->pending->freed[i], .again = true});
}

static void back_decided(struct back *back)
{
    switch (back->outcome->result) {
    case JOURNAL_DONE:
        hub_reply(back->step, back->pending->work, REASON_NONE, back->outcome);
        wake(back);
        return;
    case JOURNAL_DUPLICATE:
    case JOURNAL_CONFLICT: hub_recheck(back->step, back->pending->work); return;
    case JOURNAL_FULL:
    case JOURNAL_READ_ONLY:
    case JOURNAL_BUSY:
    case JOURNAL_REFUSED: hub_reply_retry(back->step, back->pending->work, hub_failure(back->outcome->result)); return;
    }
}

// Refused all the same; an entry that found no room is counted, and comes with the others.
static void back_refused(struct back *back)
{
    struct hub_pending *pending = back->pending;
    if (back->outcome->result != JOURNAL_DONE)
        hub_identity_count(back->step->hub, pending->work->identity, pending->reason, 1);
    hub_reply(back->step, pending->work, pending->reason, NULL);
}

static void back_access(struct back *back)
{
    struct hub_work *work = back->pending->work;
    if (back->outcome->result != JOURNAL_DONE) {
        hub_reply_retry(back->step, work, hub_failure(back->outcome->result));
        return;
    }
    hub_work_end(back->step->hub, work);
    hub_act(back->step, (struct hub_action){.kind = HUB_ACTION_REPLAY, .work = work});
}

static void back_roster(struct back *back)
{
    struct hub_pending *pending = back->pending;
    pending->unit->roster_pending = false;
    if (back->outcome->result != JOURNAL_DONE) {
        hub_reply_retry(back->step, pending->work, hub_failure(back->outcome->result));
        return;
    }
    hub_roster_install(back->step->hub, pending->unit, pending->kept);
    pending->kept = NULL;
    hub_reply(back->step, pending->work, REASON_NONE, back->outcome);
    hub_act(back->step, (struct hub_action){.kind = HUB_ACTION_ROSTER, .name = pending->unit->name});
}

static void back_member(struct back *back)
{
    struct hub_pending *pending = back->pending;
    pending->unit->member_pending = false;
    if (back->outcome->result != JOURNAL_DONE) {
        hub_reply_retry(back->step, pending->work, hub_failure(back->outcome->result));
        return;
    }
    hub_member_install(back->step->hub, pending->unit, pending->member, pending->revision);
    pending->member = NULL;
    hub_reply(back->step, pending->work, REASON_NONE, back->outcome);
    hub_act(back->step, (struct hub_action){.kind = HUB_ACTION_ROSTER, .name = pending->unit->name});
}

static void back_counted(struct back *back)
{
    const struct hub_pending *pending = back->pending;
    if (back->outcome->result == JOURNAL_DONE)
        return;
    if (back->step->hub->draining) {
        hub_unlogged(back->step, pending, hub_failure(back->outcome->result), false);
        return;
    }
    for (int reason = 0; reason < REASON_COUNT; reason++)
        if (pending->counts[reason] != 0)
            hub_identity_count(back->step->hub, pending->identity, (enum reason)reason, pending->counts[reason]);
}

// Counted once it is written: till then its supervisor may be faster. Those that waited for it are looked at again.
static void lapse_back(const struct back *back)
{
    struct hub_unit *unit = back->pending->unit;
    if (unit == NULL)
        return;
    unit->lapse_pending = false;
    if (back->outcome->result == JOURNAL_DONE)
        memcpy(unit->lapses, back->pending->lapses, sizeof unit->lapses);
    while (unit->lapsing != NULL) {
        struct hub_work *work = unit->lapsing;
        unit->lapsing = work->next;
        work->next = NULL;
        hub_act(back->step, (struct hub_action){.kind = HUB_ACTION_RECHECK, .work = work});
    }
}

static void back_due(struct back *back)
{
    struct hub_due *due = (struct hub_due *)back->pending->work;
    lapse_back(back);
    switch (back->outcome->result) {
    case JOURNAL_DONE:
        hub_due_done(back->step, due);
        wake(back);
        return;
    case JOURNAL_DUPLICATE:
    case JOURNAL_CONFLICT: // whoever was faster is seen now
        if (due->work.attempts < HUB_ATTEMPTS)
            hub_act(back->step, (struct hub_action){.kind = HUB_ACTION_RECHECK, .work = &due->work});
        else
            hub_due_put_off(back->step, due, HUB_RETRY_BUSY_NS);
        return;
    case JOURNAL_FULL:
    case JOURNAL_READ_ONLY: hub_due_pause(back->step, due, HUB_RETRY_FULL_NS); return;
    case JOURNAL_BUSY: hub_due_pause(back->step, due, HUB_RETRY_BUSY_NS); return;
    case JOURNAL_REFUSED: hub_due_failed(back->step, due, AM_INVALID); return;
    }
}

static void back_own(struct back *back)
{
    hub_own_back(back->step, back->pending, back->outcome->result);
}

static void back_stop(struct back *back)
{
    if (back->outcome->result != JOURNAL_DONE)
        hub_unlogged(back->step, back->pending, hub_failure(back->outcome->result), false);
    hub_act(back->step, (struct hub_action){.kind = HUB_ACTION_STOPPED});
}

static void (*const BACK[])(struct back *back) = {
    [PURPOSE_ACCEPT] = back_decided, [PURPOSE_REFUSE] = back_refused, [PURPOSE_RETRIEVAL] = back_decided,
    [PURPOSE_SETTLE] = back_decided, [PURPOSE_ACCESS] = back_access,  [PURPOSE_ACCESS_END] = back_decided,
    [PURPOSE_ROSTER] = back_roster,  [PURPOSE_MEMBER] = back_member,  [PURPOSE_COUNTED] = back_counted,
    [PURPOSE_OWN] = back_own,        [PURPOSE_STOP] = back_stop,      [PURPOSE_DUE] = back_due,
};

enum am_err hub_step_committed(struct hub_step *step)
{
    struct back back = {.step = step,
                        .pending = (struct hub_pending *)step->event->committed.append,
                        .outcome = step->event->committed.outcome};
    TRY(hub_actions_room(step->actions, 2 + HUB_DUES + back.pending->n_wake + back.pending->n_freed));
    assert(step->hub->appends > 0);
    step->hub->appends--;
    if (back.outcome->result == JOURNAL_DONE)
        hub_deadlines_committed(step->hub, &back.pending->append, back.outcome->seq);
    BACK[back.pending->purpose](&back);
    return AM_OK;
}
