// SPDX-License-Identifier: Apache-2.0
// Members and their grants: what stands in memory, and the questions about it.
#include "server/hub/internal.h"

#include "proto/model/member.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum hub_role role;
} ROLES[] = {
    {"unit", ROLE_UNIT},       {"protection", ROLE_PROTECTION}, {"dpo", ROLE_DPO},
    {"auditor", ROLE_AUDITOR}, {"registrar", ROLE_REGISTRAR},   {"operator", ROLE_OPERATOR},
};

static enum hub_role role_of(const char *name)
{
    for (size_t i = 0; i < AM_LEN(ROLES); i++)
        if (strcmp(ROLES[i].name, name) == 0)
            return ROLES[i].role;
    return ROLE_OTHER;
}

struct hub_unit *hub_unit_find(const struct hub *hub, const char *name)
{
    struct hub_unit *unit;
    HASH_FIND_STR(hub->units, name, unit);
    return unit;
}

enum am_err hub_unit_room(struct hub *hub, const char *name, struct hub_unit **ret_unit)
{
    struct hub_unit *unit = hub_unit_find(hub, name);
    if (unit == NULL) {
        if (strlen(name) > LIMIT_ADDRESS)
            return AM_INVALID;
        unit = calloc(1, sizeof *unit);
        if (unit == NULL)
            return AM_NOMEM;
        strlcpy(unit->name, name, sizeof unit->name);
        HASH_ADD_STR(hub->units, name, unit);
        if (unit->hh.tbl == NULL) {
            free(unit);
            return AM_NOMEM;
        }
    }
    *ret_unit = unit;
    return AM_OK;
}

// --- Members
static void strings_free(char **list, size_t n)
{
    for (size_t i = 0; list != NULL && i < n; i++)
        free(list[i]);
    free(list);
}

static char **strings_copy(char *const *list, size_t n)
{
    char **copy = calloc(n + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < n; i++) {
        copy[i] = strdup(list[i]);
        if (copy[i] == NULL) {
            strings_free(copy, i);
            return NULL;
        }
    }
    return copy;
}

void hub_member_free(struct hub_member *member)
{
    if (member == NULL)
        return;
    for (size_t i = 0; member->grants != NULL && i < member->n_grants; i++)
        strings_free(member->grants[i].parties, member->grants[i].n_parties);
    free(member->grants);
    strings_free(member->scope, member->n_scope);
    free(member->role_name);
    free(member->grants_text);
    free(member);
}

static bool grant_copy(const Amana__V1__GrantRecord *from, struct hub_grant *grant)
{
    for (size_t i = 0; i < from->n_kinds; i++)
        if (kind_get((unsigned)from->kinds[i]) != NULL)
            grant->kinds |= KIND_BIT(from->kinds[i]);
    grant->n_parties = from->n_parties;
    grant->parties = strings_copy(from->parties, from->n_parties);
    return grant->parties != NULL;
}

struct hub_member *hub_member_copy(const Amana__V1__MemberRecord *from)
{
    const Amana__V1__Member *said = from->said;
    struct hub_member *member = calloc(1, sizeof *member);
    if (member == NULL)
        return NULL;
    member->role = role_of(said->role);
    member->role_name = strdup(said->role);
    member->grants_text = member_grants_text(from);
    member->n_grants = from->n_grants;
    member->grants = calloc(from->n_grants + 1, sizeof *member->grants);
    member->n_scope = said->n_scope;
    member->scope = strings_copy(said->scope, said->n_scope);
    (void)strlcpy(member->successor, said->successor, sizeof member->successor);
    bool good =
        member->role_name != NULL && member->grants_text != NULL && member->grants != NULL && member->scope != NULL;
    for (size_t i = 0; good && i < from->n_grants; i++)
        good = grant_copy(from->grants[i], &member->grants[i]);
    if (!good) {
        hub_member_free(member);
        return NULL;
    }
    return member;
}

void hub_member_install(struct hub *hub, struct hub_unit *unit, struct hub_member *member, uint64_t revision)
{
    hub_member_free(unit->member);
    unit->member = member;
    unit->revision = revision;
    hub->epoch++;
}

enum am_err hub_set_member(struct hub *hub, const Amana__V1__MemberRecord *record)
{
    struct hub_unit *unit;
    struct hub_member *member = NULL;
    TRY(hub_unit_room(hub, record->unit, &unit));
    if (record->said != NULL && record->said->role[0] != '\0') {
        member = hub_member_copy(record);
        if (member == NULL)
            return AM_NOMEM;
    }
    hub_member_install(hub, unit, member, record->revision);
    return AM_OK;
}

const struct hub_member *hub_member_find(const struct hub *hub, const char *unit)
{
    const struct hub_unit *found = hub_unit_find(hub, unit);
    return found != NULL ? found->member : NULL;
}

