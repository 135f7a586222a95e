// SPDX-License-Identifier: Apache-2.0
// A case over a real store, for the tests of what a listed state's unit knows of a life. A message's seq is its number
// in the fixture; the first is the root.
#pragma once

#include "amana/v1/message.pb-c.h"
#include "proto/model/kind.h"
#include "proto/model/life.h"
#include "proto/model/limits.h"
#include "server/net/due_apart.h"
#include "tests/unit/store_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

// To the post, or to others alone; it is in the fixture, and not written.
struct kit_message *message_of(struct kit_cases *fixture, const char *from, unsigned kind, bool to_post);
// Says in its entry that it moved the post's life of the first message.
void moves(struct kit_cases *fixture, struct kit_message *message, uint8_t from, uint8_t to);
void moves_of(struct kit_cases *fixture, struct kit_message *message, const char *recipient, uint8_t from, uint8_t to);
void retrieved(struct kit_message *message);
void written(struct kit_cases *fixture, struct kit_message *message);
void others_write(struct kit_cases *fixture, size_t n);
// From now on: what the post hasn't retrieved is withheld.
void shield(struct kit_cases *fixture);
// An alert that the post has, and one of its versions that it hasn't; another version; an answer of the post.
void alert_and_update(struct kit_cases *fixture);
struct kit_message *version_of(struct kit_cases *fixture, const char *from, bool to_post);
void answer(struct kit_cases *fixture, uint8_t from, uint8_t to);
// Where a look at a deadline asks for what the post has in hand: fills that. Whether it did.
bool in_hand_asked(struct due_place *places, const struct in_hand *in_hand);

// An entry by the clock, of the post's life of the first message.
void by_the_clock(struct kit_cases *fixture, Amana__V1__EntryContent *content, uint8_t kind);
// … which one unit is told of.
void told_by_the_clock(struct kit_cases *fixture, Amana__V1__EntryContent *content, uint8_t kind, const char *unit);
Amana__V1__Pointer pointer_of(struct kit_cases *fixture, unsigned message);
