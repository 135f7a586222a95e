// SPDX-License-Identifier: Apache-2.0
// The hub's own conduct: start and stop, trust, clock steps, alarms, and the clean-up that comes once a second.
#include "server/hub/internal.h"

#include <bsd/string.h>
#include <stdlib.h>

// One append of one entry about the hub itself.
static enum am_err own_append(struct hub_step *step, enum hub_purpose purpose, const Amana__V1__EntryContent *content)
{
    struct hub_pending *pending;
    TRY(hub_actions_room(step->actions, 1));
    TRY(hub_pending_new(step, purpose, NULL, 1, &pending));
    pending->append.essential = true;
    if (hub_entry_pack(pending, 0, content, JOURNAL_CLASS_HUB) != AM_OK) {
        hub_pending_free(pending);
        return AM_NOMEM;
    }
    hub_pending_send(step, pending);
    return AM_OK;
}

enum am_err hub_step_start(struct hub_step *step)
{
    Amana__V1__StartEntry entry = AMANA__V1__START_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    entry.version = step->hub->version;
    entry.clean = step->event->clean;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_START;
    content.start = &entry;
    return own_append(step, PURPOSE_OWN, &content);
}

enum am_err hub_step_clock(struct hub_step *step)
{
    Amana__V1__ClockEntry entry = AMANA__V1__CLOCK_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    entry.step = step->event->step_ns;
    entry.hub_time = step->event->now_ns;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_CLOCK;
    content.clock = &entry;
    return step->hub->stop_sent ? AM_OK : own_append(step, PURPOSE_OWN, &content);
}

enum am_err hub_step_alarm(struct hub_step *step)
{
    struct hub_pending *pending;
    if (step->hub->stop_sent)
        return AM_OK;
    TRY(hub_actions_room(step->actions, 1));
    TRY(hub_pending_new(step, PURPOSE_OWN, NULL, 1, &pending));
    pending->append.essential = true;
    if (hub_alarm_pack(pending, 0, step->event->alarm.what, step->event->alarm.text) != AM_OK) {
        hub_pending_free(pending);
        return AM_NOMEM;
    }
    hub_pending_send(step, pending);
    return AM_OK;
}

// A file has changed: one entry with its digests.
static enum am_err digests_append(struct hub_step *step,
                                  enum am_err (*entry)(struct hub_pending *pending, const uint8_t *before,
                                                       const uint8_t *after))
{
    struct hub_pending *pending;
    if (step->hub->stop_sent)
        return AM_OK;
    TRY(hub_actions_room(step->actions, 1));
    TRY(hub_pending_new(step, PURPOSE_OWN, NULL, 1, &pending));
    pending->append.essential = true;
    if (entry(pending, step->event->digests.before, step->event->digests.after) != AM_OK) {
        hub_pending_free(pending);
        return AM_NOMEM;
    }
    hub_pending_send(step, pending);
    return AM_OK;
}

enum am_err hub_step_trust(struct hub_step *step)
{
    return digests_append(step, hub_trust_entry);
}

enum am_err hub_step_policy(struct hub_step *step)
{
    return digests_append(step, hub_policy_entry);
}

// --- Once a second
// A minute of refusals ends; whoever asked for nothing in it is forgotten.
static enum am_err identity_tick(struct hub_step *step, struct hub_identity *identity)
{
    if (step->event->monotonic_ns - identity->minute_at < HUB_MINUTE_NS)
        return AM_OK;
    bool idle = step->event->monotonic_ns - identity->tokens_at >= HUB_MINUTE_NS && identity->in_flight == 0 &&
                !identity->has_counted; // what finds no room comes back to be counted
    if (identity->has_counted)
        TRY(hub_counted_flush(step, identity));
    identity->rejected = 0;
    identity->minute_at = step->event->monotonic_ns;
    if (idle) {
        HASH_DEL(step->hub->identities, identity);
        free(identity);
    }
    return AM_OK;
}

enum am_err hub_step_tick(struct hub_step *step)
{
    struct hub_identity *identity, *next;
    if (step->hub->stop_sent)
        return AM_OK;
    HASH_ITER (hh, step->hub->identities, identity, next) {
        if (identity_tick(step, identity) != AM_OK)
            break; // the rest at the next tick
    }
    return AM_OK;
}

// --- The end
enum am_err hub_step_stop(struct hub_step *step)
{
    struct hub *hub = step->hub;
    if (!hub->draining)
        strlcpy(hub->stop_text, step->event->alarm.text != NULL ? step->event->alarm.text : "", sizeof hub->stop_text);
    hub->draining = true;
    return AM_OK;
}

// What was counted and not written yet. True when there is nothing left of it.
static bool counted_gone(struct hub_step *step)
{
    struct hub_identity *identity, *next;
    bool gone = true;
    HASH_ITER (hh, step->hub->identities, identity, next) {
        if (!identity->has_counted)
            continue;
        gone = false;
        if (hub_counted_flush(step, identity) != AM_OK)
            return false;
    }
    return gone;
}

void hub_drain(struct hub_step *step)
{
    Amana__V1__StopEntry entry = AMANA__V1__STOP_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    struct hub *hub = step->hub;
    if (!hub->draining || hub->stop_sent || hub->works != 0 || hub->appends != 0 || !counted_gone(step))
        return;
    entry.reason = hub->stop_text;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_STOP;
    content.stop = &entry;
    hub->stop_sent = own_append(step, PURPOSE_STOP, &content) == AM_OK;
}
