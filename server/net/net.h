// SPDX-License-Identifier: Apache-2.0
// Everything between sockets and the hub: listener, TLS, calls, workers. Decides nothing: what may be is the hub's to
// say, what is true the journal's. All functions on the loop's thread unless said otherwise.
#pragma once

#include "server/hub/hub.h"
#include "server/net/net_limits.h"
#include "server/net/registry.h"
#include "server/store/store.h"

#include <event2/event.h>
#include <stdio.h>

struct net;

// Borrowed for the life of the net, but what is said to be copied.
struct net_options {
    struct event_base *base;
    struct hub *hub;
    struct store *store;
    struct registry *registry; // first snapshot; a reference is taken
    const char *origin;        // of the log
    const char *hub_name;      // "igad/hub"
    const char *hub_uri;       // "amana://igad/hub"
    const char *certificate_file, *key_file;
    int listen_fd; // of net_bind; the net closes it
    unsigned workers;
    struct net_limits limits;
    uint64_t crl_grace_ns; // past nextUpdate, what goes by a stale CRL is refused but U1 and U2
    bool may_append;       // false: what would be written gets READ_ONLY, ACCESS goes to `pending`
    const char *pending;   // file that ACCESS entries wait in while the log may not append
    const char *handed;    // file of what devices were given and have not signed for (server/net/handed.h)
    const char *clock;     // file of what clock is believed (server/net/hub_clock.h)
    const char *boot;      // this boot's id
    const char *metrics;   // file of gauges for monitoring, in Prometheus' text format; NULL: none
    // STOP is durable (or could not be) and every connection is closed.
    void (*stopped)(void *user);
    void *user;
};

// A listening socket on a numeric address ("" for any) and port (0: any that is free), before privileges are dropped.
// AM_CONFIG, AM_IO.
AM_MUST_USE enum am_err net_bind(const char *address, uint16_t port, struct am_detail *detail, int *ret_fd,
                                 uint16_t *ret_port);

// AM_CONFIG, AM_IO, AM_CERTIFICATE…: with *detail. Nothing is accepted yet.
AM_MUST_USE enum am_err net_new(const struct net_options *options, struct am_detail *detail, struct net **ret_net);
void net_free(struct net *net); // closes every connection; after store_drain; NULL is fine

// What the log says of the time before.
struct net_before {
    bool clean;                    // its last end was one
    const uint8_t *trust, *policy; // SHA-256 of the files then in force; NULL: none
};

// Writes START, and TRUST and POLICY where the file isn't the one that the log knows; then takes connections.
AM_MUST_USE enum am_err net_start(struct net *net, const struct net_before *before);

// What the store calls on the keeper's thread (store_start); `died` is NULL, the program's end is the caller's matter.
struct store_callbacks net_store_callbacks(struct net *net);

// The countries of the trust list, as the hub judges by them. At the start, and by net_reload. AM_NOMEM, AM_INVALID.
AM_MUST_USE enum am_err net_countries_set(struct hub *hub, const struct trust *trust);

// Another policy, in force at once; a POLICY entry where its bytes differ. Takes it over; NULL: none.
void net_policy_set(struct net *net, struct policy *policy);

// The time as this hub believes it, UTC ns: what everything that has a time is given.
uint64_t net_utc(struct net *net);

// Another trust (NULL: as before) and a server certificate read anew: another trust.conf becomes a TRUST entry, live
// sessions are judged again. On failure everything is as before; once the list is in force an entry that couldn't be
// written is tried again at each tick. Takes a reference of its own.
AM_MUST_USE enum am_err net_reload(struct net *net, struct trust *trust, struct am_detail *detail);

// Rosters of files, in order of unit and number.
struct net_rosters {
    struct roster *const *list;
    size_t n;
    struct trust *trust; // the list by which a worker found each good, at net_utc
};

// Those that may have changed, at the start and on HUP: higher numbers become ROSTER entries. They are verified again
// only where another list is in force. Takes references of its own.
void net_rosters_take(struct net *net, const struct net_rosters *rosters);

// TERM: no new connection or call, what is under way ends, then STOP and `stopped`. `text` is kept in the STOP entry.
void net_stop(struct net *net, const char *text);

// Runs a job on a worker and its `done` on the loop, for what the program itself has to read.
struct job;
void net_run(struct net *net, struct job *job);

// Puts the ACCESS entries that waited for a log that may append into it, oldest first and some at a time, and removes
// the file once all are durable; those that a start before this one has put there are left out. Between store_start and
// net_start, or once the clock is believed again; goes on beside the calls that are let in. A file that isn't there is
// AM_OK; one cut short at its end: the rest is left out.
AM_MUST_USE enum am_err net_pending_take(struct net *net, struct am_detail *detail);
