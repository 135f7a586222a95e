// SPDX-License-Identifier: Apache-2.0
// What an answer does to the lives of its root, by the table of proto/model/life.c; and the chain of versions.
#include "server/hub/internal.h"

#include "proto/model/header.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

// `unit`: whose life it is, where not the sender's own; NULL: of no one. What was asked of several is refused with the
// first of them.
static enum reason forbids(struct hub_submission *submission, uint8_t state, const char *unit, const char *field)
{
    struct hub_work *work = &submission->work;
    const char *originator = submission->root.originator;
    uint32_t open = life_open(submission->root.kind, state);
    char theirs[KIND_LIST_TEXT], others[KIND_LIST_TEXT], at[LIMIT_ADDRESS + 8] = "";
    if (work->state[0] != '\0')
        return REASON_STATE_FORBIDS;
    strlcpy(work->state, life_state_name(state), sizeof work->state);
    kind_list(open, work->moves, sizeof work->moves);
    if (unit != NULL && strcmp(unit, submission->sender) != 0) {
        strlcpy(work->state_unit, unit, sizeof work->state_unit);
        snprintf(at, sizeof at, "at %s ", unit);
    }
    unsigned kind = (unsigned)submission->header->kind;
    uint64_t outcomes = life_outcomes(submission->root.kind, state, kind);
    if ((open & KIND_BIT(kind)) != 0 && outcomes != 0) {
        char list[KIND_OUTCOMES_TEXT];
        outcome_list(outcomes, list, sizeof list);
        (void)am_fail(AM_DENIED, &work->detail, "outcome", "%sthe state of what it answers is %s: must be one of %s",
                      at, work->state, list);
        return REASON_STATE_FORBIDS;
    }
    kind_list(kind_moves_of(open, WHO_ORIGINATOR), theirs, sizeof theirs);
    kind_list(kind_moves_of(open, WHO_RECIPIENT), others, sizeof others);
    (void)am_fail(AM_DENIED, &work->detail, field,
                  open == 0 ? "%sits state is %s: it has ended, and nothing moves it any more"
                            : "%sits state is %s; open to %.95s, who sent it: %s; to who must act on it: %s",
                  at, work->state, originator, theirs, others);
    return REASON_STATE_FORBIDS;
}

// --- One life
const struct journal_life *hub_life_known(const struct hub_submission *submission, size_t index)
{
    const struct journal_life *known = submission->as_known;
    return known != NULL && known[index].recipient != NULL ? &known[index] : &submission->lives[index];
}

// What it does to the life, and to what is not always the same: the life as its originator knows it.
struct judged {
    uint8_t state, next;
    enum life_result result;
};

static struct judged judged_as(const struct hub_submission *submission, const struct journal_life *life, size_t i,
                               uint64_t now_ns)
{
    const Amana__V1__Header *header = submission->header;
    unsigned root = submission->root.kind;
    bool present = submission->reply_to.seq == life->clock_seq;
    struct judged judged = {.state = life_state_at(root, life->state, submission->in_force[i], now_ns)};
    judged.result =
        life_move(root, judged.state, (unsigned)header->kind, (unsigned)header->outcome, present, &judged.next);
    return judged;
}

// The entry says what its originator knows, who reads it. What was answered meanwhile stays so, without a word of it.
static enum reason judge_life(struct hub_submission *submission, size_t i, uint64_t now_ns,
                              struct hub_decision *decision)
{
    const struct journal_life *life = &submission->lives[i], *known = hub_life_known(submission, i);
    if (!submission->has_life[i])
        return REASON_INTERNAL; // every other recipient with ACTION has one
    struct judged kept = judged_as(submission, life, i, now_ns), as_known = judged_as(submission, known, i, now_ns);
    bool own = known != life && strcmp(life->recipient, submission->sender) == 0;
    if (own && kept.result == LIFE_FORBIDDEN)
        return forbids(submission, kept.state, life->recipient, "in_reply_to");
    if (own && as_known.result == LIFE_FORBIDDEN) // it follows on what its originator must not know of
        return hub_not_permitted(&submission->work, "in_reply_to");
    switch (as_known.result) {
    case LIFE_UNMOVED: return REASON_NONE;
    case LIFE_CROSSED: decision->crossed = true; return REASON_NONE;
    case LIFE_FORBIDDEN: return forbids(submission, as_known.state, life->recipient, "in_reply_to");
    case LIFE_MOVED: break;
    }
    decision->moves[decision->n_moves].index = i;
    decision->moves[decision->n_moves].from = known->state;
    decision->moves[decision->n_moves].to = as_known.next;
    decision->moves[decision->n_moves++].kept = kept.result == LIFE_MOVED ? kept.next : LIFE(UNSPECIFIED);
    return REASON_NONE;
}

