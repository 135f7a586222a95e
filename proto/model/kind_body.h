// SPDX-License-Identifier: Apache-2.0
// The body of a kind, found by the descriptors of Draft and Body: its field has the kind's JSON name in both, so that a
// new kind's body needs its .proto message and no code. Pure; any thread.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "amana/v1/draft.pb-c.h"
#include "proto/model/kind.h"

// The kind whose body `in`, a Draft or a Body, carries; 0 where it carries none.
unsigned kind_body_which(const ProtobufCMessage *in);

// That body; NULL where it carries none.
ProtobufCMessage *kind_body_get(const ProtobufCMessage *in);

// Makes it the body of `in` (borrowed); NULL leaves `in` without one. False where this kind has no body in `in`.
bool kind_body_set(unsigned kind, ProtobufCMessage *in, ProtobufCMessage *body);

// The descriptor of a kind's body, NULL where it has none yet.
const ProtobufCMessageDescriptor *kind_body_type(unsigned kind);

// The field whose line stands for it in a list: its first text that says something. NULL where there is none.
const ProtobufCFieldDescriptor *kind_body_title_field(const ProtobufCMessage *body);
// That line; "" where there is none, and for NULL.
const char *kind_body_title(const ProtobufCMessage *body);

// The text of the field of that name; "" where it says nothing, the kind has no such field, and for NULL.
const char *kind_body_text(const ProtobufCMessage *body, const char *name);
