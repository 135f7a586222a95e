// SPDX-License-Identifier: Apache-2.0
// One connection: descriptor, TLS and rpc session on bare events. Callbacks read and mark; writing, timers and the end
// come once a turn, so that nothing is freed inside a callback of its own.
#include "server/net/connection.h"

#include "certs/clock.h"
#include "server/net/listener.h"
#include "server/net/presence.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READS      4 // of NET_BUFFER in one turn of one connection
#define WRITES     4 // of what rpc gathers
#define CLOSING_NS (2 * NS_PER_S)

void connection_kick(struct connection *connection)
{
    struct net *net = connection->net;

    if (!connection->dirty) {
        connection->dirty = true;
        DL_APPEND2(net->dirty, connection, dirty_prev, dirty_next);
    }
    net_turn_soon(net);
}

void connection_want(struct connection *connection, bool read, bool write)
{
    if (read)
        event_add(&connection->reading, NULL);
    else
        event_del(&connection->reading);
    if (write)
        event_add(&connection->writing, NULL);
    else
        event_del(&connection->writing);
}

void connection_timer(struct connection *connection, uint64_t at)
{
    uint64_t now = clock_monotonic(), wait = at > now ? at - now : 0;
    struct timeval time = {.tv_sec = (time_t)(wait / NS_PER_S), .tv_usec = (suseconds_t)(wait % NS_PER_S / 1000 + 1)};

    // One that comes too early does no harm, and deadlines move on with every turn.
    if (at >= connection->timer_at)
        return;
    connection->timer_at = at;
    event_add(&connection->timer, &time);
}

void connection_state(struct connection *connection, enum connection_state state)
{
    if (connection->state == CONNECTION_HANDSHAKE) {
        handshake_end(connection);
    }
    connection->state = state;
}

void connection_close(struct connection *connection)
{
    connection_state(connection, CONNECTION_DEAD);
    connection_kick(connection);
}

// Our half ends; what the peer still sends is thrown away, so that no reset overtakes our last words.
void connection_closing(struct connection *connection)
{
    connection_state(connection, CONNECTION_CLOSING);
    connection->deadline = clock_monotonic() + CLOSING_NS;
    connection_timer(connection, connection->deadline);
    if (tls_io_drain(&connection->tls) == TLS_WANT_READ)
        connection_want(connection, true, false);
    else
        connection_close(connection);
}

// --- Reading
static void connection_lost(struct connection *connection)
{
    rpc_session_lost(connection->rpc);
    connection_close(connection);
}

static void read_failed(const struct connection *connection)
{
    struct am_detail detail = {0};

    (void)!tls_io_refusal(&connection->tls, &detail);
    report(REPORT_NOTICE, "ended", "peer=%s identity=%s reason=\"%s\"", connection->address, connection->peer->uri,
           detail.text);
}

static void connection_read(struct connection *connection)
{
    struct net *net = connection->net;

    for (int i = 0; i < READS || tls_io_pending(&connection->tls) > 0; i++) {
        size_t len;
        enum tls_result result;
        if (net->paused || !rpc_session_wants_read(connection->rpc))
            break;
        result = tls_io_read(&connection->tls, net->buffer, NET_BUFFER, &len);
        if (result == TLS_FAILED)
            read_failed(connection);
        if (result == TLS_CLOSED || result == TLS_FAILED) {
            connection_lost(connection);
            return;
        }
        if (result != TLS_DONE)
            break;
        if (rpc_session_receive(connection->rpc, clock_monotonic(), net->buffer, len) != AM_OK)
            break; // the session has ended and says why, once its last words are written
    }
    connection_kick(connection);
}

static void on_event(evutil_socket_t fd, short what, void *user)
{
    struct connection *connection = user;

    switch (connection->state) {
    case CONNECTION_HANDSHAKE: handshake_step(connection); break;
    case CONNECTION_OPEN:
        if (what & EV_READ)
            connection_read(connection);
        else
            connection_kick(connection);
        break;
    case CONNECTION_CLOSING:
        if (tls_io_drain(&connection->tls) != TLS_WANT_READ)
            connection_close(connection);
        break;
    case CONNECTION_DEAD: break;
    }
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    struct connection *connection = user;

    connection->timer_at = UINT64_MAX;
    if (connection->state != CONNECTION_OPEN && clock_monotonic() < connection->deadline) {
        connection_timer(connection, connection->deadline); // it was set for something earlier
        listener_mind(connection->net);
        return;
    }
    switch (connection->state) {
    case CONNECTION_HANDSHAKE:
        report(REPORT_NOTICE, "refused", "peer=%s reason=\"no handshake within %u s\"", connection->address,
               connection->net->options.limits.handshake_s);
        connection_close(connection);
        listener_mind(connection->net);
        break;
    case CONNECTION_OPEN:
        rpc_session_tick(connection->rpc, clock_monotonic());
        connection_kick(connection);
        break;
    case CONNECTION_CLOSING: connection_close(connection); break;
    case CONNECTION_DEAD: break;
    }
}

