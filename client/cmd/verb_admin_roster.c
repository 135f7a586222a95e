// SPDX-License-Identifier: Apache-2.0
// admin roster: gives the hub a roster that `amana-ca roster` made, and lists those in force, each verified.
#include "amana/v1/admin.pb-c.h"
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/session/directory.h"
#include "client/session/history.h"

#include <string.h>

struct roster_input {
    struct command command;
    const char *argument; // file, or unit
    bool list, dry_run;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct roster_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'n': input->dry_run = true; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->argument, "one at a time");
    case ARGP_KEY_END:
        if (input->argument == NULL && !input->list)
            argp_error(state, "needs the FILE.roster that `amana-ca roster` made");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// --- What it says
static json_t *names_json(const struct roster *roster)
{
    json_t *officers = json_array(), *devices = json_array();
    for (size_t i = 0; i < roster->officers_count; i++)
        json_array_append_new(officers, json_pack("{s:s, s:b}", "officer", roster->officers[i].identity.uri,
                                                  "supervisor", roster->officers[i].supervisor));
    for (size_t i = 0; i < roster->devices_count; i++)
        json_array_append_new(devices, json_string(roster->devices[i].identity.uri));
    return json_pack("{s:s, s:I, s:s, s:o, s:o, s:s}", "unit", roster->unit, "number", (json_int_t)roster->number,
                     "signer", roster->registrar.identity.uri, "devices", devices, "officers", officers, "not_after",
                     print_ns(roster->not_after));
}

static int print_roster(const struct roster_input *input, const struct roster *roster)
{
    if (input->command.json)
        return json_line_print(names_json(roster), stdout);
    printf("%s  %llu, signed by %s, until %s\n", roster->unit, (unsigned long long)roster->number,
           roster->registrar.identity.uri + 8, print_ns(roster->not_after));
    for (size_t i = 0; i < roster->devices_count; i++)
        printf("  device   %s\n", print_officer(roster->devices[i].identity.uri));
    for (size_t i = 0; i < roster->officers_count; i++)
        printf("  officer  %s%s\n", print_officer(roster->officers[i].identity.uri),
               roster->officers[i].supervisor ? ", supervisor" : "");
    return 0;
}

// --- add
static enum am_err check_entry(struct session *session, const Amana__V1__ProvedEntry *entry,
                               const struct roster *roster, struct arena *arena, struct am_detail *detail)
{
    Amana__V1__EntryContent *content;
    TRY(history_entry(session, entry, arena, detail, &content));
    const Amana__V1__RosterEntry *said = content->roster;
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_ROSTER && strcmp(said->unit, roster->unit) == 0 &&
        said->number == roster->number && said->digest.len == sizeof roster->digest &&
        memcmp(said->digest.data, roster->digest, sizeof roster->digest) == 0)
        return AM_OK;
    return am_fail(AM_PROOF, detail, roster->unit, "the entry that the hub shows is not that of this roster");
}

static enum am_err give(struct session *session, const struct roster *roster, struct arena *arena,
                        struct am_detail *detail, Amana__V1__ProvedEntry **ret_entry)
{
    struct am_bytes der[3 * LIMIT_DEVICES + LIMIT_OFFICERS];
    ProtobufCBinaryData list[AM_LEN(der)];
    Amana__V1__AddRosterRequest request = AMANA__V1__ADD_ROSTER_REQUEST__INIT;
    size_t count = roster_certificates(roster, der);
    if (count != 3 * roster->devices_count + roster->officers_count)
        return AM_NOMEM;
    for (size_t i = 0; i < count; i++)
        list[i] = codec_binary(der[i]);
    request.roster = codec_binary(roster->file);
    request.certificates = list;
    request.n_certificates = count;
    enum am_err err = session_call(session, "/amana.v1.Admin/AddRoster", &request.base,
                                   &amana__v1__proved_entry__descriptor, arena, detail, (ProtobufCMessage **)ret_entry);
    roster_certificates_free(der, count);
    return err;
}

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
    return print_roster(input, roster);
}

static int add(struct roster_input *input)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    struct session *session = input->command.session;
    Amana__V1__ProvedEntry *entry;
    struct roster *roster;
    arena_init(&arena, ARENA_VERB);
    enum am_err err = roster_read(input->argument, &detail, &roster);
    if (err != AM_OK)
        return command_fail(err, &detail);
    int code = command_connect(&input->command);
    if (code == 0 && input->dry_run) {
        code = try(input, roster);
    } else if (code == 0) {
        err = give(session, roster, &arena, &detail, &entry);
        if (err == AM_OK)
            err = check_entry(session, entry, roster, &arena, &detail);
        if (err != AM_OK)
            code = command_fail(err, &detail);
        else if (input->command.json)
            code = json_line_print(json_line_entry(entry), stdout);
        else
            printf("roster %llu of %s is in force, entry %llu of %s\n", (unsigned long long)roster->number,
                   roster->unit, (unsigned long long)entry->index, session->hub->origin);
    }
    roster_unref(roster);
    return code;
}

// --- list
static int list(struct roster_input *input)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    struct session *session = input->command.session;
    Amana__V1__MembersRequest request = AMANA__V1__MEMBERS_REQUEST__INIT;
    Amana__V1__MembersResponse *response;
    arena_init(&arena, ARENA_VERB);
    int code = command_connect(&input->command);
    if (code != 0)
        return code;
    request.unit = (char *)(input->argument != NULL ? input->argument : "");
    enum am_err err =
        session_call(session, "/amana.v1.Admin/Members", &request.base, &amana__v1__members_response__descriptor,
                     &arena, &detail, (ProtobufCMessage **)&response);
    for (size_t i = 0; err == AM_OK && code == 0 && i < response->n_members; i++) {
        struct roster *roster;
        struct am_detail why = {0};
        if (response->members[i]->role[0] == '\0')
            continue;
        enum am_err found = directory_newest(session, response->members[i]->unit, NULL, &why, &roster);
        if (found == AM_DENIED) { // the hub has none of it yet
            command_say("%s has no roster yet", response->members[i]->unit);
            continue;
        }
        if (found != AM_OK) {
            command_tell_fault(&input->command, found, &why);
            continue;
        }
        code = print_roster(input, roster);
        roster_unref(roster);
    }
    return err == AM_OK ? code : command_fail(err, &detail);
}

static int run(const struct argp *argp, bool listing, int argc, char **argv)
{
    struct roster_input input = {.list = listing};
    command_init(&input.command);
    command_parse(argp, argc, argv, &input);
    int code = command_open(&input.command, SETTINGS_ALL);
    if (code == 0)
        code = command_end(&input.command, listing ? list(&input) : add(&input));
    command_clear(&input.command);
    return code;
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
    return run(&argp, false, argc, argv);
}

int verb_admin_roster_list(int argc, char **argv)
{
    static const struct argp argp = {NULL,
                                     parse,
                                     "[UNIT]",
                                     "Lists the newest roster of each member, verified by the registrar who signed it "
                                     "and by its entry in the log.",
                                     command_children,
                                     NULL,
                                     NULL};
    return run(&argp, true, argc, argv);
}
