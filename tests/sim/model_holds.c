// SPDX-License-Identifier: Apache-2.0
// Whether the journal in memory may take an append: what that was decided by is still so.
#include "tests/sim/model_rows.h"

#include <string.h>

static bool roster_newest(const struct model *model, const char *unit, uint64_t number)
{
    for (size_t i = 0; i < model->n_records; i++) {
        const struct journal_record *row = &model->records[i];
        if (row->kind == JOURNAL_RECORD_ROSTER && strcmp(row->key, unit) == 0 && row->number > number)
            return false;
    }
    return true;
}

static bool lives_hold(struct model *model, const struct journal_life *lives, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct journal_life *life = &lives[i], *there = NULL;
        if (life->root != JOURNAL_SELF)
            there = model_life(model, life->root, life->recipient);
        if (life->version != (there != NULL ? there->version : 0))
            return false;
    }
    return true;
}

static bool deliveries_hold(struct model *model, const struct journal_delivery *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct journal_delivery *row = &rows[i];
        if (row->seq != JOURNAL_SELF &&
            row->version != model_delivery_at(model_message_at(model, row->seq), row->recipient)->version)
            return false;
    }
    return true;
}

static bool release_holds(struct model *model, const struct journal_append *append)
{
    const struct model_message *message = model_released(model, append);
    return message == NULL || append->release->version == message->release.version;
}

static bool case_holds(struct model *model, const char *case_ref, uint64_t last)
{
    for (uint64_t seq = last + 1; seq < model->n; seq++)
        if (model_entry_in_case(&model->entries[seq], case_ref))
            return false;
    return true;
}

static bool rows_hold(struct model *model, const struct journal_append *append)
{
    if (append->roster.unit != NULL && !roster_newest(model, append->roster.unit, append->roster.number))
        return false;
    if (!lives_hold(model, append->lives, append->n_lives) ||
        !lives_hold(model, append->seen_lives, append->n_seen_lives) ||
        !deliveries_hold(model, append->deliveries, append->n_deliveries) ||
        !deliveries_hold(model, append->seen_deliveries, append->n_seen_deliveries))
        return false;
    if (!release_holds(model, append))
        return false;
    if (append->shield != NULL && append->shield->version != model_shield_of(model, append->shield->case_ref).version)
        return false;
    if (append->case_seen.case_ref != NULL && !case_holds(model, append->case_seen.case_ref, append->case_seen.last))
        return false;
    if (append->chain != NULL && append->chain->root != JOURNAL_SELF &&
        append->chain->version != model_message_at(model, append->chain->root)->chain.version)
        return false;
    for (size_t i = 0; i < append->n_deadlines; i++) {
        const struct journal_deadline *row = &append->deadlines[i];
        if (row->was != 0 && model_deadline_index(model, row->kind, row->subject, row->was) == model->n_deadlines)
            return false;
    }
    for (size_t i = 0; i < append->n_erased; i++)
        if (model_message_at(model, append->erased[i])->held_until > append->time_ns)
            return false;
    for (size_t i = 0; i < append->n_taken; i++) {
        const struct model_mailbox *box = model_mailbox(model, append->taken[i].device);
        if (model_mail_index(box, append->taken[i].seq, append->taken[i].urgency) == box->n)
            return false;
    }
    return true;
}

static bool point_is_free(struct model *model, const struct journal_append *append)
{
    uint64_t releases = append->release != NULL ? append->release->seq : JOURNAL_SELF;
    return append->message == NULL || model_by_point(model, append->message->point, releases) == NULL;
}

bool model_holds(struct model *model, const struct journal_append *append)
{
    return rows_hold(model, append) && point_is_free(model, append);
}
