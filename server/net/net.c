// SPDX-License-Identifier: Apache-2.0
// The net as a whole: made, started, stopped; and what is done once a turn.
#include "server/net/internal.h"

#include "server/net/certificates.h"
#include "server/net/due.h"
#include "server/net/handed.h"
#include "server/net/listener.h"
#include "server/net/pending.h"
#include "server/net/presence.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STOP_SECONDS 5 // for calls under way when the hub stops

#define JOBS_DEFAULT 8192u

static void stop_mind(struct net *net)
{
    if (!net->hub_stopped || net->connections != NULL || net->told_stopped)
        return;
    net->told_stopped = true;
    net->options.stopped(net->options.user);
}

static void on_turn(evutil_socket_t fd, short what, void *user)
{
    struct net *net = user;

    connections_turn(net);
    reload_turn(net);
    if (net->grown_told != net->grown) {
        net->grown_told = net->grown;
        replay_grew(net);
    }
    stop_mind(net);
}

// The event stands behind this turn's callbacks in libevent's queue: what they mark is done together.
void net_turn_soon(struct net *net)
{
    if (net->turn != NULL)
        event_active(net->turn, EV_TIMEOUT, 0);
}

static enum am_err admit(void *user, const struct identity *identity, const uint8_t digest[CERTIFICATE_DIGEST],
                         struct am_detail *detail, X509 **ret_cached)
{
    struct net *net = user;
    struct roster *roster = registry_roster(net->registry, identity->unit);
    const struct roster_device *device = roster != NULL ? roster_device_by_auth(roster, digest) : NULL;

    if (identity->kind != IDENTITY_DEVICE)
        return am_fail(AM_DENIED, detail, identity->uri, "only devices of units connect here");
    if (device == NULL || hub_admits(net->hub, identity->unit, identity->uri, digest) != REASON_NONE)
        return am_fail(AM_DENIED, detail, identity->uri, "%s: %s", reason_name(REASON_NOT_ON_ROSTER),
                       reason_text(REASON_NOT_ON_ROSTER));
    *ret_cached = device->auth.x509;
    return AM_OK;
}

static uint64_t tls_now_of(void *user)
{
    return net_utc(user);
}

enum am_err net_tls_make(struct net *net, struct trust *trust, struct am_detail *detail,
                         struct tls_context **ret_context)
{
    struct tls_server_config config = {.certificate_file = net->options.certificate_file,
                                       .key_file = net->options.key_file,
                                       .hub = net->options.hub_name,
                                       .trust = trust,
                                       .cache = registry_cache(net->registry),
                                       .admission = {.admit = admit, .user = net},
                                       .clock = {.now = tls_now_of, .user = net}};

    return tls_server_new(&config, detail, ret_context);
}

static void limits_default(struct net_limits *limits)
{
#define DEFAULT(member, value) limits->member = limits->member != 0 ? limits->member : (value)
    DEFAULT(handshakes_per_s, LIMIT_HANDSHAKES_PER_S);
    DEFAULT(handshakes_address, LIMIT_HANDSHAKES_ADDRESS);
    DEFAULT(handshakes_open, LIMIT_HANDSHAKES_OPEN);
    DEFAULT(handshake_s, LIMIT_HANDSHAKE_NS / NS_PER_S);
    DEFAULT(connections, LIMIT_CONNECTIONS);
    DEFAULT(connections_identity, LIMIT_CONNECTIONS_EACH);
    DEFAULT(first_request_s, LIMIT_FIRST_REQUEST_NS / NS_PER_S);
    DEFAULT(keepalive_s, LIMIT_KEEPALIVE_NS / NS_PER_S);
    DEFAULT(requests_per_s, LIMIT_REQUESTS_PER_S);
    DEFAULT(replays, LIMIT_REPLAYS);
    DEFAULT(streams, LIMIT_STREAMS);
    DEFAULT(resets, LIMIT_RESETS);
    DEFAULT(header_list, LIMIT_HEADER_LIST);
    DEFAULT(connection_memory, LIMIT_CONNECTION_MEMORY);
    DEFAULT(memory, LIMIT_MEMORY);
    DEFAULT(identity_memory, limits->memory / LIMIT_MEMORY_SHARE);
    DEFAULT(short_s, LIMIT_MEMORY_SHORT_NS / NS_PER_S);
    DEFAULT(jobs, JOBS_DEFAULT);
#undef DEFAULT
}

