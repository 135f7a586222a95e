// SPDX-License-Identifier: Apache-2.0
// The turn of the connection: what the socket allows, fed to TLS and from there to the gRPC session, until a call has
// what it waits for.
#include "client/session/link.h"

#include "certs/clock.h"
#include "proto/model/limits.h"
#include "proto/rpc/rpc.h"

#include <bsd/string.h>
#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_CHUNK (32u * 1024)
#define QUEUE_HOLD 16u // answers that wait untaken before the stream is held
#define UNARY_NS   (30ull * NS_PER_S)
#define PACED_NS   (2 * NS_PER_S)     // the longest pause that a hub asks for between two requests
#define TICK_NS    (200ull * 1000000) // how soon a signal is seen where it didn't interrupt the wait

struct link {
    struct event_base *base;
    struct tls_io tls;
    int fd;
    bool ended, want_write;
    struct rpc_session *session;
    const bool *interrupted;
    char reason[256];
};

struct answer {
    struct answer *next;
    size_t len;
    uint8_t data[];
};

struct link_call {
    struct link *link;
    struct rpc_call *rpc; // NULL once it has finished
    struct answer *first, **last;
    size_t queued;
    bool no_memory;
    struct rpc_error error;
};

// --- What the session tells of a call
static void on_message(struct rpc_call *rpc, struct am_bytes message)
{
    struct link_call *call = rpc_call_user(rpc);
    struct answer *answer = call == NULL ? NULL : malloc(sizeof *answer + message.len);
    if (call == NULL)
        return;
    if (answer == NULL) {
        call->no_memory = true;
        rpc_call_cancel(rpc);
        return;
    }
    answer->next = NULL;
    answer->len = message.len;
    memcpy(answer->data, message.data, message.len);
    *call->last = answer;
    call->last = &answer->next;
    if (++call->queued >= QUEUE_HOLD)
        rpc_call_hold(rpc, true);
}

static void on_finished(struct rpc_call *rpc, const struct rpc_outcome *outcome)
{
    struct link_call *call = rpc_call_user(rpc);
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    if (call == NULL)
        return;
    call->rpc = NULL;
    arena_init(&arena, 256u * 1024);
    if (outcome->details.len == 0 || status_details_parse(outcome->details, &arena, &call->error) != AM_OK ||
        call->error.status != outcome->status)
        rpc_error_set(&call->error, outcome->status, NULL, outcome->message);
    if (call->no_memory)
        rpc_error_set(&call->error, RPC_RESOURCE_EXHAUSTED, NULL, "out of memory");
}

static const struct rpc_handlers HANDLERS = {.on_message = on_message, .on_finished = on_finished};

// --- Connecting
static enum am_err give_up(struct link *link, struct am_detail *detail, const char *address, const char *why)
{
    (void)link;
    return am_fail(AM_UNAVAILABLE, detail, address, "%s", why);
}

static int connect_one(const struct addrinfo *at)
{
    int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol), one = 1;
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, at->ai_addr, at->ai_addrlen) == 0 || errno == EINPROGRESS)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static void wake(evutil_socket_t fd, short what, void *ready)
{
    (void)fd;
    *(short *)ready |= what;
}

// One wait of the loop for what (EV_READ, EV_WRITE) on fd, at most ns.
static short wait_for(struct event_base *base, int fd, short what, uint64_t ns)
{
    short ready = 0;
    struct timeval time = {(time_t)(ns / NS_PER_S), (suseconds_t)(ns % NS_PER_S / 1000)};
    struct event *event = event_new(base, fd, what, wake, &ready);
    if (event == NULL)
        return 0;
    event_add(event, &time);
    event_base_loop(base, EVLOOP_ONCE);
    event_free(event);
    return ready;
}

static bool is_interrupted(const bool *interrupted)
{
    return interrupted != NULL && *(const volatile bool *)interrupted;
}

