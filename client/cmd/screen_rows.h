// SPDX-License-Identifier: Apache-2.0
// Every field of a message that says something, as rows for people: found by the descriptor, so none is forgotten when
// the body grows. One thread.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdio.h>

struct screen_how {
    const char *const *skip;  // names of fields that were printed otherwise, ended by NULL; NULL: none. Of parts: none
    const char *no_detention; // why nobody is to DETAIN a person, said behind it; NULL: nothing is against it
};

// "  needs            water and food, medical check". how: NULL for nothing of it. Parts of parts are indented by two
// more.
void screen_rows(FILE *out, const ProtobufCMessage *message, unsigned indent, const struct screen_how *how);

// The same under a heading, for each element of a list.
void screen_list(FILE *out, const char *heading, ProtobufCMessage *const *elements, size_t count, unsigned indent,
                 const struct screen_how *how);
