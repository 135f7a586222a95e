// SPDX-License-Identifier: Apache-2.0
// The clocks of an accepted message: those that it meets, as a recipient's answer, and those that it begins.
#include "server/hub/accept.h"

#include "proto/model/header.h"

#include <string.h>

// --- Met
// The recipient's own life, of those that this message moves; NULL for none.
static const struct journal_life *own_life(const struct accept *accept, uint8_t *ret_to)
{
    const struct hub_submission *submission = accept->submission;
    for (size_t i = 0; i < accept->decision->n_moves; i++) {
        size_t index = accept->decision->moves[i].index;
        if (strcmp(submission->lives[index].recipient, submission->sender) != 0)
            continue;
        *ret_to = accept->decision->moves[i].to;
        return &submission->lives[index];
    }
    return NULL;
}

struct life_due accept_met(const struct accept *accept)
{
    const struct hub_submission *submission = accept->submission;
    const struct life_due none = {0};
    unsigned root = submission->root.kind;
    uint8_t to;
    const struct journal_life *before = own_life(accept, &to);
    if (before == NULL || submission->clock.delivered_at == 0)
        return none;
    struct journal_life life = *before, after = *before;
    after.state = to;
    after.officer = accept->header->officer;
    if (life_clock_stands(life.state)) { // it ends a pause: the time that was left counts
        life.answer_due += life.answer_due != 0 ? accept->append->time_ns - life.state_at : 0;
        life.state = LIFE(IN_PROGRESS);
    }
    bool fixed = submission->root.header != NULL && submission->root.header->answer_by != NULL;
    struct life_due due = life_due(root, &life, &submission->clock, fixed);
    if (life_unacknowledged(root, &after))
        due.ack = due.ack_retrieved = 0;
    if (life_unanswered(root, &after))
        due.answer = due.answer_retrieved = 0;
    return due;
}

bool accept_met_any(const struct life_due *due)
{
    return due->ack != 0 || due->answer != 0;
}

static void met_clock(const struct accept *accept, Amana__V1__DeadlineClock *row, Amana__V1__DeadlineOf__Code what,
                      Amana__V1__ClockFrom__Code from, uint64_t due)
{
    amana__v1__deadline_clock__init(row);
    row->what = what;
    row->from = from;
    row->due = due;
    row->late = accept->append->time_ns > due;
}

enum am_err accept_met_fill(struct accept *accept)
{
    const struct hub_submission *submission = accept->submission;
    const struct life_due *met = &accept->met;
    Amana__V1__DeadlineEntry deadline = AMANA__V1__DEADLINE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer by = hub_pointer(accept->header, accept->submission->header_digest);
    Amana__V1__DeadlineClock clocks[4], *list[4];
    const char **parties = arena_array(accept->arena, 2, sizeof *parties);
    const struct {
        Amana__V1__DeadlineOf__Code what;
        Amana__V1__ClockFrom__Code from;
        uint64_t due;
    } rows[] = {
        {AMANA__V1__DEADLINE_OF__CODE__ACK, AMANA__V1__CLOCK_FROM__CODE__ACCEPTANCE, met->ack},
        {AMANA__V1__DEADLINE_OF__CODE__ACK, AMANA__V1__CLOCK_FROM__CODE__RETRIEVAL, met->ack_retrieved},
        {AMANA__V1__DEADLINE_OF__CODE__ANSWER, AMANA__V1__CLOCK_FROM__CODE__ACCEPTANCE, met->answer},
        {AMANA__V1__DEADLINE_OF__CODE__ANSWER, AMANA__V1__CLOCK_FROM__CODE__RETRIEVAL, met->answer_retrieved},
    };
    if (parties == NULL)
        return arena_error(accept->arena);
    for (size_t i = 0; i < AM_LEN(rows); i++) {
        if (rows[i].due == 0)
            continue;
        met_clock(accept, &clocks[deadline.n_clocks], rows[i].what, rows[i].from, rows[i].due);
        list[deadline.n_clocks] = &clocks[deadline.n_clocks];
        deadline.n_clocks++;
    }
    uint8_t to;
    uint64_t clock = own_life(accept, &to)->clock_seq;
    deadline.message = clock == submission->reply_to.seq ? accept->header->in_reply_to
                                                         : (Amana__V1__Pointer *)accept_root_pointer(accept);
    deadline.recipient = (char *)submission->sender;
    deadline.clocks = list;
    deadline.met_by = &by;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE;
    content.deadline = &deadline;
    parties[0] = submission->sender;
    parties[1] = submission->root.originator;
    const struct hub_told told = {
        .urgency = (uint8_t)accept->header->urgency, .originator = parties[1], .recipient = parties[0]};
    return accept_tell(accept, &content, clock, parties, strcmp(parties[0], parties[1]) == 0 ? 1 : 2, &told);
}

