// SPDX-License-Identifier: Apache-2.0
// The recipients of an answer against those of what it answers.
#include "proto/model/delivery.h"

#include "proto/model/header.h"

#include <string.h>

#define PART(name) AMANA__V1__PART__CODE__##name

struct checking {
    const Amana__V1__Header *answer;
    const struct delivery_to *to;
    struct am_detail *detail;
};

static const char *part_name(unsigned part)
{
    return part == PART(ACTION) ? "ACTION" : "COPY";
}

static bool is_sender(const struct checking *check, const char *unit)
{
    return strcmp(check->answer->sender->unit, unit) == 0;
}

static bool originator_told(const struct checking *check)
{
    return !is_sender(check, check->to->originator) && !check->to->originator_gone;
}

static enum reason needs(const struct checking *check, const char *unit, unsigned part)
{
    const Amana__V1__Recipient *there = header_recipient(check->answer, unit);
    if (there != NULL && (unsigned)there->part == part)
        return REASON_NONE;
    (void)am_fail(AM_INVALID, check->detail, "recipients", "%s must be there with the part %s", unit, part_name(part));
    return REASON_FIELD_INVALID;
}

static enum reason to_chosen(const struct checking *check)
{
    return REASON_NONE;
}

static enum reason to_back(const struct checking *check)
{
    const char *originator = check->to->originator;
    if (is_sender(check, originator) || header_recipient(check->answer, originator) != NULL)
        return REASON_NONE;
    (void)am_fail(AM_INVALID, check->detail, "recipients", "an answer goes back to %s too", originator);
    return REASON_FIELD_INVALID;
}

static enum reason to_originator(const struct checking *check)
{
    const char *originator = check->to->originator;
    for (size_t i = 0; i < check->answer->n_recipients; i++) {
        const Amana__V1__Recipient *recipient = check->answer->recipients[i];
        if (recipient->part == PART(COPY) || strcmp(recipient->unit, originator) == 0)
            continue;
        (void)am_fail(AM_INVALID, check->detail, "recipients", "%s alone has the part ACTION, all others COPY",
                      originator);
        return REASON_FIELD_INVALID;
    }
    return needs(check, originator, PART(ACTION));
}

static size_t others(const struct checking *check)
{
    size_t n = 0;
    for (size_t i = 0; i < check->to->n; i++)
        n += !is_sender(check, check->to->recipients[i].unit);
    return n;
}

// Who asked for it is gone: the others learn of it all the same, whatever their parts.
static enum reason to_other_parties(const struct checking *check)
{
    if (others(check) == 0)
        return needs(check, check->answer->sender->unit, PART(ACTION));
    for (size_t i = 0; i < check->to->n; i++) {
        const char *unit = check->to->recipients[i].unit;
        if (is_sender(check, unit) || header_recipient(check->answer, unit) != NULL)
            continue;
        (void)am_fail(AM_INVALID, check->detail, "recipients", "%s must be there", unit);
        return REASON_FIELD_INVALID;
    }
    return REASON_NONE;
}

// What begins a life needs who is to act in it. One who is not to learn of an answer (rule 4) keeps it from all: that
// it had gone to the others would show in the life that they share.
static enum reason to_parties(const struct checking *check)
{
    if (check->to->originator_gone && !kind_get((unsigned)check->answer->kind)->root)
        return to_other_parties(check);
    enum reason reason = to_originator(check);
    for (size_t i = 0; i < check->to->n && reason == REASON_NONE; i++)
        if (!is_sender(check, check->to->recipients[i].unit))
            reason = needs(check, check->to->recipients[i].unit, PART(COPY));
    return reason;
}

static enum reason to_some(const struct checking *check, bool asked, const char *text)
{
    for (size_t i = 0; i < check->to->n; i++) {
        const Amana__V1__Recipient *there = header_recipient(check->answer, check->to->recipients[i].unit);
        if (there != NULL && (!asked || (check->to->recipients[i].part == PART(ACTION) && there->part == PART(ACTION))))
            return REASON_NONE;
    }
    (void)am_fail(AM_INVALID, check->detail, "recipients", "%s", text);
    return REASON_FIELD_INVALID;
}

const char *delivery_stand_in(const Amana__V1__Header *answer, const struct delivery_to *to)
{
    const struct kind *kind = kind_get((unsigned)answer->kind);
    if (kind->to != TO_FORMER && kind->to != TO_SAME)
        return NULL;
    for (size_t i = 0; i < to->n; i++)
        if (to->recipients[i].part == PART(ACTION)) // every version has one
            return NULL;
    if (to->protection != NULL)
        return to->protection;
    return to->n > 0 ? to->recipients[0].unit : NULL;
}

static enum reason to_former(const struct checking *check)
{
    const char *instead = delivery_stand_in(check->answer, check->to);
    enum reason reason = instead != NULL ? needs(check, instead, PART(ACTION)) : REASON_NONE;
    for (size_t i = 0; i < check->to->n && reason == REASON_NONE; i++)
        if (instead == NULL || strcmp(check->to->recipients[i].unit, instead) != 0)
            reason = needs(check, check->to->recipients[i].unit, check->to->recipients[i].part);
    return reason;
}

