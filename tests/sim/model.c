// SPDX-License-Identifier: Apache-2.0
// The journal in memory: what the keeper writes.
#include "tests/sim/model_rows.h"

#include "proto/model/header.h"

#include <assert.h>
#include <bsd/string.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_MEMORY (2ull << 30)

void model_init(struct model *model)
{
    memset(model, 0, sizeof *model);
    arena_init(&model->arena, MODEL_MEMORY);
}

void model_clear(struct model *model)
{
    free(model->records);
    free(model->deadlines);
    free(model->shields);
    for (size_t i = 0; i < model->n_mailboxes; i++)
        free(model->mailboxes[i].rows);
    for (size_t i = 0; i < model->n; i++)
        if (model->entries[i].message != NULL)
            free(model->entries[i].message->lives);
    free(model->entries);
    arena_clear(&model->arena);
}

void *model_take(struct model *model, size_t count, size_t size)
{
    void *memory = arena_array(&model->arena, count, size);
    assert(memory != NULL);
    return memory;
}

static const char *keep(struct model *model, const char *text)
{
    const char *copy = arena_copy(&model->arena, text, strlen(text));
    assert(copy != NULL);
    return copy;
}

static void *grow(void *list, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return list;
    *room = *room == 0 ? 16 : *room * 2;
    list = reallocarray(list, *room, size);
    assert(list != NULL);
    return list;
}

void model_digest(struct am_bytes bytes, uint8_t ret_digest[32])
{
    uint64_t state[4] = {14695981039346656037u, 1, 2, 3};
    for (size_t i = 0; i < bytes.len; i++)
        for (unsigned lane = 0; lane < 4; lane++)
            state[lane] = (state[lane] ^ (bytes.data[i] + lane)) * 1099511628211u;
    memcpy(ret_digest, state, 32);
}

// --- Looking things up
struct model_message *model_message_at(struct model *model, uint64_t seq)
{
    return seq < model->n ? model->entries[seq].message : NULL;
}

static struct model_message *find(struct model *model, const char *device, const char *id, bool parked)
{
    for (size_t i = 0; i < model->n; i++) {
        struct model_message *message = model->entries[i].message;
        if (message != NULL && message->parked == parked && (device == NULL || strcmp(message->device, device) == 0) &&
            strcmp(message->id, id) == 0)
            return message;
    }
    return NULL;
}

struct model_message *model_find(struct model *model, const char *device, const char *id)
{
    return find(model, device, id, false);
}

struct model_message *model_find_parked(struct model *model, const char *device, const char *id)
{
    return find(model, device, id, true);
}

struct journal_life *model_life_at(struct model_message *root, const char *recipient)
{
    for (size_t i = 0; root != NULL && i < root->n_lives; i++)
        if (strcmp(root->lives[i].recipient, recipient) == 0)
            return &root->lives[i];
    return NULL;
}

const struct journal_life *model_life(struct model *model, uint64_t root, const char *recipient)
{
    return model_life_at(model_message_at(model, root), recipient);
}

struct model_mailbox *model_mailbox(struct model *model, const char *device)
{
    for (size_t i = 0; i < model->n_mailboxes; i++)
        if (strcmp(model->mailboxes[i].device, device) == 0)
            return &model->mailboxes[i];
    assert(model->n_mailboxes < MODEL_DEVICES);
    model->mailboxes[model->n_mailboxes].device = keep(model, device);
    return &model->mailboxes[model->n_mailboxes++];
}

size_t model_mail_index(const struct model_mailbox *box, uint64_t seq, uint8_t urgency)
{
    size_t i = 0;
    while (i < box->n && (box->rows[i].seq != seq || box->rows[i].urgency != urgency))
        i++;
    return i;
}

struct journal_delivery *model_delivery_at(struct model_message *message, const char *recipient)
{
    for (size_t i = 0; i < message->n_recipients; i++)
        if (strcmp(message->recipients[i].unit, recipient) == 0)
            return &message->deliveries[i];
    return NULL;
}

struct journal_shield model_shield_of(struct model *model, const char *case_ref)
{
    for (size_t i = 0; i < model->n_shields; i++)
        if (strcmp(model->shields[i].case_ref, case_ref) == 0)
            return model->shields[i];
    return (struct journal_shield){.case_ref = case_ref};
}

static int deadline_compare(const void *a, const void *b)
{
    const struct journal_deadline *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->subject > y->subject) - (x->subject < y->subject);
}

size_t model_deadline_index(const struct model *model, uint8_t kind, uint64_t subject, uint64_t at)
{
    const struct journal_deadline row = {.kind = kind, .subject = subject, .at = at};
    size_t i = 0;
    while (i < model->n_deadlines && deadline_compare(&model->deadlines[i], &row) != 0)
        i++;
    return i;
}