// --- Once a turn
enum flow { FLOW_IDLE, FLOW_BLOCKED, FLOW_MORE, FLOW_LOST };

static enum flow connection_write(struct connection *connection)
{
    for (int i = 0; i < WRITES; i++) {
        struct am_bytes bytes;
        size_t written = 0;
        enum am_err err = rpc_session_output(connection->rpc, &bytes);
        if (bytes.len == 0)
            return FLOW_IDLE;
        switch (tls_io_write(&connection->tls, bytes.data, bytes.len, &written)) {
        case TLS_DONE: rpc_session_consumed(connection->rpc, written); break;
        case TLS_WANT_READ:
        case TLS_WANT_WRITE: return FLOW_BLOCKED;
        case TLS_CLOSED:
        case TLS_FAILED: return FLOW_LOST;
        }
        if (err != AM_OK && written == bytes.len)
            return FLOW_IDLE;
    }
    return FLOW_MORE;
}

static void session_ended(struct connection *connection)
{
    const char *reason = rpc_session_reason(connection->rpc);

    if (reason[0] != '\0')
        report(REPORT_NOTICE, "ended", "peer=%s identity=%s reason=\"%s\"", connection->address, connection->peer->uri,
               reason);
    (void)tls_io_shutdown(&connection->tls);
    connection_closing(connection);
}

// What it holds has come already: its budget is told, not asked.
static void connection_count(struct connection *connection, struct arena_budget *budget, size_t held)
{
    arena_budget_add(budget, held);
    arena_budget_return(connection->budget, connection->counted);
    connection->budget = budget;
    connection->counted = held;
}

static void connection_end(struct connection *connection, const char *reason)
{
    report(REPORT_WARNING, "ended", "peer=%s identity=%s bytes=%zu reason=\"%s\"", connection->address,
           connection->peer->uri, connection->counted, reason);
    connection_lost(connection);
}

// No identity has more than its share, so that none of them alone can bring the hub to refuse others.
static void connection_weigh(struct connection *connection)
{
    struct arena_budget *own = &connection->peer->memory;

    connection_count(connection, own, LIMIT_CONNECTION_BASE + rpc_session_memory(connection->rpc));
    if (atomic_load(&own->used) > own->limit)
        connection_end(connection, "its identity holds more than its share of the memory");
}

static void connection_flush(struct connection *connection)
{
    struct net *net = connection->net;
    enum flow flow = connection_write(connection);

    if (flow == FLOW_LOST) {
        connection_lost(connection);
        return;
    }
    if (flow == FLOW_IDLE && rpc_session_done(connection->rpc)) {
        session_ended(connection);
        return;
    }
    connection_want(connection, !net->paused && rpc_session_wants_read(connection->rpc),
                    flow == FLOW_BLOCKED || flow == FLOW_MORE);
    connection_timer(connection, rpc_session_next_deadline(connection->rpc));
    // Reading stopped with decrypted bytes in hand: no event will announce them.
    if (!net->paused && rpc_session_wants_read(connection->rpc) && tls_io_pending(&connection->tls) > 0)
        event_active(&connection->reading, EV_READ, 0);
}

static void connection_free(struct connection *connection)
{
    struct net *net = connection->net;

    connection_state(connection, CONNECTION_DEAD);
    DL_DELETE(net->connections, connection);
    net->connection_count--;
    event_del(&connection->reading);
    event_del(&connection->writing);
    event_del(&connection->timer);
    rpc_session_free(connection->rpc);
    connection_count(connection, NULL, 0);
    tls_io_clear(&connection->tls);
    close(connection->fd);
    if (connection->dirty) // marked once more by a call that ended
        DL_DELETE2(net->dirty, connection, dirty_prev, dirty_next);
    if (connection->peer != NULL) {
        connection->peer->connections--;
        presence_left(net->presence, connection->peer->identity.unit, clock_utc());
    }
    peer_release(connection->peer);
    free(connection);
}

static void connection_turn(struct connection *connection)
{
    if (connection->state == CONNECTION_OPEN)
        connection_flush(connection);
    if (connection->state == CONNECTION_OPEN)
        connection_weigh(connection);
    if (connection->state == CONNECTION_DEAD && connection->judgement == NULL)
        connection_free(connection);
}

static void pause_mind(struct net *net)
{
    struct connection *connection;
    bool busy = net_busy(net);

    if (busy == net->paused)
        return;
    net->paused = busy;
    DL_FOREACH (net->connections, connection) {
        if (connection->state == CONNECTION_OPEN)
            connection_kick(connection);
    }
}

