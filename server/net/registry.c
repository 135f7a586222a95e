// SPDX-License-Identifier: Apache-2.0
// Whom the hub trusts and who is on which roster, as one immutable snapshot.
#include "server/net/registry.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct registry {
    atomic_size_t references;
    struct trust *trust;
    struct cert_cache *cache;
    size_t count;
    struct roster *rosters[]; // sorted by unit, one each
};

static struct registry *registry_alloc(struct trust *trust, struct cert_cache *cache, size_t room)
{
    struct registry *registry = calloc(1, sizeof *registry + room * sizeof(struct roster *));

    if (registry == NULL)
        return NULL;
    atomic_init(&registry->references, 1);
    registry->trust = trust_ref(trust);
    registry->cache = cache;
    return registry;
}

// The place of a unit, or where it would stand.
static size_t registry_place(const struct registry *registry, const char *unit, bool *ret_found)
{
    size_t low = 0, high = registry->count;

    *ret_found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(registry->rosters[middle]->unit, unit);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void registry_put(struct registry *registry, struct roster *roster)
{
    bool found;
    size_t place = registry_place(registry, roster->unit, &found);

    if (found) {
        if (registry->rosters[place]->number >= roster->number)
            return;
        roster_unref(registry->rosters[place]);
    } else {
        memmove(registry->rosters + place + 1, registry->rosters + place,
                (registry->count - place) * sizeof(struct roster *));
        registry->count++;
    }
    registry->rosters[place] = roster_ref(roster);
}

enum am_err registry_new(struct trust *trust, struct roster *const *rosters, size_t count, struct cert_cache *cache,
                         struct registry **ret_registry)
{
    struct registry *registry = registry_alloc(trust, cache, count);

    if (registry == NULL)
        return AM_NOMEM;
    for (size_t i = 0; i < count; i++)
        registry_put(registry, rosters[i]);
    *ret_registry = registry;
    return AM_OK;
}

enum am_err registry_with(const struct registry *before, struct trust *trust, struct roster *roster,
                          struct registry **ret_registry)
{
    struct registry *registry = registry_alloc(trust != NULL ? trust : before->trust, before->cache, before->count + 1);

    if (registry == NULL)
        return AM_NOMEM;
    for (size_t i = 0; i < before->count; i++)
        registry_put(registry, before->rosters[i]);
    if (roster != NULL)
        registry_put(registry, roster);
    *ret_registry = registry;
    return AM_OK;
}

struct registry *registry_ref(struct registry *registry)
{
    atomic_fetch_add_explicit(&registry->references, 1, memory_order_relaxed);
    return registry;
}

void registry_unref(struct registry *registry)
{
    if (registry == NULL || atomic_fetch_sub_explicit(&registry->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < registry->count; i++)
        roster_unref(registry->rosters[i]);
    trust_unref(registry->trust);
    free(registry);
}

struct trust *registry_trust(const struct registry *registry)
{
    return registry->trust;
}

struct cert_cache *registry_cache(const struct registry *registry)
{
    return registry->cache;
}

struct roster *registry_roster(const struct registry *registry, const char *unit)
{
    bool found;
    size_t place = registry_place(registry, unit, &found);

    return found ? registry->rosters[place] : NULL;
}

size_t registry_count(const struct registry *registry)
{
    return registry->count;
}

struct roster *registry_at(const struct registry *registry, size_t index)
{
    return registry->rosters[index];
}
