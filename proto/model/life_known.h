// SPDX-License-Identifier: Apache-2.0
// A life as its unit knows it, where what has moved it since is withheld from the unit (rule 4): by what it has, and by
// its own answers. Told in the order of the log. Pure; any thread.
#pragma once

#include "proto/model/journal.h"
#include "proto/model/kind.h"

struct life_known {
    uint64_t version;  // the newest that the unit has, of a life without versions its root; JOURNAL_NONE
    bool apart;        // what is withheld has moved the life since: then, and only then, is it another than it is kept
    uint8_t state;     // LifeState.Code
    uint64_t state_at; // UTC ns of the last move
    uint8_t passed;    // LIFE_PASSED of the clocks of that version that the unit has been told of
    bool taken_on;     // by an officer of the unit
    int64_t shift;     // of the time until when it is to answer: from that which is kept to that which it knows
};

// Whether the life that is kept has gone on from what this message of `kind` began, or was ended by a WITHDRAW: then it
// is another to a unit from whom that is withheld.
bool life_gone_on(unsigned root_kind, unsigned kind, uint64_t seq, const struct journal_life *life);

// Whether one without versions has come to where its originator may have ended it.
bool life_ended_for_it(uint8_t state);

// All before is over. Begins with `version` JOURNAL_NONE and zeros.
void life_known_version(struct life_known *known, uint64_t version);
// A move that the unit doesn't know of; the first is from the state that it knows.
void life_known_withheld(struct life_known *known, uint8_t from, uint64_t now);
// One that it knows of; `own`: by an answer of its own.
void life_known_moved(struct life_known *known, uint8_t to, uint64_t now, bool own);
void life_known_passed(struct life_known *known, uint8_t flags);

// The life that is kept, as it is known. `due`: of one that has versions, by the one known; NULL: of one without.
void life_known_fill(const struct life_known *known, const struct kind_due *due, struct journal_life *life);
