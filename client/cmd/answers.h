// SPDX-License-Identifier: Apache-2.0
// What this client itself has sent about a message, and what has come: its own ACK, newer versions. One thread.
#pragma once

#include "client/cmd/told.h"
#include "client/session/session.h"

#define ANSWERS_CORRECTIONS 8u
#define ANSWERS_STATE       1024u // what is said of a message's state in a line

struct answers_life {
    uint8_t state;               // 0: none
    bool stood;                  // its clock has stood still
    uint64_t at, by_sender;      // when it was last moved, and when by its sender: UTC ns; 0: not that it is known here
    char officer[LIMIT_URI + 1]; // who moved it last, of its recipient; "" where the sender did, or nobody yet
};
struct answers {
    bool acknowledged; // by this unit: an ACK, or an answer, which counts as one
    char officer[LIMIT_URI + 1];
    uint64_t ack_ns;
    uint64_t ack_due, now;    // of this unit, from acceptance by the hub; when it was looked: UTC ns; ack_due 0: none
    char newest[STORE_ID];    // the newest version of the alert here: an UPDATE, or itself
    char shown[STORE_ID];     // what to type for it
    bool replaced;            // there is a newer version than this one
    char cancel[STORE_ID];    // "" while nothing has ended it
    char withdrawn[STORE_ID]; // the WITHDRAW since which nobody is waited for; "" for none
    bool withdrawn_from[LIMIT_RECIPIENTS];
    uint64_t expired;            // an alert that isn't in force any more: since when, UTC ns; else 0
    bool confirm;                // it ends what is to be erased, and this unit has to CONFIRM
    const char *confirmed;       // outcome of this unit's CONFIRM of it; NULL for none
    bool erased;                 // its body is gone from here
    uint64_t review_at;          // when this unit, who sent it, is asked whether to keep it: UTC ns; 0: never
    bool review;                 // that has passed
    char kept_by[LIMIT_URI + 1]; // the officer who has said "keep" last; "" for nobody
    char held_by[STORE_ID];      // a HOLD in force that keeps it; "" for none
    uint64_t held_until;         // UTC ns
    char shift[STORE_ID];        // the last word within this unit on who has it in hand: a NOTE; "" for none
    char contest[STORE_ID];      // a CONTEST of it that is not decided; "" for none
    size_t n_corrections;        // how many CORRECTIONs of it have come, or gone
    char corrections[ANSWERS_CORRECTIONS][STORE_ID]; // the last of them, in the order of the log
    uint64_t acked[LIMIT_RECIPIENTS]; // by each recipient, in the message's order: UTC ns; 0: not that it is known here
    uint64_t answered[LIMIT_RECIPIENTS]; // the same, with what ends the wait for an answer
    // At each who is to act, in the same order, by what came here; and what a CANCEL or WITHDRAW asks for besides.
    struct answers_life lives[LIMIT_RECIPIENTS], confirms[LIMIT_RECIPIENTS];
    struct told told;
    unsigned root; // kind of a message that asks this unit to act and has no versions, else 0
    uint8_t life;  // its state, by what was sent and has come
};

// Looks through sent, outbox and inbox. Errors of the store.
AM_MUST_USE enum am_err answers_find(struct session *session, const char *id, struct answers *ret_answers);

// Of a NOTE that says "keep" (amana keep): the id of what is kept. AM_NOT_FOUND of any other.
AM_MUST_USE enum am_err answers_kept(struct session *session, const char *id, struct arena *arena,
                                     char ret_kept[STORE_ID]);

// "CONTESTED by 0193…: ", "CORRECTED by 0193…: " before "to be acknowledged: `amana ack 0193…`, by … (in 3 min)",
// "acknowledged by kdci-0417", "replaced by 0193…", "ended by 0193…".
void answers_state(const struct answers *answers, const char *id, bool to_us, char ret_state[ANSWERS_STATE]);
// The same, and before it how it stands with its second person.
void answers_state_of(const Amana__V1__Kept *kept, const struct answers *answers, const char *id, bool to_us,
                      char ret_state[ANSWERS_STATE]);
// What whoever hands it on, as it was sent, must know: "is CONTESTED by 0193…; is CORRECTED by 0193…", with `ends` also
// "was ended by 0193…", "was replaced by 0193…", "is in force no more"; "" for nothing.
void answers_since(const struct answers *answers, bool ends, char ret_text[ANSWERS_STATE]);
// What is waited for when an answer is: "must answer", "must confirm" where that is a CONFIRM.
const char *answers_word(unsigned kind);
// How one of the outbox stands: "refused: NOT_PERMITTED", "waiting".
void outbox_state(const Amana__V1__Kept *kept, char ret_state[ANSWERS_STATE]);