// Half messages and answers that nobody reads are given back by their peers alone, if ever: who holds most goes.
static void memory_relieve(struct net *net)
{
    struct connection *connection, *most = NULL;
    struct peer *peer, *next, *heaviest = NULL;

    HASH_ITER (hh, net->peers, peer, next) {
        if (peer->connections > 0 && (heaviest == NULL || peer->memory.used > heaviest->memory.used))
            heaviest = peer;
    }
    DL_FOREACH (net->connections, connection) {
        if (connection->state == CONNECTION_OPEN && connection->peer == heaviest &&
            (most == NULL || connection->counted > most->counted))
            most = connection;
    }
    if (most != NULL)
        connection_end(most, "the hub is short of memory, and it holds most");
}

void connections_relieve(struct net *net)
{
    uint64_t now = clock_monotonic();

    if (!net_short(net, LIMIT_MEMORY_WORK))
        net->short_ns = 0;
    else if (net->short_ns == 0)
        net->short_ns = now;
    else if (now - net->short_ns >= net->options.limits.short_s * NS_PER_S)
        memory_relieve(net);
}

void connections_turn(struct net *net)
{
    struct connection *connection, *list;

    net->handshake_steps = HANDSHAKE_STEPS;
    pause_mind(net);
    // What is marked from here on has a turn of its own.
    list = net->dirty;
    net->dirty = NULL;
    while ((connection = list) != NULL) {
        DL_DELETE2(list, connection, dirty_prev, dirty_next);
        connection->dirty = false;
        connection_turn(connection);
    }
    if (net_short(net, LIMIT_MEMORY_HELD))
        memory_relieve(net);
    if (net->dirty != NULL)
        net_turn_soon(net);
    listener_mind(net);
}

// --- Beginning and end
void connection_new(struct net *net, int fd, const uint8_t key[16], const char *address)
{
    struct connection *connection = calloc(1, sizeof *connection);
    int one = 1;

    if (connection == NULL || tls_io_init(&connection->tls, net->tls, fd) != AM_OK) {
        report(REPORT_WARNING, "refused", "peer=%s reason=\"out of memory\"", address);
        free(connection);
        close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connection->net = net;
    connection->fd = fd;
    snprintf(connection->address, sizeof connection->address, "%s", address);
    event_assign(&connection->reading, net->base, fd, EV_READ | EV_PERSIST, on_event, connection);
    event_assign(&connection->writing, net->base, fd, EV_WRITE | EV_PERSIST, on_event, connection);
    event_assign(&connection->timer, net->base, -1, 0, on_timer, connection);
    connection->timer_at = UINT64_MAX;
    DL_APPEND(net->connections, connection);
    net->connection_count++;
    memcpy(connection->address_key, key, sizeof connection->address_key);
    connection_count(connection, &net->memory, LIMIT_CONNECTION_BASE);
    handshake_begin(connection);
}

void connection_refuse(struct connection *connection, const char *reason)
{
    if (connection->state != CONNECTION_OPEN)
        return;
    rpc_session_close(connection->rpc, reason);
    connection_kick(connection);
}

void connection_strike(struct connection *connection)
{
    if (!peer_take_refusal(connection->net, connection->peer, clock_monotonic()))
        connection_refuse(connection, "too many of its calls are refused");
}

void connections_drain(struct net *net)
{
    struct connection *connection;

    listener_mind(net);
    DL_FOREACH (net->connections, connection) {
        if (connection->state == CONNECTION_HANDSHAKE)
            connection_close(connection);
        if (connection->state != CONNECTION_OPEN)
            continue;
        rpc_session_drain(connection->rpc, clock_monotonic());
        connection_kick(connection);
    }
}

enum am_err connections_init(struct net *net)
{
    net->handshake_steps = HANDSHAKE_STEPS;
    net->buffer = malloc(NET_BUFFER);
    net->handshake_resume = event_new(net->base, -1, 0, handshake_resume, net);
    return net->buffer == NULL || net->handshake_resume == NULL ? AM_NOMEM : AM_OK;
}

void connections_end(struct net *net)
{
    struct connection *connection;

    DL_FOREACH (net->connections, connection) {
        rpc_session_free(connection->rpc);
        connection->rpc = NULL;
        connection_state(connection, CONNECTION_DEAD);
    }
}

void connections_free(struct net *net)
{
    struct connection *connection, *next;

    DL_FOREACH_SAFE (net->connections, connection, next) {
        connection_free(connection);
    }
    if (net->handshake_resume != NULL)
        event_free(net->handshake_resume);
    free(net->buffer);
}
