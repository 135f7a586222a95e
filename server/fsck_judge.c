// SPDX-License-Identifier: Apache-2.0
// Entries come first and say what each row must be; then the rows come and are compared.
#include "server/fsck_judge.h"

#include "proto/codec/codec.h"
#include "proto/model/deadline.h"
#include "proto/model/header.h"
#include "proto/model/life.h"
#include "server/hub/hub.h"
#include "server/net/roster_rows.h"

#define HASH_NONFATAL_OOM 1 // a failed HASH_ADD leaves hh.tbl NULL
#include <uthash.h>

#include <bsd/string.h>
#include <endian.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JUDGE_MEMORY (16u << 20) // one header, record or roster, decoded
#define KEY_MAX      (LIMIT_ADDRESS + 64u)
#define UNITS_SAID   200u // bytes of a role, its revision and languages

// A time that an entry gives its rows. An entry's time is never before that of the one before it, and where it is the
// same the hub may have meant an earlier one.
struct when {
    uint64_t ns;
    bool or_before;
};

struct row {
    UT_hash_handle hh;
    uint64_t seq; // of the entry that spoke of it last
    bool seen;
    bool expected;      // release: its deadline stands in the table
    uint64_t lapses[2]; // lapses: seqs, the older first
    // Life, delivery.
    uint8_t state, flags;
    uint32_t version;
    uint64_t ack_due, answer_due;      // as the row has them
    struct when ack_said, answer_said; // as the log gives them
    uint64_t clock;
    struct when state_at, retrieved_at;
    char officer[LIMIT_URI + 1];
    // Records.
    uint8_t digest[32];
    size_t digest_len;
    char words[UNITS_SAID];
    char key[];
};

// A message as its clocks see it: their rows are those of its lives and deliveries.
struct message {
    UT_hash_handle hh;
    uint64_t seq, root, first; // `first`: the earliest of its deadlines, 0: none
    uint64_t review_at, retain_until, valid_until;
    uint8_t kind, urgency;
    bool fixed, ended,
        review; // ended: by a later version, or a CANCEL; review: it stands in the table, or has been told
    size_t n;
    struct row *deliveries[];
};

// The versions of a root.
struct chain {
    UT_hash_handle hh;
    struct journal_chain said;
    uint64_t seq; // of the entry that spoke of it last
    bool seen;
};

struct fsck_judge {
    void (*found)(void *user, uint64_t seq, const char *what);
    void *user;
    struct arena arena;
    struct row *rows;
    struct log_verifier verifier;
    bool has_verifier;
    struct message *messages;
    struct chain *chains;
    uint64_t last_time; // of an entry
};

// --- Saying and keeping
__attribute__((format(printf, 3, 4))) static void fault(struct fsck_judge *judge, uint64_t seq, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    judge->found(judge->user, seq, text);
}

static void key_make(char key[KEY_MAX], const char *table, uint64_t number, const char *name)
{
    snprintf(key, KEY_MAX, "%s %" PRIu64 " of %s", table, number, name);
}

static struct row *row_find(struct fsck_judge *judge, const char *table, uint64_t number, const char *name)
{
    char key[KEY_MAX];
    struct row *row;

    key_make(key, table, number, name);
    HASH_FIND_STR(judge->rows, key, row);
    return row;
}

static struct row *row_get(struct fsck_judge *judge, const char *table, uint64_t number, const char *name, uint64_t seq)
{
    char key[KEY_MAX];
    struct row *row = row_find(judge, table, number, name);

    if (row == NULL) {
        key_make(key, table, number, name);
        row = calloc(1, sizeof *row + strlen(key) + 1);
        if (row == NULL)
            return NULL;
        strcpy(row->key, key);
        HASH_ADD_STR(judge->rows, key, row);
        if (row->hh.tbl == NULL) {
            free(row);
            return NULL;
        }
    }
    row->seq = seq;
    return row;
}

static bool when_is(struct when said, uint64_t ns)
{
    return ns == said.ns || (said.or_before && ns < said.ns);
}

static struct when when_of(const struct store_judged *entry)
{
    return (struct when){entry->time_ns, entry->time_kept};
}

static enum am_err digest_said(struct fsck_judge *judge, const struct store_judged *entry, const char *table,
                               uint64_t number, const char *name, ProtobufCBinaryData digest)
{
    struct row *row = row_get(judge, table, number, name, entry->seq);

    if (row == NULL)
        return AM_NOMEM;
    row->digest_len = digest.len <= sizeof row->digest ? digest.len : 0;
    if (row->digest_len > 0)
        memcpy(row->digest, digest.data, row->digest_len);
    return AM_OK;
}

static bool digest_is(const struct row *row, const uint8_t *digest, size_t len)
{
    return row->digest_len == len && (len == 0 || memcmp(row->digest, digest, len) == 0);
}

static struct message *message_find(struct fsck_judge *judge, uint64_t seq)
{
    struct message *message;

    HASH_FIND(hh, judge->messages, &seq, sizeof seq, message);
    return message;
}

static struct chain *chain_find(struct fsck_judge *judge, uint64_t root)
{
    struct chain *chain;

    HASH_FIND(hh, judge->chains, &root, sizeof root, chain);
    return chain;
}

// --- Lives

