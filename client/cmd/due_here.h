// SPDX-License-Identifier: Apache-2.0
// By when a message has to be acknowledged and answered, as far as is known here. One thread.
#pragma once

#include "client/session/session.h"
#include "proto/model/kind.h"

// As kind_due, from acceptance by the hub, UTC ns. The urgency of what it answers is that of the message that is here;
// its own where that isn't.
struct kind_due due_here(struct session *session, const Amana__V1__Header *header, uint64_t accepted_ns);
