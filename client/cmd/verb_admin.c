// SPDX-License-Identifier: Apache-2.0
// admin member and admin grant: the registry, by a registrar of the unit's country. Each change is the whole row anew,
// so that nobody's change is lost under another's.
#include "amana/v1/admin.pb-c.h"
#include "client/cmd/arguments.h"
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/member_print.h"
#include "client/cmd/member_row.h"
#include "proto/codec/nearest.h"
#include "proto/model/address.h"
#include "proto/model/kind.h"
#include "proto/model/member.h"

#include <stdlib.h>
#include <string.h>

enum admin_verb { MEMBER_LIST, MEMBER_ADD, MEMBER_REMOVE, GRANT_LIST, GRANT_ADD, GRANT_REMOVE };

struct admin_input {
    struct command command;
    enum admin_verb verb;
    const char *unit, *role, *number, *hours, *telephone, *deputy, *successor;
    char *languages[MEMBER_CODES], *scope[MEMBER_CODES], *parties[MEMBER_PARTIES];
    size_t n_languages, n_scope, n_parties;
    Amana__V1__Kind__Code kinds[KIND_COUNT];
    size_t n_kinds;
    bool yes, dry_run;
    uint64_t open_sent, open_received; // of the unit that is to be removed
    struct arena arena;
};

// --- Arguments
static void list_take(struct argp_state *state, char *value, char **list, size_t *n, size_t room, const char *what)
{
    for (char *save, *word = strtok_r(value, ", ", &save); word != NULL; word = strtok_r(NULL, ", ", &save)) {
        if (*n == room)
            argp_error(state, "at most %zu %s", room, what);
        list[(*n)++] = word;
    }
}

static void kinds_take(struct argp_state *state, struct admin_input *input, char *value)
{
    char *words[KIND_COUNT];
    size_t n = 0;
    list_take(state, value, words, &n, KIND_COUNT - 1, "kinds");
    for (size_t i = 0; i < n; i++) {
        struct nearest nearest = {.word = words[i], .len = strlen(words[i])};
        char clause[NEAREST_CLAUSE];
        unsigned code = 1;
        for (; code < KIND_COUNT && strcmp(kind_name(code), words[i]) != 0; code++)
            nearest_offer(&nearest, kind_name(code));
        if (code == KIND_COUNT)
            argp_error(state, "--kinds: \"%.40s\" is no kind of message%s", words[i], nearest_clause(&nearest, clause));
        input->kinds[input->n_kinds++] = (Amana__V1__Kind__Code)code;
        if (input->n_kinds == KIND_COUNT)
            argp_error(state, "--kinds: at most %d", KIND_COUNT - 1);
    }
}

static void arguments_check(struct argp_state *state, const struct admin_input *input)
{
    bool list = input->verb == MEMBER_LIST || input->verb == GRANT_LIST;
    struct am_detail detail = {0};
    if (input->unit == NULL && !list)
        argp_error(state, "needs a UNIT, as in ke/dci/transnational");
    if (input->unit != NULL && address_check(input->unit, &detail) != AM_OK)
        argp_error(state, "%s", detail.text);
    if (input->role != NULL && arguments_blank(input->role)) // a row without a role is one that is removed
        argp_error(state, "--role must be one of " MEMBER_ROLES);
    if (input->verb == GRANT_ADD && (input->n_kinds == 0 || input->n_parties == 0))
        argp_error(state, "needs --kinds and --to, as in --kinds ALERT,UPDATE --to 'et/ics/*'");
    if (input->verb == GRANT_REMOVE && input->number == NULL)
        argp_error(state, "needs the NUMBER that `amana admin grant list %s` shows", input->unit);
}

