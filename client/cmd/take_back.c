// SPDX-License-Identifier: Apache-2.0
// The end of what a second person did not release: to whom it goes, what it says, and whether it was taken.
#include "client/cmd/take_back.h"

#include "client/cmd/answer_send.h"
#include "client/cmd/submit.h"
#include "client/cmd/submit_draft.h"
#include "client/session/directory.h"
#include "client/session/seal.h"
#include "proto/model/kind_body.h"

#include <bsd/string.h>
#include <string.h>

// Its answer, as a verb that answers has it.
struct taking {
    struct command *command;
    const struct second_waiting *waiting;
    struct arena *arena;
    struct answer_input input;
    struct target target;
    bool own; // this unit's
};

// What ends it: an alert with CANCEL, which has it erased too; a request or referral with WITHDRAW; nothing ends
// others.
static unsigned ending_of(unsigned kind)
{
    if (kind_root(kind) == KIND(ALERT))
        return KIND(CANCEL);
    return (kind_get(KIND(WITHDRAW))->on & KIND_BIT(kind)) != 0 ? KIND(WITHDRAW) : 0;
}

// What it says may be read here or not; what its case says of protection goes along.
static enum am_err target_fill(struct taking *taking)
{
    struct am_detail unread = {0};
    struct target *target = &taking->target;
    const struct second_waiting *waiting = taking->waiting;
    strlcpy(target->id, waiting->header->id, sizeof target->id);
    target->box = STORE_SENT;
    if (seal_open(taking->command->session, waiting->message, taking->arena, &unread, &target->opened) != AM_OK)
        target->opened = (struct opened){0};
    target->opened.header = waiting->header;
    TRY(seal_point(waiting->message, waiting->header, target->digest, &target->pointer));
    return shield_of_case(taking->command->session, waiting->header->case_ref, &taking->input.shield);
}

// To all who have it; where it is another unit's alert, to that unit too.
static enum am_err recipients_fill(struct taking *taking, Amana__V1__Draft *draft)
{
    const struct answer_input *input = &taking->input;
    draft->n_recipients = 0;
    draft->recipients = arena_array(taking->arena, LIMIT_RECIPIENTS + 2, sizeof *draft->recipients);
    if (draft->recipients == NULL)
        return arena_error(taking->arena);
    TRY(answer_to_all(input, &taking->target, taking->arena, draft));
    return taking->own || draft->n_recipients == LIMIT_RECIPIENTS
               ? AM_OK
               : answer_to_also(input, taking->arena, draft, taking->waiting->header->sender->unit);
}

static enum am_err keep_ending(struct taking *taking, Amana__V1__Draft *draft, struct am_detail *detail,
                               const char **ret_id)
{
    struct session *session = taking->command->session;
    Amana__V1__Header *header = taking->waiting->header, *made;
    Amana__V1__Message *message;
    enum reason reason;
    bool alert = draft->kind == AMANA__V1__KIND__CODE__CANCEL, update = alert && header->in_reply_to != NULL;
    TRY(recipients_fill(taking, draft));
    struct compose compose = {.draft = draft,
                              .in_reply_to = update ? header->in_reply_to : &taking->target.pointer,
                              .root = header,
                              .newest = header,
                              .takes_back = alert,
                              .untaken = taking->input.untaken,
                              .n_untaken = taking->input.n_untaken};
    TRY(compose_message(session, &compose, taking->arena, detail, &reason, &message));
    TRY(seal_header(message, taking->arena, detail, &made));
    *ret_id = made->id;
    return outbox_add(session, made->id, message);
}

// Until its end is taken, who has it goes on with it.
static int told(struct taking *taking, const char *end, unsigned ending)
{
    const char *id = taking->waiting->header->id;
    bool stays;
    int code = submit_stays(taking->command, end, taking->arena, &stays);
    if (stays)
        command_say("%.13s has been sent, and its %s is not taken: it stands as before", id, kind_name(ending));
    else
        command_say("%.13s is ended: %s %.13s", id, kind_name(ending), end);
    return code;
}

// Once more without each unit to which the hub lets nothing of it go.
static int send_ending(struct taking *taking, Amana__V1__Draft *draft)
{
    struct command *command = taking->command;
    for (;;) {
        struct am_detail detail = {0};
        const char *end;
        size_t at;
        bool online;
        enum am_err err = keep_ending(taking, draft, &detail, &end);
        if (err != AM_OK) {
            command_say("%.13s has been sent, and could not be ended", taking->waiting->header->id);
            return command_fail(err, &detail);
        }
        command->own = end;
        command->own_again = true;
        int code = command_try_connect(command, &online);
        command->own_again = false;
        if (code != 0)
            return code;
        if (!submit_untaken(command, end, draft, taking->arena, &at) || taking->input.n_untaken == LIMIT_RECIPIENTS)
            return told(taking, end, (unsigned)draft->kind);
        err = outbox_drop(command->session, end, &detail);
        if (err != AM_OK)
            return command_fail(err, &detail);
        answer_leave_out(&taking->input, draft, at);
    }
}

int take_back(struct command *command, const struct second_waiting *waiting, struct arena *arena)
{
    const Amana__V1__Header *header = waiting->header;
    unsigned ending = ending_of((unsigned)header->kind);
    bool alert = ending == KIND(CANCEL);
    Amana__V1__Draft draft = AMANA__V1__DRAFT__INIT;
    Amana__V1__Cancel cancel = AMANA__V1__CANCEL__INIT;
    Amana__V1__Withdraw withdraw = AMANA__V1__WITHDRAW__INIT;
    const struct answer_verb verb = {.kind = ending,
                                     .outcome = alert ? OUTCOME(SENT_IN_ERROR) : OUTCOME(NO_LONGER_NEEDED)};
    struct taking taking = {.command = command,
                            .waiting = waiting,
                            .arena = arena,
                            .input = {.verb = &verb, .kind = kind_get(ending)},
                            .own = strcmp(header->sender->unit, command->session->settings.value[SETTING_UNIT]) == 0};
    if (!waiting->deferred)
        return 0;
    if (ending == 0 || (!alert && !taking.own)) {
        command_say(ending == 0 ? "%.13s has been sent, and nothing ends it: its recipients see that it was sent back"
                                : "%.13s has been sent: its author must withdraw it",
                    header->id);
        return 0;
    }
    taking.input.command.session = command->session;
    cancel.reason = withdraw.reason = (char *)"A second person did not release it.";
    cancel.instructions = withdraw.instructions = (char *)"Stop what was begun, and erase it.";
    draft.release = AMANA__V1__RELEASE__CODE__NOT_NEEDED;
    (void)kind_body_set(ending, &draft.base, alert ? &cancel.base : &withdraw.base);
    submit_carry(header, &draft);
    struct am_detail detail = {0};
    enum am_err err = target_fill(&taking);
    if (err == AM_OK)
        err = answer_defaults_fill(&taking.input, &taking.target, arena, &draft);
    return err == AM_OK ? send_ending(&taking, &draft) : command_fail(err, &detail);
}
