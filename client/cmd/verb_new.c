// SPDX-License-Identifier: Apache-2.0
// new KIND: the commented template, with what is known filled in.
#include "client/cmd/arguments.h"
#include "client/cmd/command.h"
#include "client/cmd/kept_unit.h"
#include "client/cmd/submit_draft.h"
#include "client/cmd/template.h"
#include "client/session/policy.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct new_input {
    struct command command;
    unsigned kind;
    char *to[LIMIT_RECIPIENTS];
    size_t n_to;
    bool answers;
    struct arena arena;
};

// "alert, request, referral, note"
static const char *kinds_text(void)
{
    static char text[160];
    text[0] = '\0';
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        if (!template_has(kind))
            continue;
        strlcat(text, text[0] != '\0' ? ", " : "", sizeof text);
        strlcat(text, kind_get(kind)->json, sizeof text);
    }
    return text;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct new_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 't':
        if (input->n_to == LIMIT_RECIPIENTS)
            argp_error(state, "at most %u recipients", LIMIT_RECIPIENTS);
        input->to[input->n_to++] = arg;
        return 0;
    case 'a': input->answers = true; return 0;
    case ARGP_KEY_ARG:
        if (input->kind != 0)
            argp_error(state, "\"%.40s\" is one argument too many", arg);
        for (unsigned kind = 1; kind < KIND_COUNT; kind++)
            if (template_has(kind) && strcasecmp(arg, kind_get(kind)->json) == 0)
                input->kind = kind;
        if (input->kind == 0)
            argp_error(state, "\"%.40s\" has no template; these have: %s%s", arg, kinds_text(),
                       strcasecmp(arg, "update") == 0 ? "; `amana mend ID` writes an alert of this unit as it is" : "");
        return 0;
    case ARGP_KEY_END:
        if (input->kind == 0)
            argp_error(state, "needs a KIND: %s", kinds_text());
        input->answers |= kind_get(input->kind)->must_answer;
        if (input->answers && !template_answers(input->kind))
            argp_error(state, "no %s answers a message", kind_get(input->kind)->json);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// Groups expanded, each unit by its grammar.
static enum am_err recipients(struct new_input *input, struct am_detail *detail, Amana__V1__Draft *draft)
{
    draft->recipients = arena_array(&input->arena, input->n_to + 1, sizeof *draft->recipients);
    Amana__V1__DraftRecipient *rows = arena_array(&input->arena, input->n_to + 1, sizeof *rows);
    if (draft->recipients == NULL || rows == NULL)
        return arena_error(&input->arena);
    for (; draft->n_recipients < input->n_to; draft->n_recipients++) {
        Amana__V1__DraftRecipient *row = &rows[draft->n_recipients];
        amana__v1__draft_recipient__init(row);
        row->unit = input->to[draft->n_recipients];
        draft->recipients[draft->n_recipients] = row;
    }
    TRY(submit_groups(&input->command.settings, &input->arena, draft, detail));
    input->n_to = draft->n_recipients;
    for (size_t i = 0; i < draft->n_recipients; i++) {
        input->to[i] = draft->recipients[i]->unit;
        if (address_check(input->to[i], detail) != AM_OK)
            return am_fail(AM_USAGE, detail, "--to", "\"%.100s\" is no unit: write COUNTRY/AGENCY/UNIT, or @GROUP",
                           input->to[i]);
    }
    return AM_OK;
}

// As the hub last showed it; asked for where it never did, if there is a link. Without keys or anchors there is none.
static void fill(struct new_input *input, struct policy_filling *filling, struct template_defaults *defaults)
{
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    Amana__V1__Recipient rows[LIMIT_RECIPIENTS], *list[LIMIT_RECIPIENTS];
    struct am_detail detail = {0};
    struct command *command = &input->command;
    if (session_open(&command->settings, SETTINGS_ALL, &command->reader, NULL, &detail, &command->session) != AM_OK)
        return;
    if (!policy_known(command->session) && session_connect(command->session, &detail) == AM_OK)
        (void)!policy_fetch(command->session, &detail);
    const struct policy *policy = policy_kept(command->session);
    if (policy == NULL || policy->n_defaults == 0)
        return;
    header.kind = (Amana__V1__Kind__Code)input->kind;
    header.purpose = AMANA__V1__PURPOSE__CODE__INVESTIGATION; // as the template says
    header.recipients = list;
    for (; header.n_recipients < input->n_to; header.n_recipients++) {
        amana__v1__recipient__init(&rows[header.n_recipients]);
        rows[header.n_recipients].unit = input->to[header.n_recipients];
        list[header.n_recipients] = &rows[header.n_recipients];
    }
    policy_fill(command->session, &header, filling);
    defaults->filling = filling;
}

// A desk that has kept nothing yet knows no unit.
static void say_unknown(const struct new_input *input)
{
    struct session *session = input->command.session;
    char near[LIMIT_ADDRESS + 1];
    for (size_t i = 0; session != NULL && i < input->n_to; i++) {
        if (kept_unit_is(session, input->to[i]))
            continue;
        kept_unit_nearest(session, input->to[i], near);
        if (near[0] != '\0')
            command_say("--to %s: no roster of it is kept here yet; did you mean \"%s\"?", input->to[i], near);
    }
}

static enum am_err print_template(struct new_input *input, struct am_detail *detail)
{
    struct settings *settings = &input->command.settings;
    struct template_defaults defaults = {.protection_unit = ""};
    struct policy_filling filling;
    Amana__V1__Draft draft = AMANA__V1__DRAFT__INIT;
    struct trust *trust = NULL;
    char path[PATH_MAX];
    time_t now = time(NULL);
    struct tm tm;
    TRY(settings_load(&input->command.flags, detail, settings));
    TRY(settings_require(settings, SETTING_BIT(UNIT), detail));
    TRY(settings_path(settings, "trust", path));
    TRY(recipients(input, detail, &draft));
    gmtime_r(&now, &tm);
    defaults.unit = settings->value[SETTING_UNIT];
    defaults.year = (unsigned)tm.tm_year + 1900;
    defaults.to = input->to;
    defaults.n_to = input->n_to;
    defaults.answers = input->answers;
    if (trust_load(path, NULL, NULL, &trust) == AM_OK && trust_protection_of(trust, defaults.unit) != NULL)
        defaults.protection_unit = trust_protection_of(trust, defaults.unit);
    fill(input, &filling, &defaults);
    enum am_err err = template_print(input->kind, &defaults, stdout);
    trust_unref(trust);
    say_unknown(input);
    return err;
}

int verb_new(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"to", 't', "UNIT", OPTION_REPEATS, "who must act; a @GROUP of amana.conf, too", 0},
        {"answer", 'a', NULL, 0, "for a message that answers one: the FILE of `amana ask`, `refer` or `note`", 0},
        {0}};
    static const struct argp argp = {
        options,
        parse,
        "KIND",
        "Prints a template to fill in: every field with what it is and the values it takes, filled with what policy "
        "says for the recipients' countries.",
        command_children,
        NULL,
        NULL};
    struct new_input input = {0};
    struct am_detail detail = {0};
    arena_init(&input.arena, ARENA_VERB);
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    enum am_err err = print_template(&input, &detail);
    command_clear(&input.command);
    arena_clear(&input.arena);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}
