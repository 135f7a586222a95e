// SPDX-License-Identifier: Apache-2.0
// Lives that are others to their originator (rule 4): from whom a case is kept is in no entry; that an answer isn't
// retrieved, and from where what follows moves the life, is.
#include "server/fsck_internal.h"

#include "proto/model/harm.h"
#include "proto/model/life_asked.h"

#include <stdlib.h>
#include <string.h>

struct fsck_said {
    struct life_asked_move move;
    const struct fsck_row *delivery; // to its originator, of what may be withheld from it; NULL: it has it
};

void fsck_asked_free(struct fsck_row *row)
{
    free(row->said);
}

// Its name stays as long as the judge.
enum am_err fsck_asked_born(struct fsck_judge *judge, struct fsck_row *row, const char *unit)
{
    struct fsck_row *name = fsck_row_get(judge, "unit", 0, unit, row->seq);

    if (name == NULL)
        return AM_NOMEM;
    name->seen = true; // it is no row of the journal
    row->asks = strstr(name->key, " of ") + 4;
    return AM_OK;
}

static bool is_told(const struct fsck_said *said)
{
    return said->delivery == NULL || said->delivery->state == AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED;
}

// The life as its originator knows it, if what it hasn't retrieved is withheld from it, but for the first `in_hand` of
// what has moved it: these its devices may have, and have signed for later. False: as it is kept.
static bool known_of(const struct fsck_row *row, size_t in_hand, struct life_asked *ret_known)
{
    if (row->n_said == 0)
        return false;
    life_asked_begin(ret_known, row->said[0].move.from, 0);
    for (size_t i = 0; i < row->n_said; i++) {
        row->said[i].move.told = i < in_hand || is_told(&row->said[i]);
        life_asked_moved(ret_known, &row->said[i].move);
    }
    return ret_known->apart;
}

// Whether it may know it to be in this state.
static bool may_know(const struct fsck_row *row, unsigned state)
{
    struct life_asked known;
    bool may = false;

    for (size_t in_hand = 0; in_hand < row->n_said && !may; in_hand++)
        may = known_of(row, in_hand, &known) && known.state == state;
    return may;
}

bool fsck_asked_moves(const struct fsck_row *row, const Amana__V1__Header *header, const Amana__V1__Move *move,
                      uint8_t root_kind, uint8_t *ret_kept)
{
    unsigned kind = (unsigned)header->kind, outcome = (unsigned)header->outcome;
    uint8_t to;

    *ret_kept = (uint8_t)move->to;
    if (row->state == move->from)
        return true;
    if (!may_know(row, move->from) ||
        life_move(root_kind, (uint8_t)move->from, kind, outcome, true, &to) != LIFE_MOVED || to != move->to)
        return false;
    if (life_move(root_kind, row->state, kind, outcome, true, ret_kept) != LIFE_MOVED)
        *ret_kept = LIFE(UNSPECIFIED);
    return true;
}

static struct fsck_said *said_add(struct fsck_row *row)
{
    if (row->n_said == row->said_room) {
        size_t room = row->said_room * 2 + 2;
        struct fsck_said *said = reallocarray(row->said, room, sizeof *said);
        if (said == NULL)
            return NULL;
        row->said = said;
        row->said_room = room;
    }
    return &row->said[row->n_said++];
}

// Nothing is left that its originator hasn't got.
static bool all_told(const struct fsck_row *row)
{
    for (size_t i = 0; i < row->n_said; i++)
        if (!is_told(&row->said[i]))
            return false;
    return true;
}

enum am_err fsck_asked_moved(struct fsck_judge *judge, const struct store_judged *entry,
                             const Amana__V1__Header *header, const Amana__V1__Move *move, struct fsck_row *row,
                             uint8_t root_kind)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    bool answers = header->sender != NULL && strcmp(move->recipient, header->sender->unit) == 0;
    const struct fsck_row *delivery = answers && !harm_answer(header) && row->asks != NULL
                                          ? fsck_row_find(judge, "delivery", entry->seq, row->asks)
                                          : NULL;

    if (kind->chain != CHAIN_NONE || all_told(row))
        row->n_said = 0;
    if (row->n_said == 0 && delivery == NULL)
        return AM_OK;
    struct fsck_said *said = said_add(row);
    if (said == NULL)
        return AM_NOMEM;
    *said = (struct fsck_said){.delivery = delivery,
                               .move = {.root_kind = root_kind,
                                        .kind = (uint8_t)header->kind,
                                        .outcome = (unsigned)header->outcome,
                                        .seq = entry->seq,
                                        .at = entry->time_ns,
                                        .from = (uint8_t)move->from,
                                        .to = (uint8_t)move->to,
                                        .answers = answers}};
    return AM_OK;
}

enum am_err fsck_asked_passed(struct fsck_judge *judge, const struct store_judged *entry,
                              const struct store_judged_message *message, struct fsck_row *row, bool *ret_asked)
{
    const Amana__V1__DeadlineEntry *deadline = entry->content->deadline;
    bool own = message->seq != message->root && row == fsck_row_find(judge, "life", message->seq, deadline->recipient);
    uint8_t passed = life_passed_said(deadline), began = own ? message->kind : message->root_kind;
    struct life_asked known;
    bool waits = false;

    *ret_asked = !store_judged_told(entry, deadline->recipient);
    if (!*ret_asked)
        return AM_OK;
    struct fsck_row *told = fsck_row_get(judge, "asked", message->seq, deadline->recipient, entry->seq);
    if (told == NULL)
        return AM_NOMEM;
    told->seen = true; // it is no row of the journal
    for (size_t in_hand = 0; row != NULL && in_hand < row->n_said && !waits; in_hand++)
        waits = known_of(row, in_hand, &known) && life_waits(began, known.state) != LIFE_WAIT_NONE;
    if (!waits)
        fsck_judge_fault(judge, entry->seq, "its originator knows of nothing that %.100s is late with",
                         deadline->recipient);
    else if ((told->flags & passed) != 0)
        fsck_judge_fault(judge, entry->seq, "it tells the originator again what %.100s is late with",
                         deadline->recipient);
    told->flags |= passed;
    return AM_OK;
}

bool fsck_asked_over(const struct fsck_row *row, const Amana__V1__Move *move, uint8_t root_kind)
{
    return row->state == move->from ||
           (move->to == LIFE(EXPIRED) && root_kind == KIND(ALERT) && may_know(row, move->from));
}
