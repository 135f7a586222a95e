// SPDX-License-Identifier: Apache-2.0
// A life as its unit knows it.
#include "proto/model/life_known.h"

#include "proto/model/life.h"

static enum kind_chain chain_of(unsigned kind)
{
    const struct kind *row = kind_get(kind);
    return row != NULL ? (enum kind_chain)row->chain : CHAIN_NONE;
}

bool life_gone_on(unsigned root_kind, unsigned kind, uint64_t seq, const struct journal_life *life)
{
    if (chain_of(root_kind) != CHAIN_BEGINS)
        return life->clock_seq == seq && life->state == LIFE(WITHDRAWN);
    bool version = chain_of(kind) == CHAIN_BEGINS || chain_of(kind) == CHAIN_RENEWS;
    return version && life->clock_seq != seq;
}

bool life_ended_for_it(uint8_t state)
{
    return state == LIFE(WITHDRAWN) || state == LIFE(CLOSED);
}

void life_known_version(struct life_known *known, uint64_t version)
{
    *known = (struct life_known){.version = version};
}

void life_known_withheld(struct life_known *known, uint8_t from, uint64_t now)
{
    if (known->apart)
        return;
    known->apart = true;
    known->state = from;
    if (life_clock_stands(from)) // what ended the pause gave it back
        known->shift -= (int64_t)(now - known->state_at);
}

void life_known_moved(struct life_known *known, uint8_t to, uint64_t now, bool own)
{
    if (known->apart && life_clock_stands(known->state))
        known->shift += (int64_t)(now - known->state_at);
    known->state = to;
    known->state_at = now;
    known->taken_on |= own;
}

void life_known_passed(struct life_known *known, uint8_t flags)
{
    known->passed |= flags;
}

void life_known_fill(const struct life_known *known, const struct kind_due *due, struct journal_life *life)
{
    life->state = known->state;
    life->state_at = known->state_at;
    life->flags = known->passed;
    life->officer = known->taken_on ? life->recipient : ""; // nobody asks which
    if (due != NULL) {
        life->clock_seq = known->version;
        life->ack_due = due->ack;
        life->answer_due = due->answer;
    } else if (life->answer_due != 0) {
        life->answer_due += (uint64_t)known->shift;
    }
}
