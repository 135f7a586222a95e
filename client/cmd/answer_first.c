// SPDX-License-Identifier: Apache-2.0
// What goes before an answer, in the order of verb_answer.c.
#include "client/cmd/answer_first.h"

#include "client/cmd/answer_send.h"
#include "client/cmd/answers.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/cmd/submit_draft.h"
#include "client/session/erase.h"
#include "client/session/mended.h"
#include "proto/model/kind_body.h"

#include <string.h>

// --- Once is enough: of the same officer, about the same clock. What was CROSSED has acknowledged nothing.
int first_again(const struct answer_input *input, const struct target *target)
{
    char own[LIMIT_URI + 1];
    struct answers answers;
    if (input->verb->kind != KIND(ACK) || input->again ||
        answers_find(input->command.session, target->id, &answers) != AM_OK || !answers.acknowledged)
        return 0;
    settings_officer(&input->command.session->settings, own);
    if (strcmp(answers.officer, own) != 0)
        return 0;
    command_say("%.13s is already acknowledged by %s, %s: nothing was sent. An ACK of another officer names that one; "
                "--again sends one more of yours",
                target->id, print_officer(answers.officer), print_ns(answers.ack_ns));
    return EX_DATAERR;
}

// --- What is done once and for all is told before
static int plan_json(const Amana__V1__Draft *draft, const struct target *newest)
{
    json_t *must = json_array();
    for (size_t i = 0; i < draft->n_recipients; i++)
        json_array_append_new(must, json_string(draft->recipients[i]->unit));
    return json_line_print(json_pack("{s:s, s:s, s:I, s:o}", "id", newest->opened.header->id, "kind",
                                     kind_name((unsigned)newest->opened.header->kind), "older_versions",
                                     (json_int_t)draft->n_references, "must_confirm", must),
                           stdout);
}

static FILE *asked_on(const struct answer_input *input)
{
    return input->command.json ? stderr : stdout; // a question is no line of JSON
}

static void tell_erased(const struct answer_input *input, const Amana__V1__Draft *draft, const struct target *newest,
                        const char *where)
{
    FILE *out = asked_on(input);
    bool order = input->verb->kind == KIND(ERASURE);
    fprintf(out, "%s %.13s", kind_name((unsigned)newest->opened.header->kind), newest->id);
    if (order)
        fprintf(out, " and %zu older version%s", draft->n_references, draft->n_references == 1 ? "" : "s");
    fprintf(out, ": destroyed %s, for good\n", where);
    for (size_t i = 0; i < draft->n_recipients; i++)
        fprintf(out, "  must erase and confirm within 7 days  %s\n", draft->recipients[i]->unit);
}

static int ask_order(const struct answer_input *input, const Amana__V1__Draft *draft, const struct target *newest,
                     bool *ret_go)
{
    if (input->yes && !input->dry_run)
        return 0;
    if (input->command.json && input->dry_run) {
        *ret_go = false;
        return plan_json(draft, newest);
    }
    tell_erased(input, draft, newest, "by the hub and in this store");
    *ret_go = !input->dry_run;
    return input->dry_run ? 0 : command_ask("Erase it?", "nothing was erased");
}

int first_ask(const struct answer_input *input, const struct submission *submission, const struct target *newest,
              bool *ret_go)
{
    const Amana__V1__Draft *draft = submission->compose.draft;
    struct am_detail detail = {0};
    *ret_go = true;
    if (input->verb->kind == KIND(ERASURE))
        return ask_order(input, draft, newest, ret_go);
    if (input->yes || !kind_asks_confirm(input->verb->kind, (unsigned)draft->outcome))
        return 0;
    enum reason reason = compose_check(input->command.session, &submission->compose, &detail);
    if (reason != REASON_NONE)
        return submit_refuse(submission, reason, &detail);
    tell_erased(input, draft, newest, "by all who have it");
    return command_ask("End it, and have it erased?", "nothing was sent");
}

