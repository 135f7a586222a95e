// SPDX-License-Identifier: Apache-2.0
// What the files of the hub share. For server/hub alone.
#pragma once

#include "amana/v1/relay.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/model/address.h"
#include "proto/model/harm.h"
#include "proto/model/life.h"
#include "proto/model/passage.h"
#include "proto/model/rules.h"
#include "server/hub/hub.h"

#define HASH_NONFATAL_OOM 1 // a failed HASH_ADD leaves hh.tbl NULL
#include <uthash.h>

#define HUB_ATTEMPTS      8u       // decisions on one work before it is told BUSY
#define HUB_RETRY_BUSY_NS NS_PER_S // what a client is told to wait
#define HUB_RETRY_FULL_NS NS_PER_MINUTE
#define HUB_APPEND_MEMORY (4u * 1024 * 1024) // of one append's rows and entries, the message's bytes apart
#define HUB_REPLAY_REASON 500u               // bytes
#define HUB_OWN_WAITING   64u                // entries about the hub itself that may wait for room

// --- Registry (registry.c)
enum hub_role {
    ROLE_NONE,
    ROLE_UNIT,
    ROLE_PROTECTION,
    ROLE_DPO,
    ROLE_AUDITOR,
    ROLE_REGISTRAR,
    ROLE_OPERATOR,
    ROLE_OTHER
};

struct hub_grant {
    uint32_t kinds;
    size_t n_parties;
    char **parties; // units and patterns
};

// A member's record in force. One block of memory.
struct hub_member {
    enum hub_role role;
    char *role_name;
    char *grants_text; // with its scope: member_grants_text
    size_t n_grants;
    struct hub_grant *grants;
    size_t n_scope;
    char **scope;
    char successor[LIMIT_ADDRESS + 1]; // "": it isn't closed
};

// One number of a unit's roster, in one block; never freed while the hub lives, since appends borrow its names.
struct hub_kept_roster {
    uint64_t number;
    uint8_t digest[32];
    size_t n_devices, n_officers;
    struct hub_roster_device *devices;
    struct hub_roster_officer *officers;
};

struct hub_unit {
    char name[LIMIT_ADDRESS + 1];
    struct hub_member *member; // NULL: only rosters are known
    size_t n_rosters, room;
    struct hub_kept_roster **rosters;                   // by number, the newest last
    uint64_t revision;                                  // of the member's row, also where it is a member no more
    bool roster_pending, member_pending, lapse_pending; // a change is on its way to the log
    struct hub_lapse {
        uint64_t seq, at;     // of its SUBMITTED entry; 0: none
    } lapses[2];              // releases that it deferred and nobody signed in time, the older first
    struct hub_work *lapsing; // deadlines of more of them, which wait for the one that is on its way (lapse_pending)
    uint64_t stale_hour_at;   // start of its hour of what goes by a stale CRL, monotonic
    uint32_t stale_sends;     // in that hour
    UT_hash_handle hh;
};

struct hub_country {
    char code[ADDRESS_COUNTRY_MAX + 1];
    char protection_unit[LIMIT_ADDRESS + 1]; // "" for none
    uint8_t oversight[32];                   // digest of its certificate; all 0 for none
    bool oversight_revoked;                  // it is none for that
    UT_hash_handle hh;
};

const struct hub_country *hub_country_find(const struct hub *hub, const char *code); // countries.c
void hub_countries_free(struct hub_country *countries);                              // all of a table; NULL is fine

