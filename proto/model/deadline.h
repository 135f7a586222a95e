// SPDX-License-Identifier: Apache-2.0
// Deadlines: which kinds there are, and when the clocks of a message's lives and deliveries run out (domain.md,
// urgency, Lives, Delivery). For the hub, which acts on them, and for fsck, which recomputes them. Pure; any thread.
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "proto/model/journal.h"
#include "proto/model/kind.h"

// What a row of the table of deadlines is about. What happens when one has come: server/hub/due.c.
enum deadline_kind {
    DEADLINE_CLOCKS = 1, // of a message: the earliest of its clocks below. A row may be there that nothing waits for
                         // any more, but none is missing or late: an answer in time writes none and removes none
    DEADLINE_REVIEW = 2, // its review_at
    DEADLINE_RETAIN_UNTIL = 3, // its retain_until: takes the place of CLOCKS once no clock ends before it
    DEADLINE_RELEASE = 4, // of a message that waits for its second person: it lapses. One that waits no more leaves it
    DEADLINE_RING = 5,    // of the same: who releases it is asked once more
    DEADLINE_CASE = 6,    // of the first message of a case that is kept from a state: is anything left of the case?
    DEADLINE_SHIELD = 7,  // of the same: nothing is. What was withheld for its sake goes, then that it is kept
    DEADLINE_APART = 8,   // of a message that keeps its case from a state: which clocks run on there that have ended
    DEADLINE_KINDS
};
const char *deadline_name(unsigned kind); // "CLOCKS"; "UNKNOWN". Never NULL

// The clocks of one recipient: of its delivery, and of each life that the message began or began anew.
enum clock_kind {
    CLOCK_LATE,          // not delivered: evidence, ends nothing
    CLOCK_NON_DELIVERED, // the same, later
    CLOCK_NON_RETRIEVED, // delivered, and no device has signed for it
    CLOCK_ACK,           // from acceptance by the recipient's hub
    CLOCK_ACK_RETRIEVED, // from retrieval by its first device
    CLOCK_ACK_AGAIN,     // passed by as long again as it was: escalated
    CLOCK_ANSWER,
    CLOCK_ANSWER_RETRIEVED,
    CLOCK_ANSWER_AGAIN,
    CLOCK_EXPIRED, // the alert's valid_until
    CLOCK_COUNT
};
#define CLOCK_FIRST_OF_LIFE CLOCK_ACK

// What is on record as passed, so that it is told once: bits of journal_life.flags and of journal_delivery.flags.
#define LIFE_PASSED(clock)     ((uint8_t)(1u << ((clock)-CLOCK_FIRST_OF_LIFE)))
#define DELIVERY_PASSED(clock) ((uint8_t)(1u << (clock)))
#define LIFE_OF_ACK            (LIFE_PASSED(CLOCK_ACK) | LIFE_PASSED(CLOCK_ACK_RETRIEVED) | LIFE_PASSED(CLOCK_ACK_AGAIN))
#define LIFE_OF_ANSWER                                                                                                 \
    (LIFE_PASSED(CLOCK_ANSWER) | LIFE_PASSED(CLOCK_ANSWER_RETRIEVED) | LIFE_PASSED(CLOCK_ANSWER_AGAIN))
#define LIFE_OVERDUE                                                                                                   \
    (LIFE_PASSED(CLOCK_ACK) | LIFE_PASSED(CLOCK_ACK_RETRIEVED) | LIFE_PASSED(CLOCK_ANSWER) |                           \
     LIFE_PASSED(CLOCK_ANSWER_RETRIEVED))
#define LIFE_ESCALATED (LIFE_PASSED(CLOCK_ACK_AGAIN) | LIFE_PASSED(CLOCK_ANSWER_AGAIN))

// A life as its clocks see it.
struct clock_life {
    bool there; // the life of this message's clock
    bool apart; // as its unit knows it, from whom what has moved it since is withheld (rule 4): it is no row
    // Another state than that of the row: the message has set its clock going again and is withheld from its unit, so
    // that it is as the unit knows it; or has come to the unit after all, and its clock goes on from now.
    bool changes;
    uint8_t from; // state of the row
    // Of one that is another to its originator, from whom answers are withheld (rule 4): as that knows it, and no row;
    // and how it is kept, of which its originator is not told.
    bool asked, untold;
    uint8_t root_kind;
    struct journal_life life;
};
#define CLOCK_KEPT  2u               // of the root that it is about, and of its own where it begins one besides
#define CLOCK_LIVES (2 * CLOCK_KEPT) // and the same two as their originator knows them

struct clock_party {
    const char *unit;
    bool own; // its sender's own unit: the device that wrote it has it, and nobody is waited for
    bool has_delivery;
    struct journal_delivery delivery;
    struct clock_life lives[CLOCK_LIVES];
};

struct clock_message {
    uint64_t seq;
    uint8_t urgency;
    uint64_t answer_by;   // a date of its own, the same from whenever it is counted; 0: none
    uint64_t valid_until; // kind_in_force: ends the lives whose clock it began
    uint64_t retain_until;
    size_t n;
    struct clock_party *parties;
};

// When this clock runs out, UTC ns; 0: it doesn't run, or has been told. `life` is looked at by clocks of lives.
uint64_t clock_at(const struct clock_message *message, size_t party, size_t life, enum clock_kind clock);

// The earliest of all of them, and no later than retain_until; 0: none runs.
uint64_t clock_next(const struct clock_message *message);

// Nobody has come for it yet.
bool clock_delivery_open(const struct clock_party *party);

// Of a life: until when it is to be acknowledged and answered by each clock, whether or not that has passed. `delivery`
// is that of the message that began the clock. 0: not asked for, or standing still.
struct life_due {
    uint64_t ack, ack_retrieved, answer, answer_retrieved;
};
struct life_due life_due(unsigned root_kind, const struct journal_life *life, const struct journal_delivery *delivery,
                         bool fixed);

// How long the clock of its answer has stood still by `now`, of one that was accepted then; `answer_by` as above.
uint64_t life_stood(unsigned root_kind, const struct journal_life *life, unsigned urgency, uint64_t answer_by,
                    uint64_t accepted, uint64_t now);

// What such an entry says has passed: LIFE_PASSED bits.
uint8_t life_passed_said(const Amana__V1__DeadlineEntry *entry);

// Is the life waiting for its ACK; for its answer.
bool life_unacknowledged(unsigned root_kind, const struct journal_life *life);
bool life_unanswered(unsigned root_kind, const struct journal_life *life);
