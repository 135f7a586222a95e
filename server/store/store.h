// SPDX-License-Identifier: Apache-2.0
// The journal: entries, tree, messages, mailboxes, lives and registry in one LMDB environment. One keeper thread
// writes, by group commit; anybody reads, in views. Nothing is shown at or above `signed_size` (audit.md, The signer).
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "proto/log/checkpoint.h"
#include "proto/log/merkle.h"
#include "proto/model/journal.h"

#define STORE_FORMAT 5u

struct store;
struct store_view;

// Signs a batch: `n` leaf hashes that lead to (size, root). `prepare` hands it over before the commit, so that the
// signer's work goes beside it; a commit that finds no room has another batch prepared in its stead. `sign` gives the
// signature after the commit. Both are called on the keeper's thread. Anything but AM_OK ends the program (the outcome
// is found out by a restart).
struct store_signer {
    enum am_err (*prepare)(void *user, const uint8_t (*leaf_hashes)[32], size_t n, uint64_t size,
                           const uint8_t root[32]);
    enum am_err (*sign)(void *user, uint64_t size, const uint8_t root[32], uint8_t ret_signature[68]);
    void *user;
};

struct store_options {
    const char *folder;   // data folder; the environment is FOLDER/journal
    uint64_t map_size;    // bytes, preallocated; 0: what the file has, at least 1 GiB
    uint64_t reserve;     // bytes below which only essential appends go; 0: 64 MiB, an eighth of a smaller map
    size_t queue;         // appends that may wait, default 4096
    uint64_t patience_ns; // what store_expect makes an append wait, once the keeper is free; 0: LIMIT_BATCH_WAIT_NS
    const char *origin;
};

// Makes an empty journal in `folder` (which must not have one: AM_EXISTS).
AM_MUST_USE enum am_err store_create(const struct store_options *options, struct am_detail *detail);

// Opens a journal. AM_VERSION with both numbers; AM_CORRUPT where tree and entries disagree at the right edge;
// AM_NOT_FOUND; AM_BUSY where another program has it open; AM_CONFIG where it is of another origin (NULL: of any).
// Costs O(log n): 1 ms with a million entries. No thread is started: reading works at once, `store_start` begins to
// write.
AM_MUST_USE enum am_err store_open(const struct store_options *options, struct am_detail *detail,
                                   struct store **ret_store);
void store_close(struct store *store); // joins the keeper; NULL is fine

uint64_t store_size(const struct store *store); // entries in LMDB; root and size go together before store_start
void store_root(const struct store *store, uint8_t ret_root[32]);
uint64_t store_signed_size(const struct store *store); // entries that may be shown; atomic, any thread

// Leaf hashes [from, to) for the signer's judgement at start, handed out in runs.
AM_MUST_USE enum am_err store_leaf_hashes(struct store *store, uint64_t from, uint64_t to,
                                          enum am_err (*give)(void *user, const uint8_t (*hashes)[32], size_t n),
                                          void *user);

// Starts the keeper. `signature` is that of the checkpoint (store_size, store_root), signed again at start.
// `done` is called on the keeper's thread, once for each append of a batch, after the batch is durable and signed, and
// then `batch_done` once, so that the loop is woken once a batch. `died` is called where the outcome of a commit or a
// signature is unknown: the program must end.
struct store_callbacks {
    void (*done)(void *user, struct journal_append *append, const struct journal_outcome *outcome);
    void (*batch_done)(void *user);
    void (*died)(void *user, enum am_err err, const char *what);
    void *user;
};
AM_MUST_USE enum am_err store_start(struct store *store, const struct store_signer *signer,
                                    const struct store_callbacks *callbacks, const uint8_t signature[68]);

// What it adds to its batch: content and message.
uint64_t store_append_bytes(const struct journal_append *append);
// Queues an append; the keeper gives it back through `done`. AM_BUSY where the queue is full. Any thread.
AM_MUST_USE enum am_err store_submit(struct store *store, struct journal_append *append);

// So many more appends may come any moment: their checks are under way. Where that is more than a few, the keeper
// begins no batch before as many wait as may still come, since a batch costs much the same however many share it; but
// whoever waits, waits no longer than `patience_ns`. What was expected and doesn't come is taken back by another call.
// Any thread.
void store_expect(struct store *store, size_t n);

// Waits until everything queued so far is done, then stops the keeper (TERM).
void store_drain(struct store *store);

