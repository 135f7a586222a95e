// SPDX-License-Identifier: Apache-2.0
// Reading rows by their key.
#include "proto/model/address.h"
#include "proto/model/header.h"
#include "server/store/bytes.h"
#include "server/store/internal.h"

#include <bsd/string.h>

enum am_err store_entry(struct store_view *view, uint64_t seq, struct store_entry *ret_entry)
{
    uint8_t key[8];
    struct am_bytes bytes;
    struct row_entry row;
    if (seq >= view->bound)
        return AM_NOT_FOUND;
    put_be64(key, seq);
    enum am_err err = table_get(view->txn, TABLE_ENTRY, key, sizeof key, &bytes);
    if (err == AM_NOT_FOUND)
        return AM_CORRUPT; // below the bound there is no gap
    TRY(err);
    TRY(row_entry_parse(bytes, &row));
    ret_entry->seq = seq;
    memcpy(ret_entry->leaf, row.leaf, sizeof ret_entry->leaf);
    ret_entry->salt = row.salt;
    ret_entry->content = row.content;
    ret_entry->kind = row.kind;
    return AM_OK;
}

// --- Messages
static enum am_err message_row(struct store_view *view, uint64_t seq, struct row_message *ret_row)
{
    uint8_t key[8];
    struct am_bytes bytes;
    if (seq >= view->bound)
        return AM_NOT_FOUND;
    put_be64(key, seq);
    TRY(table_get(view->txn, TABLE_MESSAGE, key, sizeof key, &bytes));
    return row_message_parse(bytes, seq, ret_row);
}

enum am_err store_message(struct store_view *view, uint64_t seq, struct store_message *ret_message)
{
    struct row_message row;
    TRY(message_row(view, seq, &row));
    *ret_message = (struct store_message){row.header, row.signature, row.flags, row.body, row.form == FORM_ERASED};
    return AM_OK;
}

static enum am_err address_read(struct store_view *view, const uint8_t name[NAME_SIZE],
                                char ret_text[LIMIT_ADDRESS + 1])
{
    const char *text;
    TRY(name_text(view->txn, name, &text));
    return strlcpy(ret_text, text, LIMIT_ADDRESS + 1) > LIMIT_ADDRESS ? AM_CORRUPT : AM_OK;
}

enum am_err store_pointer_of(struct store_view *view, uint64_t seq, struct store_pointer *ret_pointer)
{
    struct row_message row;
    TRY(message_row(view, seq, &row));
    struct store_pointer *pointer = ret_pointer;
    pointer->seq = seq;
    pointer->root = row.root;
    pointer->kind = row.kind;
    pointer->urgency = row.urgency;
    memcpy(pointer->digest, row.digest, sizeof pointer->digest);
    pointer->n_recipients = row.n_recipients;
    TRY(address_read(view, row.originator, pointer->originator));
    for (size_t i = 0; i < row.n_recipients; i++) {
        TRY(address_read(view, row.recipients[i].name, pointer->recipients[i].unit));
        pointer->recipients[i].part = row.recipients[i].part;
    }
    return AM_OK;
}

bool store_pointer_to(const struct store_pointer *pointer, const char *unit)
{
    for (size_t i = 0; i < pointer->n_recipients; i++)
        if (strcmp(pointer->recipients[i].unit, unit) == 0)
            return true;
    return false;
}

bool store_pointer_party(const struct store_pointer *pointer, const char *unit)
{
    return strcmp(pointer->originator, unit) == 0 || store_pointer_to(pointer, unit);
}

// A row whose value is the seq of a message that may be shown.
static enum am_err seq_row(struct store_view *view, struct am_bytes row, uint64_t *ret_seq)
{
    if (row.len != 8)
        return AM_CORRUPT;
    uint64_t seq = get_be64(row.data);
    if (seq >= view->bound)
        return AM_NOT_FOUND;
    *ret_seq = seq;
    return AM_OK;
}

static enum am_err id_row(struct store_view *view, enum table table, const char *device, const uint8_t id[16],
                          uint64_t *ret_seq, uint8_t ret_digest[32])
{
    uint8_t name[NAME_SIZE], key[KEY_ID];
    struct am_bytes row;
    struct row_message message;
    uint64_t seq;
    TRY(name_find(view->txn, device, strlen(device), name));
    key_id(id, name, key);
    TRY(table_get(view->txn, table, key, sizeof key, &row));
    TRY(seq_row(view, row, &seq));
    TRY(message_row(view, seq, &message));
    *ret_seq = seq;
    memcpy(ret_digest, message.digest, LOG_HASH_SIZE);
    return AM_OK;
}

enum am_err store_find_id(struct store_view *view, const char *device, const uint8_t id[16], uint64_t *ret_seq,
                          uint8_t ret_digest[32])
{
    return id_row(view, TABLE_ID, device, id, ret_seq, ret_digest);
}