const struct model_message *model_by_point(struct model *model, const uint8_t *point, uint64_t but)
{
    for (size_t i = 0; point != NULL && i < model->n; i++) {
        const struct model_message *message = model->entries[i].message;
        if (message != NULL && message->seq != but && message->point != NULL &&
            memcmp(message->point, point, JOURNAL_POINT) == 0)
            return message;
    }
    return NULL;
}

bool model_entry_in_case(const struct model_entry *entry, const char *case_ref)
{
    bool in = false;
    for (size_t i = 0; i < entry->n_cases && !in; i++)
        in = strcmp(entry->cases[i], case_ref) == 0;
    return in;
}

bool model_told(const struct model_entry *entry, const char *unit)
{
    bool told = false;
    for (size_t i = 0; i < entry->n_parties && !told; i++)
        told = strcmp(entry->parties[i], unit) == 0;
    return told;
}

// --- Committing: all of it, or nothing
struct model_message *model_released(struct model *model, const struct journal_append *append)
{
    const struct journal_release *row = append->release;
    return row != NULL && row->seq != JOURNAL_SELF ? model_message_at(model, row->seq) : NULL;
}

static uint64_t self(uint64_t seq, uint64_t first)
{
    return seq == JOURNAL_SELF ? first : seq;
}

static const Amana__V1__Flags *flags_keep(struct model *model, struct am_bytes bytes)
{
    ProtobufCMessage *flags = NULL;
    enum am_err err = codec_decode(&amana__v1__flags__descriptor, CODEC_STRICT, bytes, &model->arena, NULL, &flags);
    return err == AM_OK ? (const Amana__V1__Flags *)flags : NULL;
}

static struct model_message *message_keep(struct model *model, const struct journal_message *from, uint64_t seq)
{
    struct model_message *message = model_take(model, 1, sizeof *message);
    struct am_bytes header = {arena_copy(&model->arena, from->header.data, from->header.len), from->header.len};
    ProtobufCMessage *decoded;
    enum am_err err = codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, header, &model->arena, NULL, &decoded);
    assert(err == AM_OK);
    *message = (struct model_message){
        .seq = seq,
        .root = self(from->root, seq),
        .id = keep(model, from->id),
        .device = keep(model, from->device),
        .originator = keep(model, from->originator),
        .case_ref = keep(model, from->case_ref),
        .kind = from->kind,
        .urgency = from->urgency,
        .parked = from->parked,
        .header = header,
        .point = from->point != NULL ? arena_copy(&model->arena, from->point, JOURNAL_POINT) : NULL,
        .decoded = (const Amana__V1__Header *)decoded,
        .flags = flags_keep(model, from->flags),
        .n_recipients = from->n_recipients};
    memcpy(message->digest, from->header_digest, 32);
    message->recipients = model_take(model, from->n_recipients, sizeof *message->recipients);
    message->deliveries = model_take(model, from->n_recipients, sizeof *message->deliveries);
    for (size_t i = 0; i < from->n_recipients; i++)
        message->recipients[i] =
            (struct journal_recipient){keep(model, from->recipients[i].unit), from->recipients[i].part};
    return message;
}

static void entries_keep(struct model *model, const struct journal_append *append, uint64_t first)
{
    for (size_t i = 0; i < append->n_entries; i++) {
        const struct journal_entry *from = &append->entries[i];
        ProtobufCMessage *content;
        enum am_err err = codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, from->content,
                                       &model->arena, NULL, &content);
        assert(err == AM_OK);
        model->entries = grow(model->entries, model->n, &model->room, sizeof *model->entries);
        struct model_entry *entry = &model->entries[model->n++];
        const char **parties = model_take(model, from->n_parties + 1, sizeof *parties);
        const char **cases = model_take(model, from->n_also_cases + 1, sizeof *cases);
        *entry = (struct model_entry){.kind = from->kind,
                                      .class = from->class,
                                      .erase_after = from->erase_after,
                                      .time_ns = append->time_ns,
                                      .size = first + append->n_entries,
                                      .of = self(from->of, first),
                                      .content = (const Amana__V1__EntryContent *)content,
                                      .cases = cases,
                                      .parties = parties,
                                      .n_also = from->n_also_of};
        uint64_t *also = model_take(model, from->n_also_of, sizeof *also);
        for (size_t j = 0; j < from->n_also_of; j++)
            also[j] = self(from->also_of[j], first);
        entry->also = also;
        if (from->case_ref != NULL)
            cases[entry->n_cases++] = keep(model, from->case_ref);
        for (size_t j = 0; j < from->n_also_cases; j++)
            cases[entry->n_cases++] = keep(model, from->also_cases[j]);
        for (size_t j = 0; j < from->n_parties; j++)
            parties[entry->n_parties++] = keep(model, from->parties[j]);
    }
    if (append->message != NULL)
        model->entries[first].message = message_keep(model, append->message, first);
}

