// SPDX-License-Identifier: Apache-2.0
// A life as its originator knows it.
#include "proto/model/life_asked.h"

#include "proto/model/life.h"

#include <string.h>

void life_asked_begin(struct life_asked *asked, uint8_t state, uint64_t at)
{
    *asked = (struct life_asked){.state = state, .state_at = at, .taken_by = JOURNAL_NONE};
}

// Where it moved from is not what its originator knows, once that is another.
static bool next_of(const struct life_asked *asked, const struct life_asked_move *move, uint8_t *ret_state)
{
    *ret_state = move->to;
    return !asked->apart ||
           life_move(move->root_kind, asked->state, move->kind, move->outcome, true, ret_state) == LIFE_MOVED;
}

void life_asked_moved(struct life_asked *asked, const struct life_asked_move *move)
{
    uint8_t next;
    if (!move->told) {
        asked->apart = true;
        return;
    }
    if (!next_of(asked, move, &next))
        return;
    if (move->anew) {
        life_asked_begin(asked, next, move->at);
        return;
    }
    if (life_clock_stands(asked->state))
        asked->stood += move->at - asked->state_at;
    asked->state = next;
    asked->state_at = move->at;
    if (move->answers)
        asked->taken_by = move->seq;
}

void life_asked_ended(struct life_asked *asked, uint8_t to, uint64_t at, bool told)
{
    asked->apart |= !told;
    if (!told)
        return;
    asked->state = to;
    asked->state_at = at;
}

void life_asked_fill(const struct life_asked *asked, uint64_t until, struct journal_life *life)
{
    life->state = asked->state;
    life->state_at = asked->state_at;
    life->flags = asked->passed;
    life->officer = asked->taken_by != JOURNAL_NONE ? life->recipient : ""; // nobody asks which
    if (until != 0 && life->answer_due != 0)
        life->answer_due = until + asked->stood;
}

bool life_asked_differs(const struct journal_life *known, const struct journal_life *kept)
{
    return known->state != kept->state || known->flags != kept->flags || known->ack_due != kept->ack_due ||
           known->answer_due != kept->answer_due || (known->officer[0] == '\0') != (kept->officer[0] == '\0');
}
