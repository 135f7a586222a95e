// SPDX-License-Identifier: Apache-2.0
// The hub's own conduct: start and stop, trust, clock steps, alarms, and the clean-up that comes once a second.
#include "server/hub/internal.h"

#include <bsd/string.h>
#include <stdlib.h>

// --- One after the other: none overtakes one that found no room, so that the newest digest of trust is the last one
// written. One that found none is kept and tried once a second; while the hub stops, once more.
void hub_own_go(struct hub_step *step)
{
    struct hub *hub = step->hub;
    if (hub->own == NULL || hub->own_sent || hub_actions_room(step->actions, 1) != AM_OK)
        return;
    hub->own_sent = true;
    hub_pending_send(step, hub->own);
}

// Room was made.
static void own_queue(struct hub_step *step, struct hub_pending *pending)
{
    struct hub_pending **end = &step->hub->own;
    if (step->hub->n_own == HUB_OWN_WAITING) {
        hub_unlogged(step, pending, REASON_STORAGE_FULL, false);
        hub_pending_free(pending);
        return;
    }
    while (*end != NULL)
        end = &(*end)->next;
    *end = pending;
    pending->queued = true;
    step->hub->n_own++;
    hub_own_go(step);
}

void hub_own_back(struct hub_step *step, struct hub_pending *pending, enum journal_result result)
{
    struct hub *hub = step->hub;
    bool again = (result == JOURNAL_FULL || result == JOURNAL_BUSY) && !hub->draining;
    hub->own_sent = false;
    if (result != JOURNAL_DONE && (!again || !pending->told))
        hub_unlogged(step, pending, hub_failure(result), again);
    pending->told = true;
    if (again)
        return;
    hub->own = pending->next;
    hub->n_own--;
    pending->queued = false;
    hub_own_go(step);
}

void hub_own_free(struct hub *hub)
{
    while (hub->own != NULL) {
        struct hub_pending *next = hub->own->next;
        hub_pending_free(hub->own);
        hub->own = next;
    }
}

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
    if (purpose == PURPOSE_STOP)
        hub_pending_send(step, pending);
    else
        own_queue(step, pending);
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
    step->hub->deadlines.begun = true;
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
    if (step->hub->n_own == HUB_OWN_WAITING)
        return AM_FULL;
    TRY(hub_actions_room(step->actions, 1));
    TRY(hub_pending_new(step, PURPOSE_OWN, NULL, 1, &pending));
    pending->append.essential = true;
    if (hub_alarm_pack(pending, 0, step->event->alarm.what, step->event->alarm.text, NULL) != AM_OK) {
        hub_pending_free(pending);
        return AM_NOMEM;
    }
    own_queue(step, pending);
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
    if (step->hub->n_own == HUB_OWN_WAITING)
        return AM_FULL;
    TRY(hub_actions_room(step->actions, 1));
    TRY(hub_pending_new(step, PURPOSE_OWN, NULL, 1, &pending));
    pending->append.essential = true;
    if (entry(pending, step->event->digests.before, step->event->digests.after) != AM_OK) {
        hub_pending_free(pending);
        return AM_NOMEM;
    }
    own_queue(step, pending);
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
    if (step->event->monotonic_ns - identity->minute_at < NS_PER_MINUTE)
        return AM_OK;
    bool idle = step->event->monotonic_ns - identity->tokens_at >= NS_PER_MINUTE && identity->in_flight == 0 &&
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
    hub_own_go(step);
    step->hub->deadlines.begun = true;
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
    if (!hub->draining || hub->stop_sent || hub->works != 0 || hub->deadlines.under_way != 0)
        return;
    hub_own_go(step);
    if (hub->appends != 0 || !counted_gone(step))
        return;
    entry.reason = hub->stop_text;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_STOP;
    content.stop = &entry;
    hub->stop_sent = own_append(step, PURPOSE_STOP, &content) == AM_OK;
}
