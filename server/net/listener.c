// SPDX-License-Identifier: Apache-2.0
// The listening socket, and who may begin a handshake.
#include "server/net/internal.h"

#include "certs/clock.h"
#include "server/net/connection.h"
#include "server/net/limiter.h"
#include "server/net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#define LISTENER_BACKLOG   1024
#define LISTENER_ADDRESSES 4096u // rows of the limiter

// The address in one form; IPv6 by its /64, which is what one subscriber has.
static void address_key(const struct sockaddr *address, uint8_t ret_key[16])
{
    memset(ret_key, 0, 16);
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        memcpy(ret_key, &v6->sin6_addr, mapped ? 16 : 8);
    } else if (address->sa_family == AF_INET) {
        memcpy(ret_key + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        ret_key[10] = ret_key[11] = 0xff;
    }
}

static void address_text(const struct sockaddr *address, socklen_t len, char ret_text[64])
{
    char host[INET6_ADDRSTRLEN + 1] = "?", port[8] = "?";

    (void)getnameinfo(address, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(ret_text, 64, address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

// Makes room for one more handshake of this address, where one that stands still is in its way.
static bool handshake_room(struct net *net, const uint8_t key[16])
{
    bool share = handshakes_of(net, key) < net->options.limits.handshakes_address;
    struct connection *still;

    if (share && net->handshakes < net->options.limits.handshakes_open)
        return true;
    still = handshake_still(net, share ? NULL : key);
    if (still == NULL)
        return false;
    report_some(&net->refusals.early[REFUSAL_STILL], clock_monotonic(), REPORT_NOTICE, "refused",
                "peer=%s reason=\"its handshake stands still, and others wait\"", still->address);
    connection_close(still);
    return true;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len,
                      void *user)
{
    struct net *net = user;
    char text[64];
    uint8_t key[16];
    bool first;

    address_key(address, key);
    address_text(address, (socklen_t)len, text);
    if (!limiter_take(net->limiter, key, clock_monotonic(), &first)) {
        if (first)
            report(REPORT_WARNING, "refused", "peer=%s reason=\"more than %u handshakes a second\"", text,
                   net->options.limits.handshakes_per_s);
        close(fd);
        return;
    }
    if (net->connection_count >= net->options.limits.connections) {
        report_some(&net->refusals.early[REFUSAL_CONNECTIONS], clock_monotonic(), REPORT_WARNING, "refused",
                    "peer=%s reason=\"%zu connections are open\"", text, net->connection_count);
        close(fd);
        return;
    }
    if (net_short(net, LIMIT_MEMORY_WORK)) {
        report_some(&net->refusals.early[REFUSAL_MEMORY], clock_monotonic(), REPORT_WARNING, "refused",
                    "peer=%s reason=\"the hub is short of memory\"", text);
        close(fd);
        return;
    }
    if (!handshake_room(net, key)) {
        report_some(&net->refusals.early[REFUSAL_ADDRESS], clock_monotonic(), REPORT_WARNING, "refused",
                    "peer=%s reason=\"%u handshakes of this address are open\"", text,
                    net->options.limits.handshakes_address);
        close(fd);
        return;
    }
    connection_new(net, fd, key, text);
    listener_mind(net);
}

static void on_accept_error(struct evconnlistener *listener, void *user)
{
    struct net *net = user;

    // Out of descriptors or memory: those that wait stay in the backlog until the next tick.
    report(REPORT_WARNING, "accept", "reason=\"%s\" connections=%zu", strerror(errno), net->connection_count);
    net->accept_failed = true;
    listener_mind(net);
}

void listener_mind(struct net *net)
{
    bool room = net->listener != NULL && net->started && !net->stopping && !net->accept_failed &&
                (net->handshakes < net->options.limits.handshakes_open || handshake_still(net, NULL) != NULL);

    if (net->listener == NULL || room == net->listening)
        return;
    net->listening = room;
    if (room)
        evconnlistener_enable(net->listener);
    else
        evconnlistener_disable(net->listener);
}

static enum am_err bound_port(int fd, uint16_t *ret_port)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;

    if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0)
        return AM_IO;
    *ret_port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                  : ((struct sockaddr_in *)&bound)->sin_port);
    return AM_OK;
}

static enum am_err address_bind(const struct addrinfo *address, const char *text, struct am_detail *detail, int *ret_fd)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, LISTENER_BACKLOG) == 0) {
        *ret_fd = fd;
        return AM_OK;
    }
    (void)am_fail(AM_IO, detail, "listen", "%s: %s", text, strerror(errno));
    if (fd >= 0)
        close(fd);
    return AM_IO;
}

enum am_err net_bind(const char *address, uint16_t port, struct am_detail *detail, int *ret_fd, uint16_t *ret_port)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char service[8], text[80];
    enum am_err err;
    int failed, fd;

    snprintf(service, sizeof service, "%u", port);
    snprintf(text, sizeof text, "%s port %u", address[0] != '\0' ? address : "any address", port);
    // "any" is IPv6 that takes IPv4 too, where the machine has it.
    hints.ai_family = address[0] == '\0' ? AF_INET6 : AF_UNSPEC;
    failed = getaddrinfo(address[0] != '\0' ? address : NULL, service, &hints, &found);
    if (failed != 0)
        return am_fail(AM_CONFIG, detail, "listen", "%s: %s", text, gai_strerror(failed));
    err = address_bind(found, text, detail, &fd);
    freeaddrinfo(found);
    if (err != AM_OK && address[0] == '\0')
        return net_bind("0.0.0.0", port, detail, ret_fd, ret_port);
    TRY(err);
    TRY(bound_port(fd, ret_port));
    *ret_fd = fd;
    return AM_OK;
}

enum am_err listener_new(struct net *net)
{
    // The backlog is set already; connections wait there until net_start.
    net->listener =
        evconnlistener_new(net->base, on_accept, net, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_DISABLED,
                           0, net->options.listen_fd);
    net->limiter = limiter_new(net->options.limits.handshakes_per_s, LISTENER_ADDRESSES);
    if (net->listener == NULL || net->limiter == NULL)
        return AM_NOMEM;
    evconnlistener_set_error_cb(net->listener, on_accept_error);
    return AM_OK;
}

void listener_free(struct net *net)
{
    if (net->listener != NULL)
        evconnlistener_free(net->listener);
    net->listener = NULL;
    limiter_free(net->limiter);
}