AM_MUST_USE enum am_err hub_unit_room(struct hub *hub, const char *name, struct hub_unit **ret_unit); // made if need be
struct hub_member *hub_member_copy(const Amana__V1__MemberRecord *record);                            // NULL: no memory
void hub_member_free(struct hub_member *member);                                                      // NULL is fine
// Takes the member over, in the place of the unit's old one, which is freed; NULL: it is none any more.
void hub_member_install(struct hub *hub, struct hub_unit *unit, struct hub_member *member, uint64_t revision);
// NULL: none; what they give is the hub's and stays until that unit's next change. The same of the four below.
struct hub_unit *hub_unit_find(const struct hub *hub, const char *name);
const struct hub_member *hub_member_find(const struct hub *hub, const char *unit); // NULL: none
const struct hub_kept_roster *hub_roster_newest(const struct hub *hub, const char *unit);
void hub_countries_text(const struct hub *hub, char *ret_text, size_t size); // "ke, et"; cut where there is no room
bool hub_roster_in_force(const struct hub *hub, const char *unit);           // somebody is on the newest
const struct hub_kept_roster *hub_roster_of(const struct hub *hub, const char *unit, uint64_t number);
const struct hub_roster_officer *hub_roster_officer_find(const struct hub_kept_roster *roster, const char *uri);
const struct hub_roster_device *hub_roster_device_find(const struct hub_kept_roster *roster, const char *uri);
// The number, from 1, of the first grant of any of these kinds to a party, and what it names it by; 0: none.
size_t hub_grant_find(const struct hub_member *member, uint32_t kinds, const char *party, const char **ret_pattern);
uint8_t hub_role_who(enum hub_role role); // WHO_UNIT, …; 0: sends nothing
bool hub_granted(const struct hub_member *member, unsigned kind, const char *party);
bool hub_may_receive(const struct hub_member *member);
// Whether anything can be sent to it: a member that may receive, with a roster to seal to. A closed one gets answers.
bool hub_reachable(const struct hub *hub, const char *unit);
const char *hub_protection_of(const struct hub *hub, const char *unit);        // hub_protection_unit of its country
bool hub_protects(const struct hub *hub, const char *party, const char *unit); // it is that of the party's country
// Whether the unit protects, and does so there: its own country, or one whose trust list names it or what it succeeded.
bool hub_protects_in(const struct hub *hub, const char *unit, const char *country);
bool hub_protects_any(const struct hub *hub, const char *unit); // it is the hub_protection_unit of a country
AM_MUST_USE enum am_err hub_roster_copy(const struct hub_roster *roster, struct hub_kept_roster **ret_kept);
AM_MUST_USE enum am_err hub_roster_room(struct hub *hub, const char *unit, struct hub_unit **ret_unit); // for one more
void hub_roster_install(struct hub *hub, struct hub_unit *unit, struct hub_kept_roster *kept);          // room was made
void hub_registry_free(struct hub *hub);

// --- Identities and their quotas (identity.c)
struct hub_identity {
    char uri[LIMIT_URI + 1];
    double tokens; // requests that may come now
    uint64_t tokens_at;
    uint32_t in_flight;
    uint64_t minute_at;             // start of its minute of refusals
    uint32_t rejected;              // entries in that minute
    uint64_t counted[REASON_COUNT]; // refusals past the quota
    bool has_counted;
    UT_hash_handle hh;
};
AM_MUST_USE enum am_err hub_identity_get(struct hub *hub, const char *uri, uint64_t monotonic_ns,
                                         struct hub_identity **ret_identity);
// What an identity of this unit may ask for: policy's, else the configuration's.
struct policy_quota hub_quota_of(const struct hub *hub, const char *unit);
// REASON_NONE; QUOTA or BUSY with work->retry_ns, and which quota in work->detail.
enum reason hub_identity_take(struct hub *hub, struct hub_identity *identity, struct hub_work *work,
                              uint64_t monotonic_ns);
bool hub_identity_may_log(struct hub *hub, struct hub_identity *identity, uint64_t monotonic_ns);
void hub_identity_count(struct hub *hub, const char *uri, enum reason reason, uint64_t count);
void hub_identities_free(struct hub *hub);

// --- Copies of one message under way (flight.c)
struct hub_flight_key {
    uint8_t id[16];
    char device[LIMIT_URI + 1];
};
struct hub_flight {
    struct hub_flight_key key;
    struct hub_work *works; // the first is being worked on, the others wait
    bool next_due;          // the one before has been answered
    UT_hash_handle hh;
};