// Where the times are not known exactly, only that there is one.
static bool due_is(struct when said, uint64_t kept)
{
    return kept == said.ns || (said.or_before && said.ns != 0 && kept != 0);
}

static void life_clocked(struct row *row, const struct store_judged *entry, struct kind_due due)
{
    row->flags = 0;
    row->clock = entry->seq;
    row->officer[0] = '\0';
    row->ack_said = (struct when){due.ack, entry->time_kept};
    row->answer_said = (struct when){due.answer, entry->time_kept};
}

static enum am_err life_born(struct fsck_judge *judge, const struct store_judged *entry, uint64_t root,
                             const char *recipient, uint8_t state, struct kind_due due)
{
    struct row *row = row_get(judge, "life", root, recipient, entry->seq);

    if (row == NULL)
        return AM_NOMEM;
    row->state = state;
    row->version++; // 1, or after what a version before had begun
    row->state_at = when_of(entry);
    life_clocked(row, entry, due);
    return AM_OK;
}

// What ends a pause gives it back.
static void life_resumed(struct row *row, const struct store_judged *entry)
{
    if (!life_clock_stands(row->state) || row->answer_said.ns == 0)
        return;
    row->answer_said.ns += entry->time_ns - row->state_at.ns;
    row->answer_said.or_before |= row->state_at.or_before || entry->time_kept;
}

static void life_moved(struct fsck_judge *judge, const struct store_judged *entry, const Amana__V1__Header *header,
                       const Amana__V1__Move *move, struct kind_due due)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    struct store_judged_message root = {0};
    struct row *row = NULL;

    if (move->root != NULL && store_judged_message(entry, codec_bytes(move->root->header_digest), &root))
        row = row_find(judge, "life", root.seq, move->recipient);
    if (row == NULL || row->state != move->from) {
        fault(judge, entry->seq, "it moves the life of %.100s from a state that it is not in", move->recipient);
        return;
    }
    life_resumed(row, entry);
    row->seq = entry->seq;
    row->state = (uint8_t)move->to;
    row->state_at = when_of(entry);
    row->version++;
    if (kind->chain != CHAIN_NONE) {
        life_clocked(row, entry, due);
    } else if (header->sender != NULL && strcmp(move->recipient, header->sender->unit) == 0) {
        strlcpy(row->officer, header->officer, sizeof row->officer);
    }
}

static struct kind_due due_of(struct fsck_judge *judge, const struct store_judged *entry,
                              const Amana__V1__Header *header, const struct store_judged_message *to)
{
    const struct chain *chain = to != NULL ? chain_find(judge, to->root) : NULL;
    const struct message *answered = to != NULL ? message_find(judge, to->seq) : NULL;
    unsigned target = chain != NULL ? chain->said.urgency : answered != NULL ? answered->urgency : 0;

    return kind_due((unsigned)header->kind, (unsigned)header->urgency, target, header_time_or_0(header->answer_by),
                    entry->time_ns);
}

// Was the version before addressed to this unit?
static bool had_before(struct fsck_judge *judge, uint64_t root, const char *unit)
{
    const struct chain *chain = chain_find(judge, root);
    const struct message *newest = chain != NULL ? message_find(judge, chain->said.newest) : NULL;

    for (size_t i = 0; newest != NULL && i < newest->n; i++)
        if (strcmp(strstr(newest->deliveries[i]->key, " of ") + 4, unit) == 0)
            return true;
    return false;
}

static enum am_err lives_said(struct fsck_judge *judge, const struct store_judged *entry,
                              const Amana__V1__Header *header)
{
    const Amana__V1__SubmittedEntry *submitted = entry->content->submitted;
    const struct kind *kind = kind_get((unsigned)header->kind);
    struct store_judged_message to = {0};
    bool answers = header->in_reply_to != NULL &&
                   store_judged_message(entry, codec_bytes(header->in_reply_to->header_digest), &to);
    bool renews = kind->chain == CHAIN_RENEWS;
    bool own = life_is_own(to.kind, (unsigned)header->kind);
    uint64_t root = kind->root || !kind_is_answer(header) ? entry->seq : own ? to.seq : to.root;
    uint8_t first = life_first(renews ? to.root_kind : (unsigned)header->kind);

    struct kind_due due = due_of(judge, entry, header, answers ? &to : NULL);

    if (header->in_reply_to != NULL && !answers) {
        fault(judge, entry->seq, "the message that it answers is not there");
        return AM_OK;
    }
    if (root != entry->root)
        fault(judge, entry->seq, "its message is kept under another root");
    for (size_t i = 0; i < submitted->n_moves; i++)
        life_moved(judge, entry, header, submitted->moves[i], due);
    for (size_t i = 0; i < header->n_recipients && first != LIFE(UNSPECIFIED); i++) {
        const Amana__V1__Recipient *recipient = header->recipients[i];
        if (recipient->part == AMANA__V1__PART__CODE__ACTION && (!renews || !had_before(judge, root, recipient->unit)))
            TRY(life_born(judge, entry, root, recipient->unit, first, due));
    }
    for (size_t i = 0; i < header->n_recipients; i++)
        if (kind_asks_confirm((unsigned)header->kind, (unsigned)header->outcome))
            TRY(life_born(judge, entry, entry->seq, header->recipients[i]->unit, LIFE_CONFIRM_FIRST,
                          (struct kind_due){.answer = kind_confirm_due(entry->time_ns)}));
    return AM_OK;
}

