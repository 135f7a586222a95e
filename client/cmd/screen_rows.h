// SPDX-License-Identifier: Apache-2.0
// Every field of a message that says something, as rows for people: found by the descriptor, so none is forgotten when
// the body grows. One thread.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

// "  needs            water and food, medical check". skip: names of fields that were printed otherwise, ended by NULL;
// NULL: none. Parts of parts are indented by two more.
void screen_rows(FILE *out, const ProtobufCMessage *message, unsigned indent, const char *const *skip);

// The same under a heading, for each element of a list.
void screen_list(FILE *out, const char *heading, ProtobufCMessage *const *elements, size_t count, unsigned indent,
                 const char *const *skip);
