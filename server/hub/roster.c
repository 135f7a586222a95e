// SPDX-License-Identifier: Apache-2.0
// Rosters by number: who is on the newest, and what a header's number stands for.
#include "server/hub/internal.h"

#include <stdlib.h>
#include <string.h>

static size_t names_size(const struct hub_roster *roster)
{
    size_t size = 0;
    for (size_t i = 0; i < roster->n_devices; i++)
        size += strlen(roster->devices[i].uri) + 1;
    for (size_t i = 0; i < roster->n_officers; i++)
        size += strlen(roster->officers[i].uri) + 1;
    return size;
}

static const char *name_put(char **at, const char *name)
{
    char *start = *at;
    *at = stpcpy(start, name) + 1;
    return start;
}

enum am_err hub_roster_copy(const struct hub_roster *roster, struct hub_kept_roster **ret_kept)
{
    size_t devices = roster->n_devices * sizeof *roster->devices;
    size_t officers = roster->n_officers * sizeof *roster->officers;
    struct hub_kept_roster *kept = malloc(sizeof *kept + devices + officers + names_size(roster));
    if (kept == NULL)
        return AM_NOMEM;
    *kept = (struct hub_kept_roster){.number = roster->number,
                                     .n_devices = roster->n_devices,
                                     .n_officers = roster->n_officers,
                                     .devices = (struct hub_roster_device *)(kept + 1)};
    kept->officers = (struct hub_roster_officer *)(kept->devices + kept->n_devices);
    memcpy(kept->digest, roster->digest, sizeof kept->digest);
    char *at = (char *)(kept->officers + kept->n_officers);
    for (size_t i = 0; i < kept->n_devices; i++) {
        kept->devices[i] = roster->devices[i];
        kept->devices[i].uri = name_put(&at, roster->devices[i].uri);
    }
    for (size_t i = 0; i < kept->n_officers; i++) {
        kept->officers[i] = roster->officers[i];
        kept->officers[i].uri = name_put(&at, roster->officers[i].uri);
    }
    *ret_kept = kept;
    return AM_OK;
}

void hub_roster_install(struct hub *hub, struct hub_unit *unit, struct hub_kept_roster *kept)
{
    size_t at = unit->n_rosters++;
    for (; at > 0 && unit->rosters[at - 1]->number > kept->number; at--)
        unit->rosters[at] = unit->rosters[at - 1];
    unit->rosters[at] = kept;
    hub->epoch++;
}

enum am_err hub_set_roster(struct hub *hub, const struct hub_roster *roster)
{
    struct hub_unit *unit;
    struct hub_kept_roster *kept;
    const struct hub_kept_roster *there = hub_roster_of(hub, roster->unit, roster->number);
    if (there != NULL)
        return memcmp(there->digest, roster->digest, sizeof there->digest) == 0 ? AM_OK : AM_EXISTS;
    TRY(hub_roster_room(hub, roster->unit, &unit));
    TRY(hub_roster_copy(roster, &kept));
    hub_roster_install(hub, unit, kept);
    return AM_OK;
}

const struct hub_kept_roster *hub_roster_newest(const struct hub *hub, const char *unit)
{
    const struct hub_unit *found = hub_unit_find(hub, unit);
    return found != NULL && found->n_rosters > 0 ? found->rosters[found->n_rosters - 1] : NULL;
}

bool hub_roster_in_force(const struct hub *hub, const char *unit)
{
    const struct hub_kept_roster *newest = hub_roster_newest(hub, unit);
    return newest != NULL && newest->n_devices > 0;
}

const struct hub_kept_roster *hub_roster_of(const struct hub *hub, const char *unit, uint64_t number)
{
    const struct hub_unit *found = hub_unit_find(hub, unit);
    for (size_t i = found != NULL ? found->n_rosters : 0; i > 0; i--)
        if (found->rosters[i - 1]->number == number)
            return found->rosters[i - 1];
    return NULL;
}

const struct hub_roster_device *hub_roster_device_find(const struct hub_kept_roster *roster, const char *uri)
{
    for (size_t i = 0; i < roster->n_devices; i++)
        if (strcmp(roster->devices[i].uri, uri) == 0)
            return &roster->devices[i];
    return NULL;
}

const struct hub_roster_officer *hub_roster_officer_find(const struct hub_kept_roster *roster, const char *uri)
{
    for (size_t i = 0; i < roster->n_officers; i++)
        if (strcmp(roster->officers[i].uri, uri) == 0)
            return &roster->officers[i];
    return NULL;
}

enum reason hub_admits(const struct hub *hub, const char *unit, const char *device, const uint8_t auth_digest[32])
{
    const struct hub_kept_roster *newest = hub_roster_newest(hub, unit);
    if (newest == NULL || hub_member_find(hub, unit) == NULL)
        return REASON_NOT_ON_ROSTER;
    const struct hub_roster_device *row = hub_roster_device_find(newest, device);
    return row != NULL && memcmp(row->auth, auth_digest, sizeof row->auth) == 0 ? REASON_NONE : REASON_NOT_ON_ROSTER;
}

uint64_t hub_roster_number(const struct hub *hub, const char *unit)
{
    const struct hub_kept_roster *newest = hub_roster_newest(hub, unit);
    return newest != NULL ? newest->number : 0;
}

void hub_each_device(const struct hub *hub, const char *unit, void (*each)(void *user, const char *uri), void *user)
{
    const struct hub_kept_roster *newest = hub_roster_newest(hub, unit);
    for (size_t i = 0; newest != NULL && i < newest->n_devices; i++)
        each(user, newest->devices[i].uri);
}
