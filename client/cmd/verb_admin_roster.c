// SPDX-License-Identifier: Apache-2.0
// admin roster: gives the hub a roster that `amana-ca roster` made, takes a unit's out of force, and lists the newest,
// each verified.
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/member_row.h"
#include "client/cmd/roster_print.h"
#include "client/cmd/roster_row.h"
#include "client/session/directory.h"
#include "proto/model/address.h"

#include <string.h>

enum roster_verb { ROSTER_LIST, ROSTER_ADD, ROSTER_REMOVE };

struct roster_input {
    struct command command;
    enum roster_verb verb;
    const char *argument, *output; // file, or unit; folder
    bool dry_run, yes;
};

static const char *const NEEDS[] = {
    [ROSTER_LIST] = NULL,
    [ROSTER_ADD] = "needs the FILE.roster that `amana-ca roster` made",
    [ROSTER_REMOVE] = "needs a UNIT, as in ke/dci/transnational",
};

static void argument_check(struct argp_state *state, const struct roster_input *input)
{
    struct am_detail detail = {0};
    bool none = input->argument == NULL || (input->verb == ROSTER_ADD && input->argument[0] == '\0');
    if (none && NEEDS[input->verb] != NULL)
        argp_error(state, "%s", NEEDS[input->verb]);
    if (!none && input->verb != ROSTER_ADD && address_check(input->argument, &detail) != AM_OK)
        argp_error(state, "%s", detail.text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct roster_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'n': input->dry_run = true; return 0;
    case 'y': input->yes = true; return 0;
    case 'o': input->output = arg; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->argument, "one at a time");
    case ARGP_KEY_END: argument_check(state, input); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// --- add
// As the hub would check it, before anything changes: its signer, its time and what is in force.
static enum am_err check_next(struct session *session, const struct roster *roster, struct am_detail *detail)
{
    struct roster *newest = NULL;
    TRY(roster_check(roster, session->trust, session_now(session), detail));
    enum am_err err = directory_newest(session, roster->unit, NULL, detail, &newest);
    if (err == AM_DENIED) { // the hub has none of it yet
        *detail = (struct am_detail){0};
        err = AM_OK;
    }
    if (err == AM_OK)
        err = roster_follows(newest, roster, detail);
    roster_unref(newest);
    return err;
}

static int try(struct roster_input *input, const struct roster *roster)
{
    struct am_detail detail = {0};
    enum am_err err = check_next(input->command.session, roster, &detail);
    if (err != AM_OK)
        return command_fail(err, &detail);
    return roster_print(roster, input->command.json);
}

static int give_told(struct roster_input *input, const struct roster *roster)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    struct session *session = input->command.session;
    Amana__V1__ProvedEntry *entry;
    arena_init(&arena, ARENA_VERB);
    enum am_err err = roster_row_give(session, roster, &arena, &detail, &entry);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (input->command.json)
        return json_line_print(json_line_entry(entry), stdout);
    printf("roster %llu of %s is in force%s, entry %llu of %s\n", (unsigned long long)roster->number, roster->unit,
           roster_in_force(roster) ? "" : ": nobody is on it", (unsigned long long)entry->index, session->hub->origin);
    return 0;
}

static int add(struct roster_input *input)
{
    struct am_detail detail = {0};
    struct roster *roster;
    enum am_err err = roster_read(input->argument, &detail, &roster);
    if (err != AM_OK)
        return command_fail(err, &detail);
    int code = command_connect(&input->command);
    if (code == 0)
        code = input->dry_run ? try(input, roster) : give_told(input, roster);
    roster_unref(roster);
    return code;
}

