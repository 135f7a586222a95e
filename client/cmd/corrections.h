// SPDX-License-Identifier: Apache-2.0
// What a message's CORRECTIONs say is right instead: for whoever reads the message, which stands there as it was sent.
// One thread.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "client/cmd/answers.h"

#include <stdio.h>

struct corrections {
    const struct answers *answers; // NULL: nothing is known of any
    size_t n;
    const Amana__V1__Correction *list[ANSWERS_CORRECTIONS]; // in the order of the log; NULL: can't be read any more
    const char *since[ANSWERS_CORRECTIONS];                 // what came after each: it may be wrong itself
};

// Opens those that `answers` (may be NULL) names, in the arena. Errors of the store.
AM_MUST_USE enum am_err corrections_read(struct session *session, const struct answers *answers, struct arena *arena,
                                         struct corrections *ret_corrections);

// The lines that stand above the message, nothing where there is none: who is what, which field is what. What a person
// is called, and the like, stands in the CORRECTION alone.
void corrections_print(const struct corrections *corrections, FILE *out);

// The last word on the roles of the person of that label; NULL where there is none, and for "".
const Amana__V1__RoleChange *corrections_of(const struct corrections *corrections, const char *label);

// Whether that says that somebody is no suspect (NULL: no).
bool corrections_free(const Amana__V1__RoleChange *change);

// Whether each has been read: what one says that has not may be that somebody is no suspect.
bool corrections_whole(const struct corrections *corrections);
