// SPDX-License-Identifier: Apache-2.0
// Every verb that answers a message (answer_verbs.h): finds what it answers, carries on what must be carried on, and
// sends it to whom its kind goes.
#include "client/cmd/answer_changes.h"
#include "client/cmd/answer_first.h"
#include "client/cmd/answer_references.h"
#include "client/cmd/answer_send.h"
#include "client/cmd/answers.h"
#include "client/cmd/submit_draft.h"
#include "client/cmd/wipe.h"
#include "client/session/erase.h"
#include "client/session/second.h"
#include "proto/model/address.h"
#include "proto/model/header.h"

#include <stdlib.h>
#include <string.h>

// --- All of it
// What is said, with what follows from what it answers. *text is the caller's to free, also after an error.
static enum am_err draft_make(struct answer_input *input, struct target *root, struct target *newest,
                              struct arena *arena, struct am_detail *detail, struct am_bytes *text,
                              Amana__V1__Draft **ret_draft)
{
    enum am_err err = answer_draft(input, arena, detail, text, ret_draft);
    if (err != AM_OK && detail->line == 0)
        submit_name_option(input->verb, detail);
    TRY(err);
    Amana__V1__Draft *draft = *ret_draft;
    TRY(submit_references(input->command.session, arena, draft, detail));
    TRY(answer_body_fill(input, arena, draft));
    TRY(answer_changes_check(root, newest, draft, *text, detail));
    answer_releasing(input, root->opened.header);
    answer_releasing(input, newest->opened.header);
    if (answer_is_order(input) && root->kept->entry != NULL)
        TRY(answer_versions(input, arena, root, newest, draft));
    TRY(shield_of_case(input->command.session, newest->opened.header->case_ref, &input->shield));
    submit_carry(newest->opened.header, draft);
    TRY(answer_defaults_fill(input, newest, arena, draft));
    TRY(answer_retention(input->command.session, root, newest, arena, draft));
    TRY(answer_permissions(input, arena, newest, draft));
    return answer_references(input, arena, newest, draft, detail);
}

// Whom it goes to, and whom it frees.
static enum am_err draft_address(struct answer_input *input, struct target *root, struct target *newest,
                                 struct arena *arena, struct am_detail *detail, Amana__V1__Draft *draft,
                                 struct roles_moved *moved)
{
    TRY(answer_to_fill(input, root, newest, arena, detail, draft));
    if (json_object_get(input->said, "flags") == NULL)
        TRY(answer_flags_for_listed(input, newest, arena, draft));
    TRY(submit_groups(&input->command.settings, arena, draft, detail));
    if (input->verb->kind == KIND(CORRECTION) || input->verb->kind == KIND(CONTEST))
        return AM_OK;
    return first_roles(input->verb->kind, newest, draft, arena, moved);
}

// Asks what is to be asked before it goes, and sends it.
static int draft_send(struct answer_input *input, struct submission *submission, struct target *root,
                      struct target *newest, Amana__V1__Draft *draft, bool fixed, struct roles_moved *moved,
                      struct arena *arena)
{
    bool go = true, contests = newest->box == STORE_INBOX && moved->n_freed + moved->n_facts > 0;
    int code = first_ask(input, submission, newest, &go);
    if (code == 0 && go)
        code = first_mend(input, submission, newest);
    if (code == 0 && go)
        code = first_erase(input, submission, newest);
    if (code == 0 && go)
        code = answer_send(input, submission, root, newest, draft, fixed, arena);
    int contested = contests && submission->goes ? first_contest(input, submission, root, newest, moved, arena) : 0;
    return code != 0 ? code : contested;
}

static void free_text(struct am_bytes *text)
{
    wipe_free((void *)text->data);
}

static int answer(struct answer_input *input, struct target *root, struct target *newest, struct arena *arena)
{
    struct am_bytes AM_CLEANUP(free_text) text = {0};
    struct am_detail detail = {0};
    struct roles_moved moved = {0};
    Amana__V1__Draft *draft = NULL;
    bool online = false;
    enum am_err err = draft_make(input, root, newest, arena, &detail, &text, &draft);
    if (err != AM_OK)
        return command_fail(err, &detail);
    bool asked = answer_to_asks(input, draft), fixed = draft->n_recipients > 0;
    int code = asked ? command_try_connect(&input->command, &online) : 0;
    if (code != 0)
        return code;
    if (online)
        answer_to_look(input, newest, draft);
    err = draft_address(input, root, newest, arena, &detail, draft, &moved);
    if (err != AM_OK)
        return command_fail(err, &detail);
    struct submission submission = {.compose = {draft, answer_is_order(input) ? &newest->pointer : &root->pointer,
                                                input->verb->kind == KIND(UPDATE) ? &newest->pointer : NULL,
                                                root->opened.header, newest->opened.header},
                                    .file = input->file,
                                    .verb = input->verb,
                                    .text = text,
                                    .connected = asked,
                                    .online = online};
    return draft_send(input, &submission, root, newest, draft, fixed, &moved, arena);
}

