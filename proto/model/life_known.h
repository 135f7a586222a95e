// SPDX-License-Identifier: Apache-2.0
// A life as its unit knows it, where what has moved it since is withheld from the unit (rule 4): by what it has, and by
// its own answers. Told in the order of the log. Pure; any thread.
#pragma once

#include "proto/model/deadline.h"

struct life_known {
    uint64_t version;  // the newest that the unit has, of a life without versions its root; JOURNAL_NONE
    bool apart;        // what is withheld has moved the life since: then, and only then, is it another than it is kept
    uint64_t by;       // the last message that did so; JOURNAL_NONE
    uint8_t kept;      // where that moved the life to
    uint64_t halted;   // message of which it is said that it never came (life_known_halted), and nothing has moved the
                       // life since; JOURNAL_NONE
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

// Whether a message of `kind` sets a clock going again that stands still, where it leads; and whether the life that is
// kept may be there by that. To a unit that never gets the message its clock stands still.
bool life_sets_going(unsigned root_kind, unsigned kind, uint8_t *ret_state);
bool life_set_going(unsigned root_kind, unsigned kind, const struct journal_life *life);

// Whether that life stands still, perhaps because the message hadn't come.
bool life_stands_for(unsigned root_kind, unsigned kind, const struct journal_life *life);

// All before is over. Begins with `version` JOURNAL_NONE and zeros.
void life_known_version(struct life_known *known, uint64_t version);
// A move that the unit doesn't know of, by this message; the first is from the state that it knows.
void life_known_withheld(struct life_known *known, uint64_t by, uint8_t from, uint8_t to, uint64_t now);
// One that it knows of: by what it has, or by the clock.
void life_known_moved(struct life_known *known, uint8_t to, uint64_t now);
// By an answer of its own, of this kind. Where the life has not ended it is kept from then on as the unit knows it.
void life_known_answered(struct life_known *known, unsigned kind, uint8_t to, uint64_t now);
void life_known_passed(struct life_known *known, uint8_t flags);
// The life that is kept was put back to where the unit knows it to be, since that message, which had set its clock
// going again, never came to it; and set going again by that, since it has.
void life_known_halted(struct life_known *known, uint64_t message, uint8_t to, bool withheld);
void life_known_set_going(struct life_known *known, uint64_t message, uint8_t from, uint8_t to, uint64_t now,
                          bool withheld);

// Whether the clock of the life that is kept in `state` goes, and stands still to its unit.
bool life_known_stands(const struct life_known *known, uint8_t state);

// The life that is kept, as it is known. `due`: of one that has versions, by the one known; NULL: of one without.
void life_known_fill(const struct life_known *known, const struct kind_due *due, struct journal_life *life);

// --- By what a deadline of a message finds in its case
enum life_look {
    LIFE_LOOK_NOT,
    LIFE_LOOK_APART,   // what replaced or ended it may be withheld from its unit
    LIFE_LOOK_HALTS,   // the message has set its clock going, and may be withheld
    LIFE_LOOK_GOES_ON, // of the same: it has come, and may have been withheld before
    LIFE_LOOK_STANDS,  // its clock may stand still to its unit, as what set it going is withheld
};
// What is to be looked for of the life of the root that the party has. `listed`: its state is.
enum life_look life_look_for(unsigned root_kind, unsigned kind, uint64_t seq, bool listed,
                             const struct clock_party *party);

// HALTS and GOES_ON: whether the life changes by the message; then *at has `from`, `changes`, and the life as it is now
// to be kept (GOES_ON: but for its times, which are those of the entry).
bool life_known_change(const struct life_known *known, enum life_look look, unsigned root_kind, unsigned kind,
                       uint64_t seq, struct clock_life *at);
