// SPDX-License-Identifier: Apache-2.0
// Roles before and after.
#include "client/session/roles.h"

#include "client/session/case_walk.h"
#include "client/session/directory.h"
#include "client/session/second.h"
#include "proto/body/check.h"
#include "proto/body/person.h"
#include "proto/codec/codec.h"
#include "proto/log/leaf.h"
#include "proto/model/address.h"
#include "proto/model/header.h"
#include "proto/model/kind.h"
#include "proto/model/kind_body.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#define ROLE(name) AMANA__V1__PERSON_ROLE__CODE__##name

static bool holds(const Amana__V1__PersonRole__Code *roles, size_t n, Amana__V1__PersonRole__Code role)
{
    for (size_t i = 0; i < n; i++)
        if (roles[i] == role)
            return true;
    return false;
}

static bool holds_victim(const Amana__V1__PersonRole__Code *roles, size_t n)
{
    return holds(roles, n, ROLE(VICTIM)) || holds(roles, n, ROLE(PRESUMED_VICTIM)) ||
           holds(roles, n, ROLE(SMUGGLED_MIGRANT));
}

static bool has(const Amana__V1__Person *person, Amana__V1__PersonRole__Code role)
{
    return holds(person->roles, person->n_roles, role);
}

static bool holds_protected(const Amana__V1__PersonRole__Code *roles, size_t n)
{
    return holds_victim(roles, n) || holds(roles, n, ROLE(MISSING));
}

static bool is_victim(const Amana__V1__Person *person)
{
    return holds_victim(person->roles, person->n_roles);
}

// --- Somebody who is a suspect in a message, and what the case has said of them
struct suspect {
    const char *label;
    const Amana__V1__Person *person; // NULL: named by a CORRECTION's roles alone
    char path[64];
    enum { SAID_NOTHING, SAID_PROTECTED, SAID_SUSPECT } said; // PROTECTED: a CORRECTION alone makes a suspect of them
    char by[LIMIT_ADDRESS + 1];
};
struct judging {
    struct session *session;
    const Amana__V1__Header *header;
    struct suspect *list;
    size_t n;
};

static const Amana__V1__Correction *correction_of(const Amana__V1__Body *body)
{
    return body->kind_case == AMANA__V1__BODY__KIND_CORRECTION ? body->correction : NULL;
}

static enum am_err suspects_find(const Amana__V1__Header *header, const Amana__V1__Body *body, struct arena *arena,
                                 struct judging *judging)
{
    const Amana__V1__Correction *correction = correction_of(body);
    size_t n, n_changes = correction != NULL ? correction->n_roles : 0;
    Amana__V1__Person *const *persons = body_persons(body, &n);
    const struct kind *kind = kind_get((unsigned)header->kind);
    judging->list = arena_array(arena, n + n_changes, sizeof *judging->list);
    if (judging->list == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < n; i++) {
        struct suspect *suspect = &judging->list[judging->n];
        if (!has(persons[i], ROLE(SUSPECT)))
            continue;
        *suspect = (struct suspect){.label = persons[i]->label, .person = persons[i]};
        snprintf(suspect->path, sizeof suspect->path, "%s.persons[%zu].roles", kind->json, i);
        judging->n++;
    }
    for (size_t i = 0; i < n_changes; i++) {
        const Amana__V1__RoleChange *change = correction->roles[i];
        struct suspect *suspect = &judging->list[judging->n];
        if (!holds(change->now, change->n_now, ROLE(SUSPECT)))
            continue;
        *suspect = (struct suspect){.label = change->person};
        snprintf(suspect->path, sizeof suspect->path, "%s.roles[%zu].now", kind->json, i);
        judging->n++;
    }
    return AM_OK;
}

static size_t pointers_of(const Amana__V1__Header *header, const Amana__V1__Pointer *ret_list[LIMIT_REFERENCES + 2])
{
    size_t n = 0;
    if (header->in_reply_to != NULL)
        ret_list[n++] = header->in_reply_to;
    if (header->supersedes != NULL)
        ret_list[n++] = header->supersedes;
    for (size_t i = 0; i < header->n_references && i < LIMIT_REFERENCES; i++)
        ret_list[n++] = header->references[i];
    return n;
}

