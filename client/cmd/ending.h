// SPDX-License-Identifier: Apache-2.0
// Certificates whose end would stop this desk, or that its country should renew: told where people look every day. One
// thread.
#pragma once

#include "client/session/session.h"

#define ENDING_OVERSIGHT                                                                                               \
    "ends or has ended: it is sealed to all the same, until your registrar names another in trust.conf"

// Whether the oversight of this unit's country ends within CERTS_SOON_NS, or has ended.
bool ending_oversight(const struct session *session);

// A line on stderr for each of this desk's own certificates and its country's oversight that ends within CERTS_SOON_NS
// or has ended, and for an oversight that is revoked; nothing else.
void ending_tell(struct session *session);
