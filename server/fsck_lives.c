// SPDX-License-Identifier: Apache-2.0
// Lives, orders and deliveries, as the log moves them.
#include "server/fsck_internal.h"

#include "proto/model/header.h"
#include "server/hub/hub.h"

#include <bsd/string.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// --- Lives

// Where the times are not known exactly, only that there is one.
static bool due_is(struct fsck_when said, uint64_t kept)
{
    return kept == said.ns || (said.or_before && said.ns != 0 && kept != 0);
}

static void life_clocked(struct fsck_row *row, const struct store_judged *entry, struct kind_due due)
{
    row->flags = 0;
    row->clock = entry->seq;
    row->officer[0] = '\0';
    row->ack_said = (struct fsck_when){due.ack, entry->time_kept};
    row->answer_said = (struct fsck_when){due.answer, entry->time_kept};
}

static enum am_err life_born(struct fsck_judge *judge, const struct store_judged *entry, const char *asks,
                             uint64_t root, const char *recipient, uint8_t state, struct kind_due due)
{
    struct fsck_row *row = fsck_row_get(judge, "life", root, recipient, entry->seq);

    if (row == NULL)
        return AM_NOMEM;
    row->state = state;
    row->version++; // 1, or after what a version before had begun
    row->state_at = fsck_when_of(entry);
    life_clocked(row, entry, due);
    return fsck_asked_born(judge, row, asks);
}

void fsck_life_moved_by(const struct fsck_row *row, struct fsck_row *delivery)
{
    delivery->moved = true;
    delivery->from = row->state;
    delivery->before.at = row->state_at;
    delivery->before.answer = row->answer_said;
    delivery->before.flags = row->flags;
}

void fsck_life_resumed(struct fsck_row *row, const struct store_judged *entry)
{
    if (!life_clock_stands(row->state) || row->answer_said.ns == 0)
        return;
    row->answer_said.ns += entry->time_ns - row->state_at.ns;
    row->answer_said.or_before |= row->state_at.or_before || entry->time_kept;
}

static enum am_err life_moved(struct fsck_judge *judge, const struct store_judged *entry,
                              const Amana__V1__Header *header, const Amana__V1__Move *move, struct kind_due due)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    struct fsck_row *delivery = fsck_row_find(judge, "delivery", entry->seq, move->recipient);
    struct store_judged_message root = {0};
    struct fsck_row *row = NULL;
    uint8_t kept;

    if (store_judged_message(entry, move->root, &root))
        row = fsck_row_find(judge, "life", root.seq, move->recipient);
    if (fsck_apart_moved(judge, entry, header, move, row, root.seq))
        return AM_OK;
    if (row != NULL)
        fsck_halt_answered(judge, row, root.seq, header, move);
    if (row == NULL || !fsck_asked_moves(row, header, move, root.kind, &kept)) {
        fsck_judge_fault(judge, entry->seq, "it moves the life of %.100s from a state that it is not in",
                         move->recipient);
        return AM_OK;
    }
    TRY(fsck_asked_moved(judge, entry, header, move, row, root.kind));
    if (kept == LIFE(UNSPECIFIED))
        return AM_OK;
    if (delivery != NULL)
        fsck_life_moved_by(row, delivery);
    if (header->kind != KIND(ACK)) // which no clock minds
        row->halted = 0;
    fsck_life_resumed(row, entry);
    row->seq = entry->seq;
    row->state = kept;
    row->state_at = fsck_when_of(entry);
    row->version++;
    if (kind->chain != CHAIN_NONE) {
        bool told = header_recipient(header, move->recipient) != NULL; // who can't be is waited for no more
        life_clocked(row, entry, told ? due : (struct kind_due){0});
    } else if (header->sender != NULL && strcmp(move->recipient, header->sender->unit) == 0) {
        strlcpy(row->officer, header->officer, sizeof row->officer);
        row->answered = entry->seq;
        fsck_apart_knows(row, entry->seq, kept);
    }
    return AM_OK;
}

static struct kind_due due_of(struct fsck_judge *judge, const struct store_judged *entry,
                              const Amana__V1__Header *header, const struct store_judged_message *to)
{
    bool newest = to != NULL && kind_ends_newest((unsigned)header->kind);
    const struct fsck_chain *chain = newest ? fsck_chain_find(judge, to->root) : NULL;
    const struct fsck_message *answered = to != NULL ? fsck_message_find(judge, to->seq) : NULL;
    unsigned target = chain != NULL ? chain->said.urgency : answered != NULL ? answered->urgency : 0;

    return kind_due((unsigned)header->kind, (unsigned)header->urgency, target, header_time_or_0(header->answer_by),
                    entry->time_ns);
}

