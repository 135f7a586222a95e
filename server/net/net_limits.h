// SPDX-License-Identifier: Apache-2.0
// The limits that an operator may set (amanad.conf, limits { … }); a member that is 0 stands for its default, most of
// them in proto/model/limits.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct net_limits {
    uint32_t handshakes_per_s;     // from one address
    uint32_t handshakes_address;   // open at once from one address
    uint32_t handshakes_open;      // before authentication, in all
    uint32_t handshake_s;          // seconds that one may take
    uint32_t connections;          // in all
    uint32_t connections_identity; // of one identity
    uint32_t first_request_s;      // seconds from the handshake to the first request
    uint32_t keepalive_s;          // of silence after which the hub asks whether the client is there
    uint32_t requests_per_s;       // of one identity
    uint32_t in_flight;            // of one identity, of what is checked or written
    uint32_t replays;              // of one identity, under way
    uint32_t streams;              // calls open at once on a connection
    uint32_t resets;               // of streams, in LIMIT_RESETS_NS
    size_t header_list;            // bytes of a request's headers
    size_t connection_memory;      // bytes of one connection
    size_t identity_memory;        // bytes of one identity
    size_t memory;                 // bytes in all
    uint32_t short_s;              // seconds of memory being short until the connection that holds most is ended
    size_t jobs;                   // under way in the workers, past which sockets are left unread
};
