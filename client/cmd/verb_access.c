// SPDX-License-Identifier: Apache-2.0
// access: a person's right to know what is held about them. The sheet is what the person is given: where nothing is
// given it is the same to the byte, whether nothing is held or what is held is shielded, whoever was asked.
#include "client/cmd/answers.h"
#include "client/cmd/command.h"
#include "client/cmd/print.h"
#include "client/cmd/screen_rows.h"
#include "client/session/seal.h"
#include "proto/log/leaf.h"
#include "proto/model/header.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

// Another verb with its first argument said.
static int verb_with(int (*verb)(int argc, char **argv), char *first, int argc, char **argv)
{
    char **args = calloc((size_t)argc + 2, sizeof *args);
    if (args == NULL)
        return EX_OSERR;
    args[0] = argv[0];
    args[1] = first;
    memcpy(args + 2, argv + 1, (size_t)(argc - 1) * sizeof *args);
    int code = verb(argc + 1, args);
    free(args);
    return code;
}

int verb_access_new(int argc, char **argv)
{
    static char kind[] = "subject_access";
    return verb_with(verb_new, kind, argc, argv);
}

int verb_access_log(int argc, char **argv)
{
    static char kind[] = "--kind=ACCESS";
    return verb_with(verb_audit_replay, kind, argc, argv);
}

struct sheet_input {
    struct command command;
    const char *id;
    uint8_t digest[LOG_HASH_SIZE]; // of the question's header
    unsigned asked, answered;
    char from[LIMIT_RECIPIENTS][LIMIT_ADDRESS + 1]; // who has answered
    bool given;                                     // something is
    struct arena arena;                             // of the responses, in the order of the log
    struct answer_row {
        uint64_t index;
        const Amana__V1__Body *body;
    } rows[2 * LIMIT_RECIPIENTS];
    size_t n_rows;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct sheet_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->id, "one ID only");
    case ARGP_KEY_END:
        if (input->id == NULL)
            argp_error(state, "needs the ID of a SUBJECT_ACCESS; its beginning is enough");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void note_from(struct sheet_input *input, const char *unit)
{
    for (unsigned i = 0; i < input->answered; i++)
        if (strcmp(input->from[i], unit) == 0)
            return;
    if (input->answered < LIMIT_RECIPIENTS)
        strlcpy(input->from[input->answered++], unit, sizeof input->from[0]);
}

// A RESPONSE to the question. What came with NO_DATA isn't looked at: none of its words reaches the person.
static enum am_err response_take(struct sheet_input *input, const char *id)
{
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    TRY(store_get(input->command.session->store, STORE_INBOX, id, &input->arena, &kept));
    if (seal_header(kept->message, &input->arena, NULL, &header) != AM_OK || header->kind != KIND(RESPONSE) ||
        !header_points_at(header->in_reply_to, input->digest))
        return AM_OK;
    note_from(input, header->sender->unit);
    if (header->outcome == OUTCOME(NO_DATA) || input->n_rows == AM_LEN(input->rows) ||
        seal_open_kept(input->command.session, kept, &input->arena, &detail, &opened) != AM_OK ||
        opened.body->kind_case != AMANA__V1__BODY__KIND_RESPONSE)
        return AM_OK;
    input->rows[input->n_rows++] = (struct answer_row){kept->entry != NULL ? kept->entry->index : 0, opened.body};
    return AM_OK;
}

static enum am_err responses_take(struct sheet_input *input)
{
    char at[STORE_ID] = "", next[STORE_ID];
    enum am_err err;
    while ((err = store_next(input->command.session->store, STORE_INBOX, at, next)) == AM_OK) {
        strlcpy(at, next, sizeof at);
        TRY(response_take(input, at));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static int by_index(const void *a, const void *b)
{
    uint64_t x = ((const struct answer_row *)a)->index, y = ((const struct answer_row *)b)->index;
    return (x > y) - (x < y);
}

static void sheet_print(struct sheet_input *input, const Amana__V1__SubjectAccess *asked)
{
    // Why the rest isn't given, who knows more, how it is marked: for the office alone.
    static const char *const KEPT[] = {"ground",  "explanation",   "more_follows",    "more_by",
                                       "contact", "handling_note", "child_safeguard", NULL};
    static const char *const SAID[] = {"verified_by", "answer_language", NULL};
    printf("What is held about you\n\nYou asked:\n");
    screen_rows(stdout, &asked->base, 2, &(struct screen_how){.skip = SAID});
    printf("\n");
    if (input->n_rows == 0)
        printf("No information about you is held that can be given to you.\n");
    else
        printf("This is what is given to you:\n");
    qsort(input->rows, input->n_rows, sizeof input->rows[0], by_index);
    for (size_t i = 0; i < input->n_rows; i++) {
        printf("\n");
        screen_rows(stdout, &input->rows[i].body->response->base, 2, &(struct screen_how){.skip = KEPT});
    }
    printf("\nYou may have what is wrong corrected and what is unlawful erased: ask the office that gave you this "
           "sheet. You\n"
           "may complain to the supervisory authority and go to court.\n");
}

static int sheet(struct sheet_input *input)
{
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Kept *kept;
    enum store_box box;
    char id[STORE_ID];
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code == 0)
        code = command_find(&input->command, BOX(SENT), input->id, &box, id);
    if (code != 0)
        return code;
    enum am_err err = store_get(input->command.session->store, box, id, &input->arena, &kept);
    if (err == AM_OK)
        err = seal_open_kept(input->command.session, kept, &input->arena, &detail, &opened);
    if (err == AM_OK && opened.header->kind != KIND(SUBJECT_ACCESS))
        err = am_fail(AM_INVALID, &detail, id, "is a message of kind %s: a sheet is made of a SUBJECT_ACCESS",
                      kind_name((unsigned)opened.header->kind));
    if (err == AM_OK)
        err = log_sha256(codec_bytes(kept->message->header), input->digest);
    if (err == AM_OK)
        err = responses_take(input);
    if (err != AM_OK)
        return command_fail(err, &detail);
    for (size_t i = 0; i < opened.header->n_recipients; i++)
        input->asked += opened.header->recipients[i]->part == AMANA__V1__PART__CODE__ACTION;
    if (input->answered < input->asked) {
        command_say("%u of %u have not answered yet: there is one sheet, once all have", input->asked - input->answered,
                    input->asked);
        return EX_TEMPFAIL;
    }
    sheet_print(input, opened.body->subject_access);
    return 0;
}

int verb_access_sheet(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "ID",
        "Prints what the person is given, once everybody who was asked has answered. Where "
        "nothing is given it is one sheet, whether nothing is held or it is shielded.",
        command_children,
        NULL,
        NULL};
    struct sheet_input *input = calloc(1, sizeof *input);
    if (input == NULL)
        return EX_OSERR;
    arena_init(&input->arena, ARENA_VERB);
    command_init(&input->command);
    command_parse(&argp, argc, argv, input);
    int code = sheet(input);
    command_clear(&input->command);
    arena_wipe(&input->arena);
    free(input);
    return code;
}
