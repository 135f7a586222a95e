// SPDX-License-Identifier: Apache-2.0
// The file of redo.h: two slots that hold a point, in turn, each with a counter and a SHA-256; then a ring of records.
//
// A slot: magic[8] · bytes of the ring u64 · counter u64 · number and place of the first record after it u64 u64 ·
// LMDB's page size u32 · left u8 · LMDB's meta page, as much of it as counts · key[32] · zeros · SHA-256. A record:
// number u64 · length u64 · digest u64 · counter of the point that held u64 · changes (redo_ops.h) · zeros up to a
// block. Numbers go up by one for ever, and digests are made with a key that is drawn at each start: so neither what is
// old nor what a sender wrote into a message passes for the record that comes next. One that doesn't fit before the
// ring's end begins at its start.
#pragma once

#include "server/store/redo_ops.h"

#define REDO_BLOCK 4096u
#define REDO_KEY   32u
#define REDO_META  152u // of a meta page, from its start: its head and struct MDB_meta of LMDB's data format 1, 64 bits

struct redo_point {
    uint64_t number, place; // of the record that follows
    uint32_t page_size;     // of LMDB's file; 0: nothing was committed yet
    bool left;              // records may follow
    uint8_t meta[REDO_META];
    uint8_t key[REDO_KEY]; // of the records after it
};

struct redo_file {
    // Records are synced by the keeper, points by a thread, and the system tells a write that failed to each descriptor
    // once: with one for both, one of them would hear of it and the other go on.
    int records, points;
    uint64_t ring;    // bytes
    uint64_t counter; // of the newest point: the thread's while it makes one
};

// Makes it with a ring of so many bytes, zeros, and the first point, synced. AM_EXISTS; AM_FULL, AM_IO.
AM_MUST_USE enum am_err redo_file_create(const char *path, uint64_t ring);
// Not `write`: to look at. AM_NOT_FOUND; AM_CORRUPT, also where the file is of another size than it was made with;
// AM_IO.
AM_MUST_USE enum am_err redo_file_open(const char *path, bool write, struct am_detail *detail,
                                       struct redo_file *ret_file, struct redo_point *ret_point);
void redo_file_close(struct redo_file *file);
// Its blocks, if only with zeros: the first write to one changes what the file system knows of the file, and a sync
// would write that too. A copy of the file may have lost them. Nothing in the ring counts any more.
AM_MUST_USE enum am_err redo_file_fill(struct redo_file *file);

// Durable on return.
AM_MUST_USE enum am_err redo_file_put_point(struct redo_file *file, const struct redo_point *point);
// Writes the newest point, that was read, where it stands: it may be in the system's memory alone, after a crash of
// the program or a sync that failed, and the next one goes over the point before it.
AM_MUST_USE enum am_err redo_file_keep_point(struct redo_file *file, const struct redo_point *point);

// The bytes of a record with that many of changes and head, and where it goes when the last ended at `place`.
uint64_t redo_file_size(uint64_t len);
uint64_t redo_file_place(const struct redo_file *file, uint64_t place, uint64_t size);
// `ops` get their head and zeros; `place` comes from redo_file_place, `held` is the counter of the point that holds.
// The disk begins to write; durable after redo_file_sync. AM_FULL: nothing is there. AM_IO: nobody knows.
AM_MUST_USE enum am_err redo_file_put(struct redo_file *file, const uint8_t key[REDO_KEY], uint64_t number,
                                      uint64_t place, uint64_t held, struct redo_ops *ops);
AM_MUST_USE enum am_err redo_file_sync(struct redo_file *file);
// Takes the record back that was put there. Durable on return.
AM_MUST_USE enum am_err redo_file_void(struct redo_file *file, uint64_t place);
// The record with that number, malloc'ed. AM_NOT_FOUND where the last one was before it; AM_CORRUPT where one behind it
// is whole, or was written when a newer point held than the one that could be read; AM_IO.
AM_MUST_USE enum am_err redo_file_get(const struct redo_file *file, const uint8_t key[REDO_KEY], uint64_t number,
                                      uint64_t *place, uint8_t **ret_bytes, size_t *ret_len);