const char *hub_role(const struct hub *hub, const char *unit)
{
    const struct hub_member *member = hub_member_find(hub, unit);
    return member != NULL ? member->role_name : NULL;
}

bool hub_is_registrar(const struct hub *hub, const char *unit)
{
    const struct hub_member *member = hub_member_find(hub, unit);
    return member != NULL && member->role == ROLE_REGISTRAR;
}

bool hub_sees_registry(const struct hub *hub, const char *unit)
{
    const struct hub_member *member = hub_member_find(hub, unit);
    return member != NULL && (member->role == ROLE_REGISTRAR || member->role == ROLE_OPERATOR);
}

bool hub_may_receive(const struct hub_member *member)
{
    return member != NULL && (member->role == ROLE_UNIT || member->role == ROLE_PROTECTION || member->role == ROLE_DPO);
}

bool hub_reachable(const struct hub *hub, const char *unit)
{
    return hub_may_receive(hub_member_find(hub, unit)) && hub_roster_in_force(hub, unit);
}

// --- Grants: "et/ics/moyale", "et/ics/*", "ke/*/*"
size_t hub_grant_find(const struct hub_member *member, uint32_t kinds, const char *party, const char **ret_pattern)
{
    for (size_t i = 0; i < member->n_grants; i++) {
        if ((member->grants[i].kinds & kinds) == 0)
            continue;
        for (size_t j = 0; j < member->grants[i].n_parties; j++)
            if (address_matches(member->grants[i].parties[j], party)) {
                *ret_pattern = member->grants[i].parties[j];
                return i + 1;
            }
    }
    return 0;
}

static bool granted_any(const struct hub_member *member, uint32_t kinds, const char *party)
{
    const char *pattern;
    return hub_grant_find(member, kinds, party, &pattern) != 0;
}

bool hub_granted(const struct hub_member *member, unsigned kind, const char *party)
{
    return granted_any(member, KIND_BIT(kind), party);
}

bool hub_may_write(const struct hub *hub, const char *unit, const char *other)
{
    const struct hub_member *member = hub_member_find(hub, unit);
    if (!hub_may_receive(member) || !hub_may_receive(hub_member_find(hub, other)))
        return false;
    const char *protection = hub_protection_of(hub, unit);
    return (protection != NULL && strcmp(protection, other) == 0) || granted_any(member, KINDS_ALL, other);
}

const char *hub_successor(const struct hub *hub, const char *unit)
{
    const struct hub_member *member = hub_member_find(hub, unit);
    return member != NULL ? member->successor : "";
}

bool hub_may_replay(const struct hub *hub, const char *unit, const Amana__V1__ReplayRequest *request)
{
    const struct hub_member *member = hub_member_find(hub, unit);
    if (member != NULL && member->role == ROLE_PROTECTION)
        return request->message[0] != '\0' && request->kind == AMANA__V1__ENTRY_KIND__CODE__SUBMITTED &&
               !request->follow;
    return member != NULL && (member->role == ROLE_AUDITOR || member->role == ROLE_DPO);
}

bool hub_in_scope(const struct hub *hub, const char *auditor, const char *country)
{
    const struct hub_member *member = hub_member_find(hub, auditor);
    if (member != NULL && member->role == ROLE_DPO) // its country's
        return address_in_country(auditor, country);
    if (member != NULL && member->role == ROLE_PROTECTION)
        return hub_protects_in(hub, auditor, country);
    if (member == NULL || member->role != ROLE_AUDITOR)
        return false;
    for (size_t i = 0; i < member->n_scope; i++)
        if (strcmp(member->scope[i], country) == 0)
            return true;
    return false;
}

// --- Policy
void hub_set_policy(struct hub *hub, struct policy *policy)
{
    policy_free(hub->policy);
    hub->policy = policy;
    hub->epoch++;
}

const struct policy *hub_policy(const struct hub *hub)
{
    return hub->policy;
}

// --- The room that rosters ask for (roster.c)
enum am_err hub_roster_room(struct hub *hub, const char *name, struct hub_unit **ret_unit)
{
    struct hub_unit *unit;
    TRY(hub_unit_room(hub, name, &unit));
    if (unit->n_rosters == unit->room) {
        size_t room = unit->room == 0 ? 4 : unit->room * 2;
        struct hub_kept_roster **rosters = reallocarray(unit->rosters, room, sizeof(struct hub_kept_roster *));
        if (rosters == NULL)
            return AM_NOMEM;
        unit->rosters = rosters;
        unit->room = room;
    }
    *ret_unit = unit;
    return AM_OK;
}

void hub_registry_free(struct hub *hub)
{
    struct hub_unit *unit, *next;
    HASH_ITER (hh, hub->units, unit, next) {
        HASH_DEL(hub->units, unit);
        hub_member_free(unit->member);
        for (size_t i = 0; i < unit->n_rosters; i++)
            free(unit->rosters[i]);
        free(unit->rosters);
        free(unit);
    }
    hub_countries_free(hub->countries);
}
