// SPDX-License-Identifier: Apache-2.0
// The identities that are connected or have work under way, and how many calls each may make.
#include "server/net/internal.h"

#include "certs/clock.h"

#include <assert.h>
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
        peer->memory = (struct arena_budget){.limit = net->options.limits.identity_memory, .above = &net->memory};
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
    assert(atomic_load(&peer->memory.used) == 0);
    if (peer->n_out > 0)
        return;
    HASH_DEL(net->peers, peer);
    free(peer);
}

void peers_judge(struct net *net)
{
    struct peer *peer, *next;

    HASH_ITER (hh, net->peers, peer, next) {
        const struct roster *roster = registry_roster(net->registry, peer->identity.unit);
        if (peer->references > 0 || (roster != NULL && roster_device_by_uri(roster, peer->uri) != NULL))
            continue;
        HASH_DEL(net->peers, peer);
        free(peer);
    }
}

void peers_free(struct net *net)
{
    struct peer *peer, *next;

    HASH_ITER (hh, net->peers, peer, next) {
        HASH_DEL(net->peers, peer);
        free(peer);
    }
}

static struct peer_out *out_find(struct peer *peer, uint64_t seq)
{
    for (size_t i = 0; i < peer->n_out; i++)
        if (peer->out[i].seq == seq)
            return &peer->out[i];
    return NULL;
}

void peer_hand_over(struct peer *peer, uint64_t seq)
{
    struct peer_out *out = out_find(peer, seq);

    if (out == NULL) {
        assert(peer->n_out < AM_LEN(peer->out));
        out = &peer->out[peer->n_out++];
    }
    *out = (struct peer_out){.seq = seq, .here = true};
}

void peer_signed_for(struct peer *peer, uint64_t seq)
{
    struct peer_out *out = out_find(peer, seq);

    if (out != NULL)
        *out = peer->out[--peer->n_out];
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