// --- Orders: an ERASURE or a HOLD about each message that it names
static enum am_err order_said(struct fsck_judge *judge, const struct store_judged *entry,
                              const Amana__V1__Pointer *pointer, uint64_t until)
{
    struct store_judged_message named;
    char of[24];

    if (!store_judged_message(entry, codec_bytes(pointer->header_digest), &named)) {
        fault(judge, entry->seq, "the message that it names is not there");
        return AM_OK;
    }
    snprintf(of, sizeof of, "%" PRIu64, named.seq);
    struct row *row = row_get(judge, "order", entry->seq, of, entry->seq);
    if (row == NULL)
        return AM_NOMEM;
    row->clock = until;
    return AM_OK;
}

static enum am_err orders_said(struct fsck_judge *judge, const struct store_judged *entry,
                               const Amana__V1__Header *header)
{
    uint64_t until = header->kind == KIND(HOLD) ? header_time_or_0(header->valid_until) : 0;

    if (!hub_orders((unsigned)header->kind) || header->in_reply_to == NULL)
        return AM_OK;
    TRY(order_said(judge, entry, header->in_reply_to, until));
    for (size_t i = 0; i < header->n_references; i++)
        TRY(order_said(judge, entry, header->references[i], until));
    return AM_OK;
}

static enum am_err order_judge(void *user, const struct journal_order *order)
{
    struct fsck_judge *judge = user;
    char of[24];

    snprintf(of, sizeof of, "%" PRIu64, order->message);
    struct row *row = row_find(judge, "order", order->by, of);
    if (row != NULL)
        row->seen = true;
    if (row == NULL || row->clock != order->until)
        fault(judge, order->message, "what %" PRIu64 " orders about it is not kept as the log says", order->by);
    return AM_OK;
}

static enum am_err life_judge(void *user, const struct journal_life *life)
{
    struct fsck_judge *judge = user;
    struct row *row = row_find(judge, "life", life->root, life->recipient);

    if (row == NULL) {
        fault(judge, life->root, "no entry speaks of the life that %.100s has of it", life->recipient);
        return AM_OK;
    }
    row->seen = true;
    row->ack_due = life->ack_due;
    row->answer_due = life->answer_due;
    if (row->state != life->state)
        fault(judge, row->seq, "the life that %.100s has is kept as %s, by the log it is %s", life->recipient,
              life_state_name(life->state), life_state_name(row->state));
    else if (!when_is(row->state_at, life->state_at) || row->version != life->version || row->flags != life->flags ||
             row->clock != life->clock_seq || strcmp(row->officer, life->officer) != 0)
        fault(judge, row->seq,
              "the life that %.100s has is not kept as the log says: time, clock, what has passed, officer or version",
              life->recipient);
    else if (!due_is(row->ack_said, life->ack_due) || !due_is(row->answer_said, life->answer_due))
        fault(judge, row->seq, "the life that %.100s has is due at another time than the log says", life->recipient);
    return AM_OK;
}

// --- Deliveries
static enum am_err deliveries_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__SubmittedEntry *submitted = entry->content->submitted;

    for (size_t i = 0; i < submitted->n_delivered_to; i++) {
        struct row *row = row_get(judge, "delivery", entry->seq, submitted->delivered_to[i], entry->seq);
        if (row == NULL)
            return AM_NOMEM;
        row->state = AMANA__V1__DELIVERY_STATE__CODE__DELIVERED;
        row->state_at = when_of(entry);
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

static enum am_err retrieved_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__RetrievedEntry *retrieved = entry->content->retrieved;
    Amana__V1__Retrieved *statement;
    char unit[LIMIT_ADDRESS + 1];
    enum am_err err = codec_decode(&amana__v1__retrieved__descriptor, CODEC_LENIENT, codec_bytes(retrieved->statement),
                                   &judge->arena, NULL, (ProtobufCMessage **)&statement);

    if (err == AM_NOMEM)
        return err;
    if (err != AM_OK || !unit_of(retrieved->device, unit)) {
        fault(judge, entry->seq, "its statement can't be read");
        return AM_OK;
    }
    for (size_t i = 0; i < statement->n_messages; i++) {
        struct row *row = row_find(judge, "delivery", statement->messages[i]->seq, unit);
        // It is about those alone that still waited for this device.
        if (row == NULL || row->state == AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED ||
            !store_judged_about(entry, statement->messages[i]->seq))
            continue;
        row->seq = entry->seq;
        row->state = AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED;
        row->retrieved_at = when_of(entry);
        row->version++;
    }
    return AM_OK;
}

static enum am_err delivery_judge(void *user, const struct journal_delivery *delivery)
{
    struct fsck_judge *judge = user;
    struct row *row = row_find(judge, "delivery", delivery->seq, delivery->recipient);

    if (row == NULL) {
        fault(judge, delivery->seq, "no entry speaks of its delivery to %.100s", delivery->recipient);
        return AM_OK;
    }
    row->seen = true;
    if (row->state != delivery->state || row->flags != delivery->flags || row->version != delivery->version ||
        !when_is(row->state_at, delivery->delivered_at) || !when_is(row->retrieved_at, delivery->retrieved_at))
        fault(judge, delivery->seq, "its delivery to %.100s is not kept as the log says", delivery->recipient);
    return AM_OK;
}

