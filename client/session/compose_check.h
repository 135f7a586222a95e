// SPDX-License-Identifier: Apache-2.0
// What can be judged of a message before it is sealed: envelope, flags, body, and what this client has seen of its
// case. One thread.
#pragma once

#include "client/session/compose.h"

struct compose_parts {
    Amana__V1__Header *header;
    Amana__V1__Flags *flags;
    Amana__V1__Body *body;
};

// All of it, in the order in which a person should hear of it: REASON_NONE, or the reason with path and what is allowed
// in *detail (not NULL).
enum reason compose_judge(struct session *session, const struct compose *compose, const struct compose_parts *parts,
                          struct am_detail *detail);

// Whether what was made before may leave still (rule 4): by what its case says by now, and other cases in which its
// persons are found again.
enum reason compose_may_leave(struct session *session, const struct compose_parts *parts, struct am_detail *detail);

// Whether what it answers needed a second person: an alert is what its first version is, and what its newest.
bool compose_of_released(const struct compose *compose);
