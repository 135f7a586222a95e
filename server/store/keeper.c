// SPDX-License-Identifier: Apache-2.0
// The keeper: the only writer. While it commits, appends queue up (queue.c); then it takes them all.
#include "proto/failpoint.h"
#include "server/store/bytes.h"
#include "server/store/internal.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>

struct slot {
    struct journal_append *append;
    struct journal_outcome outcome;
    size_t first_entry; // of the batch
    uint8_t leaf[LOG_LEAF_SIZE];
};

// What one transaction takes. An append without entries counts as one, so that there are never more slots.
struct batch {
    struct slot slots[LIMIT_BATCH_ENTRIES];
    size_t n_slots;
    size_t n_entries, n_written; // entries; appends that wrote anything
    uint8_t salts[LIMIT_BATCH_ENTRIES][LOG_SALT_SIZE];
    uint8_t leaf_hashes[LIMIT_BATCH_ENTRIES][LOG_HASH_SIZE];
};

enum am_err batch_new(struct batch **ret_batch)
{
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return AM_NOMEM;
    *ret_batch = batch;
    return AM_OK;
}

void batch_free(struct batch *batch)
{
    free(batch);
}

static bool batch_take(struct store *store, struct batch *batch)
{
    struct journal_append *appends[LIMIT_BATCH_ENTRIES];
    batch->n_slots = queue_take(store, appends);
    for (size_t i = 0; i < batch->n_slots; i++)
        batch->slots[i].append = appends[i];
    return batch->n_slots > 0;
}

// --- One transaction
static enum am_err slot_write(struct store *store, struct batch *batch, struct slot *slot, struct append_state *state)
{
    const struct journal_append *append = slot->append;
    slot->outcome = (struct journal_outcome){.result = JOURNAL_FULL, .seq = JOURNAL_NONE};
    if (store->full && !append->essential)
        return AM_OK;
    TRY(append_judge(state, append, &slot->outcome));
    if (slot->outcome.result != JOURNAL_DONE)
        return AM_OK;
    if (append->n_entries > 0)
        slot->outcome.seq = state->tree->range.size;
    slot->first_entry = batch->n_entries;
    TRY(append_put(state, append, (const uint8_t(*)[LOG_SALT_SIZE])batch->salts + batch->n_entries, slot->leaf,
                   batch->leaf_hashes + batch->n_entries));
    batch->n_entries += append->n_entries;
    batch->n_written++;
    return AM_OK;
}

// The signature of the last batch, which could not be written with it.
static enum am_err last_checkpoint_write(struct store *store, struct table_txn txn)
{
    const struct log_checkpoint *last = &store->recent[(store->n_recent - 1) % STORE_RECENT];
    uint8_t key[8];
    put_be64(key, last->size);
    return last->size == 0
               ? AM_OK
               : table_put(txn, TABLE_CHECKPOINT, 0, key, sizeof key, last->signature, sizeof last->signature);
}

static enum am_err state_write(struct store *store, struct append_state *state, struct log_checkpoint *ret_checkpoint)
{
    uint8_t row[ROW_STATE_SIZE];
    struct row_state meta = {
        .size = state->tree->range.size, .last_time = state->last_time, .next_name = state->next_name};
    TRY(last_checkpoint_write(store, state->txn));
    TRY(tree_write_edges(state->tree, state->txn));
    TRY(merkle_range_root(&state->tree->range, meta.root));
    row_state_pack(&meta, row);
    ret_checkpoint->size = meta.size;
    memcpy(ret_checkpoint->root, meta.root, sizeof meta.root);
    return table_put(state->txn, TABLE_META, 0, "state", 5, row, sizeof row);
}

static enum am_err batch_fill(struct store *store, struct batch *batch, struct slot *slots, size_t n,
                              struct append_state *state, struct log_checkpoint *ret_checkpoint)
{
    size_t entries = 0;
    TRY(space_measure(store));
    for (size_t i = 0; i < n; i++)
        entries += slots[i].append->n_entries;
    if (entries > 0 && RAND_bytes(batch->salts[0], (int)(entries * LOG_SALT_SIZE)) != 1)
        return AM_CRYPTO;
    for (size_t i = 0; i < n; i++)
        TRY(slot_write(store, batch, &slots[i], state));
    return batch->n_entries > 0 ? state_write(store, state, ret_checkpoint) : AM_OK;
}

