// SPDX-License-Identifier: Apache-2.0
// The contests of a case that are open, and whom each names in the message that it is about.
#include "client/session/contested.h"

#include "client/session/case_walk.h"
#include "client/session/second.h"
#include "proto/body/check.h"
#include "proto/body/person.h"
#include "proto/codec/codec.h"
#include "proto/log/leaf.h"
#include "proto/model/header.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_CONTESTED (16u * 1024 * 1024)
#define LABEL           32u

struct named {
    char label[LABEL];
    size_t place; // among the persons there, of who has no label; SIZE_MAX: none
};
struct contest {
    uint8_t digest[LOG_HASH_SIZE], about[LOG_HASH_SIZE];
    char id[STORE_ID]; // of what it is about
    bool decided;
    struct named *named; // as many as its body has
    size_t n;
};
struct contests {
    struct contest *list;
    size_t n, room;
};

static void contests_clear(struct contests *contests)
{
    for (size_t i = 0; i < contests->n; i++)
        free(contests->list[i].named);
    free(contests->list);
}

// --- The contests of the case
static void name(struct contest *contest, const char *label, const char *path)
{
    const char *at = strstr(path, "persons[");
    strlcpy(contest->named[contest->n].label, label, LABEL);
    contest->named[contest->n++].place =
        label[0] == '\0' && at != NULL ? strtoul(at + strlen("persons["), NULL, 10) : SIZE_MAX;
}

static enum am_err contest_add(struct contests *contests, const Amana__V1__Kept *kept, const struct opened *opened)
{
    const Amana__V1__Header *header = opened->header;
    const Amana__V1__Contest *says = opened->body->contest;
    if (contests->n == contests->room) {
        size_t room = contests->room * 2 + 4;
        struct contest *list = reallocarray(contests->list, room, sizeof *list);
        if (list == NULL)
            return AM_NOMEM;
        contests->list = list;
        contests->room = room;
    }
    struct contest *contest = &contests->list[contests->n];
    *contest = (struct contest){.named = calloc(says->n_roles + says->n_facts + 1, sizeof *contest->named)};
    if (contest->named == NULL)
        return AM_NOMEM;
    contests->n++;
    TRY(log_sha256(codec_bytes(kept->message->header), contest->digest));
    memcpy(contest->about, header->in_reply_to->header_digest.data, LOG_HASH_SIZE);
    strlcpy(contest->id, header->in_reply_to->id, sizeof contest->id);
    for (size_t i = 0; i < says->n_roles; i++)
        name(contest, says->roles[i]->person, "");
    for (size_t i = 0; i < says->n_facts; i++)
        name(contest, says->facts[i]->person, says->facts[i]->path);
    return AM_OK;
}

static enum am_err take(void *user, const Amana__V1__Kept *kept, const struct opened *opened)
{
    struct contests *contests = user;
    const Amana__V1__Header *header = opened->header;
    if (kept->fault[0] != '\0' || !second_sent(kept, header) || header->in_reply_to == NULL ||
        header->in_reply_to->header_digest.len != LOG_HASH_SIZE)
        return AM_OK;
    if (opened->body->kind_case == AMANA__V1__BODY__KIND_CONTEST)
        return contest_add(contests, kept, opened);
    for (size_t i = 0; i < contests->n && header->kind == KIND(DECISION); i++)
        contests->list[i].decided |= header_points_at(header->in_reply_to, contests->list[i].digest);
    return AM_OK;
}

// --- Whom they name
static bool names(const struct contest *contest, const char *label, size_t place)
{
    for (size_t i = 0; i < contest->n; i++)
        if (label[0] != '\0' ? strcmp(contest->named[i].label, label) == 0 : contest->named[i].place == place)
            return true;
    return false;
}

static void mark(const struct contest *contest, const struct opened *about, bool labelled, const Amana__V1__Body *body,
                 bool *marks)
{
    size_t n, m = 0;
    Amana__V1__Person *const *persons = body_persons(body, &n);
    Amana__V1__Person *const *there = about->body != NULL ? body_persons(about->body, &m) : NULL;
    for (size_t i = 0; i < n; i++) {
        const char *label = persons[i]->label;
        marks[i] |= labelled && label[0] != '\0' && names(contest, label, SIZE_MAX);
        for (size_t j = 0; j < m && !marks[i]; j++)
            marks[i] = names(contest, there[j]->label, j) && person_same(there[j], persons[i]);
    }
}

// Of what is about a message that isn't here, or can't be read any more, the label alone is known.
static enum am_err mark_by(struct session *session, const struct contest *contest, const Amana__V1__Header *header,
                           const Amana__V1__Body *body, bool *marks)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened opened = {.header = NULL};
    Amana__V1__Kept *kept;
    enum store_box box;
    arena_init(&arena, ARENA_CONTESTED);
    enum am_err err = store_get_any(session->store, contest->id, &arena, &box, &kept);
    if (err == AM_OK &&
        log_sha256_is(codec_bytes(kept->message->header), (struct am_bytes){contest->about, sizeof contest->about}))
        err = seal_open_kept(session, kept, &arena, &detail, &opened);
    if (err == AM_NOMEM || opened.header == NULL)
        return err == AM_NOMEM ? err : AM_OK;
    if (err != AM_OK)
        opened.body = NULL;
    mark(contest, &opened, strcmp(opened.header->sender->unit, header->sender->unit) == 0, body, marks);
    return AM_OK;
}

// The case is opened for nobody else's sake.
static bool detains_any(const Amana__V1__Body *body)
{
    size_t n;
    Amana__V1__Person *const *persons = body_persons(body, &n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < persons[i]->n_actions; j++)
            if (persons[i]->actions[j] == AMANA__V1__ACTION__CODE__DETAIN)
                return true;
    return false;
}

enum am_err contested_persons(struct session *session, const Amana__V1__Header *header, const Amana__V1__Body *body,
                              struct arena *arena, bool **ret_marks, bool *ret_any)
{
    struct contests AM_CLEANUP(contests_clear) contests = {0};
    size_t n;
    bool any = false;
    (void)body_persons(body, &n);
    bool *marks = arena_array(arena, n, sizeof *marks);
    if (marks == NULL)
        return arena_error(arena);
    if (detains_any(body))
        TRY(case_walk(session, header->case_ref, take, &contests));
    for (size_t i = 0; i < contests.n; i++)
        if (!contests.list[i].decided)
            TRY(mark_by(session, &contests.list[i], header, body, marks));
    for (size_t i = 0; i < n; i++)
        any |= marks[i];
    *ret_marks = marks;
    *ret_any = any;
    return AM_OK;
}
