// SPDX-License-Identifier: Apache-2.0
// admin roster: gives the hub a roster that `amana-ca roster` made, takes a unit's out of force, and lists the newest,
// each verified.
#include "amana/v1/admin.pb-c.h"
#include "amana/v1/message.pb-c.h"
#include "certs/cms.h"
#include "certs/keyfile.h"
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/session/directory.h"
#include "client/session/history.h"
#include "proto/codec/timestamp.h"

#include <stdlib.h>
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

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct roster_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'n': input->dry_run = true; return 0;
    case 'y': input->yes = true; return 0;
    case 'o': input->output = arg; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->argument, "one at a time");
    case ARGP_KEY_END:
        if (input->argument == NULL && NEEDS[input->verb] != NULL)
            argp_error(state, "%s", NEEDS[input->verb]);
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
    return json_pack("{s:s, s:I, s:b, s:s, s:o, s:o, s:s}", "unit", roster->unit, "number", (json_int_t)roster->number,
                     "in_force", roster_in_force(roster), "signer", roster->registrar.identity.uri, "devices", devices,
                     "officers", officers, "not_after", print_ns(roster->not_after));
}

static int print_roster(const struct roster_input *input, const struct roster *roster)
{
    if (input->command.json)
        return json_line_print(names_json(roster), stdout);
    printf("%s  %llu, signed by %s, ", roster->unit, (unsigned long long)roster->number,
           roster->registrar.identity.uri + 8);
    if (!roster_in_force(roster)) {
        printf("out of force: nobody is on it\n");
        return 0;
    }
    printf("until %s\n", print_ns(roster->not_after));
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
        memcmp(said->digest.data, roster->digest, sizeof roster->digest) == 0 &&
        said->removed == !roster_in_force(roster))
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

static int give_told(struct roster_input *input, const struct roster *roster)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    struct session *session = input->command.session;
    Amana__V1__ProvedEntry *entry;
    arena_init(&arena, ARENA_VERB);
    enum am_err err = give(session, roster, &arena, &detail, &entry);
    if (err == AM_OK)
        err = check_entry(session, entry, roster, &arena, &detail);
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
#define SKEW_NS (300 * NS_PER_S)
#define DAYS_NS (30 * NS_PER_DAY)

static enum am_err make_empty(struct session *session, struct roster *newest, struct am_detail *detail,
                              struct roster **ret_roster)
{
    Amana__V1__Roster roster = AMANA__V1__ROSTER__INIT;
    Google__Protobuf__Timestamp from, until;
    const struct certificate *certificate;
    struct am_bytes cms;
    uint8_t *packed;
    size_t len;
    EVP_PKEY *key;
    TRY(session_key(session, CERT_USE_SIGN_OFFICER, detail, &certificate, &key));
    timestamp_from_ns(session_now(session) - SKEW_NS, &from);
    timestamp_from_ns(session_now(session) + DAYS_NS, &until);
    roster.unit = newest->unit;
    roster.number = newest->number + 1;
    roster.previous = (ProtobufCBinaryData){sizeof newest->digest, newest->digest};
    roster.not_before = &from;
    roster.not_after = &until;
    TRY(codec_encode_alloc(&roster.base, &packed, &len));
    enum am_err err = cms_sign_embedded((struct am_bytes){packed, len}, certificate->x509, key, detail, &cms);
    free(packed);
    TRY(err);
    err = roster_from_wire(cms, NULL, 0, session->trust, session_now(session), detail, ret_roster);
    free((void *)cms.data);
    return err;
}

// Where the registrar keeps its rosters: the next that `amana-ca roster` makes there follows this one.
static int keep(const struct roster_input *input, const struct roster *roster)
{
    struct am_detail detail = {0};
    char path[PATH_MAX], pem[PATH_MAX];
    if (input->output == NULL) {
        command_say("its next roster follows this one, number %llu: `amana admin roster remove %s -o FOLDER` writes it "
                    "to where `amana-ca roster` makes them",
                    (unsigned long long)roster->number, roster->unit);
        return 0;
    }
    enum am_err err = roster_paths(input->output, roster->unit, &detail, path, pem);
    if (err == AM_OK)
        err = certs_write_file(pem, (struct am_bytes){0}, 0644, &detail);
    if (err == AM_OK)
        err = certs_write_file(path, roster->file, 0644, &detail);
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
    enum am_err err = make_empty(input->command.session, newest, &detail, &roster);
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
        if (response->members[i]->said == NULL || response->members[i]->said->role[0] == '\0')
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

static int run(const struct argp *argp, enum roster_verb verb, int argc, char **argv)
{
    static int (*const RUN[])(struct roster_input *) = {
        [ROSTER_LIST] = list, [ROSTER_ADD] = add, [ROSTER_REMOVE] = take};
    struct roster_input input = {.verb = verb};
    command_init(&input.command);
    command_parse(argp, argc, argv, &input);
    int code = command_open(&input.command, SETTINGS_ALL);
    if (code == 0)
        code = command_end(&input.command, RUN[verb](&input));
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
    return run(&argp, ROSTER_ADD, argc, argv);
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
    return run(&argp, ROSTER_REMOVE, argc, argv);
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
    return run(&argp, ROSTER_LIST, argc, argv);
}
