// SPDX-License-Identifier: Apache-2.0
// What becomes of a message besides its lives, as two tables: with its second person, and on its way to each recipient
// (domain.md, Release, Delivery). Pure; any thread.
#pragma once

#include "amana/v1/relay.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELEASE_STATE(name)  AMANA__V1__RELEASE_STATE__CODE__##name
#define DELIVERY_STATE(name) AMANA__V1__DELIVERY_STATE__CODE__##name

enum passage_move {
    PASSAGE_RELEASE,   // a supervisor signs
    PASSAGE_SEND_BACK, // or sends it back to its author
    PASSAGE_LAPSE,     // nobody did in time
    PASSAGE_RELAY,     // the next hub's receipt is held
    PASSAGE_DELIVER,   // durable in the mailbox of the recipient's own hub
    PASSAGE_REFUSE,    // a hub on the way has refused it
    PASSAGE_RETRIEVE,  // a device has signed that it has it
    PASSAGE_EXPIRE,    // its retain_until passed
};

// docs/lifecycles draws these rows.
struct passage_row {
    uint8_t state; // ReleaseState.Code, DeliveryState.Code
    enum passage_move move;
    uint8_t next;
    bool deferred; // only of what went first (release DEFERRED)
};
const struct passage_row *release_rows(size_t *ret_n);
const struct passage_row *delivery_rows(size_t *ret_n);

// Where the move leads from a state; UNSPECIFIED where nowhere.
uint8_t release_next(uint8_t state, enum passage_move move, bool deferred);
uint8_t delivery_next(uint8_t state, enum passage_move move);

// By when a supervisor has to sign, UTC ns, what the hub has taken then: a parked message while there may still be
// something to sign, by its retain_until.
uint64_t release_due(uint64_t taken, bool deferred, uint64_t retain_until);

// Whether a supervisor may still say something.
bool release_open(uint8_t state, bool deferred);

// "a supervisor signs"; of a time that passes "24 h or retain_until pass (DEFERRED: 30 min)". Never NULL.
const char *passage_words(enum passage_move move);
