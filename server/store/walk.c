// SPDX-License-Identifier: Apache-2.0
// Reading in order: mailboxes, records, indexes, time.
#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "server/store/bytes.h"
#include "server/store/internal.h"

#define ARENA_ERASED (256u * 1024) // an entry that names as many as a message may

// --- Mailboxes
enum am_err store_mail_next(struct store_view *view, const char *device, uint8_t *urgency, uint64_t *seq,
                            uint8_t *ret_kind)
{
    uint8_t name[NAME_SIZE], key[KEY_MAILBOX];
    struct table_walk walk;
    TRY(name_find(view->txn, device, strlen(device), name));
    key_mailbox(name, *urgency, *seq, key);
    TRY(table_walk_from(view->txn, TABLE_MAILBOX, key, sizeof key, &walk));
    enum am_err err = AM_OK;
    for (; err == AM_OK; err = table_walk_next(&walk)) {
        if (walk.key.len != KEY_MAILBOX || walk.value.len != 1) {
            err = AM_CORRUPT;
            break;
        }
        if (memcmp(walk.key.data, name, NAME_SIZE) != 0) {
            err = AM_NOT_FOUND;
            break;
        }
        uint64_t at = get_be64(walk.key.data + NAME_SIZE + 1);
        if (at >= view->bound || memcmp(walk.key.data, key, sizeof key) == 0)
            continue; // not signed yet; or the row to go on from
        *urgency = walk.key.data[NAME_SIZE];
        *seq = at;
        *ret_kind = walk.value.data[0];
        break;
    }
    table_walk_end(&walk);
    return err;
}

enum am_err store_mail_find(struct store_view *view, const char *device, uint64_t seq, uint8_t *ret_urgency,
                            uint8_t *ret_kind)
{
    uint8_t name[NAME_SIZE], key[KEY_MAILBOX];
    if (seq >= view->bound)
        return AM_NOT_FOUND;
    TRY(name_find(view->txn, device, strlen(device), name));
    for (unsigned urgency = 0; urgency <= STORE_URGENCY_MAX; urgency++) {
        struct am_bytes row;
        key_mailbox(name, (uint8_t)urgency, seq, key);
        enum am_err err = table_get(view->txn, TABLE_MAILBOX, key, sizeof key, &row);
        if (err == AM_NOT_FOUND)
            continue;
        TRY(err);
        if (row.len != 1)
            return AM_CORRUPT;
        *ret_urgency = (uint8_t)urgency;
        *ret_kind = row.data[0];
        return AM_OK;
    }
    return AM_NOT_FOUND;
}

enum am_err store_mail_device_next(struct store_view *view, uint32_t *at, const char **ret_device)
{
    uint8_t key[KEY_MAILBOX] = {0};
    struct table_walk walk;
    put_be32(key, *at);
    TRY(table_walk_from(view->txn, TABLE_MAILBOX, key, sizeof key, &walk));
    enum am_err err = walk.key.len == KEY_MAILBOX ? AM_OK : AM_CORRUPT;
    if (err == AM_OK)
        memcpy(key, walk.key.data, NAME_SIZE);
    table_walk_end(&walk);
    TRY(err);
    TRY(name_text(view->txn, key, ret_device));
    *at = get_be32(key) + 1;
    return AM_OK;
}

// --- Orders
enum am_err store_orders(struct store_view *view, uint64_t seq, struct store_orders *ret_orders)
{
    struct store_orders orders = {.erasure = JOURNAL_NONE};
    struct table_walk walk;
    uint8_t key[KEY_ORDER];
    key_order(seq, 0, key);
    enum am_err err = table_walk_of_message(view->txn, TABLE_ORDER, key, sizeof key, &walk);
    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    bool walking = err == AM_OK;
    for (; err == AM_OK; err = table_walk_next(&walk)) {
        if (walk.key.len != KEY_ORDER || walk.value.len != 8) {
            err = AM_CORRUPT;
            break;
        }
        uint64_t by = get_be64(walk.key.data + 8), until = get_be64(walk.value.data);
        if (by >= view->bound)
            continue;
        orders.erasure = until == 0 ? by : orders.erasure;
        orders.held_until = until > orders.held_until ? until : orders.held_until;
    }
    if (walking)
        table_walk_end(&walk);
    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    *ret_orders = orders;
    return AM_OK;
}

// An ERASED entry is about the order that it came from too, whose own body it doesn't name.
enum am_err entry_erases(uint8_t kind, struct am_bytes content, uint64_t message, bool *ret_erases)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__EntryContent *entry;
    *ret_erases = false;
    if (kind != AMANA__V1__ENTRY_KIND__CODE__ERASED)
        return AM_OK;
    arena_init(&arena, ARENA_ERASED);
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, content, &arena, NULL,
                     (ProtobufCMessage **)&entry));
    bool erased = entry->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_ERASED;
    for (size_t i = 0; erased && i < entry->erased->n_bodies; i++)
        *ret_erases |= entry->erased->bodies[i]->seq == message;
    return AM_OK;
}

enum am_err store_erased_by(struct store_view *view, uint64_t seq, uint64_t *ret_entry)
{
    uint8_t key[8];
    struct store_entry entry;
    put_be64(key, seq);
    for (uint64_t at = seq + 1;; at++) {
        TRY(store_index_next(view, STORE_INDEX_MESSAGE, (struct am_bytes){key, sizeof key}, &at));
        TRY(store_entry(view, at, &entry));
        bool erases;
        TRY(entry_erases(entry.kind, entry.content, seq, &erases));
        if (!erases)
            continue;
        *ret_entry = at;
        return AM_OK;
    }
}

