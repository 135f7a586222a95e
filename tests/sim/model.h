// SPDX-License-Identifier: Apache-2.0
// A journal in memory that keeps the contract of proto/model/journal.h: what the keeper writes and what a worker reads,
// for tests of the hub without a disk.
#pragma once

#include "proto/codec/codec.h"
#include "proto/model/life.h"
#include "proto/model/life_known.h"
#include "server/hub/hub.h"

#define MODEL_DEVICES 1024 // mailboxes

struct model_message {
    uint64_t seq, root;
    const char *id, *device, *originator, *case_ref;
    uint8_t digest[32];
    uint8_t kind, urgency;
    struct am_bytes header;
    const uint8_t *point; // JOURNAL_POINT bytes; NULL: none
    const Amana__V1__Header *decoded;
    const Amana__V1__Flags *flags; // NULL where they were no Flags
    struct journal_recipient *recipients;
    size_t n_recipients;
    struct journal_delivery *deliveries; // one for each recipient
    // Of a root.
    struct journal_life *lives;
    size_t n_lives, lives_room;
    struct journal_chain chain;
    bool has_chain;
    bool parked;         // of a PARKED entry: nobody finds it by id
    bool erased;         // its body is gone
    bool ordered;        // an ERASURE of it was taken
    uint64_t held_until; // of its HOLDs the latest end
    bool has_release;
    struct journal_release release; // how it stands with its second person
};

struct model_entry {
    uint8_t kind, class;
    uint32_t erase_after;
    uint64_t time_ns, size; // of the tree that it was signed with
    uint64_t of;
    const Amana__V1__EntryContent *content;
    struct model_message *message; // of a SUBMITTED
    const char *const *cases;
    size_t n_cases;
    const char *const *parties; // who is told of it
    size_t n_parties;
    const uint64_t *also; // messages that it is about besides `of`
    size_t n_also;
};

struct model_mailbox {
    const char *device;
    struct journal_mail *rows;
    size_t n, room;
};

struct model {
    struct arena arena; // everything here
    struct model_entry *entries;
    size_t n, room;
    struct model_mailbox mailboxes[MODEL_DEVICES];
    size_t n_mailboxes;
    struct journal_record *records;
    size_t n_records, records_room;
    struct journal_deadline *deadlines; // in no order
    size_t n_deadlines, deadlines_room;
    struct journal_shield *shields;
    size_t n_shields, shields_room;
    bool full, read_only;  // essential appends go on with `full`, none with `read_only`
    bool no_room, busy;    // nothing finds room; the keeper's queue is full
    uint64_t damaged;      // messages before this seq are not read as deadlines come: AM_CORRUPT
    bool unread;           // nor are any: AM_IO
    uint8_t oversight[32]; // digest of the certificate that workers see named for the country of `overseen`; 0: none
    const char *overseen;
    bool recalls; // a list that a message brings recalls that oversight
};

void model_init(struct model *model);
void model_clear(struct model *model);

// The keeper: all of an append or nothing. The outcome's receipt lives as long as the model.
struct journal_outcome model_commit(struct model *model, const struct journal_append *append);

// A worker's check of a message, signatures and seal apart: those are `checked`.
void model_check(struct model *model, struct hub_submission *submission, enum reason checked);

// A worker's reading of what an Acknowledge of these seqs is about.
void model_read_retrieval(struct model *model, struct hub_retrieval *retrieval, const uint64_t *seqs, size_t n,
                          const uint64_t *notices, size_t n_notices);

// A worker's reading of what is released or sent back, of the message at that seq.
void model_read_settlement(struct model *model, struct hub_settlement *settlement, uint64_t seq);

// A worker's reading of deadlines: up to `room` rows after *after and before `until`, in order; and of one that has
// come.
size_t model_deadlines(struct model *model, const struct journal_deadline *after, uint64_t until,
                       struct journal_deadline *ret_rows, size_t room);
void model_read_due(struct model *model, struct hub_due *due);

// 32 bytes that differ where the bytes differ: no digest, but good enough to tell messages apart.
void model_digest(struct am_bytes bytes, uint8_t ret_digest[32]);

struct model_mailbox *model_mailbox(struct model *model, const char *device);              // made where it isn't there
struct model_message *model_message_at(struct model *model, uint64_t seq);                 // NULL: no message
struct model_message *model_find(struct model *model, const char *device, const char *id); // not one that was parked
struct model_message *model_find_parked(struct model *model, const char *device, const char *id);
const struct journal_life *model_life(struct model *model, uint64_t root, const char *recipient);

// Whether a row of the device's mailbox waits, as its case is kept from its state.
bool model_mail_withheld(struct model *model, const char *device, const struct journal_mail *row);

bool model_retrieved(struct model *model, uint64_t seq, const char *unit);
uint64_t model_retrieved_at(struct model *model, uint64_t seq, const char *unit); // UTC ns; 0: it isn't

// A unit's life of a root as the unit knows it; whether it goes on apart from how it is kept: then *life is as known.
struct life_known model_known(struct model *model, const struct model_message *root, const char *unit);
bool model_life_apart(struct model *model, const struct model_message *root, const char *unit,
                      struct life_known *ret_known, struct journal_life *life);
