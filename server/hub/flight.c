// SPDX-License-Identifier: Apache-2.0
// Copies of one message: a second one waits until the first is answered, so that it gets the first one's receipt and no
// refusal of its own for what changed in between (domain.md, rule 1).
#include "server/hub/internal.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

enum am_err hub_flight_enter(struct hub *hub, struct hub_submission *submission, bool *ret_first)
{
    struct hub_flight_key key = {0};
    struct hub_flight *flight;
    struct hub_work *work = &submission->work;
    uint32_t hash;
    *ret_first = true;
    if (message_id_check(submission->header->id, key.id, NULL) != AM_OK)
        return AM_OK; // it is refused for that
    strlcpy(key.device, work->identity, sizeof key.device);
    // Any part of an id will do: nobody has so many in flight that a list of them were long.
    memcpy(&hash, key.id + sizeof key.id - sizeof hash, sizeof hash);
    HASH_FIND_BYHASHVALUE(hh, hub->flights, &key, sizeof key, hash, flight);
    if (flight == NULL) {
        flight = calloc(1, sizeof *flight);
        if (flight == NULL)
            return AM_NOMEM;
        flight->key = key;
        HASH_ADD_BYHASHVALUE(hh, hub->flights, key, sizeof key, hash, flight);
        if (flight->hh.tbl == NULL) {
            free(flight);
            return AM_NOMEM;
        }
    }
    struct hub_work **end = &flight->works;
    while (*end != NULL)
        end = &(*end)->next;
    *end = work;
    work->flight = flight;
    *ret_first = flight->works == work;
    return AM_OK;
}

void hub_flight_leave(struct hub *hub, struct hub_work *work)
{
    struct hub_flight *flight = work->flight;
    if (flight == NULL)
        return;
    struct hub_work **link = &flight->works;
    while (*link != work)
        link = &(*link)->next;
    *link = work->next;
    work->next = NULL;
    work->flight = NULL;
    if (flight->works == NULL) {
        HASH_DEL(hub->flights, flight);
        free(flight);
    } else if (link == &flight->works) {
        flight->next_due = true;
        hub->flights_due = true;
    }
}

void hub_flights_go(struct hub_step *step)
{
    struct hub_flight *flight, *next;
    if (!step->hub->flights_due)
        return;
    HASH_ITER (hh, step->hub->flights, flight, next) {
        if (!flight->next_due)
            continue;
        if (hub_actions_room(step->actions, 1) != AM_OK)
            return;
        flight->next_due = false;
        hub_act(step, (struct hub_action){.kind = HUB_ACTION_CHECK, .work = flight->works});
    }
    step->hub->flights_due = false;
}

void hub_flights_free(struct hub *hub)
{
    struct hub_flight *flight, *next;
    HASH_ITER (hh, hub->flights, flight, next) {
        HASH_DEL(hub->flights, flight);
        free(flight);
    }
}
