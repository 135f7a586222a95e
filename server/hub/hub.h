// SPDX-License-Identifier: Apache-2.0
// The hub: who may send what to whom, which life moves where, what is written and who is told. A pure function of its
// input: hub_step(event) → actions. Knows no socket, no disk, no clock and no cryptography; time, randomness and what
// is on disk come in as events. One thread.
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "amana/v1/message.pb-c.h"
#include "amana/v1/record.pb-c.h"
#include "proto/model/deadline.h"
#include "proto/model/journal.h"
#include "proto/model/policy.h"
#include "proto/model/reason.h"

struct hub;
struct hub_flight;

struct hub_config {
    const char *origin;           // of the log
    const char *hub;              // amana://igad/hub
    const char *version;          // of the program, for START
    uint32_t requests_per_s;      // per identity; 0: LIMIT_REQUESTS_PER_S
    uint32_t in_flight;           // per identity; 0: LIMIT_IN_FLIGHT
    uint32_t rejected_per_minute; // REJECTED entries per identity before they are counted together; 0: 20
};

// Copies the configuration. AM_NOMEM. hub_free: after the last event; NULL is fine.
AM_MUST_USE enum am_err hub_new(const struct hub_config *config, struct hub **ret_hub);
void hub_free(struct hub *hub);

// --- What it knows: given at start and whenever it changes (copied).
// --------------------------------------------------
struct hub_roster_device {
    const char *uri;
    uint8_t auth[32], seal[32], sign[32]; // SHA-256 of the certificates
};
struct hub_roster_officer {
    const char *uri;
    uint8_t sign[32];
    bool supervisor;
};
struct hub_roster {
    const char *unit;
    uint64_t number;
    uint8_t digest[32], previous[32];
    const char *signer; // registrar's URI
    const struct hub_roster_device *devices;
    size_t n_devices;
    const struct hub_roster_officer *officers;
    size_t n_officers;
};
AM_MUST_USE enum am_err hub_set_member(struct hub *hub, const Amana__V1__MemberRecord *member);
AM_MUST_USE enum am_err hub_set_roster(struct hub *hub, const struct hub_roster *roster); // every number is kept
// Of the trust list: who protects there, and the digest of the certificate of its oversight; NULL: none.
struct hub_country_row {
    const char *code, *protection_unit;
    const uint8_t *oversight; // that is sealed to
    bool oversight_revoked;   // it is NULL for that: which refusals say
};
// All of them, in the place of those before, each once. On failure those stay: AM_NOMEM, AM_INVALID.
AM_MUST_USE enum am_err hub_set_countries(struct hub *hub, const struct hub_country_row *rows, size_t n);
void hub_set_policy(struct hub *hub, struct policy *policy); // takes it over; NULL: none
const struct policy *hub_policy(const struct hub *hub);
// JOURNAL_LAPSES of a unit, as its record has them.
AM_MUST_USE enum am_err hub_set_lapses(struct hub *hub, const char *unit, struct am_bytes lapses);
void hub_set_clock_floor(struct hub *hub, uint64_t last_entry_time_ns); // entries' times never decrease
void hub_set_shields(struct hub *hub, bool any); // whether the journal has a case that is kept from a state (rule 4)

