// SPDX-License-Identifier: Apache-2.0
// receipt: the log's proof that it took a message.
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/session/oversight.h"
#include "client/session/receipt.h"
#include "client/session/seal.h"

#include <stdlib.h>
#include <string.h>

struct receipt_input {
    struct command command;
    const char *id;
    bool proof;
    char oversight[OVERSIGHT_TEXT]; // who else can open it, where the message is here
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
    if (input->oversight[0] != '\0')
        printf("  oversight %s\n", input->oversight);
    return 0;
}

// What is kept of the message itself, wherever it is; connected by then, where it was in the outbox.
static enum am_err of_box(struct receipt_input *input, const char *id, enum store_box box, struct arena *arena,
                          struct am_detail *detail, Amana__V1__ProvedEntry **ret_entry)
{
    struct session *session = input->command.session;
    Amana__V1__Kept *kept;
    enum am_err err = store_get(session->store, box, id, arena, &kept);
    if (err == AM_NOT_FOUND && box == STORE_OUTBOX) // delivered just now
        err = store_get(session->store, STORE_SENT, id, arena, &kept);
    TRY(err);
    Amana__V1__Header *header;
    if (seal_header(kept->message, arena, detail, &header) == AM_OK)
        oversight_words_of(session, kept->message, header, input->oversight);
    if (kept->erased_at != NULL)
        command_say("the content of %.13s was erased%s%s; its entry in the log stays", id,
                    kept->erased_by[0] != '\0' ? " on the word of " : "", kept->erased_by);
    if (kept->entry == NULL)
        return receipt_fetch(session, id, kept->message, arena, detail, ret_entry);
    *ret_entry = kept->entry;
    return AM_OK;
}

// Of a message that isn't here: its receipt may be, and the hub has it.
static int of_another_device(struct receipt_input *input, struct arena *arena, struct am_detail *detail)
{
    struct session *session = input->command.session;
    Amana__V1__ProvedEntry *entry;
    uint8_t bytes[16];
    if (message_id_check(input->id, bytes, NULL) != AM_OK) {
        (void)am_fail(AM_NOT_FOUND, detail, input->id,
                      "no message here has an id that begins so; with the whole ID the hub is asked");
        return command_fail(AM_NOT_FOUND, detail);
    }
    enum am_err err = receipt_kept(session, input->id, arena, &entry);
    if (err == AM_NOT_FOUND) {
        int code = command_connect(&input->command);
        if (code != 0)
            return code;
        err = receipt_fetch(session, input->id, NULL, arena, detail, &entry);
    }
    return err == AM_OK ? print_receipt(input, input->id, entry) : command_fail(err, detail);
}

static int receipt(struct receipt_input *input)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    Amana__V1__ProvedEntry *entry;
    enum store_box box;
    char id[STORE_ID];
    arena_init(&arena, ARENA_VERB);
    enum am_err err = store_find(input->command.session->store, BOXES_ALL, input->id, &detail, &box, id);
    if (err == AM_NOT_FOUND)
        return of_another_device(input, &arena, &detail);
    int code = err == AM_OK && box == STORE_OUTBOX ? command_connect(&input->command) : 0;
    if (code != 0)
        return code;
    if (err == AM_OK)
        err = of_box(input, id, box, &arena, &detail, &entry);
    return err == AM_OK ? print_receipt(input, id, entry) : command_fail(err, &detail);
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
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = command_open(&input.command, SETTINGS_ALL);
    if (code == 0)
        code = receipt(&input);
    code = command_end(&input.command, code);
    command_clear(&input.command);
    return code;
}
