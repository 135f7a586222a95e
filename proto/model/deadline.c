// SPDX-License-Identifier: Apache-2.0
// When clocks run out.
#include "proto/model/deadline.h"

#include "proto/model/life.h"
#include "proto/model/passage.h"

static const char *const NAMES[DEADLINE_KINDS] = {
    [DEADLINE_CLOCKS] = "CLOCKS",   [DEADLINE_REVIEW] = "REVIEW", [DEADLINE_RETAIN_UNTIL] = "RETAIN_UNTIL",
    [DEADLINE_RELEASE] = "RELEASE", [DEADLINE_RING] = "RING",     [DEADLINE_CASE] = "CASE",
    [DEADLINE_SHIELD] = "SHIELD",   [DEADLINE_APART] = "APART"};

const char *deadline_name(unsigned kind)
{
    return kind < DEADLINE_KINDS && NAMES[kind] != NULL ? NAMES[kind] : "UNKNOWN";
}

// --- Lives
bool life_unacknowledged(unsigned root_kind, const struct journal_life *life)
{
    // A referral stays OFFERED when it is acknowledged: then it has an officer.
    return life_waits(root_kind, life->state) == LIFE_WAIT_ACK && (life->officer == NULL || life->officer[0] == '\0');
}

bool life_unanswered(unsigned root_kind, const struct journal_life *life)
{
    return life_waits(root_kind, life->state) != LIFE_WAIT_NONE;
}

// The same time from retrieval, without what it had `stood` still by then. One that was retrieved where it was
// accepted, or has a date, has one clock.
static uint64_t from_retrieval(uint64_t due, const struct journal_delivery *delivery, uint64_t stood)
{
    uint64_t accepted = delivery->delivered_at + stood, retrieved = delivery->retrieved_at;
    return due != 0 && retrieved > accepted && due > accepted ? retrieved + (due - accepted) : due;
}

uint64_t life_stood(unsigned root_kind, const struct journal_life *life, unsigned urgency, uint64_t answer_by,
                    uint64_t accepted, uint64_t now)
{
    if (root_kind != KIND(REQUEST) || life->answer_due == 0) // no other clock ever stands still
        return 0;
    uint64_t asked = kind_due(root_kind, urgency, 0, answer_by, accepted).answer;
    uint64_t given_back = life->answer_due > asked ? life->answer_due - asked : 0;
    return given_back + (life_clock_stands(life->state) && now > life->state_at ? now - life->state_at : 0);
}

struct life_due life_due(unsigned root_kind, const struct journal_life *life, const struct journal_delivery *delivery,
                         bool fixed)
{
    bool retrieved = delivery->retrieved_at != 0;
    struct life_due due = {0};
    if (life_unacknowledged(root_kind, life)) {
        due.ack = life->ack_due;
        due.ack_retrieved = retrieved ? from_retrieval(due.ack, delivery, 0) : 0;
    }
    if (life_unanswered(root_kind, life) && !life_clock_stands(life->state)) {
        due.answer = life->answer_due;
        due.answer_retrieved = retrieved && !fixed ? from_retrieval(due.answer, delivery, delivery->stood_ns) : 0;
    }
    return due;
}

static uint8_t passed_said(const Amana__V1__DeadlineClock *clock)
{
    bool answer = clock->what == AMANA__V1__DEADLINE_OF__CODE__ANSWER;
    bool retrieved = clock->from == AMANA__V1__CLOCK_FROM__CODE__RETRIEVAL;
    if (clock->again)
        return LIFE_PASSED(answer ? CLOCK_ANSWER_AGAIN : CLOCK_ACK_AGAIN);
    if (answer)
        return LIFE_PASSED(retrieved ? CLOCK_ANSWER_RETRIEVED : CLOCK_ANSWER);
    return LIFE_PASSED(retrieved ? CLOCK_ACK_RETRIEVED : CLOCK_ACK);
}

uint8_t life_passed_said(const Amana__V1__DeadlineEntry *entry)
{
    uint8_t passed = 0;
    for (size_t i = 0; i < entry->n_clocks; i++)
        passed |= passed_said(entry->clocks[i]);
    return passed;
}

// --- One clock
static bool may(const struct journal_delivery *delivery, enum passage_move move)
{
    return delivery_next(delivery->state, move) != DELIVERY_STATE(UNSPECIFIED);
}

