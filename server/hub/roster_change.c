// SPDX-License-Identifier: Apache-2.0
// A new roster: it follows the newest, becomes an entry, and is in force once that is durable.
#include "server/hub/internal.h"

#include <string.h>

static enum reason invalid(struct hub_work *work, const char *field, const char *text)
{
    (void)am_fail(AM_INVALID, &work->detail, field, "%s", text);
    return REASON_FIELD_INVALID;
}

static enum reason judge(const struct hub *hub, struct hub_roster_change *change, bool *ret_same)
{
    const struct hub_roster *roster = change->roster;
    const struct hub_kept_roster *newest = hub_roster_newest(hub, roster->unit);
    const struct hub_unit *unit = hub_unit_find(hub, roster->unit);
    if (unit == NULL || unit->member == NULL)
        return hub_not_permitted(&change->work, "unit");
    if (unit->roster_pending)
        return REASON_BUSY;
    if (newest == NULL)
        return roster->number == 0 ? invalid(&change->work, "number", "must be 1 or more") : REASON_NONE;
    *ret_same = roster->number == newest->number && memcmp(roster->digest, newest->digest, 32) == 0;
    if (*ret_same)
        return REASON_NONE;
    if (roster->number <= newest->number)
        return invalid(&change->work, "number", "must be higher than the newest roster's");
    if (roster->number == newest->number + 1 && memcmp(roster->previous, newest->digest, 32) != 0)
        return invalid(&change->work, "previous", "must be the digest of the newest roster");
    return REASON_NONE;
}

static enum am_err change_append(struct hub_step *step, struct hub_roster_change *change)
{
    struct hub_unit *unit;
    struct hub_pending *pending;
    TRY(hub_roster_room(step->hub, change->roster->unit, &unit));
    TRY(hub_pending_new(step, PURPOSE_ROSTER, &change->work, 1, &pending));
    pending->append.essential = true;
    pending->unit = unit;
    enum am_err err = hub_roster_copy(change->roster, &pending->kept);
    if (err == AM_OK)
        err = hub_roster_entry(pending, change->roster, change->record);
    if (err != AM_OK) {
        hub_pending_free(pending);
        return AM_NOMEM;
    }
    unit->roster_pending = true;
    hub_pending_send(step, pending);
    return AM_OK;
}

enum am_err hub_step_roster(struct hub_step *step)
{
    struct hub_roster_change *change = step->event->roster;
    struct hub_work *work = &change->work;
    bool same = false;
    TRY(hub_actions_room(step->actions, 1));
    if (hub_turned_away(step, work))
        return AM_OK;
    TRY(hub_work_begin(step, work));
    enum reason reason = judge(step->hub, change, &same);
    if (reason != REASON_NONE)
        return hub_refuse(step, work, reason, NULL, NULL);
    if (same) {
        hub_reply(step, work, REASON_NONE, NULL);
        return AM_OK;
    }
    return change_append(step, change);
}
