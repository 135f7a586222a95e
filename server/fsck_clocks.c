// SPDX-License-Identifier: Apache-2.0
// Messages, the versions of a root, and what the clock did and is to do.
#include "server/fsck_internal.h"

#include "proto/model/header.h"

#include <stdlib.h>
#include <string.h>

// --- Messages and their deadlines
static enum am_err reviewed(struct fsck_judge *judge, uint64_t seq)
{
    struct fsck_message *message = fsck_message_find(judge, seq);

    if (message != NULL)
        message->review = true;
    return AM_OK;
}

// --- The versions of a root
static struct fsck_chain *chain_get(struct fsck_judge *judge, uint64_t root)
{
    struct fsck_chain *chain = fsck_chain_find(judge, root);

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
static enum am_err version_said(struct fsck_judge *judge, const struct fsck_message *message, bool ends)
{
    struct fsck_chain *chain = chain_get(judge, message->root);

    if (chain == NULL)
        return AM_NOMEM;
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

enum am_err fsck_chain_judge(void *user, const struct journal_chain *kept)
{
    struct fsck_judge *judge = user;
    struct fsck_chain *chain = fsck_chain_find(judge, kept->root);

    if (chain == NULL) {
        fsck_judge_fault(judge, kept->root, "no entry speaks of the versions that are kept of it");
        return AM_OK;
    }
    const struct journal_chain *said = &chain->said;
    chain->seen = true;
    if (said->version != kept->version || said->newest != kept->newest || said->clock != kept->clock ||
        said->valid_until != kept->valid_until || said->urgency != kept->urgency || said->cancelled != kept->cancelled)
        fsck_judge_fault(
            judge, chain->seq,
            "the row of its versions is not kept as the log says: the newest, clock, end, urgency, cancelled or "
            "version");
    return AM_OK;
}

// What moves a root's lives beside the answers of its recipients, which may be many.
static void root_link(struct fsck_judge *judge, struct fsck_message *message, const struct kind *kind)
{
    struct fsck_message *root = fsck_message_find(judge, message->root);

    if (root == NULL || (root != message && kind->chain == CHAIN_NONE && (kind->who & WHO_ORIGINATOR) == 0))
        return;
    if (root != message)
        (root->last != NULL ? root->last : root)->next = message;
    root->last = message;
}

enum am_err fsck_message_said(struct fsck_judge *judge, const struct store_judged *entry,
                              const Amana__V1__Header *header)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    struct fsck_message *message = calloc(1, sizeof *message + header->n_recipients * sizeof(struct fsck_row *));

    if (message == NULL)
        return AM_NOMEM;
    message->seq = entry->seq;
    message->root = entry->root;
    message->kind = (uint8_t)header->kind;
    message->urgency = (uint8_t)header->urgency;
    message->answer_by = header_time_or_0(header->answer_by);
    message->own = SIZE_MAX;
    message->review_at = header_time_or_0(header->review_at);
    message->retain_until = header_time_or_0(header->retain_until);
    message->valid_until = kind_in_force(header);
    for (size_t i = 0; i < header->n_recipients; i++) {
        struct fsck_row *row = fsck_row_find(judge, "delivery", entry->seq, header->recipients[i]->unit);
        if (row == NULL)
            continue;
        if (strcmp(header->recipients[i]->unit, header->sender->unit) == 0)
            message->own = message->n;
        message->deliveries[message->n++] = row;
    }
    HASH_ADD(hh, judge->messages, seq, sizeof message->seq, message);
    if (message->hh.tbl == NULL) {
        free(message);
        return AM_NOMEM;
    }
    root_link(judge, message, kind);
    return kind->chain != CHAIN_NONE ? version_said(judge, message, kind->chain == CHAIN_ENDS) : AM_OK;
}

enum am_err fsck_deadline_judge(void *user, const struct journal_deadline *deadline)
{
    struct fsck_judge *judge = user;
    struct fsck_message *message = fsck_message_find(judge, deadline->subject);
    bool of_release = deadline->kind == DEADLINE_RELEASE || deadline->kind == DEADLINE_RING;
    bool of_case = deadline->kind == DEADLINE_CASE || deadline->kind == DEADLINE_SHIELD;
    bool of_apart = deadline->kind == DEADLINE_APART;
    struct fsck_row *release = of_release ? fsck_row_find(judge, "release", deadline->subject, "") : NULL;

