// SPDX-License-Identifier: Apache-2.0
// One pack and one parse for each kind of row.
#include "server/store/rows.h"

#include "server/store/bytes.h"

// --- meta
void row_state_pack(const struct row_state *state, uint8_t ret_row[ROW_STATE_SIZE])
{
    uint8_t *at = row_put(ret_row, state->size, 8);
    at = row_put_bytes(at, (struct am_bytes){state->root, sizeof state->root});
    at = row_put(at, state->last_time, 8);
    row_put(at, state->next_name, 4);
}

enum am_err row_state_parse(struct am_bytes row, struct row_state *ret_state)
{
    if (row.len != ROW_STATE_SIZE)
        return AM_CORRUPT;
    ret_state->size = get_be64(row.data);
    memcpy(ret_state->root, row.data + 8, LOG_HASH_SIZE);
    ret_state->last_time = get_be64(row.data + 8 + LOG_HASH_SIZE);
    ret_state->next_name = get_be32(row.data + 16 + LOG_HASH_SIZE);
    return AM_OK;
}

enum am_err row_state_read(struct table_txn txn, struct row_state *ret_state)
{
    struct am_bytes row;
    enum am_err err = table_get(txn, TABLE_META, "state", 5, &row);
    return err == AM_NOT_FOUND ? AM_CORRUPT : err != AM_OK ? err : row_state_parse(row, ret_state);
}

// --- entry
enum am_err row_entry_parse(struct am_bytes bytes, struct row_entry *ret_entry)
{
    struct row_reader row = {bytes.data, bytes.len, false};
    struct row_entry entry = {.leaf = row_take(&row, LOG_LEAF_SIZE).data};
    entry.form = (uint8_t)row_number(&row, 1);
    entry.kind = (uint8_t)row_number(&row, 1);
    if (entry.form == FORM_CLEAR) {
        entry.salt = row_take(&row, LOG_SALT_SIZE);
        entry.content = row_take(&row, row.left);
    }
    if (row.bad || row.left != 0 || (entry.form != FORM_CLEAR && entry.form != FORM_ERASED))
        return AM_CORRUPT;
    *ret_entry = entry;
    return AM_OK;
}

// --- message
#define HAS_ROOT 0x80 // in the byte that counts the recipients

size_t row_message_size(const struct row_message *message, uint64_t seq)
{
    return ROW_MESSAGE_HEAD(message->n_recipients) - (message->root == seq ? 8 : 0) + message->header.len +
           message->signature.len + message->flags.len + message->body.len;
}

void row_message_pack(const struct row_message *message, uint64_t seq, uint8_t *ret_row)
{
    bool has_root = message->root != seq;
    uint8_t *at = row_put(ret_row, message->form, 1);
    at = row_put_bytes(at, (struct am_bytes){message->digest, LOG_HASH_SIZE});
    at = row_put(at, message->kind, 1);
    at = row_put(at, message->urgency, 1);
    at = row_put(at, message->n_recipients | (has_root ? HAS_ROOT : 0), 1);
    if (has_root)
        at = row_put(at, message->root, 8);
    at = row_put_bytes(at, (struct am_bytes){message->originator, NAME_SIZE});
    for (size_t i = 0; i < message->n_recipients; i++) {
        at = row_put_bytes(at, (struct am_bytes){message->recipients[i].name, NAME_SIZE});
        at = row_put(at, message->recipients[i].part, 1);
    }
    at = row_put(at, message->header.len, 2);
    at = row_put(at, message->signature.len, 2);
    at = row_put(at, message->flags.len, 2);
    at = row_put(at, message->body.len, 4);
    at = row_put_bytes(at, message->header);
    at = row_put_bytes(at, message->signature);
    at = row_put_bytes(at, message->flags);
    row_put_bytes(at, message->body);
}

