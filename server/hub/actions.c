// SPDX-License-Identifier: Apache-2.0
// The list of actions, and the works that they end.
#include "server/hub/internal.h"

#include <assert.h>
#include <stdlib.h>

enum am_err hub_actions_room(struct hub_actions *actions, size_t n)
{
    if (actions->capacity - actions->n >= n)
        return AM_OK;
    size_t capacity = actions->capacity * 2 > actions->n + n ? actions->capacity * 2 : actions->n + n;
    struct hub_action *list = reallocarray(actions->list, capacity, sizeof *list);
    if (list == NULL)
        return AM_NOMEM;
    actions->list = list;
    actions->capacity = capacity;
    return AM_OK;
}

void hub_actions_clear(struct hub_actions *actions)
{
    free(actions->list);
    *actions = (struct hub_actions){0};
}

void hub_act(struct hub_step *step, struct hub_action action)
{
    assert(step->actions->n < step->actions->capacity);
    step->actions->list[step->actions->n++] = action;
}

enum am_err hub_work_begin(struct hub_step *step, struct hub_work *work)
{
    struct hub_identity *identity;
    TRY(hub_identity_get(step->hub, work->identity, step->event->monotonic_ns, &identity));
    identity->in_flight++;
    step->hub->works++;
    work->counted = true;
    return AM_OK;
}

void hub_work_end(struct hub *hub, struct hub_work *work)
{
    struct hub_identity *identity;
    hub_flight_leave(hub, work);
    if (!work->counted)
        return;
    work->counted = false;
    hub->works--;
    HASH_FIND_STR(hub->identities, work->identity, identity);
    assert(identity != NULL && identity->in_flight > 0);
    identity->in_flight--;
}

void hub_reply(struct hub_step *step, struct hub_work *work, enum reason reason, const struct journal_outcome *outcome)
{
    work->reason = reason;
    hub_work_end(step->hub, work);
    hub_act(step, (struct hub_action){.kind = HUB_ACTION_REPLY, .work = work, .outcome = outcome});
}

void hub_reply_retry(struct hub_step *step, struct hub_work *work, enum reason reason)
{
    bool space = reason == REASON_STORAGE_FULL || reason == REASON_READ_ONLY;
    work->retry_ns = space ? HUB_RETRY_FULL_NS : HUB_RETRY_BUSY_NS;
    hub_reply(step, work, reason, NULL);
}

bool hub_turned_away(struct hub_step *step, struct hub_work *work)
{
    if (!step->hub->draining)
        return false;
    hub_reply_retry(step, work, REASON_DRAINING);
    return true;
}

void hub_recheck(struct hub_step *step, struct hub_work *work)
{
    if (work->attempts < HUB_ATTEMPTS)
        hub_act(step, (struct hub_action){.kind = HUB_ACTION_RECHECK, .work = work});
    else
        hub_reply_retry(step, work, REASON_BUSY);
}