static int batch_commit(MDB_txn *txn)
{
    if (FAILPOINT_ERROR("store-commit-error")) {
        mdb_txn_abort(txn);
        return EIO;
    }
    int rc = FAILPOINT_ERROR("store-commit-full") ? ENOSPC : 0;
    if (rc != 0)
        mdb_txn_abort(txn);
    errno = 0;
    if (rc == 0)
        rc = mdb_txn_commit(txn);
    if (rc == EIO && errno == 0)
        rc = ENOSPC; // no call failed: a write was cut short, which a full disk does and LMDB calls EIO
    return rc;
}

// A commit that found no space has left the journal as it was - unless it was the meta page that could not be written:
// then its outcome is unknown, and LMDB lets nobody write any more.
static enum am_err commit_result(struct store *store, int rc)
{
    struct table_txn txn;
    enum am_err err = table_error(rc);
    if (err != AM_FULL)
        return err;
    if (table_begin(&store->tables, true, &txn) != AM_OK)
        return AM_IO;
    mdb_txn_abort(txn.txn);
    return AM_FULL;
}

// What is committed is in LMDB's file, and durable once redo.h says so.
static enum am_err batch_durable(struct store *store, MDB_txn *txn)
{
    FAILPOINT("store-before-commit");
    enum am_err err = redo_begin(store->redo, &store->ops);
    if (err != AM_OK) {
        mdb_txn_abort(txn);
        return err == AM_NOMEM ? AM_FULL : err; // nothing is written yet: it can be tried again
    }
    err = commit_result(store, batch_commit(txn));
    if (err != AM_OK && err != AM_FULL)
        return err;
    FAILPOINT("store-before-redo");
    FAILPOINT_SYNC("store-fsync");
    enum am_err end = redo_end(store->redo, err == AM_OK);
    FAILPOINT_SYNC(NULL);
    FAILPOINT("store-after-commit");
    return end != AM_OK ? end : err;
}

static const char WRITING_FAILED[] = "writing the journal failed";
static const char SIGNER_FAILED[] = "the signer refused or ended";

// The signer works out and signs the batch while it is committed, and keeps the signature until that is done.
static enum am_err batch_prepare(struct store *store, const struct log_checkpoint *checkpoint)
{
    struct batch *batch = store->batch;
    return batch->n_entries == 0 ? AM_OK
                                 : store->signer.prepare(store->signer.user, (const uint8_t(*)[32])batch->leaf_hashes,
                                                         batch->n_entries, checkpoint->size, checkpoint->root);
}

// Everything of these slots in one transaction. AM_FULL: nothing was written. Any other error: the outcome is unknown.
static enum am_err batch_write(struct store *store, struct slot *slots, size_t n, struct log_checkpoint *ret_checkpoint,
                               const char **ret_what)
{
    struct batch *batch = store->batch;
    struct append_state state = {.tree = &store->tree,
                                 .recent = store->recent_nodes,
                                 .last_time = store->last_time,
                                 .next_name = store->next_name};
    batch->n_entries = batch->n_written = 0;
    TRY(table_begin(&store->tables, true, &state.txn));
    state.txn.names = store->names;
    store->before = store->tree;
    enum am_err err = batch_fill(store, batch, slots, n, &state, ret_checkpoint);
    if (err == AM_NOMEM)
        err = AM_FULL; // nothing is written yet: it can be tried again
    if (err == AM_OK && (err = batch_prepare(store, ret_checkpoint)) != AM_OK)
        *ret_what = SIGNER_FAILED;
    if (err != AM_OK || batch->n_written == 0)
        mdb_txn_abort(state.txn.txn);
    else
        err = batch_durable(store, state.txn.txn);
    if (err != AM_OK) {
        name_cache_clear(store->names);
        store->tree = store->before; // of the newest nodes no batch displaces what the next one needs (RECENT_LEAVES)
        return err;
    }
    store->last_time = state.last_time;
    store->next_name = state.next_name;
    return AM_OK;
}

