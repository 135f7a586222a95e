// SPDX-License-Identifier: Apache-2.0
// Making a hub, and the step: each event to the function that knows it.
#include "server/hub/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define REJECTED_PER_MINUTE 20u

enum am_err hub_new(const struct hub_config *config, struct hub **ret_hub)
{
    struct hub *hub = calloc(1, sizeof *hub);
    if (hub == NULL)
        return AM_NOMEM;
    hub->origin = strdup(config->origin);
    hub->name = strdup(config->hub);
    hub->version = strdup(config->version);
    hub->requests_per_s = config->requests_per_s != 0 ? config->requests_per_s : LIMIT_REQUESTS_PER_S;
    hub->in_flight = config->in_flight != 0 ? config->in_flight : LIMIT_IN_FLIGHT;
    hub->rejected_per_minute = config->rejected_per_minute != 0 ? config->rejected_per_minute : REJECTED_PER_MINUTE;
    if (hub->origin == NULL || hub->name == NULL || hub->version == NULL) {
        hub_free(hub);
        return AM_NOMEM;
    }
    *ret_hub = hub;
    return AM_OK;
}

void hub_free(struct hub *hub)
{
    if (hub == NULL)
        return;
    hub_registry_free(hub);
    policy_free(hub->policy);
    hub_identities_free(hub);
    hub_flights_free(hub);
    hub_own_free(hub);
    hub_deadlines_free(hub);
    free(hub->origin);
    free(hub->name);
    free(hub->version);
    free(hub);
}

void hub_set_clock_floor(struct hub *hub, uint64_t last_entry_time_ns)
{
    if (last_entry_time_ns > hub->last_time_ns)
        hub->last_time_ns = last_entry_time_ns;
}

void hub_set_shields(struct hub *hub, bool any)
{
    hub->shields = any;
}

static enum am_err (*const STEPS[])(struct hub_step *step) = {
    [HUB_EVENT_ARRIVED] = hub_step_arrived,     [HUB_EVENT_CHECKED] = hub_step_checked,
    [HUB_EVENT_RETRIEVED] = hub_step_retrieved, [HUB_EVENT_REPLAY] = hub_step_replay,
    [HUB_EVENT_MEMBER] = hub_step_member,       [HUB_EVENT_ROSTER] = hub_step_roster,
    [HUB_EVENT_SETTLED] = hub_step_settled,     [HUB_EVENT_TRUST] = hub_step_trust,
    [HUB_EVENT_POLICY] = hub_step_policy,       [HUB_EVENT_COMMITTED] = hub_step_committed,
    [HUB_EVENT_START] = hub_step_start,         [HUB_EVENT_ALARM] = hub_step_alarm,
    [HUB_EVENT_CLOCK_STEP] = hub_step_clock,    [HUB_EVENT_DUE] = hub_step_due,
    [HUB_EVENT_DEADLINES] = hub_step_deadlines, [HUB_EVENT_TICK] = hub_step_tick,
    [HUB_EVENT_STOP] = hub_step_stop,
};

// The work that an event is about.
static struct hub_work *event_work(const struct hub_event *event)
{
    switch (event->kind) {
    case HUB_EVENT_ARRIVED:
    case HUB_EVENT_CHECKED: return &event->submission->work;
    case HUB_EVENT_RETRIEVED: return &event->retrieval->work;
    case HUB_EVENT_SETTLED: return &event->settlement->work;
    case HUB_EVENT_REPLAY: return &event->replay->work;
    case HUB_EVENT_ROSTER: return &event->roster->work;
    case HUB_EVENT_MEMBER: return &event->member->work;
    case HUB_EVENT_DUE: return &event->due->work;
    default: return NULL;
    }
}

enum am_err hub_step(struct hub *hub, const struct hub_event *event, struct hub_actions *actions)
{
    struct hub_step step = {hub, event, actions};
    size_t before = actions->n;
    assert(event->kind < AM_LEN(STEPS));
    enum am_err err = STEPS[event->kind](&step);
    if (err != AM_OK) {
        struct hub_work *work = event_work(event);
        actions->n = before;
        if (work != NULL)
            hub_work_end(hub, work);
        if (event->kind == HUB_EVENT_DUE)
            hub_due_lost(hub, event->due);
        return err;
    }
    hub_flights_go(&step);
    hub_deadlines_go(&step);
    hub_drain(&step);
    return AM_OK;
}