// --- Begun
static enum am_err clocks_of(struct accept *accept, struct clock_message *ret_clocks)
{
    const Amana__V1__Header *header = accept->header;
    const struct journal_append *append = accept->append;
    *ret_clocks = (struct clock_message){.urgency = (uint8_t)header->urgency,
                                         .answer_by = header_time_or_0(header->answer_by),
                                         .valid_until = kind_in_force(header),
                                         .retain_until = header_time_or_0(header->retain_until),
                                         .n = header->n_recipients};
    ret_clocks->parties = arena_array(accept->arena, header->n_recipients, sizeof *ret_clocks->parties);
    if (ret_clocks->parties == NULL)
        return arena_error(accept->arena);
    for (size_t i = 0; i < header->n_recipients; i++) {
        struct clock_party *party = &ret_clocks->parties[i];
        size_t n = 0;
        party->unit = header->recipients[i]->unit;
        party->own = strcmp(party->unit, accept->submission->sender) == 0;
        party->has_delivery = true;
        party->delivery = append->deliveries[i];
        for (size_t j = 0; j < append->n_lives && n < CLOCK_LIVES; j++) {
            const struct journal_life *life = &append->lives[j];
            if (life->clock_seq != JOURNAL_SELF || strcmp(life->recipient, party->unit) != 0)
                continue;
            bool own = life->root == JOURNAL_SELF;
            party->lives[n++] =
                (struct clock_life){.there = true,
                                    .root_kind = (uint8_t)(own ? header->kind : (int)accept->submission->root.kind),
                                    .life = *life};
        }
    }
    return AM_OK;
}

// A clock that stood still ends later than its row says, and is perhaps not waited for any more. Whether or not it has
// passed once.
static enum am_err life_resumed(struct accept *accept, const struct journal_life *life)
{
    uint64_t until = header_time_or_0(accept->header->retain_until); // an answer has its root's
    const struct journal_delivery none = {0};
    struct life_due due = life_due(accept->submission->root.kind, life, &none, true);
    return life->clock_seq != JOURNAL_SELF && due.answer != 0 && due.answer < until
               ? hub_deadline_put(accept->pending, DEADLINE_CLOCKS, life->clock_seq, due.answer, 0)
               : AM_OK;
}

static enum am_err resumed_fill(struct accept *accept)
{
    for (size_t i = 0; i < accept->append->n_lives; i++)
        TRY(life_resumed(accept, &accept->append->lives[i]));
    return accept->apart.recipient != NULL ? life_resumed(accept, &accept->apart) : AM_OK;
}

enum am_err accept_deadlines_fill(struct accept *accept)
{
    struct clock_message clocks;
    uint64_t review_at = header_time_or_0(accept->header->review_at);
    TRY(clocks_of(accept, &clocks));
    uint64_t next = clock_next(&clocks);
    if (next != 0)
        TRY(hub_deadline_put(accept->pending, DEADLINE_CLOCKS, JOURNAL_SELF, next, 0));
    else if (clocks.retain_until != 0)
        TRY(hub_deadline_put(accept->pending, DEADLINE_RETAIN_UNTIL, JOURNAL_SELF, clocks.retain_until, 0));
    if (review_at != 0)
        TRY(hub_deadline_put(accept->pending, DEADLINE_REVIEW, JOURNAL_SELF, review_at, 0));
    return accept->resumes ? resumed_fill(accept) : AM_OK;
}
