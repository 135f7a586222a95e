// SPDX-License-Identifier: Apache-2.0
// By the index of cases, each message opened in an arena of its own.
#include "client/session/case_walk.h"
#include "client/session/store_index.h"

#include <bsd/string.h>
#include <string.h>

#define ARENA_WALK (16u * 1024 * 1024)

struct walk {
    struct session *session;
    const char *case_ref;
    case_visit *visit;
    void *user;
};

// At its place in the log, `seq`: what waited for its second person is in the case since it was sent, and the row of
// the time before is passed over. NOWHERE: of one that has no place yet.
#define NOWHERE UINT64_MAX
static enum am_err visit_one(const struct walk *walk, enum store_box box, const char *id, uint64_t seq)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    arena_init(&arena, ARENA_WALK);
    TRY(store_get(walk->session->store, box, id, &arena, &kept));
    if (seq != NOWHERE && (kept->entry == NULL || kept->entry->index != seq))
        return AM_OK;
    if (seal_header(kept->message, &arena, &detail, &header) != AM_OK || strcmp(header->case_ref, walk->case_ref) != 0)
        return AM_OK;
    enum am_err err = seal_open(walk->session, kept->message, &arena, &detail, &opened);
    if (err != AM_OK)
        return err == AM_NOMEM ? err : AM_OK;
    return walk->visit(walk->user, kept, &opened);
}

enum am_err case_walk(struct session *session, const char *case_ref, case_visit *visit, void *user)
{
    const struct walk walk = {session, case_ref, visit, user};
    char id[STORE_ID], next[STORE_ID];
    enum store_box box;
    enum am_err err;
    for (uint64_t seq = 0; (err = store_next_of_case(session->store, case_ref, &seq, &box, id)) == AM_OK; seq++)
        TRY(visit_one(&walk, box, id, seq));
    if (err != AM_NOT_FOUND)
        return err;
    id[0] = '\0';
    while ((err = store_next(session->store, STORE_OUTBOX, id, next)) == AM_OK) {
        strlcpy(id, next, sizeof id);
        TRY(visit_one(&walk, STORE_OUTBOX, id, NOWHERE));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}
