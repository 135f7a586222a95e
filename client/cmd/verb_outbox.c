// SPDX-License-Identifier: Apache-2.0
// mend and drop: what the hub refused, or a supervisor sent back, as a draft again; and what isn't to go after all.
#include "client/cmd/anew.h"
#include "client/cmd/answer_verbs.h"
#include "client/cmd/answers.h"
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/session/outbox.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "proto/codec/json.h"

#include <stdlib.h>
#include <string.h>

struct outbox_input {
    struct command command;
    const char *id;
    bool yes, dry_run;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct outbox_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'y': input->yes = true; return 0;
    case 'n': input->dry_run = true; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->id, "one ID only");
    case ARGP_KEY_END:
        if (input->id == NULL)
            argp_error(state, "needs the ID of a message; `amana sent` shows what is in the outbox");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// --- mend
static enum am_err recipients_copy(const Amana__V1__Header *header, struct arena *arena, Amana__V1__Draft *draft)
{
    Amana__V1__DraftRecipient *rows = arena_array(arena, header->n_recipients, sizeof *rows);
    draft->recipients = arena_array(arena, header->n_recipients, sizeof *draft->recipients);
    if (rows == NULL || draft->recipients == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < header->n_recipients; i++) {
        amana__v1__draft_recipient__init(&rows[i]);
        rows[i].unit = header->recipients[i]->unit;
        rows[i].part = header->recipients[i]->part;
        draft->recipients[draft->n_recipients++] = &rows[i];
    }
    return AM_OK;
}

// How it goes once it is mended, on a line of its own.
// `sent`: it is with its recipients; as an alert anew it would be with them twice.
static void next_print(FILE *out, const char *before, const Amana__V1__Header *header, bool sent)
{
    const struct answer_verb *verb = answer_verb_of((unsigned)header->kind, (unsigned)header->outcome);
    if (sent && (header->kind == KIND(ALERT) || header->kind == KIND(UPDATE)))
        fprintf(out, "%smend it, then `amana update %.13s FILE` puts it in the place of this one", before, header->id);
    else if (verb == NULL || header->in_reply_to == NULL)
        fprintf(out, "%smend it, then `amana send FILE`", before);
    else
        fprintf(out, "%smend it, then `amana %s %.13s%s`", before, verb->name, header->in_reply_to->id,
                verb->file ? " FILE" : "");
}

// It is written as it was sent: what came after it is to be put right by hand.
static void since_print(struct session *session, const char *id, FILE *out)
{
    struct answers answers;
    char text[ANSWERS_STATE] = "";
    if (answers_find(session, id, &answers) == AM_OK)
        answers_since(&answers, true, text);
    if (text[0] != '\0')
        fprintf(out, "\n// It %s, and stands here as it was sent", text);
}

static int mend(struct outbox_input *input, const char *id, enum store_box box)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct session *session = input->command.session;
    Amana__V1__Kept *kept;
    Amana__V1__Draft draft;
    struct opened opened;
    arena_init(&arena, ARENA_VERB);
    enum am_err err = store_get(session->store, box, id, &arena, &kept);
    if (err == AM_OK)
        err = seal_open(session, kept->message, &arena, &detail, &opened);
    if (err == AM_OK)
        err = anew_copy(&opened, &arena, &draft);
    if (err == AM_OK)
        err = recipients_copy(opened.header, &arena, &draft);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (!input->command.json) {
        printf("// %s %s", kind_name((unsigned)opened.header->kind), opened.header->id);
        if (box == STORE_OUTBOX && outbox_was_refused(kept)) {
            fputs(" was refused: ", stdout);
            print_text(stdout, kept->wait_text, 0);
        } else if (kept->release_text[0] != '\0') {
            fputs(" was sent back by its supervisor: ", stdout);
            print_text(stdout, kept->release_text, 0);
        } else if (!second_sent(kept, opened.header) && !second_never(kept, opened.header)) {
            fputs(" still waits for its second person: have it sent back, or both may go", stdout);
        }
        since_print(session, id, stdout);
        next_print(stdout, "\n// ", opened.header, box == STORE_SENT && second_sent(kept, opened.header));
        if (box == STORE_OUTBOX)
            printf("; `amana drop %.13s` takes the old one out of the outbox", id);
        fputc('\n', stdout);
    }
    return json_text_print(json_from_message(&draft.base, 0), stdout);
}

