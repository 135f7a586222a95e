// SPDX-License-Identifier: Apache-2.0
// Contacts of both sides, put together.
#include "client/cmd/told.h"

#include "proto/model/header.h"
#include "proto/model/kind.h"

#include <stdio.h>
#include <string.h>

#define BIT(i) (1ull << (i))

static bool says_told(const Amana__V1__Header *later)
{
    return (later->kind == KIND(CONTACT) && (unsigned)later->outcome == OUTCOME(TOLD)) ||
           (later->kind == KIND(ACK) && later->told_at != NULL);
}

// Who has a COPY of what was written down reads along.
static bool rang(const Amana__V1__Header *later, const char *unit)
{
    const Amana__V1__Recipient *recipient = header_recipient(later, unit);
    return recipient != NULL && recipient->part == AMANA__V1__PART__CODE__ACTION;
}

void told_take(struct told *told, const Amana__V1__Header *of, const Amana__V1__Header *later)
{
    const char *by = later->sender->unit;
    for (size_t i = 0; says_told(later) && i < of->n_recipients && i < LIMIT_RECIPIENTS; i++) {
        const char *unit = of->recipients[i]->unit;
        if (strcmp(by, unit) == 0)
            told->by_recipient |= BIT(i);
        else if (strcmp(by, of->sender->unit) == 0 && rang(later, unit))
            told->by_sender |= BIT(i);
    }
}

const char *told_by(const struct told *told, size_t recipient)
{
    bool sender = (told->by_sender & BIT(recipient)) != 0, itself = (told->by_recipient & BIT(recipient)) != 0;
    return sender && itself ? "both" : sender ? "sender" : itself ? "recipient" : NULL;
}

const char *told_words(const struct told *told, const Amana__V1__Header *of, size_t recipient, char ret_text[TOLD_TEXT])
{
    const char *unit = of->recipients[recipient]->unit, *sender = of->sender->unit, *by = told_by(told, recipient);
    ret_text[0] = '\0';
    if (by == NULL)
        return ret_text;
    bool both = strcmp(by, "both") == 0, theirs = strcmp(by, "recipient") == 0;
    if (both)
        snprintf(ret_text, TOLD_TEXT, "told: signed by both sides");
    else
        snprintf(ret_text, TOLD_TEXT, "told: by %.95s alone, proved once %.95s writes it down too (`amana called`)",
                 theirs ? unit : sender, theirs ? sender : unit);
    return ret_text;
}
