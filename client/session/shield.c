// SPDX-License-Identifier: Apache-2.0
// What the messages of a case have said, in the order of the log.
#include "client/session/shield.h"

#include "client/session/case_walk.h"
#include "client/session/directory.h"
#include "client/session/known.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "client/session/store_roster.h"
#include "proto/body/check.h"
#include "proto/body/person.h"
#include "proto/codec/codec.h"
#include "proto/log/leaf.h"
#include "proto/model/harm.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_SHIELD (16u * 1024 * 1024)
#define FLAG(name)   AMANA__V1__PROTECTION__CODE__##name

// One message's word.
struct said {
    char id[STORE_ID], sender[LIMIT_ADDRESS + 1];
    uint8_t digest[LOG_HASH_SIZE];
    Amana__V1__Protection__Code protection;
    size_t n_states, n_points;
    char states[SHIELD_STATES][3];
    uint8_t points[LIMIT_REFERENCES + 1][LOG_HASH_SIZE]; // at what it points
};
struct sayings {
    struct said *list;
    size_t n, room;
};

static void sayings_clear(struct sayings *sayings)
{
    free(sayings->list);
}

const struct shield_state *shield_lists(const struct shield *shield, const char *unit)
{
    for (size_t i = 0; i < shield->n; i++)
        if (address_in_country(unit, shield->states[i].country))
            return &shield->states[i];
    return NULL;
}

bool shield_keeps(const struct shield *shield, const Amana__V1__Header *header, const char *unit, const char *answered)
{
    const struct shield_state *state = shield_lists(shield, unit);
    if (state == NULL || shield->own || !harm_keeps((unsigned)state->protection, header))
        return false;
    if (answered == NULL || !harm_answer(header))
        return true;
    return !address_same_country(unit, answered);
}

// --- Reading
static void point_take(struct said *said, const Amana__V1__Pointer *pointer)
{
    if (pointer != NULL && pointer->header_digest.len == LOG_HASH_SIZE && said->n_points < AM_LEN(said->points))
        memcpy(said->points[said->n_points++], pointer->header_digest.data, LOG_HASH_SIZE);
}

static enum am_err take(void *user, const Amana__V1__Kept *kept, const struct opened *opened)
{
    struct sayings *sayings = user;
    const Amana__V1__Header *header = opened->header;
    const Amana__V1__Flags *flags = opened->flags;
    // What its second person has not released, and what is played, protects all the same and takes nothing back.
    bool counts = second_sent(kept, header) && header->status == AMANA__V1__STATUS__CODE__ACTUAL;
    if (!counts && flags->protection != FLAG(YES) && flags->protection != FLAG(UNKNOWN))
        return AM_OK;
    if (sayings->n == sayings->room) {
        size_t room = sayings->room * 2 + 8;
        struct said *list = reallocarray(sayings->list, room, sizeof *list);
        if (list == NULL)
            return AM_NOMEM;
        sayings->list = list;
        sayings->room = room;
    }
    struct said *said = &sayings->list[sayings->n];
    *said = (struct said){.protection = flags->protection};
    TRY(log_sha256(codec_bytes(kept->message->header), said->digest));
    strlcpy(said->id, header->id, sizeof said->id);
    strlcpy(said->sender, header->sender->unit, sizeof said->sender);
    for (size_t i = 0; i < flags->n_never_tell && i < SHIELD_STATES; i++)
        strlcpy(said->states[said->n_states++], flags->never_tell[i], sizeof said->states[0]);
    point_take(said, header->in_reply_to);
    point_take(said, header->supersedes);
    for (size_t i = 0; i < header->n_references; i++)
        point_take(said, header->references[i]);
    sayings->n++;
    return AM_OK;
}

// --- Folding
// It points at a message before it that names this state.
static bool knows(const struct sayings *sayings, size_t at, const char *country)
{
    const struct said *said = &sayings->list[at];
    for (size_t i = 0; i < at; i++)
        for (size_t j = 0; j < said->n_points; j++)
            for (size_t k = 0; k < sayings->list[i].n_states; k++)
                if (memcmp(sayings->list[i].digest, said->points[j], LOG_HASH_SIZE) == 0 &&
                    strcmp(sayings->list[i].states[k], country) == 0)
                    return true;
    return false;
}

static void lower(struct session *session, const struct sayings *sayings, size_t at, struct shield *shield)
{
    const struct said *said = &sayings->list[at];
    size_t kept = 0;
    if (shield->n == 0 || !directory_role_is(session, said->sender, "protection"))
        return;
    for (size_t i = 0; i < shield->n; i++)
        if (address_in_country(said->sender, shield->states[i].country) ||
            !knows(sayings, at, shield->states[i].country))
            shield->states[kept++] = shield->states[i];
    shield->n = kept;
}

static void raise(const struct said *said, struct shield *shield)
{
    for (size_t i = 0; i < said->n_states; i++) {
        size_t j = 0;
        while (j < shield->n && strcmp(shield->states[j].country, said->states[i]) != 0)
            j++;
        bool there = j < shield->n;
        if (j == SHIELD_STATES ||
            (there && (shield->states[j].protection == FLAG(YES) || said->protection != FLAG(YES))))
            continue;
        struct shield_state *state = &shield->states[j];
        strlcpy(state->country, said->states[i], sizeof state->country);
        strlcpy(state->id, said->id, sizeof state->id);
        memcpy(state->digest, said->digest, sizeof state->digest);
        state->protection = said->protection;
        shield->n += !there;
    }
}

