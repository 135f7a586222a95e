// SPDX-License-Identifier: Apache-2.0
// admin policy try: what the hub would say to a message, and the rule that gives the answer.
#include "amana/v1/admin.pb-c.h"
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "proto/model/address.h"
#include "proto/model/kind.h"
#include "proto/model/reason.h"

#include <string.h>

struct try_input {
    struct command command;
    Amana__V1__TryPolicyRequest request;
    const char *kind, *classification;
};

static error_t arguments_end(struct argp_state *state, struct try_input *input)
{
    int value;
    struct am_detail detail = {0};
    if (input->request.as[0] == '\0' || input->request.to[0] == '\0' || input->kind == NULL)
        argp_error(state, "needs --as UNIT, --kind KIND and --to UNIT");
    for (unsigned i = 0; i < 2; i++) {
        const char *unit = i == 0 ? input->request.as : input->request.to;
        if (address_check(unit, &detail) != AM_OK)
            argp_error(state, "%s: \"%.100s\" is no unit: write COUNTRY/AGENCY/UNIT", i == 0 ? "--as" : "--to", unit);
    }
    if (codec_enum_value(&amana__v1__kind__code__descriptor, input->kind, &value) != AM_OK || value == 0)
        argp_error(state, "--kind: \"%.40s\" is no kind of message, as ALERT is one", input->kind);
    input->request.kind = (Amana__V1__Kind__Code)value;
    if (codec_enum_value(&amana__v1__classification__code__descriptor, input->classification, &value) != AM_OK ||
        value == 0)
        argp_error(state, "--classification: one of BASIC, RESTRICTED, CONFIDENTIAL");
    input->request.classification = (Amana__V1__Classification__Code)value;
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct try_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'a': input->request.as = arg; return 0;
    case 't': input->request.to = arg; return 0;
    case 'k': input->kind = arg; return 0;
    case 'l': input->classification = arg; return 0;
    case ARGP_KEY_ARG: argp_error(state, "\"%.40s\" is one argument too many", arg); return 0;
    case ARGP_KEY_END: return arguments_end(state, input);
    default: return ARGP_ERR_UNKNOWN;
    }
}

// What stands in the message, its body and its case, which a trial doesn't have.
static const char NOT_JUDGED[] =
    "its purpose where it references a message of another one, RETURN_AND_REINTEGRATION, consent, flags (a child: rule "
    "3; never_tell: rule 4), handling, retain_until, release, and the life that it answers";

static int show_json(const Amana__V1__TryPolicyResponse *response)
{
    json_t *rules = json_array();
    for (size_t i = 0; i < response->n_rules; i++)
        json_array_append_new(rules, json_pack("{s:b, s:b, s:s, s:s}", "allows", response->rules[i]->allows, "tells",
                                               response->rules[i]->tells, "question", response->rules[i]->question,
                                               "rule", response->rules[i]->rule));
    return json_line_print(
        json_pack("{s:s, s:o, s:s}", "reason", response->reason, "rules", rules, "not_judged", NOT_JUDGED), stdout);
}

static int show(struct try_input *input, const Amana__V1__TryPolicyResponse *response)
{
    bool taken = strcmp(response->reason, reason_name(REASON_NONE)) == 0;
    int code = taken ? 0 : EX_NOPERM;
    if (input->command.json)
        return show_json(response) != 0 ? EX_OSERR : code;
    printf("%s%s%s", print_on(taken ? PRINT_GREEN : PRINT_RED),
           taken ? "would be taken, as far as it is judged here" : "would be refused: ", print_off());
    print_text(stdout, taken ? "" : response->reason, 0);
    fputc('\n', stdout);
    for (size_t i = 0; i < response->n_rules; i++) {
        printf("  %s  ", response->rules[i]->tells ? "·  " : response->rules[i]->allows ? "yes" : "NO ");
        print_text(stdout, response->rules[i]->question, 0);
        fputs(": ", stdout);
        print_text(stdout, response->rules[i]->rule, 0);
        fputc('\n', stdout);
    }
    if (taken)
        printf("  not judged: %s\n", NOT_JUDGED);
    return code;
}

static int ask(struct try_input *input)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__TryPolicyResponse *response;
    struct am_detail detail = {0};
    arena_init(&arena, ARENA_VERB);
    enum am_err err =
        session_call(input->command.session, "/amana.v1.Admin/TryPolicy", &input->request.base,
                     &amana__v1__try_policy_response__descriptor, &arena, &detail, (ProtobufCMessage **)&response);
    return err == AM_OK ? show(input, response) : command_fail(err, &detail);
}

int verb_admin_policy_try(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"as", 'a', "UNIT", 0, "who would send it", 0},
        {"to", 't', "UNIT", 0, "who would receive it", 0},
        {"kind", 'k', "KIND", 0, "ALERT, REQUEST, …", 0},
        {"classification", 'l', "CODE", 0, "BASIC, RESTRICTED (if not given) or CONFIDENTIAL", 0},
        {0}};
    static const struct argp argp = {options,
                                     parse,
                                     NULL,
                                     "Says what would become of a message between two units, and the rule that gave "
                                     "each answer. Sends nothing. Exit status 77 where it would be refused.",
                                     command_children,
                                     NULL,
                                     NULL};
    struct try_input input = {.request = AMANA__V1__TRY_POLICY_REQUEST__INIT, .classification = "RESTRICTED"};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = command_open(&input.command, SETTINGS_ALL);
    if (code == 0)
        code = command_connect(&input.command);
    if (code == 0)
        code = command_end(&input.command, ask(&input));
    command_clear(&input.command);
    return code;
}
