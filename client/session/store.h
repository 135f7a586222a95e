// SPDX-License-Identifier: Apache-2.0
// What a client has on disk: outbox, sent, inbox, notices, rosters and the log as last verified, in one LMDB
// environment (DATA/store). Several processes of one client may share it. One thread. The messages and small values are
// here; the rest in store_index.h, store_notice.h, store_roster.h and news.h.
//
// Tables: meta (name → value) · outbox, sent, inbox (message id → Kept; ids are UUIDv7, so in order of time) ·
// notice (seq BE → KeptNotice) · roster (unit NUL number BE → LookupResponse) · news (seq BE → box, id) ·
// entry (seq BE → box, id: the message that this entry of the log is about) · case (case_ref NUL seq BE → box, id) ·
// person (a row of Kept.persons, box, id → nothing) ·
// retrieval (seq BE of a message, seq BE of a notice whose statement names it → nothing).
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "amana/v1/kept.pb-c.h"
#include "proto/codec/arena.h"

#include <stdbool.h>

#define STORE_FORMAT 2u

enum store_box { STORE_OUTBOX, STORE_SENT, STORE_INBOX, STORE_BOXES };

struct store;

// Opens DATA/store, making it where it isn't there. AM_VERSION for another format (both numbers in *detail), AM_IO,
// AM_FULL.
AM_MUST_USE enum am_err store_open(const char *folder, struct am_detail *detail, struct store **ret_store);
void store_close(struct store *store); // NULL is fine

// Returns once what another process was writing, if any was, is there to be read. AM_IO, AM_FULL, AM_NOMEM.
AM_MUST_USE enum am_err store_settle(struct store *store);

// One row, durable when it returns, and with it its rows of the indexes; a message whose body is gone loses its rows of
// the index of persons (Kept.persons), also in *kept. store_move writes it in one box and takes it out of another in
// one transaction. AM_FULL, AM_IO, AM_NOMEM.
AM_MUST_USE enum am_err store_put(struct store *store, enum store_box box, const char *id, Amana__V1__Kept *kept);
AM_MUST_USE enum am_err store_move(struct store *store, enum store_box from, enum store_box to, const char *id,
                                   Amana__V1__Kept *kept);

// Takes a message without an entry out of its box, with its rows in the index of persons.
AM_MUST_USE enum am_err store_drop(struct store *store, enum store_box box, const char *id,
                                   const Amana__V1__Kept *kept);

// What is written from here on is durable only, and to be read, when store_apart returns: many rows for one disk sync.
// Nobody else can write meanwhile. On an error of store_apart nothing of it was written. store_apart without the other
// is AM_OK. AM_FULL, AM_IO, AM_NOMEM.
AM_MUST_USE enum am_err store_together(struct store *store);
AM_MUST_USE enum am_err store_apart(struct store *store);

// A message that came, entry seq of the log: store_put, and in the same transaction a row of news (see news.h).
AM_MUST_USE enum am_err store_put_new(struct store *store, enum store_box box, const char *id, uint64_t seq,
                                      Amana__V1__Kept *kept);

// AM_NOT_FOUND; AM_CORRUPT for a row that doesn't decode or has no message. All in the arena.
AM_MUST_USE enum am_err store_get(struct store *store, enum store_box box, const char *id, struct arena *arena,
                                  Amana__V1__Kept **ret_kept);

// The same of the first box that has this whole id: outbox, sent, inbox. Two boxes may have a message each under one
// id, of two senders: who must not take one for the other compares its header's digest.
AM_MUST_USE enum am_err store_get_any(struct store *store, const char *id, struct arena *arena, enum store_box *ret_box,
                                      Amana__V1__Kept **ret_kept);

// The first id after `after` ("" for the first of all) in the box. AM_NOT_FOUND at the end.
#define STORE_ID 37
AM_MUST_USE enum am_err store_next(struct store *store, enum store_box box, const char after[STORE_ID],
                                   char ret_id[STORE_ID]);

// How many messages are in all boxes together. AM_IO.
AM_MUST_USE enum am_err store_count(struct store *store, uint64_t *ret_count);

// The one id that begins so, in any of the boxes (a set of 1 << box). AM_USAGE for ""; AM_NOT_FOUND; AM_CONFLICT with
// some of them in *detail. *ret_box is the box where it was found.
AM_MUST_USE enum am_err store_find(struct store *store, unsigned boxes, const char *beginning, struct am_detail *detail,
                                   enum store_box *ret_box, char ret_id[STORE_ID]);

// As much of an id as tells its row from others on a screen: 13 characters, 18 where another message bears the id.
void store_short(struct store *store, const char *id, char ret_short[STORE_ID]);

// Small values by name. Checkpoints: "log" (newest verified), "replay" (an auditor's last). AM_NOT_FOUND.
AM_MUST_USE enum am_err store_checkpoint_put(struct store *store, const char *name,
                                             const Amana__V1__Checkpoint *checkpoint);
AM_MUST_USE enum am_err store_checkpoint_get(struct store *store, const char *name, struct arena *arena,
                                             Amana__V1__Checkpoint **ret_checkpoint);

// Any other bytes: "policy" (PolicyResponse), "crls" (the CRL numbers seen so far, certs/trust_seen.h). In the arena.
// AM_NOT_FOUND.
AM_MUST_USE enum am_err store_value_put(struct store *store, const char *name, struct am_bytes bytes);
AM_MUST_USE enum am_err store_value_get(struct store *store, const char *name, struct arena *arena,
                                        struct am_bytes *ret_bytes);

// Before which time, UTC ns, nothing that is kept whole has to go: the earliest retain_until, and end of a HOLD, of
// what was put since store_due_put said so last. 0: not known.
AM_MUST_USE enum am_err store_due_get(struct store *store, uint64_t *ret_due);
AM_MUST_USE enum am_err store_due_put(struct store *store, uint64_t due);