bool clock_delivery_open(const struct clock_party *party)
{
    return party->has_delivery && may(&party->delivery, PASSAGE_EXPIRE);
}

static uint64_t delivery_clock(const struct clock_message *message, const struct clock_party *party,
                               enum clock_kind clock)
{
    const struct journal_delivery *delivery = &party->delivery;
    const struct urgency *urgency = urgency_get(message->urgency);
    if (!party->has_delivery || urgency == NULL || (delivery->flags & DELIVERY_PASSED(clock)) != 0)
        return 0;
    bool waits = may(delivery, PASSAGE_DELIVER);
    // What is not delivered has the time of its acceptance here for delivered_at.
    switch (clock) {
    case CLOCK_LATE: return waits ? delivery->delivered_at + urgency->late_ns : 0;
    case CLOCK_NON_DELIVERED: return waits ? delivery->delivered_at + urgency->non_delivered_ns : 0;
    default:
        return !party->own && !waits && clock_delivery_open(party) ? delivery->delivered_at + urgency->non_retrieved_ns
                                                                   : 0;
    }
}

// Passed by its own length once more, which isn't longer for what it had `stood` still; told only after it passed.
static uint64_t again(uint64_t due, uint64_t accepted, uint64_t stood, bool passed)
{
    uint64_t begun = accepted + stood;
    return due != 0 && passed ? due + (due > begun ? due - begun : 0) : 0;
}

// When the life ends by itself: of an alert that nobody has ended, which is still to be looked for.
static uint64_t expires(const struct clock_message *message, const struct clock_life *at)
{
    uint64_t until = message->valid_until;
    return until != 0 && life_state_at(at->root_kind, at->life.state, until, until) != at->life.state ? until : 0;
}

static uint64_t clock_of_life(const struct clock_message *message, const struct clock_party *party,
                              const struct clock_life *at, enum clock_kind clock)
{
    const struct journal_life *life = &at->life;
    uint64_t accepted = party->delivery.delivered_at;
    struct life_due due = life_due(at->root_kind, life, &party->delivery, message->answer_by != 0);
    uint64_t stood = life_stood(at->root_kind, life, message->urgency, message->answer_by, accepted, life->state_at);
    switch (clock) {
    case CLOCK_ACK: return due.ack;
    case CLOCK_ACK_RETRIEVED: return due.ack_retrieved;
    case CLOCK_ACK_AGAIN: return again(due.ack, accepted, 0, (life->flags & LIFE_PASSED(CLOCK_ACK)) != 0);
    case CLOCK_ANSWER: return due.answer;
    case CLOCK_ANSWER_RETRIEVED: return due.answer_retrieved;
    default: return again(due.answer, accepted, stood, (life->flags & LIFE_PASSED(CLOCK_ANSWER)) != 0);
    }
}

static uint64_t life_clock(const struct clock_message *message, const struct clock_party *party,
                           const struct clock_life *at, enum clock_kind clock)
{
    const struct journal_life *life = &at->life;
    if (!at->there || (life->flags & LIFE_PASSED(clock)) != 0)
        return 0;
    if (clock == CLOCK_EXPIRED)
        return expires(message, at);
    uint64_t ends = clock_of_life(message, party, at, clock), expiry = expires(message, at);
    return expiry != 0 && ends >= expiry ? 0 : ends;
}

uint64_t clock_at(const struct clock_message *message, size_t party, size_t life, enum clock_kind clock)
{
    const struct clock_party *at = &message->parties[party];
    return clock < CLOCK_FIRST_OF_LIFE ? delivery_clock(message, at, clock)
                                       : life_clock(message, at, &at->lives[life], clock);
}

// --- All of them
static void earlier(uint64_t *next, uint64_t at)
{
    if (at != 0 && (*next == 0 || at < *next))
        *next = at;
}

uint64_t clock_next(const struct clock_message *message)
{
    uint64_t next = 0;
    for (size_t i = 0; i < message->n; i++) {
        for (unsigned clock = 0; clock < CLOCK_FIRST_OF_LIFE; clock++)
            earlier(&next, clock_at(message, i, 0, (enum clock_kind)clock));
        for (size_t life = 0; life < CLOCK_LIVES; life++)
            for (unsigned clock = CLOCK_FIRST_OF_LIFE; clock < CLOCK_COUNT; clock++)
                earlier(&next, clock_at(message, i, life, (enum clock_kind)clock));
    }
    return message->retain_until != 0 && next >= message->retain_until ? 0 : next;
}