enum am_err store_find_point(struct store_view *view, const uint8_t x[JOURNAL_POINT], uint64_t *ret_seq)
{
    struct am_bytes row;
    TRY(table_get(view->txn, TABLE_POINT, x, JOURNAL_POINT, &row));
    return seq_row(view, row, ret_seq);
}

static enum am_err uuid_row(struct store_view *view, enum table table, const uint8_t id[16], unsigned n,
                            uint64_t *ret_seq)
{
    struct table_walk walk;
    TRY(table_walk_from(view->txn, table, id, 16, &walk));
    enum am_err err = AM_OK;
    for (; err == AM_OK; err = table_walk_next(&walk)) {
        uint64_t seq;
        if (walk.key.len != KEY_ID || memcmp(walk.key.data, id, 16) != 0) {
            err = AM_NOT_FOUND;
            break;
        }
        enum am_err shown = seq_row(view, walk.value, &seq);
        if (shown == AM_OK && n-- == 0) {
            *ret_seq = seq;
            break;
        }
        if (shown != AM_OK && shown != AM_NOT_FOUND) {
            err = shown;
            break;
        }
    }
    table_walk_end(&walk);
    return err;
}

enum am_err store_find_uuid(struct store_view *view, const uint8_t id[16], unsigned n, uint64_t *ret_seq)
{
    return uuid_row(view, TABLE_ID, id, n, ret_seq);
}

// An id is one message's of each device; as a rule there is one such message, and mostly it is the one.
enum am_err store_find_pointer(struct store_view *view, const Amana__V1__Pointer *pointer,
                               struct store_pointer *ret_pointer)
{
    struct row_message row;
    uint8_t id[16];
    uint64_t seq;
    if (pointer == NULL || pointer->header_digest.len != LOG_HASH_SIZE ||
        message_id_check(pointer->id, id, NULL) != AM_OK)
        return AM_NOT_FOUND;
    for (unsigned n = 0;; n++) {
        TRY(store_find_uuid(view, id, n, &seq));
        TRY(message_row(view, seq, &row));
        if (header_points_at(pointer, row.digest))
            return store_pointer_of(view, seq, ret_pointer);
    }
}

// --- Lives, chains, deliveries
static enum am_err named_row(struct store_view *view, enum table table, uint64_t seq, const char *text,
                             const char **ret_text, struct am_bytes *ret_row)
{
    uint8_t name[NAME_SIZE], key[KEY_OF_NAME];
    TRY(name_find(view->txn, text, strlen(text), name));
    key_of_name(seq, name, key);
    TRY(table_get(view->txn, table, key, sizeof key, ret_row));
    return name_text(view->txn, name, ret_text);
}

enum am_err store_life(struct store_view *view, uint64_t root, const char *recipient, struct journal_life *ret_life)
{
    struct am_bytes row;
    struct journal_life life = {.root = root};
    TRY(named_row(view, TABLE_LIFE, root, recipient, &life.recipient, &row));
    TRY(row_life_parse(row, &life));
    *ret_life = life;
    return AM_OK;
}

static enum am_err nth_under(struct store_view *view, enum table table, uint64_t seq, unsigned n, const char **ret_text,
                             struct am_bytes *ret_row)
{
    uint8_t key[8];
    struct table_walk walk;
    put_be64(key, seq);
    TRY(table_walk_from(view->txn, table, key, sizeof key, &walk));
    enum am_err err = AM_OK;
    for (; err == AM_OK; err = table_walk_next(&walk)) {
        if (walk.key.len != KEY_OF_NAME || memcmp(walk.key.data, key, sizeof key) != 0)
            err = AM_NOT_FOUND;
        if (err != AM_OK || n-- == 0)
            break;
    }
    if (err == AM_OK) {
        *ret_row = walk.value;
        err = name_text(view->txn, walk.key.data + sizeof key, ret_text);
    }
    table_walk_end(&walk);
    return err;
}

enum am_err store_life_of(struct store_view *view, uint64_t root, unsigned n, struct journal_life *ret_life)
{
    struct am_bytes row;
    struct journal_life life = {.root = root};
    TRY(nth_under(view, TABLE_LIFE, root, n, &life.recipient, &row));
    TRY(row_life_parse(row, &life));
    *ret_life = life;
    return AM_OK;
}

enum am_err store_chain(struct store_view *view, uint64_t root, struct journal_chain *ret_chain)
{
    uint8_t key[8];
    struct am_bytes row;
    struct journal_chain chain = {.root = root};
    put_be64(key, root);
    TRY(table_get(view->txn, TABLE_CHAIN, key, sizeof key, &row));
    TRY(row_chain_parse(row, &chain));
    *ret_chain = chain;
    return AM_OK;
}

