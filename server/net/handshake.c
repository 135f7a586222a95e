// SPDX-License-Identifier: Apache-2.0
// A connection until it is one: TLS handshakes, so many steps a turn; who is refused and why.
#include "server/net/connection.h"

#include "certs/clock.h"
#include "server/net/listener.h"
#include "server/net/presence.h"

#include <string.h>

// One that stands still for so long gives its place to one that waits for it.
#define HANDSHAKE_PATIENCE_NS (NS_PER_S / 2)

static void handshake_refused(struct connection *connection)
{
    struct am_detail detail = {0};
    enum am_err err = tls_io_refusal(&connection->tls, &detail);

    report_some(&connection->net->refusals.handshakes[err], clock_monotonic(), REPORT_NOTICE, "refused",
                "peer=%s at=%s reason=\"%s\"", connection->address, detail.field[0] != '\0' ? detail.field : "tls",
                detail.text[0] ? detail.text : am_err_text(err));
    connection_closing(connection);
}

static void limits_fill(const struct net_limits *own, struct rpc_limits *ret_limits)
{
    rpc_limits_server(ret_limits);
    ret_limits->streams = own->streams;
    ret_limits->header_list = (uint32_t)own->header_list;
    ret_limits->resets = own->resets;
    ret_limits->keepalive_ns = own->keepalive_s * NS_PER_S;
    ret_limits->first_request_ns = own->first_request_s * NS_PER_S;
    // Windows have four fifths of what a connection may take.
    ret_limits->budget = ret_limits->connection_window = (uint32_t)(own->connection_memory / 5 * 4);
}

static void handshake_done(struct connection *connection)
{
    struct net *net = connection->net;
    struct rpc_limits limits;

    connection_state(connection, CONNECTION_OPEN);
    limits_fill(&net->options.limits, &limits);
    struct rpc_config config = {.limits = &limits, .handlers = &call_handlers, .user = connection};
    connection->peer = peer_get(net, &connection->tls.peer);
    if (connection->peer == NULL || rpc_session_new_server(&config, clock_monotonic(), &connection->rpc) != AM_OK) {
        report(REPORT_WARNING, "refused", "peer=%s reason=\"out of memory\"", connection->address);
        connection_close(connection);
        return;
    }
    presence_came(net->presence, connection->peer->identity.unit);
    if (++connection->peer->connections > net->options.limits.connections_identity) {
        report_some(&net->refusals.early[REFUSAL_IDENTITY], clock_monotonic(), REPORT_WARNING, "refused",
                    "peer=%s identity=%s reason=\"%u connections of it are open\"", connection->address,
                    connection->peer->uri, net->options.limits.connections_identity);
        connection_refuse(connection, "too many connections of this identity");
        return;
    }
    report(REPORT_INFO, "connected", "peer=%s identity=%s resumed=%s", connection->address, connection->peer->uri,
           tls_io_resumed(&connection->tls) ? "yes" : "no");
    if (connection->tls.context != net->tls) // trust or CRLs changed since its first byte: it was let in by the old
        connection_judge(connection);
    if (net->stopping)
        rpc_session_drain(connection->rpc, clock_monotonic());
    connection_kick(connection);
}

static void handshake_wait(struct connection *connection)
{
    struct net *net = connection->net;
    static const struct timeval now = {0};

    if (!connection->waiting) {
        connection->waiting = true;
        DL_APPEND2(net->handshake_waiting, connection, wait_prev, wait_next);
    }
    connection_want(connection, false, false);
    event_add(net->handshake_resume, &now);
}

static void handshake_unwait(struct connection *connection)
{
    if (connection->waiting)
        DL_DELETE2(connection->net->handshake_waiting, connection, wait_prev, wait_next);
    connection->waiting = false;
}

void handshake_begin(struct connection *connection)
{
    struct net *net = connection->net;

    DL_APPEND2(net->handshaking, connection, handshake_prev, handshake_next);
    net->handshakes++;
    connection->heard_ns = clock_monotonic();
    connection->deadline = connection->heard_ns + net->options.limits.handshake_s * NS_PER_S;
    connection_want(connection, true, false);
    connection_timer(connection, connection->deadline);
}

void handshake_end(struct connection *connection)
{
    struct net *net = connection->net;

    handshake_unwait(connection);
    DL_DELETE2(net->handshaking, connection, handshake_prev, handshake_next);
    net->handshakes--;
}

unsigned handshakes_of(const struct net *net, const uint8_t key[16])
{
    const struct connection *connection;
    unsigned n = 0;

    DL_FOREACH2(net->handshaking, connection, handshake_next)
    {
        n += memcmp(connection->address_key, key, 16) == 0;
    }
    return n;
}

struct connection *handshake_still(struct net *net, const uint8_t key[16])
{
    struct connection *connection;

    DL_FOREACH2(net->handshaking, connection, handshake_next)
    {
        if (connection->waiting || (key != NULL && memcmp(connection->address_key, key, 16) != 0))
            continue;
        if (clock_monotonic() - connection->heard_ns >= HANDSHAKE_PATIENCE_NS)
            return connection;
        connection_timer(connection, connection->heard_ns + HANDSHAKE_PATIENCE_NS);
        return NULL;
    }
    return NULL;
}

void handshake_step(struct connection *connection)
{
    struct net *net = connection->net;

    if (net->handshake_steps == 0) {
        handshake_wait(connection);
        return;
    }
    net->handshake_steps--;
    connection->heard_ns = clock_monotonic();
    net_turn_soon(net);
    switch (tls_io_handshake(&connection->tls)) {
    case TLS_DONE: handshake_done(connection); break;
    case TLS_WANT_READ: connection_want(connection, true, false); break;
    case TLS_WANT_WRITE: connection_want(connection, false, true); break;
    case TLS_CLOSED:
    case TLS_FAILED: handshake_refused(connection); break;
    }
    listener_mind(net);
}

void handshake_resume(evutil_socket_t fd, short what, void *user)
{
    struct net *net = user;
    struct connection *connection;

    net->handshake_steps = HANDSHAKE_STEPS;
    // Each step takes its connection from the list, and may end others.
    while ((connection = net->handshake_waiting) != NULL && net->handshake_steps > 0) {
        handshake_unwait(connection);
        handshake_step(connection);
    }
    if (net->handshake_waiting != NULL)
        handshake_wait(net->handshake_waiting);
}
