// SPDX-License-Identifier: Apache-2.0
// receipt: the log's proof that it took a message.
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/session/history.h"

#include <stdlib.h>
#include <string.h>

struct receipt_input {
    struct command command;
    const char *id;
    bool proof;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct receipt_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 't': input->proof = true; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->id, "one ID only");
    case ARGP_KEY_END:
        if (input->id == NULL)
            argp_error(state, "needs the ID of a message");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int print_receipt(struct receipt_input *input, const char *id, const Amana__V1__ProvedEntry *entry)
{
    struct am_detail detail = {0};
    if (input->proof) {
        char *text;
        enum am_err err = log_proof_text(entry, &text);
        if (err != AM_OK)
            return command_fail(err, &detail);
        fputs(text, stdout);
        free(text);
        return 0;
    }
    if (input->command.json)
        return json_line_print(json_line_entry(entry), stdout);
    printf("%s\n  taken     %s\n  entry     %llu of %s\n  proved by %s's signature on %llu entries\n", id,
           print_ns(entry->time), (unsigned long long)entry->index, input->command.session->hub->origin,
           entry->checkpoint->origin, (unsigned long long)entry->checkpoint->size);
    return 0;
}

int verb_receipt(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"tlog-proof", 't', NULL, 0, "print it as a C2SP .tlog-proof for anybody's verifier", 0}, {0}};
    static const struct argp argp = {options,
                                     parse,
                                     "ID",
                                     "Prints the log's receipt of a message: when it was taken, as which entry, under "
                                     "which signed checkpoint.",
                                     command_children,
                                     NULL,
                                     NULL};
    struct receipt_input input = {0};
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    Amana__V1__Kept *kept;
    enum store_box box;
    char id[STORE_ID];
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    arena_init(&arena, ARENA_VERB);
    int code = command_open(&input.command, SETTINGS_ALL);
    if (code == 0)
        code = command_find(&input.command, BOXES_ALL, input.id, &box, id);
    if (code == 0) {
        enum am_err err = store_get(input.command.session->store, box, id, &arena, &kept);
        if (err == AM_OK && kept->entry == NULL)
            err = am_fail(AM_UNAVAILABLE, &detail, id, "it waits in the outbox: the log has not taken it yet");
        code = err == AM_OK ? print_receipt(&input, id, kept->entry) : command_fail(err, &detail);
    }
    code = command_end(&input.command, code);
    command_clear(&input.command);
    return code;
}