enum am_err row_message_parse(struct am_bytes bytes, uint64_t seq, struct row_message *ret_message)
{
    struct row_reader row = {bytes.data, bytes.len, false};
    struct row_message *message = ret_message;
    message->form = (uint8_t)row_number(&row, 1);
    message->digest = row_take(&row, LOG_HASH_SIZE).data;
    message->kind = (uint8_t)row_number(&row, 1);
    message->urgency = (uint8_t)row_number(&row, 1);
    uint8_t count = (uint8_t)row_number(&row, 1);
    message->root = (count & HAS_ROOT) != 0 ? row_number(&row, 8) : seq;
    message->n_recipients = count & (HAS_ROOT - 1);
    if (message->n_recipients > LIMIT_RECIPIENTS || (message->form != FORM_CLEAR && message->form != FORM_ERASED))
        return AM_CORRUPT;
    put_be32(message->originator, (uint32_t)row_number(&row, NAME_SIZE));
    for (size_t i = 0; i < message->n_recipients; i++) {
        put_be32(message->recipients[i].name, (uint32_t)row_number(&row, NAME_SIZE));
        message->recipients[i].part = (uint8_t)row_number(&row, 1);
    }
    size_t header = row_number(&row, 2), signature = row_number(&row, 2), flags = row_number(&row, 2);
    size_t body = row_number(&row, 4);
    message->header = row_take(&row, header);
    message->signature = row_take(&row, signature);
    message->flags = row_take(&row, flags);
    message->body = row_take(&row, body);
    bool left = message->form == FORM_ERASED && (flags != 0 || body != 0);
    return row.bad || left || row.left != 0 ? AM_CORRUPT : AM_OK;
}

// --- life, chain, delivery
size_t row_life_pack(const struct journal_life *life, uint8_t ret_row[ROW_LIFE_MAX])
{
    const uint64_t times[] = {life->clock_seq, life->ack_due, life->answer_due};
    uint8_t *at = row_put(ret_row + 1, life->state, 1), mask = 0; // times that are 0 cost nothing
    at = row_put(at, life->version, 4);
    at = row_put(at, life->state_at, 8);
    for (size_t i = 0; i < AM_LEN(times); i++) {
        if (times[i] == 0)
            continue;
        mask |= (uint8_t)(1u << i);
        at = row_put(at, times[i], 8);
    }
    if (life->flags != 0) {
        mask |= (uint8_t)(1u << AM_LEN(times));
        at = row_put(at, life->flags, 1);
    }
    ret_row[0] = mask;
    const char *officer = life->officer != NULL ? life->officer : "";
    at = row_put_bytes(at, (struct am_bytes){(const uint8_t *)officer, strnlen(officer, NAME_LIMIT)});
    *at++ = 0;
    return (size_t)(at - ret_row);
}

enum am_err row_life_parse(struct am_bytes bytes, struct journal_life *ret_life)
{
    struct row_reader row = {bytes.data, bytes.len, false};
    struct journal_life life = *ret_life;
    uint64_t *const times[] = {&life.clock_seq, &life.ack_due, &life.answer_due};
    uint8_t mask = (uint8_t)row_number(&row, 1);
    life.state = (uint8_t)row_number(&row, 1);
    life.version = (uint32_t)row_number(&row, 4);
    life.state_at = row_number(&row, 8);
    for (size_t i = 0; i < AM_LEN(times); i++)
        *times[i] = (mask >> i & 1) != 0 ? row_number(&row, 8) : 0;
    life.flags = (uint8_t)((mask >> AM_LEN(times) & 1) != 0 ? row_number(&row, 1) : 0);
    life.officer = row_string(&row);
    if (row.bad || row.left != 0)
        return AM_CORRUPT;
    *ret_life = life;
    return AM_OK;
}

void row_chain_pack(const struct journal_chain *chain, uint8_t ret_row[ROW_CHAIN_SIZE])
{
    uint8_t *at = row_put(ret_row, chain->version, 4);
    at = row_put(at, chain->newest, 8);
    at = row_put(at, chain->clock, 8);
    at = row_put(at, chain->valid_until, 8);
    at = row_put(at, chain->urgency, 1);
    row_put(at, chain->cancelled, 1);
}

enum am_err row_chain_parse(struct am_bytes bytes, struct journal_chain *ret_chain)
{
    struct row_reader row = {bytes.data, bytes.len, false};
    struct journal_chain chain = {.root = ret_chain->root, .version = (uint32_t)row_number(&row, 4)};
    chain.newest = row_number(&row, 8);
    chain.clock = row_number(&row, 8);
    chain.valid_until = row_number(&row, 8);
    chain.urgency = (uint8_t)row_number(&row, 1);
    chain.cancelled = row_number(&row, 1) != 0;
    if (row.bad || row.left != 0)
        return AM_CORRUPT;
    *ret_chain = chain;
    return AM_OK;
}