static error_t argument_take(struct argp_state *state, struct admin_input *input, char *arg)
{
    if (input->unit == NULL)
        input->unit = arg;
    else if (input->verb == GRANT_REMOVE && input->number == NULL)
        input->number = arg;
    else
        argp_error(state, "\"%.40s\" is one argument too many", arg);
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct admin_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'r': input->role = arg; return 0;
    case 'l': list_take(state, arg, input->languages, &input->n_languages, MEMBER_CODES, "languages"); return 0;
    case 's': list_take(state, arg, input->scope, &input->n_scope, MEMBER_CODES, "countries"); return 0;
    case 'k': kinds_take(state, input, arg); return 0;
    case 't': list_take(state, arg, input->parties, &input->n_parties, MEMBER_PARTIES, "units"); return 0;
    case 'H': input->hours = arg; return 0;
    case 'P': input->telephone = arg; return 0;
    case 'D': input->deputy = arg; return 0;
    case 'S': input->successor = arg; return 0;
    case 'y': input->yes = true; return 0;
    case 'n': input->dry_run = true; return 0;
    case ARGP_KEY_ARG: return argument_take(state, input, arg);
    case ARGP_KEY_END: arguments_check(state, input); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// --- Asking the hub
static int rows_ask(struct admin_input *input, Amana__V1__MembersResponse **ret_response)
{
    struct am_detail detail = {0};
    enum am_err err = member_rows_ask(input->command.session, input->unit != NULL ? input->unit : "",
                                      input->verb == MEMBER_REMOVE, &input->arena, &detail, ret_response);
    if (err != AM_OK)
        return command_fail(err, &detail);
    input->open_sent = (*ret_response)->open_sent;
    input->open_received = (*ret_response)->open_received;
    return 0;
}

static int rows_list(struct admin_input *input)
{
    Amana__V1__MembersResponse *response;
    char ending[STANDING_TEXT];
    int code = rows_ask(input, &response);
    for (size_t i = 0; code == 0 && i < response->n_members; i++) {
        const Amana__V1__MemberRecord *member = response->members[i];
        struct am_detail detail = {0};
        struct standing signer;
        enum am_err err = member_row_verify(input->command.session, member, &detail, &signer);
        if (err != AM_OK) {
            command_tell_fault(&input->command, err, &detail);
            continue;
        }
        if (signer.why[0] != '\0')
            command_say("%s: what is said of it must be signed anew, `amana admin member add %s`: %s", member->unit,
                        member->unit, signer.why);
        if (input->command.json) {
            code = member_print_json(member);
            continue;
        }
        if (member->said->role[0] == '\0' && input->unit == NULL)
            continue; // those removed are shown to whom asks for them
        member_print(stdout, member);
        if (input->verb == GRANT_LIST)
            member_print_grants(stdout, member);
    }
    if (code == 0 && input->unit != NULL && response->n_members == 0) {
        command_say("%s: is no member and never was: `amana admin member list` shows them all", input->unit);
        return EX_NOINPUT;
    }
    standing_words(code == 0 ? member_rows_ending(input->command.session, response) : 0, MEMBER_ROWS_RENEW, ending);
    if (ending[0] != '\0')
        command_say("%s", ending);
    return code;
}

// --- Changing a row
static int change_member(struct admin_input *input, Amana__V1__MemberRecord *member)
{
    if (member->said->role[0] == '\0' && input->role == NULL) {
        command_say("%s is no member yet: say its role with --role, one of " MEMBER_ROLES, input->unit);
        return EX_USAGE;
    }
    if (input->role != NULL)
        member->said->role = (char *)input->role;
    if (input->n_languages > 0) {
        member->said->languages = input->languages;
        member->said->n_languages = input->n_languages;
    }
    if (input->n_scope > 0) {
        member->said->scope = input->scope;
        member->said->n_scope = input->n_scope;
    }
#define CHANGE(field) member->said->field = input->field != NULL ? (char *)input->field : member->said->field
    CHANGE(hours);
    CHANGE(telephone);
    CHANGE(deputy);
    CHANGE(successor);
#undef CHANGE
    return 0;
}

static int change_grant_add(struct admin_input *input, Amana__V1__MemberRecord *member)
{
    Amana__V1__GrantRecord **grants = arena_array(&input->arena, member->n_grants + 1, sizeof *grants);
    Amana__V1__GrantRecord *grant = arena_alloc(&input->arena, sizeof *grant);
    if (grants == NULL || grant == NULL)
        return EX_OSERR;
    for (size_t i = 0; i < member->n_grants; i++)
        grants[i] = member->grants[i];
    amana__v1__grant_record__init(grant);
    grant->kinds = input->kinds;
    grant->n_kinds = input->n_kinds;
    grant->parties = input->parties;
    grant->n_parties = input->n_parties;
    grants[member->n_grants++] = grant;
    member->grants = grants;
    return 0;
}

static int change_grant_remove(struct admin_input *input, Amana__V1__MemberRecord *member)
{
    char *end;
    unsigned long number = strtoul(input->number, &end, 10);
    if (*end != '\0' || number == 0 || number > member->n_grants) {
        command_say("\"%.20s\" is none of its grants: `amana admin grant list %s` shows their numbers", input->number,
                    input->unit);
        return EX_USAGE;
    }
    for (size_t i = number - 1; i + 1 < member->n_grants; i++)
        member->grants[i] = member->grants[i + 1];
    member->n_grants--;
    return 0;
}

static int change_remove(Amana__V1__MemberRecord *member)
{
    member->said->role = member->said->hours = member->said->telephone = member->said->deputy =
        member->said->successor = (char *)"";
    member->said->n_languages = member->n_grants = member->said->n_scope = 0;
    return 0;
}

// What a registrar signs begins with what a registrar signed, never with what the hub has made of it.
static int row_signable(const struct admin_input *input, const Amana__V1__MemberRecord *member)
{
    struct am_detail detail = {0};
    struct standing signer = {0};
    enum am_err err = strcmp(member->unit, input->unit) == 0
                          ? member_row_verify(input->command.session, member, &detail, &signer)
                          : am_fail(AM_PROOF, &detail, input->unit, "the hub shows another unit's row");
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (signer.why[0] == '\0')
        return 0;
    command_say("%s: %s. Read what is signed anew", member->unit, signer.why);
    return input->yes || input->dry_run ? 0 : command_ask("Is what is said of it true?", "nothing was changed");
}

// The row to begin from: that of the hub, or an empty one for a unit that it doesn't have.
static int row_begin(struct admin_input *input, Amana__V1__MemberRecord **ret_member)
{
    Amana__V1__MembersResponse *response;
    int code = rows_ask(input, &response);
    if (code != 0)
        return code;
    Amana__V1__MemberRecord *member = response->n_members > 0 ? response->members[0] : NULL;
    if (member != NULL && (code = row_signable(input, member)) != 0)
        return code;
    if (member == NULL) {
        member = arena_alloc(&input->arena, sizeof *member);
        Amana__V1__Member *said = arena_alloc(&input->arena, sizeof *said);
        if (member == NULL || said == NULL)
            return EX_OSERR;
        amana__v1__member_record__init(member);
        amana__v1__member__init(said);
        member->unit = (char *)input->unit;
        member->said = said;
    }
    if (member->said->role[0] == '\0' && input->verb != MEMBER_ADD) {
        command_say("%s is no member: `amana admin member add %s --role ROLE` makes it one", input->unit, input->unit);
        return EX_NOINPUT;
    }
    *ret_member = member;
    return 0;
}

// Who is no member can't be answered, nor a hit on its alerts be told; who is closed still can.
static void warn_removed(const struct admin_input *input, const Amana__V1__MemberRecord *member)
{
    if (input->verb == MEMBER_REMOVE && member_role_carries(member->said->role) && member->said->successor[0] == '\0')
        command_say(
            "%s: open are %llu messages that it sent and %llu that it has to answer. Nothing that it sent can be "
            "acknowledged, hit or answered any more, and what it was asked stays unanswered; `amana admin member "
            "add %s --successor UNIT` closes it instead: answers still reach it, new mail is refused with its "
            "successor's name",
            input->unit, (unsigned long long)input->open_sent, (unsigned long long)input->open_received, input->unit);
}

static int confirm(const struct admin_input *input)
{
    char question[LIMIT_ADDRESS + 96];
    if (input->yes || input->verb == MEMBER_ADD || input->verb == GRANT_ADD)
        return 0;
    snprintf(question, sizeof question, "%s: %s from now on. Go on?", input->unit,
             input->verb == MEMBER_REMOVE ? "no session, no sending, no receiving" : "this grant counts no more");
    return command_ask(question, "nothing was changed");
}

static int row_send(struct admin_input *input, const Amana__V1__MemberRecord *member)
{
    Amana__V1__ProvedEntry *entry;
    struct am_detail detail = {0};
    enum am_err err = member_row_give(input->command.session, member, &input->arena, &detail, &entry);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (input->command.json)
        return json_line_print(json_line_entry(entry), stdout);
    printf("in force, entry %llu of %s\n", (unsigned long long)entry->index, input->command.session->hub->origin);
    return 0;
}

static int row_change(struct admin_input *input)
{
    Amana__V1__MemberRecord *member;
    struct am_detail detail = {0};
    int code = row_begin(input, &member);
    if (code != 0)
        return code;
    warn_removed(input, member);
    switch (input->verb) {
    case MEMBER_ADD: code = change_member(input, member); break;
    case MEMBER_REMOVE: code = change_remove(member); break;
    case GRANT_ADD: code = change_grant_add(input, member); break;
    default: code = change_grant_remove(input, member); break;
    }
    if (code != 0)
        return code;
    member->revision++;
    enum am_err err = member_check(member, &detail);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (!input->command.json) {
        member_print(stdout, member);
        member_print_grants(stdout, member);
    }
    if (input->dry_run)
        return input->command.json ? member_print_json(member) : 0;
    code = confirm(input);
    return code == 0 ? row_send(input, member) : code;
}

static int run(void *user)
{
    struct admin_input *input = user;
    arena_init(&input->arena, ARENA_VERB);
    int code = command_connect(&input->command);
    if (code == 0)
        code = input->verb == MEMBER_LIST || input->verb == GRANT_LIST ? rows_list(input) : row_change(input);
    arena_clear(&input->arena);
    return code;
}

static int admin(enum admin_verb verb, const struct argp_option *options, const char *args, const char *words, int argc,
                 char **argv)
{
    const struct argp argp = {options, parse, args, words, command_children, NULL, NULL};
    struct admin_input input = {.verb = verb};
    return command_run(&input.command, &argp, argc, argv, &input, run);
}

#define OPTION_YES                                                                                                     \
    {                                                                                                                  \
        "yes", 'y', NULL, 0, "don't ask", 0                                                                            \
    }
#define OPTION_DRY_RUN                                                                                                 \
    {                                                                                                                  \
        "dry-run", 'n', NULL, 0, "show what would be in force, change nothing", 0                                      \
    }

int verb_admin_member_list(int argc, char **argv)
{
    return admin(MEMBER_LIST, NULL, "[UNIT]", "Lists the members of the hub: role, languages, an auditor's scope.",
                 argc, argv);
}

int verb_admin_member_add(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"role", 'r', "ROLE", 0, MEMBER_ROLES, 0},
        {"language", 'l', "CODES", OPTION_REPEATS, "ISO 639, joined by commas", 0},
        {"scope", 's', "COUNTRIES", OPTION_REPEATS, "of an auditor: whose entries it may open, joined by commas", 0},
        {"hours", 'H', "TEXT", 0, "when somebody is there, as in \"mon-fri 07:30-17:00 +03:00\"", 0},
        {"telephone", 'P', "NUMBER", 0, "of the duty, as in +254201234567", 0},
        {"deputy", 'D', "UNIT", 0, "who answers when it doesn't", 0},
        {"successor", 'S', "UNIT", 0, "closes it: new mail is refused with this name; '' opens it again", 0},
        OPTION_DRY_RUN,
        {0}};
    return admin(MEMBER_ADD, options, "UNIT",
                 "Makes a unit a member, or changes what is said of one; without options what is said is signed "
                 "anew. Its roster and grants come after it.",
                 argc, argv);
}

