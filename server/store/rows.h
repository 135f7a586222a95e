// SPDX-License-Identifier: Apache-2.0
// The values of the rows: from and to bytes. What a disk gives is checked: AM_CORRUPT. Any thread.
#pragma once

#include "proto/log/leaf.h"
#include "proto/model/journal.h"
#include "server/store/name.h"

// meta "state"
struct row_state {
    uint64_t size;
    uint8_t root[LOG_HASH_SIZE];
    uint64_t last_time; // ns, of the last entry
    uint32_t next_name;
};
#define ROW_STATE_SIZE (8 + LOG_HASH_SIZE + 8 + 4)
void row_state_pack(const struct row_state *state, uint8_t ret_row[ROW_STATE_SIZE]);
AM_MUST_USE enum am_err row_state_parse(struct am_bytes row, struct row_state *ret_state);
AM_MUST_USE enum am_err row_state_read(struct table_txn txn, struct row_state *ret_state);

// entry: leaf · form · kind · salt · content; the last two are gone where form is FORM_ERASED
#define ROW_ENTRY_HEAD (LOG_LEAF_SIZE + 2 + LOG_SALT_SIZE)
struct row_entry {
    const uint8_t *leaf;
    uint8_t form, kind;
    struct am_bytes salt, content;
};
AM_MUST_USE enum am_err row_entry_parse(struct am_bytes row, struct row_entry *ret_entry);

// message: form · digest · kind · urgency · root or nothing · n(originator) · (n(unit), part)… · lengths · the four
// parts; flags and body are empty where form is FORM_ERASED
#define ROW_MESSAGE_HEAD(n_recipients)                                                                                 \
    (1 + LOG_HASH_SIZE + 2 + 1 + 8 + NAME_SIZE + (NAME_SIZE + 1) * (n_recipients) + 10)
struct row_recipient {
    uint8_t name[NAME_SIZE], part;
};
struct row_message {
    uint8_t form;
    const uint8_t *digest;
    uint8_t kind, urgency;
    uint64_t root; // its own seq where it is its own root
    uint8_t originator[NAME_SIZE];
    size_t n_recipients;
    struct row_recipient recipients[LIMIT_RECIPIENTS];
    struct am_bytes header, signature, flags, body;
};
// _pack writes a row of the size that it returns (or of its constant), _parse reads one: AM_CORRUPT where it is none.
// What the key says isn't in it.
size_t row_message_size(const struct row_message *message, uint64_t seq);
void row_message_pack(const struct row_message *message, uint64_t seq, uint8_t *ret_row);
AM_MUST_USE enum am_err row_message_parse(struct am_bytes row, uint64_t seq, struct row_message *ret_message);

#define ROW_LIFE_MAX (2 + 4 + 8 + 3 * 8 + 1 + NAME_LIMIT + 1)
size_t row_life_pack(const struct journal_life *life, uint8_t ret_row[ROW_LIFE_MAX]); // not root and recipient
AM_MUST_USE enum am_err row_life_parse(struct am_bytes row, struct journal_life *ret_life);

#define ROW_CHAIN_SIZE (4 + 3 * 8 + 2)
void row_chain_pack(const struct journal_chain *chain, uint8_t ret_row[ROW_CHAIN_SIZE]);
AM_MUST_USE enum am_err row_chain_parse(struct am_bytes row, struct journal_chain *ret_chain);

#define ROW_SHIELD_MAX (4 + JOURNAL_SHIELD_STATES * (11 + JOURNAL_SHIELD_BY))
size_t row_shield_pack(const struct journal_shield *shield, uint8_t ret_row[ROW_SHIELD_MAX]);
// Fills states, and of *ret_shield all but the case.
AM_MUST_USE enum am_err row_shield_parse(struct am_bytes row, struct journal_shield_state states[JOURNAL_SHIELD_STATES],
                                         struct journal_shield *ret_shield);

#define ROW_DELIVERY_MAX (1 + 4 + 3 * 8)
size_t row_delivery_pack(const struct journal_delivery *delivery, uint8_t ret_row[ROW_DELIVERY_MAX]);
AM_MUST_USE enum am_err row_delivery_parse(struct am_bytes row, struct journal_delivery *ret_delivery);

#define ROW_RELEASE_MAX (4 + 3 + 3 * 8 + 2 * (NAME_LIMIT + 1))
size_t row_release_pack(const struct journal_release *release, uint8_t ret_row[ROW_RELEASE_MAX]); // not seq
AM_MUST_USE enum am_err row_release_parse(struct am_bytes row, struct journal_release *ret_release);

// --- Keys
#define KEY_WAITING (NAME_SIZE + 8)
void key_waiting(const uint8_t unit[NAME_SIZE], uint64_t seq, uint8_t ret_key[KEY_WAITING]);
#define KEY_MAILBOX (NAME_SIZE + 1 + 8)
void key_mailbox(const uint8_t device[NAME_SIZE], uint8_t urgency, uint64_t seq, uint8_t ret_key[KEY_MAILBOX]);
#define KEY_OF_NAME (8 + NAME_SIZE) // life, delivery
void key_of_name(uint64_t seq, const uint8_t name[NAME_SIZE], uint8_t ret_key[KEY_OF_NAME]);
#define KEY_ORDER 16
void key_order(uint64_t message, uint64_t by, uint8_t ret_key[KEY_ORDER]);
#define KEY_ID (16 + NAME_SIZE)
void key_id(const uint8_t id[16], const uint8_t device[NAME_SIZE], uint8_t ret_key[KEY_ID]);
// Of a party or of a kind, in the era of that seq. The newest rows of all of them stand together, so that they are
// written together; each more era is one more look where something is looked for.
#define KEY_INDEX 8
#define ERA       (1ull << 14)
void key_index(uint64_t seq, const uint8_t name[NAME_SIZE], uint8_t ret_key[KEY_INDEX]);
#define KEY_DEADLINE (8 + 1 + 8)
void key_deadline(uint64_t at, uint8_t kind, uint64_t subject, uint8_t ret_key[KEY_DEADLINE]);
// Its value: the place, 0 bytes where there is none.
#define ROW_DEADLINE_MAX 8
size_t row_deadline_pack(const struct journal_deadline *deadline, uint8_t ret_row[ROW_DEADLINE_MAX]);
AM_MUST_USE enum am_err row_deadline_parse(struct am_bytes row, struct journal_deadline *deadline);
// kind text NUL number; AM_TOO_LARGE
AM_MUST_USE enum am_err key_record(uint8_t kind, const char *text, uint64_t number, uint8_t ret_key[TABLE_KEY],
                                   size_t *ret_len);

// A record's row: the seq of the first entry of its append, then the value as the hub packed it.
#define ROW_RECORD_SEQ 8
AM_MUST_USE enum am_err row_record_value(struct am_bytes row, struct journal_record *ret_record);
// The row that a walk through the records stands on; its strings are LMDB's.
AM_MUST_USE enum am_err row_record_parse(const struct table_walk *walk, struct journal_record *ret_record);