size_t row_shield_pack(const struct journal_shield *shield, uint8_t ret_row[ROW_SHIELD_MAX])
{
    uint8_t *at = row_put(ret_row, shield->version, 4);
    for (size_t i = 0; i < shield->n; i++) {
        at = row_put_bytes(at, (struct am_bytes){(const uint8_t *)shield->states[i].country, 2});
        at = row_put(at, shield->states[i].protection, 1);
        at = row_put(at, shield->states[i].seq, 8);
        at = row_put_bytes(at, (struct am_bytes){shield->states[i].by, JOURNAL_SHIELD_BY});
    }
    return (size_t)(at - ret_row);
}

enum am_err row_shield_parse(struct am_bytes bytes, struct journal_shield_state states[JOURNAL_SHIELD_STATES],
                             struct journal_shield *ret_shield)
{
    struct row_reader row = {bytes.data, bytes.len, false};
    struct journal_shield shield = {.case_ref = ret_shield->case_ref, .states = states};
    shield.version = (uint32_t)row_number(&row, 4);
    while (!row.bad && row.left > 0 && shield.n < JOURNAL_SHIELD_STATES) {
        struct journal_shield_state *state = &states[shield.n++];
        struct am_bytes country = row_take(&row, 2);
        *state = (struct journal_shield_state){0};
        if (country.len == 2)
            memcpy(state->country, country.data, 2);
        state->protection = (uint8_t)row_number(&row, 1);
        state->seq = row_number(&row, 8);
        struct am_bytes by = row_take(&row, JOURNAL_SHIELD_BY);
        if (by.len == JOURNAL_SHIELD_BY)
            memcpy(state->by, by.data, JOURNAL_SHIELD_BY);
    }
    if (row.bad || row.left != 0)
        return AM_CORRUPT;
    *ret_shield = shield;
    return AM_OK;
}

#define DELIVERY_FLAGS 4 // bits of the state below them

size_t row_delivery_pack(const struct journal_delivery *delivery, uint8_t ret_row[ROW_DELIVERY_MAX])
{
    uint8_t *at = row_put(ret_row, delivery->state | (unsigned)delivery->flags << DELIVERY_FLAGS, 1);
    at = row_put(at, delivery->version, 4);
    at = row_put(at, delivery->delivered_at, 8);
    if (delivery->retrieved_at != 0)
        at = row_put(at, delivery->retrieved_at, 8);
    if (delivery->retrieved_at != 0 && delivery->stood_ns != 0)
        at = row_put(at, delivery->stood_ns, 8);
    return (size_t)(at - ret_row);
}

enum am_err row_delivery_parse(struct am_bytes bytes, struct journal_delivery *ret_delivery)
{
    struct row_reader row = {bytes.data, bytes.len, false};
    struct journal_delivery delivery = *ret_delivery;
    uint8_t first = (uint8_t)row_number(&row, 1);
    delivery.state = first & ((1u << DELIVERY_FLAGS) - 1);
    delivery.flags = first >> DELIVERY_FLAGS;
    delivery.version = (uint32_t)row_number(&row, 4);
    delivery.delivered_at = row_number(&row, 8);
    delivery.retrieved_at = row.left > 0 ? row_number(&row, 8) : 0;
    delivery.stood_ns = row.left > 0 ? row_number(&row, 8) : 0;
    if (row.bad || row.left != 0 || (delivery.stood_ns != 0 && delivery.retrieved_at == 0))
        return AM_CORRUPT;
    *ret_delivery = delivery;
    return AM_OK;
}

// --- release
#define RELEASE_DEFERRED 1u
#define RELEASE_WAITS    2u

size_t row_release_pack(const struct journal_release *release, uint8_t ret_row[ROW_RELEASE_MAX])
{
    const char *texts[] = {release->releasing, release->officer != NULL ? release->officer : ""};
    uint8_t *at = row_put(ret_row, release->version, 4);
    at = row_put(at, release->state, 1);
    at = row_put(at, release->urgency, 1);
    at = row_put(at, (release->deferred ? RELEASE_DEFERRED : 0) | (release->waits ? RELEASE_WAITS : 0), 1);
    at = row_put(at, release->state_at, 8);
    at = row_put(at, release->due, 8);
    at = row_put(at, release->ended_by, 8);
    for (size_t i = 0; i < AM_LEN(texts); i++) {
        at = row_put_bytes(at, (struct am_bytes){(const uint8_t *)texts[i], strnlen(texts[i], NAME_LIMIT)});
        *at++ = 0;
    }
    return (size_t)(at - ret_row);
}

