// SPDX-License-Identifier: Apache-2.0
// Rows whose meaning the store doesn't know, handed to whoever does.
#include "proto/model/address.h"
#include "proto/model/header.h"
#include "server/store/bytes.h"
#include "server/store/fsck.h"

static bool message_read(const struct fsck *fsck, uint64_t seq, struct row_message *ret_message)
{
    struct am_bytes row;
    uint8_t key[8];
    put_be64(key, seq);
    return table_get(fsck->txn, TABLE_MESSAGE, key, sizeof key, &row) == AM_OK &&
           row_message_parse(row, seq, ret_message) == AM_OK;
}

bool store_judged_message(const struct store_judged *entry, const Amana__V1__Pointer *pointer,
                          struct store_judged_message *ret_message)
{
    const struct fsck *fsck = entry->fsck;
    struct row_message message, root;
    struct table_walk walk;
    uint8_t id[16];
    uint64_t seq = 0;
    bool found = false;
    if (pointer == NULL || pointer->header_digest.len != LOG_HASH_SIZE ||
        message_id_check(pointer->id, id, NULL) != AM_OK)
        return false;
    enum am_err err = table_walk_from(fsck->txn, TABLE_ID, id, sizeof id, &walk);
    if (err != AM_OK)
        return false;
    for (; err == AM_OK && !found && walk.key.len == KEY_ID && memcmp(walk.key.data, id, sizeof id) == 0;
         err = table_walk_next(&walk)) {
        seq = walk.value.len == 8 ? get_be64(walk.value.data) : JOURNAL_NONE;
        found = message_read(fsck, seq, &message) && header_points_at(pointer, message.digest);
    }
    table_walk_end(&walk);
    if (!found || !message_read(fsck, message.root, &root))
        return false;
    *ret_message = (struct store_judged_message){seq, message.root, message.kind, root.kind};
    return true;
}

bool store_judged_about(const struct store_judged *entry, uint64_t message)
{
    const struct fsck *fsck = entry->fsck;
    uint8_t key[8], value[8];
    put_be64(key, message);
    put_be64(value, entry->seq);
    return table_has(fsck->txn, TABLE_OF, key, sizeof key, value, sizeof value) == AM_OK;
}

bool store_judged_told(const struct store_judged *entry, const char *unit)
{
    const struct fsck *fsck = entry->fsck;
    uint8_t name[NAME_SIZE], key[KEY_INDEX], value[8];
    if (name_find(fsck->txn, unit, strlen(unit), name) != AM_OK)
        return false;
    key_index(entry->seq, name, key);
    put_be64(value, entry->seq);
    return table_has(fsck->txn, TABLE_INDEX, key, sizeof key, value, sizeof value) == AM_OK;
}

// A row that can't be read is a fault; what else fails ends the check.
static enum am_err unread(struct fsck *fsck, enum am_err err, uint64_t seq, const char *what)
{
    if (err != AM_CORRUPT && err != AM_NOT_FOUND)
        return err;
    fsck_fault(fsck, seq, "%s", what);
    return AM_OK;
}

static enum am_err life_give(struct fsck *fsck, const struct table_walk *walk)
{
    struct journal_life life = {.root = get_be64(walk->key.data)};
    enum am_err err = name_text(fsck->txn, walk->key.data + 8, &life.recipient);
    if (err == AM_OK)
        err = row_life_parse(walk->value, &life);
    return err == AM_OK ? fsck->judge->life(fsck->judge->user, &life)
                        : unread(fsck, err, life.root, "the row of a life is damaged");
}

static enum am_err chain_give(struct fsck *fsck, const struct table_walk *walk)
{
    struct journal_chain chain = {.root = get_be64(walk->key.data)};
    enum am_err err = row_chain_parse(walk->value, &chain);
    return err == AM_OK ? fsck->judge->chain(fsck->judge->user, &chain)
                        : unread(fsck, err, chain.root, "the row of a chain is damaged");
}

static enum am_err delivery_give(struct fsck *fsck, const struct table_walk *walk)
{
    struct journal_delivery delivery = {.seq = get_be64(walk->key.data)};
    enum am_err err = name_text(fsck->txn, walk->key.data + 8, &delivery.recipient);
    if (err == AM_OK)
        err = row_delivery_parse(walk->value, &delivery);
    return err == AM_OK ? fsck->judge->delivery(fsck->judge->user, &delivery)
                        : unread(fsck, err, delivery.seq, "the row of a delivery is damaged");
}