// --- Deadlines of the next hour (deadlines.c)
struct hub_awaited {
    struct journal_deadline row;
    uint64_t from; // UTC ns: its own time, or a later one to which it was put off
};
struct hub_deadlines {
    struct hub_awaited *heap;        // the earliest first
    size_t n, room, n_off;           // n_off: of them put off
    struct journal_deadline horizon; // what is durable up to this row is in the heap, or under way
    uint64_t until;                  // while rows are read: the end of what was asked for
    bool begun, reading;
    size_t under_way;
    uint64_t pause; // monotonic: none is tried before
};
// The rows of an append that is durable now; `first`: the seq of its first entry.
void hub_deadlines_committed(struct hub *hub, const struct journal_append *append, uint64_t first);
void hub_deadlines_free(struct hub *hub);

struct hub {
    char *origin, *name, *version;
    uint32_t requests_per_s, in_flight, rejected_per_minute;
    struct hub_unit *units;
    struct hub_country *countries;
    struct hub_identity *identities;
    struct hub_flight *flights;
    bool flights_due;      // one of them has a next that is to go
    struct policy *policy; // NULL: none
    uint64_t epoch;        // of registry, countries and policy: changes with each
    uint64_t last_time_ns; // of the newest append
    bool shields;          // a case is kept from a state, or was since the start, or is to be by what is under way
    size_t works, appends; // under way
    struct hub_deadlines deadlines;
    struct hub_pending *own; // entries about the hub itself, in order
    size_t n_own;
    bool own_sent; // the first of them is on its way
    bool draining, stop_sent;
    char stop_text[256];
};

// --- Steps: one per event
struct hub_step {
    struct hub *hub;
    const struct hub_event *event;
    struct hub_actions *actions;
};
AM_MUST_USE enum am_err hub_step_arrived(struct hub_step *step);   // submission.c
AM_MUST_USE enum am_err hub_step_checked(struct hub_step *step);   // submission.c
AM_MUST_USE enum am_err hub_step_retrieved(struct hub_step *step); // retrieval.c
AM_MUST_USE enum am_err hub_step_settled(struct hub_step *step);   // settle.c
AM_MUST_USE enum am_err hub_step_replay(struct hub_step *step);    // replay.c
AM_MUST_USE enum am_err hub_step_roster(struct hub_step *step);    // roster_change.c
AM_MUST_USE enum am_err hub_step_member(struct hub_step *step);    // member_change.c
AM_MUST_USE enum am_err hub_step_committed(struct hub_step *step); // committed.c
AM_MUST_USE enum am_err hub_step_trust(struct hub_step *step);     // own.c
AM_MUST_USE enum am_err hub_step_policy(struct hub_step *step);
AM_MUST_USE enum am_err hub_step_start(struct hub_step *step);
AM_MUST_USE enum am_err hub_step_alarm(struct hub_step *step);
AM_MUST_USE enum am_err hub_step_clock(struct hub_step *step);
AM_MUST_USE enum am_err hub_step_tick(struct hub_step *step);
AM_MUST_USE enum am_err hub_step_deadlines(struct hub_step *step); // deadlines.c
AM_MUST_USE enum am_err hub_step_due(struct hub_step *step);       // due.c
// Once a step: reads on where the heap reaches less far than half an hour, and begins what has come. Tries again at the
// next step.
void hub_deadlines_go(struct hub_step *step);
AM_MUST_USE enum am_err hub_step_stop(struct hub_step *step);
AM_MUST_USE enum am_err hub_flight_enter(struct hub *hub, struct hub_submission *submission, bool *ret_first);
void hub_flight_leave(struct hub *hub, struct hub_work *work);
void hub_flights_go(struct hub_step *step); // those whose turn has come; tries again at the next step
void hub_flights_free(struct hub *hub);
void hub_own_go(struct hub_step *step); // the first of `own`, unless it is on its way
void hub_own_free(struct hub *hub);
void hub_own_back(struct hub_step *step, struct hub_pending *pending, enum journal_result result);
void hub_drain(struct hub_step *step); // writes STOP when everything is back; tries again at the next step

