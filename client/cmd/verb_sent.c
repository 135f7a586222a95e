// SPDX-License-Identifier: Apache-2.0
// sent: what waits in the outbox, and what the log has taken.
#include "client/cmd/answers.h"
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/overdue.h"
#include "client/cmd/print.h"
#include "client/cmd/screen.h"
#include "client/cmd/traffic.h"
#include "client/cmd/unprotected.h"
#include "client/session/seal.h"

#include <bsd/string.h>
#include <stdio.h>

struct sent_input {
    struct command command;
    struct traffic traffic;
    struct overdue *overdue;
    bool late; // only what is overdue somewhere
    unsigned shown;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct sent_input *input = state->input;
    (void)arg;
    switch (key) {
    case 'o': input->late = true; return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &input->command;
        state->child_inputs[1] = &input->traffic;
        return 0;
    case ARGP_KEY_ARG: argp_error(state, "takes no argument; `amana status ID` shows one message's state"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// Nothing stays stuck: why it was refused, and the three ways on.
static void tell_refused(struct session *session, const char *id, const Amana__V1__Kept *kept)
{
    char shown[STORE_ID];
    store_short(session->store, id, shown);
    fputs("    why   ", stdout);
    print_text(stdout, kept->wait_text, 10);
    printf(
        "\n    next  `amana mend %s` writes it as a draft, `amana drop %s` takes it out, `amana send --again` tries it "
        "as it is\n",
        shown, shown);
}

// Recipients who are overdue. `answers` NULL: it isn't known yet of whom nothing is asked any more.
static unsigned late_at(const struct overdue *overdue, const char *id, const Amana__V1__Header *header,
                        const struct answers *answers)
{
    unsigned late = 0;
    if (answers != NULL && (answers->cancel[0] != '\0' || answers->withdrawn[0] != '\0' || answers->replaced))
        return 0; // nobody is waited for
    for (size_t i = 0; i < header->n_recipients && i < LIMIT_RECIPIENTS; i++)
        late +=
            (answers == NULL || !answers->withdrawn_from[i]) && overdue_is(overdue, id, header->recipients[i]->unit);
    return late;
}

static enum am_err list(struct sent_input *input, enum store_box box)
{
    struct command *command = &input->command;
    char at[STORE_ID] = "", id[STORE_ID], state[ANSWERS_STATE];
    enum am_err err;
    while ((err = store_next(command->session->store, box, at, id)) == AM_OK) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        struct answers answers;
        Amana__V1__Header *header;
        Amana__V1__Kept *kept;
        arena_init(&arena, ARENA_VERB);
        strlcpy(at, id, sizeof at);
        TRY(store_get(command->session->store, box, id, &arena, &kept));
        TRY(seal_header(kept->message, &arena, NULL, &header));
        unsigned late = late_at(input->overdue, id, header, NULL);
        if ((input->late && late == 0) || !traffic_wants(&input->traffic, header->status))
            continue;
        TRY(answers_find(command->session, id, &answers));
        late = late_at(input->overdue, id, header, &answers);
        if (input->late && late == 0)
            continue;
        answers_state_of(kept, &answers, id, false, state);
        if (box == STORE_OUTBOX)
            outbox_state(kept, state);
        else if (state[0] == '\0')
            snprintf(state, sizeof state, "accepted, entry %llu", (unsigned long long)kept->entry->index);
        input->shown++;
        size_t len = strlen(state);
        if (late > 0)
            snprintf(state + len, sizeof state - len, ", OVERDUE at %u", late);
        if (command->json)
            (void)!json_line_kept(command->session, kept, state, stdout);
        else
            screen_line(command->session, id, kept, state, stdout);
        if (!command->json && box == STORE_SENT) {
            struct unprotected unprotected;
            unprotected_look(command->session, kept, &unprotected);
            unprotected_print(&unprotected, stdout);
        }
        if (!command->json && outbox_was_refused(kept))
            tell_refused(command->session, id, kept);
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

int verb_sent(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"overdue", 'o', NULL, 0, "only what a recipient has not acknowledged or answered in time", 0}, {0}};
    static const struct argp argp = {
        options,          parse, NULL, "Lists what this unit has sent, and what waits in the outbox.",
        traffic_children, NULL,  NULL};
    struct sent_input input = {0};
    struct command *command = &input.command;
    struct am_detail detail = {0};
    bool online;
    command_init(command);
    command_parse(&argp, argc, argv, &input);
    int code = command_open(command, SETTINGS_ALL);
    if (code == 0)
        code = command_try_connect(command, &online);
    if (code == 0) {
        enum am_err err = overdue_read(command->session->store, &input.overdue);
        if (err == AM_OK)
            err = list(&input, STORE_SENT);
        if (err == AM_OK)
            err = list(&input, STORE_OUTBOX);
        code = err == AM_OK ? 0 : command_fail(err, &detail);
        if (code == 0 && input.shown == 0 && !command->json)
            command_say(input.late ? "nothing is overdue" : "nothing was sent, and nothing waits");
    }
    code = command_end(command, code);
    overdue_free(input.overdue);
    command_clear(command);
    return code;
}