static enum am_err dial(struct link *link, const struct link_config *config, uint64_t until, struct am_detail *detail)
{
    char host[256], *colon;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
    strlcpy(host, config->address, sizeof host);
    if ((colon = strrchr(host, ':')) == NULL)
        return give_up(link, detail, config->address, "the address must be HOST:PORT");
    *colon = '\0';
    char *name = host[0] == '[' && colon > host + 1 && colon[-1] == ']' ? (colon[-1] = '\0', host + 1) : host;
    int failed = getaddrinfo(name, colon + 1, &hints, &list);
    if (failed != 0)
        return give_up(link, detail, config->address, gai_strerror(failed));
    int error = ECONNREFUSED;
    for (const struct addrinfo *at = list; at != NULL && link->fd < 0; at = at->ai_next) {
        socklen_t size = sizeof error;
        if ((link->fd = connect_one(at)) < 0) {
            error = errno;
            continue;
        }
        uint64_t now = clock_monotonic();
        error = ETIMEDOUT;
        if ((now < until && (wait_for(link->base, link->fd, EV_WRITE, until - now) & EV_WRITE) != 0))
            getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            close(link->fd);
            link->fd = -1;
        }
    }
    freeaddrinfo(list);
    return link->fd >= 0 ? AM_OK : give_up(link, detail, config->address, strerror(error));
}

static enum am_err handshake(struct link *link, const struct link_config *config, uint64_t until,
                             struct am_detail *detail)
{
    for (;;) {
        enum tls_result result = tls_io_handshake(&link->tls);
        uint64_t now = clock_monotonic();
        if (result == TLS_DONE)
            return AM_OK;
        if (result == TLS_CLOSED)
            return give_up(link, detail, config->address,
                           "the hub ended the connection in the handshake: it may refuse this certificate");
        if (result == TLS_FAILED) {
            enum am_err err = tls_io_refusal(&link->tls, detail);
            return err == AM_OK ? AM_UNAVAILABLE : err;
        }
        if (now >= until || is_interrupted(config->interrupted))
            return give_up(link, detail, config->address, "no answer in time");
        (void)wait_for(link->base, link->fd, result == TLS_WANT_READ ? EV_READ : EV_WRITE, until - now);
    }
}

static enum am_err make_session(struct link *link, const struct link_config *config)
{
    struct rpc_limits limits;
    rpc_limits_client(&limits);
    limits.message = LIMIT_MESSAGE + 64u * 1024; // a Delivery: the message and its proof
    limits.keepalive_ns = LIMIT_KEEPALIVE_NS;
    limits.keepalive_wait_ns = LIMIT_FIRST_REQUEST_NS;
    struct rpc_config rpc = {&limits, &HANDLERS, link, config->authority, "amana/" AMANA_VERSION};
    return rpc_session_new_client(&rpc, clock_monotonic(), &link->session);
}

enum am_err link_open(const struct link_config *config, struct am_detail *detail, struct link **ret_link)
{
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return AM_NOMEM;
    link->fd = -1;
    link->interrupted = config->interrupted;
    link->base = event_base_new();
    uint64_t until = clock_monotonic() + config->connect_ns;
    enum am_err err = link->base == NULL ? AM_NOMEM : dial(link, config, until, detail);
    if (err == AM_OK)
        err = tls_io_init(&link->tls, config->tls, link->fd);
    if (err == AM_OK)
        err = handshake(link, config, until, detail);
    if (err == AM_OK)
        err = make_session(link, config);
    if (err != AM_OK) {
        link_close(link);
        return err;
    }
    *ret_link = link;
    return AM_OK;
}

void link_close(struct link *link)
{
    if (link == NULL)
        return;
    if (link->session != NULL && !link->ended)
        (void)tls_io_shutdown(&link->tls);
    rpc_session_free(link->session);
    tls_io_clear(&link->tls);
    if (link->fd >= 0)
        close(link->fd);
    if (link->base != NULL)
        event_base_free(link->base);
    free(link);
}

bool link_alive(const struct link *link)
{
    return link != NULL && !link->ended;
}

// --- The turn
static void end_link(struct link *link, const char *reason)
{
    if (link->ended)
        return;
    link->ended = true;
    const char *told = rpc_session_reason(link->session);
    strlcpy(link->reason, told[0] != '\0' ? told : reason, sizeof link->reason);
    rpc_session_lost(link->session);
    rpc_session_free(link->session); // calls under way get their last callback
    link->session = NULL;
}

static bool read_all(struct link *link)
{
    static uint8_t buffer[READ_CHUNK];
    size_t len;
    while (rpc_session_wants_read(link->session)) {
        enum tls_result result = tls_io_read(&link->tls, buffer, sizeof buffer, &len);
        if (result == TLS_WANT_READ || result == TLS_WANT_WRITE)
            return true;
        if (result != TLS_DONE) {
            struct am_detail why = {0};
            (void)!tls_io_refusal(&link->tls, &why);
            end_link(link, why.text[0] != '\0' ? why.text : "the hub ended the connection");
            return false;
        }
        if (rpc_session_receive(link->session, clock_monotonic(), buffer, len) != AM_OK)
            return true; // what it still has to say goes out first
    }
    return true;
}

