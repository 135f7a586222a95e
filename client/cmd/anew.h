// SPDX-License-Identifier: Apache-2.0
// A message of this unit that a recipient could not open, as a draft to be sealed anew: to the newest roster of that
// unit, or to who took its place. One thread.
#pragma once

#include "amana/v1/draft.pb-c.h"
#include "client/cmd/command.h"
#include "client/session/seal.h"

struct anew {
    Amana__V1__Draft draft; // what was said, referencing the message that it repeats
    Amana__V1__Pointer *references[1], pointer;
    uint8_t digest[32];
    char to[LIMIT_ADDRESS + 1];
};

// id: of a sent message that answers none. to: whom it goes to; NULL: who answered that it can't be opened, or the
// successor of that unit where it is closed and there is a link (online). The draft lives in the arena; wipe it.
// AM_INVALID for an answer; AM_NOT_FOUND where nobody said so.
AM_MUST_USE enum am_err anew_draft(struct command *command, const char *id, const char *to, bool online,
                                   struct arena *arena, struct am_detail *detail, struct anew *ret_anew);

// What a message of this unit said, as a draft: envelope, flags and body, without recipients; how it is released is
// asked anew. Borrows from *opened.
AM_MUST_USE enum am_err anew_copy(const struct opened *opened, struct arena *arena, Amana__V1__Draft *draft);

// Whether a message that came says that what this unit sent could not be opened; ret_id (STORE_ID) then names that one.
bool anew_asked(const Amana__V1__Header *header, char ret_id[STORE_ID]);