// --- Second persons
static enum am_err release_born(struct fsck_judge *judge, const struct store_judged *entry, const char *sender)
{
    struct row *row = row_get(judge, "release", entry->seq, "", entry->seq);

    if (row == NULL)
        return AM_NOMEM;
    row->state = AMANA__V1__RELEASE_STATE__CODE__PENDING_RELEASE;
    strlcpy(row->words, sender, sizeof row->words);
    row->state_at = when_of(entry);
    row->version = 1;
    return AM_OK;
}

static enum am_err release_moved(struct fsck_judge *judge, const struct store_judged *entry, uint64_t parked,
                                 uint8_t state, const char *officer)
{
    struct row *row = row_find(judge, "release", parked, "");

    if (row == NULL) {
        fault(judge, entry->seq, "it is about entry %" PRIu64 ", which waits for no second person", parked);
        return AM_OK;
    }
    row->seq = entry->seq;
    row->state = state;
    row->state_at = when_of(entry);
    row->version++;
    strlcpy(row->officer, officer, sizeof row->officer);
    return AM_OK;
}

// Its sender left it unsigned: the row's words name it.
static enum am_err lapse_said(struct fsck_judge *judge, const struct store_judged *entry, uint64_t sent)
{
    struct row *release = row_find(judge, "release", sent, ""), *row;

    if (release == NULL)
        return AM_OK; // told by release_moved
    row = row_get(judge, "lapses", 0, release->words, entry->seq);
    if (row == NULL)
        return AM_NOMEM;
    row->lapses[0] = row->lapses[1];
    row->lapses[1] = sent;
    return AM_OK;
}

static enum am_err returned_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__ReturnedEntry *said = entry->content->returned;
    Amana__V1__Returned *statement;

    if (said->lapsed) {
        if (said->deferred)
            TRY(lapse_said(judge, entry, said->parked));
        return release_moved(judge, entry, said->parked, AMANA__V1__RELEASE_STATE__CODE__LAPSED, "");
    }
    enum am_err err = codec_decode(&amana__v1__returned__descriptor, CODEC_LENIENT, codec_bytes(said->statement),
                                   &judge->arena, NULL, (ProtobufCMessage **)&statement);
    if (err == AM_NOMEM)
        return err;
    if (err != AM_OK) {
        fault(judge, entry->seq, "its statement can't be read");
        return AM_OK;
    }
    return release_moved(judge, entry, said->parked, AMANA__V1__RELEASE_STATE__CODE__RETURNED, statement->officer);
}

static enum am_err release_judge(void *user, const struct journal_release *release)
{
    struct fsck_judge *judge = user;
    struct row *row = row_find(judge, "release", release->seq, "");

    if (row == NULL) {
        fault(judge, release->seq, "no entry says that it waits for a second person");
        return AM_OK;
    }
    row->seen = true;
    if (row->state != release->state || row->version != release->version ||
        !when_is(row->state_at, release->state_at) || strcmp(row->officer, release->officer) != 0)
        fault(judge, row->seq, "how it stands with its second person is not kept as the log says");
    return AM_OK;
}

// --- Messages and their deadlines
static enum am_err reviewed(struct fsck_judge *judge, uint64_t seq)
{
    struct message *message = message_find(judge, seq);

    if (message != NULL)
        message->review = true;
    return AM_OK;
}

// --- The versions of a root
static struct chain *chain_get(struct fsck_judge *judge, uint64_t root)
{
    struct chain *chain = chain_find(judge, root);

    if (chain != NULL)
        return chain;
    chain = calloc(1, sizeof *chain);
    if (chain == NULL)
        return NULL;
    chain->said.root = root;
    HASH_ADD(hh, judge->chains, said.root, sizeof chain->said.root, chain);
    if (chain->hh.tbl == NULL) {
        free(chain);
        return NULL;
    }
    return chain;
}

// A newer version, or the end, of what the version before began.
static enum am_err version_said(struct fsck_judge *judge, const struct message *message, bool ends)
{
    struct chain *chain = chain_get(judge, message->root);

    if (chain == NULL)
        return AM_NOMEM;
    struct message *before = chain->said.version > 0 ? message_find(judge, chain->said.clock) : NULL;
    if (before != NULL)
        before->ended = true;
    chain->seq = message->seq;
    chain->said.version++;
    chain->said.clock = message->seq;
    chain->said.cancelled |= ends;
    if (ends)
        return AM_OK;
    chain->said.newest = message->seq;
    chain->said.valid_until = message->valid_until;
    chain->said.urgency = message->urgency;
    return AM_OK;
}

static enum am_err chain_judge(void *user, const struct journal_chain *kept)
{
    struct fsck_judge *judge = user;
    struct chain *chain = chain_find(judge, kept->root);

    if (chain == NULL) {
        fault(judge, kept->root, "no entry speaks of the versions that are kept of it");
        return AM_OK;
    }
    const struct journal_chain *said = &chain->said;
    chain->seen = true;
    if (said->version != kept->version || said->newest != kept->newest || said->clock != kept->clock ||
        said->valid_until != kept->valid_until || said->urgency != kept->urgency || said->cancelled != kept->cancelled)
        fault(judge, chain->seq,
              "the row of its versions is not kept as the log says: the newest, clock, end, urgency, cancelled or "
              "version");
    return AM_OK;
}

