// SPDX-License-Identifier: Apache-2.0
// send: a file's message on its way.
#include "client/cmd/anew.h"
#include "client/cmd/answer_first.h"
#include "client/cmd/answer_target.h"
#include "client/cmd/draft_file.h"
#include "client/cmd/kept_unit.h"
#include "client/cmd/submit.h"
#include "client/cmd/submit_draft.h"
#include "client/cmd/wipe.h"
#include "client/session/oversight.h"
#include "client/session/revoked.h"
#include "proto/model/address.h"

#include <stdlib.h>
#include <string.h>

struct send_input {
    struct answer_input as; // of the CONTEST that goes with it
    const char *file, *anew, *to;
    bool check;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct send_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->as.command; return 0;
    case 'n': input->check = true; return 0;
    case 'w': input->anew = arg; return 0;
    case 't': input->to = arg; return 0;
    case 'a': input->as.command.again = true; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->file, "one FILE only");
    case ARGP_KEY_END:
        if (input->anew != NULL && input->file != NULL)
            argp_error(state, "--anew sends what was sent once: no FILE");
        if (input->to != NULL && (input->anew == NULL || address_check(input->to, NULL) != AM_OK))
            argp_error(state, "--to names a unit, as in et/ics/moyale, for --anew");
        if (input->file != NULL ? input->file[0] == '\0' : input->anew == NULL && !input->as.command.again)
            argp_error(state, "needs a FILE, or - for standard input; --again tries what was refused once more");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void say_revoked(struct session *session, const char *unit)
{
    char words[REVOKED_TEXT];
    revoked_words(session, unit, words);
    if (words[0] != '\0')
        command_say("%s", words);
}

static void say_unknown(struct session *session, const Amana__V1__Draft *draft)
{
    char near[LIMIT_ADDRESS + 1];
    bool any = false;
    for (size_t i = 0; i < draft->n_recipients; i++) {
        const char *unit = draft->recipients[i]->unit;
        if (kept_unit_is(session, unit))
            continue;
        kept_unit_nearest(session, unit, near);
        fprintf(stderr, "%s%s", any ? ", " : "no roster is kept here yet of: ", unit);
        if (near[0] != '\0')
            fprintf(stderr, " (of %s there is)", near);
        any = true;
    }
    if (any)
        fputs("; whether they are there `amana units` says\n", stderr);
}

// Whose devices it would be sealed to.
static void say_readers(struct session *session, const Amana__V1__Draft *draft)
{
    const char *own = session->settings.value[SETTING_UNIT];
    char oversight[OVERSIGHT_TEXT];
    fprintf(stderr, "who could read it: %s", own);
    for (size_t i = 0; i < draft->n_recipients; i++)
        if (strcmp(draft->recipients[i]->unit, own) != 0)
            fprintf(stderr, ", %s", draft->recipients[i]->unit);
    if (draft->releasing[0] != '\0' && strcmp(draft->releasing, own) != 0)
        fprintf(stderr, ", %s", draft->releasing);
    oversight_words(session, own, oversight);
    fprintf(stderr, "%s%s\n", oversight[0] != '\0' ? "; " : "", oversight);
    say_unknown(session, draft);
    say_revoked(session, own);
    for (size_t i = 0; i < draft->n_recipients; i++)
        if (strcmp(draft->recipients[i]->unit, own) != 0)
            say_revoked(session, draft->recipients[i]->unit);
}

// Rule 6: who is a suspect in what it refers to, and a victim in it, is contested with it there.
static int contest(struct send_input *input, const struct submission *sent, const char *id)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct roles_moved moved;
    struct target target;
    arena_init(&arena, ARENA_VERB);
    if (target_load(input->as.command.session, STORE_INBOX, id, &arena, &detail, &target) != AM_OK)
        return 0; // this unit's own, or nobody can read it here
    enum am_err err = first_roles((unsigned)sent->compose.draft->kind, &target, sent->compose.draft, &arena, &moved);
    if (err == AM_OK)
        err = shield_of_case(input->as.command.session, target.opened.header->case_ref, &input->as.shield);
    if (err != AM_OK)
        return command_fail(err, &detail);
    input->as.kind = kind_get((unsigned)sent->compose.draft->kind);
    return moved.n_freed + moved.n_facts > 0 ? first_contest(&input->as, sent, &target, &target, &moved, &arena) : 0;
}