static void lives_keep(struct model *model, const struct journal_append *append, uint64_t first)
{
    for (size_t i = 0; i < append->n_lives; i++) {
        const struct journal_life *from = &append->lives[i];
        struct model_message *root = model_message_at(model, self(from->root, first));
        struct journal_life *life = model_life_at(root, from->recipient);
        if (life == NULL) {
            root->lives = grow(root->lives, root->n_lives, &root->lives_room, sizeof *root->lives);
            life = &root->lives[root->n_lives++];
        }
        *life = *from;
        life->root = root->seq;
        life->recipient = keep(model, from->recipient);
        life->officer = keep(model, from->officer);
        life->clock_seq = self(from->clock_seq, first);
        life->version++;
    }
    if (append->chain == NULL)
        return;
    struct model_message *root = model_message_at(model, self(append->chain->root, first));
    root->chain = *append->chain;
    root->chain.root = root->seq;
    root->chain.newest = self(append->chain->newest, first);
    root->chain.clock = self(append->chain->clock, first);
    root->chain.version++;
    root->has_chain = true;
}

static void release_keep(struct model *model, const struct journal_append *append, uint64_t first)
{
    bool own = append->release != NULL && append->release->seq == JOURNAL_SELF;
    struct model_message *message = own ? model_message_at(model, first) : model_released(model, append);
    if (message == NULL)
        return;
    message->has_release = true;
    message->release = *append->release;
    message->release.seq = message->seq;
    message->release.version++;
    message->release.ended_by = self(append->release->ended_by, first);
    message->release.releasing = keep(model, append->release->releasing);
    message->release.officer = keep(model, append->release->officer);
}

static void orders_keep(struct model *model, const struct journal_append *append)
{
    for (size_t i = 0; i < append->n_orders; i++) {
        struct model_message *message = model_message_at(model, append->orders[i].message);
        message->ordered |= append->orders[i].until == 0;
        if (append->orders[i].until > message->held_until)
            message->held_until = append->orders[i].until;
    }
    for (size_t i = 0; i < append->n_erased; i++) {
        assert(!model_message_at(model, append->erased[i])->erased); // the hub destroys once
        model_message_at(model, append->erased[i])->erased = true;
    }
}

static void shield_keep(struct model *model, const struct journal_append *append, uint64_t first)
{
    const struct journal_shield *from = append->shield;
    if (from == NULL)
        return;
    size_t i = 0;
    while (i < model->n_shields && strcmp(model->shields[i].case_ref, from->case_ref) != 0)
        i++;
    if (from->over) {
        assert(i < model->n_shields);
        model->shields[i] = model->shields[--model->n_shields];
        return;
    }
    if (i == model->n_shields) {
        model->shields = grow(model->shields, model->n_shields, &model->shields_room, sizeof *model->shields);
        model->n_shields++;
    }
    struct journal_shield_state *states = arena_array(&model->arena, JOURNAL_SHIELD_STATES, sizeof *states);
    assert(states != NULL);
    for (size_t j = 0; j < from->n; j++) {
        states[j] = from->states[j];
        states[j].seq = self(states[j].seq, first);
    }
    model->shields[i] = (struct journal_shield){
        .case_ref = keep(model, from->case_ref), .version = from->version + 1, .n = from->n, .states = states};
}

static void mail_keep(struct model *model, const struct journal_append *append, uint64_t first)
{
    for (size_t i = 0; i < append->n_taken; i++) {
        struct model_mailbox *box = model_mailbox(model, append->taken[i].device);
        box->rows[model_mail_index(box, append->taken[i].seq, append->taken[i].urgency)] = box->rows[box->n - 1];
        box->n--;
    }
    for (size_t i = 0; i < append->n_mail; i++) {
        struct model_mailbox *box = model_mailbox(model, append->mail[i].device);
        box->rows = grow(box->rows, box->n, &box->room, sizeof *box->rows);
        box->rows[box->n] = append->mail[i];
        box->rows[box->n].device = box->device;
        uint64_t nth = JOURNAL_NTH(0) - append->mail[i].seq;
        box->rows[box->n++].seq = nth < append->n_entries ? first + nth : self(append->mail[i].seq, first);
    }
    for (size_t i = 0; i < append->n_deliveries; i++) {
        const struct journal_delivery *from = &append->deliveries[i];
        struct model_message *message = model_message_at(model, self(from->seq, first));
        struct journal_delivery *row = model_delivery_at(message, from->recipient);
        *row = *from;
        row->seq = message->seq;
        row->recipient = keep(model, from->recipient);
        row->version++;
    }
}

