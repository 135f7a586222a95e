// SPDX-License-Identifier: Apache-2.0
// The way of Admin.SetMember and AddRoster to a worker and back.
#include "server/net/registrar_call.h"

#include "proto/failpoint.h"

static struct registrar_call *of_job(struct job *job)
{
    return (struct registrar_call *)((char *)job - offsetof(struct registrar_call, job));
}

static void registrar_call_run(struct job *job, struct worker *worker)
{
    struct registrar_call *registrar = of_job(job);

    registrar->err = AM_OK;
    registrar->detail = (struct am_detail){0};
    registrar->check(registrar);
    FAILPOINT_HOLD("registrar-checked");
}

static void registrar_call_push(struct registrar_call *registrar)
{
    struct net *net = registrar->call.net;

    registry_unref(registrar->registry);
    registrar->registry = registry_ref(net->registry);
    registrar->now_ns = net_utc(net);
    workers_push(net->workers, &registrar->job);
}

// A list that has come meanwhile may name its signer no more, or take the certificate back. Another roster is no
// reason to look again: what was verified rests on the list alone.
static bool trust_replaced(const struct registrar_call *registrar)
{
    return registry_trust(registrar->registry) != registry_trust(registrar->call.net->registry);
}

static void registrar_call_done(struct job *job)
{
    struct registrar_call *registrar = of_job(job);

    if (trust_replaced(registrar)) {
        registrar_call_push(registrar);
        return;
    }
    registrar->decide(registrar);
    call_release(&registrar->call);
}

void registrar_call_begin(struct call *call, void (*check)(struct registrar_call *registrar),
                          void (*decide)(struct registrar_call *registrar))
{
    struct registrar_call *registrar = (struct registrar_call *)call;

    registrar->check = check;
    registrar->decide = decide;
    registrar->job = (struct job){.run = registrar_call_run, .done = registrar_call_done};
    call_hold(call);
    registrar_call_push(registrar);
}

void registrar_call_clear(struct call *call)
{
    struct registrar_call *registrar = (struct registrar_call *)call;

    registry_unref(registrar->registry);
}

bool registrar_call_refuse(struct registrar_call *registrar)
{
    if (registrar->err == AM_OK)
        return false;
    if (registrar->err == AM_NOMEM)
        call_refuse(&registrar->call, REASON_BUSY, NULL);
    else
        call_refuse(&registrar->call, REASON_FIELD_INVALID, &registrar->detail);
    return true;
}
