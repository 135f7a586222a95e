// SPDX-License-Identifier: Apache-2.0
// Lives of messages as one table: in which state which message moves a life where (domain.md, Lives). Pure; any thread.
#pragma once

#include "amana/v1/relay.pb-c.h"
#include "proto/model/kind.h"

#define LIFE(name) AMANA__V1__LIFE_STATE__CODE__##name

// One move. The tables of docs/lifecycles are drawn from these rows.
struct life_row {
    uint8_t root;      // Kind.Code of the message that began the life
    uint8_t state;     // LifeState.Code
    uint8_t kind;      // of the message that moves it
    uint64_t outcomes; // OUTCOME_BIT: only with one of these; 0: with any or none
    uint8_t next;      // LifeState.Code; LIFE_ROW_CROSSED: taken, marked, moves nothing
};
#define LIFE_ROW_CROSSED 255
const struct life_row *life_rows(size_t *ret_n);

// The state in which a life of this root kind begins; LIFE(UNSPECIFIED) where it begins none.
uint8_t life_first(unsigned root);

// The state as of now: an alert that nobody stopped is EXPIRED from its valid_until on. (Once a CANCEL is out that date
// says nothing any more: whether it was seen still does.) valid_until_ns 0: it has none.
uint8_t life_state_at(unsigned root, uint8_t state, uint64_t valid_until_ns, uint64_t now_ns);

enum life_result {
    LIFE_UNMOVED,   // this kind moves no life of that root: a NOTE, a CONTACT
    LIFE_MOVED,     // to *ret_state
    LIFE_CROSSED,   // it crossed an UPDATE, CANCEL, expiry or WITHDRAW: always taken, moves nothing
    LIFE_FORBIDDEN, // life_open tells what is open instead
};

// What a message does to a life of `root` in `state` (from life_state_at). `present`: it answers the message that began
// the life's present clock; asked only where a root has versions, so for ALERT.
enum life_result life_move(unsigned root, uint8_t state, unsigned kind, unsigned outcome, bool present,
                           uint8_t *ret_state);

// Whether an answer of `kind` moves the life that a message of kind `answered` began itself, whatever root that belongs
// to: a CONFIRM the life of the CANCEL, an ACK of the same CANCEL that of the alert.
bool life_is_own(unsigned answered, unsigned kind);

// The state in which a life begins that a message asks CONFIRM with (kind_asks_confirm).
#define LIFE_CONFIRM_FIRST LIFE(OPEN)

// The state in which the lives begin that a message of this kind has begun: its own, or those.
uint8_t life_begun(unsigned root);

// The kinds that move a life of `root` in `state` (KIND_BIT).
uint32_t life_open(unsigned root, uint8_t state);

// The outcomes (OUTCOME_BIT) that a message of an open kind has to have; 0: any, or none.
uint64_t life_outcomes(unsigned root, uint8_t state, unsigned kind);

// What the originator waits for in a life.
enum life_wait {
    LIFE_WAIT_NONE, // nothing: it has ended, or what may still come need not
    LIFE_WAIT_ACK,
    LIFE_WAIT_ANSWER,
};
enum life_wait life_waits(unsigned root, uint8_t state);

// Whether the answer clock stands still in this state.
bool life_clock_stands(uint8_t state);

// All lives of a root at a glance, for its sender. Begins with zeros; one call a life.
struct life_summary {
    unsigned lives, to_acknowledge, to_answer, done;
};
void life_summary_add(struct life_summary *summary, unsigned root, uint8_t state);

// "ACKNOWLEDGED"; "UNSPECIFIED" for no life. Never NULL.
const char *life_state_name(uint8_t state);