static unsigned boxes_of(const struct answer_verb *verb)
{
    return (answer_verb_side(verb, false) ? BOX(INBOX) : 0) | (answer_verb_side(verb, true) ? BOX(SENT) : 0);
}

// One of another kind, or of none, is told with those of this.
static int check_outcome(const struct answer_input *input)
{
    struct am_detail detail = {0};
    const json_t *said = json_object_get(input->said, "outcome");
    const ProtobufCEnumValue *code = said != NULL ? protobuf_c_enum_descriptor_get_value_by_name(
                                                        &amana__v1__outcome__code__descriptor, json_string_value(said))
                                                  : NULL;
    if (said == NULL || (code != NULL && (input->kind->outcomes & OUTCOME_BIT((unsigned)code->value)) != 0))
        return 0;
    return command_fail(
        am_fail(AM_INVALID, &detail, "outcome", "must be one of %s (--outcome)", answer_outcomes(input)), &detail);
}

// What only who is asked to act may say. What is to be erased is to be erased by who has a COPY too.
static bool only_copied(const struct answer_input *input, const struct target *target)
{
    const char *own = input->command.session->settings.value[SETTING_UNIT];
    bool asked_alone = (input->kind->who & ~(WHO_RECIPIENT | WHO_ORIGINATOR)) == 0;
    return target->box == STORE_INBOX && asked_alone && input->verb->kind != KIND(CONFIRM) &&
           header_recipient(target->opened.header, own) != NULL && !header_asks(target->opened.header, own);
}

static int check_answers(const struct answer_input *input, const struct target *target)
{
    char kinds[KIND_LIST_TEXT], verbs[ANSWER_VERBS_TEXT], second[SECOND_STATE];
    if (!second_sent(target->kept, target->opened.header)) {
        bool never = second_never(target->kept, target->opened.header);
        second_state(target->kept, second);
        command_say("%.13s was not sent, so that nobody has it: %s; %s", target->id, second,
                    never ? "`amana mend` writes it as a draft again"
                          : "if it was released meanwhile, run `amana inbox`, which fetches that");
        return EX_DATAERR;
    }
    unsigned kind = (unsigned)target->opened.header->kind;
    if (input->verb->kind == KIND(CONFIRM) && kind_get(kind) != NULL && kind_get(kind)->confirm != 0 &&
        !erase_asked(target->opened.header)) {
        command_say("%.13s asks for no CONFIRM: by its outcome nothing is to be erased", target->id);
        return EX_DATAERR;
    }
    // Who orders about another unit's message is its country's data protection office, which only the hub knows.
    const char *sender = target->opened.header->sender->unit;
    if (target->box == STORE_INBOX && answer_verb_orders(input->verb) &&
        !address_same_country(sender, input->command.session->settings.value[SETTING_UNIT])) {
        answer_verbs_list(kind, false, verbs);
        command_say("%.13s came from %s: `amana %s` is for its sender and its country's data protection office. What "
                    "can be done with it here: %s",
                    target->id, sender, input->verb->name, verbs);
        return EX_DATAERR;
    }
    uint32_t on = answer_verb_on(input->verb);
    if ((on & KIND_BIT(kind)) != 0 && only_copied(input, target)) {
        command_say("a COPY of %.13s came to this unit: `amana %s` is for those whom it asks to act; `amana note "
                    "%.13s` says something about it",
                    target->id, input->verb->name, target->id);
        return EX_DATAERR;
    }
    if (input->kind->chain != CHAIN_NONE || (on & KIND_BIT(kind)) != 0)
        return 0;
    kind_list(on, kinds, sizeof kinds);
    answer_verbs_list(kind, target->box == STORE_SENT, verbs);
    command_say("%.13s is a message of kind %s; `amana %s` answers: %s. What can be done with it: %s", target->id,
                kind_name(kind), input->verb->name, kinds, verbs);
    return EX_DATAERR;
}

// A message of the other side: what the verb is for, and what can be done with it from here.
static int find(struct answer_input *input, enum store_box *ret_box, char ret_id[STORE_ID])
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0}, other = {0};
    struct target target;
    struct store *store = input->command.session->store;
    unsigned boxes = boxes_of(input->verb), all = BOX(INBOX) | BOX(SENT);
    char verbs[ANSWER_VERBS_TEXT];
    enum am_err err = store_find(store, boxes, input->id, &detail, ret_box, ret_id);
    arena_init(&arena, ARENA_VERB);
    if (err == AM_OK)
        return 0;
    if (err != AM_NOT_FOUND || boxes == all ||
        store_find(store, all & ~boxes, input->id, &other, ret_box, ret_id) != AM_OK ||
        target_load_header(input->command.session, *ret_box, ret_id, &arena, &other, &target) != AM_OK)
        return command_fail(err, &detail);
    const Amana__V1__Header *header = target.opened.header;
    bool sent = *ret_box == STORE_SENT;
    answer_verbs_list((unsigned)header->kind, sent, verbs);
    if (sent)
        command_say("%.13s was sent by this unit: `amana %s` is for who received it. What can be done with it here: %s",
                    header->id, input->verb->name, verbs);
    else
        command_say("%.13s came from %s: `amana %s` is for its sender alone. What can be done with it here: %s",
                    header->id, header->sender->unit, input->verb->name, verbs);
    return EX_DATAERR;
}

