// SPDX-License-Identifier: Apache-2.0
// What each field of a draft is in words, and what stands in its place in a template. Texts are static. Pure; any
// thread.
#pragma once

#include <protobuf-c/protobuf-c.h>

// A field of a template. value: JSON that stands there, "*" for a nested message or list printed in full, NULL for a
// field that is printed as a comment, to be taken in where it is known; TEMPLATE_SKIP for other kinds' fields, which
// stand in no template. "$…": what the verb fills in.
#define TEMPLATE_SKIP ((const char *)-1)
struct template_hint {
    const char *field, *words, *value; // "Message.field", as in the .proto
};

// The field's row; NULL: it stands in no template.
const struct template_hint *template_hint_of(const ProtobufCMessageDescriptor *type,
                                             const ProtobufCFieldDescriptor *field);

// Where the field says something else in messages of this kind, what; NULL: it says the same.
const char *template_kind_words(unsigned kind, const ProtobufCMessageDescriptor *type,
                                const ProtobufCFieldDescriptor *field);

// What a field of a message of this kind is, in words: the template's, else those of its comment in the .proto; NULL
// where there are none.
const char *template_words(unsigned kind, const ProtobufCMessageDescriptor *type,
                           const ProtobufCFieldDescriptor *field);
