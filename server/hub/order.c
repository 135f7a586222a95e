// SPDX-License-Identifier: Apache-2.0
// An ERASURE and a HOLD: what they order about the content of messages, which bodies go at once, and the entry of the
// hub's own conduct that says so. What a HOLD in force keeps stays until it ends.
#include "server/hub/internal.h"

#include <string.h>

struct hub_order hub_order_of(const struct hub_submission *submission, uint64_t now_ns)
{
    struct hub_order order = {0};
    unsigned kind = (unsigned)submission->header->kind;
    if (!kind_orders(kind))
        return order;
    for (; hub_named(submission, order.n) != NULL; order.n++) {
        const struct hub_content *content = &submission->named[order.n];
        order.n_erased += kind == KIND(ERASURE) && !content->erased && content->held_until <= now_ns;
    }
    order.n_entries = kind == KIND(HOLD) || order.n_erased > 0 ? 1 : 0;
    return order;
}

struct ordering {
    struct hub_pending *pending;
    struct arena *arena;
    struct journal_append *append;
    const struct hub_submission *submission;
    const Amana__V1__Header *header;
    struct hub_order order;
    Amana__V1__Pointer by, *named; // one for each
};

static enum am_err pointers_fill(struct ordering *ordering)
{
    const struct hub_submission *submission = ordering->submission;
    const Amana__V1__Header *header = ordering->header;
    ordering->by = hub_pointer(header, submission->header_digest);
    ordering->named = arena_array(ordering->arena, ordering->order.n, sizeof *ordering->named);
    if (ordering->named == NULL)
        return arena_error(ordering->arena);
    for (size_t i = 0; i < ordering->order.n; i++)
        ordering->named[i] = i == 0 ? *header->in_reply_to : *header->references[i - 1];
    return AM_OK;
}

// --- Rows
static enum am_err orders_fill(struct ordering *ordering)
{
    struct journal_append *append = ordering->append;
    uint64_t until = ordering->header->kind == KIND(HOLD) ? header_time_or_0(ordering->header->valid_until) : 0;
    append->orders = arena_array(ordering->arena, ordering->order.n, sizeof *append->orders);
    append->erased = arena_array(ordering->arena, ordering->order.n, sizeof *append->erased);
    if (append->orders == NULL || append->erased == NULL)
        return arena_error(ordering->arena);
    for (size_t i = 0; i < ordering->order.n; i++) {
        const struct hub_content *content = &ordering->submission->named[i];
        uint64_t seq = hub_named(ordering->submission, i)->seq;
        append->orders[append->n_orders++] = (struct journal_order){seq, JOURNAL_SELF, until};
        if (until == 0 && !content->erased && content->held_until <= append->time_ns)
            append->erased[append->n_erased++] = seq;
        else if (until == 0 && !content->erased) // then, when the HOLD ends
            TRY(hub_deadline_put(ordering->pending, DEADLINE_RETAIN_UNTIL, seq, content->held_until, 0));
    }
    return AM_OK;
}

// --- The entry
static enum am_err erased_fill(struct ordering *ordering, Amana__V1__ErasedEntry *entry)
{
    size_t n = ordering->order.n;
    Amana__V1__ErasedBody *bodies = arena_array(ordering->arena, n, sizeof *bodies);
    entry->bodies = arena_array(ordering->arena, n, sizeof *entry->bodies);
    if (bodies == NULL || entry->bodies == NULL)
        return arena_error(ordering->arena);
    for (size_t i = 0; i < n; i++) {
        const struct hub_found *named = hub_named(ordering->submission, i);
        const struct hub_content *content = &ordering->submission->named[i];
        if (content->erased || content->held_until > ordering->append->time_ns)
            continue;
        Amana__V1__ErasedBody *body = &bodies[entry->n_bodies];
        amana__v1__erased_body__init(body);
        body->seq = named->seq;
        body->message = &ordering->named[i];
        if (named->header != NULL)
            body->body_digest = named->header->body_digest;
        entry->bodies[entry->n_bodies++] = body;
    }
    entry->by = &ordering->by;
    entry->officer = ordering->header->officer;
    entry->unit = ordering->header->sender->unit;
    return AM_OK;
}

static enum am_err held_fill(struct ordering *ordering, Amana__V1__HeldEntry *entry)
{
    size_t n = ordering->order.n;
    entry->messages = arena_array(ordering->arena, n, sizeof *entry->messages);
    if (entry->messages == NULL)
        return arena_error(ordering->arena);
    for (size_t i = 0; i < n; i++)
        entry->messages[entry->n_messages++] = &ordering->named[i];
    entry->by = &ordering->by;
    entry->officer = ordering->header->officer;
    entry->unit = ordering->header->sender->unit;
    entry->until = header_time_or_0(ordering->header->valid_until);
    return AM_OK;
}

// About each that it names, and about the order itself.
static enum am_err index_fill(struct ordering *ordering, struct journal_entry *row)
{
    uint64_t *also = arena_array(ordering->arena, ordering->order.n, sizeof *also);
    if (also == NULL)
        return arena_error(ordering->arena);
    for (size_t i = 0; i < ordering->order.n; i++)
        also[row->n_also_of++] = hub_named(ordering->submission, i)->seq;
    row->of = JOURNAL_SELF;
    row->also_of = also;
    row->case_ref = ordering->header->case_ref;
    return AM_OK;
}

static enum am_err entry_fill(struct ordering *ordering, size_t index)
{
    Amana__V1__ErasedEntry erased = AMANA__V1__ERASED_ENTRY__INIT;
    Amana__V1__HeldEntry held = AMANA__V1__HELD_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    if (ordering->header->kind == KIND(HOLD)) {
        TRY(held_fill(ordering, &held));
        content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_HELD;
        content.held = &held;
    } else {
        TRY(erased_fill(ordering, &erased));
        content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ERASED;
        content.erased = &erased;
    }
    TRY(hub_entry_pack(ordering->pending, index, &content, JOURNAL_CLASS_HUB));
    return index_fill(ordering, &ordering->append->entries[index]);
}

enum am_err hub_order_fill(struct hub_pending *pending, size_t entry, const struct hub_submission *submission)
{
    struct ordering ordering = {.pending = pending,
                                .arena = &pending->arena,
                                .append = &pending->append,
                                .submission = submission,
                                .header = submission->header,
                                .order = hub_order_of(submission, pending->append.time_ns)};
    if (ordering.order.n == 0)
        return AM_OK;
    TRY(pointers_fill(&ordering));
    TRY(orders_fill(&ordering));
    return ordering.order.n_entries > 0 ? entry_fill(&ordering, entry) : AM_OK;
}