// --- Signed and published
void store_checkpoint_publish(struct store *store, const struct log_checkpoint *checkpoint)
{
    pthread_mutex_lock(&store->gate);
    store->recent[store->n_recent++ % STORE_RECENT] = *checkpoint;
    store->signed_size = checkpoint->size;
    pthread_cond_broadcast(&store->published);
    pthread_mutex_unlock(&store->gate);
}

static enum am_err slot_receipt(struct store *store, struct slot *slot, const struct log_checkpoint *checkpoint)
{
    struct merkle_path path;
    uint8_t *bytes;
    size_t len;
    TRY(merkle_inclusion(tree_recent_read, store->recent_nodes, slot->outcome.seq, checkpoint->size, &path));
    const struct proved proved = {.seq = slot->outcome.seq,
                                  .leaf = slot->leaf,
                                  .salt = {store->batch->salts[slot->first_entry], LOG_SALT_SIZE},
                                  .content = slot->append->entries[0].content,
                                  .path = &path,
                                  .checkpoint = checkpoint};
    TRY(proved_pack(store->origin, &proved, &bytes, &len));
    slot->outcome.receipt = (struct am_bytes){bytes, len};
    return AM_OK;
}

static enum am_err batch_sign(struct store *store, struct log_checkpoint *checkpoint, const char **ret_what)
{
    *ret_what = SIGNER_FAILED;
    store->signing = true;
    enum am_err err = store->signer.sign(store->signer.user, checkpoint->size, checkpoint->root, checkpoint->signature);
    store->signing = false;
    TRY(err);
    FAILPOINT("store-after-sign");
    pthread_mutex_lock(&store->gate);
    memcpy(store->root, checkpoint->root, sizeof store->root);
    store->size = checkpoint->size;
    pthread_mutex_unlock(&store->gate);
    store_checkpoint_publish(store, checkpoint);
    FAILPOINT("store-after-publish");
    return AM_OK;
}

static void slots_give_back(struct store *store, struct slot *slots, size_t n)
{
    uint64_t size = store->signed_size;
    for (size_t i = 0; i < n; i++) {
        slots[i].outcome.size = size;
        store->callbacks.done(store->callbacks.user, slots[i].append, &slots[i].outcome);
    }
}

// Writes, signs, publishes and gives back. AM_FULL: nothing of that happened.
static enum am_err slots_run(struct store *store, struct slot *slots, size_t n, const char **ret_what)
{
    struct log_checkpoint checkpoint;
    *ret_what = WRITING_FAILED;
    TRY(batch_write(store, slots, n, &checkpoint, ret_what));
    if (store->batch->n_entries > 0)
        TRY(batch_sign(store, &checkpoint, ret_what));
    for (size_t i = 0; i < n; i++) {
        *ret_what = "a receipt can't be made";
        if (slots[i].outcome.result == JOURNAL_DONE && slots[i].append->n_entries > 0)
            TRY(slot_receipt(store, &slots[i], &checkpoint));
    }
    slots_give_back(store, slots, n);
    return AM_OK;
}

// No room for all: what is essential is tried alone, the rest refused.
static enum am_err batch_run_full(struct store *store, const char **ret_what)
{
    struct batch *batch = store->batch;
    store->full = true;
    for (size_t i = 0; i < batch->n_slots; i++) {
        struct slot *slot = &batch->slots[i];
        enum am_err err = slot->append->essential ? slots_run(store, slot, 1, ret_what) : AM_FULL;
        if (err == AM_OK)
            continue;
        if (err != AM_FULL)
            return err;
        slot->outcome = (struct journal_outcome){.result = JOURNAL_FULL, .seq = JOURNAL_NONE};
        slots_give_back(store, slot, 1);
    }
    return AM_OK;
}

// --- The thread