// --- What goes before the word is given that it is gone
int first_mend(struct answer_input *input, const struct submission *submission, const struct target *target)
{
    struct am_detail detail = {0};
    const Amana__V1__Draft *draft = submission->compose.draft;
    if (input->verb->kind != KIND(CONFIRM) || draft->outcome != OUTCOME(DONE) ||
        target->opened.header->kind != KIND(CORRECTION) ||
        (draft->body_case == AMANA__V1__DRAFT__BODY_CONFIRM && draft->confirm->own_messages_mended))
        return 0;
    enum am_err err = mended_check(input->command.session, target->opened.header, &detail);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

int first_erase(struct answer_input *input, const struct submission *submission, const struct target *target)
{
    struct am_detail detail = {0};
    unsigned n;
    int code = 0;
    if (input->verb->kind != KIND(CONFIRM) || submission->compose.draft->outcome != OUTCOME(DONE) ||
        !erase_asked(target->opened.header))
        return 0;
    enum reason reason = compose_check(input->command.session, &submission->compose, &detail);
    if (reason != REASON_NONE)
        return submit_refuse(submission, reason, &detail);
    enum am_err err = erase_check(input->command.session, target->opened.header, &detail, &n);
    if (err == AM_OK && n > 0 && !input->yes) {
        fprintf(asked_on(input), "%u message%s of this store: erased, for good\n", n, n == 1 ? "" : "s");
        code = command_ask("Erase here, and confirm?", "nothing was erased or sent");
    }
    if (code != 0)
        return code;
    if (err == AM_OK)
        err = erase_named(input->command.session, target->opened.header, &n);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (!input->command.json)
        command_say("%u message%s of this store %s erased", n, n == 1 ? "" : "s", n == 1 ? "was" : "were");
    return 0;
}

// --- Roles (rule 6): who was a suspect and is a victim is contested with it
enum am_err first_roles(unsigned kind, const struct target *newest, const Amana__V1__Draft *draft, struct arena *arena,
                        struct roles_moved *ret_moved)
{
    bool same_case = strcmp(draft->case_ref, newest->opened.header->case_ref) == 0;
    Amana__V1__Body *body = arena_alloc(arena, sizeof *body);
    ProtobufCMessage *of_kind = kind_body_get(&draft->base);
    *ret_moved = (struct roles_moved){0};
    if (body == NULL)
        return arena_error(arena);
    if (of_kind == NULL || of_kind->descriptor != kind_body_type(kind))
        return AM_OK; // the check names it
    amana__v1__body__init(body);
    (void)kind_body_set(kind, &body->base, of_kind);
    return roles_compare(newest->opened.body, body, same_case, arena, ret_moved);
}

int first_contest(struct answer_input *input, const struct submission *with, const struct target *root,
                  const struct target *newest, const struct roles_moved *moved, struct arena *arena)
{
    struct am_detail detail = {0};
    Amana__V1__Draft draft = AMANA__V1__DRAFT__INIT;
    Amana__V1__Contest contest = AMANA__V1__CONTEST__INIT;
    const struct kind *kind = input->kind;
    draft.kind = AMANA__V1__KIND__CODE__CONTEST;
    draft.flags = with->compose.draft->flags;
    draft.body_case = AMANA__V1__DRAFT__BODY_CONTEST;
    draft.contest = &contest;
    contest.reason = arena_printf(arena, "As the %s says that was sent before this.", kind->words);
    contest.roles = moved->freed;
    contest.n_roles = moved->n_freed;
    contest.facts = moved->facts;
    contest.n_facts = moved->n_facts;
    submit_carry(newest->opened.header, &draft);
    draft.recipients = arena_array(arena, LIMIT_RECIPIENTS + 2, sizeof *draft.recipients);
    input->kind = kind_get(KIND(CONTEST));
    enum am_err err = answer_retention(input->command.session, root, newest, arena, &draft);
    if (err == AM_OK)
        err = contest.reason != NULL && draft.recipients != NULL ? answer_to_usual(input, newest, arena, &draft)
                                                                 : arena_error(arena);
    input->kind = kind;
    struct submission submission = {
        .compose = {&draft, &root->pointer, NULL, root->opened.header, newest->opened.header},
        .connected = with->connected,
        .online = with->online};
    command_say("%.31s was entered as a suspect there and is a victim: that is contested with it",
                moved->n_freed > 0 ? moved->freed[0]->person : "somebody without a label");
    return err == AM_OK ? answer_send(input, &submission, root, newest, &draft, true, arena)
                        : command_fail(err, &detail);
}
