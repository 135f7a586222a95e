// SPDX-License-Identifier: Apache-2.0
// Admin.AddRoster: a roster by a registrar of its country, checked on a worker as those of the folder are.
#include "amana/v1/admin.pb-c.h"
#include "server/net/internal.h"
#include "server/net/registry.h"

#include <string.h>

struct add_roster {
    struct call call;
    struct job job;
    struct registry *registry;
    uint64_t now_ns;
    struct roster *roster;
    enum am_err err;
    struct am_detail detail;
};

static struct add_roster *of_job(struct job *job)
{
    return (struct add_roster *)((char *)job - offsetof(struct add_roster, job));
}

static void roster_read_in(struct job *job, struct worker *worker)
{
    struct add_roster *add = of_job(job);
    const Amana__V1__AddRosterRequest *request = (const Amana__V1__AddRosterRequest *)add->call.request;
    struct am_bytes list[3 * LIMIT_DEVICES + LIMIT_OFFICERS];

    if (request->n_certificates > AM_LEN(list)) {
        add->err = am_fail(AM_TOO_LARGE, &add->detail, "certificates", "at most %zu", AM_LEN(list));
        return;
    }
    for (size_t i = 0; i < request->n_certificates; i++)
        list[i] = codec_bytes(request->certificates[i]);
    add->err = roster_from_wire(codec_bytes(request->roster), list, request->n_certificates,
                                registry_trust(add->registry), add->now_ns, &add->detail, &add->roster);
}

// As for a member's row: of the registrar's country, and another unit than its own.
static bool may_add(const struct call *call, const char *unit)
{
    return address_same_country(call->peer->identity.unit, unit) && strcmp(call->peer->identity.unit, unit) != 0;
}

static void roster_read_done(struct job *job)
{
    struct add_roster *add = of_job(job);
    struct roster *roster = add->roster;

    if (add->err == AM_NOMEM)
        call_refuse(&add->call, REASON_BUSY, NULL);
    else if (add->err != AM_OK)
        call_refuse(&add->call, REASON_FIELD_INVALID, &add->detail);
    else if (!may_add(&add->call, roster->unit))
        call_refuse(&add->call, REASON_NOT_PERMITTED, &(struct am_detail){.field = "unit"});
    else
        reload_roster_add(&add->call, roster);
    call_release(&add->call);
}

static void add_roster_begin(struct call *call)
{
    struct add_roster *add = (struct add_roster *)call;
    const char *role = hub_role(call->net->hub, call->peer->identity.unit);

    if (role == NULL || strcmp(role, "registrar") != 0) {
        call_refuse(call, REASON_NOT_PERMITTED, NULL);
        return;
    }
    add->now_ns = net_utc(call->net);
    add->registry = registry_ref(call->net->registry);
    add->job = (struct job){.run = roster_read_in, .done = roster_read_done};
    call_hold(call);
    workers_push(call->net->workers, &add->job);
}

static void add_roster_clear(struct call *call)
{
    struct add_roster *add = (struct add_roster *)call;

    registry_unref(add->registry);
    roster_unref(add->roster);
}

const struct method METHOD_ADD_ROSTER = {
    .path = "/amana.v1.Admin/AddRoster",
    .request = &amana__v1__add_roster_request__descriptor,
    .max_request = 2u * 1024 * 1024,
    .arena = 4u * 1024 * 1024,
    .size = sizeof(struct add_roster),
    .begin = add_roster_begin,
    .clear = add_roster_clear,
};
