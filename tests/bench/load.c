// SPDX-License-Identifier: Apache-2.0
// Connections in one event loop: the socket's bytes to TLS, from there to the gRPC session, and a new call for each
// that has ended.
#include "load.h"

#include "certs/clock.h"
#include "figures.h"
#include "proto/codec/status_details.h"
#include "proto/model/limits.h"
#include "proto/rpc/rpc.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOAD_TICK_S 1

struct load_connection {
    struct load *load;
    int fd;
    struct tls_io tls;
    struct rpc_session *rpc;
    struct event *readable, *writable;
    bool ended;
    size_t in_flight;
};

struct load_flight {
    struct load_connection *connection;
    const struct pool_message *message;
    uint64_t began_ns;
    bool answered, used;
};

struct load {
    struct event_base *base;
    struct event *ticker; // idle sessions are looked at once a second
    struct tls_context *tls;
    struct load_connection *connections;
    size_t count, alive;
    // of the run under way
    const char *path;
    const struct pool_message *messages;
    size_t next, total, open, per_connection;
    struct load_flight *flights;
    size_t flight_count;
    double *latencies;
    FILE *receipts;
    struct load_result result;
};

// --- Calls
static void write_receipt(FILE *out, const char *id, struct am_bytes receipt)
{
    uint8_t digest[32];
    if (EVP_Digest(receipt.data, receipt.len, digest, NULL, EVP_sha256(), NULL) != 1)
        return;
    fprintf(out, "%s ", id);
    for (size_t i = 0; i < sizeof digest; i++)
        fprintf(out, "%02x", digest[i]);
    fputc('\n', out);
    fflush(out); // what is in there was answered, whatever becomes of us
}

static void on_message(struct rpc_call *call, struct am_bytes message)
{
    struct load_flight *flight = rpc_call_user(call);
    if (flight == NULL)
        return;
    flight->answered = true;
    if (flight->connection->load->receipts != NULL && flight->message != NULL)
        write_receipt(flight->connection->load->receipts, flight->message->id, message);
}

static struct load_flight *find_flight(struct load *load)
{
    for (size_t i = 0; i < load->flight_count; i++)
        if (!load->flights[i].used)
            return &load->flights[i];
    return NULL;
}

static void start_call(struct load_connection *connection)
{
    struct load *load = connection->load;
    struct load_flight *flight = load->next < load->total ? find_flight(load) : NULL;
    struct rpc_call *call;
    if (flight == NULL || connection->ended)
        return;
    *flight = (struct load_flight){.connection = connection, .began_ns = clock_monotonic(), .used = true};
    if (load->messages != NULL)
        flight->message = &load->messages[load->next];
    struct am_bytes bytes = {NULL, 0};
    if (flight->message != NULL)
        bytes = (struct am_bytes){flight->message->data, flight->message->len};
    if (rpc_client_call(connection->rpc, clock_monotonic(), load->path, 0, flight, &call) != AM_OK) {
        flight->used = false;
        return;
    }
    load->next++;
    load->open++;
    connection->in_flight++;
    if (rpc_call_send(call, &bytes, 1) == AM_OK)
        rpc_call_half_close(call);
    else
        rpc_call_cancel(call);
}

static void note_refusal(struct load *load, const struct rpc_outcome *outcome)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct rpc_error error = {0};
    if (load->result.refused++ > 0)
        return;
    arena_init(&arena, 64 * 1024);
    if (outcome->details.len > 0)
        (void)!status_details_parse(outcome->details, &arena, &error);
    snprintf(load->result.first_refusal, sizeof load->result.first_refusal, "%s %s %.400s",
             rpc_status_name(outcome->status), error.reason, outcome->message);
}

static void on_finished(struct rpc_call *call, const struct rpc_outcome *outcome)
{
    struct load_flight *flight = rpc_call_user(call);
    if (flight == NULL)
        return;
    struct load_connection *connection = flight->connection;
    struct load *load = connection->load;
    flight->used = false;
    load->open--;
    connection->in_flight--;
    if (outcome->status == RPC_OK && flight->answered)
        load->latencies[load->result.accepted++] = (double)(clock_monotonic() - flight->began_ns) / 1e3;
    else if (connection->ended)
        load->result.lost++;
    else
        note_refusal(load, outcome);
    start_call(connection);
}

static const struct rpc_handlers HANDLERS = {.on_message = on_message, .on_finished = on_finished};

// --- One turn of a connection
static void end_connection(struct load_connection *connection)
{
    if (connection->ended)
        return;
    connection->ended = true;
    connection->load->alive--;
    event_del(connection->readable);
    event_del(connection->writable);
    rpc_session_lost(connection->rpc);
    rpc_session_free(connection->rpc); // calls under way get their last callback
    connection->rpc = NULL;
}

