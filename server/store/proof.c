// SPDX-License-Identifier: Apache-2.0
// Proofs, checkpoints that were signed, receipts.
#include "server/store/bytes.h"
#include "server/store/internal.h"

enum am_err store_inclusion(struct store_view *view, uint64_t index, uint64_t size, struct merkle_path *ret_path)
{
    if (size == 0)
        size = view->bound;
    if (size > view->bound)
        return AM_INVALID;
    struct tile_reader reader = {view->txn, view->bound, view->tiles};
    return merkle_inclusion(tile_cache_read, &reader, index, size, ret_path);
}

enum am_err store_consistency(struct store_view *view, uint64_t old_size, uint64_t new_size,
                              struct merkle_path *ret_path)
{
    if (new_size == 0)
        new_size = view->bound;
    if (new_size > view->bound)
        return AM_INVALID;
    struct tile_reader reader = {view->txn, view->bound, view->tiles};
    return merkle_consistency(tile_cache_read, &reader, old_size, new_size, ret_path);
}

// The checkpoint that a row stands for.
static enum am_err checkpoint_fill(struct store_view *view, uint64_t size, struct am_bytes signature,
                                   struct log_checkpoint *ret_checkpoint)
{
    if (signature.len != sizeof ret_checkpoint->signature || size > view->bound)
        return AM_CORRUPT;
    struct tile_reader reader = {view->txn, view->bound, view->tiles};
    TRY(merkle_root(tile_cache_read, &reader, size, ret_checkpoint->root));
    ret_checkpoint->size = size;
    memcpy(ret_checkpoint->signature, signature.data, signature.len);
    return AM_OK;
}

enum am_err store_checkpoint_after(struct store_view *view, uint64_t seq, struct log_checkpoint *ret_checkpoint)
{
    uint8_t key[8];
    struct table_walk walk;
    if (seq >= view->bound)
        return AM_NOT_FOUND;
    put_be64(key, seq + 1);
    enum am_err err = table_walk_from(view->txn, TABLE_CHECKPOINT, key, sizeof key, &walk);
    if (err == AM_NOT_FOUND) { // the newest isn't on disk yet
        *ret_checkpoint = view->checkpoint;
        return AM_OK;
    }
    TRY(err);
    err = walk.key.len != 8 ? AM_CORRUPT : checkpoint_fill(view, get_be64(walk.key.data), walk.value, ret_checkpoint);
    table_walk_end(&walk);
    return err;
}

enum am_err store_checkpoint_at(struct store_view *view, uint64_t size, struct log_checkpoint *ret_checkpoint)
{
    uint8_t key[8];
    struct am_bytes row;
    if (size == view->bound) {
        *ret_checkpoint = view->checkpoint;
        return AM_OK;
    }
    if (size > view->bound)
        return AM_NOT_FOUND;
    if (size == 0 || size != view->seen.size) { // what senders have seen is the same for many messages
        struct log_checkpoint found;
        put_be64(key, size);
        TRY(table_get(view->txn, TABLE_CHECKPOINT, key, sizeof key, &row));
        TRY(checkpoint_fill(view, size, row, &found));
        view->seen = found;
    }
    *ret_checkpoint = view->seen;
    return AM_OK;
}

static enum am_err entry_prove(struct store_view *view, uint64_t seq, const struct log_checkpoint *checkpoint,
                               uint8_t **ret_bytes, size_t *ret_len)
{
    struct store_entry entry;
    struct merkle_path path;
    TRY(store_entry(view, seq, &entry));
    TRY(store_inclusion(view, seq, checkpoint->size, &path));
    const struct proved proved = {seq, entry.leaf, entry.salt, entry.content, &path, checkpoint};
    return proved_pack(view->store->origin, &proved, ret_bytes, ret_len);
}

enum am_err store_receipt(struct store_view *view, uint64_t seq, uint8_t **ret_bytes, size_t *ret_len)
{
    struct log_checkpoint checkpoint;
    TRY(store_checkpoint_after(view, seq, &checkpoint));
    return entry_prove(view, seq, &checkpoint, ret_bytes, ret_len);
}

enum am_err store_proved_now(struct store_view *view, uint64_t seq, uint8_t **ret_bytes, size_t *ret_len)
{
    if (seq >= view->bound)
        return AM_NOT_FOUND;
    return entry_prove(view, seq, &view->checkpoint, ret_bytes, ret_len);
}

enum am_err store_leaf_hashes(struct store *store, uint64_t from, uint64_t to,
                              enum am_err (*give)(void *user, const uint8_t (*hashes)[32], size_t n), void *user)
{
    struct table_txn txn;
    enum am_err err = AM_OK;
    if (from > to || to > store->size)
        return AM_INVALID;
    TRY(table_begin(&store->tables, false, &txn));
    while (err == AM_OK && from < to) {
        const uint8_t(*hashes)[LOG_HASH_SIZE];
        size_t n;
        err = tree_leaf_run(txn, from, &hashes, &n);
        if (err != AM_OK)
            break;
        n = n > to - from ? (size_t)(to - from) : n;
        err = give(user, hashes, n);
        from += n;
    }
    mdb_txn_abort(txn.txn);
    return err;
}
