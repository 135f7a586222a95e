// SPDX-License-Identifier: Apache-2.0
// What refuses an append: its shape, a message that is there already, a row that has changed.
#include "server/store/append.h"

#include "proto/model/address.h"
#include "server/store/bytes.h"
#include "server/store/internal.h"

static bool text_fits(const char *text)
{
    return text != NULL && text[0] != '\0' && strnlen(text, NAME_LIMIT + 1) <= NAME_LIMIT;
}

static enum am_err check_entry(const struct journal_entry *entry)
{
    if (entry->kind == 0 || entry->class > JOURNAL_CLASS_MESSAGE ||
        (entry->class == JOURNAL_CLASS_HUB && entry->erase_after != 0))
        return AM_INVALID;
    bool good = entry->case_ref == NULL || strnlen(entry->case_ref, NAME_LIMIT + 1) <= NAME_LIMIT;
    for (size_t i = 0; i < entry->n_also_cases; i++)
        good = good && text_fits(entry->also_cases[i]);
    for (size_t i = 0; i < entry->n_parties; i++)
        good = good && text_fits(entry->parties[i]);
    return good ? AM_OK : AM_INVALID;
}

static enum am_err check_message(const struct journal_message *message)
{
    uint8_t id[16];
    TRY(message_id_check(message->id, id, NULL));
    bool good = text_fits(message->device) && text_fits(message->originator) &&
                strlen(message->originator) <= LIMIT_ADDRESS && message->n_recipients <= LIMIT_RECIPIENTS &&
                (message->releasing == NULL || text_fits(message->releasing)) &&
                (message->case_ref == NULL || strnlen(message->case_ref, NAME_LIMIT + 1) <= NAME_LIMIT);
    for (size_t i = 0; good && i < message->n_recipients; i++)
        good = text_fits(message->recipients[i].unit) && strlen(message->recipients[i].unit) <= LIMIT_ADDRESS;
    if (!good)
        return AM_INVALID;
    return message->header.len > UINT16_MAX || message->signature.len > UINT16_MAX || message->flags.len > UINT16_MAX ||
                   message->body.len > UINT32_MAX
               ? AM_TOO_LARGE
               : AM_OK;
}

// Without an entry nothing but the removal of mail, the end of what no entry tells of, and deadlines at which nothing
// was to be told: whatever else changes is told by the log.
static bool needs_entry(const struct journal_append *append)
{
    return append->message != NULL || append->n_mail > 0 || append->n_lives > 0 || append->chain != NULL ||
           (append->shield != NULL && !append->shield->over) || append->release != NULL || append->n_deliveries > 0 ||
           append->n_records > 0 || append->n_orders > 0 || append->n_erased > 0;
}

static bool officer_fits(const char *officer) // NULL: none is kept
{
    return officer == NULL || strnlen(officer, NAME_LIMIT + 1) <= NAME_LIMIT;
}

static bool mailboxes_fit(const struct journal_append *append)
{
    for (size_t i = 0; i < append->n_mail; i++)
        if (!text_fits(append->mail[i].device) || append->mail[i].urgency > STORE_URGENCY_MAX)
            return false;
    for (size_t i = 0; i < append->n_taken; i++)
        if (append->taken[i].device == NULL)
            return false;
    return true;
}

static bool lives_fit(const struct journal_append *append)
{
    for (size_t i = 0; i < append->n_lives; i++)
        if (!text_fits(append->lives[i].recipient) || !officer_fits(append->lives[i].officer))
            return false;
    for (size_t i = 0; i < append->n_deliveries; i++)
        if (!text_fits(append->deliveries[i].recipient))
            return false;
    return append->release == NULL || (text_fits(append->release->releasing) && officer_fits(append->release->officer));
}

static bool shield_fits(const struct journal_append *append)
{
    const struct journal_shield *shield = append->shield;
    return shield == NULL || (text_fits(shield->case_ref) && shield->n <= JOURNAL_SHIELD_STATES &&
                              !(shield->over && (append->message != NULL || shield->n > 0)));
}

static bool deadlines_fit(const struct journal_append *append)
{
    for (size_t i = 0; i < append->n_deadlines; i++) {
        const struct journal_deadline *row = &append->deadlines[i];
        if (row->kind == 0 || (row->at == 0 && row->was == 0) ||
            (row->subject == JOURNAL_SELF && (row->was != 0 || append->n_entries == 0)))
            return false;
    }
    return true;
}

