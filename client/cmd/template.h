// SPDX-License-Identifier: Apache-2.0
// The commented template of a kind that stands alone, or that answers with more than options can say, made from the
// descriptors of Draft and its parts and from the kind's row so that it can't drift: each field with what it is and the
// values it takes. Pure; any thread.
#pragma once

#include "client/session/policy.h"

#include <stdbool.h>
#include <stdio.h>

// What is filled in. Strings may be "".
struct template_defaults {
    const char *unit;            // own address: country and agency of case_ref
    const char *protection_unit; // of the own country
    unsigned year;
    // By policy, for the recipients below; basis 0 and handling 0: as policy says once they are known, or by hand.
    const struct policy_filling *filling; // NULL: nothing is known of a policy
    char *const *to;                      // who must act
    size_t n_to;
    bool answers; // what goes into the FILE of a verb that answers, alone: the rest comes from what it answers
};

// Whether a message of this kind is begun from a template: it is served, and answers nothing by itself or has a verb
// that needs a FILE.
bool template_has(unsigned kind);

// Whether one of this kind may answer a message too.
bool template_answers(unsigned kind);

// AM_IO.
AM_MUST_USE enum am_err template_print(unsigned kind, const struct template_defaults *defaults, FILE *out);