static enum am_err deadline_give(struct fsck *fsck, const struct table_walk *walk)
{
    struct journal_deadline deadline = {
        .at = get_be64(walk->key.data), .kind = walk->key.data[8], .subject = get_be64(walk->key.data + 9)};
    enum am_err err = row_deadline_parse(walk->value, &deadline);
    return err == AM_OK ? fsck->judge->deadline(fsck->judge->user, &deadline)
                        : unread(fsck, err, deadline.subject, "the row of a deadline is damaged");
}

static enum am_err record_give(struct fsck *fsck, const struct table_walk *walk)
{
    struct journal_record record;
    enum am_err err = row_record_parse(walk, &record);
    return err == AM_OK ? fsck->judge->record(fsck->judge->user, &record)
                        : unread(fsck, err, JOURNAL_NONE, "the row of a record is damaged");
}

static enum am_err release_give(struct fsck *fsck, const struct table_walk *walk)
{
    struct journal_release release = {.seq = get_be64(walk->key.data)};
    uint8_t name[NAME_SIZE], key[KEY_WAITING];
    struct am_bytes row;
    enum am_err err = row_release_parse(walk->value, &release);
    if (err == AM_OK)
        err = name_find(fsck->txn, release.releasing, strlen(release.releasing), name);
    if (err == AM_OK && release.waits) {
        fsck->waiting++;
        key_waiting(name, release.seq, key);
        err = table_get(fsck->txn, TABLE_WAITING, key, sizeof key, &row);
    }
    if (err == AM_OK && fsck->judge != NULL)
        return fsck->judge->release(fsck->judge->user, &release);
    return err == AM_OK
               ? err
               : unread(fsck, err, release.seq, "how it stands with its second person is damaged or not listed");
}

static enum am_err order_give(struct fsck *fsck, const struct table_walk *walk)
{
    if (walk->value.len != 8) {
        fsck_fault(fsck, get_be64(walk->key.data), "the row of an order is damaged");
        return AM_OK;
    }
    struct journal_order order = {get_be64(walk->key.data), get_be64(walk->key.data + 8), get_be64(walk->value.data)};
    return fsck->judge->order(fsck->judge->user, &order);
}

// Its root is that of the tree, which was judged by then.
static enum am_err checkpoint_give(struct fsck *fsck, const struct table_walk *walk)
{
    struct log_checkpoint checkpoint = {.size = get_be64(walk->key.data)};
    if (walk->value.len != sizeof checkpoint.signature || checkpoint.size == 0 || checkpoint.size > fsck->size)
        return AM_OK; // told already
    memcpy(checkpoint.signature, walk->value.data, sizeof checkpoint.signature);
    enum am_err err = merkle_root(tree_read, &fsck->txn, checkpoint.size, checkpoint.root);
    return err == AM_OK ? fsck->judge->checkpoint(fsck->judge->user, &checkpoint)
                        : unread(fsck, err, JOURNAL_NONE, "the tree has no root for a checkpoint");
}

static enum am_err table_give(struct fsck *fsck, enum table table, size_t key_size,
                              enum am_err (*give)(struct fsck *fsck, const struct table_walk *walk))
{
    struct table_walk walk;
    enum am_err err = table_walk_from(fsck->txn, table, NULL, 0, &walk);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    for (; err == AM_OK; err = table_walk_next(&walk)) {
        if (key_size != 0 && walk.key.len != key_size)
            continue; // told already
        err = give(fsck, &walk);
        if (err != AM_OK)
            break;
    }
    table_walk_end(&walk);
    return err == AM_NOT_FOUND ? AM_OK : err;
}

enum am_err fsck_judge_rows(struct fsck *fsck)
{
    TRY(table_give(fsck, TABLE_RELEASE, 8, release_give));
    if (fsck->judge == NULL)
        return AM_OK;
    TRY(table_give(fsck, TABLE_LIFE, KEY_OF_NAME, life_give));
    TRY(table_give(fsck, TABLE_CHAIN, 8, chain_give));
    TRY(table_give(fsck, TABLE_DELIVERY, KEY_OF_NAME, delivery_give));
    TRY(table_give(fsck, TABLE_DEADLINE, KEY_DEADLINE, deadline_give));
    TRY(table_give(fsck, TABLE_RECORD, 0, record_give));
    TRY(table_give(fsck, TABLE_ORDER, KEY_ORDER, order_give));
    return table_give(fsck, TABLE_CHECKPOINT, 8, checkpoint_give);
}