// Pure questions; the answer of an unknown unit is that of one that isn't allowed.
// Is this device's certificate on its unit's newest roster, and is the unit a member? REASON_NONE or NOT_ON_ROSTER.
enum reason hub_admits(const struct hub *hub, const char *unit, const char *device, const uint8_t auth_digest[32]);
const char *hub_role(const struct hub *hub, const char *unit);                  // NULL: no member
bool hub_is_registrar(const struct hub *hub, const char *unit);                 // changes its country's rows
bool hub_sees_registry(const struct hub *hub, const char *unit);                // a registrar or an operator
uint64_t hub_roster_number(const struct hub *hub, const char *unit);            // newest; 0: none
bool hub_may_write(const struct hub *hub, const char *unit, const char *other); // any kind
const char *hub_successor(const struct hub *hub, const char *unit);             // "": it isn't closed
// An auditor or a dpo anything; who protects the envelope of one message, which it contests for its country.
bool hub_may_replay(const struct hub *hub, const char *unit, const Amana__V1__ReplayRequest *request);
bool hub_in_scope(const struct hub *hub, const char *auditor, const char *country);
bool hub_country_known(const struct hub *hub, const char *country); // the trust list has it
// Who protects there: the unit that the trust list names, of a closed one its successor where that protects too. NULL:
// none that anything can be sent to.
const char *hub_protection_unit(const struct hub *hub, const char *country);
// Devices on the unit's newest roster: calls `each` with every URI.
void hub_each_device(const struct hub *hub, const char *unit, void (*each)(void *user, const char *uri), void *user);

// What would become of a message of this kind between these two, and by which rule (`amana admin policy try`). Judges
// by what stands in memory: what message, case or body decide isn't in it.
struct hub_trial {
    const char *as, *to; // units
    Amana__V1__Kind__Code kind;
    Amana__V1__Classification__Code classification;
};
struct hub_reason {
    bool allows, tells;   // tells: what holds for such messages; it refuses none as it is tried here
    const char *question; // "grant"
    char rule[240];
};
struct hub_explanation {
    size_t n;
    struct hub_reason rows[12];
};
// REASON_NONE, or the refusal; FIELD_INVALID where the trial names no unit or kind.
enum reason hub_explain(const struct hub *hub, const struct hub_trial *trial, struct hub_explanation *ret);

// --- Work under way. Owned by the caller (net), who keeps it until the action that ends it.
// ----------------------------
enum hub_work_kind {
    HUB_WORK_SUBMISSION,
    HUB_WORK_SETTLEMENT,
    HUB_WORK_RETRIEVAL,
    HUB_WORK_REPLAY,
    HUB_WORK_ROSTER,
    HUB_WORK_MEMBER,
    HUB_WORK_DUE,
    HUB_WORK_OWN, // the hub's own entries: START, STOP, TRUST, CLOCK, ALARM, counted REJECTED
};
struct hub_work {
    enum hub_work_kind kind;
    void *user;           // the caller's
    const char *identity; // URI of the certificate that the connection showed
    const char *unit;     // its unit
    // The answer, set when HUB_ACTION_REPLY names this work.
    enum reason reason;
    struct am_detail detail;            // field and words for the person
    char state[32], moves[160];         // STATE_FORBIDS: the state and the open moves
    char state_unit[LIMIT_ADDRESS + 1]; // …: of which recipient's life; "": of the sender's own, or of none
    char stale_unit[LIMIT_ADDRESS + 1]; // ROSTER_STALE: whose
    char successor[LIMIT_ADDRESS + 1];  // RECIPIENT_CLOSED: who takes its place
    uint64_t retry_ns;                  // QUOTA, BUSY
    uint64_t hub_time_ns;               // TOO_OLD, CLOCK_AHEAD
    // The hub's own; all zero when it is handed over first.
    unsigned attempts;         // decisions taken on it
    uint64_t epoch;            // of the registry that the verdict was given by
    bool counted;              // it is counted as in flight
    struct hub_flight *flight; // copies of the same message; this one waits, or is worked on
    struct hub_work *next;
};

// A message that another names, as the store has it.
struct hub_found {
    bool found, digest_matches;
    uint64_t seq, root;
    uint8_t kind, urgency;
    const char *originator;
    const struct journal_recipient *recipients;
    size_t n_recipients;
    const Amana__V1__Header *header; // of the message; NULL where it isn't kept any more
    const Amana__V1__Pointer *asked; // of a DECISION: what permission was asked about; NULL: none
    const Amana__V1__Flags *flags;   // the same; read only where they may matter (hub_wants_flags)
    struct journal_shield shield;    // of a reference to another case: from whom that is kept; of one case once
};

