// SPDX-License-Identifier: Apache-2.0
// A walk over the units of which rosters are kept.
#include "client/cmd/kept_unit.h"

#include "client/session/directory.h"
#include "client/session/store_roster.h"
#include "proto/codec/nearest.h"

#include <bsd/string.h>
#include <string.h>

bool kept_unit_is(struct session *session, const char *unit)
{
    struct am_detail detail = {0};
    struct roster *roster;
    enum am_err err = directory_kept(session, unit, &detail, &roster);
    if (err == AM_OK)
        roster_unref(roster);
    return err != AM_NOT_FOUND;
}

void kept_unit_nearest(struct session *session, const char *unit, char ret_nearest[LIMIT_ADDRESS + 1])
{
    struct nearest nearest = {.word = unit, .len = strlen(unit)};
    char at[LIMIT_ADDRESS + 1] = "";
    ret_nearest[0] = '\0';
    while (store_roster_next(session->store, at, at) == AM_OK) {
        nearest_offer(&nearest, at);
        if (nearest.best != at)
            continue;
        strlcpy(ret_nearest, at, LIMIT_ADDRESS + 1);
        nearest.best = ret_nearest;
    }
}
