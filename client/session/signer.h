// SPDX-License-Identifier: Apache-2.0
// What has become of the officer who signed a message, by the lists and rosters that are here: judged at the time of
// its entry in the log (security.md, Keys and certificates). One thread.
#pragma once

#include "client/session/session.h"

enum signer_state {
    SIGNER_GOOD,
    SIGNER_REMOVED,       // since: not on the newest roster of the unit that is kept here
    SIGNER_REVOKED_SINCE, // after the entry
    SIGNER_REVOKED,       // before it, or it was known to be when the message came
};

struct signer {
    enum signer_state state;
    char words[160]; // for people; "" for SIGNER_GOOD
};

// Asks nobody. What can't be looked up says nothing.
void signer_look(struct session *session, const Amana__V1__Kept *kept, const Amana__V1__Header *header,
                 struct signer *ret_signer);

// "REMOVED", "REVOKED_SINCE", "REVOKED"; NULL for SIGNER_GOOD.
const char *signer_state_name(enum signer_state state);
