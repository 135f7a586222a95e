// SPDX-License-Identifier: Apache-2.0
// Every kind of message as a row: what it may answer, who may send it, which header fields it needs (domain.md, Kinds
// of message), and the urgencies with their clocks. Pure; any thread.
#pragma once

#include "amana/v1/message.pb-c.h"
#include "proto/model/error.h"
#include "proto/model/limits.h"

#include <stdbool.h>

#define KIND(name)         AMANA__V1__KIND__CODE__##name
#define OUTCOME(name)      AMANA__V1__OUTCOME__CODE__##name
#define KIND_BIT(kind)     (1u << (kind))
#define OUTCOME_BIT(code)  (1ull << (code))
#define HEADER_BIT(number) (1ull << (number)) // a field of Header by its number in message.proto
#define KIND_COUNT         26                 // codes 1 … 25
#define KINDS_ALL          ((1u << KIND_COUNT) - 2u)

// Who may send a kind: a role of the sender's unit, or what it is to the message answered.
enum kind_who {
    WHO_UNIT = 1,               // a member with the role unit
    WHO_PROTECTION = 2,         // … protection
    WHO_DPO = 4,                // … dpo
    WHO_ORIGINATOR = 8,         // of the root
    WHO_RECIPIENT = 16,         // of the message answered, asked to act
    WHO_HOLDER = 32,            // … whatever its part
    WHO_COUNTRY_PROTECTION = 64 // any protection unit of a holder's country
};
#define WHO_ROLES (WHO_UNIT | WHO_PROTECTION | WHO_DPO)

// How long until a life must be acknowledged or answered.
enum kind_clock {
    CLOCK_NONE,
    CLOCK_OWN,       // by the message's own urgency
    CLOCK_OF_TARGET, // by the urgency of what it answers
    CLOCK_AS_U2,
};

// What a kind does to the versions of its root (domain.md, ALERT).
enum kind_chain {
    CHAIN_NONE,
    CHAIN_BEGINS, // a root that can be sent anew
    CHAIN_RENEWS, // the newest version, with a clock of its own
    CHAIN_ENDS,   // nothing comes after it; a clock of its own
};

// When a message needs a second person (rule 5), besides being CONFIDENTIAL.
enum kind_release {
    RELEASE_NEVER,
    RELEASE_OF_PERSONS, // its subject_kind is PERSON or GROUP
    RELEASE_ABROAD,     // it goes to another country
    RELEASE_AS_TARGET,  // what it is about needed one
};

// To whom a kind goes (domain.md, Kinds of message, The envelope, Lives); delivery.h judges by it.
enum kind_to {
    TO_CHOSEN,     // whom the sender chooses
    TO_BACK,       // the originator of what it answers, and others if need be
    TO_ORIGINATOR, // the same, that one alone with ACTION
    TO_PARTIES,    // the same, and every other recipient of what it answers with COPY
    TO_ASKED,      // one or more of those who were asked to act, and others if need be
    TO_OTHER_SIDE, // from a recipient TO_BACK; from the originator, one or more of the recipients
    TO_HOLDERS,    // every recipient of what it names, and its originator, all with ACTION
    TO_FORMER,     // every recipient of the newest version with the same part, and new ones
    TO_SAME,       // these and no others; of who isn't its originator (rule 5) that one has a COPY
};

struct kind {
    const char *name;            // "ALERT"
    const char *json;            // "alert": its body's field in Draft and in Body
    const char *words;           // "case alert"
    uint32_t on;                 // kinds that it may answer (KIND_BIT); 0: none
    bool must_answer;            // it never stands alone
    bool root;                   // begins a life of its own
    bool child_rule;             // rule 3 speaks of it
    bool to_itself;              // may go to the sender's own unit
    bool alone;                  // goes there, where nobody else can be told of it: that has no life in it
    uint8_t chain;               // enum kind_chain
    uint8_t to;                  // enum kind_to
    uint8_t release;             // enum kind_release
    uint8_t who;                 // enum kind_who, any of them
    uint8_t ack, answer;         // enum kind_clock
    uint16_t answer_days;        // a fixed time to answer; 0: none
    uint16_t retention_days;     // retain_until after written_at, at most, where it answers nothing
    uint64_t outcomes;           // OUTCOME_BIT; none: the field stays empty
    uint64_t confirm;            // of these: what it ends is to be erased, which all who have it CONFIRM
    uint64_t parties;            // of these: it goes TO_PARTIES
    uint64_t required, optional; // HEADER_BIT, besides what every kind has
};

// The row of a code, NULL where there is no such kind.
const struct kind *kind_get(unsigned kind);

// The name of a kind; that of an unknown one is "UNSPECIFIED". Never NULL.
const char *kind_name(unsigned kind);

