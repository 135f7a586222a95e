// SPDX-License-Identifier: Apache-2.0
// The rows of one append.
#include "server/store/append.h"

#include "proto/failpoint.h"
#include "proto/model/address.h"
#include "server/store/bytes.h"

#include <stdlib.h>

struct putting {
    struct append_state *state;
    struct table_txn txn;
    const struct journal_append *append;
    uint64_t first; // seq of entries[0]
};

static uint64_t seq_of(const struct putting *put, uint64_t seq)
{
    return seq == JOURNAL_SELF ? put->first : seq;
}

// Of mail, which may be about any of the append's entries.
static uint64_t mail_seq(const struct putting *put, uint64_t seq)
{
    uint64_t nth = JOURNAL_NTH(0) - seq;
    return seq != JOURNAL_SELF && nth < put->append->n_entries ? put->first + nth : seq_of(put, seq);
}

static enum am_err name_put(struct putting *put, const char *text, uint8_t ret_name[NAME_SIZE])
{
    return name_make(put->txn, text, &put->state->next_name, ret_name);
}

// --- Entries
static enum am_err era_add(struct putting *put, const uint8_t name[NAME_SIZE], uint64_t seq)
{
    uint8_t key[KEY_INDEX], value[8];
    key_index(seq, name, key);
    put_be64(value, seq);
    return table_add(put->txn, TABLE_INDEX, key, sizeof key, value, sizeof value);
}

static enum am_err case_add(struct putting *put, const char *text, uint64_t seq)
{
    uint8_t name[NAME_SIZE], value[8];
    TRY(name_put(put, text, name));
    put_be64(value, seq);
    return table_add(put->txn, TABLE_CASE, name, sizeof name, value, sizeof value);
}

static enum am_err of_add(struct putting *put, uint64_t message, uint64_t seq)
{
    uint8_t key[8], value[8];
    message = seq_of(put, message);
    if (message == JOURNAL_NONE || message == seq) // the message's own entry needs no row: store_index_next knows it
        return AM_OK;
    put_be64(key, message);
    put_be64(value, seq);
    return table_add(put->txn, TABLE_OF, key, sizeof key, value, sizeof value);
}

static enum am_err entry_index(struct putting *put, const struct journal_entry *entry, uint64_t seq)
{
    uint8_t name[NAME_SIZE];
    name_of_kind(entry->kind, name);
    TRY(era_add(put, name, seq));
    if (entry->case_ref != NULL && entry->case_ref[0] != '\0')
        TRY(case_add(put, entry->case_ref, seq));
    for (size_t i = 0; i < entry->n_also_cases; i++)
        TRY(case_add(put, entry->also_cases[i], seq));
    for (size_t i = 0; i < entry->n_parties; i++) {
        TRY(name_put(put, entry->parties[i], name));
        TRY(era_add(put, name, seq));
    }
    TRY(of_add(put, entry->of, seq));
    for (size_t i = 0; i < entry->n_also_of; i++)
        TRY(of_add(put, entry->also_of[i], seq));
    return AM_OK;
}

static enum am_err entry_put(struct putting *put, const struct journal_entry *entry, const uint8_t *salt,
                             uint8_t ret_leaf[LOG_LEAF_SIZE], uint8_t ret_hash[LOG_HASH_SIZE])
{
    uint64_t seq = put->state->tree->range.size;
    struct log_leaf leaf = {LOG_LEAF_VERSION, entry->class, put->state->last_time, entry->erase_after, {0}};
    uint8_t key[8], *row;
    TRY(log_commit(salt, entry->content, leaf.commitment));
    log_leaf_pack(&leaf, ret_leaf);
    TRY(log_leaf_hash(ret_leaf, ret_hash));
    put_be64(key, seq);
    TRY(table_reserve(put->txn, TABLE_ENTRY, MDB_APPEND, key, sizeof key, ROW_ENTRY_HEAD + entry->content.len, &row));
    row = row_put_bytes(row, (struct am_bytes){ret_leaf, LOG_LEAF_SIZE});
    row = row_put(row, FORM_CLEAR, 1);
    row = row_put(row, entry->kind, 1);
    row = row_put_bytes(row, (struct am_bytes){salt, LOG_SALT_SIZE});
    row_put_bytes(row, entry->content);
    TRY(tree_append(put->state->tree, put->txn, put->state->recent, ret_hash));
    return entry_index(put, entry, seq);
}

