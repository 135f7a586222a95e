// SPDX-License-Identifier: Apache-2.0
// Admin.AddRoster: a roster by a registrar of its country, checked on a worker as those of the folder are.
#include "amana/v1/admin.pb-c.h"
#include "server/net/begun.h"
#include "server/net/registrar_call.h"

#include <string.h>

struct add_roster {
    struct registrar_call by;
    struct roster *roster;
};

static void roster_read_in(struct registrar_call *by)
{
    struct add_roster *add = (struct add_roster *)by;
    const Amana__V1__AddRosterRequest *request = (const Amana__V1__AddRosterRequest *)by->call.request;
    struct am_bytes list[3 * LIMIT_DEVICES + LIMIT_OFFICERS];

    if (request->n_certificates > AM_LEN(list)) {
        by->err = am_fail(AM_TOO_LARGE, &by->detail, "certificates", "at most %zu", AM_LEN(list));
        return;
    }
    for (size_t i = 0; i < request->n_certificates; i++)
        list[i] = codec_bytes(request->certificates[i]);
    if (add->roster == NULL)
        by->err = roster_parse(codec_bytes(request->roster), list, request->n_certificates, &by->detail, &add->roster);
    if (by->err == AM_OK)
        by->err = roster_check(add->roster, registry_trust(by->registry), by->now_ns, &by->detail);
    if (by->err == AM_OK)
        by->err = begun_check("roster.not_before", add->roster->not_before, by->now_ns, &by->detail);
}

// As for a member's row: by a registrar of the unit's country, about another unit than its own.
static bool may_add(const struct call *call, const char *unit)
{
    const char *own = call->peer->identity.unit;

    return hub_is_registrar(call->net->hub, own) && address_same_country(own, unit) && strcmp(own, unit) != 0;
}

static void roster_decide(struct registrar_call *by)
{
    struct add_roster *add = (struct add_roster *)by;

    if (registrar_call_refuse(by))
        return;
    if (may_add(&by->call, add->roster->unit))
        reload_roster_add(&by->call, add->roster);
    else
        call_refuse(&by->call, REASON_NOT_PERMITTED, &(struct am_detail){.field = "unit"});
}

static void add_roster_begin(struct call *call)
{
    if (hub_is_registrar(call->net->hub, call->peer->identity.unit))
        registrar_call_begin(call, roster_read_in, roster_decide);
    else
        call_refuse(call, REASON_NOT_PERMITTED, NULL);
}

static void add_roster_clear(struct call *call)
{
    registrar_call_clear(call);
    roster_unref(((struct add_roster *)call)->roster);
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