static bool write_all(struct link *link)
{
    struct am_bytes out = {0};
    size_t len;
    link->want_write = false;
    for (;;) {
        enum am_err err = rpc_session_output(link->session, &out);
        if (out.len == 0) {
            if (err != AM_OK || rpc_session_done(link->session))
                end_link(link, "the connection ended");
            return !link->ended;
        }
        enum tls_result result = tls_io_write(&link->tls, out.data, out.len, &len);
        if (result == TLS_WANT_READ || result == TLS_WANT_WRITE) {
            link->want_write = result == TLS_WANT_WRITE;
            return true;
        }
        if (result != TLS_DONE) {
            end_link(link, "the connection broke");
            return false;
        }
        rpc_session_consumed(link->session, len);
    }
}

static void turn(struct link *link)
{
    if (!write_all(link) || !read_all(link) || !write_all(link))
        return;
    rpc_session_tick(link->session, clock_monotonic());
}

// Only after a turn that brought nothing of what is waited for: what it read announces itself no more.
static void wait_turn(struct link *link)
{
    if (link->ended || tls_io_pending(&link->tls) > 0)
        return;
    uint64_t now = clock_monotonic(), next = rpc_session_next_deadline(link->session), ns = TICK_NS;
    if (next <= now)
        return;
    if (next - now < ns)
        ns = next - now;
    short what = (rpc_session_wants_read(link->session) ? EV_READ : 0) | (link->want_write ? EV_WRITE : 0);
    (void)wait_for(link->base, link->fd, what, ns);
}

// --- Calls
static struct link_call *call_new(struct link *link)
{
    struct link_call *call = calloc(1, sizeof *call);
    if (call != NULL) {
        call->link = link;
        call->last = &call->first;
    }
    return call;
}

static enum am_err send_request(struct link_call *call, const ProtobufCMessage *request)
{
    uint8_t *data;
    size_t len;
    TRY(codec_encode_alloc(request, &data, &len));
    enum am_err err = rpc_call_send(call->rpc, &(struct am_bytes){data, len}, 1);
    free(data);
    if (err == AM_OK)
        rpc_call_half_close(call->rpc);
    return err;
}

enum am_err link_call_begin(struct link *link, const char *path, const ProtobufCMessage *request, uint64_t timeout_ns,
                            struct link_call **ret_call)
{
    if (!link_alive(link))
        return AM_UNAVAILABLE;
    struct link_call *call = call_new(link);
    if (call == NULL)
        return AM_NOMEM;
    enum am_err err = rpc_client_call(link->session, clock_monotonic(), path, timeout_ns, call, &call->rpc);
    if (err == AM_OK)
        err = send_request(call, request);
    if (err != AM_OK) {
        link_call_end(call);
        return err;
    }
    *ret_call = call;
    return AM_OK;
}

bool link_call_ready(const struct link_call *call)
{
    return call->first != NULL;
}

static enum am_err take(struct link_call *call, const ProtobufCMessageDescriptor *type, struct arena *arena,
                        struct am_detail *detail, ProtobufCMessage **ret_message)
{
    struct answer *answer = call->first;
    call->first = answer->next;
    if (call->first == NULL)
        call->last = &call->first;
    if (--call->queued == QUEUE_HOLD / 2 && call->rpc != NULL)
        rpc_call_hold(call->rpc, false);
    enum am_err err =
        codec_decode(type, CODEC_LENIENT, (struct am_bytes){answer->data, answer->len}, arena, detail, ret_message);
    free(answer);
    return err;
}

// Until an answer is there or the call has ended. AM_BUSY: interrupted.
static enum am_err wait_answer(struct link_call *call)
{
    while (call->first == NULL && call->rpc != NULL) {
        if (is_interrupted(call->link->interrupted))
            return AM_BUSY;
        turn(call->link);
        if (call->first == NULL && call->rpc != NULL)
            wait_turn(call->link);
    }
    return AM_OK;
}