// Nobody knows what the disk holds: the program is told, and only then do readers stop waiting, so that it ends of this
// and not of what they find. What was never tried is given back.
static void keeper_died(struct store *store, enum am_err err, const char *what)
{
    pthread_mutex_lock(&store->lock);
    store->stopping = true;
    pthread_mutex_unlock(&store->lock);
    store->callbacks.died(store->callbacks.user, err, what);
    pthread_mutex_lock(&store->gate);
    store->dead = true;
    pthread_cond_broadcast(&store->published);
    pthread_mutex_unlock(&store->gate);
    while (batch_take(store, store->batch)) {
        for (size_t i = 0; i < store->batch->n_slots; i++)
            store->batch->slots[i].outcome = (struct journal_outcome){.result = JOURNAL_READ_ONLY, .seq = JOURNAL_NONE};
        slots_give_back(store, store->batch->slots, store->batch->n_slots);
        store->callbacks.batch_done(store->callbacks.user);
    }
}

static void *keeper_main(void *user)
{
    struct store *store = user;
    const char *what;
    while (batch_take(store, store->batch)) {
        enum am_err err = slots_run(store, store->batch->slots, store->batch->n_slots, &what);
        if (err == AM_FULL)
            err = batch_run_full(store, &what);
        if (err != AM_OK) {
            keeper_died(store, err, what);
            return NULL;
        }
        store->callbacks.batch_done(store->callbacks.user);
        err = redo_mind(store->redo, store->at_hand < 2 * store->reserve); // after the answers
        if (err != AM_OK) {
            keeper_died(store, err, WRITING_FAILED);
            return NULL;
        }
    }
    // Woken with nothing to do: the disk failed behind its back.
    pthread_mutex_lock(&store->lock);
    bool failed = store->point_failed;
    pthread_mutex_unlock(&store->lock);
    enum am_err err = failed ? redo_mind(store->redo, false) : AM_OK;
    if (err != AM_OK)
        keeper_died(store, err, WRITING_FAILED);
    return NULL;
}

static void point_failed(void *user)
{
    struct store *store = user;
    pthread_mutex_lock(&store->lock);
    store->point_failed = true;
    pthread_cond_signal(&store->queued);
    pthread_mutex_unlock(&store->lock);
}

enum am_err store_start(struct store *store, const struct store_signer *signer, const struct store_callbacks *callbacks,
                        const uint8_t signature[68])
{
    struct log_checkpoint checkpoint = {.size = store->size};
    if (store->running)
        return AM_EXISTS;
    TRY(redo_start(store->redo, &store->tables, point_failed, store));
    store->tables.ops = &store->ops;
    memcpy(checkpoint.root, store->root, sizeof checkpoint.root);
    memcpy(checkpoint.signature, signature, sizeof checkpoint.signature);
    store->signer = *signer;
    store->callbacks = *callbacks;
    pthread_mutex_lock(&store->gate);
    store->started = true;
    pthread_mutex_unlock(&store->gate);
    store_checkpoint_publish(store, &checkpoint);
    if (pthread_create(&store->keeper, NULL, keeper_main, store) != 0) {
        (void)!redo_stop(store->redo, true);
        return AM_NOMEM;
    }
    pthread_mutex_lock(&store->lock);
    store->running = true;
    pthread_mutex_unlock(&store->lock);
    return AM_OK;
}

void store_drain(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    bool running = store->running;
    store->stopping = true;
    pthread_cond_signal(&store->queued);
    pthread_mutex_unlock(&store->lock);
    if (!running)
        return;
    pthread_join(store->keeper, NULL);
    // An error here leaves it to the next start to do again what the file says.
    enum am_err err = redo_stop(store->redo, !store->dead);
    if (err != AM_OK && !store->dead)
        store->callbacks.died(store->callbacks.user, err, WRITING_FAILED);
    pthread_mutex_lock(&store->lock);
    store->running = false;
    pthread_mutex_unlock(&store->lock);
}

// --- What is there
uint64_t store_size(const struct store *store)
{
    return store->size;
}

void store_root(const struct store *store, uint8_t ret_root[32])
{
    pthread_mutex_t *gate = (pthread_mutex_t *)&store->gate;
    pthread_mutex_lock(gate);
    memcpy(ret_root, store->root, LOG_HASH_SIZE);
    pthread_mutex_unlock(gate);
}

uint64_t store_signed_size(const struct store *store)
{
    return store->signed_size;
}