enum am_err shield_of_case(struct session *session, const char *case_ref, struct shield *ret_shield)
{
    struct sayings AM_CLEANUP(sayings_clear) sayings = {0};
    TRY(case_walk(session, case_ref, take, &sayings));
    *ret_shield = (struct shield){0};
    for (size_t i = 0; i < sayings.n; i++) {
        if (sayings.list[i].protection == FLAG(NO))
            lower(session, &sayings, i, ret_shield);
        raise(&sayings.list[i], ret_shield);
    }
    for (size_t i = 0; i < ret_shield->n; i++)
        strlcpy(ret_shield->states[i].case_ref, case_ref, sizeof ret_shield->states[i].case_ref);
    ret_shield->own = shield_lists(ret_shield, session->settings.value[SETTING_UNIT]) != NULL;
    return AM_OK;
}

// --- Persons
static bool one_is_among(const struct known_persons *persons, const struct known_persons *others)
{
    for (size_t i = 0; i < persons->n; i++)
        for (size_t j = 0; j < others->n; j++)
            if (person_same(persons->list[i], others->list[j]))
                return true;
    return false;
}

static enum am_err merge(struct session *session, const char *case_ref, struct shield *shield)
{
    struct shield other;
    TRY(shield_of_case(session, case_ref, &other));
    for (size_t i = 0; i < other.n && !other.own; i++) {
        size_t j = 0;
        while (j < shield->n && strcmp(shield->states[j].country, other.states[i].country) != 0)
            j++;
        if (j < SHIELD_STATES && (j == shield->n || shield->states[j].protection != FLAG(YES))) {
            shield->n += j == shield->n;
            shield->states[j] = other.states[i];
        }
    }
    return AM_OK;
}

// Cases that were looked at already.
struct cases {
    char (*list)[sizeof((struct shield_state *)0)->case_ref];
    size_t n;
};

static void cases_clear(struct cases *cases)
{
    free(cases->list);
}

static bool cases_have(const struct cases *cases, const char *case_ref)
{
    for (size_t i = 0; i < cases->n; i++)
        if (strcmp(cases->list[i], case_ref) == 0)
            return true;
    return false;
}

static enum am_err cases_add(struct cases *cases, const char *case_ref)
{
    void *list = reallocarray(cases->list, cases->n + 1, sizeof *cases->list);
    if (list == NULL)
        return AM_NOMEM;
    cases->list = list;
    strlcpy(cases->list[cases->n++], case_ref, sizeof *cases->list);
    return AM_OK;
}

static enum am_err compare_one(struct session *session, const struct known_message *message,
                               const struct known_persons *persons, struct cases *cases, struct shield *shield)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened opened;
    struct known_persons others;
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    arena_init(&arena, ARENA_SHIELD);
    enum am_err err = store_get(session->store, message->box, message->id, &arena, &kept);
    if (err == AM_NOT_FOUND)
        return AM_OK; // another process has moved it: its other row is behind this one
    TRY(err);
    if (seal_header(kept->message, &arena, &detail, &header) != AM_OK || cases_have(cases, header->case_ref))
        return AM_OK;
    err = seal_open(session, kept->message, &arena, &detail, &opened);
    if (err != AM_OK)
        return err == AM_NOMEM ? err : AM_OK;
    TRY(known_persons(opened.body, &arena, &others));
    if (!one_is_among(persons, &others))
        return AM_OK;
    TRY(cases_add(cases, header->case_ref));
    return merge(session, header->case_ref, shield);
}

// --- References
// Two messages may bear one id: it is the digest that counts.
static enum am_err reference_take(struct session *session, const Amana__V1__Pointer *reference, struct cases *cases,
                                  struct shield *shield)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    enum store_box box;
    arena_init(&arena, ARENA_SHIELD);
    enum am_err err = store_get_any(session->store, reference->id, &arena, &box, &kept);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    if (!log_sha256_is(codec_bytes(kept->message->header), codec_bytes(reference->header_digest)) ||
        seal_header(kept->message, &arena, NULL, &header) != AM_OK || cases_have(cases, header->case_ref))
        return AM_OK;
    TRY(cases_add(cases, header->case_ref));
    return merge(session, header->case_ref, shield);
}

enum am_err shield_of_references(struct session *session, const Amana__V1__Header *header, struct shield *shield)
{
    struct cases AM_CLEANUP(cases_clear) cases = {0};
    TRY(cases_add(&cases, header->case_ref));
    for (size_t i = 0; i < header->n_references; i++)
        TRY(reference_take(session, header->references[i], &cases, shield));
    return AM_OK;
}

// --- Both
enum am_err shield_of_persons(struct session *session, const char *case_ref, const struct known_persons *persons,
                              struct shield *shield)
{
    struct known AM_CLEANUP(known_clear) known = {0};
    struct cases AM_CLEANUP(cases_clear) cases = {0};
    bool any = false;
    for (size_t i = 0; i < persons->n && !any; i++)
        any = person_is_known(persons->list[i]);
    if (!any)
        return AM_OK;
    TRY(cases_add(&cases, case_ref));
    TRY(known_find(session, persons, &known));
    for (size_t i = 0; i < known.n; i++)
        TRY(compare_one(session, &known.list[i], persons, &cases, shield));
    return AM_OK;
}
