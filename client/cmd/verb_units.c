// SPDX-License-Identifier: Apache-2.0
// units: whom this unit may write to, how they are reached, and their rosters verified against the anchors.
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/session/directory.h"
#include "client/session/revoked.h"
#include "client/session/store_roster.h"
#include "proto/model/kind.h"

#include <string.h>

struct units_input {
    struct command command;
    const char *argument; // a unit, or a beginning of addresses
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct units_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->argument, "one beginning at a time");
    default: return ARGP_ERR_UNKNOWN;
    }
}

// The protection unit is what trust.conf says, whatever the hub says.
static bool is_protection(const struct units_input *input, const char *unit)
{
    return trust_is_protection(input->command.session->trust, unit);
}

static json_t *row_json(const struct units_input *input, const Amana__V1__UnitRow *row, const struct roster *roster)
{
    json_t *languages = json_array(), *kinds = json_array();
    for (size_t i = 0; i < row->said->n_languages; i++)
        json_array_append_new(languages, json_string(row->said->languages[i]));
    for (size_t i = 0; i < row->n_kinds; i++)
        json_array_append_new(kinds, json_string(kind_name((unsigned)row->kinds[i])));
    json_t *line = json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:o, s:b}", "unit", row->unit, "role",
                             row->said->role, "languages", languages, "hours", row->said->hours, "telephone",
                             row->said->telephone, "deputy", row->said->deputy, "successor", row->said->successor,
                             "kinds", kinds, "protection_unit", is_protection(input, row->unit));
    if (line != NULL && !link_alive(input->command.session->link))
        json_object_del(line, "kinds"); // which only the hub says
    if (line != NULL && roster != NULL)
        json_object_set_new(line, "roster",
                            json_pack("{s:I, s:b, s:I, s:I, s:s}", "number", (json_int_t)roster->number, "in_force",
                                      roster_in_force(roster), "devices", (json_int_t)roster->devices_count, "officers",
                                      (json_int_t)roster->officers_count, "signer", roster->registrar.identity.uri));
    return line;
}

static void print_words(const char *what, const char *value)
{
    if (value[0] == '\0')
        return;
    printf("  %-10s ", what);
    print_text(stdout, value, 0);
    putchar('\n');
}

static void print_row(const struct units_input *input, const Amana__V1__UnitRow *row, const struct roster *roster)
{
    const char *own = input->command.session->settings.value[SETTING_UNIT];
    char revoked[REVOKED_TEXT];
    printf("%s", print_on(PRINT_BOLD));
    print_text(stdout, row->unit, 0);
    printf("%s  %s%s", print_off(), strcmp(row->unit, own) == 0 ? "this unit, " : "",
           is_protection(input, row->unit) ? "protection unit of its country" : "");
    if (!is_protection(input, row->unit))
        print_text(stdout, row->said->role, 0);
    for (size_t i = 0; i < row->said->n_languages; i++) {
        fputs(i == 0 ? "  " : ",", stdout);
        print_text(stdout, row->said->languages[i], 0);
    }
    putchar('\n');
    print_words("closed, to", row->said->successor);
    print_words("telephone", row->said->telephone);
    print_words("hours", row->said->hours);
    print_words("deputy", row->said->deputy);
    if (roster != NULL && !roster_in_force(roster))
        printf("  %-10s none in force: taken away by number %llu, signed by %s: verified\n", "roster",
               (unsigned long long)roster->number, roster->registrar.identity.uri + 8);
    else if (roster != NULL)
        printf("  %-10s %llu, %zu device%s, %zu officer%s, signed by %s: verified\n", "roster",
               (unsigned long long)roster->number, roster->devices_count, roster->devices_count == 1 ? "" : "s",
               roster->officers_count, roster->officers_count == 1 ? "" : "s", roster->registrar.identity.uri + 8);
    else
        printf("  %-10s none: what is said of it is the hub's word\n", "roster");
    revoked_words(input->command.session, row->unit, revoked);
    if (revoked[0] != '\0')
        printf("  %-10s %s%s%s\n", "revoked", print_on(PRINT_RED), revoked, print_off());
    for (size_t i = 0; i < row->n_kinds; i++)
        printf("%s%s%s", i == 0 ? "  may get    " : ", ", kind_name((unsigned)row->kinds[i]),
               i + 1 == row->n_kinds ? "\n" : "");
}