// --- Actions (actions.c)
// Makes room for n more; after it, hub_act doesn't fail.
AM_MUST_USE enum am_err hub_actions_room(struct hub_actions *actions, size_t n);
void hub_act(struct hub_step *step, struct hub_action action);
// Counts a work as under way. Nothing is counted on AM_NOMEM.
AM_MUST_USE enum am_err hub_work_begin(struct hub_step *step, struct hub_work *work);
void hub_work_end(struct hub *hub, struct hub_work *work);
// Ends the work and answers it. Room was made.
void hub_reply(struct hub_step *step, struct hub_work *work, enum reason reason, const struct journal_outcome *outcome);
// The same with what BUSY, FULL… tell the client about waiting.
void hub_reply_retry(struct hub_step *step, struct hub_work *work, enum reason reason);
// Whether the hub stops and takes nothing new: the work has its answer then.
bool hub_turned_away(struct hub_step *step, struct hub_work *work);
// What it was decided on has changed, or the id was taken meanwhile: a worker looks again, within HUB_ATTEMPTS. Room
// was made.
void hub_recheck(struct hub_step *step, struct hub_work *work);

// --- Appends under way (pending.c)
enum hub_purpose {
    PURPOSE_ACCEPT, // a message: its receipt
    PURPOSE_REFUSE, // a REJECTED entry: then the refusal
    PURPOSE_RETRIEVAL,
    PURPOSE_SETTLE, // what waited for its second person
    PURPOSE_ACCESS, // then the replay streams
    PURPOSE_ACCESS_END,
    PURPOSE_ROSTER,  // then it is in force
    PURPOSE_MEMBER,  // the same
    PURPOSE_COUNTED, // refusals counted together
    PURPOSE_DUE,     // a deadline
    PURPOSE_OWN,
    PURPOSE_STOP,
};
struct hub_pending {
    struct journal_append append; // first: the store knows only this
    enum hub_purpose purpose;
    struct hub_work *work; // or NULL
    struct arena arena;    // everything in `append` but what it borrows
    size_t deadlines_room; // rows of append.deadlines
    size_t mail_room;      // … of append.mail and wake
    enum reason reason;    // REFUSE, COUNTED
    const char **wake;     // devices
    size_t n_wake;
    const char **freed; // devices whose mail was withheld and is not any more
    size_t n_freed;
    struct hub_unit *unit;      // ROSTER, MEMBER; DUE: whose lapse it is, else NULL
    struct hub_lapse lapses[2]; // its own, once that is written
    struct hub_kept_roster *kept;
    struct hub_member *member; // NULL: a member no more
    uint64_t revision;
    const char *identity; // COUNTED
    const uint64_t *counts;
    struct hub_pending *next; // OWN
    bool queued, told;        // OWN: it is among hub->own; that it waits was said
};
AM_MUST_USE enum am_err hub_pending_new(struct hub_step *step, enum hub_purpose purpose, struct hub_work *work,
                                        size_t n_entries, struct hub_pending **ret_pending);
void hub_pending_free(struct hub_pending *pending); // NULL is fine
// One more row of the append's deadlines, set, replaced or cleared in the same batch: `at` and `was` as in
// journal_deadline.
AM_MUST_USE enum am_err hub_deadline_put(struct hub_pending *pending, enum deadline_kind kind, uint64_t subject,
                                         uint64_t at, uint64_t was);
AM_MUST_USE enum am_err hub_deadline_put_row(struct hub_pending *pending, const struct journal_deadline *row);
void hub_unlogged(struct hub_step *step, const struct hub_pending *pending, enum reason reason, bool again);
// What an append that wasn't written is to its caller.
enum reason hub_failure(enum journal_result result);
// Makes it an action; from here it belongs to the caller of hub_step. Room was made.
void hub_pending_send(struct hub_step *step, struct hub_pending *pending);
// A row of mail for a device, which is woken once it is durable; one for each device of a unit but `but` (or NULL).
AM_MUST_USE enum am_err hub_mail_put(struct hub_pending *pending, const char *device, uint8_t urgency, uint64_t seq,
                                     enum journal_mail_kind kind);
