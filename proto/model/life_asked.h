// SPDX-License-Identifier: Apache-2.0
// A life as the unit knows it that began it, where answers to it are withheld from that unit (rule 4): by the answers
// that it has, and by what it sent itself. Told in the order of the log. Pure; any thread.
#pragma once

#include "proto/model/journal.h"

struct life_asked {
    bool apart;        // an answer that moved it is withheld: then, and only then, is it another than it is kept
    uint8_t state;     // LifeState.Code
    uint64_t state_at; // UTC ns of the last move
    uint64_t stood;    // ns that its clock has stood still by then
    uint8_t passed;    // LIFE_PASSED of the clocks that the unit has been told of
    uint64_t taken_by; // the answer that named its officer; JOURNAL_NONE
};

// A message that moves it by its entry: `told` where its unit has it, or sent it.
struct life_asked_move {
    uint8_t root_kind, kind;
    unsigned outcome;
    uint64_t seq, at; // UTC ns
    uint8_t from, to; // as the entry says
    bool told;
    bool answers; // of who lives it
    bool anew;    // a clock begins anew by it
};

void life_asked_begin(struct life_asked *asked, uint8_t state, uint64_t at);
void life_asked_moved(struct life_asked *asked, const struct life_asked_move *move);
// By the clock: it is over, or stands still or goes on again as its recipient knows it.
void life_asked_ended(struct life_asked *asked, uint8_t to, uint64_t at, bool told);

// The life that is kept, as it is known. `until`: of one whose clock may stand still by when it was to be answered when
// it began; 0 of any other.
void life_asked_fill(const struct life_asked *asked, uint64_t until, struct journal_life *life);

// Whether it is another, or its unit was told other things of its clocks.
bool life_asked_differs(const struct journal_life *known, const struct journal_life *kept);