// Ends what is left of the sender's own where nobody who has it can be told.
static bool to_itself_alone(const struct checking *check, bool asked)
{
    if (!kind_get((unsigned)check->answer->kind)->alone || !is_sender(check, check->to->originator))
        return false;
    for (size_t i = 0; i < check->to->n; i++)
        if (!asked || check->to->recipients[i].part == PART(ACTION))
            return false;
    return check->answer->n_recipients == 1 && is_sender(check, check->answer->recipients[0]->unit) &&
           check->answer->recipients[0]->part == PART(ACTION);
}

static bool has(const struct delivery_to *to, const char *unit)
{
    for (size_t i = 0; i < to->n; i++)
        if (strcmp(to->recipients[i].unit, unit) == 0)
            return true;
    return false;
}

// Who released it has it too, and is told with `all` others; where it is one too many for a message they go without.
static bool releasing_told(const struct checking *check, size_t all)
{
    return check->to->releasing != NULL && !is_sender(check, check->to->releasing) &&
           !has(check->to, check->to->releasing) && all < LIMIT_RECIPIENTS;
}

// How many to_former asks for.
static size_t former(const struct checking *check)
{
    const char *instead = delivery_stand_in(check->answer, check->to);
    return check->to->n + (instead != NULL && !has(check->to, instead) ? 1 : 0);
}

// What is to be erased is to be erased by all who have it.
static enum reason to_asked(const struct checking *check)
{
    bool all = kind_asks_confirm((unsigned)check->answer->kind, (unsigned)check->answer->outcome);
    if (to_itself_alone(check, !all))
        return REASON_NONE;
    if (all) {
        enum reason reason = to_former(check);
        return reason == REASON_NONE && releasing_told(check, former(check))
                   ? needs(check, check->to->releasing, PART(COPY))
                   : reason;
    }
    return to_some(check, true, "at least one of those who were asked to act must be there with the part ACTION");
}

static enum reason to_other_side(const struct checking *check)
{
    if (!is_sender(check, check->to->originator))
        return to_back(check);
    return to_some(check, false, "at least one of those who have what it answers must be there");
}

static enum reason to_holders(const struct checking *check)
{
    enum reason reason = REASON_NONE;
    for (size_t i = 0; i < check->answer->n_recipients; i++) {
        if (check->answer->recipients[i]->part == PART(ACTION))
            continue;
        (void)am_fail(AM_INVALID, check->detail, "recipients", "all have the part ACTION: every holder must act");
        return REASON_FIELD_INVALID;
    }
    for (size_t i = 0; i < check->to->n && reason == REASON_NONE; i++)
        if (!is_sender(check, check->to->recipients[i].unit))
            reason = needs(check, check->to->recipients[i].unit, PART(ACTION));
    if (reason == REASON_NONE && originator_told(check))
        reason = needs(check, check->to->originator, PART(ACTION));
    if (reason == REASON_NONE && releasing_told(check, others(check) + (originator_told(check) ? 1 : 0)))
        reason = needs(check, check->to->releasing, PART(ACTION));
    if (reason != REASON_NONE || check->answer->n_recipients == 1 ||
        header_recipient(check->answer, check->answer->sender->unit) == NULL)
        return reason;
    (void)am_fail(AM_INVALID, check->detail, "recipients", "%s is the sender: it stands there alone, or not at all",
                  check->answer->sender->unit);
    return REASON_FIELD_INVALID;
}

static enum reason to_same(const struct checking *check)
{
    if (delivery_stand_in(check->answer, check->to) == NULL && to_itself_alone(check, false))
        return REASON_NONE;
    bool confirm = kind_asks_confirm((unsigned)check->answer->kind, (unsigned)check->answer->outcome);
    size_t all = former(check);
    enum reason reason = to_former(check);
    if (reason == REASON_NONE && originator_told(check) && all < LIMIT_RECIPIENTS) {
        // A supervisor of another unit ends it (rule 5): its author is to know.
        reason = needs(check, check->to->originator, PART(COPY));
        all++;
    }
    if (reason == REASON_NONE && confirm && releasing_told(check, all)) {
        reason = needs(check, check->to->releasing, PART(COPY));
        all++;
    }
    if (reason != REASON_NONE || check->answer->n_recipients == all)
        return reason;
    (void)am_fail(AM_INVALID, check->detail, "recipients", "%s goes to those who have what it ends, and to no others",
                  kind_name((unsigned)check->answer->kind));
    return REASON_FIELD_INVALID;
}

enum reason delivery_check(const Amana__V1__Header *answer, const struct delivery_to *to, struct am_detail *detail)
{
    static enum reason (*const CHECKS[])(const struct checking *check) = {
        [TO_CHOSEN] = to_chosen,   [TO_BACK] = to_back,     [TO_ORIGINATOR] = to_originator,
        [TO_PARTIES] = to_parties, [TO_ASKED] = to_asked,   [TO_OTHER_SIDE] = to_other_side,
        [TO_HOLDERS] = to_holders, [TO_FORMER] = to_former, [TO_SAME] = to_same,
    };
    struct checking check = {answer, to, detail};
    return CHECKS[kind_goes_to((unsigned)answer->kind, (unsigned)answer->outcome)](&check);
}
