// SPDX-License-Identifier: Apache-2.0
// The identities that are connected or have work under way, and how many calls each may make.
#include "server/net/internal.h"

#include "certs/clock.h"
#include "server/net/withheld.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PEER_REFUSALS 2u // refused calls for each that is allowed
#define PEER_REFUSED_S                                                                                                 \
    10u // seconds of them in a burst; and so long is one remembered who is away: a new connection
        // makes no new identity

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
        // Full: more than the burst is cut to it.
        peer->calls = peer->refused = (struct bucket){.tokens = INFINITY, .refilled_ns = clock_monotonic()};
        HASH_ADD_STR(net->peers, uri, peer);
    }
    peer->references++;
    return peer;
}

void peer_release(struct peer *peer)
{
    if (peer == NULL || --peer->references > 0)
        return;
    assert(atomic_load(&peer->memory.used) == 0);
}

void peers_sweep(struct net *net, uint64_t now_ns)
{
    struct peer *peer, *next;

    HASH_ITER (hh, net->peers, peer, next) {
        uint64_t heard =
            peer->calls.refilled_ns > peer->refused.refilled_ns ? peer->calls.refilled_ns : peer->refused.refilled_ns;
        if (peer->references > 0 || peer->n_out > 0 || now_ns - heard < PEER_REFUSED_S * NS_PER_S)
            continue;
        HASH_DEL(net->peers, peer);
        free(peer);
    }
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

void peer_has(struct peer *peer, uint64_t seq)
{
    if (out_find(peer, seq) == NULL && peer->n_out < AM_LEN(peer->out))
        peer->out[peer->n_out++] = (struct peer_out){.seq = seq};
}

bool peer_hand_over(struct peer *peer, uint64_t seq)
{
    struct peer_out *out = out_find(peer, seq);
    bool fresh = out == NULL;

    if (fresh) {
        assert(peer->n_out < AM_LEN(peer->out));
        out = &peer->out[peer->n_out++];
    }
    *out = (struct peer_out){.seq = seq, .here = true};
    return fresh;
}

void peer_signed_for(struct peer *peer, uint64_t seq)
{
    struct peer_out *out = out_find(peer, seq);

    if (out != NULL)
        *out = peer->out[--peer->n_out];
}

size_t peers_out(struct net *net, const char *unit, uint64_t *ret_seqs, size_t room)
{
    const struct roster *roster = registry_roster(net->registry, unit);
    size_t n = 0;

    for (size_t k = 0; roster != NULL && k < roster->devices_count; k++) {
        const struct peer *peer = peer_find(net, roster->devices[k].identity.uri);
        for (size_t i = 0; peer != NULL && i < peer->n_out && n < room; i++)
            ret_seqs[n++] = peer->out[i].seq;
    }
    return n;
}

enum am_err peers_in_hand(struct net *net, const char *unit, struct in_hand *in_hand)
{
    if (in_hand->seqs == NULL)
        in_hand->seqs = calloc(IN_HAND_MOST, sizeof *in_hand->seqs);
    if (in_hand->seqs == NULL)
        return AM_NOMEM;
    in_hand->n = peers_out(net, unit, in_hand->seqs, IN_HAND_MOST);
    return AM_OK;
}

static bool bucket_take(struct bucket *bucket, double rate, double burst, uint64_t now_ns)
{
    bucket->tokens += rate * (double)(now_ns - bucket->refilled_ns) / (double)NS_PER_S;
    if (bucket->tokens > burst)
        bucket->tokens = burst;
    bucket->refilled_ns = now_ns;
    if (bucket->tokens < 1)
        return false;
    bucket->tokens -= 1;
    return true;
}

bool peer_take_token(struct net *net, struct peer *peer, uint64_t now_ns)
{
    double rate = net->options.limits.requests_per_s;

    return bucket_take(&peer->calls, rate, rate, now_ns);
}

// A refusal costs the hub far more than the call cost its sender. Too many at once by mistake are let pass; who goes on
// and heeds none is ended.
bool peer_take_refusal(struct net *net, struct peer *peer, uint64_t now_ns)
{
    double rate = PEER_REFUSALS * net->options.limits.requests_per_s;

    return bucket_take(&peer->refused, rate, rate * PEER_REFUSED_S, now_ns);
}
