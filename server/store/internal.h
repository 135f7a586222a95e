// SPDX-License-Identifier: Apache-2.0
// What the files of the store share: the store itself, and a view.
#pragma once

#include "server/store/append.h"
#include "server/store/name.h"
#include "server/store/redo.h"
#include "server/store/store.h"
#include "server/store/tile_cache.h"

#include <pthread.h>
#include <stdatomic.h>

#define STORE_RECENT      16 // newest checkpoints in memory
#define STORE_DBS         "journal"
#define STORE_URGENCY_MAX 15 // Urgency.Code in a mailbox row

struct store {
    struct tables tables;
    struct redo *redo;
    struct redo_ops ops;      // of the transaction under way
    struct name_cache *names; // the keeper's
    char *origin;
    uint64_t map_size, reserve, page_size;
    int folder_lock; // the open folder, flock'ed

    // Of what is committed. The keeper's alone once it runs (what others ask for is `size` and below the gate).
    struct tree tree, before; // `before`: to go back to when a transaction is given up
    struct tree_recent *recent_nodes;
    uint64_t last_time;
    uint32_t next_name;
    uint8_t root[LOG_HASH_SIZE]; // written under the gate
    _Atomic uint64_t size;

    // Published. `gate` guards `recent`, `dead`, `started`; held for moments, never across a commit or a signature.
    _Atomic uint64_t signed_size;
    pthread_mutex_t gate;
    pthread_cond_t published;
    struct log_checkpoint recent[STORE_RECENT]; // ring; the newest is recent[n_recent - 1]
    uint64_t n_recent;
    bool started, dead;

    // The queue: a ring of `queue_room` appends.
    pthread_mutex_t lock;
    pthread_cond_t queued;
    struct journal_append **queue;
    size_t queue_room, queue_first, queue_len;
    size_t expected;      // store_expect
    uint64_t patience_ns; // so long what is there waits for it
    bool left;            // the last batch had no room for all that had waited
    bool running, stopping;
    bool point_failed; // redo.h
    uint64_t batches;  // taken
    bool working;      // on the last of them
    _Atomic bool signing;
    pthread_t keeper;
    struct store_signer signer;
    struct store_callbacks callbacks;
    struct batch *batch;

    _Atomic bool full;
    _Atomic uint64_t free_bytes;
    uint64_t at_hand; // of free_bytes; the rest will be with the next point
};

// queue.c
// Waits for a batch's worth of appends and takes it; how many. 0: the keeper is to stop, or a point couldn't be made.
size_t queue_take(struct store *store, struct journal_append *ret_appends[LIMIT_BATCH_ENTRIES]);

// keeper.c
struct batch;
AM_MUST_USE enum am_err batch_new(struct batch **ret_batch);
void batch_free(struct batch *batch);
void store_checkpoint_publish(struct store *store, const struct log_checkpoint *checkpoint);

// space.c: what the map has left; `full`, `free_bytes` and `at_hand` are set. AM_IO.
AM_MUST_USE enum am_err space_measure(struct store *store);

// receipt.c: a packed ProvedEntry, malloc'ed.
struct proved {
    uint64_t seq;
    const uint8_t *leaf; // LOG_LEAF_SIZE
    struct am_bytes salt, content;
    const struct merkle_path *path;
    const struct log_checkpoint *checkpoint;
};
AM_MUST_USE enum am_err proved_pack(const char *origin, const struct proved *proved, uint8_t **ret_bytes,
                                    size_t *ret_len);

// view.c
struct store_view {
    struct store *store;
    struct table_txn txn;
    uint64_t bound; // entries that may be shown
    struct log_checkpoint checkpoint;
    struct tile_cache *tiles;
    struct log_checkpoint seen; // the last that was asked for by its size; size 0: none
};

// walk.c: whether an entry of this kind says that the body of a message is gone. AM_NOMEM, errors of its content.
AM_MUST_USE enum am_err entry_erases(uint8_t kind, struct am_bytes content, uint64_t message, bool *ret_erases);

// env.c: the environment in FOLDER/journal; also for fsck.
AM_MUST_USE enum am_err env_open(const char *folder, uint64_t map_size, unsigned flags, struct am_detail *detail,
                                 MDB_env **ret_env);
// For fsck: what a crash left undone is done, so that the environment can be read by itself. Not `whole`: there is no
// redo file, or no point in it. AM_BUSY; AM_DENIED where something is undone and the folder can't be written.
AM_MUST_USE enum am_err store_recover(const char *folder, bool *ret_whole, struct am_detail *detail);
// One program at a time: what a store holds in memory would be stale with two. AM_BUSY; `shared` for fsck, which only
// must not run beside a keeper. The lock goes with the descriptor.
AM_MUST_USE enum am_err env_lock(const char *folder, bool shared, struct am_detail *detail, int *ret_lock);
// Format and origin (malloc'ed).
AM_MUST_USE enum am_err env_check(struct table_txn txn, struct am_detail *detail, char **ret_origin);