static void write_all(struct load_connection *connection)
{
    struct am_bytes out;
    size_t len;
    while (!connection->ended) {
        enum am_err err = rpc_session_output(connection->rpc, &out);
        if (out.len == 0) {
            if (err != AM_OK || rpc_session_done(connection->rpc))
                end_connection(connection);
            return;
        }
        enum tls_result result = tls_io_write(&connection->tls, out.data, out.len, &len);
        if (result == TLS_DONE) {
            rpc_session_consumed(connection->rpc, len);
        } else if (result == TLS_WANT_WRITE) {
            event_add(connection->writable, NULL);
            return;
        } else if (result == TLS_WANT_READ) {
            return;
        } else {
            end_connection(connection);
        }
    }
}

static void read_all(struct load_connection *connection)
{
    static uint8_t buffer[32 * 1024];
    size_t len;
    while (!connection->ended && rpc_session_wants_read(connection->rpc)) {
        enum tls_result result = tls_io_read(&connection->tls, buffer, sizeof buffer, &len);
        if (result == TLS_WANT_READ || result == TLS_WANT_WRITE)
            return;
        if (result != TLS_DONE)
            end_connection(connection);
        else if (rpc_session_receive(connection->rpc, clock_monotonic(), buffer, len) != AM_OK)
            return;
    }
}

static void turn(evutil_socket_t fd, short what, void *user)
{
    struct load_connection *connection = user;
    read_all(connection);
    write_all(connection);
}

static void tick(evutil_socket_t fd, short what, void *user)
{
    struct load *load = user;
    for (size_t i = 0; i < load->count; i++) {
        struct load_connection *connection = &load->connections[i];
        if (connection->ended)
            continue;
        rpc_session_tick(connection->rpc, clock_monotonic());
        write_all(connection);
    }
}

