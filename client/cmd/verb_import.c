// SPDX-License-Identifier: Apache-2.0
// import: a submission of the HTCDS survey form as the draft of an alert, on standard output.
#include "certs/clock.h"
#include "certs/keyfile.h"
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/odk.h"
#include "client/cmd/print.h"
#include "proto/codec/timestamp.h"
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
        if (input->file == NULL)
            argp_error(state, "needs a FILE: a submission as XML");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int not_understood(const struct import_input *input, const struct odk_submission *submission,
                          const struct odk_outcome *outcome)
{
    bool same = strcmp(submission->version, ODK_VERSION) == 0;
    command_say(
        "%s: made with version \"%s\" of the form%s; %zu of its %zu answers are not understood, and none was guessed:",
        input->file, submission->version, same ? "" : ", where this program knows " ODK_VERSION, outcome->n_unknown,
        submission->n);
    for (size_t i = 0; i < outcome->n_unknown; i++)
        command_say("  line %u: %s = \"%.60s\"", outcome->unknown[i]->line, outcome->unknown[i]->name,
                    outcome->unknown[i]->value);
    return EX_DATAERR;
}

static void print_comments(const struct odk_submission *submission, const struct odk_outcome *outcome)
{
    printf("// From a submission of the HTCDS survey form, ");
    print_text(stdout, submission->instance[0] != '\0' ? submission->instance : "without an id", 0);
    printf(".\n// To be said by a person: case_ref, recipients, urgency, flags.protection, alert.title, alert.actions, "
           "and whether\n"
           "// the subject is this person. A PERSON needs a supervisor's release. Then: amana send FILE\n");
    if (outcome->no_consent)
        puts("// con_Consent is FALSE: the person has NOT agreed. `consent` is left out; ask before anything is sent.");
    if (outcome->undecided)
        puts("// No role follows from vic_TraffickingStatus: alert.persons[0].roles must be said.");
    if (outcome->left_out)
        puts("// The case worker's name was left out: messages name offices and staff numbers, never a person.");
}

static int import(struct import_input *input)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct am_bytes text;
    char agency[LIMIT_ADDRESS + 1], today[TIMESTAMP_TEXT];
    static struct odk_submission submission;
    struct odk_outcome outcome;
    enum am_err err = settings_load(&input->command.flags, &detail, &input->command.settings);
    if (err == AM_OK)
        err = settings_require(&input->command.settings, SETTING_BIT(UNIT), &detail);
    if (err == AM_OK)
        err = certs_read_file(input->file, ODK_BYTES, &detail, &text);
    if (err == AM_IO) // a folder, for one
        err = AM_NOT_FOUND;
    if (err != AM_OK)
        return command_fail(err, &detail);
    arena_init(&arena, ARENA_VERB);
    err = odk_read(text, &arena, &detail, &submission);
    free((void *)text.data);
    if (err != AM_OK) {
        command_say("%s: nothing was made of it", input->file);
        return command_fail(err, &detail);
    }
    address_agency(input->command.settings.value[SETTING_UNIT], agency);
    timestamp_print_ns(clock_utc(), today);
    today[10] = '\0';
    json_t *draft = odk_draft(&submission, agency, today, &outcome);
    if (draft == NULL)
        return command_fail(AM_NOMEM, &detail);
    int code = 0;
    if (outcome.n_unknown > 0) {
        code = not_understood(input, &submission, &outcome);
    } else {
        if (strcmp(submission.version, ODK_VERSION) != 0)
            command_say("%s: made with version \"%s\" of the form, not with " ODK_VERSION
                        "; all of its answers are understood",
                        input->file, submission.version);
        print_comments(&submission, &outcome);
        return json_text_print(draft, stdout);
    }
    json_decref(draft);
    return code;
}

int verb_import(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "FILE",
        "Makes the draft of an alert from a submission of ODK or Kobo that was made with the "
        "HTCDS survey form, and prints it to be filled in and sent. What is not understood "
        "is named, and nothing is guessed.",
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
