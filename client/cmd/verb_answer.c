// SPDX-License-Identifier: Apache-2.0
// ack, update, cancel: answers, which carry on what they answer.
#include "client/cmd/answers.h"
#include "client/cmd/draft_file.h"
#include "client/cmd/print.h"
#include "client/cmd/submit.h"
#include "client/session/receive.h"
#include "client/session/seal.h"
#include "proto/codec/codec.h"
#include "proto/log/leaf.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

struct answer_input {
    struct command command;
    const char *id, *file, *remark, *tasking, *outcome, *reason, *instructions;
    unsigned kind;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct answer_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'r': input->remark = arg; return 0;
    case 't': input->tasking = arg; return 0;
    case 'o': input->outcome = arg; return 0;
    case 'R': input->reason = arg; return 0;
    case 'i': input->instructions = arg; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            input->id = arg;
        else if (state->arg_num == 1 && input->kind == KIND(UPDATE))
            input->file = arg;
        else
            argp_error(state, "too many arguments");
        return 0;
    case ARGP_KEY_END:
        if (input->id == NULL || (input->kind == KIND(UPDATE) && input->file == NULL))
            argp_error(state, "needs %s", input->kind == KIND(UPDATE) ? "ID and FILE" : "the ID of a message");
        if (input->kind == KIND(CANCEL) && (input->outcome == NULL || input->reason == NULL))
            argp_error(state, "needs --outcome (RESOLVED or NO_LONGER_NEEDED) and --reason");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// A message of the store with its header, opened.
struct target {
    char id[STORE_ID];
    enum store_box box;
    Amana__V1__Kept *kept;
    struct opened opened;
    Amana__V1__Pointer pointer;
    uint8_t digest[LOG_HASH_SIZE];
};

static enum am_err load(struct session *session, enum store_box box, const char *id, struct arena *arena,
                        struct am_detail *detail, struct target *target)
{
    strlcpy(target->id, id, sizeof target->id);
    target->box = box;
    TRY(store_get(session->store, box, id, arena, &target->kept));
    TRY(seal_open(session, target->kept->message, arena, detail, &target->opened));
    TRY(log_sha256(codec_bytes(target->kept->message->header), target->digest));
    amana__v1__pointer__init(&target->pointer);
    target->pointer.id = target->opened.header->id; // target->id is the key of its row
    target->pointer.header_digest = (ProtobufCBinaryData){sizeof target->digest, target->digest};
    return AM_OK;
}

// What an answer carries on from what it answers (domain.md: *Answer*).
static void carry(const struct target *target, unsigned kind, Amana__V1__Draft *draft, Amana__V1__DraftFlags *flags)
{
    const Amana__V1__Header *header = target->opened.header;
    draft->kind = (Amana__V1__Kind__Code)kind;
    draft->status = header->status;
    draft->case_ref = header->case_ref;
    draft->urgency = header->urgency;
    draft->urgency_reason = header->urgency_reason;
    draft->handling = header->handling;
    draft->n_handling = header->n_handling;
    draft->classification = header->classification;
    draft->purpose = header->purpose;
    draft->legal_basis = header->legal_basis;
    draft->agreement_ref = header->agreement_ref;
    draft->retain_until = header->retain_until;
    draft->language = header->language;
    draft->release = AMANA__V1__RELEASE__CODE__NOT_NEEDED;
    flags->child = target->opened.flags->child;
    flags->protection = target->opened.flags->protection;
    draft->flags = flags;
}

static enum am_err set_recipients(struct arena *arena, Amana__V1__Recipient **from, size_t count,
                                  Amana__V1__Draft *draft)
{
    draft->recipients = arena_array(arena, count, sizeof *draft->recipients);
    if (draft->recipients == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < count; i++) {
        Amana__V1__DraftRecipient *recipient = arena_alloc(arena, sizeof *recipient);
        if (recipient == NULL)
            return arena_error(arena);
        amana__v1__draft_recipient__init(recipient);
        recipient->unit = from[i]->unit;
        recipient->part = from[i]->part;
        draft->recipients[i] = recipient;
    }
    draft->n_recipients = count;
    return AM_OK;
}

static int ack(struct answer_input *input, struct target *target, struct arena *arena)
{
    struct am_detail detail = {0};
    struct answers answers;
    Amana__V1__Draft draft = AMANA__V1__DRAFT__INIT;
    Amana__V1__DraftFlags flags = AMANA__V1__DRAFT_FLAGS__INIT;
    Amana__V1__Ack body = AMANA__V1__ACK__INIT;
    Amana__V1__Recipient to = AMANA__V1__RECIPIENT__INIT, *list = &to;
    const Amana__V1__Header *header = target->opened.header;
    if (!kind_acknowledged((unsigned)header->kind)) {
        command_say("%.13s is a message of kind %s, which is not acknowledged", target->id,
                    kind_name((unsigned)header->kind));
        return EX_DATAERR;
    }
    if (answers_find(input->command.session, target->id, &answers) == AM_OK && strcmp(answers.newest, target->id) != 0)
        command_say("there is a newer version, %.13s: acknowledge that one too", answers.newest);
    carry(target, KIND(ACK), &draft, &flags);
    to.unit = header->sender->unit;
    to.part = AMANA__V1__PART__CODE__ACTION;
    enum am_err err = set_recipients(arena, &list, 1, &draft);
    if (err != AM_OK)
        return command_fail(err, &detail);
    body.remark = (char *)(input->remark != NULL ? input->remark : "");
    body.tasking = (char *)(input->tasking != NULL ? input->tasking : "");
    draft.body_case = AMANA__V1__DRAFT__BODY_ACK;
    draft.ack = &body;
    struct submission submission = {.compose = {&draft, &target->pointer, NULL, target->opened.header, NULL}};
    return submit(&input->command, &submission);
}

// The alert that a message of ours belongs to: itself, or what it answers.
static int load_root(struct answer_input *input, struct arena *arena, const struct target *target, struct target *root)
{
    struct am_detail detail = {0};
    const Amana__V1__Header *header = target->opened.header;
    const char *id = header->kind == KIND(ALERT)   ? target->id
                     : header->in_reply_to != NULL ? header->in_reply_to->id
                                                   : "";
    enum am_err err = load(input->command.session, STORE_SENT, id, arena, &detail, root);
    if (err == AM_NOT_FOUND)
        (void)am_fail(err, &detail, id, "this alert was not sent from here");
    if (err == AM_OK && root->opened.header->kind != KIND(ALERT))
        err = am_fail(AM_INVALID, &detail, target->id, "only an alert of this unit can be updated or ended");
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

static int load_newest(struct answer_input *input, struct arena *arena, const struct target *root,
                       struct target *newest)
{
    struct am_detail detail = {0};
    struct answers answers;
    enum am_err err = answers_find(input->command.session, root->id, &answers);
    if (err == AM_OK)
        err = load(input->command.session, STORE_SENT, answers.newest, arena, &detail, newest);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

static int cancel(struct answer_input *input, struct target *root, struct target *newest, struct arena *arena)
{
    struct am_detail detail = {0};
    Amana__V1__Draft draft = AMANA__V1__DRAFT__INIT;
    Amana__V1__DraftFlags flags = AMANA__V1__DRAFT_FLAGS__INIT;
    Amana__V1__Cancel body = AMANA__V1__CANCEL__INIT;
    int outcome;
    if (codec_enum_value(&amana__v1__outcome__code__descriptor, input->outcome, &outcome) != AM_OK ||
        (kind_get(KIND(CANCEL))->outcomes & OUTCOME_BIT((unsigned)outcome)) == 0) {
        command_say("--outcome: \"%.40s\" is not one of RESOLVED, NO_LONGER_NEEDED (SENT_IN_ERROR and COURT_ORDER are "
                    "not served yet)",
                    input->outcome);
        return EX_DATAERR;
    }
    carry(newest, KIND(CANCEL), &draft, &flags);
    draft.retain_until = root->opened.header->retain_until;
    draft.outcome = (Amana__V1__Outcome__Code)outcome;
    enum am_err err =
        set_recipients(arena, newest->opened.header->recipients, newest->opened.header->n_recipients, &draft);
    if (err != AM_OK)
        return command_fail(err, &detail);
    body.reason = (char *)input->reason;
    body.instructions = (char *)(input->instructions != NULL ? input->instructions : "");
    draft.body_case = AMANA__V1__DRAFT__BODY_CANCEL;
    draft.cancel = &body;
    struct submission submission = {
        .compose = {&draft, &root->pointer, NULL, root->opened.header, newest->opened.header}};
    return submit(&input->command, &submission);
}

static int update(struct answer_input *input, struct target *root, struct target *newest, struct arena *arena)
{
    struct am_detail detail = {0};
    struct am_bytes text;
    Amana__V1__Draft *draft;
    enum am_err err = draft_read(input->file, arena, &detail, &text, &draft);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (draft->body_case == AMANA__V1__DRAFT__BODY_ALERT) { // the template's own form
        Amana__V1__Alert *alert = draft->alert;
        draft->body_case = AMANA__V1__DRAFT__BODY_UPDATE;
        draft->update = alert;
    }
    draft->kind = (Amana__V1__Kind__Code)KIND(UPDATE);
    draft->retain_until = root->opened.header->retain_until; // an answer keeps its root's
    if (draft->n_recipients == 0)
        err = set_recipients(arena, newest->opened.header->recipients, newest->opened.header->n_recipients, draft);
    struct submission submission = {
        .compose = {draft, &root->pointer, &newest->pointer, root->opened.header, newest->opened.header},
        .file = input->file,
        .text = text};
    int code = err == AM_OK ? submit(&input->command, &submission) : command_fail(err, &detail);
    free((void *)text.data);
    return code;
}

static int run(struct answer_input *input)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    static struct target target, root, newest;
    enum store_box box;
    char id[STORE_ID];
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code == 0)
        code = command_find(&input->command, input->kind == KIND(ACK) ? BOX(INBOX) : BOX(SENT), input->id, &box, id);
    if (code != 0)
        return code;
    arena_init(&arena, ARENA_VERB);
    enum am_err err = load(input->command.session, box, id, &arena, &detail, &target);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (input->kind == KIND(ACK))
        return ack(input, &target, &arena);
    code = load_root(input, &arena, &target, &root);
    if (code == 0)
        code = load_newest(input, &arena, &root, &newest);
    if (code != 0)
        return code;
    return input->kind == KIND(UPDATE) ? update(input, &root, &newest, &arena) : cancel(input, &root, &newest, &arena);
}

static int run_verb(unsigned kind, const struct argp *argp, int argc, char **argv)
{
    struct answer_input input = {.kind = kind};
    command_init(&input.command);
    command_parse(argp, argc, argv, &input);
    int code = run(&input);
    command_clear(&input.command);
    return code;
}

int verb_ack(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"remark", 'r', "TEXT", 0, "a word to the sender (sealed)", 0},
        {"tasking", 't', "TEXT", 0, "what was set going, in a sentence (sealed)", 0},
        {0}};
    static const struct argp argp = {
        options,
        parse,
        "ID",
        "Takes an alert, update or cancel on, as the officer of this configuration: signed "
        "and logged, so that the sender sees who has it and since when.",
        command_children,
        NULL,
        NULL};
    return run_verb(KIND(ACK), &argp, argc, argv);
}

int verb_update(int argc, char **argv)
{
    static const struct argp argp = {NULL,
                                     parse,
                                     "ID FILE",
                                     "Sends the whole alert anew: FILE as for `amana send`; recipients may be left out "
                                     "(those of the newest version). Who had acknowledged is asked again.",
                                     command_children,
                                     NULL,
                                     NULL};
    return run_verb(KIND(UPDATE), &argp, argc, argv);
}

int verb_cancel(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"outcome", 'o', "CODE", 0, "RESOLVED or NO_LONGER_NEEDED", 0},
        {"reason", 'R', "TEXT", 0, "why, in a sentence (sealed)", 0},
        {"instructions", 'i', "TEXT", 0, "what to do with what was begun (sealed)", 0},
        {0}};
    static const struct argp argp = {
        options,          parse, "ID", "Ends an alert of this unit, at all who had its newest version.",
        command_children, NULL,  NULL};
    return run_verb(KIND(CANCEL), &argp, argc, argv);
}
