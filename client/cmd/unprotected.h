// SPDX-License-Identifier: Apache-2.0
// What concerns a child and went without the protection unit of its sender's country (rule 3), which the hub has
// entered as an ALARM: said to the officer, who alone can still tell somebody. One thread.
#pragma once

#include "client/session/session.h"

#include <stdio.h>

struct unprotected {
    bool is;        // of this unit's own messages alone, while the body is here
    char text[448]; // what has happened, and whom to tell how
};

// Looks at a message that was accepted. Opens its body only where it may be one.
void unprotected_look(struct session *session, const Amana__V1__Kept *kept, struct unprotected *ret_unprotected);

// Nothing where it is none.
void unprotected_print(const struct unprotected *unprotected, FILE *out);
