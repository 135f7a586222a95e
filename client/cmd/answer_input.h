// SPDX-License-Identifier: Apache-2.0
// The arguments of a verb that answers, and its options, made from its row in answer_verbs.h. One thread.
#pragma once

#include "client/cmd/answer_verbs.h"
#include "client/cmd/command.h"
#include "client/session/shield.h"
#include "proto/model/limits.h"

#include <jansson.h>

struct answer_input {
    struct command command;
    const struct answer_verb *verb;
    const struct kind *kind;
    const char *id, *file;
    json_t *said;         // what the options say, as a draft in JSON
    struct shield shield; // of the case
    struct {
        const char *unit;
        Amana__V1__Part__Code part;
    } to[LIMIT_RECIPIENTS];
    size_t n_to;
    const char *untaken[LIMIT_RECIPIENTS]; // units to which the hub lets nothing of this answer go
    size_t n_untaken;
    const char *releasing[LIMIT_REFERENCES + 2]; // units that released what is named: they have it too
    size_t n_releasing;
    bool yes, dry_run, again;
};

// The argp of input->verb: static, as a program runs one verb.
const struct argp *answer_argp(const struct answer_input *input);
// The outcomes of the verb's kind for people: "FULL, PARTIAL, NO_DATA". Static.
const char *answer_outcomes(const struct answer_input *input);
