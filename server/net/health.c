// SPDX-License-Identifier: Apache-2.0
// grpc.health.v1: what load balancers and people's tools ask. SERVING as long as the journal takes and gives.
#include "grpc/health/v1/health.pb-c.h"
#include "server/net/internal.h"

#include <string.h>

// "" is the whole program.
static const char *const SERVICES[] = {"", "amana.v1.Relay", "amana.v1.Audit", "amana.v1.Directory", "amana.v1.Admin"};

struct watch {
    struct call call;
    int told; // the status last sent, -1 before the first
};

static bool service_known(const char *name)
{
    for (size_t i = 0; i < AM_LEN(SERVICES); i++)
        if (strcmp(SERVICES[i], name) == 0)
            return true;
    return false;
}

// A read-only hub still serves auditors and mailboxes; only sending is not served then. One whose keeper is stuck has
// nothing that may be shown.
static Grpc__Health__V1__HealthCheckResponse__ServingStatus service_status(struct net *net, const char *name)
{
    bool sends = name[0] == '\0' || strcmp(name, "amana.v1.Relay") == 0;

    if (net->stopping || net->keeper.stalled || (sends && (!net->options.may_append || clock_doubted(net))))
        return GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
    return GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
}

static void check_begin(struct call *call)
{
    const char *name = ((const Grpc__Health__V1__HealthCheckRequest *)call->request)->service;
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;

    if (!service_known(name)) {
        call_refuse(call, REASON_NOT_FOUND, NULL);
        return;
    }
    response.status = service_status(call->net, name);
    call_answer_message(call, &response.base);
}

static void watch_tell(struct watch *watch)
{
    const char *name = ((const Grpc__Health__V1__HealthCheckRequest *)watch->call.request)->service;
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    uint8_t bytes[16];

    // A watcher of an unknown service is told so and may go on waiting (health-checking.md).
    response.status = service_known(name) ? service_status(watch->call.net, name)
                                          : GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN;
    if (watch->told == (int)response.status)
        return;
    watch->told = (int)response.status;
    call_send(&watch->call, (struct am_bytes){bytes, grpc__health__v1__health_check_response__pack(&response, bytes)});
}

static void watch_begin(struct call *call)
{
    struct watch *watch = (struct watch *)call;

    watch->told = -1;
    DL_APPEND(call->net->watchers, call);
    watch_tell(watch);
}

static void watch_closed(struct call *call)
{
    DL_DELETE(call->net->watchers, call);
}

void health_changed(struct net *net)
{
    struct call *call, *next;

    DL_FOREACH_SAFE (net->watchers, call, next) {
        watch_tell((struct watch *)call);
        if (net->stopping)
            call_refuse(call, REASON_DRAINING, NULL);
    }
}

const struct method METHOD_HEALTH_CHECK = {
    .path = "/grpc.health.v1.Health/Check",
    .request = &grpc__health__v1__health_check_request__descriptor,
    .max_request = 1024,
    .arena = 8192,
    .size = sizeof(struct call),
    .begin = check_begin,
};

const struct method METHOD_HEALTH_WATCH = {
    .path = "/grpc.health.v1.Health/Watch",
    .request = &grpc__health__v1__health_check_request__descriptor,
    .max_request = 1024,
    .arena = 8192,
    .size = sizeof(struct watch),
    .begin = watch_begin,
    .closed = watch_closed,
};