static enum am_err message_said(struct fsck_judge *judge, const struct store_judged *entry,
                                const Amana__V1__Header *header)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    struct message *message = calloc(1, sizeof *message + header->n_recipients * sizeof(struct row *));

    if (message == NULL)
        return AM_NOMEM;
    message->seq = entry->seq;
    message->root = entry->root;
    message->kind = (uint8_t)header->kind;
    message->urgency = (uint8_t)header->urgency;
    message->fixed = header->answer_by != NULL;
    message->review_at = header_time_or_0(header->review_at);
    message->retain_until = header_time_or_0(header->retain_until);
    message->valid_until = header_time_or_0(header->valid_until);
    message->ended = kind->chain != CHAIN_BEGINS && kind->chain != CHAIN_RENEWS;
    for (size_t i = 0; i < header->n_recipients; i++) {
        struct row *row = row_find(judge, "delivery", entry->seq, header->recipients[i]->unit);
        if (row != NULL)
            message->deliveries[message->n++] = row;
    }
    HASH_ADD(hh, judge->messages, seq, sizeof message->seq, message);
    if (message->hh.tbl == NULL) {
        free(message);
        return AM_NOMEM;
    }
    return kind->chain != CHAIN_NONE ? version_said(judge, message, kind->chain == CHAIN_ENDS) : AM_OK;
}

static enum am_err deadline_judge(void *user, const struct journal_deadline *deadline)
{
    struct fsck_judge *judge = user;
    struct message *message = message_find(judge, deadline->subject);
    bool of_release = deadline->kind == DEADLINE_RELEASE || deadline->kind == DEADLINE_RING;
    struct row *release = of_release ? row_find(judge, "release", deadline->subject, "") : NULL;

    if (of_release) {
        if (release == NULL)
            fault(judge, deadline->subject, "a deadline stands in the table and it waits for no second person");
        else
            release->expected |= deadline->kind == DEADLINE_RELEASE;
        return AM_OK;
    }
    if (message == NULL)
        fault(judge, deadline->subject, "a deadline stands in the table and it is no message");
    else if (deadline->kind == DEADLINE_REVIEW)
        message->review = true;
    else if (message->first == 0 || deadline->at < message->first)
        message->first = deadline->at;
    return AM_OK;
}

static void clock_life_fill(struct fsck_judge *judge, const struct message *message, uint64_t root, const char *unit,
                            struct clock_life *ret_life)
{
    struct row *row = row_find(judge, "life", root, unit);
    struct message *begun = message_find(judge, root);

    if (row == NULL || begun == NULL || row->clock != message->seq)
        return;
    *ret_life = (struct clock_life){.there = true,
                                    .root_kind = begun->kind,
                                    .life = {.state = row->state,
                                             .flags = row->flags,
                                             .ack_due = row->ack_due,
                                             .answer_due = row->answer_due,
                                             .officer = row->officer}};
}

// When its next clock runs out, by the rows that the log bears out.
static uint64_t clocks_next(struct fsck_judge *judge, const struct message *message)
{
    struct clock_party parties[LIMIT_RECIPIENTS] = {0};
    struct clock_message clocks = {.seq = message->seq,
                                   .urgency = message->urgency,
                                   .fixed = message->fixed,
                                   .valid_until = message->ended ? 0 : message->valid_until,
                                   .retain_until = message->retain_until,
                                   .n = message->n,
                                   .parties = parties};

    for (size_t i = 0; i < message->n; i++) {
        const struct row *row = message->deliveries[i];
        const char *unit = strstr(row->key, " of ") + 4;
        parties[i].unit = unit;
        parties[i].has_delivery = true;
        parties[i].delivery = (struct journal_delivery){.state = row->state,
                                                        .flags = row->flags,
                                                        .delivered_at = row->state_at.ns,
                                                        .retrieved_at = row->retrieved_at.ns};
        clock_life_fill(judge, message, message->root, unit, &parties[i].lives[0]);
        if (message->root != message->seq)
            clock_life_fill(judge, message, message->seq, unit, &parties[i].lives[1]);
    }
    return clock_next(&clocks);
}

static void clocks_judge(struct fsck_judge *judge, const struct message *message)
{
    uint64_t next = clocks_next(judge, message);
    uint64_t wanted = next != 0 ? next : message->retain_until;

    if (message->first == 0 ? wanted > judge->last_time : message->first > wanted && wanted > judge->last_time)
        fault(judge, message->seq, "its next deadline is missing in the table, or stands too late");
    if (message->review_at != 0 && !message->review)
        fault(judge, message->seq, "the day to review it is missing in the table of deadlines");
}

// --- What the clock did
static enum am_err evidence_said(struct fsck_judge *judge, const struct store_judged *entry,
                                 const Amana__V1__DeliveryEvidence *evidence, enum clock_kind clock)
{
    struct store_judged_message message;
    bool there = evidence->message != NULL &&
                 store_judged_message(entry, codec_bytes(evidence->message->header_digest), &message);

    for (size_t i = 0; i < evidence->n_recipients; i++) {
        struct row *row = there ? row_find(judge, "delivery", message.seq, evidence->recipients[i]) : NULL;
        if (row == NULL || (row->flags & DELIVERY_PASSED(clock)) != 0) {
            fault(judge, entry->seq, "it is about no delivery to %.100s, or says it again", evidence->recipients[i]);
            continue;
        }
        row->flags |= DELIVERY_PASSED(clock);
        row->version++;
    }
    return AM_OK;
}

