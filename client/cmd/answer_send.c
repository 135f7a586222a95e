// SPDX-License-Identifier: Apache-2.0
// Sends an answer, and again without whom it does not go to.
#include "client/cmd/answer_send.h"

#include "client/cmd/submit_draft.h"
#include "client/session/outbox.h"
#include "proto/model/header.h"

#include <string.h>

// Whom its kind goes to by itself; not whom it answers, nor whom somebody has named.
static bool may_go_without(const struct answer_input *input, const struct target *newest, const char *unit)
{
    if (strcmp(newest->opened.header->sender->unit, unit) == 0 || input->n_untaken == LIMIT_RECIPIENTS)
        return false;
    for (size_t i = 0; i < input->n_to; i++)
        if (strcmp(input->to[i].unit, unit) == 0)
            return false;
    return true;
}

void answer_leave_out(struct answer_input *input, Amana__V1__Draft *draft, size_t at)
{
    const char *unit = draft->recipients[at]->unit;
    input->untaken[input->n_untaken++] = unit;
    memmove(draft->recipients + at, draft->recipients + at + 1,
            (draft->n_recipients - at - 1) * sizeof *draft->recipients);
    draft->n_recipients--;
    command_say("left out: %s. The hub lets nothing of this case go there: tell it nothing by any other channel either",
                unit);
}

static enum am_err address_anew(struct answer_input *input, const struct target *root, const struct target *newest,
                                struct arena *arena, struct am_detail *detail, Amana__V1__Draft *draft)
{
    draft->n_recipients = 0;
    TRY(answer_to_fill(input, root, newest, arena, detail, draft));
    return submit_groups(&input->command.settings, arena, draft, detail);
}

int answer_send(struct answer_input *input, struct submission *submission, const struct target *root,
                const struct target *newest, Amana__V1__Draft *draft, bool fixed, struct arena *arena)
{
    for (;;) {
        struct am_detail detail = {0};
        submission->again = true;
        submission->compose.untaken = input->untaken;
        submission->compose.n_untaken = input->n_untaken;
        int code = submit(&input->command, submission);
        if (submission->untaken[0] == '\0')
            return code;
        size_t at = submission->untaken_at;
        if (!may_go_without(input, newest, draft->recipients[at]->unit) || (fixed && draft->n_recipients == 1))
            return submit_told(&input->command, submission, submission->untaken);
        enum am_err err = outbox_drop(input->command.session, submission->untaken, &detail);
        answer_leave_out(input, draft, at);
        if (err == AM_OK && !fixed)
            err = address_anew(input, root, newest, arena, &detail, draft);
        if (err != AM_OK)
            return command_fail(err, &detail);
    }
}
