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

bool life_sets_going(unsigned root_kind, unsigned kind, uint8_t *ret_state)
{
    return kind == KIND(CLARIFICATION) && life_move(root_kind, LIFE(SUSPENDED), kind, 0, true, ret_state) == LIFE_MOVED;
}

bool life_set_going(unsigned root_kind, unsigned kind, const struct journal_life *life)
{
    uint8_t state;
    return life_sets_going(root_kind, kind, &state) && life->state == state;
}

bool life_stands_for(unsigned root_kind, unsigned kind, const struct journal_life *life)
{
    uint8_t going;
    return life_sets_going(root_kind, kind, &going) && life_clock_stands(life->state);
}

void life_known_version(struct life_known *known, uint64_t version)
{
    *known = (struct life_known){.version = version, .by = JOURNAL_NONE, .halted = JOURNAL_NONE};
}

void life_known_withheld(struct life_known *known, uint64_t by, uint8_t from, uint8_t to, uint64_t now)
{
    known->by = by;
    known->kept = to;
    known->halted = JOURNAL_NONE;
    if (known->apart)
        return;
    known->apart = true;
    known->state = from;
    if (life_clock_stands(from)) // what ended the pause gave it back
        known->shift -= (int64_t)(now - known->state_at);
}

void life_known_moved(struct life_known *known, uint8_t to, uint64_t now)
{
    if (known->apart && life_clock_stands(known->state))
        known->shift += (int64_t)(now - known->state_at);
    known->state = to;
    known->state_at = now;
}

static void kept_as_known(struct life_known *known)
{
    known->apart = false;
    known->shift = 0;
    known->by = JOURNAL_NONE;
}

void life_known_answered(struct life_known *known, unsigned kind, uint8_t to, uint64_t now)
{
    if (life_known_stands(known, known->kept))
        kept_as_known(known);
    life_known_moved(known, to, now);
    known->taken_on = true;
    if (kind != KIND(ACK)) // which no clock minds
        known->halted = JOURNAL_NONE;
}

// No clock of an answer passes while it stands still: what was told then was of the one that is kept.
void life_known_passed(struct life_known *known, uint8_t flags)
{
    bool stands = known->apart && life_clock_stands(known->state);
    known->passed |= stands ? flags & ~LIFE_OF_ANSWER : flags;
}

void life_known_halted(struct life_known *known, uint64_t message, uint8_t to, bool withheld)
{
    if (withheld)
        kept_as_known(known);
    known->state = to;
    known->halted = message;
}

void life_known_set_going(struct life_known *known, uint64_t message, uint8_t from, uint8_t to, uint64_t now,
                          bool withheld)
{
    if (withheld)
        life_known_withheld(known, message, from, to, now);
    else
        life_known_moved(known, to, now);
    known->halted = JOURNAL_NONE;
}

bool life_known_stands(const struct life_known *known, uint8_t state)
{
    return known->apart && life_clock_stands(known->state) && !life_clock_stands(state) && !life_ended_for_it(state);
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

enum life_look life_look_for(unsigned root_kind, unsigned kind, uint64_t seq, bool listed,
                             const struct clock_party *party)
{
    const struct clock_life *at = &party->lives[0];
    uint8_t going;
    if (!party->has_delivery || at->life.recipient == NULL)
        return LIFE_LOOK_NOT;
    bool sets = life_sets_going(root_kind, kind, &going);
    if (sets && party->delivery.retrieved_at != 0)
        return life_clock_stands(at->life.state) ? LIFE_LOOK_GOES_ON : LIFE_LOOK_NOT;
    if (!listed)
        return LIFE_LOOK_NOT;
    if (sets)
        return at->life.state == going ? LIFE_LOOK_HALTS : LIFE_LOOK_NOT;
    if (life_gone_on(root_kind, kind, seq, &at->life))
        return LIFE_LOOK_APART;
    return at->there && life_set_going(root_kind, KIND(CLARIFICATION), &at->life) ? LIFE_LOOK_STANDS : LIFE_LOOK_NOT;
}

bool life_known_change(const struct life_known *known, enum life_look look, unsigned root_kind, unsigned kind,
                       uint64_t seq, struct clock_life *at)
{
    const char *officer = at->life.officer; // who took it on is as it was
    bool halts = look == LIFE_LOOK_HALTS && known->by == seq && life_known_stands(known, at->life.state);
    bool goes_on = look == LIFE_LOOK_GOES_ON && known->halted == seq;
    if (!halts && !goes_on)
        return false;
    at->changes = true;
    at->from = at->life.state;
    if (goes_on)
        return life_sets_going(root_kind, kind, &at->life.state);
    life_known_fill(known, NULL, &at->life);
    at->life.officer = officer;
    return true;
}
