// SPDX-License-Identifier: Apache-2.0
// What the rooms of fsck_judge share: what entries have said so far, by row, and how a fault is told. One thread; all
// that is kept is the judge's. enum am_err is AM_OK, AM_NOMEM, or an error of the store.
#pragma once

#include "server/fsck_judge.h"

#include "proto/codec/codec.h"
#include "proto/model/deadline.h"
#include "proto/model/life.h"

#define HASH_NONFATAL_OOM 1 // a failed HASH_ADD leaves hh.tbl NULL
#include <uthash.h>

#define FSCK_WORDS 200u // bytes of a role, its revision and languages

// A time that an entry gives its rows. An entry's time is never before that of the one before it, and where it is the
// same the hub may have meant an earlier one.
struct fsck_when {
    uint64_t ns;
    bool or_before;
};

struct fsck_said; // what moved a life, in fsck_asked.c

struct fsck_row {
    UT_hash_handle hh;
    uint64_t seq; // of the entry that spoke of it last
    bool seen;
    bool expected;      // release: its deadline stands in the table
    uint64_t lapses[2]; // lapses: seqs, the older first
    // Life, delivery.
    uint8_t state, flags;
    uint32_t version;
    uint64_t ack_due, answer_due;           // as the row has them
    struct fsck_when ack_said, answer_said; // as the log gives them
    uint64_t clock;
    struct fsck_when state_at, retrieved_at;
    struct fsck_when stood; // delivery: for how long, and whether that is exact
    uint64_t made;          // delivery: seq of its message
    bool moved;             // and whether that moved the recipient's life, from `from`
    uint8_t from;
    struct { // delivery: that life before it
        struct fsck_when at, answer;
        uint8_t flags;
    } before;
    uint64_t answered; // life: its unit's last answer that moved it
    uint64_t halted;   // life: what set its clock going and never came, so that it stands still; 0: none
    uint64_t knew;     // life: seq of the answer by which its unit moved it to `knows` last, apart or not; 0: none
    uint64_t over;     // … and of its version that was over for the unit alone; 0: none
    uint8_t knows;
    const char *asks;       // life: the unit that began it
    struct fsck_said *said; // … and what has moved it from the first answer on that it may not have; mostly NULL
    size_t n_said, said_room;
    char officer[LIMIT_URI + 1];
    // Records.
    uint8_t digest[32];
    size_t digest_len;
    bool removed; // roster: taken out of force
    char words[FSCK_WORDS];
    char key[];
};

// A message as its clocks see it: their rows are those of its lives and deliveries.
struct fsck_message {
    UT_hash_handle hh;
    uint64_t seq, root, first; // `first`: the earliest of its deadlines, 0: none
    uint64_t answer_by, review_at, retain_until, valid_until;
    uint8_t kind, urgency;
    bool review; // review: it stands in the table, has been told, or asks nothing: the body is gone
    size_t own;  // which of them is to its sender's own unit; `n` or more: none
    struct fsck_message *next, *last; // what its originator did about the same root since; of a root, the newest of it
    size_t n;
    struct fsck_row *deliveries[];
};

// The versions of a root.
struct fsck_chain {
    UT_hash_handle hh;
    struct journal_chain said;
    uint64_t seq; // of the entry that spoke of it last
    bool seen;
};

// A case, by its name and by its first message.
struct fsck_case {
    UT_hash_handle hh, by_first;
    uint64_t first, left; // seqs: of its first message, and of the first whose body is kept; JOURNAL_NONE
    char case_ref[];
};

struct fsck_judge {
    void (*found)(void *user, uint64_t seq, const char *what);
    void *user;
    struct arena arena;
    struct fsck_row *rows;
    struct log_verifier verifier;
    bool has_verifier;
    struct fsck_message *messages;
    struct fsck_chain *chains;
    struct fsck_case *cases, *cases_by_first;
    uint64_t last_time, last_seq; // of an entry
};