enum hub_submit {
    HUB_SUBMIT_SEND,
    HUB_SUBMIT_PARK,    // it waits for its second person
    HUB_SUBMIT_RELEASE, // who is that: of one that waits, with both signatures
};

// How the content of a message is kept.
struct hub_content {
    bool erased;         // its body is gone
    bool ordered;        // an ERASURE of it was taken
    uint64_t held_until; // the latest end of its HOLDs, UTC ns; 0: none
};

struct hub_submission {
    struct hub_work work;
    enum hub_submit mode;
    const char *sender;             // unit; set by the hub at ARRIVED
    uint64_t parked;                // RELEASE: seq of its PARKED entry
    const char *supervisor;         // RELEASE, CHECKED: who signed it too
    struct journal_release release; // RELEASE, CHECKED: how it stands
    // ARRIVED: decoded once, by net. Bytes and header stay until the reply. NULL where its bytes mean nothing, or two
    // things: refused at once with `unread` and the detail in `work`; header_digest is set by then.
    const Amana__V1__Header *header;
    enum reason unread;
    struct am_bytes header_bytes, signature, body, flags_bytes;
    struct am_bytes crl; // revocation list that it brings, by which its oversight may be recalled; mostly none
    // Set by the hub at ARRIVED: its judgement of what stands in memory. The check goes on whatever it says, since a
    // known id gets its original receipt first.
    enum reason verdict;
    // CHECKED: set by a worker.
    uint8_t header_digest[32], signature_digest[32];
    bool known, known_same; // (device, id) is in the log; with the same header
    uint64_t known_seq;
    struct am_bytes original_receipt; // where known_same: what the reply carries
    enum reason checked;              // signature, seal, digests, flags: REASON_NONE where all hold
    struct am_detail checked_detail;
    uint8_t oversight[32];         // of the certificate that its body has to be sealed to beside devices; all 0: none
    bool oversight_recalled;       // that certificate is revoked, by the newer list that the message brings
    bool point_used;               // the log has a message whose body was sealed to an oversight by the same point
    bool more;                     // it isn't through: nothing is decided, and another check goes on
    bool crl_stale;                // the CRL over its device or officer is stale past its grace
    const Amana__V1__Flags *flags; // decoded; NULL where they could not be
    bool case_exists, case_party;  // of header.case_ref; party: the sender's unit
    struct hub_found reply_to, supersedes;
    bool reply_party;
    struct hub_found root;   // of reply_to, with its header
    struct hub_found newest; // newest version of that root, by its chain
    bool newest_returned;    // it was sent with its release DEFERRED, and sent back
    bool apart;         // of the sender's own life: what replaced or ended it is withheld from it (rule 4). `newest`
                        // and that life are as it knows them, and are not written
    uint64_t case_seen; // then: of its case's entries the last that they were found by
    bool takes_back;    // the hub's own: a supervisor of whom that names ends it (release.c)
    bool has_chain;
    struct journal_chain chain;
    struct journal_delivery clock; // of the message that began the clock of the sender's own life; all 0: none
    struct journal_shield shield;  // of the case
    bool stale_counted;            // the hub's own: among those that go by a stale CRL
    // The answer: net gives the receipt of the outcome on success. What follows is of CHECKED again, where the message
    // points to others; all is zero else.
    struct hub_found references[LIMIT_REFERENCES];
    bool reference_party[LIMIT_REFERENCES]; // the sender's unit sent or received it
    // Of an ERASURE or HOLD, and of what is kept longer than its root: of reply_to, then of the references.
    struct hub_content named[1 + LIMIT_REFERENCES];
    struct hub_content root_content; // of what is kept longer than its root
    // Of the root, for each recipient of `newest`, same order; behind them, of a CANCEL, those of units that an older
    // version went to and the newest didn't, while there is room: each of these has one.
    struct journal_life lives[LIMIT_RECIPIENTS];
    size_t n_lives;
    // The same as their originator knows them, from whom answers are withheld (rule 4); `recipient` NULL: as they are
    // kept. NULL: all are. What they are found by: case_seen.
    const struct journal_life *as_known;
    bool has_life[LIMIT_RECIPIENTS];
    uint64_t in_force[LIMIT_RECIPIENTS];    // of the version that the life's clock is of, UTC ns; 0: until it is ended
    uint32_t former_life[LIMIT_RECIPIENTS]; // of the header's recipients: version of a life that one has had, who is
                                            // not among those of `newest`
};

