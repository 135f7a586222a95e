// SPDX-License-Identifier: Apache-2.0
// One call that ends what waits for its second person without sending it: a SendBack, or a Release of one that was
// DEFERRED.
#pragma once

#include "server/net/waiting.h"

struct settling {
    struct call *call; // holds it
    struct job job;
    struct hub_settlement settlement;
    const Amana__V1__Pointer *message; // Release: which
    struct registry *registry;
    uint64_t now_ns;
    struct arena arena; // what the check found; anew for each check
};

// Has a worker look, then the hub decide; settle_reply answers the call. The call is held until then.
void settle_start(struct settling *settling);
void settle_clear(struct settling *settling);