static uint8_t clock_bit(const Amana__V1__DeadlineClock *clock)
{
    bool answer = clock->what == AMANA__V1__DEADLINE_OF__CODE__ANSWER;
    bool retrieved = clock->from == AMANA__V1__CLOCK_FROM__CODE__RETRIEVAL;

    if (clock->again)
        return LIFE_PASSED(answer ? CLOCK_ANSWER_AGAIN : CLOCK_ACK_AGAIN);
    if (answer)
        return LIFE_PASSED(retrieved ? CLOCK_ANSWER_RETRIEVED : CLOCK_ANSWER);
    return LIFE_PASSED(retrieved ? CLOCK_ACK_RETRIEVED : CLOCK_ACK);
}

// The life whose clock the message began: of its root, or its own.
static struct row *clocked_life(struct fsck_judge *judge, const struct store_judged_message *message, const char *unit)
{
    struct row *row = row_find(judge, "life", message->root, unit);

    if (row != NULL && row->clock == message->seq)
        return row;
    return row_find(judge, "life", message->seq, unit);
}

static enum am_err deadline_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__DeadlineEntry *deadline = entry->content->deadline;
    struct store_judged_message message;
    struct row *row = NULL;

    if (deadline->met_by != NULL ||
        (deadline->n_clocks == 1 && deadline->clocks[0]->what == AMANA__V1__DEADLINE_OF__CODE__RELEASE))
        return AM_OK; // met; or it rang for a second person: nothing has moved
    if (deadline->message == NULL ||
        !store_judged_message(entry, codec_bytes(deadline->message->header_digest), &message)) {
        fault(judge, entry->seq, "it is about no message");
        return AM_OK;
    }
    if (deadline->recipient[0] == '\0')
        return reviewed(judge, message.seq);
    row = clocked_life(judge, &message, deadline->recipient);
    if (row == NULL) {
        fault(judge, entry->seq, "it is about no life that %.100s has", deadline->recipient);
        return AM_OK;
    }
    for (size_t i = 0; i < deadline->n_clocks; i++)
        row->flags |= clock_bit(deadline->clocks[i]);
    row->version++;
    return AM_OK;
}

static enum am_err state_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__StateEntry *state = entry->content->state;
    struct store_judged_message message;
    struct row *row;

    if (state->message == NULL || !store_judged_message(entry, codec_bytes(state->message->header_digest), &message)) {
        fault(judge, entry->seq, "it is about no message");
        return AM_OK;
    }
    for (size_t i = 0; i < state->n_moves; i++) {
        row = row_find(judge, "life", message.seq, state->moves[i]->recipient);
        if (row == NULL || row->state != state->moves[i]->from) {
            fault(judge, entry->seq, "it moves the life of %.100s from a state that it is not in",
                  state->moves[i]->recipient);
            continue;
        }
        row->state = (uint8_t)state->moves[i]->to;
        row->state_at = when_of(entry);
        row->version++;
    }
    for (size_t i = 0; i < state->n_undelivered; i++) {
        row = row_find(judge, "delivery", message.seq, state->undelivered[i]);
        if (row == NULL || row->state == AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED) {
            fault(judge, entry->seq, "it ends no delivery to %.100s", state->undelivered[i]);
            continue;
        }
        row->state = AMANA__V1__DELIVERY_STATE__CODE__EXPIRED;
        row->version++;
    }
    return AM_OK;
}

// --- Members, grants, rosters, trust, policy
static void words_of(const char *role, uint64_t revision, char *const *languages, size_t n, const char *const reach[4],
                     char ret_words[UNITS_SAID])
{
    snprintf(ret_words, UNITS_SAID, "%s %" PRIu64 " %s|%s|%s|%s", role, revision, reach[0], reach[1], reach[2],
             reach[3]);
    for (size_t i = 0; i < n; i++) {
        strlcat(ret_words, " ", UNITS_SAID);
        strlcat(ret_words, languages[i], UNITS_SAID);
    }
}

static enum am_err member_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__MemberEntry *member = entry->content->member;
    struct row *row = row_get(judge, "member", 0, member->unit, entry->seq);

    if (row == NULL)
        return AM_NOMEM;
    const char *const reach[] = {member->hours, member->telephone, member->deputy, member->successor};
    words_of(member->role, member->revision, member->languages, member->n_languages, reach, row->words);
    return AM_OK;
}

static enum am_err grants_judge(struct fsck_judge *judge, const struct row *member, const char *unit,
                                const Amana__V1__MemberRecord *record)
{
    uint8_t digest[32];
    struct row *row = row_find(judge, "grants", 0, unit);
    char *text = hub_grants_text(record);

    if (text == NULL)
        return AM_NOMEM;
    size_t len = strlen(text);
    enum am_err err = log_sha256((struct am_bytes){(const uint8_t *)text, len}, digest);
    free(text);
    TRY(err);
    if (row != NULL)
        row->seen = true;
    if (row == NULL ? len > 0 : !digest_is(row, digest, len > 0 ? sizeof digest : 0))
        fault(judge, row != NULL ? row->seq : member->seq, "the grants of %.100s are not kept as the log says", unit);
    return AM_OK;
}