// What waits for its second person, ended without being sent: returned to its author, or sent before (DEFERRED) and
// signed now. Found and checked by a worker.
struct hub_settlement {
    struct hub_work work;
    bool returns;
    struct am_bytes statement, signature;
    enum reason checked;
    struct am_detail checked_detail;
    const Amana__V1__Header *header;
    uint8_t header_digest[32];
    const char *supervisor;
    struct journal_release release;
    struct am_bytes original_receipt; // where this supervisor had done it before
};
// The n-th message that such a one names: what it answers, then its references. NULL past the last.
const struct hub_found *hub_named(const struct hub_submission *submission, size_t n);
// Whether the unit sent it or is among its recipients; not where it wasn't found.
bool hub_found_party(const struct hub_found *found, const char *unit);
// The unit that released it, of the same agency as its originator's and another: it has it too. NULL: none.
const char *hub_releasing_of(const struct hub_found *found);
// Whether the flags of what a message points at are to be read for its judgement: it may take back what these say.
bool hub_wants_flags(const struct hub_submission *submission);

// Statements of one Acknowledge call about messages of one originating unit, signature and digests checked by a worker.
struct hub_retrieved_message {
    uint64_t seq;
    uint8_t urgency;
    const char *originator;
    const char *case_ref;
    uint64_t retain_until_ns;
    bool pending; // the row is still in the device's mailbox
    struct journal_delivery delivery;
    struct clock_life lives[CLOCK_KEPT]; // of the unit, that this message began the clock of
    uint64_t answer_by;                  // a date of its own, UTC ns; 0: none
    bool gone_on;                        // the life that it began has (life_known.h)
    bool stands;                         // the life that it sets going stands still, perhaps since it hadn't come
};
struct hub_retrieval {
    struct hub_work work;
    struct am_bytes statement, signature;
    uint64_t roster; // number of the unit's roster that the statement was checked by
    enum reason checked;
    struct am_detail checked_detail;
    const struct hub_retrieved_message *messages;
    size_t n_messages;
    const struct journal_mail *notices; // notices and copies to take, that are still there
    size_t n_notices;
};

struct hub_replay {
    struct hub_work work;
    const Amana__V1__ReplayRequest *request;
    uint64_t tree_size; // signed size when it was asked for
    char *const *scope; // countries whose entries it opens, for as long as it runs
    size_t n_scope;
    bool ended; // second entry of a replay that followed
    uint64_t last_seq;
};

// A roster file read anew (HUP); or a member at `amanad init`.
struct hub_roster_change {
    struct hub_work work;
    const struct hub_roster *roster;
    const Amana__V1__RosterRecord *record;
};

// A member's row by a registrar of its country: the whole row anew (server/hub/member_change.c). Its statement has been
// verified and says what the row does; a row without one is for a refusal alone.
typedef enum am_err hub_sha256(struct am_bytes bytes, uint8_t ret_digest[32]); // the hub has no cryptography
struct hub_member_change {
    struct hub_work work;
    const Amana__V1__MemberRecord *record;
    hub_sha256 *sha256; // of grants as text
};

