// SPDX-License-Identifier: Apache-2.0
// The vocabulary between the hub, which decides what is written, and the store, which writes it: one append with its
// entries, the message and the rows that go with it. Plain values; neither side is seen from here.
#pragma once

#include "proto/model/country.h"
#include "proto/model/error.h"
#include "proto/model/limits.h"

#include <stdbool.h>

#define JOURNAL_SELF UINT64_MAX       // in a row: the seq that this append's first entry gets
#define JOURNAL_NONE (UINT64_MAX - 1) // belongs to no message
// In a row of mail: the seq that this append's entry `n` gets, from 1 (the first is JOURNAL_SELF).
#define JOURNAL_NTH(n) (UINT64_MAX - 1 - (n))

#define JOURNAL_CLASS_HUB     0 // the hub's own conduct, never erased
#define JOURNAL_CLASS_MESSAGE 1

// One entry of the log. `content` is a packed EntryContent, hashed and kept as these bytes.
struct journal_entry {
    uint8_t kind; // EntryKind.Code: an index only
    uint8_t class;
    uint32_t erase_after; // days since 1970, 0 for class 0
    struct am_bytes content;
    uint64_t of;                   // seq of the message it is about, JOURNAL_SELF (it is the message) or JOURNAL_NONE
    const char *case_ref;          // index rows; NULL: none
    const char *const *also_cases; // further cases (a RETRIEVED may be about messages of several)
    size_t n_also_cases;
    const char **parties; // units for the party index
    size_t n_parties;
    const uint64_t *also_of; // further messages it is about (a RETRIEVED names several)
    size_t n_also_of;
};

struct journal_recipient {
    const char *unit;
    uint8_t part; // Part.Code
};

// Of the point by which a body is sealed to its country's oversight: the x alone, since the secret that is agreed on is
// one, and the point with the other y has the same.
#define JOURNAL_POINT 32u

// The message of a SUBMITTED entry. `id`+`device` are the key of duplicates, `header_digest` that of pointers.
struct journal_message {
    const char *id;     // UUID text
    const char *device; // URI
    const char *originator;
    uint8_t header_digest[32];
    struct am_bytes header, signature, flags, body;
    uint64_t root; // seq of the root of its life; JOURNAL_SELF where it begins one or has none
    uint8_t kind, urgency;
    const char *case_ref;
    const struct journal_recipient *recipients;
    size_t n_recipients;
    const char *releasing; // unit whose supervisor has released it, or is to; NULL: none
    const uint8_t *point;  // JOURNAL_POINT bytes that no other message may have: a conflict; NULL: none. What releases
                           // one that was parked has that one's
    bool parked;           // of a PARKED entry: nobody finds it by id or digest, and it is in no case yet
};

// A message that waits, or waited, for its second person (rule 5): of a PARKED entry, or of a SUBMITTED one whose
// release was DEFERRED. Versioned as a life is. A parked one that waits no more has lost its flags and body: what was
// sent stands under its SUBMITTED entry.
struct journal_release {
    uint64_t seq; // of that entry; JOURNAL_SELF
    uint32_t version;
    uint8_t state;   // ReleaseState.Code
    uint8_t urgency; // Urgency.Code
    bool deferred;
    bool waits;            // it is listed as waiting
    uint64_t state_at;     // UTC ns of the last change
    uint64_t due;          // UTC ns: then it lapses
    uint64_t ended_by;     // seq of the entry that ended it: SUBMITTED, of a DEFERRED one RELEASED; RETURNED; or
                           // JOURNAL_SELF. While it waits: JOURNAL_NONE
    const char *releasing; // unit
    const char *officer;   // who released it or sent it back; "" at first
};

enum journal_mail_kind {
    JOURNAL_MAIL_MESSAGE = 1, // to a recipient's device: goes when the device has signed for it
    JOURNAL_MAIL_COPY = 2,    // to another device of the sender's unit: acknowledged by seq
    JOURNAL_MAIL_NOTICE = 3,  // an entry: acknowledged by seq
};