static enum am_err member_judge(struct fsck_judge *judge, const struct journal_record *record)
{
    Amana__V1__MemberRecord *member;
    char words[UNITS_SAID];
    struct row *row = row_find(judge, "member", 0, record->key);
    enum am_err err = codec_decode(&amana__v1__member_record__descriptor, CODEC_LENIENT, record->value, &judge->arena,
                                   NULL, (ProtobufCMessage **)&member);

    if (err == AM_NOMEM)
        return err;
    if (row == NULL || err != AM_OK) {
        fault(judge, row != NULL ? row->seq : JOURNAL_NONE, "the row of the member %.100s %s", record->key,
              row != NULL ? "can't be read" : "is of no entry");
        return AM_OK;
    }
    row->seen = true;
    const char *const reach[] = {member->hours, member->telephone, member->deputy, member->successor};
    words_of(member->role, member->revision, member->languages, member->n_languages, reach, words);
    if (strcmp(member->unit, record->key) != 0 || strcmp(words, row->words) != 0)
        fault(judge, row->seq, "the member %.100s is not kept as the log says", record->key);
    return grants_judge(judge, row, record->key, member);
}

static enum am_err roster_judge(struct fsck_judge *judge, const struct journal_record *record)
{
    struct row *row = row_find(judge, "roster", record->number, record->key);
    struct roster *roster;
    struct am_detail detail = {0};
    enum am_err err = roster_from_record(record->value, &detail, &roster);

    if (err == AM_NOMEM)
        return err;
    if (row != NULL)
        row->seen = true;
    if (err != AM_OK)
        fault(judge, row != NULL ? row->seq : JOURNAL_NONE, "the roster %" PRIu64 " of %.80s can't be read: %.80s",
              record->number, record->key, detail.text);
    else if (row == NULL || strcmp(roster->unit, record->key) != 0 || roster->number != record->number ||
             !digest_is(row, roster->digest, sizeof roster->digest))
        fault(judge, row != NULL ? row->seq : JOURNAL_NONE, "the roster %" PRIu64 " of %.80s is not that of the log",
              record->number, record->key);
    if (err == AM_OK)
        roster_unref(roster);
    return AM_OK;
}

static enum am_err digest_judge(struct fsck_judge *judge, const struct journal_record *record, const char *table)
{
    struct row *row = row_find(judge, table, 0, "the hub");

    if (row != NULL)
        row->seen = true;
    if (row == NULL || !digest_is(row, record->value.data, record->value.len))
        fault(judge, row != NULL ? row->seq : JOURNAL_NONE, "the digest of the hub's %s is not that of the log", table);
    return AM_OK;
}

static enum am_err lapses_judge(struct fsck_judge *judge, const struct journal_record *record)
{
    struct row *row = row_find(judge, "lapses", 0, record->key);

    if (row != NULL)
        row->seen = true;
    for (size_t i = 0; row != NULL && record->value.len == JOURNAL_LAPSES && i < AM_LEN(row->lapses); i++) {
        uint64_t seq;
        memcpy(&seq, record->value.data + 16 * i, sizeof seq);
        if (be64toh(seq) != row->lapses[i])
            row = NULL;
        if (row == NULL)
            break;
    }
    if (row == NULL || record->value.len != JOURNAL_LAPSES)
        fault(judge, JOURNAL_NONE, "what %.100s left unsigned is not kept as the log says", record->key);
    return AM_OK;
}

static enum am_err record_judge(void *user, const struct journal_record *record)
{
    struct fsck_judge *judge = user;

    arena_reset(&judge->arena);
    switch (record->kind) {
    case JOURNAL_RECORD_MEMBER: return member_judge(judge, record);
    case JOURNAL_RECORD_ROSTER: return roster_judge(judge, record);
    case JOURNAL_RECORD_TRUST: return digest_judge(judge, record, "trust");
    case JOURNAL_RECORD_POLICY: return digest_judge(judge, record, "policy");
    case JOURNAL_RECORD_LAPSES: return lapses_judge(judge, record);
    default: fault(judge, JOURNAL_NONE, "there is a record of no known kind: %u", record->kind); return AM_OK;
    }
}

// --- Checkpoints
static enum am_err genesis_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    struct am_detail detail;

    if (entry->seq != 0 || judge->has_verifier)
        return AM_OK;
    judge->has_verifier = log_verifier_parse(entry->content->genesis->log_key, &detail, &judge->verifier) == AM_OK;
    return AM_OK;
}

static enum am_err checkpoint_judge(void *user, const struct log_checkpoint *checkpoint)
{
    struct fsck_judge *judge = user;
    enum am_err err = judge->has_verifier ? log_checkpoint_verify(&judge->verifier, checkpoint) : AM_SIGNATURE;

    if (err != AM_OK && err != AM_SIGNATURE)
        return err;
    if (err == AM_SIGNATURE)
        fault(judge, JOURNAL_NONE, "the signature of the checkpoint of %" PRIu64 " entries is not the log key's",
              checkpoint->size);
    return AM_OK;
}