enum am_err append_check_shape(const struct journal_append *append)
{
    uint8_t key[TABLE_KEY];
    size_t len;
    if (append->n_entries > LIMIT_BATCH_ENTRIES)
        return AM_TOO_LARGE;
    if (append->n_entries == 0 && needs_entry(append))
        return AM_INVALID;
    for (size_t i = 0; i < append->n_entries; i++)
        TRY(check_entry(&append->entries[i]));
    if (append->message != NULL)
        TRY(check_message(append->message));
    if (!mailboxes_fit(append) || !lives_fit(append) || !shield_fits(append))
        return AM_INVALID;
    for (size_t i = 0; i < append->n_records; i++)
        TRY(key_record(append->records[i].kind, append->records[i].key, append->records[i].number, key, &len));
    return deadlines_fit(append) ? AM_OK : AM_INVALID;
}

// --- Duplicates
static enum am_err duplicate_is(struct table_txn txn, struct am_bytes row, struct journal_outcome *ret_outcome)
{
    struct row_message first;
    struct am_bytes kept;
    if (row.len != 8)
        return AM_CORRUPT;
    uint64_t seq = get_be64(row.data);
    TRY(table_get(txn, TABLE_MESSAGE, row.data, row.len, &kept));
    TRY(row_message_parse(kept, seq, &first));
    ret_outcome->result = JOURNAL_DUPLICATE;
    ret_outcome->seq = seq;
    memcpy(ret_outcome->digest, first.digest, sizeof ret_outcome->digest);
    return AM_OK;
}

// An id is one message's, whether it was sent or waits; what releases one that waited is that message itself.
static enum am_err judge_message(struct table_txn txn, const struct journal_append *append,
                                 struct journal_outcome *ret_outcome)
{
    const struct journal_message *message = append->message;
    bool releases = append->release != NULL && append->release->seq != JOURNAL_SELF;
    uint8_t device[NAME_SIZE], id[16], key[KEY_ID];
    struct am_bytes row;
    TRY(message_id_check(message->id, id, NULL));
    enum am_err err = name_find(txn, message->device, strlen(message->device), device);
    if (err == AM_OK) {
        key_id(id, device, key);
        err = table_get(txn, TABLE_ID, key, sizeof key, &row);
        if (err == AM_NOT_FOUND && !releases)
            err = table_get(txn, TABLE_PARK_ID, key, sizeof key, &row);
    }
    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    return duplicate_is(txn, row, ret_outcome);
}

// A point is used once, for ever: whose row it is may be released, and nothing else.
static enum am_err judge_point(struct table_txn txn, const struct journal_append *append,
                               struct journal_outcome *ret_outcome)
{
    struct am_bytes row;
    enum am_err err = table_get(txn, TABLE_POINT, append->message->point, JOURNAL_POINT, &row);
    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    if (row.len != 8)
        return AM_CORRUPT;
    if (append->release == NULL || append->release->seq != get_be64(row.data))
        ret_outcome->result = JOURNAL_CONFLICT;
    return AM_OK;
}

// --- Versions

// `kept` is the row's version, 0 where `err` says that there is none.
static enum am_err judge_version(enum am_err err, uint32_t kept, uint32_t decided_on,
                                 struct journal_outcome *ret_outcome)
{
    if (err == AM_NOT_FOUND)
        kept = 0;
    else
        TRY(err);
    if (kept != decided_on)
        ret_outcome->result = JOURNAL_CONFLICT;
    return AM_OK;
}

static enum am_err named_row(struct table_txn txn, enum table table, uint64_t seq, const char *text,
                             struct am_bytes *ret_row)
{
    uint8_t name[NAME_SIZE], key[KEY_OF_NAME];
    if (seq == JOURNAL_SELF)
        return AM_NOT_FOUND;
    TRY(name_find(txn, text, strlen(text), name));
    key_of_name(seq, name, key);
    return table_get(txn, table, key, sizeof key, ret_row);
}

static enum am_err judge_life(struct table_txn txn, const struct journal_life *life,
                              struct journal_outcome *ret_outcome)
{
    struct journal_life kept = {.version = 0};
    struct am_bytes row;
    enum am_err err = named_row(txn, TABLE_LIFE, life->root, life->recipient, &row);
    if (err == AM_OK)
        err = row_life_parse(row, &kept);
    return judge_version(err, kept.version, life->version, ret_outcome);
}

