// SPDX-License-Identifier: Apache-2.0
// The clocks of an accepted message: those that it meets, as a recipient's answer, and those that it begins.
#include "server/hub/accept.h"

#include "proto/model/header.h"

#include <string.h>

// --- Met
// The recipient's own life, of those that this message moves: before it, and where it goes. `known`: as its originator
// knows it.
struct own_move {
    const struct journal_life *before; // NULL: it moves none
    uint8_t to;
};

static struct own_move own_move(const struct accept *accept, bool known)
{
    const struct hub_submission *submission = accept->submission;
    const struct hub_decision *decision = accept->decision;
    for (size_t i = 0; i < decision->n_moves; i++) {
        size_t index = decision->moves[i].index;
        if (strcmp(submission->lives[index].recipient, submission->sender) != 0)
            continue;
        if (known)
            return (struct own_move){hub_life_known(submission, index), decision->moves[i].to};
        if (decision->moves[i].kept != LIFE(UNSPECIFIED))
            return (struct own_move){&submission->lives[index], decision->moves[i].kept};
    }
    return (struct own_move){.before = NULL};
}

// What is waited for before it and not any more after it: UTC ns of each clock; all 0: nothing.
static struct life_due met_by(const struct accept *accept, const struct own_move *own)
{
    const struct hub_submission *submission = accept->submission;
    const struct life_due none = {0};
    unsigned root = submission->root.kind;
    const struct journal_life *before = own->before;
    if (before == NULL || submission->clock.delivered_at == 0)
        return none;
    struct journal_life life = *before, after = *before;
    after.state = own->to;
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

static bool met_any(const struct life_due *due)
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

// For its recipient, and for its originator, or for one of them.
static enum am_err met_fill(struct accept *accept, const struct own_move *own, const struct life_due *met,
                            bool recipient, bool originator)
{
    const struct hub_submission *submission = accept->submission;
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
    uint64_t clock = own->before->clock_seq;
    deadline.message = clock == submission->reply_to.seq ? accept->header->in_reply_to
                                                         : (Amana__V1__Pointer *)accept_root_pointer(accept);
    deadline.recipient = (char *)submission->sender;
    deadline.clocks = list;
    deadline.met_by = &by;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE;
    content.deadline = &deadline;
    const struct hub_told told = {.urgency = (uint8_t)accept->header->urgency,
                                  .originator = originator ? submission->root.originator : NULL,
                                  .recipient = recipient ? submission->sender : NULL};
    size_t n = 0;
    if (recipient)
        parties[n++] = submission->sender;
    if (originator && (n == 0 || strcmp(parties[0], submission->root.originator) != 0))
        parties[n++] = submission->root.originator;
    return accept_tell(accept, &content, clock, parties, n, &told);
}

enum am_err accept_met_fill(struct accept *accept)
{
    struct own_move kept = own_move(accept, false), known = own_move(accept, true);
    struct life_due met = met_by(accept, &kept), met_known = met_by(accept, &known);
    bool same = memcmp(&met, &met_known, sizeof met) == 0;
    if (met_any(&met))
        TRY(met_fill(accept, &kept, &met, true, same));
    return !same && met_any(&met_known) ? met_fill(accept, &known, &met_known, false, true) : AM_OK;
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
        for (size_t j = 0; j < append->n_lives && n < CLOCK_KEPT; j++) {
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

// One that stood still to its originator alone.
static enum am_err known_resumed(struct accept *accept, size_t move)
{
    size_t index = accept->decision->moves[move].index;
    struct journal_life known = *hub_life_known(accept->submission, index);
    if (accept->submission->as_known == NULL || !life_clock_stands(known.state) || known.answer_due == 0)
        return AM_OK;
    known.answer_due += accept->append->time_ns - known.state_at;
    known.state = accept->decision->moves[move].to;
    return life_resumed(accept, &known);
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
    for (size_t i = 0; i < accept->decision->n_moves; i++)
        TRY(known_resumed(accept, i));
    return accept->resumes ? resumed_fill(accept) : AM_OK;
}
