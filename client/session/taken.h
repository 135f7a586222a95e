// SPDX-License-Identifier: Apache-2.0
// How the hub took a message, by its entry in the log. Any thread.
#pragma once

#include "client/session/store.h"

struct taken {
    bool entry;     // it stands in the log as SUBMITTED
    bool crossed;   // what it answers was over or replaced before it came (domain.md, lives)
    bool crl_stale; // the hub could not see who had been revoked
};

// What waits in the outbox has none of it.
void taken_look(const Amana__V1__Kept *kept, struct taken *ret_taken);

// Whether it moved the life of that recipient unit. true of what is not in the log yet: nobody has judged it.
bool taken_moved(const Amana__V1__Kept *kept, const char *recipient);
// Where it moved that life to; false where it moved it nowhere, or is not in the log.
bool taken_to(const Amana__V1__Kept *kept, const char *recipient, uint8_t *ret_state);