static void records_keep(struct model *model, const struct journal_append *append)
{
    for (size_t i = 0; i < append->n_records; i++) {
        const struct journal_record *from = &append->records[i];
        model->records = grow(model->records, model->n_records, &model->records_room, sizeof *model->records);
        struct journal_record *row = &model->records[model->n_records++];
        *row = *from;
        row->key = keep(model, from->key);
        row->value.data = arena_copy(&model->arena, from->value.data, from->value.len);
    }
}

// --- Deadlines
static void deadlines_keep(struct model *model, const struct journal_append *append, uint64_t first)
{
    for (size_t i = 0; i < append->n_deadlines; i++) {
        const struct journal_deadline *from = &append->deadlines[i];
        uint64_t subject = self(from->subject, first);
        size_t at = model_deadline_index(model, from->kind, subject, from->was);
        if (from->was != 0 && at < model->n_deadlines)
            model->deadlines[at] = model->deadlines[--model->n_deadlines];
        size_t there = model_deadline_index(model, from->kind, subject, from->at);
        if (from->at == 0)
            continue;
        if (there < model->n_deadlines) {
            model->deadlines[there].place = from->place;
            continue;
        }
        model->deadlines = grow(model->deadlines, model->n_deadlines, &model->deadlines_room, sizeof *model->deadlines);
        model->deadlines[model->n_deadlines++] =
            (struct journal_deadline){.kind = from->kind, .subject = subject, .at = from->at, .place = from->place};
    }
}

size_t model_deadlines(struct model *model, const struct journal_deadline *after, uint64_t until,
                       struct journal_deadline *ret_rows, size_t room)
{
    size_t n = 0;
    if (model->n_deadlines > 0)
        qsort(model->deadlines, model->n_deadlines, sizeof *model->deadlines, deadline_compare);
    for (size_t i = 0; i < model->n_deadlines && n < room; i++)
        if (deadline_compare(&model->deadlines[i], after) > 0 && model->deadlines[i].at < until)
            ret_rows[n++] = model->deadlines[i];
    return n;
}

struct am_bytes model_receipt_of(struct model *model, uint64_t seq)
{
    char *text = arena_printf(&model->arena, "receipt of %" PRIu64 " in %" PRIu64, seq, model->entries[seq].size);
    assert(text != NULL);
    return (struct am_bytes){(const uint8_t *)text, strlen(text)};
}

// The first of that device and id; what is released has been parked under them.
static const struct model_message *before(struct model *model, const struct journal_append *append)
{
    const struct journal_message *message = append->message;
    bool releases = append->release != NULL && append->release->seq != JOURNAL_SELF;
    if (message == NULL)
        return NULL;
    const struct model_message *sent = model_find(model, message->device, message->id);
    return sent != NULL || releases ? sent : model_find_parked(model, message->device, message->id);
}

struct journal_outcome model_commit(struct model *model, const struct journal_append *append)
{
    struct journal_outcome outcome = {.result = JOURNAL_DONE, .seq = JOURNAL_NONE};
    const struct model_message *there = before(model, append);
    uint64_t first = model->n;
    if (model->read_only || (model->full && !append->essential)) {
        outcome.result = model->read_only ? JOURNAL_READ_ONLY : JOURNAL_FULL;
        return outcome;
    }
    if (model->no_room || model->busy) {
        outcome.result = model->busy ? JOURNAL_BUSY : JOURNAL_FULL;
        return outcome;
    }
    if (there != NULL) {
        outcome.result = JOURNAL_DUPLICATE;
        outcome.seq = there->seq;
        memcpy(outcome.digest, there->digest, 32);
        return outcome;
    }
    if (!model_holds(model, append)) {
        outcome.result = JOURNAL_CONFLICT;
        return outcome;
    }
    entries_keep(model, append, first);
    lives_keep(model, append, first);
    shield_keep(model, append, first);
    mail_keep(model, append, first);
    orders_keep(model, append);
    release_keep(model, append, first);
    records_keep(model, append);
    deadlines_keep(model, append, first);
    outcome.size = model->n;
    if (append->n_entries > 0) {
        outcome.seq = first;
        outcome.receipt = model_receipt_of(model, first);
    }
    return outcome;
}