// A deadline that has come: its row, and what it is about as a worker reads it.
#define HUB_DUES           32u   // under way at once
#define HUB_DEADLINES_READ 4096u // rows read at once
// Of a case that is kept from a state. RETAIN_UNTIL: `kept` and `first` alone; CASE, SHIELD and APART: of as much of
// it, from the row's place on, as is read at once.
struct hub_due_case {
    bool kept;      // its row is there
    uint64_t first; // seq of its first message
    uint32_t version;
    bool left, waits;                  // a body is; and that of a message that waits for its second person
    bool more;                         // there may be more of it, from here on
    uint64_t place;                    // nothing before it is left, nor ever will be again
    const struct journal_mail *hidden; // SHIELD: rows that are withheld for good, as what they are about is gone
    size_t n_hidden;
    const uint64_t *apart; // APART: messages of whose lives some may go on apart, or stand still to their units
    size_t n_apart;
};

struct hub_due {
    struct hub_work work;
    struct journal_deadline deadline; // as the action gave it
    // Set by the worker. An error: nothing is decided, and it comes again; so it is told of, as is the hub's own.
    enum am_err err;
    bool there;             // the row still is
    struct hub_found about; // the message, with its header
    struct hub_found root;  // of its lives: the same, or what it is a version or the end of
    uint8_t digest[32], root_digest[32];
    struct clock_message clocks; // of `about`
    uint64_t case_seen;          // of its case's entries the last that lives which go on apart were found by
    bool untold;                 // its originator's state is listed as well: nobody hears of lives that change
    bool stands; // the clock of one of the lives stands still to its unit: nothing is told before that is put right…
    uint64_t going; // …of the message that set it going (seq)
    bool has_release;
    struct journal_release release; // of `about`: RELEASE, RING
    struct hub_content content;     // of `about`
    struct hub_due_case of_case;
};

// --- The step --------------------------------------------------------------------------------------------------------
enum hub_event_kind {
    HUB_EVENT_ARRIVED,    // submission
    HUB_EVENT_CHECKED,    // submission, by a worker
    HUB_EVENT_RETRIEVED,  // retrieval, checked by a worker
    HUB_EVENT_SETTLED,    // settlement, checked by a worker
    HUB_EVENT_REPLAY,     // replay asked for, or ended
    HUB_EVENT_ROSTER,     // roster change
    HUB_EVENT_MEMBER,     // member change
    HUB_EVENT_TRUST,      // digests: trust.conf has changed
    HUB_EVENT_POLICY,     // digests: policy.conf has changed, and what hub_set_policy gave is in force
    HUB_EVENT_COMMITTED,  // append, outcome
    HUB_EVENT_START,      // clean
    HUB_EVENT_ALARM,      // what, text
    HUB_EVENT_CLOCK_STEP, // step_ns
    HUB_EVENT_DEADLINES,  // deadlines, read as HUB_ACTION_DEADLINES asked for
    HUB_EVENT_DUE,        // due, read by a worker
    HUB_EVENT_TICK,       // once a second
    HUB_EVENT_STOP,       // text: nothing new is taken; STOP is written when all appends are back
};
struct hub_event {
    enum hub_event_kind kind;
    uint64_t now_ns;       // UTC
    uint64_t monotonic_ns; // for quotas
    union {
        struct hub_submission *submission;
        struct hub_retrieval *retrieval;
        struct hub_settlement *settlement;
        struct hub_replay *replay;
        struct hub_roster_change *roster;
        struct hub_member_change *member;
        struct hub_due *due;
        struct {
            const struct journal_deadline *rows; // in order
            size_t n;
            enum am_err err;
        } deadlines;
        struct {
            struct journal_append *append;
            const struct journal_outcome *outcome;
        } committed;
        struct {
            const uint8_t *before, *after; // 32 bytes; NULL where there was, or is, none
        } digests;
        bool clean;
        int64_t step_ns;
        struct {
            const char *what, *text;
        } alarm;
    };
};

