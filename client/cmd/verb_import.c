// SPDX-License-Identifier: Apache-2.0
// import: a submission of the HTCDS survey form, or a case in its fields, as the draft of an alert on standard output.
#include "certs/clock.h"
#include "client/cmd/arguments.h"
#include "client/cmd/command.h"
#include "client/cmd/file_in.h"
#include "client/cmd/htcds_file.h"
#include "client/cmd/json_line.h"
#include "client/cmd/odk.h"
#include "client/cmd/print.h"
#include "client/cmd/wipe.h"
#include "proto/model/address.h"

#include <stdlib.h>
#include <string.h>

struct import_input {
    struct command command;
    const char *file;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct import_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->file, "one FILE only");
    case ARGP_KEY_END:
        if (arguments_blank(input->file))
            argp_error(state, "needs a FILE, or - for standard input: a submission as XML, or a case in the fields of "
                              "HTCDS as JSON or CSV");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// What the program knows of the version that the file was made with.
static const char *version_known(const struct htcds_values *values)
{
    return values->form ? ODK_VERSION : HTCDS_STANDARD;
}

static bool version_same(const struct htcds_values *values)
{
    return strcmp(values->version, version_known(values)) == 0;
}

static void say_fault(const struct htcds_values *values, const struct htcds_fault *fault)
{
    const struct htcds_record *record = &values->records[fault->record];
    const struct htcds_value *value = fault->value;
    unsigned line = value != NULL ? value->line : record->line;
    char where[40], more[48] = "";
    if (line > 0)
        snprintf(where, sizeof where, "line %u: ", line);
    else
        snprintf(where, sizeof where, "records[%zu].", fault->record);
    if (fault->more > 0)
        snprintf(more, sizeof more, "; and in %zu more records", fault->more);
    command_say("  %s%s = \"%.60s\": %s%s", where, value != NULL ? value->name : "record",
                value != NULL ? value->value : record->kind, fault->allowed, more);
}

static int not_understood(const struct import_input *input, const struct htcds_values *values,
                          const struct htcds_outcome *outcome)
{
    const char *what = values->form ? "of the form" : "of the standard";
    command_say("%s: made with version \"%s\" %s%s%s; %zu of its %zu %s are not understood, and none was guessed:",
                input->file, values->version, what, version_same(values) ? "" : ", where this program knows ",
                version_same(values) ? "" : version_known(values), outcome->n_faults, values->n,
                values->form ? "answers" : "values");
    for (size_t i = 0; i < outcome->n_faults && i < HTCDS_FAULTS; i++)
        say_fault(values, &outcome->faults[i]);
    if (outcome->n_faults > HTCDS_FAULTS)
        command_say("  and %zu more", outcome->n_faults - HTCDS_FAULTS);
    command_say("Write each as it is allowed, or take it out and say it in the draft; then import again.");
    return EX_DATAERR;
}

static void print_comments(const struct htcds_values *values, const struct htcds_outcome *outcome)
{
    if (values->form) {
        printf("// From a submission of the HTCDS survey form, ");
        print_text(stdout, values->instance[0] != '\0' ? values->instance : "without an id", 0);
    } else {
        printf("// From %zu records of a case in the fields of " HTCDS_STANDARD, values->n_records);
    }
    printf(".\n// To be said by a person: %srecipients, urgency, flags.protection, alert.title, alert.actions,\n"
           "// legal_basis and handling where policy has none for the recipients, and whether the subject is %s.\n"
           "// A PERSON needs a supervisor's release. Then: amana send FILE\n",
           values->case_ref[0] == '\0' ? "case_ref, " : "", values->form ? "this person" : "a PERSON (subject_kind)");
    for (size_t i = 0; i < outcome->n_notes; i++) {
        fputs("// ", stdout);
        print_text(stdout, outcome->notes[i], 0);
        putchar('\n');
    }
    if (outcome->n_unnoted > 0)
        printf("// And %zu more such things: read the whole draft.\n", outcome->n_unnoted);
}

static int print_draft(const struct import_input *input, const struct htcds_values *values, struct arena *arena)
{
    char agency[LIMIT_ADDRESS + 1];
    struct htcds_outcome outcome;
    address_agency(input->command.settings.value[SETTING_UNIT], agency);
    json_t *draft = htcds_draft(values, agency, clock_utc(), arena, &outcome);
    if (draft == NULL)
        return command_fail(AM_NOMEM, NULL);
    int code = 0;
    if (outcome.n_faults > 0) {
        code = not_understood(input, values, &outcome);
    } else {
        if (!version_same(values))
            command_say("%s: made with version \"%s\" of the %s, not with %s; all of its %s are understood",
                        input->file, values->version, values->form ? "form" : "standard", version_known(values),
                        values->form ? "answers" : "values");
        print_comments(values, &outcome);
        return json_text_print(draft, stdout);
    }
    json_decref(draft);
    return code;
}

// XML is a submission of the form; what else there is an export says itself.
static enum am_err read_values(struct am_bytes text, struct arena *arena, struct am_detail *detail,
                               struct htcds_values *ret_values)
{
    static const char MARK[] = "\xEF\xBB\xBF";
    size_t at = text.len >= 3 && memcmp(text.data, MARK, 3) == 0 ? 3 : 0;
    while (at < text.len && text.data[at] != '\0' && strchr(" \t\r\n", text.data[at]) != NULL)
        at++;
    bool xml = at < text.len && text.data[at] == '<';
    return (xml ? odk_read : htcds_read)(text, arena, detail, ret_values);
}

static int import(struct import_input *input)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct am_bytes text;
    struct htcds_values values;
    enum am_err err = settings_load(&input->command.flags, &detail, &input->command.settings);
    if (err == AM_OK)
        err = settings_require(&input->command.settings, SETTING_BIT(UNIT), &detail);
    if (err != AM_OK)
        return command_fail(err, &detail);
    err = file_in_read(input->file, LIMIT_HTCDS_FILE, &detail, &text);
    if (err == AM_OK) {
        arena_init(&arena, ARENA_VERB);
        err = file_in_blank(text) ? am_fail(AM_INVALID, &detail, "", "it is empty")
                                  : read_values(text, &arena, &detail, &values);
        wipe_free((void *)text.data);
    }
    if (err != AM_OK) {
        command_say("%s: nothing was made of it", input->file);
        return command_fail(err, &detail);
    }
    return print_draft(input, &values, &arena);
}

int verb_import(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "FILE|-",
        "Makes the draft of an alert from a submission of ODK or Kobo that was made with the HTCDS survey form, or "
        "from what `amana export htcds` wrote of a case (JSON or CSV), and prints it to be filled in and sent. What is "
        "not "
        "understood is named, and nothing is guessed.",
        command_children,
        NULL,
        NULL};
    struct import_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = import(&input);
    command_clear(&input.command);
    return code;
}