// Did the version before ask this unit to act? Who had a copy has no life yet, and gets one where it is to act in the
// place of others.
static bool asked_before(struct fsck_judge *judge, uint64_t root, const char *unit)
{
    const struct fsck_chain *chain = fsck_chain_find(judge, root);
    const struct fsck_message *newest = chain != NULL ? fsck_message_find(judge, chain->said.newest) : NULL;

    for (size_t i = 0; newest != NULL && i < newest->n; i++)
        if (strcmp(strstr(newest->deliveries[i]->key, " of ") + 4, unit) == 0)
            return fsck_row_find(judge, "life", root, unit) != NULL;
    return false;
}

enum am_err fsck_lives_said(struct fsck_judge *judge, const struct store_judged *entry, const Amana__V1__Header *header)
{
    const Amana__V1__SubmittedEntry *submitted = entry->content->submitted;
    const struct kind *kind = kind_get((unsigned)header->kind);
    struct store_judged_message to = {0};
    bool answers = store_judged_message(entry, header->in_reply_to, &to);
    bool renews = kind->chain == CHAIN_RENEWS;
    bool own = life_is_own(to.kind, (unsigned)header->kind);
    uint64_t root = kind->root || !kind_is_answer(header) ? entry->seq : own ? to.seq : to.root;
    uint8_t first = life_first(renews ? to.root_kind : (unsigned)header->kind);

    const char *asks = header->sender != NULL ? header->sender->unit : "";
    struct kind_due due = due_of(judge, entry, header, answers ? &to : NULL);

    if (header->in_reply_to != NULL && !answers) {
        fsck_judge_fault(judge, entry->seq, "the message that it answers is not there");
        return AM_OK;
    }
    if (root != entry->root)
        fsck_judge_fault(judge, entry->seq, "its message is kept under another root");
    for (size_t i = 0; i < submitted->n_moves; i++)
        TRY(life_moved(judge, entry, header, submitted->moves[i], due));
    for (size_t i = 0; i < header->n_recipients && first != LIFE(UNSPECIFIED); i++) {
        const Amana__V1__Recipient *recipient = header->recipients[i];
        bool itself = header->sender != NULL && strcmp(recipient->unit, header->sender->unit) == 0;
        if (recipient->part == AMANA__V1__PART__CODE__ACTION && !itself &&
            (!renews || !asked_before(judge, root, recipient->unit)))
            TRY(life_born(judge, entry, asks, root, recipient->unit, first, due));
    }
    for (size_t i = 0; i < header->n_recipients; i++)
        if (kind_asks_confirm((unsigned)header->kind, (unsigned)header->outcome) &&
            (header->sender == NULL || strcmp(header->recipients[i]->unit, header->sender->unit) != 0))
            TRY(life_born(judge, entry, asks, entry->seq, header->recipients[i]->unit, LIFE_CONFIRM_FIRST,
                          (struct kind_due){.answer = kind_confirm_due(entry->time_ns)}));
    return AM_OK;
}

// --- Orders: an ERASURE or a HOLD about each message that it names
static enum am_err order_said(struct fsck_judge *judge, const struct store_judged *entry,
                              const Amana__V1__Pointer *pointer, uint64_t until)
{
    struct store_judged_message named;
    char of[24];

    if (!store_judged_message(entry, pointer, &named)) {
        fsck_judge_fault(judge, entry->seq, "the message that it names is not there");
        return AM_OK;
    }
    snprintf(of, sizeof of, "%" PRIu64, named.seq);
    struct fsck_row *row = fsck_row_get(judge, "order", entry->seq, of, entry->seq);
    if (row == NULL)
        return AM_NOMEM;
    row->clock = until;
    return AM_OK;
}

enum am_err fsck_orders_said(struct fsck_judge *judge, const struct store_judged *entry,
                             const Amana__V1__Header *header)
{
    uint64_t until = header->kind == KIND(HOLD) ? header_time_or_0(header->valid_until) : 0;

    if (!kind_orders((unsigned)header->kind) || header->in_reply_to == NULL)
        return AM_OK;
    TRY(order_said(judge, entry, header->in_reply_to, until));
    for (size_t i = 0; i < header->n_references; i++)
        TRY(order_said(judge, entry, header->references[i], until));
    return AM_OK;
}

enum am_err fsck_order_judge(void *user, const struct journal_order *order)
{
    struct fsck_judge *judge = user;
    char of[24];

    snprintf(of, sizeof of, "%" PRIu64, order->message);
    struct fsck_row *row = fsck_row_find(judge, "order", order->by, of);
    if (row != NULL)
        row->seen = true;
    if (row == NULL || row->clock != order->until)
        fsck_judge_fault(judge, order->message, "what %" PRIu64 " orders about it is not kept as the log says",
                         order->by);
    return AM_OK;
}

enum am_err fsck_life_judge(void *user, const struct journal_life *life)
{
    struct fsck_judge *judge = user;
    struct fsck_row *row = fsck_row_find(judge, "life", life->root, life->recipient);