// --- Saying and keeping. A row is known by its table, a number and a name.
__attribute__((format(printf, 3, 4))) void fsck_judge_fault(struct fsck_judge *judge, uint64_t seq, const char *format,
                                                            ...);
// NULL: nothing spoke of it. fsck_row_get: NULL where memory is short; `seq` is the entry that speaks of it now.
struct fsck_row *fsck_row_find(struct fsck_judge *judge, const char *table, uint64_t number, const char *name);
struct fsck_row *fsck_row_get(struct fsck_judge *judge, const char *table, uint64_t number, const char *name,
                              uint64_t seq);
struct fsck_message *fsck_message_find(struct fsck_judge *judge, uint64_t seq);
struct fsck_chain *fsck_chain_find(struct fsck_judge *judge, uint64_t root);
bool fsck_when_is(struct fsck_when said, uint64_t ns);
struct fsck_when fsck_when_of(const struct store_judged *entry);
AM_MUST_USE enum am_err fsck_digest_said(struct fsck_judge *judge, const struct store_judged *entry, const char *table,
                                         uint64_t number, const char *name, ProtobufCBinaryData digest);
bool fsck_digest_is(const struct fsck_row *row, const uint8_t *digest, size_t len);

// --- What an entry says (fsck_…_said), and what is found of a row (fsck_…_judge; `user` is the judge)
AM_MUST_USE enum am_err fsck_lives_said(struct fsck_judge *judge, const struct store_judged *entry,
                                        const Amana__V1__Header *header);
// --- fsck_apart.c: of a life that goes on apart. Whether this is one, and its move is what its unit knows; whether a
// deadline is about one, of which faults are told; whether its end by the clock is.
bool fsck_apart_moved(struct fsck_judge *judge, const struct store_judged *entry, const Amana__V1__Header *header,
                      const Amana__V1__Move *move, struct fsck_row *row, uint64_t root);
AM_MUST_USE enum am_err fsck_apart_passed(struct fsck_judge *judge, const struct store_judged *entry,
                                          const struct store_judged_message *message, bool *ret_apart);
bool fsck_apart_over(struct fsck_judge *judge, const struct store_judged_message *message, const Amana__V1__Move *move);
// Its unit has moved it by this entry, apart or not.
void fsck_apart_knows(struct fsck_row *row, uint64_t entry, unsigned state);
// Of one whose clock was set going by what is withheld from its unit: an answer by how the unit knows it, which it is
// kept as from then on; and whether an entry says that it stands still since, or goes on since that has come, of which
// faults are told.
void fsck_halt_answered(struct fsck_judge *judge, struct fsck_row *row, uint64_t root, const Amana__V1__Header *header,
                        const Amana__V1__Move *move);
bool fsck_halt_said(struct fsck_judge *judge, const struct store_judged *entry,
                    const struct store_judged_message *message, const Amana__V1__Move *move);
// --- fsck_asked.c: of a life that is another to its originator, from whom answers may be withheld. By whom it was
// begun; whether it moves from where the originator knows it to be, with where its row goes (0: nowhere); that it was
// moved; whether a deadline is for the originator alone, of which faults are told; whether its end by the clock is from
// there.
AM_MUST_USE enum am_err fsck_asked_born(struct fsck_judge *judge, struct fsck_row *row, const char *unit);
bool fsck_asked_moves(const struct fsck_row *row, const Amana__V1__Header *header, const Amana__V1__Move *move,
                      uint8_t root_kind, uint8_t *ret_kept);
AM_MUST_USE enum am_err fsck_asked_moved(struct fsck_judge *judge, const struct store_judged *entry,
                                         const Amana__V1__Header *header, const Amana__V1__Move *move,
                                         struct fsck_row *row, uint8_t root_kind);
AM_MUST_USE enum am_err fsck_asked_passed(struct fsck_judge *judge, const struct store_judged *entry,
                                          const struct store_judged_message *message, struct fsck_row *row,
                                          bool *ret_asked);