// A mailbox row of one device.
struct journal_mail {
    const char *device; // URI
    uint8_t urgency;    // Urgency.Code, 1 first
    uint64_t seq;       // JOURNAL_SELF, JOURNAL_NTH: of this append's entries
    uint8_t kind;       // enum journal_mail_kind
};

// One life: of a root, as `recipient` lives it. `version` counts its writes: an append names the version it was decided
// on (0: there was no row), and the keeper refuses it (JOURNAL_CONFLICT) when the row has another.
struct journal_life {
    uint64_t root; // seq; JOURNAL_SELF
    const char *recipient;
    uint32_t version;             // in a read row: its own; in an append: of the row it was decided on
    uint8_t state;                // LifeState.Code
    uint64_t state_at;            // UTC ns of the last move
    uint64_t clock_seq;           // message that began the present clock; JOURNAL_SELF
    uint64_t ack_due, answer_due; // UTC ns, 0 for none
    uint8_t flags;                // LIFE_PASSED (deadline.h): what has passed of the present clock
    const char *officer;          // who moved it last as recipient; "" at first
};

// The chain of versions of a root (ALERT and its UPDATEs, CANCEL): one row per root, versioned as a life is.
struct journal_chain {
    uint64_t root;
    uint32_t version;
    uint64_t newest;      // seq of the newest ALERT or UPDATE (what an UPDATE must supersede)
    uint64_t clock;       // seq of the newest ALERT, UPDATE or CANCEL (what an answer must answer)
    uint64_t valid_until; // UTC ns
    uint8_t urgency;      // of the newest version
    bool cancelled;
};

// From which states a case is kept (rule 4), as its messages' flags have said: one row a case, versioned as a life is.
// No entry tells of it, as none tells of flags.
#define JOURNAL_SHIELD_STATES COUNTRIES // flags name no other: none is ever left out for want of room
#define JOURNAL_SHIELD_BY     ((COUNTRIES + 7) / 8)
struct journal_shield_state {
    char country[3];
    uint8_t protection;            // Protection.Code: YES or UNKNOWN
    uint64_t seq;                  // of the message that said so first; JOURNAL_SELF
    uint8_t by[JOURNAL_SHIELD_BY]; // whose units have said so: a bit for each state of country.h
};
struct journal_shield {
    const char *case_ref;
    uint32_t version;
    size_t n;
    const struct journal_shield_state *states;
    bool over; // in an append: nothing is left of the case, and the row goes
};

struct journal_delivery {
    uint64_t seq; // of the message; JOURNAL_SELF
    const char *recipient;
    uint32_t version;
    uint8_t state;         // DeliveryState.Code
    uint8_t flags;         // DELIVERY_PASSED (deadline.h)
    uint64_t delivered_at; // until it is: when it was taken here
    uint64_t retrieved_at; // 0: not yet
    uint64_t stood_ns;     // how long the clock of its answer had stood still by then
};

// A row of the table of deadlines, which stands in the order of time.
struct journal_deadline {
    uint8_t kind;     // enum deadline_kind (deadline.h)
    uint64_t subject; // seq of the entry that it is about; JOURNAL_SELF
    uint64_t at;      // UTC ns; 0: `was` goes and nothing takes its place. One that is there already is fine
    uint64_t was;     // the row that goes, a conflict where it isn't there any more; 0: none
    uint64_t place;   // of what is looked at in parts, the seq to go on from; 0: from the start
};

// What was ordered about the content of a message.
struct journal_order {
    uint64_t message; // seq
    uint64_t by;      // seq of the ERASURE or HOLD; JOURNAL_SELF
    uint64_t until;   // of a HOLD: UTC ns; 0: it is to be erased
};

