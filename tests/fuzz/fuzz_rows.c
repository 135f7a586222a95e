// SPDX-License-Identifier: Apache-2.0
// Values of the hub's journal of any bytes: the first byte chooses the row. What is read is written and read again as
// the same; what isn't is AM_CORRUPT.
#include "server/store/rows.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool read_as(enum am_err err)
{
    must(err == AM_OK || err == AM_CORRUPT);
    return err == AM_OK;
}

static void try_shield(struct am_bytes row)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_shield shield = {.case_ref = "ke/dci/2026/004211"};
    uint8_t again[ROW_SHIELD_MAX];
    if (!read_as(row_shield_parse(row, states, &shield)))
        return;
    for (size_t i = 0; i < shield.n; i++)
        must(memchr(states[i].country, 0, sizeof states[i].country) != NULL);
    size_t len = row_shield_pack(&shield, again);
    must(len == row.len && memcmp(again, row.data, len) == 0);
}

static void try_release(struct am_bytes row)
{
    struct journal_release release = {.seq = 7}, back = {.seq = 7};
    uint8_t again[ROW_RELEASE_MAX];
    if (!read_as(row_release_parse(row, &release)))
        return;
    size_t len = row_release_pack(&release, again);
    must(row_release_parse((struct am_bytes){again, len}, &back) == AM_OK);
    must(release.version == back.version && release.state == back.state && release.urgency == back.urgency &&
         release.deferred == back.deferred && release.waits == back.waits && release.state_at == back.state_at &&
         release.due == back.due && release.ended_by == back.ended_by);
    must(strncmp(release.releasing, back.releasing, NAME_LIMIT) == 0 &&
         strncmp(release.officer, back.officer, NAME_LIMIT) == 0);
}

static void try_life(struct am_bytes row)
{
    struct journal_life life = {.root = 7}, back = {.root = 7};
    uint8_t again[ROW_LIFE_MAX];
    if (!read_as(row_life_parse(row, &life)))
        return;
    size_t len = row_life_pack(&life, again);
    must(row_life_parse((struct am_bytes){again, len}, &back) == AM_OK);
    must(life.state == back.state && life.flags == back.flags && life.version == back.version &&
         life.clock_seq == back.clock_seq && life.ack_due == back.ack_due && life.answer_due == back.answer_due &&
         strncmp(life.officer, back.officer, NAME_LIMIT) == 0);
}

static void try_chain(struct am_bytes row)
{
    struct journal_chain chain = {.root = 7}, back = {.root = 7};
    uint8_t again[ROW_CHAIN_SIZE];
    if (!read_as(row_chain_parse(row, &chain)))
        return;
    row_chain_pack(&chain, again);
    must(row_chain_parse((struct am_bytes){again, sizeof again}, &back) == AM_OK);
    must(chain.newest == back.newest && chain.clock == back.clock && chain.valid_until == back.valid_until &&
         chain.version == back.version && chain.cancelled == back.cancelled);
}

static void try_delivery(struct am_bytes row)
{
    struct journal_delivery delivery = {.seq = 7}, back = {.seq = 7};
    uint8_t again[ROW_DELIVERY_MAX];
    if (!read_as(row_delivery_parse(row, &delivery)))
        return;
    size_t len = row_delivery_pack(&delivery, again);
    must(row_delivery_parse((struct am_bytes){again, len}, &back) == AM_OK);
    must(delivery.state == back.state && delivery.flags == back.flags && delivery.version == back.version &&
         delivery.delivered_at == back.delivered_at && delivery.retrieved_at == back.retrieved_at &&
         delivery.stood_ns == back.stood_ns);
}

static void inside(struct am_bytes outer, struct am_bytes inner)
{
    must(inner.len == 0 || (inner.data >= outer.data && inner.len <= outer.len &&
                            inner.data - outer.data <= (ptrdiff_t)(outer.len - inner.len)));
}

static void try_message(struct am_bytes row)
{
    struct row_message message;
    if (!read_as(row_message_parse(row, 7, &message)))
        return;
    must(message.n_recipients <= LIMIT_RECIPIENTS);
    const struct am_bytes parts[] = {
        {message.digest, LOG_HASH_SIZE}, message.header, message.signature, message.flags, message.body};
    for (size_t i = 0; i < AM_LEN(parts); i++)
        inside(row, parts[i]);
}

static void try_entry(struct am_bytes row)
{
    struct row_entry entry;
    if (!read_as(row_entry_parse(row, &entry)))
        return;
    inside(row, (struct am_bytes){entry.leaf, LOG_LEAF_SIZE});
    inside(row, entry.salt);
    inside(row, entry.content);
}

// Its key and its value, behind a length.
static void try_record(struct am_bytes row)
{
    struct journal_record record;
    uint8_t key[TABLE_KEY];
    size_t len = row.len > 0 ? row.data[0] : 0, again;
    if (row.len < 1 + len)
        return;
    const struct table_walk walk = {.key = {row.data + 1, len}, .value = {row.data + 1 + len, row.len - 1 - len}};
    if (!read_as(row_record_parse(&walk, &record)))
        return;
    must(key_record(record.kind, record.key, record.number, key, &again) == AM_OK);
    must(again == len && memcmp(key, walk.key.data, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const TRY_ROW[])(struct am_bytes row) = {try_shield,   try_release, try_life,  try_chain,
                                                           try_delivery, try_message, try_entry, try_record};
    if (size > 0)
        TRY_ROW[data[0] % AM_LEN(TRY_ROW)]((struct am_bytes){data + 1, size - 1});
    return 0;
}