bool fsck_asked_over(const struct fsck_row *row, const Amana__V1__Move *move, uint8_t root_kind);
void fsck_asked_free(struct fsck_row *row);

// --- fsck_lives.c: the life as it is before what was delivered moves it; what ends a pause gives it back.
void fsck_life_moved_by(const struct fsck_row *row, struct fsck_row *delivery);
void fsck_life_resumed(struct fsck_row *row, const struct store_judged *entry);

AM_MUST_USE enum am_err fsck_orders_said(struct fsck_judge *judge, const struct store_judged *entry,
                                         const Amana__V1__Header *header);
AM_MUST_USE enum am_err fsck_holders_said(struct fsck_judge *judge, const struct store_judged *entry,
                                          const Amana__V1__Header *header);
void fsck_corrected_said(struct fsck_judge *judge, const struct store_judged *entry);
void fsck_erased_said(struct fsck_judge *judge, const struct store_judged *entry);
bool fsck_of_holders(const struct fsck_row *row); // `seen` is: its CORRECTED or ERASED entry has come
AM_MUST_USE enum am_err fsck_order_judge(void *user, const struct journal_order *order);
AM_MUST_USE enum am_err fsck_life_judge(void *user, const struct journal_life *life);
AM_MUST_USE enum am_err fsck_deliveries_said(struct fsck_judge *judge, const struct store_judged *entry);
AM_MUST_USE enum am_err fsck_retrieved_said(struct fsck_judge *judge, const struct store_judged *entry);
AM_MUST_USE enum am_err fsck_delivery_judge(void *user, const struct journal_delivery *delivery);

// --- fsck_release.c: what waits for its second person, from its PARKED entry to its end
AM_MUST_USE enum am_err fsck_release_born(struct fsck_judge *judge, const struct store_judged *entry,
                                          const char *sender);
AM_MUST_USE enum am_err fsck_release_moved(struct fsck_judge *judge, const struct store_judged *entry, uint64_t parked,
                                           uint8_t state, const char *officer);
AM_MUST_USE enum am_err fsck_returned_said(struct fsck_judge *judge, const struct store_judged *entry);
AM_MUST_USE enum am_err fsck_release_judge(void *user, const struct journal_release *release);

// --- fsck_cases.c: what is left of each
AM_MUST_USE enum am_err fsck_case_said(struct fsck_judge *judge, const struct store_judged *entry,
                                       const Amana__V1__Header *header);
void fsck_case_judge(struct fsck_judge *judge, const struct journal_deadline *deadline);
void fsck_cases_free(struct fsck_judge *judge);

// --- fsck_clocks.c: chains, and when the clocks of a message ring
AM_MUST_USE enum am_err fsck_chain_judge(void *user, const struct journal_chain *kept);
AM_MUST_USE enum am_err fsck_message_said(struct fsck_judge *judge, const struct store_judged *entry,
                                          const Amana__V1__Header *header);
AM_MUST_USE enum am_err fsck_deadline_judge(void *user, const struct journal_deadline *deadline);
void fsck_clocks_judge(struct fsck_judge *judge, const struct fsck_message *message);
AM_MUST_USE enum am_err fsck_evidence_said(struct fsck_judge *judge, const struct store_judged *entry,
                                           const Amana__V1__DeliveryEvidence *evidence, enum clock_kind clock);
AM_MUST_USE enum am_err fsck_deadline_said(struct fsck_judge *judge, const struct store_judged *entry);
AM_MUST_USE enum am_err fsck_state_said(struct fsck_judge *judge, const struct store_judged *entry);

// --- fsck_registry.c: members with their statements, grants, rosters, trust and policy
AM_MUST_USE enum am_err fsck_member_said(struct fsck_judge *judge, const struct store_judged *entry);
AM_MUST_USE enum am_err fsck_roster_said(struct fsck_judge *judge, const struct store_judged *entry);
AM_MUST_USE enum am_err fsck_record_judge(void *user, const struct journal_record *record);