// Verified: signed by a registrar of its country, and in the log. What isn't is told, and the rest is listed.
static int show(struct units_input *input, struct arena *arena, Amana__V1__UnitRow *row)
{
    struct am_detail detail = {0};
    struct roster *roster = NULL;
    int code = 0;
    enum am_err err =
        row->roster != 0 ? directory_newest(input->command.session, row->unit, NULL, &detail, &roster) : AM_OK;
    if (err == AM_OK && roster != NULL)
        err = directory_member(input->command.session, row->unit, arena, &row->said);
    if (err != AM_OK) {
        roster_unref(roster);
        command_tell_fault(&input->command, err, &detail);
        return 0;
    }
    if (input->command.json)
        code = json_line_print(row_json(input, row, roster), stdout);
    else
        print_row(input, row, roster);
    roster_unref(roster);
    return code;
}

static bool asked(const struct units_input *input, const char *unit)
{
    return input->argument == NULL || strncmp(unit, input->argument, strlen(input->argument)) == 0;
}

static int show_kept(struct units_input *input, char *unit)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    Amana__V1__UnitRow row = AMANA__V1__UNIT_ROW__INIT;
    struct roster *roster;
    int code = 0;
    arena_init(&arena, ARENA_VERB);
    row.unit = unit;
    if (directory_kept(input->command.session, unit, &detail, &roster) != AM_OK)
        return 0; // good no more, or of a time before statements: there is nothing of it to be believed
    if (directory_member(input->command.session, unit, &arena, &row.said) == AM_OK) {
        if (input->command.json)
            code = json_line_print(row_json(input, &row, roster), stdout);
        else
            print_row(input, &row, roster);
    }
    roster_unref(roster);
    return code;
}

// Whom to telephone is asked most where there is no link: what was verified here before.
static int units_kept(struct units_input *input)
{
    char unit[LIMIT_ADDRESS + 1] = "";
    enum am_err err = AM_OK;
    int code = 0;
    while (code == 0 && (err = store_roster_next(input->command.session->store, unit, unit)) == AM_OK)
        if (asked(input, unit))
            code = show_kept(input, unit);
    if (code != 0)
        return code;
    if (err != AM_NOT_FOUND)
        return command_fail(err, NULL);
    command_say("no link (%s): these are the units that were looked up here before, as they were then; who may get "
                "what the hub says",
                input->command.session->offline.text);
    return EX_UNAVAILABLE;
}

static int units(struct units_input *input)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    Amana__V1__UnitsResponse *response;
    bool online = false;
    size_t shown = 0;
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code == 0)
        code = command_try_connect(&input->command, &online);
    if (code != 0 || !online)
        return code != 0 ? code : units_kept(input);
    arena_init(&arena, ARENA_VERB);
    enum am_err err = directory_units(input->command.session, &arena, &detail, &response);
    if (err != AM_OK)
        return command_fail(err, &detail);
    for (size_t i = 0; i < response->n_units && code == 0; i++) {
        Amana__V1__UnitRow *row = response->units[i];
        if (!asked(input, row->unit))
            continue;
        code = show(input, &arena, row);
        shown++;
    }
    if (code == 0 && shown == 0) {
        (void)am_fail(AM_NOT_FOUND, &detail, input->argument != NULL ? input->argument : "",
                      "no unit that this one may write to begins so");
        return command_fail(AM_NOT_FOUND, &detail);
    }
    return code;
}

int verb_units(int argc, char **argv)
{
    static const struct argp argp = {NULL,
                                     parse,
                                     "[BEGINNING]",
                                     "Lists this unit, those that it may write to and each country's protection unit: "
                                     "languages, hours, duty telephone, deputy, and the roster, verified.",
                                     command_children,
                                     NULL,
                                     NULL};
    struct units_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = command_end(&input.command, units(&input));
    command_clear(&input.command);
    return code;
}