AM_MUST_USE enum am_err hub_mail_unit(struct hub_step *step, struct hub_pending *pending, const char *unit,
                                      const char *but, uint8_t urgency, uint64_t seq, enum journal_mail_kind kind);
// Tells the append's entry of that index to whom proto/model/notice.c says: each unit once. NULL in here: nobody.
struct hub_told {
    uint8_t urgency;
    const char *originator, *recipient, *releasing;
    const struct journal_recipient *recipients;
    size_t n_recipients;
    const char *dpos_of; // a CONFIRM is waited for: those of the country of this unit are told
};
AM_MUST_USE enum am_err hub_tell(struct hub_step *step, struct hub_pending *pending, size_t index,
                                 const struct hub_told *told);
// To a message, as entries name it. Both outlive the pointer.
Amana__V1__Pointer hub_pointer(const Amana__V1__Header *header, const uint8_t digest[32]);
// Packs the content of an entry that nothing else is set of.
AM_MUST_USE enum am_err hub_entry_pack(struct hub_pending *pending, size_t index,
                                       const Amana__V1__EntryContent *content, uint8_t class);
// It is about this message, and found under the root of its life too.
AM_MUST_USE enum am_err hub_entry_of(struct hub_pending *pending, size_t index, uint64_t message, uint64_t root);
// `about`: the message, or NULL of the hub itself.
AM_MUST_USE enum am_err hub_alarm_pack(struct hub_pending *pending, size_t index, const char *what, const char *text,
                                       const Amana__V1__Pointer *about);
// A deadline's work is over. Room was made. Done with; or it comes again, after a pause of all (what it failed for is
// none of its own), or by itself after `most_ns` at most, and the others go on.
void hub_due_done(struct hub_step *step, struct hub_due *due);
void hub_due_pause(struct hub_step *step, struct hub_due *due, uint64_t pause_ns);
void hub_due_put_off(struct hub_step *step, struct hub_due *due, uint64_t most_ns);
void hub_due_failed(struct hub_step *step, struct hub_due *due, enum am_err err); // one of the two, by the error
void hub_due_lost(struct hub *hub, const struct hub_due *due);                    // no memory to say so
uint64_t hub_entry_time(const struct hub *hub, uint64_t now_ns);
// audit.md: the UTC day after max(retain_until + 30 d, entry time + 366 d).
uint32_t hub_erase_after(uint64_t retain_until_ns, uint64_t entry_ns);

// --- Judging a message (verdict.c, judge.c, lives.c)
// What stands in memory; fills the work's detail, stale_unit and hub_time.
enum reason hub_verdict(const struct hub *hub, struct hub_submission *submission, uint64_t now_ns);
// Oversight (oversight.c): whether the header goes by the trust list in force; whether the worker's look at the seal
// did; and that no two messages are sealed to an oversight by one point.
enum reason hub_judge_oversight(const struct hub *hub, struct hub_submission *submission, bool looked_at);
bool hub_oversight_seen(const struct hub *hub, const struct hub_submission *submission);
enum reason hub_judge_point(struct hub_submission *submission);
// One answer for no such unit, no such case and no grant.
enum reason hub_not_permitted(struct hub_work *work, const char *field);
// The recipients: members, grants, purpose. `flags` NULL on arrival, where it isn't known yet what is answered and
// whether a child is concerned: what those might allow passes for now.
enum reason hub_judge_recipients(const struct hub *hub, struct hub_submission *submission,
                                 const Amana__V1__Flags *flags);

// Whether an answer goes to somebody who neither has what it answers nor protects in the sender's country (rule 3 and
// whom a HIT goes to besides): all has been read.
bool hub_goes_beyond(const struct hub *hub, const struct hub_submission *submission);

