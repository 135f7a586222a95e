// SPDX-License-Identifier: Apache-2.0
// Roles before and after.
#include "client/cmd/roles.h"

#include "proto/body/check.h"

#include <string.h>

#define ROLE(name) AMANA__V1__PERSON_ROLE__CODE__##name

static bool has(const Amana__V1__Person *person, Amana__V1__PersonRole__Code role)
{
    for (size_t i = 0; i < person->n_roles; i++)
        if (person->roles[i] == role)
            return true;
    return false;
}

static bool is_victim(const Amana__V1__Person *person)
{
    return has(person, ROLE(VICTIM)) || has(person, ROLE(PRESUMED_VICTIM)) || has(person, ROLE(SMUGGLED_MIGRANT));
}

static enum am_err take(const Amana__V1__Person *was, const Amana__V1__Person *now, struct arena *arena,
                        struct roles_moved *moved)
{
    if (is_victim(was) && has(now, ROLE(SUSPECT)))
        moved->suspect = now->label;
    if (!has(was, ROLE(SUSPECT)) || !is_victim(now))
        return AM_OK;
    Amana__V1__RoleChange *change = arena_alloc(arena, sizeof *change);
    if (change == NULL)
        return arena_error(arena);
    amana__v1__role_change__init(change);
    change->person = now->label;
    change->was = was->roles;
    change->n_was = was->n_roles;
    change->now = now->roles;
    change->n_now = now->n_roles;
    moved->freed[moved->n_freed++] = change;
    return AM_OK;
}

enum am_err roles_compare(const Amana__V1__Body *before, const Amana__V1__Body *after, struct arena *arena,
                          struct roles_moved *ret_moved)
{
    size_t n = 0, m = 0;
    Amana__V1__Person *const *was = before != NULL ? body_persons(before, &n) : NULL;
    Amana__V1__Person *const *now = after != NULL ? body_persons(after, &m) : NULL;
    struct roles_moved moved = {.freed = arena_array(arena, m, sizeof *moved.freed)};
    if (moved.freed == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n && now[i]->label[0] != '\0'; j++)
            if (strcmp(now[i]->label, was[j]->label) == 0) {
                TRY(take(was[j], now[i], arena, &moved));
                break; // labels are each of one person
            }
    *ret_moved = moved;
    return AM_OK;
}
