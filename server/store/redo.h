// SPDX-License-Identifier: Apache-2.0
// FOLDER/journal/redo: what was committed since LMDB's file was last made durable, so that a commit costs one sync.
//
// LMDB alone writes some twenty scattered pages, syncs them, writes its meta page and syncs that. Here a transaction is
// committed without a sync, and its changes are written to this file in one piece and synced; the disk begins with that
// while LMDB commits. From time to time a thread syncs LMDB's file, and what this file says begins anew from there: a
// *point*. After a crash, LMDB is taken back to the last point and the changes since are done again. What makes that
// sound:
//   - a point holds LMDB's meta page as it was then, and everything that page leads to is durable;
//   - until the next point holds, a reader stands at this one, so that LMDB writes over no page that it leads to.
#pragma once

#include "server/store/redo_ops.h"

struct redo;

// Makes the file, for a map of that size, beside a database that is durable. AM_EXISTS, AM_FULL, AM_IO.
AM_MUST_USE enum am_err redo_create(const char *folder, uint64_t map_size);

// AM_NOT_FOUND; AM_CORRUPT where no point can be read or the file is of another size than it was made with.
AM_MUST_USE enum am_err redo_open(const char *folder, struct am_detail *detail, struct redo **ret_redo);
void redo_close(struct redo *redo); // NULL is fine

// Was it left without redo_stop? Opens it to read alone.
AM_MUST_USE enum am_err redo_look(const char *folder, bool *ret_left);
// First, before LMDB opens its file: makes the point that was read durable and, where it was left, takes that file back
// to it. Then, with its tables open: does again what came after it, if anything. AM_IO, AM_CORRUPT, AM_FULL.
AM_MUST_USE enum am_err redo_take_back(struct redo *redo);
AM_MUST_USE enum am_err redo_do_again(struct redo *redo, const struct tables *tables);

// The rest on the keeper's thread. From here on nothing is committed but between redo_begin and redo_end.
// `failed` is called, on a thread of this room's, where a point can't be made: redo_mind says why.
AM_MUST_USE enum am_err redo_start(struct redo *redo, const struct tables *tables, void (*failed)(void *user),
                                   void *user);
// Before a transaction is committed: its changes are handed to the disk, which writes them meanwhile. AM_NOMEM,
// AM_FULL: nothing is there.
AM_MUST_USE enum am_err redo_begin(struct redo *redo, struct redo_ops *ops);
// After it: they are durable on return; or, where it was refused, count for nothing on any start. AM_IO: the outcome is
// unknown.
AM_MUST_USE enum am_err redo_end(struct redo *redo, bool committed);
// Between transactions: begins a new point where it is time, in the background; or at once where there is so little
// room that no page may be kept from being used again. AM_IO.
AM_MUST_USE enum am_err redo_mind(struct redo *redo, bool at_once);
// The oldest transaction of LMDB's whose free pages are kept for the point; UINT64_MAX: all can be used.
uint64_t redo_held_from(const struct redo *redo);
// Everything in LMDB's file, durable; not `good`: it is left as it is, for the next start.
AM_MUST_USE enum am_err redo_stop(struct redo *redo, bool good);