enum am_err store_shield(struct store_view *view, const char *case_ref,
                         struct journal_shield_state states[JOURNAL_SHIELD_STATES], struct journal_shield *ret_shield)
{
    struct journal_shield shield = {.case_ref = case_ref};
    uint8_t name[NAME_SIZE];
    struct am_bytes row;
    enum am_err err = name_find(view->txn, case_ref, strlen(case_ref), name);
    if (err == AM_OK)
        err = table_get(view->txn, TABLE_SHIELD, name, sizeof name, &row);
    if (err == AM_OK)
        err = row_shield_parse(row, states, &shield);
    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    *ret_shield = shield;
    return AM_OK;
}

enum am_err store_any_shield(struct store_view *view, bool *ret_any)
{
    struct table_walk walk;
    enum am_err err = table_walk_from(view->txn, TABLE_SHIELD, "", 0, &walk);
    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    *ret_any = err == AM_OK;
    if (*ret_any)
        table_walk_end(&walk);
    return AM_OK;
}

enum am_err store_delivery(struct store_view *view, uint64_t seq, const char *recipient,
                           struct journal_delivery *ret_delivery)
{
    struct am_bytes row;
    struct journal_delivery delivery = {.seq = seq};
    TRY(named_row(view, TABLE_DELIVERY, seq, recipient, &delivery.recipient, &row));
    TRY(row_delivery_parse(row, &delivery));
    *ret_delivery = delivery;
    return AM_OK;
}

// --- Messages that wait for a second person
enum am_err store_release(struct store_view *view, uint64_t seq, struct journal_release *ret_release)
{
    uint8_t key[8];
    struct am_bytes row;
    struct journal_release release = {.seq = seq};
    if (seq >= view->bound)
        return AM_NOT_FOUND;
    put_be64(key, seq);
    TRY(table_get(view->txn, TABLE_RELEASE, key, sizeof key, &row));
    TRY(row_release_parse(row, &release));
    *ret_release = release;
    return AM_OK;
}

enum am_err store_find_parked_id(struct store_view *view, const char *device, const uint8_t id[16], uint64_t *ret_seq,
                                 uint8_t ret_digest[32])
{
    return id_row(view, TABLE_PARK_ID, device, id, ret_seq, ret_digest);
}

enum am_err store_find_parked(struct store_view *view, const uint8_t id[16], unsigned n, uint64_t *ret_seq,
                              uint8_t ret_digest[32])
{
    struct row_message message;
    uint64_t seq;
    TRY(uuid_row(view, TABLE_PARK_ID, id, n, &seq));
    TRY(message_row(view, seq, &message));
    *ret_seq = seq;
    memcpy(ret_digest, message.digest, LOG_HASH_SIZE);
    return AM_OK;
}

enum am_err store_waiting_next(struct store_view *view, const char *unit, uint64_t *seq)
{
    uint8_t name[NAME_SIZE], key[KEY_WAITING];
    struct table_walk walk;
    TRY(name_find(view->txn, unit, strlen(unit), name));
    key_waiting(name, *seq, key);
    TRY(table_walk_from(view->txn, TABLE_WAITING, key, sizeof key, &walk));
    bool there = walk.key.len == sizeof key && memcmp(walk.key.data, name, sizeof name) == 0;
    uint64_t found = there ? get_be64(walk.key.data + NAME_SIZE) : UINT64_MAX;
    table_walk_end(&walk);
    if (found >= view->bound)
        return AM_NOT_FOUND;
    *seq = found;
    return AM_OK;
}

// --- Who had to do with whom
static enum am_err yes_or_no(enum am_err err, bool *ret_yes)
{
    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    *ret_yes = err == AM_OK;
    return AM_OK;
}

enum am_err store_case_exists(struct store_view *view, const char *case_ref, bool *ret_exists)
{
    uint8_t name[NAME_SIZE];
    struct table_walk walk;
    enum am_err err = name_find(view->txn, case_ref, strlen(case_ref), name);
    if (err == AM_OK)
        err = table_walk_from(view->txn, TABLE_CASE_PARTY, name, sizeof name, &walk);
    if (err == AM_OK) {
        if (walk.key.len != sizeof name || memcmp(walk.key.data, name, sizeof name) != 0)
            err = AM_NOT_FOUND; // the row of another case
        table_walk_end(&walk);
    }
    return yes_or_no(err, ret_exists);
}

enum am_err store_case_party(struct store_view *view, const char *case_ref, const char *unit, bool *ret_is)
{
    uint8_t name[NAME_SIZE], party[NAME_SIZE];
    enum am_err err = name_find(view->txn, case_ref, strlen(case_ref), name);
    if (err == AM_OK)
        err = name_find(view->txn, unit, strlen(unit), party);
    if (err == AM_OK)
        err = table_has(view->txn, TABLE_CASE_PARTY, name, sizeof name, party, sizeof party);
    return yes_or_no(err, ret_is);
}