// --- The message
static enum am_err case_parties(struct putting *put, const struct row_message *row)
{
    const struct journal_message *message = put->append->message;
    uint8_t name[NAME_SIZE];
    if (message->case_ref == NULL || message->case_ref[0] == '\0')
        return AM_OK;
    TRY(name_put(put, message->case_ref, name));
    TRY(name_pair_add(put->txn, TABLE_CASE_PARTY, name, row->originator));
    for (size_t i = 0; i < row->n_recipients; i++)
        TRY(name_pair_add(put->txn, TABLE_CASE_PARTY, name, row->recipients[i].name));
    return AM_OK;
}

static enum am_err message_keys(struct putting *put)
{
    const struct journal_message *message = put->append->message;
    uint8_t device[NAME_SIZE], id[16], key[KEY_ID], seq[8];
    put_be64(seq, put->first);
    TRY(message_id_check(message->id, id, NULL));
    TRY(name_put(put, message->device, device));
    key_id(id, device, key);
    return table_put(put->txn, message->parked ? TABLE_PARK_ID : TABLE_ID, MDB_NOOVERWRITE, key, sizeof key, seq,
                     sizeof seq);
}

// What releases a message has its row already.
static enum am_err point_put(struct putting *put)
{
    const struct journal_append *append = put->append;
    uint8_t seq[8];
    if (append->message->point == NULL || (append->release != NULL && append->release->seq != JOURNAL_SELF))
        return AM_OK;
    put_be64(seq, put->first);
    return table_put(put->txn, TABLE_POINT, MDB_NOOVERWRITE, append->message->point, JOURNAL_POINT, seq, sizeof seq);
}

static enum am_err message_put(struct putting *put)
{
    const struct journal_message *message = put->append->message;
    struct row_message row = {.form = FORM_CLEAR,
                              .digest = message->header_digest,
                              .kind = message->kind,
                              .urgency = message->urgency,
                              .root = seq_of(put, message->root),
                              .n_recipients = message->n_recipients,
                              .header = message->header,
                              .signature = message->signature,
                              .flags = message->flags,
                              .body = message->body};
    uint8_t key[8], *at;
    TRY(name_put(put, message->originator, row.originator));
    for (size_t i = 0; i < message->n_recipients; i++) {
        TRY(name_put(put, message->recipients[i].unit, row.recipients[i].name));
        row.recipients[i].part = message->recipients[i].part;
    }
    if (!message->parked)
        TRY(case_parties(put, &row));
    TRY(message_keys(put));
    TRY(point_put(put));
    put_be64(key, put->first);
    TRY(table_reserve(put->txn, TABLE_MESSAGE, MDB_APPEND, key, sizeof key, row_message_size(&row, put->first), &at));
    row_message_pack(&row, put->first, at);
    return AM_OK;
}

// --- Rows
static enum am_err mail_put(struct putting *put)
{
    const struct journal_append *append = put->append;
    uint8_t device[NAME_SIZE], key[KEY_MAILBOX];
    for (size_t i = 0; i < append->n_mail; i++) {
        const struct journal_mail *mail = &append->mail[i];
        TRY(name_put(put, mail->device, device));
        key_mailbox(device, mail->urgency, mail_seq(put, mail->seq), key);
        TRY(table_put(put->txn, TABLE_MAILBOX, 0, key, sizeof key, &mail->kind, 1));
    }
    for (size_t i = 0; i < append->n_taken; i++) {
        const struct journal_mail *mail = &append->taken[i];
        TRY(name_find(put->txn, mail->device, strlen(mail->device), device));
        key_mailbox(device, mail->urgency, mail->seq, key);
        TRY(table_delete(put->txn, TABLE_MAILBOX, key, sizeof key));
    }
    return AM_OK;
}