// Names joined by ", ", cut at size (KIND_LIST_TEXT is enough for all); "none" where the set is empty.
#define KIND_LIST_TEXT 320
void kind_list(uint32_t set, char *ret_text, size_t size);

// Of these kinds those that the originator of a root, or a recipient of it, may send (WHO_ORIGINATOR, WHO_RECIPIENT).
uint32_t kind_moves_of(uint32_t set, enum kind_who who);

// Whether the message answers another, so that grant and purpose don't stand in its way (domain.md).
bool kind_is_answer(const Amana__V1__Header *header);

// The kind of the root whose lives a message of this kind begins or renews: itself, an ALERT for UPDATE and CANCEL; 0
// where it does neither.
unsigned kind_root(unsigned kind);

// Until when what this version of an alert asks for is in force, UTC ns; 0: any other kind is until it is ended.
uint64_t kind_in_force(const Amana__V1__Header *header);

// Whether a message of this kind is taken on with an ACK.
bool kind_acknowledged(unsigned kind);

// Whether a kind is about the content of messages, and nothing else: ERASURE, HOLD.
bool kind_orders(unsigned kind);

// Days from written_at that retain_until may lie ahead: the kind's ceiling, until policy says else (rule 7).
unsigned kind_retention_days(const Amana__V1__Header *header);

// Whether an outcome fits what is answered: a DECISION on a REFERRAL is ACCEPTED or DECLINED, and so on.
bool kind_outcome_fits(unsigned kind, unsigned answered, unsigned outcome);

// To whom a message of this kind, which there is, goes with this outcome (0: none).
enum kind_to kind_goes_to(unsigned kind, unsigned outcome);

// Names of these outcomes (OUTCOME_BIT), with commas.
void outcome_list(uint64_t outcomes, char *ret_text, size_t size);

// The outcomes of a kind that fit what is answered (0: any), as "FULL, PARTIAL".
#define KIND_OUTCOMES_TEXT 256
void kind_outcome_list(unsigned kind, unsigned answered, char *ret_text, size_t size);

// Whether a CANCEL or WITHDRAW asks for CONFIRM, and so begins a life of its own for every recipient, COPY too, besides
// the move that it makes in another's; and until when that is to be answered, UTC ns.
bool kind_asks_confirm(unsigned kind, unsigned outcome);
uint64_t kind_confirm_due(uint64_t accepted_ns);

// Header fields that every kind has, and that every kind may have.
#define HEADER_ALWAYS                                                                                                  \
    (HEADER_BIT(1) | HEADER_BIT(2) | HEADER_BIT(3) | HEADER_BIT(4) | HEADER_BIT(5) | HEADER_BIT(9) | HEADER_BIT(10) |  \
     HEADER_BIT(11) | HEADER_BIT(13) | HEADER_BIT(14) | HEADER_BIT(21) | HEADER_BIT(28) | HEADER_BIT(29) |             \
     HEADER_BIT(30) | HEADER_BIT(33) | HEADER_BIT(35) | HEADER_BIT(36) | HEADER_SEALED)
#define HEADER_SEALED                                                                                                  \
    (HEADER_BIT(37) | HEADER_BIT(38) | HEADER_BIT(39) | HEADER_BIT(40) | HEADER_BIT(43)) // known once it is sealed
#define HEADER_OFTEN                                                                                                   \
    (HEADER_BIT(7) | HEADER_BIT(12) | HEADER_BIT(22) | HEADER_BIT(25) | HEADER_BIT(31) | HEADER_BIT(32) |              \
     HEADER_BIT(34) | HEADER_BIT(41) | HEADER_BIT(42))

struct urgency {
    const char *name;          // "U1"
    const char *words;         // "life at risk"
    uint64_t ack_ns;           // from acceptance to an acknowledgement
    uint64_t answer_ns;        // … to an answer
    uint64_t late_ns;          // … after which a delivery is late
    uint64_t non_delivered_ns; // … after which it is told as not delivered
    uint64_t non_retrieved_ns; // from delivery to the first device's signature
    bool reason;               // needs an urgency_reason; without it, refuses one
};

// The row of a code (1 … 4), NULL otherwise.
const struct urgency *urgency_get(unsigned urgency);

// Whether what such a message answers stands for its newest version: a CANCEL names the alert and ends the last UPDATE,
// and it is that one whose urgency its clock goes by.
bool kind_ends_newest(unsigned kind);

// When a life that `kind` begins or renews must be acknowledged and answered, UTC ns; 0 for never. `target` is the
// urgency of what the message answers, or of what that stands for (0 where nothing), `answer_by` the header's own date
// or 0.
struct kind_due {
    uint64_t ack, answer;
};
struct kind_due kind_due(unsigned kind, unsigned urgency, unsigned target, uint64_t answer_by, uint64_t accepted_ns);