static int contest_all(struct send_input *input, const struct submission *sent)
{
    const Amana__V1__Draft *draft = sent->compose.draft;
    int code = 0;
    for (size_t i = 0; i < draft->n_references; i++) {
        int one = contest(input, sent, draft->references[i]->id);
        code = code != 0 ? code : one;
    }
    return code;
}

static int send_file(struct send_input *input)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct am_bytes text = {0};
    Amana__V1__Draft *draft;
    struct submission submission = {.file = input->file};
    arena_init(&arena, ARENA_VERB);
    enum am_err err = draft_read(input->file, &arena, &detail, &text, &draft);
    if (err != AM_OK) {
        if (err != AM_NOT_FOUND && err != AM_IO)
            command_say("%s: nothing was sent", input->file);
        return command_fail(err, &detail);
    }
    submission.compose.draft = draft;
    submission.text = text;
    int code = command_open(&input->as.command, SETTINGS_ALL);
    if (code == 0) {
        err = submit_groups(&input->as.command.settings, &arena, draft, &detail);
        if (err == AM_OK)
            err = submit_references(input->as.command.session, &arena, draft, &detail);
        if (err != AM_OK)
            code = submit_refuse(&submission, REASON_FIELD_INVALID, &detail);
    }
    if (code == 0 && input->check) {
        enum reason reason = compose_check(input->as.command.session, &submission.compose, &detail);
        if (reason != REASON_NONE)
            code = submit_refuse(&submission, reason, &detail);
        else
            command_say("%s: nothing is wrong with it here; nothing was sent", input->file);
        if (reason == REASON_NONE)
            say_readers(input->as.command.session, draft);
    } else if (code == 0) {
        code = submit(&input->as.command, &submission);
        int contested = submission.goes ? contest_all(input, &submission) : 0;
        code = code != 0 ? code : contested;
    }
    wipe_free((void *)text.data);
    return code;
}

static int send_anew(struct send_input *input)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct anew anew;
    enum store_box box;
    char id[STORE_ID];
    bool online = false;
    int code = command_open(&input->as.command, SETTINGS_ALL);
    if (code == 0)
        code = command_find(&input->as.command, BOX(SENT), input->anew, &box, id);
    if (code == 0)
        code = command_try_connect(&input->as.command, &online);
    if (code != 0)
        return code;
    arena_init(&arena, ARENA_VERB);
    enum am_err err = anew_draft(&input->as.command, id, input->to, online, &arena, &detail, &anew);
    if (err != AM_OK)
        return command_fail(err, &detail);
    command_say("%.13s goes to %s once more, sealed anew", id, anew.to);
    struct submission submission = {.compose.draft = &anew.draft, .connected = true, .online = online};
    return submit(&input->as.command, &submission);
}

int verb_send(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"dry-run", 'n', NULL, 0, "check it, and send nothing", 0},
        {"anew", 'w', "ID", 0, "seal a sent message anew, for a recipient who could not open it, or its successor", 0},
        {"to", 't', "UNIT", 0, "with --anew: to this unit instead", 0},
        {"again", 'a', NULL, 0, "try what the hub has refused once more, too", 0},
        {0}};
    static const struct argp argp = {options,
                                     parse,
                                     "FILE|-",
                                     "Checks, seals, signs and sends the message that FILE describes (JSON with // "
                                     "comments; `amana new alert` writes one to fill in). Without a link it is kept "
                                     "and goes first on the next command that connects.",
                                     command_children,
                                     NULL,
                                     NULL};
    struct send_input input = {0};
    int code;
    command_init(&input.as.command);
    command_parse(&argp, argc, argv, &input);
    if (input.anew != NULL) {
        code = command_end(&input.as.command, send_anew(&input));
    } else if (input.file != NULL) {
        code = send_file(&input);
    } else {
        code = command_open(&input.as.command, SETTINGS_ALL);
        if (code == 0)
            code = command_connect(&input.as.command);
        if (code == 0 && input.as.command.refused)
            code = EX_NOPERM;
        code = command_end(&input.as.command, code);
    }
    command_clear(&input.as.command);
    return code;
}