static enum am_err lives_put(struct putting *put)
{
    uint8_t name[NAME_SIZE], key[KEY_OF_NAME], row[ROW_LIFE_MAX];
    for (size_t i = 0; i < put->append->n_lives; i++) {
        struct journal_life life = put->append->lives[i];
        life.version++;
        life.clock_seq = seq_of(put, life.clock_seq);
        TRY(name_put(put, life.recipient, name));
        key_of_name(seq_of(put, life.root), name, key);
        TRY(table_put(put->txn, TABLE_LIFE, 0, key, sizeof key, row, row_life_pack(&life, row)));
    }
    return AM_OK;
}

static enum am_err deliveries_put(struct putting *put)
{
    uint8_t name[NAME_SIZE], key[KEY_OF_NAME], row[ROW_DELIVERY_MAX];
    for (size_t i = 0; i < put->append->n_deliveries; i++) {
        struct journal_delivery delivery = put->append->deliveries[i];
        delivery.version++;
        TRY(name_put(put, delivery.recipient, name));
        key_of_name(seq_of(put, delivery.seq), name, key);
        TRY(table_put(put->txn, TABLE_DELIVERY, 0, key, sizeof key, row, row_delivery_pack(&delivery, row)));
    }
    return AM_OK;
}

static enum am_err chain_put(struct putting *put)
{
    uint8_t key[8], row[ROW_CHAIN_SIZE];
    if (put->append->chain == NULL)
        return AM_OK;
    struct journal_chain chain = *put->append->chain;
    chain.version++;
    chain.newest = seq_of(put, chain.newest);
    chain.clock = seq_of(put, chain.clock);
    put_be64(key, seq_of(put, chain.root));
    row_chain_pack(&chain, row);
    return table_put(put->txn, TABLE_CHAIN, 0, key, sizeof key, row, sizeof row);
}

// A parked message that waits no more (FORM_CLEAR), or one that is erased: what it was stays for the log, flags and
// body go.
static enum am_err body_strip(struct putting *put, uint64_t seq, uint8_t form)
{
    struct am_bytes kept;
    struct row_message row;
    uint8_t key[8], *at;
    put_be64(key, seq);
    TRY(table_get(put->txn, TABLE_MESSAGE, key, sizeof key, &kept));
    uint8_t *copy = malloc(kept.len); // LMDB's bytes move with the next write
    if (copy == NULL)
        return AM_NOMEM;
    memcpy(copy, kept.data, kept.len);
    enum am_err err = row_message_parse((struct am_bytes){copy, kept.len}, seq, &row);
    row.form = form;
    row.flags = row.body = (struct am_bytes){NULL, 0};
    if (err == AM_OK)
        err = table_reserve(put->txn, TABLE_MESSAGE, 0, key, sizeof key, row_message_size(&row, seq), &at);
    if (err == AM_OK)
        row_message_pack(&row, seq, at);
    free(copy);
    return err;
}

static enum am_err waiting_put(struct putting *put, const struct journal_release *release)
{
    uint8_t name[NAME_SIZE], key[KEY_WAITING];
    TRY(name_put(put, release->releasing, name));
    key_waiting(name, release->seq, key);
    if (release->waits)
        return table_put(put->txn, TABLE_WAITING, 0, key, sizeof key, &release->urgency, 1);
    enum am_err err = table_delete(put->txn, TABLE_WAITING, key, sizeof key);
    return err == AM_NOT_FOUND ? AM_OK : err; // it waits no more already: one that lapsed and is released late
}

static enum am_err release_put(struct putting *put)
{
    uint8_t key[8], row[ROW_RELEASE_MAX];
    if (put->append->release == NULL)
        return AM_OK;
    struct journal_release release = *put->append->release;
    bool strip = release.seq != JOURNAL_SELF && !release.waits && !release.deferred;
    release.version++;
    release.seq = seq_of(put, release.seq);
    release.ended_by = seq_of(put, release.ended_by);
    put_be64(key, release.seq);
    TRY(table_put(put->txn, TABLE_RELEASE, 0, key, sizeof key, row, row_release_pack(&release, row)));
    if (strip)
        TRY(body_strip(put, release.seq, FORM_CLEAR));
    return waiting_put(put, &release);
}