// --- Connecting
static enum am_err dial(const char *address, struct am_detail *detail, int *ret_fd)
{
    char host[SETTING_MAX], *colon;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
    int one = 1;
    snprintf(host, sizeof host, "%s", address);
    if ((colon = strrchr(host, ':')) == NULL)
        return am_fail(AM_CONFIG, detail, address, "the address must be HOST:PORT");
    *colon = '\0';
    if (getaddrinfo(host, colon + 1, &hints, &list) != 0)
        return am_fail(AM_UNAVAILABLE, detail, address, "no such address");
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) == 0;
    freeaddrinfo(list);
    if (!connected || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        enum am_err err = am_fail(AM_UNAVAILABLE, detail, address, "%s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return err;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *ret_fd = fd;
    return AM_OK;
}

static enum am_err handshake(struct load_connection *connection, struct am_detail *detail)
{
    for (;;) {
        enum tls_result result = tls_io_handshake(&connection->tls);
        if (result == TLS_DONE)
            return AM_OK;
        if (result == TLS_CLOSED || result == TLS_FAILED) {
            enum am_err err = tls_io_refusal(&connection->tls, detail);
            return err == AM_OK ? AM_UNAVAILABLE : err;
        }
        struct pollfd wait = {connection->fd, result == TLS_WANT_READ ? POLLIN : POLLOUT, 0};
        if (poll(&wait, 1, 10000) <= 0)
            return am_fail(AM_UNAVAILABLE, detail, "handshake", "no answer in time");
    }
}

static enum am_err open_one(struct load *load, const struct session *session, struct load_connection *connection,
                            struct am_detail *detail)
{
    struct rpc_limits limits;
    connection->load = load;
    connection->ended = true;
    connection->fd = -1;
    TRY(dial(session->settings.value[SETTING_ADDRESS], detail, &connection->fd));
    TRY(tls_io_init(&connection->tls, load->tls, connection->fd));
    TRY(handshake(connection, detail));
    rpc_limits_client(&limits);
    struct rpc_config config = {&limits, &HANDLERS, connection, session->hub->dns, "amana-bench/" AMANA_VERSION};
    TRY(rpc_session_new_client(&config, clock_monotonic(), &connection->rpc));
    connection->readable = event_new(load->base, connection->fd, EV_READ | EV_PERSIST, turn, connection);
    connection->writable = event_new(load->base, connection->fd, EV_WRITE, turn, connection);
    if (connection->readable == NULL || connection->writable == NULL)
        return AM_NOMEM;
    event_add(connection->readable, NULL);
    connection->ended = false;
    load->alive++;
    write_all(connection);
    return AM_OK;
}

static enum am_err make_tls(struct session *session, struct am_detail *detail, struct tls_context **ret_tls)
{
    char certificate[PATH_MAX], key[PATH_MAX];
    TRY(settings_path(&session->settings, "keys/auth.pem", certificate));
    TRY(settings_path(&session->settings, "keys/auth.key", key));
    struct tls_client_config config = {certificate,    key, session->settings.value[SETTING_HUB], NULL,
                                       session->trust, {0}};
    return tls_client_new(&config, detail, ret_tls);
}

static void close_one(struct load_connection *connection)
{
    if (!connection->ended)
        (void)tls_io_shutdown(&connection->tls);
    rpc_session_free(connection->rpc);
    tls_io_clear(&connection->tls);
    if (connection->readable != NULL)
        event_free(connection->readable);
    if (connection->writable != NULL)
        event_free(connection->writable);
    if (connection->fd >= 0)
        close(connection->fd);
}

void load_close(struct load *load)
{
    if (load == NULL)
        return;
    for (size_t i = 0; i < load->count; i++)
        close_one(&load->connections[i]);
    free(load->connections);
    tls_context_unref(load->tls);
    if (load->ticker != NULL)
        event_free(load->ticker);
    if (load->base != NULL)
        event_base_free(load->base);
    free(load);
}

// --- Runs
static void finish_run(struct load *load, uint64_t began_ns, struct load_result *ret_result)
{
    struct load_result *result = &load->result;
    result->seconds = (double)(clock_monotonic() - began_ns) / 1e9;
    result->lost += load->total - load->next;
    if (result->accepted > 0) {
        figures_sort(load->latencies, result->accepted);
        result->p50_us = load->latencies[result->accepted / 2];
        result->p99_us = load->latencies[result->accepted * 99 / 100];
    }
    *ret_result = *result;
    free(load->latencies);
    free(load->flights);
    load->latencies = NULL;
    load->flights = NULL;
}

static enum am_err run(struct load *load, struct load_connection *connections, size_t count, size_t in_flight,
                       struct load_result *ret_result)
{
    uint64_t began = clock_monotonic();
    load->next = load->open = 0;
    load->result = (struct load_result){0};
    load->flight_count = in_flight;
    load->flights = calloc(in_flight, sizeof *load->flights);
    load->latencies = calloc(load->total, sizeof *load->latencies);
    if (load->flights == NULL || load->latencies == NULL) {
        free(load->flights);
        free(load->latencies);
        return AM_NOMEM;
    }
    for (size_t i = 0; i < in_flight; i++)
        start_call(&connections[i % count]);
    for (size_t i = 0; i < count; i++)
        write_all(&connections[i]);
    while (load->open > 0 && load->alive > 0)
        event_base_loop(load->base, EVLOOP_ONCE);
    finish_run(load, began, ret_result);
    return AM_OK;
}

enum am_err load_send(struct load *load, const struct pool_message *messages, size_t count, size_t in_flight,
                      FILE *receipts, struct load_result *ret_result)
{
    load->path = "/amana.v1.Relay/Send";
    load->messages = messages;
    load->total = count;
    load->receipts = receipts;
    return run(load, load->connections, load->count, in_flight, ret_result);
}

// --- Opening
static enum am_err load_new(struct session *session, size_t count, struct am_detail *detail, struct load *load)
{
    load->base = event_base_new();
    load->connections = calloc(count, sizeof *load->connections);
    if (load->base == NULL || load->connections == NULL)
        return AM_NOMEM;
    TRY(make_tls(session, detail, &load->tls));
    load->ticker = event_new(load->base, -1, EV_PERSIST, tick, load);
    if (load->ticker == NULL)
        return AM_NOMEM;
    event_add(load->ticker, &(struct timeval){LOAD_TICK_S, 0});
    return AM_OK;
}

static enum am_err speak_one(struct load *load, struct load_connection *connection, size_t *answered)
{
    struct load_result result;
    load->path = "/amana.v1.Relay/Status";
    load->messages = NULL;
    load->total = 1;
    load->receipts = NULL;
    TRY(run(load, connection, 1, 1, &result));
    *answered += result.accepted;
    return AM_OK;
}

static enum am_err open_all(struct session *session, size_t count, struct am_detail *detail, struct load **ret_load,
                            size_t *answered)
{
    struct load *load = calloc(1, sizeof *load);
    if (load == NULL)
        return AM_NOMEM;
    enum am_err err = load_new(session, count, detail, load);
    while (err == AM_OK && load->count < count) {
        struct load_connection *connection = &load->connections[load->count++];
        err = open_one(load, session, connection, detail);
        if (err == AM_OK && answered != NULL)
            err = speak_one(load, connection, answered);
    }
    if (err != AM_OK) {
        load_close(load);
        return err;
    }
    *ret_load = load;
    return AM_OK;
}

enum am_err load_open(struct session *session, size_t count, struct am_detail *detail, struct load **ret_load)
{
    return open_all(session, count, detail, ret_load, NULL);
}

enum am_err load_open_spoken(struct session *session, size_t count, struct am_detail *detail, struct load **ret_load,
                             size_t *ret_answered)
{
    size_t answered = 0;
    TRY(open_all(session, count, detail, ret_load, &answered));
    *ret_answered = answered;
    return AM_OK;
}

void load_idle(struct load *load, double seconds)
{
    uint64_t until = clock_monotonic() + (uint64_t)(seconds * 1e9);
    while (clock_monotonic() < until)
        event_base_loop(load->base, EVLOOP_ONCE);
}