// --- Reading. A view is a snapshot bounded by signed_size; used by one thread at a time, renewed often.
//
// A snapshot may be newer than what is signed, between a commit and its signature. `begin` and `renew` then wait until
// it is (a signature's time; so the loop calls neither) and keep that snapshot: while a keeper runs, nothing in a
// view, in whatever table, belongs to an entry at or above its bound, and the bound is a signed checkpoint's size.
// Where the keeper died over it: AM_READ_ONLY. Before store_start the bound is the newest checkpoint that the journal
// has kept, one batch behind its end; entries, ids, pointers, mail and index rows at or above it are left out one by
// one, while a life, chain or delivery may stand as the last batch left it.
AM_MUST_USE enum am_err store_view_begin(struct store *store, struct store_view **ret_view);
AM_MUST_USE enum am_err store_view_renew(struct store_view *view); // newest snapshot
// The same without a wait, for the loop: AM_BUSY, and no snapshot, where the newest isn't signed yet.
AM_MUST_USE enum am_err store_view_renew_now(struct store_view *view);
void store_view_reset(struct store_view *view); // lets the snapshot go, keeps the view for renew
void store_view_end(struct store_view *view);
uint64_t store_view_size(const struct store_view *view);                                          // its bound
void store_view_checkpoint(const struct store_view *view, struct log_checkpoint *ret_checkpoint); // the bound, signed

struct store_entry {
    uint64_t seq;
    uint8_t leaf[46];
    struct am_bytes salt, content; // into the snapshot: valid until renew, reset or end; empty where erased
    uint8_t kind;
};
// AM_NOT_FOUND at the view's bound and above; AM_CORRUPT.
AM_MUST_USE enum am_err store_entry(struct store_view *view, uint64_t seq, struct store_entry *ret_entry);

struct store_message {
    struct am_bytes header, signature, flags, body; // into the snapshot
    bool erased;                                    // flags and body are gone
};
// That of the entry seq. AM_NOT_FOUND: it is no message's; AM_CORRUPT.
AM_MUST_USE enum am_err store_message(struct store_view *view, uint64_t seq, struct store_message *ret_message);

// (device, id) → seq and header digest. AM_NOT_FOUND.
AM_MUST_USE enum am_err store_find_id(struct store_view *view, const char *device, const uint8_t id[16],
                                      uint64_t *ret_seq, uint8_t ret_digest[32]);
// The message that was sealed to an oversight by the point of this x (JOURNAL_POINT bytes); of one that waited for its
// second person its PARKED entry's. AM_NOT_FOUND.
AM_MUST_USE enum am_err store_find_point(struct store_view *view, const uint8_t x[JOURNAL_POINT], uint64_t *ret_seq);
// Any device's message of that id: the n-th. AM_NOT_FOUND past the last.
AM_MUST_USE enum am_err store_find_uuid(struct store_view *view, const uint8_t id[16], unsigned n, uint64_t *ret_seq);

struct store_pointer {
    uint64_t seq, root;
    uint8_t kind, urgency, digest[32]; // of the header
    char originator[LIMIT_ADDRESS + 1];
    struct {
        char unit[LIMIT_ADDRESS + 1];
        uint8_t part;
    } recipients[LIMIT_RECIPIENTS];
    size_t n_recipients;
};
// The message of that id whose header has that digest. AM_NOT_FOUND, also for a pointer that is none.
AM_MUST_USE enum am_err store_find_pointer(struct store_view *view, const Amana__V1__Pointer *pointer,
                                           struct store_pointer *ret_pointer);
// seq of a SUBMITTED entry → the same.
AM_MUST_USE enum am_err store_pointer_of(struct store_view *view, uint64_t seq, struct store_pointer *ret_pointer);
bool store_pointer_to(const struct store_pointer *pointer, const char *unit);    // it is among the recipients
bool store_pointer_party(const struct store_pointer *pointer, const char *unit); // or the originator

// Rows; AM_NOT_FOUND where there is none. Strings in the result point into the snapshot.
AM_MUST_USE enum am_err store_life(struct store_view *view, uint64_t root, const char *recipient,
                                   struct journal_life *ret_life);
// The n-th life of a root, whoever has it. AM_NOT_FOUND past the last.
AM_MUST_USE enum am_err store_life_of(struct store_view *view, uint64_t root, unsigned n,
                                      struct journal_life *ret_life);
AM_MUST_USE enum am_err store_chain(struct store_view *view, uint64_t root, struct journal_chain *ret_chain);
AM_MUST_USE enum am_err store_delivery(struct store_view *view, uint64_t seq, const char *recipient,
                                       struct journal_delivery *ret_delivery);