    if (row == NULL) {
        fsck_judge_fault(judge, life->root, "no entry speaks of the life that %.100s has of it", life->recipient);
        return AM_OK;
    }
    row->seen = true;
    row->ack_due = life->ack_due;
    row->answer_due = life->answer_due;
    if (row->state != life->state)
        fsck_judge_fault(judge, row->seq, "the life that %.100s has is kept as %s, by the log it is %s",
                         life->recipient, life_state_name(life->state), life_state_name(row->state));
    else if (!fsck_when_is(row->state_at, life->state_at) || row->version != life->version ||
             row->flags != life->flags || row->clock != life->clock_seq || strcmp(row->officer, life->officer) != 0)
        fsck_judge_fault(
            judge, row->seq,
            "the life that %.100s has is not kept as the log says: time, clock, what has passed, officer or version",
            life->recipient);
    else if (!due_is(row->ack_said, life->ack_due) || !due_is(row->answer_said, life->answer_due))
        fsck_judge_fault(judge, row->seq, "the life that %.100s has is due at another time than the log says",
                         life->recipient);
    return AM_OK;
}

// --- Deliveries
enum am_err fsck_deliveries_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__SubmittedEntry *submitted = entry->content->submitted;

    for (size_t i = 0; i < submitted->n_delivered_to; i++) {
        struct fsck_row *row = fsck_row_get(judge, "delivery", entry->seq, submitted->delivered_to[i], entry->seq);
        if (row == NULL)
            return AM_NOMEM;
        row->made = entry->seq;
        row->state = AMANA__V1__DELIVERY_STATE__CODE__DELIVERED;
        row->state_at = fsck_when_of(entry);
        row->version = 1;
    }
    return AM_OK;
}

// "amana://UNIT/device/NAME"
static bool unit_of(const char *device, char ret_unit[LIMIT_ADDRESS + 1])
{
    const char *unit = strncmp(device, "amana://", 8) == 0 ? device + 8 : device, *end = strstr(unit, "/device/");

    if (end == NULL || (size_t)(end - unit) > LIMIT_ADDRESS)
        return false;
    strlcpy(ret_unit, unit, (size_t)(end - unit) + 1);
    return true;
}

// How long the clock of its answer had stood still by then.
static struct fsck_when stood_of(struct fsck_judge *judge, const struct store_judged *entry, uint64_t seq,
                                 const char *unit, const struct fsck_row *delivery)
{
    const struct fsck_message *message = fsck_message_find(judge, seq);
    const struct fsck_row *row = fsck_row_find(judge, "life", seq, unit);

    if (message == NULL || message->answer_by != 0 || row == NULL || row->clock != seq)
        return (struct fsck_when){0};
    const struct journal_life life = {
        .state = row->state, .state_at = row->state_at.ns, .answer_due = row->answer_said.ns};
    return (struct fsck_when){
        life_stood(message->kind, &life, message->urgency, 0, delivery->state_at.ns, entry->time_ns),
        entry->time_kept || delivery->state_at.or_before || row->state_at.or_before || row->answer_said.or_before};
}

enum am_err fsck_retrieved_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__RetrievedEntry *retrieved = entry->content->retrieved;
    Amana__V1__Retrieved *statement;
    char unit[LIMIT_ADDRESS + 1];
    enum am_err err = codec_decode(&amana__v1__retrieved__descriptor, CODEC_LENIENT, codec_bytes(retrieved->statement),
                                   &judge->arena, NULL, (ProtobufCMessage **)&statement);

    if (err == AM_NOMEM)
        return err;
    if (err != AM_OK || !unit_of(retrieved->device, unit)) {
        fsck_judge_fault(judge, entry->seq, "its statement can't be read");
        return AM_OK;
    }
    for (size_t i = 0; i < statement->n_messages; i++) {
        struct fsck_row *row = fsck_row_find(judge, "delivery", statement->messages[i]->seq, unit);
        // It is about those alone that still waited for this device.
        if (row == NULL || row->state == AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED ||
            !store_judged_about(entry, statement->messages[i]->seq))
            continue;
        row->seq = entry->seq;
        row->state = AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED;
        row->retrieved_at = fsck_when_of(entry);
        row->stood = stood_of(judge, entry, statement->messages[i]->seq, unit, row);
        row->version++;
    }
    return AM_OK;
}

enum am_err fsck_delivery_judge(void *user, const struct journal_delivery *delivery)
{
    struct fsck_judge *judge = user;
    struct fsck_row *row = fsck_row_find(judge, "delivery", delivery->seq, delivery->recipient);

    if (row == NULL) {
        fsck_judge_fault(judge, delivery->seq, "no entry speaks of its delivery to %.100s", delivery->recipient);
        return AM_OK;
    }
    row->seen = true;
    if (row->state != delivery->state || row->flags != delivery->flags || row->version != delivery->version ||
        !fsck_when_is(row->state_at, delivery->delivered_at) ||
        !fsck_when_is(row->retrieved_at, delivery->retrieved_at) ||
        (row->stood.ns != delivery->stood_ns && !row->stood.or_before))
        fsck_judge_fault(judge, delivery->seq, "its delivery to %.100s is not kept as the log says",
                         delivery->recipient);
    return AM_OK;
}
