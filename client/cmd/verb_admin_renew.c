// SPDX-License-Identifier: Apache-2.0
// admin member renew: what is said of a country's units rests on its registrars' certificates. Before one of them
// ends or is named no more, what it signed is signed by another, row by row, as it is.
#include "certs/registrar.h"
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/member_print.h"
#include "client/cmd/member_row.h"
#include "client/cmd/progress.h"

#include <string.h>

struct renew_input {
    struct command command;
    bool all, yes, dry_run;
    struct arena arena;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct renew_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'a': input->all = true; return 0;
    case 'y': input->yes = true; return 0;
    case 'n': input->dry_run = true; return 0;
    case ARGP_KEY_ARG: argp_error(state, "\"%.40s\" is one argument too many", arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// --- Which rows
// What this registrar's certificate has signed already is not signed again: a second run goes on where one ended.
static bool is_due(const struct renew_input *input, const struct certificate *own,
                   const struct member_row_signer *signer)
{
    if (memcmp(signer->certificate, own->digest, sizeof own->digest) == 0)
        return false;
    return input->all || signer->ends || signer->why[0] != '\0';
}

static void say_row(const Amana__V1__MemberRecord *member, const struct member_row_signer *signer)
{
    command_say("%s: %s", member->unit,
                signer->why[0] != '\0' ? signer->why
                : signer->ends         ? "the certificate of who signed what is said of it ends within 14 days"
                                       : "what is said of it was signed by another certificate than this one");
}

// Puts the rows that are to be signed first in the list; gives how many they are. Told is each, and what can't be.
static size_t rows_choose(struct renew_input *input, const struct certificate *own,
                          Amana__V1__MembersResponse *response)
{
    struct session *session = input->command.session;
    const char *unit = session->settings.value[SETTING_UNIT];
    size_t n = 0;
    for (size_t i = 0; i < response->n_members; i++) {
        Amana__V1__MemberRecord *member = response->members[i];
        struct member_row_signer signer;
        struct am_detail detail = {0};
        if (!address_same_country(member->unit, unit))
            continue;
        enum am_err err = member_row_verify(session, member, &detail, &signer);
        if (err != AM_OK) {
            command_tell_fault(&input->command, err, &detail);
            continue;
        }
        if (member->said->role[0] == '\0' || !is_due(input, own, &signer))
            continue;
        say_row(member, &signer);
        if (strcmp(member->unit, unit) == 0)
            command_say("%s: that is this registrar itself: another of its country must sign it", unit);
        else
            response->members[n++] = member;
    }
    return n;
}

// --- Signing them
static int row_sign(struct renew_input *input, Amana__V1__MemberRecord *member)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__ProvedEntry *entry;
    struct am_detail detail = {0};
    arena_init(&arena, ARENA_VERB);
    member->revision++;
    enum am_err err = member_row_give(input->command.session, member, &arena, &detail, &entry);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (input->command.json)
        return json_line_print(json_line_entry(entry), stdout);
    printf("%s  in force, entry %llu of %s\n", member->unit, (unsigned long long)entry->index,
           input->command.session->hub->origin);
    return 0;
}

static int rows_sign(struct renew_input *input, Amana__V1__MemberRecord **members, size_t n)
{
    struct progress progress;
    int code = 0;
    size_t done = 0;
    progress_begin(&progress, "statements", true);
    for (; done < n && code == 0; done++) {
        progress_at(&progress, done, done, n);
        code = row_sign(input, members[done]);
    }
    progress_end(&progress);
    if (code != 0)
        command_say("%zu of %zu were signed anew: the same command goes on with the others", done - 1, n);
    return code;
}

static int rows_show(const struct renew_input *input, Amana__V1__MemberRecord **members, size_t n)
{
    int code = 0;
    for (size_t i = 0; i < n && code == 0; i++) {
        if (input->command.json) {
            code = input->dry_run ? member_print_json(members[i]) : 0;
            continue;
        }
        member_print(stdout, members[i]);
        member_print_grants(stdout, members[i]);
    }
    return code;
}

static int renew(struct renew_input *input)
{
    struct session *session = input->command.session;
    const struct certificate *own;
    Amana__V1__MembersResponse *response;
    struct am_detail detail = {0};
    enum am_err err = session_key(session, CERT_USE_SIGN_OFFICER, &detail, &own, NULL);
    if (err == AM_OK) // before anybody is asked anything
        err = registrar_check(own, session->settings.value[SETTING_UNIT], "statements", session->trust,
                              session_now(session), &detail);
    if (err == AM_OK)
        err = member_rows_ask(session, "", false, &input->arena, &detail, &response);
    if (err != AM_OK)
        return command_fail(err, &detail);
    size_t n = rows_choose(input, own, response);
    int code = rows_show(input, response->members, n);
    if (n == 0)
        command_say("nothing is to be signed again");
    if (code != 0 || n == 0 || input->dry_run)
        return code;
    if (!input->yes && (code = command_ask("Is what is said of them true?", "nothing was changed")) != 0)
        return code;
    return rows_sign(input, response->members, n);
}

int verb_admin_member_renew(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"all", 'a', NULL, 0, "whatever another certificate than this registrar's signed", 0},
        {"yes", 'y', NULL, 0, "don't ask", 0},
        {"dry-run", 'n', NULL, 0, "show what would be signed, change nothing", 0},
        {0}};
    static const struct argp argp = {
        options,
        parse,
        "",
        "Signs anew, as it is, what is said of the units of this registrar's country where "
        "the certificate that signed it is good no more or ends within 14 days. Said "
        "again it goes on where it ended.",
        command_children,
        NULL,
        NULL};
    struct renew_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    arena_init(&input.arena, ARENA_VERB);
    int code = command_open(&input.command, SETTINGS_ALL);
    if (code == 0)
        code = command_connect(&input.command);
    if (code == 0)
        code = command_end(&input.command, renew(&input));
    arena_clear(&input.arena);
    command_clear(&input.command);
    return code;
}