enum am_err link_call_next(struct link_call *call, const ProtobufCMessageDescriptor *type, struct arena *arena,
                           struct am_detail *detail, ProtobufCMessage **ret_message)
{
    TRY(wait_answer(call));
    return call->first == NULL ? AM_NOT_FOUND : take(call, type, arena, detail, ret_message);
}

const struct rpc_error *link_call_error(const struct link_call *call)
{
    return &call->error;
}

void link_call_end(struct link_call *call)
{
    if (call == NULL)
        return;
    if (call->rpc != NULL) {
        rpc_call_set_user(call->rpc, NULL);
        rpc_call_cancel(call->rpc);
        if (!call->link->ended)
            turn(call->link);
    }
    for (struct answer *answer = call->first, *next; answer != NULL; answer = next) {
        next = answer->next;
        free(answer);
    }
    free(call);
}

static bool may_try_again(const struct rpc_error *error)
{
    return error->status == RPC_UNAVAILABLE || error->status == RPC_ABORTED || error->status == RPC_DEADLINE_EXCEEDED ||
           error->status == RPC_CANCELLED || error->retry_delay_ns != 0;
}

static enum am_err ask(struct link *link, const char *path, const ProtobufCMessage *request,
                       const ProtobufCMessageDescriptor *type, struct arena *arena, struct rpc_error *ret_error,
                       ProtobufCMessage **ret_message)
{
    struct link_call *call;
    struct am_detail detail = {0};
    enum am_err err = link_call_begin(link, path, request, UNARY_NS, &call);
    if (err != AM_OK) {
        rpc_error_set(ret_error, RPC_UNAVAILABLE, NULL, link != NULL && link->ended ? link->reason : am_err_text(err));
        return err == AM_NOMEM ? err : AM_UNAVAILABLE;
    }
    err = link_call_next(call, type, arena, &detail, ret_message);
    if (err == AM_OK) {
        (void)!wait_answer(call); // its end: a call cut short would be a reset, and hubs count these
        goto done;
    }
    if (err == AM_NOT_FOUND) {
        *ret_error = call->error;
        err = may_try_again(&call->error) ? AM_UNAVAILABLE : AM_DENIED;
        if (call->error.status == RPC_OK) // a stream's end where an answer is due
            rpc_error_set(ret_error, RPC_INTERNAL, NULL, "the hub gave no answer");
    } else {
        rpc_error_set(ret_error, err == AM_BUSY ? RPC_CANCELLED : RPC_INTERNAL, NULL,
                      detail.text[0] != '\0' ? detail.text : am_err_text(err));
        err = err == AM_BUSY ? AM_UNAVAILABLE : err;
    }
done:
    link_call_end(call);
    return err;
}

// A hub lets an identity ask so often in a second, has begun nothing of what is more, and says when it may: who asks
// for many things one after the other waits for that. A quota that is told of a field is another matter.
static bool is_paced(const struct rpc_error *error)
{
    return error->status == RPC_RESOURCE_EXHAUSTED && error->quota.text[0] != '\0' && error->violation_count == 0 &&
           error->retry_delay_ns > 0 && error->retry_delay_ns <= PACED_NS;
}

enum am_err link_unary(struct link *link, const char *path, const ProtobufCMessage *request,
                       const ProtobufCMessageDescriptor *type, struct arena *arena, struct rpc_error *ret_error,
                       ProtobufCMessage **ret_message)
{
    uint64_t until = clock_monotonic() + UNARY_NS;
    for (;;) {
        *ret_error = (struct rpc_error){0};
        enum am_err err = ask(link, path, request, type, arena, ret_error, ret_message);
        if (err != AM_UNAVAILABLE || !is_paced(ret_error) || clock_monotonic() + ret_error->retry_delay_ns > until ||
            is_interrupted(link->interrupted))
            return err;
        link_pause(-1, ret_error->retry_delay_ns, link->interrupted);
    }
}

void link_pause(int fd, uint64_t ns, const bool *interrupted)
{
    uint64_t until = clock_monotonic() + ns, now;
    struct event_base *base = event_base_new();
    short what = fd >= 0 ? EV_READ : EV_TIMEOUT, ready = 0;
    while (base != NULL && (ready & EV_READ) == 0 && !is_interrupted(interrupted) && (now = clock_monotonic()) < until)
        ready = wait_for(base, fd, what, until - now < TICK_NS ? until - now : TICK_NS);
    if (base != NULL)
        event_base_free(base);
}