enum am_err row_release_parse(struct am_bytes bytes, struct journal_release *ret_release)
{
    struct row_reader row = {bytes.data, bytes.len, false};
    struct journal_release release = {.seq = ret_release->seq, .version = (uint32_t)row_number(&row, 4)};
    release.state = (uint8_t)row_number(&row, 1);
    release.urgency = (uint8_t)row_number(&row, 1);
    uint64_t marks = row_number(&row, 1);
    release.deferred = (marks & RELEASE_DEFERRED) != 0;
    release.waits = (marks & RELEASE_WAITS) != 0;
    release.state_at = row_number(&row, 8);
    release.due = row_number(&row, 8);
    release.ended_by = row_number(&row, 8);
    release.releasing = row_string(&row);
    release.officer = row_string(&row);
    if (row.bad || row.left != 0)
        return AM_CORRUPT;
    *ret_release = release;
    return AM_OK;
}

// --- Keys
void key_waiting(const uint8_t unit[NAME_SIZE], uint64_t seq, uint8_t ret_key[KEY_WAITING])
{
    memcpy(ret_key, unit, NAME_SIZE);
    put_be64(ret_key + NAME_SIZE, seq);
}

void key_mailbox(const uint8_t device[NAME_SIZE], uint8_t urgency, uint64_t seq, uint8_t ret_key[KEY_MAILBOX])
{
    memcpy(ret_key, device, NAME_SIZE);
    ret_key[NAME_SIZE] = urgency;
    put_be64(ret_key + NAME_SIZE + 1, seq);
}

void key_of_name(uint64_t seq, const uint8_t name[NAME_SIZE], uint8_t ret_key[KEY_OF_NAME])
{
    put_be64(ret_key, seq);
    memcpy(ret_key + 8, name, NAME_SIZE);
}

void key_order(uint64_t message, uint64_t by, uint8_t ret_key[KEY_ORDER])
{
    put_be64(ret_key, message);
    put_be64(ret_key + 8, by);
}

void key_id(const uint8_t id[16], const uint8_t device[NAME_SIZE], uint8_t ret_key[KEY_ID])
{
    memcpy(ret_key, id, 16);
    memcpy(ret_key + 16, device, NAME_SIZE);
}

void key_index(uint64_t seq, const uint8_t name[NAME_SIZE], uint8_t ret_key[KEY_INDEX])
{
    put_be32(ret_key, (uint32_t)(seq / ERA));
    memcpy(ret_key + 4, name, NAME_SIZE);
}

void key_deadline(uint64_t at, uint8_t kind, uint64_t subject, uint8_t ret_key[KEY_DEADLINE])
{
    put_be64(ret_key, at);
    ret_key[8] = kind;
    put_be64(ret_key + 9, subject);
}

size_t row_deadline_pack(const struct journal_deadline *deadline, uint8_t ret_row[ROW_DEADLINE_MAX])
{
    if (deadline->place == 0)
        return 0;
    put_be64(ret_row, deadline->place);
    return ROW_DEADLINE_MAX;
}

enum am_err row_deadline_parse(struct am_bytes row, struct journal_deadline *deadline)
{
    if (row.len != 0 && row.len != ROW_DEADLINE_MAX)
        return AM_CORRUPT;
    deadline->place = row.len != 0 ? get_be64(row.data) : 0;
    return AM_OK;
}

enum am_err key_record(uint8_t kind, const char *text, uint64_t number, uint8_t ret_key[TABLE_KEY], size_t *ret_len)
{
    size_t len = strlen(text);
    if (len > TABLE_KEY - 10)
        return AM_TOO_LARGE;
    ret_key[0] = kind;
    memcpy(ret_key + 1, text, len + 1);
    put_be64(ret_key + len + 2, number);
    *ret_len = len + 10;
    return AM_OK;
}

enum am_err row_record_value(struct am_bytes row, struct journal_record *ret_record)
{
    if (row.len < ROW_RECORD_SEQ)
        return AM_CORRUPT;
    ret_record->seq = get_be64(row.data);
    ret_record->value = (struct am_bytes){row.data + ROW_RECORD_SEQ, row.len - ROW_RECORD_SEQ};
    return AM_OK;
}

enum am_err row_record_parse(const struct table_walk *walk, struct journal_record *ret_record)
{
    struct row_reader row = {walk->key.data, walk->key.len, false};
    ret_record->kind = (uint8_t)row_number(&row, 1);
    ret_record->key = row_string(&row);
    ret_record->number = row_number(&row, 8);
    TRY(row_record_value(walk->value, ret_record));
    return row.bad || row.left != 0 ? AM_CORRUPT : AM_OK;
}