struct hub_decision {
    bool crossed, alarm;
    size_t n_moves;
    struct {
        size_t index;     // of newest.recipients and of lives
        uint8_t from, to; // as its originator knows it, and the entry says
        uint8_t kept;     // where its row goes; 0: nowhere
    } moves[LIMIT_RECIPIENTS];
};
// Every rule that envelope, flags and what the journal holds decide, of what a worker has read; work->detail says why
// and what would do. Only REASON_NONE gives *ret_decision: what its append moves.
enum reason hub_judge(const struct hub *hub, struct hub_submission *submission, uint64_t now_ns,
                      struct hub_decision *ret_decision);
// One of the lives, as its originator knows it.
const struct journal_life *hub_life_known(const struct hub_submission *submission, size_t index);
// The part of it that the lives decide: fills the moves.
enum reason hub_judge_lives(const struct hub *hub, struct hub_submission *submission, uint64_t now_ns,
                            struct hub_decision *decision);
// Whether it goes to whom its kind goes, by those of what it answers.
enum reason hub_judge_delivery(const struct hub *hub, struct hub_submission *submission,
                               const struct hub_found *answered);
// Whether it acts in the place of those who are not to learn of this version or end of an alert (delivery.h).
bool hub_stands_in(const struct hub *hub, const struct hub_submission *submission, const char *unit);
// Do no harm (harm.c): may it not reach this unit, by its own flags or by those that its case has, or one that it
// refers to?
bool hub_harms(const struct hub_submission *submission, const char *unit);
// The same, or nothing can be sent to it any more: what goes to all who have a message goes to the others.
bool hub_left_out(const struct hub *hub, const struct hub_submission *submission, const char *unit);
// Is what it says kept from this unit, whoever sent it: for what others are told of it.
bool hub_keeps_from(const struct hub_submission *submission, const char *unit);
bool hub_shield_binds(const struct hub_submission *submission); // is one of them kept from anybody, for this sender
// What the message makes of its case's states: false where they stay as they are.
bool hub_shield_next(const struct hub *hub, const struct hub_submission *submission,
                     struct journal_shield_state states[JOURNAL_SHIELD_STATES], size_t *ret_n);
// Nothing is left of a case that was kept from states: what was withheld for its sake goes, and with the last of it its
// row.
AM_MUST_USE enum am_err hub_shield_end(struct hub_pending *pending, const struct hub_due *due);
enum reason hub_judge_onward(const struct hub *hub, struct hub_submission *submission); // rule 11 (onward.c)
bool hub_recipient_index(const struct hub_found *found, const char *unit, size_t *ret_index);

// The second person (release.c): which unit may release it, and whether it comes by the right call.
enum reason hub_judge_releasing(const struct hub *hub, struct hub_submission *submission, uint64_t now_ns);
// Whether it takes back what was sent with its release DEFERRED and sent back: by a supervisor of the unit that this
// names, alone.
bool hub_takes_back(const struct hub *hub, const struct hub_submission *submission);
bool hub_may_release(const struct hub *hub, const char *sender, const char *releasing);
// How it stands, of one that is to be ended: STATE_FORBIDS where it waits no more.
// now_ns: what waits for its release before it is sent lapses when that is due, whether or not the entry is written
// yet.
enum reason hub_judge_waiting(struct hub_work *work, const struct journal_release *release, uint64_t now_ns);
// Ceiling and roster of one unit that a message names (verdict.c).
enum reason hub_judge_ceiling(const struct hub *hub, struct hub_submission *submission, const char *unit);
enum reason hub_judge_roster(const struct hub *hub, struct hub_work *work, const char *unit, uint64_t number,
                             const char *field);

// --- What is written (submitted.c, order.c, holders.c, park.c, refusal.c)
// Of an ERASURE or HOLD: the orders, the bodies that go, and the entry that says so.
struct hub_order {
    size_t n;         // messages named
    size_t n_erased;  // of those, bodies that go now
    size_t n_entries; // 0 or 1
};
struct hub_order hub_order_of(const struct hub_submission *submission, uint64_t now_ns);
AM_MUST_USE enum am_err hub_order_fill(struct hub_pending *pending, size_t entry,
                                       const struct hub_submission *submission);
