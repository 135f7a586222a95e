// SPDX-License-Identifier: Apache-2.0
// By when a message has to be acknowledged and answered, as far as is known here. One thread.
#pragma once

#include "client/session/session.h"
#include "proto/model/kind.h"

// The urgency of what it answers, of a CANCEL that of the newest version, by the messages that are here; its own where
// there are none.
unsigned due_here_by(struct session *session, const Amana__V1__Header *header);

// As kind_due by that urgency, from acceptance by the hub, UTC ns.
struct kind_due due_here(struct session *session, const Amana__V1__Header *header, uint64_t accepted_ns);