// A message that waits, or waited, for its second person: of a PARKED entry, or of a SUBMITTED one that was DEFERRED.
AM_MUST_USE enum am_err store_release(struct store_view *view, uint64_t seq, struct journal_release *ret_release);
// (device, id) → seq of the PARKED entry and header digest. AM_NOT_FOUND.
AM_MUST_USE enum am_err store_find_parked_id(struct store_view *view, const char *device, const uint8_t id[16],
                                             uint64_t *ret_seq, uint8_t ret_digest[32]);
// Any device's parked message of that id: the n-th. AM_NOT_FOUND past the last.
AM_MUST_USE enum am_err store_find_parked(struct store_view *view, const uint8_t id[16], unsigned n, uint64_t *ret_seq,
                                          uint8_t ret_digest[32]);
// The first that waits for this unit at or above *seq. AM_NOT_FOUND.
AM_MUST_USE enum am_err store_waiting_next(struct store_view *view, const char *unit, uint64_t *seq);
// What was ordered about the content of a message, all of it together.
struct store_orders {
    uint64_t held_until; // of its HOLDs the latest end, UTC ns; 0: none
    uint64_t erasure;    // seq of the newest ERASURE of it; JOURNAL_NONE: none
};
AM_MUST_USE enum am_err store_orders(struct store_view *view, uint64_t seq, struct store_orders *ret_orders);
// The ERASED entry that says that its body is gone. AM_NOT_FOUND.
AM_MUST_USE enum am_err store_erased_by(struct store_view *view, uint64_t seq, uint64_t *ret_entry);

// From which states a case is kept: version 0 and none where nobody said so. `states` is the caller's.
AM_MUST_USE enum am_err store_shield(struct store_view *view, const char *case_ref,
                                     struct journal_shield_state states[JOURNAL_SHIELD_STATES],
                                     struct journal_shield *ret_shield);
AM_MUST_USE enum am_err store_any_shield(struct store_view *view, bool *ret_any); // of any case

// Is there any message of this case; did this unit send or receive one.
AM_MUST_USE enum am_err store_case_exists(struct store_view *view, const char *case_ref, bool *ret_exists);
AM_MUST_USE enum am_err store_case_party(struct store_view *view, const char *case_ref, const char *unit, bool *ret_is);

// The next mailbox row of a device after (*urgency, *seq) in mailbox order; start with urgency 0, seq 0. AM_NOT_FOUND
// at the end.
AM_MUST_USE enum am_err store_mail_next(struct store_view *view, const char *device, uint8_t *urgency, uint64_t *seq,
                                        uint8_t *ret_kind);
// The row of that seq, whatever its urgency. AM_NOT_FOUND.
AM_MUST_USE enum am_err store_mail_find(struct store_view *view, const char *device, uint64_t seq, uint8_t *ret_urgency,
                                        uint8_t *ret_kind);

// The next device that has a mailbox row, in no order that means anything; start with *at 0. Bytes of the view.
// AM_NOT_FOUND at the end.
AM_MUST_USE enum am_err store_mail_device_next(struct store_view *view, uint32_t *at, const char **ret_device);

// The next deadline after *deadline (its `at`, `kind` and `subject`; all 0: the first), without its place. AM_NOT_FOUND
// at the end.
AM_MUST_USE enum am_err store_deadline_next(struct store_view *view, struct journal_deadline *deadline);
// Is this row still there? Then its place is filled in.
AM_MUST_USE enum am_err store_deadline_has(struct store_view *view, struct journal_deadline *deadline, bool *ret_has);

// Registry rows in key order: member, roster, trust. `each` returning anything but AM_OK ends the walk with it.
AM_MUST_USE enum am_err store_records(struct store_view *view, uint8_t kind,
                                      enum am_err (*each)(void *user, const struct journal_record *record), void *user);
AM_MUST_USE enum am_err store_record(struct store_view *view, uint8_t kind, const char *key, uint64_t number,
                                     struct journal_record *ret_record); // its key is the caller's

// Index walks for filtered replays: the next seq ≥ *seq in the index; AM_NOT_FOUND at the end.
enum store_index { STORE_INDEX_CASE, STORE_INDEX_PARTY, STORE_INDEX_KIND, STORE_INDEX_MESSAGE };
// key: case_ref, unit, one byte of EntryKind, or 8 bytes big-endian of a message's seq.
AM_MUST_USE enum am_err store_index_next(struct store_view *view, enum store_index index, struct am_bytes key,
                                         uint64_t *seq);