// One points at the other, or both at the same.
static bool are_tied(const Amana__V1__Header *header, const Amana__V1__Header *other, struct am_bytes other_bytes)
{
    const Amana__V1__Pointer *ours[LIMIT_REFERENCES + 2], *theirs[LIMIT_REFERENCES + 2];
    size_t n = pointers_of(header, ours), m = pointers_of(other, theirs);
    uint8_t digest[LOG_HASH_SIZE];
    if (log_sha256(other_bytes, digest) != AM_OK)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (header_points_at(ours[i], digest))
            return true;
        for (size_t j = 0; j < m; j++)
            if (theirs[j]->header_digest.len == LOG_HASH_SIZE &&
                header_points_at(ours[i], theirs[j]->header_digest.data))
                return true;
    }
    return false;
}

// What another unit holds stands until it is corrected there: by it, or by its country's data protection office.
static void hear(struct session *session, struct suspect *suspect, const Amana__V1__PersonRole__Code *roles, size_t n,
                 const char *by, bool corrects)
{
    bool now_suspect = holds(roles, n, ROLE(SUSPECT)), now_protected = holds_protected(roles, n);
    bool own = suspect->said != SAID_SUSPECT || strcmp(suspect->by, by) == 0 ||
               (corrects && address_same_country(suspect->by, by) && directory_role_is(session, by, "dpo"));
    if (now_suspect && (suspect->said == SAID_NOTHING || (corrects && suspect->said == SAID_PROTECTED)))
        suspect->said = SAID_SUSPECT;
    else if (now_protected && own)
        suspect->said = SAID_PROTECTED;
    else
        return;
    strlcpy(suspect->by, by, sizeof suspect->by);
}

static enum am_err hear_message(void *user, const Amana__V1__Kept *kept, const struct opened *opened)
{
    const struct judging *judging = user;
    const char *by = opened->header->sender->unit;
    const Amana__V1__Correction *correction = correction_of(opened->body);
    size_t n;
    Amana__V1__Person *const *persons = body_persons(opened->body, &n);
    if (kept->fault[0] != '\0' || second_never(kept, opened->header)) // nobody but its author ever said so
        return AM_OK;
    bool by_label = strcmp(by, judging->header->sender->unit) == 0 ||
                    are_tied(judging->header, opened->header, codec_bytes(kept->message->header));
    for (size_t i = 0; i < judging->n; i++) {
        struct suspect *suspect = &judging->list[i];
        bool labelled = by_label && suspect->label[0] != '\0';
        for (size_t j = 0; j < n; j++)
            if ((labelled && strcmp(suspect->label, persons[j]->label) == 0) ||
                (suspect->person != NULL && person_same(suspect->person, persons[j])))
                hear(judging->session, suspect, persons[j]->roles, persons[j]->n_roles, by, correction != NULL);
        for (size_t j = 0; labelled && correction != NULL && j < correction->n_roles; j++)
            if (strcmp(suspect->label, correction->roles[j]->person) == 0)
                hear(judging->session, suspect, correction->roles[j]->now, correction->roles[j]->n_now, by, true);
    }
    return AM_OK;
}

enum am_err roles_judge(struct session *session, const Amana__V1__Header *header, const Amana__V1__Body *body,
                        struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct judging judging = {.session = session, .header = header};
    arena_init(&arena, 16u * 1024 * 1024);
    TRY(suspects_find(header, body, &arena, &judging));
    if (judging.n == 0 || (correction_of(body) != NULL && header->release == AMANA__V1__RELEASE__CODE__REQUIRED))
        return AM_OK;
    TRY(case_walk(session, header->case_ref, hear_message, &judging));
    for (size_t i = 0; i < judging.n; i++)
        if (judging.list[i].said == SAID_PROTECTED)
            return am_fail(
                AM_INVALID, detail, judging.list[i].path,
                "%.31s was entered as a victim, missing person or smuggled migrant: only a CORRECTION with a "
                "supervisor makes a SUSPECT of such a person (`amana correct`)",
                judging.list[i].label[0] != '\0' ? judging.list[i].label : "this person");
    return AM_OK;
}

