// SPDX-License-Identifier: Apache-2.0
// Units that are, or were, connected.
#include "server/net/presence.h"

#include "proto/model/limits.h"

#include <bsd/string.h>
#include <pthread.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1 // a failed HASH_ADD leaves hh.tbl NULL
#include <uthash.h>

struct unit {
    char name[LIMIT_ADDRESS + 1];
    unsigned connections;
    uint64_t last_ns;
    UT_hash_handle hh;
};

struct presence {
    pthread_mutex_t lock;
    struct unit *units; // as many as are on rosters
};

enum am_err presence_new(struct presence **ret_presence)
{
    struct presence *presence = calloc(1, sizeof *presence);

    if (presence == NULL)
        return AM_NOMEM;
    pthread_mutex_init(&presence->lock, NULL);
    *ret_presence = presence;
    return AM_OK;
}

void presence_free(struct presence *presence)
{
    struct unit *unit, *next;

    if (presence == NULL)
        return;
    HASH_ITER (hh, presence->units, unit, next) {
        HASH_DEL(presence->units, unit);
        free(unit);
    }
    pthread_mutex_destroy(&presence->lock);
    free(presence);
}

// NULL without memory: then it is as if it had not been here.
static struct unit *unit_room(struct presence *presence, const char *name)
{
    struct unit *unit;

    HASH_FIND_STR(presence->units, name, unit);
    if (unit != NULL)
        return unit;
    unit = calloc(1, sizeof *unit);
    if (unit == NULL)
        return NULL;
    strlcpy(unit->name, name, sizeof unit->name);
    HASH_ADD_STR(presence->units, name, unit);
    if (unit->hh.tbl != NULL)
        return unit;
    free(unit);
    return NULL;
}

void presence_came(struct presence *presence, const char *name)
{
    struct unit *unit;

    pthread_mutex_lock(&presence->lock);
    unit = unit_room(presence, name);
    if (unit != NULL)
        unit->connections++;
    pthread_mutex_unlock(&presence->lock);
}

void presence_left(struct presence *presence, const char *name, uint64_t now_ns)
{
    struct unit *unit;

    pthread_mutex_lock(&presence->lock);
    unit = unit_room(presence, name);
    if (unit != NULL) {
        unit->connections -= unit->connections > 0;
        unit->last_ns = now_ns;
    }
    pthread_mutex_unlock(&presence->lock);
}

void presence_of(struct presence *presence, const char *name, bool *ret_connected, uint64_t *ret_last_ns)
{
    struct unit *unit;

    pthread_mutex_lock(&presence->lock);
    HASH_FIND_STR(presence->units, name, unit);
    *ret_connected = unit != NULL && unit->connections > 0;
    *ret_last_ns = unit != NULL ? unit->last_ns : 0;
    pthread_mutex_unlock(&presence->lock);
}