// What is said of an alert that was replaced or ended meanwhile is taken, and moves nothing: the other waits for its
// own.
static void tell_newer(struct answer_input *input, const struct target *target)
{
    struct answers answers;
    bool moves =
        input->verb->kind == KIND(ACK) || input->verb->kind == KIND(HIT) || input->verb->kind == KIND(CANNOT_EXECUTE);
    if (!moves || answers_find(input->command.session, target->id, &answers) != AM_OK)
        return;
    if (answers.cancel[0] != '\0')
        command_say("this alert was ended by %.13s: `amana ack %.13s` says that you have stopped", answers.cancel,
                    answers.cancel);
    else if (answers.replaced)
        command_say("there is a newer version, %.13s: answer that one too", answers.newest);
}

// A whole ID that is of no message here: what a data protection office orders about, and a protection unit contests.
static bool is_of_office(const struct answer_input *input)
{
    struct am_detail detail = {0};
    enum store_box box;
    uint8_t bytes[16];
    char id[STORE_ID];
    bool may = answer_is_order(input) || input->verb->kind == KIND(CORRECTION) || input->verb->kind == KIND(CONTEST);
    return may && message_id_check(input->id, bytes, NULL) == AM_OK &&
           store_find(input->command.session->store, BOXES_ALL, input->id, &detail, &box, id) == AM_NOT_FOUND;
}

static int of_office(struct answer_input *input, struct target *target, struct target *newest, struct arena *arena)
{
    struct am_detail detail = {0};
    int code = command_connect(&input->command);
    if (code != 0)
        return code;
    enum am_err err = target_fetch(input, arena, &detail, target);
    if (err == AM_OK) {
        *newest = *target; // each version is named by its own ID: what others there are isn't known here
        err = target_point(newest);
    }
    return err == AM_OK ? answer(input, target, newest, arena) : command_fail(err, &detail);
}

// Of an alert its first version is looked for, and from there the others.
static int order(struct answer_input *input, const struct target *target, struct target *root, struct target *newest,
                 struct arena *arena)
{
    struct am_detail detail = {0};
    const Amana__V1__Header *header = target->opened.header;
    const struct kind *kind = kind_get((unsigned)header->kind);
    bool version = kind != NULL && kind->chain == CHAIN_RENEWS && header->in_reply_to != NULL;
    const char *id = version ? header->in_reply_to->id : target->id;
    enum am_err err = target_load_header(input->command.session, target->box, id, arena, &detail, root);
    if (err == AM_OK)
        err = target_load_header(input->command.session, target->box, id, arena, &detail, newest);
    return err == AM_OK ? answer(input, root, newest, arena) : command_fail(err, &detail);
}

static int run(struct answer_input *input)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    static struct target target, root, newest;
    enum store_box box;
    char id[STORE_ID];
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code != 0)
        return code;
    code = check_outcome(input);
    if (code != 0)
        return code;
    arena_init(&arena, ARENA_VERB);
    if (is_of_office(input))
        return of_office(input, &target, &newest, &arena);
    code = find(input, &box, id);
    if (code != 0)
        return code;
    enum am_err err = answer_is_order(input)
                          ? target_load_header(input->command.session, box, id, &arena, &detail, &target)
                          : target_load(input->command.session, box, id, &arena, &detail, &target);
    if (err != AM_OK)
        return command_fail(err, &detail);
    code = check_answers(input, &target);
    if (code != 0)
        return code;
    if (answer_is_order(input))
        return order(input, &target, &root, &newest, &arena);
    tell_newer(input, &target);
    code = first_again(input, &target);
    if (code != 0)
        return code;
    if (input->kind->chain == CHAIN_NONE)
        return answer(input, &target, &target, &arena);
    code = target_load_root(input, &arena, &target, &root);
    if (code == 0)
        code = target_load_newest(input, &arena, &root, &newest);
    return code == 0 ? answer(input, &root, &newest, &arena) : code;
}

int verb_answer(int argc, char **argv)
{
    struct answer_input input = {.verb = answer_verb_find(argv[0])};
    input.kind = kind_get(input.verb->kind);
    input.said = json_object();
    command_init(&input.command);
    command_parse(answer_argp(&input), argc, argv, &input);
    int code = run(&input);
    json_decref(input.said);
    command_clear(&input.command);
    return code;
}
