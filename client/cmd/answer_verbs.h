// SPDX-License-Identifier: Apache-2.0
// The verbs that answer a message, one row each: which kind they send, and which of its fields have an option. Pure;
// any thread.
#pragma once

#include "proto/model/kind.h"

#define ANSWER_FIELDS 6

struct answer_verb {
    const char *name; // "ack", "permit ask"
    unsigned kind;
    unsigned outcome; // sent where none is said; 0: the kind has none, or it must be said
    bool fixed;       // the verb stands for its outcome: no other can be said
    bool file;        // the body, and what else is to be said, may come from a FILE; for UPDATE it must
    const char *must; // a field without which the verb says nothing, NULL for none
    const char *fields[ANSWER_FIELDS]; // of the body or of the draft: each an option of that name
    const char *does;
};

// The row of a verb by its name ("amana ack" too); NULL: none.
const struct answer_verb *answer_verb_find(const char *name);
const struct answer_verb *answer_verbs(size_t *ret_count);
