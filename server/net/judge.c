// SPDX-License-Identifier: Apache-2.0
// Live sessions judged again once rosters, trust.conf or CRLs have changed, and every minute: who would be refused now
// is dropped now.
#include "server/net/internal.h"

#include <stdlib.h>
#include <string.h>

#define JUDGE_AGAIN_NS NS_PER_MINUTE

// Chain and CRLs of one session's certificate, on a worker. The connection isn't freed meanwhile.
struct judgement {
    struct job job;
    struct connection *connection;
    struct registry *registry;
    struct roster *roster;
    const struct certificate *certificate;
    uint64_t now_ns;
    enum am_err err;
    struct am_detail detail;
};

static void judge_run(struct job *job, struct worker *worker)
{
    struct judgement *judgement = (struct judgement *)job;

    judgement->err = cert_cache_check(registry_cache(judgement->registry), registry_trust(judgement->registry),
                                      judgement->certificate, CERT_USE_AUTH, judgement->now_ns, &judgement->detail);
}

static void connection_drop(struct connection *connection, const char *why, const char *static_reason)
{
    if (connection->state != CONNECTION_OPEN)
        return;
    report(REPORT_NOTICE, "dropped", "peer=%s identity=%s reason=\"%s\"", connection->address, connection->peer->uri,
           why);
    connection_refuse(connection, static_reason);
}

static void judge_done(struct job *job)
{
    struct judgement *judgement = (struct judgement *)job;
    struct connection *connection = judgement->connection;

    connection->judgement = NULL;
    if (judgement->err != AM_OK)
        connection_drop(connection, judgement->detail.text[0] ? judgement->detail.text : am_err_text(judgement->err),
                        "its certificate is no longer good");
    else if (connection->judge_again)
        connection_judge(connection);
    connection_kick(connection);
    registry_unref(judgement->registry);
    free(judgement);
}

void connection_judge(struct connection *connection)
{
    struct net *net = connection->net;
    const struct identity *identity = &connection->peer->identity;
    struct roster *roster = registry_roster(net->registry, identity->unit);
    const struct roster_device *device = NULL;
    struct judgement *judgement;

    if (connection->judgement != NULL) {
        connection->judge_again = true;
        return;
    }
    connection->judge_again = false;
    if (roster != NULL)
        device = roster_device_by_auth(roster, connection->tls.peer_digest);
    if (device == NULL ||
        hub_admits(net->hub, identity->unit, identity->uri, connection->tls.peer_digest) != REASON_NONE) {
        connection_drop(connection, reason_text(REASON_NOT_ON_ROSTER), "its certificate has left the roster");
        return;
    }
    judgement = calloc(1, sizeof *judgement);
    if (judgement == NULL) {
        connection_drop(connection, "out of memory to judge it", "it could not be judged again");
        return;
    }
    *judgement = (struct judgement){.job = {.run = judge_run, .done = judge_done},
                                    .connection = connection,
                                    .registry = registry_ref(net->registry),
                                    .roster = roster,
                                    .certificate = &device->auth,
                                    .now_ns = net_utc(net)};
    connection->judgement = judgement;
    workers_push(net->workers, &judgement->job);
}

void connections_judge(struct net *net, const char *unit)
{
    struct connection *connection;

    peers_judge(net);
    if (unit == NULL)
        net->judged_ns = net_utc(net);
    DL_FOREACH (net->connections, connection) {
        if (connection->state == CONNECTION_OPEN &&
            (unit == NULL || strcmp(connection->peer->identity.unit, unit) == 0))
            connection_judge(connection);
    }
}

// A certificate that ends, or whose issuer's CRL does, says so to nobody.
void judge_tick(struct net *net)
{
    uint64_t now = net_utc(net);

    if (now >= net->judged_ns + JUDGE_AGAIN_NS || now < net->judged_ns)
        connections_judge(net, NULL);
}
