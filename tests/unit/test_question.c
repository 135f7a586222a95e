// SPDX-License-Identifier: Apache-2.0
// A call that asks the journal in parts: anew until it is through, and for nobody who has gone meanwhile.
#include "server/net/question.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PARTS 4u

static struct job *pushed;
static unsigned asked, between, answered;

void __wrap_workers_push(struct workers *workers, struct job *job);
void __wrap_call_answer(struct call *call, struct am_bytes message);
uint64_t __wrap_net_utc(struct net *net);
struct registry *__wrap_registry_ref(struct registry *registry);

void __wrap_workers_push(struct workers *workers, struct job *job)
{
    assert_null(pushed);
    pushed = job;
}

void __wrap_call_answer(struct call *call, struct am_bytes message)
{
    answered += call_open(call);
}

uint64_t __wrap_net_utc(struct net *net)
{
    return 1;
}

struct registry *__wrap_registry_ref(struct registry *registry)
{
    return registry;
}

static void ask(struct question *question, struct worker *worker)
{
    question->more = ++asked < PARTS;
}

static void look_between(struct question *question)
{
    between++;
}

// A worker's turn, and the loop's: whether there was one.
static bool turn(void)
{
    struct job *job = pushed;
    pushed = NULL;
    if (job == NULL)
        return false;
    job->run(job, NULL);
    job->done(job);
    return true;
}

static struct call *begin(struct question *question)
{
    static struct net net;
    static struct peer peer;
    static int rpc;
    struct call *call = &question->call;
    *question = (struct question){.between = look_between};
    call->net = &net;
    call->peer = &peer;
    call->rpc = (struct rpc_call *)&rpc;
    call->references = 1;
    pushed = NULL;
    asked = between = answered = 0;
    question_begin(call, ask);
    assert_int_equal(call->references, 2);
    return call;
}

static void what_is_not_through_is_asked_anew_until_it_is(void **state)
{
    struct question question;
    struct call *call = begin(&question);
    while (turn())
        assert_int_equal(answered, asked == PARTS);
    assert_int_equal(asked, PARTS);
    assert_int_equal(between, PARTS - 1);
    assert_int_equal(answered, 1);
    assert_int_equal(call->references, 1);
    arena_clear(&question.reply);
}

static void for_who_has_gone_no_further_part_is_read(void **state)
{
    struct question question;
    struct call *call = begin(&question);
    assert_true(turn());
    call->rpc = NULL;
    assert_true(turn());
    assert_false(turn());
    assert_int_equal(asked, 2); // what a worker had by then
    assert_int_equal(answered, 0);
    assert_int_equal(call->references, 1);
    arena_clear(&question.reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_through_is_asked_anew_until_it_is),
        cmocka_unit_test(for_who_has_gone_no_further_part_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