// --- Entries
static enum am_err submitted_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    Amana__V1__Header *header;
    enum am_err err = codec_decode(&amana__v1__header__descriptor, CODEC_LENIENT, entry->header, &judge->arena, NULL,
                                   (ProtobufCMessage **)&header);

    if (err == AM_NOMEM)
        return err;
    TRY(deliveries_said(judge, entry));
    if (err != AM_OK || kind_get((unsigned)header->kind) == NULL) {
        fault(judge, entry->seq, "the header of its message can't be read");
        return AM_OK;
    }
    if (header->release == AMANA__V1__RELEASE__CODE__DEFERRED)
        TRY(release_born(judge, entry, header->sender != NULL ? header->sender->unit : ""));
    TRY(orders_said(judge, entry, header));
    TRY(lives_said(judge, entry, header));
    return message_said(judge, entry, header);
}

static enum am_err entry_judge(void *user, const struct store_judged *entry)
{
    struct fsck_judge *judge = user;
    const Amana__V1__EntryContent *content = entry->content;

    arena_reset(&judge->arena);
    judge->last_time = entry->time_ns;
    switch (content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_GENESIS: return genesis_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED: return submitted_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_PARKED: return release_born(judge, entry, "");
    case AMANA__V1__ENTRY_CONTENT__KIND_RELEASED:
        return release_moved(judge, entry, content->released->parked, AMANA__V1__RELEASE_STATE__CODE__RELEASED,
                             content->released->officer);
    case AMANA__V1__ENTRY_CONTENT__KIND_RETURNED: return returned_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED: return retrieved_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_LATE: return evidence_said(judge, entry, content->late, CLOCK_LATE);
    case AMANA__V1__ENTRY_CONTENT__KIND_NON_DELIVERED:
        return evidence_said(judge, entry, content->non_delivered, CLOCK_NON_DELIVERED);
    case AMANA__V1__ENTRY_CONTENT__KIND_NON_RETRIEVED:
        return evidence_said(judge, entry, content->non_retrieved, CLOCK_NON_RETRIEVED);
    case AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE: return deadline_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_STATE: return state_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_MEMBER: return member_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_GRANT:
        return digest_said(judge, entry, "grants", 0, content->grant->unit, content->grant->after);
    case AMANA__V1__ENTRY_CONTENT__KIND_ROSTER:
        return digest_said(judge, entry, "roster", content->roster->number, content->roster->unit,
                           content->roster->digest);
    case AMANA__V1__ENTRY_CONTENT__KIND_TRUST:
        return digest_said(judge, entry, "trust", 0, "the hub", content->trust->after);
    case AMANA__V1__ENTRY_CONTENT__KIND_POLICY:
        return digest_said(judge, entry, "policy", 0, "the hub", content->policy->after);
    default: return AM_OK;
    }
}

// ---
enum am_err fsck_judge_new(void (*found)(void *user, uint64_t seq, const char *what), void *user,
                           struct fsck_judge **ret_judge)
{
    struct fsck_judge *judge = calloc(1, sizeof *judge);

    if (judge == NULL)
        return AM_NOMEM;
    judge->found = found;
    judge->user = user;
    arena_init(&judge->arena, JUDGE_MEMORY);
    *ret_judge = judge;
    return AM_OK;
}

void fsck_judge_free(struct fsck_judge *judge)
{
    struct row *row, *next;
    struct message *message, *after;
    struct chain *chain, *last;

    if (judge == NULL)
        return;
    HASH_ITER (hh, judge->rows, row, next) {
        HASH_DEL(judge->rows, row);
        free(row);
    }
    HASH_ITER (hh, judge->messages, message, after) {
        HASH_DEL(judge->messages, message);
        free(message);
    }
    HASH_ITER (hh, judge->chains, chain, last) {
        HASH_DEL(judge->chains, chain);
        free(chain);
    }
    log_verifier_clear(&judge->verifier);
    arena_clear(&judge->arena);
    free(judge);
}

struct store_judge fsck_judge_calls(struct fsck_judge *judge)
{
    return (struct store_judge){.entry = entry_judge,
                                .life = life_judge,
                                .chain = chain_judge,
                                .delivery = delivery_judge,
                                .deadline = deadline_judge,
                                .record = record_judge,
                                .release = release_judge,
                                .order = order_judge,
                                .checkpoint = checkpoint_judge,
                                .user = judge};
}

void fsck_judge_end(struct fsck_judge *judge)
{
    struct row *row, *next;
    struct message *message, *after;

    HASH_ITER (hh, judge->rows, row, next) {
        if (!row->seen)
            fault(judge, row->seq, "the row that it speaks of is missing: %.150s", row->key);
        if (strncmp(row->key, "release ", 8) == 0 && row->state == AMANA__V1__RELEASE_STATE__CODE__PENDING_RELEASE &&
            !row->expected)
            fault(judge, row->seq, "it waits for its second person, and no deadline ends that");
    }
    HASH_ITER (hh, judge->messages, message, after)
        clocks_judge(judge, message);
    for (const struct chain *chain = judge->chains; chain != NULL; chain = chain->hh.next)
        if (!chain->seen)
            fault(judge, chain->seq, "the row of its versions is missing");
}