static enum am_err orders_put(struct putting *put)
{
    uint8_t key[KEY_ORDER], row[8];
    for (size_t i = 0; i < put->append->n_orders; i++) {
        const struct journal_order *order = &put->append->orders[i];
        key_order(order->message, seq_of(put, order->by), key);
        put_be64(row, order->until);
        TRY(table_put(put->txn, TABLE_ORDER, 0, key, sizeof key, row, sizeof row));
    }
    return AM_OK;
}

static enum am_err shield_put(struct putting *put)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    uint8_t name[NAME_SIZE], row[ROW_SHIELD_MAX];
    if (put->append->shield == NULL)
        return AM_OK;
    struct journal_shield shield = *put->append->shield;
    TRY(name_put(put, shield.case_ref, name));
    if (shield.over)
        return table_delete(put->txn, TABLE_SHIELD, name, sizeof name);
    for (size_t i = 0; i < shield.n; i++) {
        states[i] = shield.states[i];
        states[i].seq = seq_of(put, states[i].seq);
    }
    shield.states = states;
    shield.version++;
    return table_put(put->txn, TABLE_SHIELD, 0, name, sizeof name, row, row_shield_pack(&shield, row));
}

static enum am_err records_put(struct putting *put)
{
    uint8_t key[TABLE_KEY];
    size_t len;
    for (size_t i = 0; i < put->append->n_records; i++) {
        const struct journal_record *record = &put->append->records[i];
        TRY(key_record(record->kind, record->key, record->number, key, &len));
        uint8_t *row;
        TRY(table_reserve(put->txn, TABLE_RECORD, 0, key, len, ROW_RECORD_SEQ + record->value.len, &row));
        put_be64(row, put->first);
        if (record->value.len > 0)
            memcpy(row + ROW_RECORD_SEQ, record->value.data, record->value.len);
    }
    return AM_OK;
}

static enum am_err deadlines_put(struct putting *put)
{
    uint8_t key[KEY_DEADLINE], row[ROW_DEADLINE_MAX];
    for (size_t i = 0; i < put->append->n_deadlines; i++) {
        const struct journal_deadline *deadline = &put->append->deadlines[i];
        uint64_t subject = seq_of(put, deadline->subject);
        if (deadline->was != 0) {
            key_deadline(deadline->was, deadline->kind, subject, key);
            enum am_err err = table_delete(put->txn, TABLE_DEADLINE, key, sizeof key);
            if (err != AM_NOT_FOUND) // named twice
                TRY(err);
        }
        if (deadline->at != 0) {
            key_deadline(deadline->at, deadline->kind, subject, key);
            TRY(table_put(put->txn, TABLE_DEADLINE, 0, key, sizeof key, row, row_deadline_pack(deadline, row)));
        }
    }
    return AM_OK;
}

enum am_err append_put(struct append_state *state, const struct journal_append *append,
                       const uint8_t (*salts)[LOG_SALT_SIZE], uint8_t ret_first_leaf[LOG_LEAF_SIZE],
                       uint8_t (*ret_leaf_hashes)[LOG_HASH_SIZE])
{
    struct putting put = {state, state->txn, append, state->tree->range.size};
    uint8_t leaf[LOG_LEAF_SIZE];
    if (append->n_entries > 0 && append->time_ns > state->last_time)
        state->last_time = append->time_ns;
    for (size_t i = 0; i < append->n_entries; i++)
        TRY(entry_put(&put, &append->entries[i], salts[i], i == 0 ? ret_first_leaf : leaf, ret_leaf_hashes[i]));
    if (append->message != NULL)
        TRY(message_put(&put));
    if (FAILPOINT_ERROR("store-map-full"))
        return AM_FULL;
    TRY(mail_put(&put));
    TRY(lives_put(&put));
    TRY(deliveries_put(&put));
    TRY(chain_put(&put));
    TRY(shield_put(&put));
    TRY(deadlines_put(&put));
    TRY(release_put(&put));
    TRY(orders_put(&put));
    for (size_t i = 0; i < append->n_erased; i++)
        TRY(body_strip(&put, append->erased[i], FORM_ERASED));
    return records_put(&put);
}