// Whether a message corrects another, or is a holder's word on what it was to mend or erase; and the entry that says
// so.
bool hub_asks_holders(const struct hub_submission *submission, const struct hub_decision *decision);
AM_MUST_USE enum am_err hub_holders_fill(struct hub_pending *pending, size_t entry,
                                         const struct hub_submission *submission);
AM_MUST_USE enum am_err hub_accept(struct hub_step *step, struct hub_submission *submission,
                                   const struct hub_decision *decision);
AM_MUST_USE enum am_err hub_park(struct hub_step *step, struct hub_submission *submission);
// The record of the append's message, and its case and parties on the first entry.
AM_MUST_USE enum am_err hub_message_fill(struct hub_pending *pending, const struct hub_submission *submission,
                                         uint64_t root);
// A row that waits from now on, of the append's first entry.
AM_MUST_USE enum am_err hub_release_begin(struct hub_pending *pending, const Amana__V1__Header *header);
// The RELEASED entry, and the row as the move leaves it.
struct hub_released {
    const Amana__V1__Header *header;
    const uint8_t *header_digest;
    const char *supervisor;
    struct am_bytes signature; // DEFERRED: the supervisor's
    const struct journal_release *release;
};
AM_MUST_USE enum am_err hub_released_entry(struct hub_pending *pending, size_t index,
                                           const struct hub_released *released);
AM_MUST_USE enum am_err hub_release_move(struct hub_pending *pending, const struct journal_release *release,
                                         enum passage_move move, const char *supervisor);
// Nobody has released it in time: the append's first entry, its notices and its row; of one that was DEFERRED an ALARM
// as the second entry.
struct hub_lapsed {
    const Amana__V1__Header *header;
    const uint8_t *header_digest;
    const struct journal_release *release;
};
AM_MUST_USE enum am_err hub_lapsed_fill(struct hub_step *step, struct hub_pending *pending,
                                        const struct hub_lapsed *lapsed);
// Whether a lapse takes the right to defer from its unit: of what went before it was signed, and in earnest.
bool hub_lapse_counts(const Amana__V1__Header *header, const struct journal_release *release);
// One more that this unit deferred and nobody signed: its record. `name` lives as long as the append. None is on its
// way to the log.
AM_MUST_USE enum am_err hub_lapse_record(struct hub_step *step, struct hub_pending *pending, const char *name,
                                         uint64_t seq);
// What an entry about a waiting message is indexed by: the message, its case, its sender and its releasing unit.
AM_MUST_USE enum am_err hub_release_index(struct hub_pending *pending, size_t index, const Amana__V1__Header *header,
                                          uint64_t of);
// Refuses a work: a REJECTED entry first, or counted past the quota. `id` and `digest` may be NULL.
AM_MUST_USE enum am_err hub_refuse(struct hub_step *step, struct hub_work *work, enum reason reason, const char *id,
                                   const uint8_t digest[32]);
AM_MUST_USE enum am_err hub_counted_flush(struct hub_step *step, struct hub_identity *identity);

// --- Registry entries, shared by genesis and changes (entries.c, member_entries.c)
// Of an append made for two: MEMBER, and GRANT where grants or scope differ from those before (NULL: there were none).
AM_MUST_USE enum am_err hub_member_entry(struct hub_pending *pending, const struct hub_member *before,
                                         const Amana__V1__MemberRecord *after, const char *by, hub_sha256 *sha256);
AM_MUST_USE enum am_err hub_roster_entry(struct hub_pending *pending, const struct hub_roster *roster,
                                         const Amana__V1__RosterRecord *record);
// trust.conf or policy.conf has changed. NULL: there was, or is, none.
AM_MUST_USE enum am_err hub_trust_entry(struct hub_pending *pending, const uint8_t *before, const uint8_t *after);
AM_MUST_USE enum am_err hub_policy_entry(struct hub_pending *pending, const uint8_t *before, const uint8_t *after);
