// SPDX-License-Identifier: Apache-2.0
// A message of any type in which every field says something, from its descriptor.
#pragma once

#include "proto/codec/arena.h"

#include <protobuf-c/protobuf-c.h>

// Every field is set, at every depth: lists have one element, codes their last value, texts the field's name, times
// one second each. Members of a oneof are left alone. Aborts the test where the arena ends.
ProtobufCMessage *full_message(const ProtobufCMessageDescriptor *type, struct arena *arena);

// Sets a member of a oneof to such a message.
void full_member(ProtobufCMessage *message, const ProtobufCFieldDescriptor *member, struct arena *arena);