    if (of_release) {
        if (release == NULL)
            fsck_judge_fault(judge, deadline->subject,
                             "a deadline stands in the table and it waits for no second person");
        else
            release->expected |= deadline->kind == DEADLINE_RELEASE;
        return AM_OK;
    }
    if (of_case) { // no entry tells from whom it is kept
        fsck_case_judge(judge, deadline);
        return AM_OK;
    }
    if (message == NULL)
        fsck_judge_fault(judge, deadline->subject, "a deadline stands in the table and it is no message");
    else if (of_apart && deadline->place > judge->last_seq + 1)
        fsck_judge_fault(judge, deadline->subject, "what its case has is looked for past the end of the log");
    else if (of_apart)
        return AM_OK;
    else if (deadline->kind == DEADLINE_REVIEW)
        message->review = true;
    else if (message->first == 0 || deadline->at < message->first)
        message->first = deadline->at;
    return AM_OK;
}

static void clock_life_fill(struct fsck_judge *judge, const struct fsck_message *message, uint64_t root,
                            const char *unit, struct clock_life *ret_life)
{
    struct fsck_row *row = fsck_row_find(judge, "life", root, unit);
    struct fsck_message *begun = fsck_message_find(judge, root);

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
static uint64_t clocks_next(struct fsck_judge *judge, const struct fsck_message *message)
{
    struct clock_party parties[LIMIT_RECIPIENTS] = {0};
    struct clock_message clocks = {.seq = message->seq,
                                   .urgency = message->urgency,
                                   .answer_by = message->answer_by,
                                   .valid_until = message->valid_until,
                                   .retain_until = message->retain_until,
                                   .n = message->n,
                                   .parties = parties};

    for (size_t i = 0; i < message->n; i++) {
        const struct fsck_row *row = message->deliveries[i];
        const char *unit = strstr(row->key, " of ") + 4;
        parties[i].unit = unit;
        parties[i].own = i == message->own;
        parties[i].has_delivery = true;
        parties[i].delivery = (struct journal_delivery){.state = row->state,
                                                        .flags = row->flags,
                                                        .delivered_at = row->state_at.ns,
                                                        .retrieved_at = row->retrieved_at.ns,
                                                        .stood_ns = row->stood.ns};
        clock_life_fill(judge, message, message->root, unit, &parties[i].lives[0]);
        if (message->root != message->seq)
            clock_life_fill(judge, message, message->seq, unit, &parties[i].lives[1]);
    }
    return clock_next(&clocks);
}

void fsck_clocks_judge(struct fsck_judge *judge, const struct fsck_message *message)
{
    uint64_t next = clocks_next(judge, message);
    uint64_t wanted = next != 0 ? next : message->retain_until;

    if (message->first == 0 ? wanted > judge->last_time : message->first > wanted && wanted > judge->last_time)
        fsck_judge_fault(judge, message->seq, "its next deadline is missing in the table, or stands too late");
    if (message->review_at != 0 && !message->review)
        fsck_judge_fault(judge, message->seq, "the day to review it is missing in the table of deadlines");
}

// --- What the clock did
enum am_err fsck_evidence_said(struct fsck_judge *judge, const struct store_judged *entry,
                               const Amana__V1__DeliveryEvidence *evidence, enum clock_kind clock)
{
    struct store_judged_message message;
    bool there = store_judged_message(entry, evidence->message, &message);

    for (size_t i = 0; i < evidence->n_recipients; i++) {
        struct fsck_row *row = there ? fsck_row_find(judge, "delivery", message.seq, evidence->recipients[i]) : NULL;
        if (row == NULL || (row->flags & DELIVERY_PASSED(clock)) != 0) {
            fsck_judge_fault(judge, entry->seq, "it is about no delivery to %.100s, or says it again",
                             evidence->recipients[i]);
            continue;
        }
        row->flags |= DELIVERY_PASSED(clock);
        row->version++;
    }
    return AM_OK;
}

// The life whose clock the message began: of its root, or its own. Where it began both its own is that of a CONFIRM,
// which is an answer, and its root's that of an end, which is acknowledged.
static struct fsck_row *clocked_life(struct fsck_judge *judge, const struct store_judged_message *message,
                                     const Amana__V1__DeadlineEntry *deadline)
{
    struct fsck_row *root = fsck_row_find(judge, "life", message->root, deadline->recipient);
    struct fsck_row *own = fsck_row_find(judge, "life", message->seq, deadline->recipient);
    bool answer = deadline->n_clocks > 0 && deadline->clocks[0]->what == AMANA__V1__DEADLINE_OF__CODE__ANSWER;

    return root != NULL && root->clock == message->seq && !(answer && own != NULL) ? root : own;
}

enum am_err fsck_deadline_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__DeadlineEntry *deadline = entry->content->deadline;
    struct store_judged_message message;
    struct fsck_row *row = NULL;

    if (deadline->met_by != NULL ||
        (deadline->n_clocks == 1 && deadline->clocks[0]->what == AMANA__V1__DEADLINE_OF__CODE__RELEASE))
        return AM_OK; // met; or it rang for a second person: nothing has moved
    if (!store_judged_message(entry, deadline->message, &message)) {
        fsck_judge_fault(judge, entry->seq, "it is about no message");
        return AM_OK;
    }
    if (deadline->recipient[0] == '\0')
        return reviewed(judge, message.seq);
    bool asked, apart;
    row = clocked_life(judge, &message, deadline);
    TRY(fsck_asked_passed(judge, entry, &message, row, &asked));
    if (asked)
        return AM_OK;
    TRY(fsck_apart_passed(judge, entry, &message, &apart));
    if (apart)
        return AM_OK;
    if (row == NULL) {
        fsck_judge_fault(judge, entry->seq, "it is about no life that %.100s has", deadline->recipient);
        return AM_OK;
    }
    row->flags |= life_passed_said(deadline);
    row->version++;
    return AM_OK;
}

enum am_err fsck_state_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__StateEntry *state = entry->content->state;
    struct store_judged_message message;
    struct fsck_row *row;