// --- Deadlines
enum am_err store_deadline_next(struct store_view *view, struct journal_deadline *deadline)
{
    uint8_t key[KEY_DEADLINE];
    struct table_walk walk;
    key_deadline(deadline->at, deadline->kind, deadline->subject, key);
    TRY(table_walk_from(view->txn, TABLE_DEADLINE, key, sizeof key, &walk));
    enum am_err err = AM_OK;
    for (; err == AM_OK; err = table_walk_next(&walk)) {
        if (walk.key.len != KEY_DEADLINE) {
            err = AM_CORRUPT;
            break;
        }
        uint64_t subject = get_be64(walk.key.data + 9);
        if (subject >= view->bound || memcmp(walk.key.data, key, sizeof key) == 0)
            continue; // not signed yet; or the row to go on from
        *deadline =
            (struct journal_deadline){.kind = walk.key.data[8], .subject = subject, .at = get_be64(walk.key.data)};
        break;
    }
    table_walk_end(&walk);
    return err;
}

enum am_err store_deadline_has(struct store_view *view, struct journal_deadline *deadline, bool *ret_has)
{
    uint8_t key[KEY_DEADLINE];
    struct am_bytes row;
    key_deadline(deadline->at, deadline->kind, deadline->subject, key);
    enum am_err err = table_get(view->txn, TABLE_DEADLINE, key, sizeof key, &row);
    *ret_has = err == AM_OK;
    if (err == AM_OK)
        err = row_deadline_parse(row, deadline);
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// --- Records
enum am_err store_record(struct store_view *view, uint8_t kind, const char *key, uint64_t number,
                         struct journal_record *ret_record)
{
    uint8_t bytes[TABLE_KEY];
    struct am_bytes row;
    size_t len;
    TRY(key_record(kind, key, number, bytes, &len));
    TRY(table_get(view->txn, TABLE_RECORD, bytes, len, &row));
    struct journal_record record = {.kind = kind, .key = key, .number = number};
    TRY(row_record_value(row, &record));
    *ret_record = record;
    return AM_OK;
}

enum am_err store_records(struct store_view *view, uint8_t kind,
                          enum am_err (*each)(void *user, const struct journal_record *record), void *user)
{
    struct table_walk walk;
    enum am_err err = table_walk_from(view->txn, TABLE_RECORD, &kind, 1, &walk);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    for (; err == AM_OK; err = table_walk_next(&walk)) {
        struct journal_record record;
        if (walk.key.data[0] != kind)
            break;
        err = row_record_parse(&walk, &record);
        if (err == AM_OK)
            err = each(user, &record);
        if (err != AM_OK) {
            table_walk_end(&walk);
            return err;
        }
    }
    table_walk_end(&walk);
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// --- Indexes
static enum am_err next_of_message(struct store_view *view, struct am_bytes key, uint64_t *seq)
{
    struct am_bytes row;
    if (key.len != 8)
        return AM_INVALID;
    uint64_t message = get_be64(key.data);
    if (*seq <= message && message < view->bound) {
        enum am_err err = table_get(view->txn, TABLE_MESSAGE, key.data, key.len, &row);
        if (err == AM_OK)
            *seq = message;
        if (err != AM_NOT_FOUND)
            return err;
    }
    return table_next_value(view->txn, TABLE_OF, key.data, key.len, seq);
}

static enum am_err next_of_case(struct store_view *view, struct am_bytes key, uint64_t *seq)
{
    uint8_t name[NAME_SIZE];
    TRY(name_find(view->txn, key.data, key.len, name));
    return table_next_value(view->txn, TABLE_CASE, name, sizeof name, seq);
}

// Era by era.
static enum am_err next_of_index(struct store_view *view, const uint8_t name[NAME_SIZE], uint64_t *seq)
{
    uint8_t key[KEY_INDEX];
    for (uint64_t at = *seq; at < view->bound; at = (at / ERA + 1) * ERA) {
        uint64_t next = at;
        key_index(at, name, key);
        enum am_err err = table_next_value(view->txn, TABLE_INDEX, key, sizeof key, &next);
        if (err == AM_OK)
            *seq = next;
        if (err != AM_NOT_FOUND)
            return err;
    }
    return AM_NOT_FOUND;
}

enum am_err store_index_next(struct store_view *view, enum store_index index, struct am_bytes key, uint64_t *seq)
{
    uint8_t name[NAME_SIZE];
    uint64_t next = *seq;
    switch (index) {
    case STORE_INDEX_CASE: TRY(next_of_case(view, key, &next)); break;
    case STORE_INDEX_PARTY:
        TRY(name_find(view->txn, key.data, key.len, name));
        TRY(next_of_index(view, name, &next));
        break;
    case STORE_INDEX_MESSAGE: TRY(next_of_message(view, key, &next)); break;
    case STORE_INDEX_KIND:
        if (key.len != 1)
            return AM_INVALID;
        name_of_kind(key.data[0], name);
        TRY(next_of_index(view, name, &next));
        break;
    default: return AM_INVALID;
    }
    if (next >= view->bound)
        return AM_NOT_FOUND;
    *seq = next;
    return AM_OK;
}

enum am_err store_seq_at(struct store_view *view, uint64_t time_ns, uint64_t *ret_seq)
{
    uint64_t low = 0, high = view->bound; // times never decrease
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct store_entry entry;
        struct log_leaf leaf;
        TRY(store_entry(view, middle, &entry));
        if (log_leaf_parse((struct am_bytes){entry.leaf, sizeof entry.leaf}, &leaf) != AM_OK)
            return AM_CORRUPT;
        if (leaf.time_ns < time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_seq = low;
    return AM_OK;
}