int verb_admin_member_remove(int argc, char **argv)
{
    static const struct argp_option options[] = {OPTION_YES, OPTION_DRY_RUN, {0}};
    return admin(MEMBER_REMOVE, options, "UNIT",
                 "Makes a unit a member no more: its sessions end at once. What it sent and received stays in the log.",
                 argc, argv);
}

int verb_admin_grant_list(int argc, char **argv)
{
    return admin(GRANT_LIST, NULL, "[UNIT]", "Lists what each member may send to whom, with each grant's number.", argc,
                 argv);
}

int verb_admin_grant_add(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"kinds", 'k', "KINDS", OPTION_REPEATS, "kinds of message, joined by commas", 0},
        {"to", 't', "PARTIES", OPTION_REPEATS, "units, joined by commas; a part may be *, as in 'et/ics/*'", 0},
        OPTION_DRY_RUN,
        {0}};
    return admin(GRANT_ADD, options, "UNIT", "Lets a unit send these kinds to these parties.", argc, argv);
}

int verb_admin_grant_remove(int argc, char **argv)
{
    static const struct argp_option options[] = {OPTION_YES, OPTION_DRY_RUN, {0}};
    return admin(GRANT_REMOVE, options, "UNIT NUMBER", "Takes a grant away, by the number that the list shows.", argc,
                 argv);
}