    if (!store_judged_message(entry, state->message, &message)) {
        fsck_judge_fault(judge, entry->seq, "it is about no message");
        return AM_OK;
    }
    for (size_t i = 0; i < state->n_moves; i++) {
        if (fsck_apart_over(judge, &message, state->moves[i]) ||
            fsck_halt_said(judge, entry, &message, state->moves[i]))
            continue;
        row = fsck_row_find(judge, "life", message.root, state->moves[i]->recipient);
        if (row == NULL || !fsck_asked_over(row, state->moves[i], message.root_kind)) {
            fsck_judge_fault(judge, entry->seq, "it moves the life of %.100s from a state that it is not in",
                             state->moves[i]->recipient);
            continue;
        }
        row->state = (uint8_t)state->moves[i]->to;
        row->state_at = fsck_when_of(entry);
        row->version++;
    }
    for (size_t i = 0; i < state->n_undelivered; i++) {
        row = fsck_row_find(judge, "delivery", message.seq, state->undelivered[i]);
        if (row == NULL || row->state == AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED) {
            fsck_judge_fault(judge, entry->seq, "it ends no delivery to %.100s", state->undelivered[i]);
            continue;
        }
        row->state = AMANA__V1__DELIVERY_STATE__CODE__EXPIRED;
        row->version++;
    }
    return AM_OK;
}
