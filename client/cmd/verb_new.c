// SPDX-License-Identifier: Apache-2.0
// new KIND: the commented template, with what is known filled in.
#include "client/cmd/command.h"
#include "client/cmd/template.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <string.h>
#include <time.h>

struct new_input {
    struct command command;
    unsigned kind;
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
    case ARGP_KEY_ARG:
        if (input->kind != 0)
            argp_error(state, "one KIND at a time");
        for (unsigned kind = 1; kind < KIND_COUNT; kind++)
            if (template_has(kind) && strcmp(arg, kind_get(kind)->json) == 0)
                input->kind = kind;
        if (input->kind == 0)
            argp_error(state, "\"%s\" has no template; these have: %s", arg, kinds_text());
        return 0;
    case ARGP_KEY_END:
        if (input->kind == 0)
            argp_error(state, "needs a KIND: %s", kinds_text());
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static enum am_err print_template(struct new_input *input, struct am_detail *detail)
{
    struct settings *settings = &input->command.settings;
    struct template_defaults defaults = {.protection_unit = ""};
    struct trust *trust = NULL;
    char path[PATH_MAX], country[ADDRESS_COUNTRY_MAX + 1];
    time_t now = time(NULL);
    struct tm tm;
    TRY(settings_load(&input->command.flags, detail, settings));
    TRY(settings_require(settings, SETTING_BIT(UNIT), detail));
    TRY(settings_path(settings, "trust", path));
    gmtime_r(&now, &tm);
    defaults.unit = settings->value[SETTING_UNIT];
    defaults.year = (unsigned)tm.tm_year + 1900;
    address_country(defaults.unit, country);
    if (trust_load(path, NULL, NULL, &trust) == AM_OK && trust_protection_unit(trust, country) != NULL)
        defaults.protection_unit = trust_protection_unit(trust, country);
    enum am_err err = template_print(input->kind, &defaults, stdout);
    trust_unref(trust);
    return err;
}

int verb_new(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "KIND",
        "Prints a template to fill in: every field with what it is and the values it takes.",
        command_children,
        NULL,
        NULL};
    struct new_input input = {0};
    struct am_detail detail = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    enum am_err err = print_template(&input, &detail);
    command_clear(&input.command);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}