// A newer version supersedes the newest; it and what ends the chain go to those who have that.
static enum reason judge_chain(const struct hub *hub, struct hub_submission *submission,
                               const struct hub_decision *decision)
{
    enum kind_chain does = (enum kind_chain)kind_get((unsigned)submission->header->kind)->chain;
    if (does == CHAIN_RENEWS && submission->supersedes.seq != submission->chain.newest) {
        uint8_t state = decision->n_moves > 0 ? decision->moves[0].from : LIFE(NEW);
        return forbids(submission, state, NULL, "supersedes");
    }
    // Nobody's life may say so: all are kept from whom it would be told to (rule 4).
    if (does != CHAIN_NONE && submission->chain.cancelled && decision->n_moves == 0)
        return forbids(submission, LIFE(STOPPING), NULL, "in_reply_to");
    return does != CHAIN_NONE ? hub_judge_delivery(hub, submission, &submission->newest) : REASON_NONE;
}

// --- Whose lives: a recipient's message is about its own; the originator's about all of a chain, and else about those
// of whom it names.
static bool concerns(const struct hub_submission *submission, const struct journal_recipient *recipient)
{
    if (strcmp(recipient->unit, submission->sender) == 0)
        return true;
    if (strcmp(submission->root.originator, submission->sender) != 0 && !submission->takes_back)
        return false;
    if (kind_get(submission->root.kind)->chain == CHAIN_BEGINS)
        return true;
    return header_recipient(submission->header, recipient->unit) != NULL;
}

// Who was asked to act by the newest version, or by an older one alone: it was gone before that.
static bool may_be_gone(const struct hub_submission *submission, size_t i)
{
    const struct hub_found *newest = &submission->newest;
    bool asked = i >= newest->n_recipients || newest->recipients[i].part == AMANA__V1__PART__CODE__ACTION;
    return asked && submission->has_life[i];
}

// What ends a life ends it for who is a member no more too: nobody else ever will. It is no error that it has ended.
static enum reason judge_gone(const struct hub *hub, struct hub_submission *submission, uint64_t now_ns,
                              struct hub_decision *decision)
{
    const Amana__V1__Header *header = submission->header;
    const struct kind *kind = kind_get((unsigned)header->kind);
    enum reason reason = REASON_NONE;
    if (!kind->alone || kind->to == TO_HOLDERS) // orders end nothing
        return REASON_NONE;
    for (size_t i = 0; i < submission->n_lives; i++) {
        if (!may_be_gone(submission, i))
            continue;
        const char *unit = submission->lives[i].recipient;
        if (hub_reachable(hub, unit) || hub_harms(submission, unit))
            continue;
        enum reason one = judge_life(submission, i, now_ns, decision);
        reason = reason == REASON_NONE ? one : reason;
    }
    bool alone = header_recipient(header, submission->sender) != NULL;
    return alone && decision->n_moves == 0 ? reason : REASON_NONE;
}

// What was asked of several ends for each by itself: a WITHDRAW ends it for whom it is still open, and is no error for
// the others.
static enum reason unless_over(struct hub_submission *submission, enum reason reason, enum reason *ret_over)
{
    if (reason != REASON_STATE_FORBIDS || submission->header->kind != KIND(WITHDRAW))
        return reason;
    *ret_over = reason;
    return REASON_NONE;
}

// Refused where it was over for all.
static enum reason judge_over(struct hub_submission *submission, enum reason over, const struct hub_decision *decision)
{
    struct hub_work *work = &submission->work;
    if (over == REASON_NONE || decision->n_moves == 0)
        return over;
    work->state[0] = work->moves[0] = work->state_unit[0] = '\0';
    work->detail = (struct am_detail){0};
    return REASON_NONE;
}

enum reason hub_judge_lives(const struct hub *hub, struct hub_submission *submission, uint64_t now_ns,
                            struct hub_decision *decision)
{
    const struct hub_found *newest = &submission->newest;
    struct hub_work *work = &submission->work;
    enum reason reason = REASON_NONE, over = REASON_NONE;
    work->state[0] = work->moves[0] = work->state_unit[0] = '\0'; // of a judgement before
    bool confirm = kind_get(submission->root.kind)->confirm != 0; // a CANCEL's own, not that of its root
    if (!confirm && life_first(submission->root.kind) == LIFE(UNSPECIFIED))
        return REASON_NONE; // a NOTE that stands alone
    if (!newest->found || (kind_get(submission->root.kind)->chain == CHAIN_BEGINS && !submission->has_chain))
        return REASON_INTERNAL;
    for (size_t i = 0; i < newest->n_recipients && reason == REASON_NONE; i++)
        if ((confirm || newest->recipients[i].part == AMANA__V1__PART__CODE__ACTION) &&
            strcmp(newest->recipients[i].unit, newest->originator) != 0 && // what went to itself alone
            concerns(submission, &newest->recipients[i]) && !hub_left_out(hub, submission, newest->recipients[i].unit))
            reason = unless_over(submission, judge_life(submission, i, now_ns, decision), &over);
    if (reason == REASON_NONE)
        reason = judge_gone(hub, submission, now_ns, decision);
    if (reason == REASON_NONE)
        reason = judge_over(submission, over, decision);
    return reason == REASON_NONE ? judge_chain(hub, submission, decision) : reason;
}