static enum am_err judge_delivery(struct table_txn txn, const struct journal_delivery *delivery,
                                  struct journal_outcome *ret_outcome)
{
    struct journal_delivery kept = {.version = 0};
    struct am_bytes row;
    enum am_err err = named_row(txn, TABLE_DELIVERY, delivery->seq, delivery->recipient, &row);
    if (err == AM_OK)
        err = row_delivery_parse(row, &kept);
    return judge_version(err, kept.version, delivery->version, ret_outcome);
}

static enum am_err judge_chain(struct table_txn txn, const struct journal_chain *chain,
                               struct journal_outcome *ret_outcome)
{
    struct journal_chain kept = {.version = 0};
    struct am_bytes row;
    uint8_t key[8];
    put_be64(key, chain->root);
    enum am_err err = chain->root == JOURNAL_SELF ? AM_NOT_FOUND : table_get(txn, TABLE_CHAIN, key, sizeof key, &row);
    if (err == AM_OK)
        err = row_chain_parse(row, &kept);
    return judge_version(err, kept.version, chain->version, ret_outcome);
}

static enum am_err judge_release(struct table_txn txn, const struct journal_release *release,
                                 struct journal_outcome *ret_outcome)
{
    struct journal_release kept = {.version = 0};
    struct am_bytes row;
    uint8_t key[8];
    put_be64(key, release->seq);
    enum am_err err =
        release->seq == JOURNAL_SELF ? AM_NOT_FOUND : table_get(txn, TABLE_RELEASE, key, sizeof key, &row);
    if (err == AM_OK)
        err = row_release_parse(row, &kept);
    return judge_version(err, kept.version, release->version, ret_outcome);
}

static enum am_err judge_shield(struct table_txn txn, const struct journal_shield *shield,
                                struct journal_outcome *ret_outcome)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_shield kept = {.version = 0};
    uint8_t name[NAME_SIZE];
    struct am_bytes row;
    enum am_err err = name_find(txn, shield->case_ref, strlen(shield->case_ref), name);
    if (err == AM_OK)
        err = table_get(txn, TABLE_SHIELD, name, sizeof name, &row);
    if (err == AM_OK)
        err = row_shield_parse(row, states, &kept);
    return judge_version(err, kept.version, shield->version, ret_outcome);
}

