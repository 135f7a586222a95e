// SPDX-License-Identifier: Apache-2.0
// Mail that an append adds: rows for devices, and notices to whom the table of proto/model/notice.c says.
#include "server/hub/internal.h"

#include "proto/model/notice.h"

#include <string.h>

enum am_err hub_mail_put(struct hub_pending *pending, const char *device, uint8_t urgency, uint64_t seq,
                         enum journal_mail_kind kind)
{
    struct journal_append *append = &pending->append;
    if (append->n_mail == pending->mail_room) {
        size_t room = pending->mail_room * 2 + 8;
        struct journal_mail *mail = arena_array(&pending->arena, room, sizeof *mail);
        const char **wake = arena_array(&pending->arena, room, sizeof *wake);
        if (mail == NULL || wake == NULL)
            return arena_error(&pending->arena);
        if (append->n_mail > 0) {
            memcpy(mail, append->mail, append->n_mail * sizeof *mail);
            memcpy(wake, pending->wake, pending->n_wake * sizeof *wake);
        }
        append->mail = mail;
        pending->wake = wake;
        pending->mail_room = room;
    }
    append->mail[append->n_mail++] = (struct journal_mail){device, urgency, seq, (uint8_t)kind};
    pending->wake[pending->n_wake++] = device;
    return AM_OK;
}

enum am_err hub_mail_unit(struct hub_step *step, struct hub_pending *pending, const char *unit, const char *but,
                          uint8_t urgency, uint64_t seq, enum journal_mail_kind kind)
{
    const struct hub_kept_roster *roster = hub_roster_newest(step->hub, unit);
    for (size_t i = 0; roster != NULL && i < roster->n_devices; i++)
        if (but == NULL || strcmp(roster->devices[i].uri, but) != 0)
            TRY(hub_mail_put(pending, roster->devices[i].uri, urgency, seq, kind));
    return AM_OK;
}

// --- Notices
struct telling {
    struct hub_step *step;
    struct hub_pending *pending;
    uint64_t seq;
    uint8_t urgency;
    bool supervisors;
    const char *told[2 * LIMIT_RECIPIENTS]; // more are told twice: the same row
    size_t n;
};

static enum am_err tell_once(struct telling *telling, const char *unit)
{
    for (size_t i = 0; i < telling->n; i++)
        if (strcmp(telling->told[i], unit) == 0)
            return AM_OK;
    if (telling->n < AM_LEN(telling->told))
        telling->told[telling->n++] = unit;
    return hub_mail_unit(telling->step, telling->pending, unit, NULL, telling->urgency, telling->seq,
                         JOURNAL_MAIL_NOTICE);
}

// The unit, where its supervisors sit, and the units that policy names for it.
static enum am_err tell(struct telling *telling, const char *unit)
{
    const struct policy *policy = telling->step->hub->policy;
    TRY(tell_once(telling, unit));
    for (size_t i = 0; telling->supervisors && policy != NULL && i < policy->n_supervisors; i++)
        if (policy_supervises(policy, unit, policy->supervisors[i].unit))
            TRY(tell_once(telling, policy->supervisors[i].unit));
    return AM_OK;
}

// Who sees to it that what was wrong, or is to go, is mended and erased everywhere.
static enum am_err tell_dpos(struct telling *telling, const char *of)
{
    struct hub_unit *unit, *next;
    HASH_ITER (hh, telling->step->hub->units, unit, next)
        if (unit->member != NULL && unit->member->role == ROLE_DPO && address_same_country(unit->name, of))
            TRY(tell_once(telling, unit->name));
    return AM_OK;
}

enum am_err hub_tell(struct hub_step *step, struct hub_pending *pending, size_t index, const struct hub_told *told)
{
    const struct notice *notice = notice_get(pending->append.entries[index].kind);
    struct telling telling = {.step = step,
                              .pending = pending,
                              .seq = index == 0 ? JOURNAL_SELF : JOURNAL_NTH(index),
                              .urgency = told->urgency};
    if (notice == NULL)
        return AM_OK;
    telling.supervisors = (notice->to & TOLD_SUPERVISORS) != 0;
    if ((notice->to & TOLD_ORIGINATOR) != 0 && told->originator != NULL)
        TRY(tell(&telling, told->originator));
    if ((notice->to & TOLD_RELEASING) != 0 && told->releasing != NULL)
        TRY(tell_once(&telling, told->releasing));
    if ((notice->to & TOLD_RECIPIENT) != 0 && told->recipient != NULL)
        TRY(tell(&telling, told->recipient));
    for (size_t i = 0; i < told->n_recipients && (notice->to & TOLD_RECIPIENTS) != 0; i++)
        if (told->recipients[i].unit != NULL)
            TRY(tell(&telling, told->recipients[i].unit));
    return (notice->to & TOLD_DPO) != 0 && told->dpos_of != NULL ? tell_dpos(&telling, told->dpos_of) : AM_OK;
}
