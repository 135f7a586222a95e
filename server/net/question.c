// SPDX-License-Identifier: Apache-2.0
// Calls that ask the journal something and get one answer.
#include "server/net/question.h"

#include <stdlib.h>

#define REPLY_ARENA (4u * 1024 * 1024)

static void question_run(struct job *job, struct worker *worker)
{
    struct question *question = (struct question *)((char *)job - offsetof(struct question, job));

    question->ask(question, worker);
}

static void question_done(struct job *job)
{
    struct question *question = (struct question *)((char *)job - offsetof(struct question, job));

    if (question->more && call_open(&question->call)) { // else nobody waits for it any more
        question->more = false;
        if (question->between != NULL)
            question->between(question);
        arena_reset(&question->reply);
        workers_push(question->call.net->workers, &question->job);
        return;
    }
    if (question->reason != REASON_NONE)
        call_refuse(&question->call, question->reason, &question->detail);
    else
        call_answer(&question->call, question->answer);
    call_release(&question->call);
}

void question_begin(struct call *call, void (*ask)(struct question *question, struct worker *worker))
{
    struct question *question = (struct question *)call;

    question->ask = ask;
    question->now_ns = net_utc(call->net);
    question->registry = registry_ref(call->net->registry);
    question->job = (struct job){.run = question_run, .done = question_done};
    arena_init_in(&question->reply, REPLY_ARENA, &call->peer->memory);
    call_hold(call);
    workers_push(call->net->workers, &question->job);
}

void question_clear(struct call *call)
{
    struct question *question = (struct question *)call;

    registry_unref(question->registry);
    if (question->registry != NULL)
        arena_clear(&question->reply);
}

void question_answer(struct question *question, const ProtobufCMessage *message)
{
    enum am_err err = codec_encode(message, &question->reply, &question->answer);

    if (err != AM_OK)
        question_fail(question, err);
}

void question_answer_bytes(struct question *question, uint8_t *bytes, size_t len)
{
    question->answer = (struct am_bytes){arena_copy(&question->reply, bytes, len), len};
    free(bytes);
    if (question->answer.data == NULL)
        question_fail(question, AM_NOMEM);
}

void question_refuse(struct question *question, enum reason reason, const char *field, const char *text)
{
    question->reason = reason;
    (void)am_fail(AM_INVALID, &question->detail, field, "%s", text);
}

void question_fail(struct question *question, enum am_err err)
{
    question->reason = reason_of(err);
    if (question->reason == REASON_INTERNAL)
        report(REPORT_ERROR, "failed", "call=%s reason=\"%s\"", question->call.method->path, am_err_text(err));
}
