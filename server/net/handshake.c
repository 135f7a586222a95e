// SPDX-License-Identifier: Apache-2.0
// A connection until it is one: TLS handshakes, so many steps a turn; who is refused and why.
#include "server/net/connection.h"

#include "certs/clock.h"
#include "server/net/listener.h"

static void handshake_refused(struct connection *connection)
{
    struct am_detail detail = {0};
    enum am_err err = tls_io_refusal(&connection->tls, &detail);

    report(REPORT_NOTICE, "refused", "peer=%s at=%s reason=\"%s\"", connection->address,
           detail.field[0] != '\0' ? detail.field : "tls", detail.text[0] ? detail.text : am_err_text(err));
    connection_closing(connection);
}

static void handshake_done(struct connection *connection)
{
    struct net *net = connection->net;
    struct rpc_limits limits;

    connection_state(connection, CONNECTION_OPEN);
    rpc_limits_server(&limits);
    struct rpc_config config = {.limits = &limits, .handlers = &call_handlers, .user = connection};
    connection->peer = peer_get(net, &connection->tls.peer);
    if (connection->peer == NULL || rpc_session_new_server(&config, clock_monotonic(), &connection->rpc) != AM_OK) {
        report(REPORT_WARNING, "refused", "peer=%s reason=\"out of memory\"", connection->address);
        connection_close(connection);
        return;
    }
    report(REPORT_INFO, "connected", "peer=%s identity=%s resumed=%s", connection->address, connection->peer->uri,
           tls_io_resumed(&connection->tls) ? "yes" : "no");
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

void handshake_unwait(struct connection *connection)
{
    if (connection->waiting)
        DL_DELETE2(connection->net->handshake_waiting, connection, wait_prev, wait_next);
    connection->waiting = false;
}

void handshake_step(struct connection *connection)
{
    struct net *net = connection->net;

    if (net->handshake_steps == 0) {
        handshake_wait(connection);
        return;
    }
    net->handshake_steps--;
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
    struct connection *connection, *next;
    unsigned left = HANDSHAKE_STEPS;

    net->handshake_steps = HANDSHAKE_STEPS;
    DL_FOREACH_SAFE2(net->handshake_waiting, connection, next, wait_next)
    {
        if (left-- == 0)
            break;
        handshake_unwait(connection);
        handshake_step(connection);
    }
    if (net->handshake_waiting != NULL)
        handshake_wait(net->handshake_waiting);
}