// --- remove: a roster that nobody is on, after the newest
// Where the registrar keeps its rosters: the next that `amana-ca roster` makes there follows this one.
static int keep(const struct roster_input *input, const struct roster *roster)
{
    struct am_detail detail = {0};
    if (input->output == NULL) {
        command_say("its next roster follows this one, number %llu: `amana admin roster remove %s -o FOLDER` writes it "
                    "to where `amana-ca roster` makes them",
                    (unsigned long long)roster->number, roster->unit);
        return 0;
    }
    enum am_err err = roster_row_write(input->output, roster, &detail);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

static int ask_remove(const struct roster_input *input, const struct roster *newest)
{
    char question[LIMIT_ADDRESS + 160];
    if (input->yes)
        return 0;
    snprintf(question, sizeof question,
             "%s: %zu device%s and %zu officer%s are refused from now on, and nobody can send to it. Go on?",
             newest->unit, newest->devices_count, newest->devices_count == 1 ? "" : "s", newest->officers_count,
             newest->officers_count == 1 ? "" : "s");
    return command_ask(question, "nothing was changed");
}

static int take_away(struct roster_input *input, struct roster *newest)
{
    struct am_detail detail = {0};
    struct roster *roster;
    enum am_err err = roster_row_next(input->command.session, newest, true, &detail, &roster);
    if (err != AM_OK)
        return command_fail(err, &detail);
    int code = input->dry_run ? try(input, roster) : ask_remove(input, newest);
    if (code == 0 && !input->dry_run)
        code = give_told(input, roster);
    if (code == 0 && !input->dry_run)
        code = keep(input, roster);
    roster_unref(roster);
    return code;
}

static int take(struct roster_input *input)
{
    struct am_detail detail = {0};
    struct roster *newest;
    enum am_err err = address_check(input->argument, &detail);
    if (err != AM_OK)
        return command_fail(err, &detail);
    int code = command_connect(&input->command);
    if (code != 0)
        return code;
    err = directory_newest(input->command.session, input->argument, NULL, &detail, &newest);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (roster_in_force(newest)) {
        code = take_away(input, newest);
    } else {
        command_say("%s has no roster in force: number %llu took it away", newest->unit,
                    (unsigned long long)newest->number);
        code = keep(input, newest);
    }
    roster_unref(newest);
    return code;
}

// --- list
static int list_one(struct roster_input *input, const char *unit, unsigned *ending)
{
    struct session *session = input->command.session;
    struct roster *roster;
    struct am_detail detail = {0};
    struct standing standing;
    enum am_err err = directory_shown(session, unit, &detail, &roster);
    if (err == AM_DENIED) { // the hub has none of it yet
        command_say("%s has no roster yet", unit);
        return 0;
    }
    if (err != AM_OK) {
        command_tell_fault(&input->command, err, &detail);
        return 0;
    }
    *ending += roster_row_falls(session, roster, &standing);
    if (standing.why[0] != '\0')
        command_say("%s: its roster must be signed anew, `amana admin roster renew`: %s", unit, standing.why);
    int code = roster_print(roster, input->command.json);
    roster_unref(roster);
    return code;
}

static int list(struct roster_input *input)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    char words[STANDING_TEXT];
    unsigned ending = 0;
    Amana__V1__MembersResponse *response;
    arena_init(&arena, ARENA_VERB);
    int code = command_connect(&input->command);
    if (code != 0)
        return code;
    enum am_err err = member_rows_ask(input->command.session, input->argument != NULL ? input->argument : "", false,
                                      &arena, &detail, &response);
    if (err != AM_OK)
        return command_fail(err, &detail);
    for (size_t i = 0; code == 0 && i < response->n_members; i++)
        if (response->members[i]->said != NULL && response->members[i]->said->role[0] != '\0')
            code = list_one(input, response->members[i]->unit, &ending);
    standing_words(code == 0 ? ending : 0, ROSTER_ROWS_RENEW, words);
    if (words[0] != '\0')
        command_say("%s", words);
    return code;
}

static int run(void *user)
{
    static int (*const RUN[])(struct roster_input *) = {
        [ROSTER_LIST] = list, [ROSTER_ADD] = add, [ROSTER_REMOVE] = take};
    struct roster_input *input = user;
    return RUN[input->verb](input);
}

static int roster(const struct argp *argp, enum roster_verb verb, int argc, char **argv)
{
    struct roster_input input = {.verb = verb};
    return command_run(&input.command, argp, argc, argv, &input, run);
}

int verb_admin_roster_add(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"dry-run", 'n', NULL, 0, "show what would be in force, change nothing", 0}, {0}};
    static const struct argp argp = {options,
                                     parse,
                                     "FILE.roster",
                                     "Gives the hub a roster, with the certificates in the .pem beside it; in force at "
                                     "once, for live sessions too. For registrars, of the units of their country.",
                                     command_children,
                                     NULL,
                                     NULL};
    return roster(&argp, ROSTER_ADD, argc, argv);
}

int verb_admin_roster_remove(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"dry-run", 'n', NULL, 0, "show what would be in force, change nothing", 0},
        {"yes", 'y', NULL, 0, "don't ask", 0},
        {"output", 'o', "FOLDER", 0, "writes the roster that takes it away there, for the next to follow it", 0},
        {0}};
    static const struct argp argp = {options,
                                     parse,
                                     "UNIT",
                                     "Takes a unit's roster out of force, by one that nobody is on and that this "
                                     "registrar signs: its sessions end at once, and nobody can send to it until it "
                                     "has a new one. For registrars, of the units of their country.",
                                     command_children,
                                     NULL,
                                     NULL};
    return roster(&argp, ROSTER_REMOVE, argc, argv);
}

int verb_admin_roster_list(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "[UNIT]",
        "Lists the newest roster of each member, verified by its entry in the log, and says "
        "where the registrar who signed it is none any more.",
        command_children,
        NULL,
        NULL};
    return roster(&argp, ROSTER_LIST, argc, argv);
}