// Has the case an entry past the last that it was decided on?
static enum am_err judge_case(struct table_txn txn, const struct journal_append *append,
                              struct journal_outcome *ret_outcome)
{
    const char *case_ref = append->case_seen.case_ref;
    uint64_t later = append->case_seen.last + 1;
    uint8_t name[NAME_SIZE];
    enum am_err err = name_find(txn, case_ref, strlen(case_ref), name);
    if (err == AM_OK)
        err = table_next_value(txn, TABLE_CASE, name, sizeof name, &later);
    if (err == AM_OK)
        ret_outcome->result = JOURNAL_CONFLICT;
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static enum am_err judge_taken(struct table_txn txn, const struct journal_mail *mail,
                               struct journal_outcome *ret_outcome)
{
    uint8_t device[NAME_SIZE], key[KEY_MAILBOX];
    struct am_bytes row;
    enum am_err err = name_find(txn, mail->device, strlen(mail->device), device);
    if (err == AM_OK) {
        key_mailbox(device, mail->urgency, mail->seq, key);
        err = table_get(txn, TABLE_MAILBOX, key, sizeof key, &row);
    }
    if (err == AM_NOT_FOUND) {
        ret_outcome->result = JOURNAL_CONFLICT;
        return AM_OK;
    }
    return err;
}

// A message that is to lose its body is there, and nothing in force says that it be kept.
static enum am_err judge_erased(struct table_txn txn, uint64_t message, uint64_t time_ns,
                                struct journal_outcome *ret_outcome)
{
    struct table_walk walk;
    uint8_t key[KEY_ORDER];
    key_order(message, 0, key);
    enum am_err err = table_walk_of_message(txn, TABLE_ORDER, key, sizeof key, &walk);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    for (; err == AM_OK; err = table_walk_next(&walk)) {
        if (walk.key.len != KEY_ORDER || walk.value.len != 8) {
            err = AM_CORRUPT;
            break;
        }
        if (get_be64(walk.value.data) > time_ns)
            ret_outcome->result = JOURNAL_CONFLICT;
    }
    table_walk_end(&walk);
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static enum am_err judge_deadline(struct table_txn txn, const struct journal_deadline *deadline,
                                  struct journal_outcome *ret_outcome)
{
    uint8_t key[KEY_DEADLINE];
    struct am_bytes row;
    if (deadline->was == 0)
        return AM_OK;
    key_deadline(deadline->was, deadline->kind, deadline->subject, key);
    enum am_err err = table_get(txn, TABLE_DEADLINE, key, sizeof key, &row);
    if (err == AM_NOT_FOUND) {
        ret_outcome->result = JOURNAL_CONFLICT;
        return AM_OK;
    }
    return err;
}

// Does a later row of the append remove the same mail? It would be gone by then.
static bool taken_twice(const struct journal_append *append, size_t index)
{
    const struct journal_mail *mail = &append->taken[index];
    for (size_t i = index + 1; i < append->n_taken; i++)
        if (append->taken[i].seq == mail->seq && append->taken[i].urgency == mail->urgency &&
            strcmp(append->taken[i].device, mail->device) == 0)
            return true;
    return false;
}

// Is there a roster above the one that it was checked by?
static enum am_err judge_roster(struct table_txn txn, const struct journal_append *append,
                                struct journal_outcome *ret_outcome)
{
    uint8_t key[TABLE_KEY];
    struct table_walk walk;
    size_t len;
    TRY(key_record(JOURNAL_RECORD_ROSTER, append->roster.unit, append->roster.number + 1, key, &len));
    enum am_err err = table_walk_from(txn, TABLE_RECORD, key, len, &walk);
    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    if (walk.key.len == len && memcmp(walk.key.data, key, len - sizeof append->roster.number) == 0)
        ret_outcome->result = JOURNAL_CONFLICT;
    table_walk_end(&walk);
    return AM_OK;
}

enum am_err append_judge(const struct append_state *state, const struct journal_append *append,
                         struct journal_outcome *ret_outcome)
{
    ret_outcome->result = JOURNAL_DONE;
    if (append->message != NULL)
        TRY(judge_message(state->txn, append, ret_outcome));
    if (ret_outcome->result != JOURNAL_DONE)
        return AM_OK; // the duplicate's first answer stands, whatever has changed since
    if (append->message != NULL && append->message->point != NULL)
        TRY(judge_point(state->txn, append, ret_outcome));
    for (size_t i = 0; i < append->n_lives; i++)
        TRY(judge_life(state->txn, &append->lives[i], ret_outcome));
    for (size_t i = 0; i < append->n_deliveries; i++)
        TRY(judge_delivery(state->txn, &append->deliveries[i], ret_outcome));
    for (size_t i = 0; i < append->n_seen_lives; i++)
        TRY(judge_life(state->txn, &append->seen_lives[i], ret_outcome));
    for (size_t i = 0; i < append->n_seen_deliveries; i++)
        TRY(judge_delivery(state->txn, &append->seen_deliveries[i], ret_outcome));
    for (size_t i = 0; i < append->n_deadlines; i++)
        TRY(judge_deadline(state->txn, &append->deadlines[i], ret_outcome));
    if (append->chain != NULL)
        TRY(judge_chain(state->txn, append->chain, ret_outcome));
    if (append->roster.unit != NULL)
        TRY(judge_roster(state->txn, append, ret_outcome));
    if (append->release != NULL)
        TRY(judge_release(state->txn, append->release, ret_outcome));
    for (size_t i = 0; i < append->n_erased; i++)
        TRY(judge_erased(state->txn, append->erased[i], append->time_ns, ret_outcome));
    if (append->shield != NULL)
        TRY(judge_shield(state->txn, append->shield, ret_outcome));
    if (append->case_seen.case_ref != NULL)
        TRY(judge_case(state->txn, append, ret_outcome));
    for (size_t i = 0; i < append->n_taken; i++) {
        TRY(judge_taken(state->txn, &append->taken[i], ret_outcome));
        if (taken_twice(append, i))
            ret_outcome->result = JOURNAL_CONFLICT;
    }
    return AM_OK;
}
