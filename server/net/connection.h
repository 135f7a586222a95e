// SPDX-License-Identifier: Apache-2.0
// What handshake and session of a connection share. On the loop.
#pragma once

#include "server/net/internal.h"

#define HANDSHAKE_STEPS 8u // in one turn: a storm of them doesn't starve live sessions

void connection_want(struct connection *connection, bool read, bool write);        // events
void connection_timer(struct connection *connection, uint64_t at);                 // monotonic ns; may come too early
void connection_state(struct connection *connection, enum connection_state state); // out of a handshake: counted once
void connection_close(struct connection *connection);                              // at the end of the turn
void connection_closing(struct connection *connection); // our half ends; the peer's is drained

// Goes on with it as far as the socket lets it, one step of this turn's HANDSHAKE_STEPS; without any left it waits for
// the next turn. The connection may be closing after.
void handshake_step(struct connection *connection);
// Handshakes that this address has open.
unsigned handshakes_of(const struct net *net, const uint8_t key[16]);
// The oldest (of one address; NULL: of all) that has stood still for long enough to give way to another. NULL: none;
// listener_mind is called when there will be one.
struct connection *handshake_still(struct net *net, const uint8_t key[16]);

// It counts among those that are open, and has its time from now.
void handshake_begin(struct connection *connection);
void handshake_end(struct connection *connection);                 // it has become something else
void handshake_resume(evutil_socket_t fd, short what, void *user); // a turn later: those that found no step left