// A row of the hub's own registry: kept as bytes that the hub packs and unpacks.
enum journal_record_kind {
    JOURNAL_RECORD_MEMBER = 1, // key: unit; value: packed MemberRecord
    JOURNAL_RECORD_ROSTER = 2, // key: unit, number; value: packed RosterRecord
    JOURNAL_RECORD_TRUST = 3,  // key: ""; value: SHA-256 of trust.conf in force
    JOURNAL_RECORD_POLICY = 4, // key: ""; value: SHA-256 of policy.conf in force, empty where there is none
    JOURNAL_RECORD_LAPSES = 5, // key: unit; value: JOURNAL_LAPSES of it
};
// The two newest releases that a unit deferred and nobody signed in time, the older first: seq and time (UTC ns) of
// each, 8 bytes big-endian; zeros for none.
#define JOURNAL_LAPSES 32
struct journal_record {
    uint8_t kind;
    const char *key;
    uint64_t number;
    struct am_bytes value;
    uint64_t seq; // on reading: of the first entry of the append that wrote it
};

// What one decision writes: all of it or nothing. Built in an arena of its own (`owner`), given to the store and given
// back with the result; the bytes of the message are borrowed from the call that waits for it.
struct journal_append {
    void *tag;        // the submitter's
    uint64_t time_ns; // hub's time, never decreasing
    bool essential;   // ACCESS, RETRIEVED, ALARM, START, STOP…: still finds room when space is short
    struct journal_entry
        *entries; // consecutive seqs; none only where it removes mail or a shield or moves deadlines and does no more
    size_t n_entries;
    struct journal_message *message; // of entries[0], or NULL
    struct journal_mail *mail;       // rows to add
    size_t n_mail;
    struct journal_mail *taken; // rows to remove; one that isn't there any more is a conflict
    size_t n_taken;
    struct journal_life *lives;
    size_t n_lives;
    struct journal_chain *chain;     // or NULL
    struct journal_release *release; // or NULL
    struct journal_shield *shield;   // or NULL
    struct journal_delivery *deliveries;
    size_t n_deliveries;
    // Rows that it was decided on and leaves as they are: a conflict where one has another version.
    const struct journal_life *seen_lives;
    size_t n_seen_lives;
    const struct journal_delivery *seen_deliveries;
    size_t n_seen_deliveries;
    struct journal_record *records;
    size_t n_records;
    struct journal_deadline *deadlines;
    size_t n_deadlines;
    struct { // the roster that it was checked by: a conflict where the unit has a newer one. `unit` NULL: none
        const char *unit;
        uint64_t number;
    } roster;
    struct { // of a case that it was decided on, the last entry: a conflict where there is a later one. NULL: none
        const char *case_ref;
        uint64_t last; // seq
    } case_seen;
    struct journal_order *orders;
    size_t n_orders;
    uint64_t *erased; // messages whose sealed body and flags go; one that a HOLD in force keeps is a conflict
    size_t n_erased;
};

enum journal_result {
    JOURNAL_DONE,      // durable and signed
    JOURNAL_DUPLICATE, // (device, id) is there already: `seq` and `digest` are those of the first
    JOURNAL_CONFLICT,  // a row changed since it was read, or the point is taken: decide anew
    JOURNAL_FULL,      // no space; nothing of it was written
    JOURNAL_READ_ONLY, // the log may not append
    JOURNAL_BUSY,      // too many appends wait; nothing of it was written
    JOURNAL_REFUSED,   // the append itself can't be one: ours is the fault, nothing of it was written
};

struct journal_outcome {
    enum journal_result result;
    uint64_t seq;            // of entries[0]; of the first for JOURNAL_DUPLICATE; JOURNAL_NONE without entries
    uint8_t digest[32];      // JOURNAL_DUPLICATE: header digest of the first
    uint64_t size;           // tree size of the checkpoint that covers it
    struct am_bytes receipt; // JOURNAL_DONE: packed ProvedEntry of entries[0], owned by the outcome's receiver;
                             // empty without entries
};
