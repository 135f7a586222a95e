// SPDX-License-Identifier: Apache-2.0
// Rule 11: what a message marked H2 says goes on to those who have it, to who protects in their countries, within the
// reader's agency where policy says so, and to whom its sender's DECISION names.
#include "server/hub/internal.h"

#include "proto/model/header.h"

#include <stdio.h>
#include <string.h>

static bool protects_one_of(const struct hub *hub, const struct hub_found *about, const char *unit)
{
    bool yes = hub_protects(hub, about->originator, unit);
    for (size_t i = 0; i < about->n_recipients && !yes; i++)
        yes = hub_protects(hub, about->recipients[i].unit, unit);
    return yes;
}

static bool within_agency(const struct hub *hub, const char *sender, const char *unit)
{
    return address_same_agency(sender, unit) && policy_onward(hub->policy, unit) != NULL;
}

// A DECISION that grants something to this unit; which may learn of it, H2 as it is by what it answers.
static bool names(const struct hub_found *decision, const char *unit)
{
    const Amana__V1__Header *header = decision->header;
    if (!decision->found || decision->kind != KIND(DECISION) || header == NULL ||
        (unsigned)header->outcome != OUTCOME(GRANTED))
        return false;
    for (size_t i = 0; i < header->n_granted_to; i++)
        if (strcmp(header->granted_to[i], unit) == 0)
            return true;
    return false;
}

// One that it points at, by the sender of what is passed on, about just that.
static bool grants(const struct hub_found *decision, const struct hub_found *about, const Amana__V1__Pointer *pointer,
                   const char *unit)
{
    return names(decision, unit) && strcmp(decision->originator, about->originator) == 0 &&
           header_points_alike(decision->asked, pointer);
}

static bool granted(const struct hub_submission *submission, const struct hub_found *about,
                    const Amana__V1__Pointer *pointer, const char *unit)
{
    bool yes = grants(&submission->reply_to, about, pointer, unit);
    for (size_t i = 0; i < submission->header->n_references && !yes; i++)
        yes = grants(&submission->references[i], about, pointer, unit);
    return yes;
}

static enum reason judge_one(const struct hub *hub, struct hub_submission *submission, const struct hub_found *about,
                             const Amana__V1__Pointer *pointer)
{
    const Amana__V1__Header *header = submission->header;
    if (!about->found || !rule_h2(about->header) || strcmp(about->originator, submission->sender) == 0)
        return REASON_NONE;
    for (size_t i = 0; i < header->n_recipients; i++) {
        const char *unit = header->recipients[i]->unit;
        char field[48];
        const char *releasing = hub_releasing_of(about);
        bool has = hub_found_party(about, unit) || (releasing != NULL && strcmp(releasing, unit) == 0);
        if (has || protects_one_of(hub, about, unit) || within_agency(hub, submission->sender, unit) ||
            names(about, unit) || granted(submission, about, pointer, unit))
            continue;
        snprintf(field, sizeof field, "recipients[%zu].unit", i);
        (void)am_fail(AM_DENIED, &submission->work.detail, field,
                      "what it refers to is marked H2: ask %s for permission, and name its DECISION in references",
                      about->originator);
        return REASON_HANDLING_FORBIDS;
    }
    return REASON_NONE;
}

enum reason hub_judge_onward(const struct hub *hub, struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header;
    enum reason reason = judge_one(hub, submission, &submission->reply_to, header->in_reply_to);
    for (size_t i = 0; i < header->n_references && reason == REASON_NONE; i++)
        reason = judge_one(hub, submission, &submission->references[i], header->references[i]);
    return reason;
}
