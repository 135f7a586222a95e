// SPDX-License-Identifier: Apache-2.0
// Which entry is told to whom (domain.md, Notices). Hubs send no messages: what they say is an entry with its proof.
// Pure; any thread.
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "proto/model/error.h"

// Every device of these units; of each, those where its supervisors sit, and of the units that policy names for them.
enum notice_to {
    TOLD_ORIGINATOR = 1, // of the message that it is about
    TOLD_RECIPIENT = 2,  // the one whose delivery or life it is about
    TOLD_RECIPIENTS = 4, // all of them
    TOLD_SUPERVISORS = 8,
    TOLD_DPO = 16,       // of the originator's country, where a CONFIRM is waited for
    TOLD_RELEASING = 32, // whose supervisors release it
};

struct notice {
    uint8_t entry;     // EntryKind.Code
    uint8_t to;        // enum notice_to
    const char *words; // what a person reads first: "late"
};

// The row of an entry; NULL: it is told to nobody.
const struct notice *notice_get(unsigned entry);