int verb_mend(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "ID",
        "Writes a message of this unit as a draft again, to be mended and sent anew: one that the hub has refused, or "
        "that a supervisor has sent back. Why stands in its first line. The new one has an ID of its own. An alert "
        "that is in force becomes the FILE of `amana update`.",
        command_children,
        NULL,
        NULL};
    struct outbox_input input = {0};
    enum store_box box;
    char id[STORE_ID];
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = command_open(&input.command, SETTINGS_ALL);
    if (code == 0)
        code = command_find(&input.command, BOX(OUTBOX) | BOX(SENT), input.id, &box, id);
    if (code == 0)
        code = mend(&input, id, box);
    command_clear(&input.command);
    return code;
}

// --- drop
// What the hub has taken is in the log: there is no taking it out, only an answer to it.
static int was_taken(struct outbox_input *input, const char *id)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    char verbs[ANSWER_VERBS_TEXT], second[SECOND_STATE];
    arena_init(&arena, ARENA_VERB);
    enum am_err err = store_get(input->command.session->store, STORE_SENT, id, &arena, &kept);
    if (err == AM_OK)
        err = seal_header(kept->message, &arena, &detail, &header);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (!second_sent(kept, header)) {
        second_state(kept, second);
        command_say(
            "%.13s is with the hub, which sends it to nobody: %s. `amana mend %.13s` writes it as a draft again%s", id,
            second, id,
            second_never(kept, header) ? "" : "; if it was released meanwhile, run `amana inbox`, which fetches that");
        return EX_DATAERR;
    }
    answer_verbs_list((unsigned)header->kind, true, verbs);
    command_say("%.13s was taken by the hub and can't be dropped any more. What can be done with it: %s", id, verbs);
    return EX_DATAERR;
}

static int ask(const struct outbox_input *input, const Amana__V1__Kept *kept, const Amana__V1__Header *header)
{
    if (input->yes && !input->dry_run)
        return 0;
    printf("%s %.13s", kind_name((unsigned)header->kind), header->id);
    for (size_t i = 0; i < header->n_recipients; i++)
        printf("%s%s", i == 0 ? " to " : ", ", header->recipients[i]->unit);
    if (outbox_was_refused(kept)) {
        fputs("\n  refused   ", stdout);
        print_text(stdout, kept->wait_text, 12);
        fputs("\n  dropped, nothing of it is kept here; the hub has nothing of it but that it was refused\n", stdout);
    } else {
        fputs("\n  waits. Dropped, nothing of it is kept here; where a link broke while it was sent, the hub may have "
              "taken it all the same, and its recipients get it\n",
              stdout);
    }
    return input->dry_run ? 0 : command_ask("Drop it?", "nothing was dropped");
}

static int drop(struct outbox_input *input)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    Amana__V1__Header *header;
    Amana__V1__Kept *kept;
    enum store_box box;
    char id[STORE_ID];
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code == 0)
        code = command_find(&input->command, BOX(OUTBOX) | BOX(SENT), input->id, &box, id);
    if (code != 0)
        return code;
    if (box == STORE_SENT)
        return was_taken(input, id);
    arena_init(&arena, ARENA_VERB);
    enum am_err err = store_get(input->command.session->store, STORE_OUTBOX, id, &arena, &kept);
    if (err == AM_OK && seal_header(kept->message, &arena, &detail, &header) == AM_OK)
        code = ask(input, kept, header);
    if (code != 0 || input->dry_run)
        return code;
    if (err == AM_OK)
        err = outbox_drop(input->command.session, id, &detail);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (!input->command.json)
        printf("dropped   %s\n", id);
    return 0;
}

int verb_drop(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"yes", 'y', NULL, 0, "don't ask", 0}, {"dry-run", 'n', NULL, 0, "say what would be done", 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        "ID",
        "Takes a message out of the outbox: it isn't sent, and nothing of it is kept. `amana "
        "mend` writes it as a draft before. What the hub has taken can't be dropped.",
        command_children,
        NULL,
        NULL};
    struct outbox_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = drop(&input);
    command_clear(&input.command);
    return code;
}