// --- Towards victim

// Who has no label there is named by where it stands.
static enum am_err take_fact(const Amana__V1__Body *before, size_t index, const Amana__V1__Person *now,
                             struct arena *arena, struct roles_moved *moved)
{
    const struct kind *kind = kind_get(kind_body_which(&before->base));
    Amana__V1__Change *change = arena_alloc(arena, sizeof *change);
    if (change == NULL)
        return arena_error(arena);
    amana__v1__change__init(change);
    change->path = arena_printf(arena, "%s.persons[%zu].roles", kind->json, index);
    change->was = (char *)"SUSPECT";
    change->now = (char *)(has(now, ROLE(SMUGGLED_MIGRANT))  ? "SMUGGLED_MIGRANT"
                           : has(now, ROLE(PRESUMED_VICTIM)) ? "PRESUMED_VICTIM"
                                                             : "VICTIM");
    change->person = now->label;
    if (change->path == NULL)
        return arena_error(arena);
    moved->facts[moved->n_facts++] = change;
    return AM_OK;
}

static enum am_err take(const Amana__V1__Body *before, size_t index, const Amana__V1__Person *was,
                        const Amana__V1__Person *now, struct arena *arena, struct roles_moved *moved)
{
    if (!has(was, ROLE(SUSPECT)) || !is_victim(now))
        return AM_OK;
    if (was->label[0] == '\0')
        return take_fact(before, index, now, arena, moved);
    Amana__V1__RoleChange *change = arena_alloc(arena, sizeof *change);
    if (change == NULL)
        return arena_error(arena);
    amana__v1__role_change__init(change);
    change->person = was->label;
    change->was = was->roles;
    change->n_was = was->n_roles;
    change->now = now->roles;
    change->n_now = now->n_roles;
    moved->freed[moved->n_freed++] = change;
    return AM_OK;
}

// Labels are of one case.
static bool is_named(const Amana__V1__Person *was, const Amana__V1__Person *now, bool labelled)
{
    return (labelled && now->label[0] != '\0' && strcmp(now->label, was->label) == 0) || person_same(was, now);
}

bool roles_frees(const Amana__V1__Body *body, const Amana__V1__Person *was)
{
    size_t n;
    Amana__V1__Person *const *now = body_persons(body, &n);
    const Amana__V1__Correction *correction = correction_of(body);
    bool contests = body->kind_case == AMANA__V1__BODY__KIND_CONTEST;
    Amana__V1__RoleChange *const *changes = correction != NULL ? correction->roles
                                            : contests         ? body->contest->roles
                                                               : NULL;
    size_t n_changes = correction != NULL ? correction->n_roles : contests ? body->contest->n_roles : 0;
    if (!has(was, ROLE(SUSPECT)))
        return false;
    for (size_t i = 0; i < n; i++)
        if (is_named(was, now[i], true))
            return !has(now[i], ROLE(SUSPECT));
    for (size_t i = 0; i < n_changes; i++)
        if (was->label[0] != '\0' && strcmp(was->label, changes[i]->person) == 0)
            return !holds(changes[i]->now, changes[i]->n_now, ROLE(SUSPECT));
    return false;
}

enum am_err roles_compare(const Amana__V1__Body *before, const Amana__V1__Body *after, bool labelled,
                          struct arena *arena, struct roles_moved *ret_moved)
{
    size_t n = 0, m = 0;
    Amana__V1__Person *const *was = before != NULL ? body_persons(before, &n) : NULL;
    Amana__V1__Person *const *now = after != NULL ? body_persons(after, &m) : NULL;
    struct roles_moved moved = {.freed = arena_array(arena, m, sizeof *moved.freed),
                                .facts = arena_array(arena, m, sizeof *moved.facts)};
    if (moved.freed == NULL || moved.facts == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            if (is_named(was[j], now[i], labelled)) {
                TRY(take(before, j, was[j], now[i], arena, &moved));
                break; // one of each is one person
            }
    *ret_moved = moved;
    return AM_OK;
}
