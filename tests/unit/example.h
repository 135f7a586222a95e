// SPDX-License-Identifier: Apache-2.0
// The examples in tests/data, one of each kind, as drafts and as what a rule is asked about.
#pragma once

#include "amana/v1/draft.pb-c.h"
#include "proto/codec/arena.h"
#include "proto/model/error.h"

// Where a kind's example stands: "tests/data/cannot-execute-moyale.json".
void example_path(unsigned kind, char ret_path[64]);

// Its text, malloc'ed. Aborts the test where it can't be read.
char *example_text(unsigned kind);

// A draft written at EXAMPLE_NS as the rules see it: header and flags that borrow from it, and its body.
#define EXAMPLE_NS         (1795867200ull * 1000000000) // 2026-11-28T12:00:00Z
#define EXAMPLE_RECIPIENTS 8u
struct example {
    Amana__V1__Header header;
    Amana__V1__Flags flags;
    Amana__V1__Body body;
    Google__Protobuf__Timestamp written_at;
    Amana__V1__UnitRoster sender; // police of Kenya, whoever the example is of
    Amana__V1__Recipient recipients[EXAMPLE_RECIPIENTS], *list[EXAMPLE_RECIPIENTS]; // the header's: not to be copied
};
void example_of_draft(const Amana__V1__Draft *draft, struct example *ret_example);
