// SPDX-License-Identifier: Apache-2.0
// The listening socket. On the loop.
#pragma once

#include "server/net/net.h"

// Over options.listen_fd, which it owns from then on; takes nobody before net_start. AM_NOMEM.
AM_MUST_USE enum am_err listener_new(struct net *net);

// Takes connections while there is room for their handshakes or one that stands still can give way to them, leaves them
// in the backlog otherwise.
void listener_mind(struct net *net);
void listener_free(struct net *net);
