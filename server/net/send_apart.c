// SPDX-License-Identifier: Apache-2.0
// What a sender whose state is listed knows of its case: its own life, and whether it has any message of it.
#include "server/net/send_apart.h"

#include "proto/model/harm.h"
#include "proto/model/life.h"
#include "server/net/found.h"
#include "server/net/withheld.h"

#include <string.h>

#define LOOKING_SCRATCH (256u * 1024) // one header, decoded

static bool listed(const struct check *check)
{
    return harm_state(&check->s->shield, check->unit) != NULL;
}

// --- Its life
static enum am_err life_apart(struct check *check, const struct apart_place *place, struct journal_life *life)
{
    struct hub_submission *s = check->s;

    life->recipient = check->unit;
    TRY(apart_life(check->view, place, s->has_chain, life));
    return s->has_chain ? found_at(check->view, check->arena, place->known.version, &s->newest) : AM_OK;
}

// May what its originator sent have moved it?
static bool may_be_another(const struct hub_submission *s, const struct journal_life *life)
{
    return s->has_chain || life_ended_for_it(life->state) || life_set_going(s->root.kind, KIND(CLARIFICATION), life);
}

enum am_err apart_find(struct check *check, const struct in_hand *in_hand, struct apart_place *place, uint64_t root,
                       struct journal_life *ret_life, bool *ret_known)
{
    struct hub_submission *s = check->s;
    struct apart_look look = {.view = check->view,
                              .unit = check->unit,
                              .case_ref = check->header->case_ref,
                              .root = root,
                              .shield = s->shield.version,
                              .reads = LIMIT_CASE_READS,
                              .in_hand = *in_hand};
    struct journal_life life;

    *ret_known = false;
    if (!listed(check))
        return AM_OK;
    enum am_err err = store_life(check->view, root, check->unit, &life);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    if (!may_be_another(s, &life))
        return AM_OK;
    TRY(apart_look(&look, place, &s->more));
    if (s->more || !place->known.apart || (s->has_chain && place->known.version == JOURNAL_NONE))
        return AM_OK;
    bool stands = life_known_stands(&place->known, life.state);
    if (!s->has_chain && !stands && !life_ended_for_it(life.state))
        return AM_OK; // it was told since how it is kept
    TRY(life_apart(check, place, &life));
    s->apart = !stands;
    s->case_seen = place->seen.next - 1;
    *ret_known = true;
    *ret_life = life;
    return AM_OK;
}

struct looking {
    struct check *check;
    struct arena scratch;
    struct identity device;
};

static void looking_clear(struct looking *looking)
{
    arena_clear(&looking->scratch);
}

// --- Has it any message of the case?
static enum am_err message_had(struct looking *looking, const struct apart_case *of_case, uint64_t seq, bool *ret_had)
{
    struct journal_delivery delivery;
    struct store_pointer message;
    bool withheld = true;
    enum am_err err = case_message(looking->check->view, seq, &message);

    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    *ret_had = strcmp(message.originator, looking->check->unit) == 0 || in_hand_has(&of_case->in_hand, seq);
    if (*ret_had || !store_pointer_to(&message, looking->check->unit))
        return AM_OK;
    err = store_delivery(looking->check->view, seq, looking->check->unit, &delivery);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err; // it waits, or waited, for its second person
    arena_reset(&looking->scratch);
    TRY(withheld_row(looking->check->view, &looking->scratch, &looking->device, seq, JOURNAL_MAIL_MESSAGE, &withheld));
    *ret_had = !withheld;
    return AM_OK;
}

enum am_err apart_party(struct check *check, struct apart_case *of_case, bool *ret_party)
{
    struct looking AM_CLEANUP(looking_clear) looking = {.check = check};
    const char *case_ref = check->header->case_ref, *device = check->header->device;
    const struct am_bytes key = {(const uint8_t *)case_ref, strlen(case_ref)};

    arena_init(&looking.scratch, LOOKING_SCRATCH);
    if (!*ret_party || of_case->party || !listed(check) ||
        identity_parse(device, strlen(device), NULL, &looking.device) != AM_OK)
        return AM_OK;
    check->s->more = true;
    if (!of_case->asked) {
        of_case->asked = true;
        return AM_OK;
    }
    for (unsigned reads = 0; reads < LIMIT_CASE_READS && !of_case->party; reads++) {
        enum am_err err = store_index_next(check->view, STORE_INDEX_CASE, key, &of_case->next);
        if (err == AM_NOT_FOUND) {
            *ret_party = check->s->more = false;
            return AM_OK;
        }
        TRY(err);
        TRY(message_had(&looking, of_case, of_case->next++, &of_case->party));
    }
    check->s->more = !of_case->party;
    return AM_OK;
}
