// SPDX-License-Identifier: Apache-2.0
// How a message of this unit stands at its recipients by what has come here and was proved: for where there is no link.
// One thread.
#pragma once

#include "amana/v1/relay.pb-c.h"
#include "client/cmd/answers.h"
#include "client/session/evidence.h"
#include "client/session/shield.h"

// What is kept here of it.
struct status_known {
    const Amana__V1__Header *header;
    const struct evidence *evidence;
    const struct answers *answers;
    const struct shield *shield; // of its case
    uint64_t now;                // UTC ns
};

// As Relay.Status has it, with what is known here: QUEUED is what nobody has said to have it. In the arena, from which
// it borrows too. AM_NOMEM.
AM_MUST_USE enum am_err status_kept(struct session *session, const Amana__V1__Kept *kept,
                                    const struct status_known *known, struct arena *arena,
                                    Amana__V1__MessageStatus **ret_row);
