// SPDX-License-Identifier: Apache-2.0
// The verbs that answer a message, one row each: which kind they send, and which of its fields have an option. Pure;
// any thread.
#pragma once

#include "proto/model/kind.h"

#define ANSWER_FIELDS 6

struct answer_verb {
    const char *name; // "ack", "permit ask"
    unsigned kind;
    unsigned outcome;     // sent where none is said; 0: the kind has none, or it must be said
    bool fixed;           // the verb stands for its outcome: no other can be said
    bool file;            // the body, and what else is to be said, may come from a FILE; for UPDATE it must
    const char *must;     // a field without which the verb says nothing, NULL for none
    const char *must_too; // and a second one
    const char *shape;    // what only a FILE can say, as an example; NULL: options can say enough
    const char *instead;  // with `shape`: the field that makes it enough all the same, NULL for none
    const char *fields[ANSWER_FIELDS]; // of the body or of the draft: each an option of that name
    const char *does;
};

// The verb that sends a kind with this outcome; NULL where only `send` does.
const struct answer_verb *answer_verb_of(unsigned kind, unsigned outcome);
// Whether a verb answers a message of this kind that this unit sent, or that came.
bool answer_verb_fits(const struct answer_verb *verb, unsigned kind, bool sent);
// Whether it answers what this unit sent, or what came, whatever the kind.
bool answer_verb_side(const struct answer_verb *verb, bool sent);
// Whether it orders about a message: for who sent it, and its country's data protection office, alone.
bool answer_verb_orders(const struct answer_verb *verb);
// The field of an option by the path of an error, as "contact.telephone"; NULL: no option says it.
const char *answer_verb_field(const struct answer_verb *verb, const char *path);
// The kinds that it answers (KIND_BIT): `accept` a referral alone.
uint32_t answer_verb_on(const struct answer_verb *verb);
// What can be done with such a message: "`amana ack`, `amana hit`"; "nothing" where there is nothing.
#define ANSWER_VERBS_TEXT 384
void answer_verbs_list(unsigned kind, bool sent, char ret_text[ANSWER_VERBS_TEXT]);

// The row of a verb by its name ("amana ack" too); NULL: none.
const struct answer_verb *answer_verb_find(const char *name);
const struct answer_verb *answer_verbs(size_t *ret_count);
