// SPDX-License-Identifier: Apache-2.0
// The identities that are connected or have work under way, and how many calls each may make.
#include "server/net/internal.h"

#include "certs/clock.h"
#include <stdlib.h>
#include <string.h>

struct peer *peer_find(struct net *net, const char *uri)
{
    struct peer *peer;

    HASH_FIND_STR(net->peers, uri, peer);
    return peer;
}

struct peer *peer_get(struct net *net, const struct identity *identity)
{
    struct peer *peer = peer_find(net, identity->uri);

    if (peer == NULL) {
        peer = calloc(1, sizeof *peer);
        if (peer == NULL)
            return NULL;
        peer->identity = *identity;
        memcpy(peer->uri, identity->uri, sizeof peer->uri);
        peer->tokens = net->options.limits.requests_per_s;
        peer->refilled_ns = clock_monotonic();
        HASH_ADD_STR(net->peers, uri, peer);
    }
    peer->references++;
    return peer;
}

void peer_release(struct net *net, struct peer *peer)
{
    if (peer == NULL || --peer->references > 0)
        return;
    HASH_DEL(net->peers, peer);
    free(peer);
}

bool peer_take_token(struct net *net, struct peer *peer, uint64_t now_ns)
{
    double rate = net->options.limits.requests_per_s;

    peer->tokens += rate * (double)(now_ns - peer->refilled_ns) / (double)NS_PER_S;
    if (peer->tokens > rate)
        peer->tokens = rate;
    peer->refilled_ns = now_ns;
    if (peer->tokens < 1)
        return false;
    peer->tokens -= 1;
    return true;
}
