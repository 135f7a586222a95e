// SPDX-License-Identifier: Apache-2.0
// Messages of any type with random content, from their descriptors.
#pragma once

#include "proto/codec/arena.h"

// A generator with a state of its own, so that a seed gives the same messages everywhere.
struct random_source {
    uint64_t state;
};
uint32_t random_next(struct random_source *source);

// A seed from the environment variable AMANA_SEED, else from the clock; printed.
struct random_source random_seeded(const char *test);

// Fills about every second field; times are valid, strings are UTF-8, enums known. NULL where the arena ends.
ProtobufCMessage *random_message(struct random_source *source, const ProtobufCMessageDescriptor *type,
                                 struct arena *arena);