// First seq whose time is ≥ time_ns (entries' times never decrease); the bound where there is none.
AM_MUST_USE enum am_err store_seq_at(struct store_view *view, uint64_t time_ns, uint64_t *ret_seq);

// Proofs against a size ≤ the view's bound (0: the bound).
AM_MUST_USE enum am_err store_inclusion(struct store_view *view, uint64_t index, uint64_t size,
                                        struct merkle_path *ret_path);
AM_MUST_USE enum am_err store_consistency(struct store_view *view, uint64_t old_size, uint64_t new_size,
                                          struct merkle_path *ret_path);
// The first signed checkpoint whose size is above seq; the newest is in memory.
AM_MUST_USE enum am_err store_checkpoint_after(struct store_view *view, uint64_t seq,
                                               struct log_checkpoint *ret_checkpoint);
// Where `size` is the size of a checkpoint that was signed: it. AM_NOT_FOUND otherwise.
AM_MUST_USE enum am_err store_checkpoint_at(struct store_view *view, uint64_t size,
                                            struct log_checkpoint *ret_checkpoint);

// Packed ProvedEntry (malloc'ed; caller frees): the original receipt (first checkpoint above seq; always the same
// bytes) or against the view's newest checkpoint.
AM_MUST_USE enum am_err store_receipt(struct store_view *view, uint64_t seq, uint8_t **ret_bytes, size_t *ret_len);
AM_MUST_USE enum am_err store_proved_now(struct store_view *view, uint64_t seq, uint8_t **ret_bytes, size_t *ret_len);

struct store_health {
    bool full;       // only essential appends go
    bool may_append; // the keeper runs
    uint64_t free_bytes, used_bytes;
    size_t queued;
    uint64_t batch; // the keeper's, a number that grows; and what it is doing with it
    enum { STORE_IDLE, STORE_WRITING, STORE_SIGNING } doing;
};
// Any thread.
void store_health(struct store *store, struct store_health *ret_health);

// Who knows what the hub's rows mean. Entries come first, in order, then rows; what is wrong the judge says itself.
// Anything but AM_OK ends the check with it.
struct store_judged {
    uint64_t seq, time_ns;
    bool time_kept; // no later than the entry before: its rows may give an earlier time
    const Amana__V1__EntryContent *content;
    struct am_bytes header; // SUBMITTED, PARKED: of its message
    bool body_kept;         // and whether that has its sealed body still
    uint64_t root;          // SUBMITTED: as the message is kept
    const void *fsck;       // the store's own
};
struct store_judge {
    enum am_err (*entry)(void *user, const struct store_judged *entry);
    enum am_err (*life)(void *user, const struct journal_life *life);
    enum am_err (*chain)(void *user, const struct journal_chain *chain);
    enum am_err (*delivery)(void *user, const struct journal_delivery *delivery);
    enum am_err (*deadline)(void *user, const struct journal_deadline *deadline); // after lives and deliveries
    enum am_err (*record)(void *user, const struct journal_record *record);
    enum am_err (*release)(void *user, const struct journal_release *release);
    enum am_err (*order)(void *user, const struct journal_order *order);
    enum am_err (*checkpoint)(void *user, const struct log_checkpoint *checkpoint);
    void *user;
};
// For a judge, about an entry that it was given: the message that is pointed at; is the entry indexed as about it; is
// this unit one of those whom it is told to?
struct store_judged_message {
    uint64_t seq, root;
    uint8_t kind, root_kind;
};
bool store_judged_message(const struct store_judged *entry, const Amana__V1__Pointer *pointer,
                          struct store_judged_message *ret_message);
bool store_judged_about(const struct store_judged *entry, uint64_t message);
bool store_judged_told(const struct store_judged *entry, const char *unit);

// Checks everything offline (AM_BUSY while a keeper has the journal): each entry's commitment and leaf against the
// tree, kinds, message digests against their SUBMITTED content, index rows, the root against `record_root` at
// `record_size` where record_size isn't 0. Calls `found` for each fault with the entry's seq and a sentence; goes on
// after a fault. `judge`: NULL, or who knows the rest. AM_CORRUPT where there was one.
AM_MUST_USE enum am_err store_fsck(const char *folder, uint64_t record_size, const uint8_t record_root[32],
                                   void (*found)(void *user, uint64_t seq, const char *what), void *user,
                                   const struct store_judge *judge, uint64_t *ret_size, struct am_detail *detail);