static enum am_err net_make(struct net *net, struct am_detail *detail)
{
    TRY(net_tls_make(net, registry_trust(net->registry), detail, &net->tls));
    TRY(dues_new(net, &net->dues));
    TRY(presence_new(&net->presence));
    TRY(engine_new(net));
    TRY(connections_init(net));
    TRY(listener_new(net));
    net->turn = event_new(net->base, -1, 0, on_turn, net);
    if (net->turn == NULL)
        return AM_NOMEM;
    return workers_new(net->base, net->store, net->options.workers, net->options.limits.jobs, &net->workers);
}

enum am_err net_new(const struct net_options *options, struct am_detail *detail, struct net **ret_net)
{
    struct net *net = calloc(1, sizeof *net);
    enum am_err err;

    if (net == NULL)
        return AM_NOMEM;
    net->options = *options;
    limits_default(&net->options.limits);
    net->memory.limit = net->options.limits.memory;
    net->held_last = &net->held;
    net->base = options->base;
    net->hub = options->hub;
    net->store = options->store;
    net->registry = registry_ref(options->registry);
    err = net_make(net, detail);
    if (err == AM_OK)
        err = clock_start(net, detail);
    if (err != AM_OK) {
        net_free(net);
        return err;
    }
    *ret_net = net;
    return AM_OK;
}

enum am_err net_start(struct net *net, const struct net_before *before)
{
    struct hub_event event = {.kind = HUB_EVENT_START, .clean = before->clean};

    TRY(net_step(net, &event));
    TRY(handed_start(net));
    files_known(net, before);
    TRY(files_tell(net));
    TRY(certificates_changed(net));
    net->started = true;
    listener_mind(net);
    return AM_OK;
}

void net_run(struct net *net, struct job *job)
{
    workers_push(net->workers, job);
}

static void on_stop_timer(evutil_socket_t fd, short what, void *user)
{
    struct net *net = user;
    struct connection *connection;

    // Whoever hasn't read his answer by now asks again elsewhere: every call may be repeated.
    DL_FOREACH (net->connections, connection) {
        connection_refuse(connection, "the hub stops");
    }
    report(REPORT_WARNING, "stopping", "connections=%zu hub=%s reason=\"not done after %d s\"", net->connection_count,
           net->hub_stopped ? "stopped" : "waits", STOP_SECONDS);
    if (!net->told_stopped) {
        net->told_stopped = true;
        net->options.stopped(net->options.user);
    }
}

void net_stop(struct net *net, const char *text)
{
    static const struct timeval patience = {.tv_sec = STOP_SECONDS};
    struct hub_event event = {.kind = HUB_EVENT_STOP, .alarm = {.what = "", .text = text}};

    if (net->stopping)
        return;
    replay_stop(net);
    receive_stop(net);
    net->stopping = true;
    health_changed(net);
    connections_drain(net);
    net->stop_timer = event_new(net->base, -1, 0, on_stop_timer, net);
    if (net->stop_timer == NULL || event_add(net->stop_timer, &patience) != 0 || net_step(net, &event) != AM_OK)
        on_stop_timer(-1, 0, net);
    net_turn_soon(net);
}

void net_free(struct net *net)
{
    if (net == NULL)
        return;
    net->stopping = true;
    // Calls end first, then the work that was under way for them; a connection goes when nothing looks at it any more.
    connections_end(net);
    workers_free(net->workers);
    send_held_go(net, true);
    connections_free(net);
    engine_free(net);
    dues_free(net->dues);
    presence_free(net->presence);
    reload_turn(net);
    call_spares_free(net);
    peers_free(net);
    handed_free(net);
    listener_free(net);
    if (net->turn != NULL)
        event_free(net->turn);
    if (net->stop_timer != NULL)
        event_free(net->stop_timer);
    tls_context_unref(net->tls);
    registry_unref(net->registry);
    pending_free(net->pending);
    assert(atomic_load(&net->memory.used) == 0);
    free(net);
}