enum hub_action_kind {
    HUB_ACTION_CHECK,     // give this submission to a worker, then HUB_EVENT_CHECKED. A copy of a message that is under
                          // way gets it once the first is answered
    HUB_ACTION_RECHECK,   // the same once more, by the newest of everything; for a retrieval or settlement: read its
                          // rows anew, then HUB_EVENT_RETRIEVED, HUB_EVENT_SETTLED; for a deadline HUB_EVENT_DUE
    HUB_ACTION_DEADLINES, // read up to HUB_DEADLINES_READ rows after `deadline` and before `until`, then
                          // HUB_EVENT_DEADLINES; never two at once
    HUB_ACTION_DUE,       // `deadline` has come: a hub_due for it, read by a worker, then HUB_EVENT_DUE. At most
                          // HUB_DUES that are not replied to
    HUB_ACTION_APPEND,    // store_submit; then HUB_EVENT_COMMITTED with the same append, whether it was taken or not
    HUB_ACTION_REPLY,     // the work is over: answer its call (reason NONE: with the outcome's receipt)
    HUB_ACTION_REPLAY,   // ACCESS is durable: stream. The hub's part is over; the end of one that followed is a new one
    HUB_ACTION_WAKE,     // this device has something new in its mailbox
    HUB_ACTION_ROSTER,   // a new roster or member's row is in force: judge live sessions of this unit anew
    HUB_ACTION_UNLOGGED, // an entry about the hub itself was not written: to be told where no log is needed for it
    HUB_ACTION_STOPPED,  // the STOP entry is durable, or was told as UNLOGGED
};
struct hub_action {
    enum hub_action_kind kind;
    struct hub_work *work;
    struct journal_append *append;
    const struct journal_outcome *outcome; // REPLY after an append: borrowed from the event
    struct journal_deadline deadline;      // DEADLINES, DUE
    uint64_t until;                        // DEADLINES: UTC ns
    const char *name;                      // WAKE: device URI; ROSTER: unit; UNLOGGED: EntryKind.Code in words
    enum reason reason;                    // UNLOGGED
    bool again;                            // UNLOGGED: it is tried once a second until it is written; WAKE: of what
                                           // was withheld from it before some may be free
};
struct hub_actions {
    struct hub_action *list;
    size_t n, capacity;
};

// Appends to *actions (which the caller empties after performing them). Strings in actions live until the next step.
// AM_NOMEM: nothing was decided; the event's work is over and the caller answers it with BUSY. After COMMITTED alone
// the hub has lost track of what is durable: the program must end. AM_FULL, of TRUST, POLICY and ALARM: too many
// entries about the hub wait for room, and this one isn't among them.
AM_MUST_USE enum am_err hub_step(struct hub *hub, const struct hub_event *event, struct hub_actions *actions);
void hub_actions_clear(struct hub_actions *actions);

// Frees an append that came back with its outcome (after HUB_EVENT_COMMITTED was stepped), unless it is tried again.
void hub_append_free(struct journal_append *append);

// What `amanad init` writes: GENESIS, then members, grants, rosters and trust, as appends in order. The caller commits
// each through the store before the hub serves, frees each with hub_append_free and the list with free().
struct hub_genesis {
    const char *log_key; // verifier key
    const uint8_t (*roots)[32];
    size_t n_roots;
    const uint8_t (*registrars)[32];
    size_t n_registrars;
    const Amana__V1__MemberRecord *const *members;
    size_t n_members;
    const struct hub_roster *rosters;
    const Amana__V1__RosterRecord *const *roster_records;
    size_t n_rosters;
    uint8_t trust_digest[32];
    hub_sha256 *sha256; // of grants as text
};
AM_MUST_USE enum am_err hub_genesis(const struct hub_config *config, const struct hub_genesis *genesis, uint64_t now_ns,
                                    struct journal_append ***ret_appends, size_t *ret_n);
