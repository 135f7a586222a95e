// SPDX-License-Identifier: Apache-2.0
// Who has signed that a recipient of a message was told of it by telephone or a visit: proved once both sides have
// (domain.md, Who is told). Pure; any thread.
#pragma once

#include "amana/v1/message.pb-c.h"
#include "proto/model/limits.h"

#include <stddef.h>
#include <stdint.h>

// A bit for each recipient of the message, in its order. Begins with zeros.
struct told {
    uint64_t by_sender, by_recipient;
};
_Static_assert(LIMIT_RECIPIENTS <= 64, "a bit for each recipient");

// What one that answers `of` says: a CONTACT with the outcome TOLD, or an ACK that carries told_at.
void told_take(struct told *told, const Amana__V1__Header *of, const Amana__V1__Header *later);

// "both", "sender", "recipient"; NULL where nobody says so.
const char *told_by(const struct told *told, size_t recipient);

// "told: signed by both sides", or by whom alone and how it is proved; "" where nobody says so.
#define TOLD_TEXT 256
const char *told_words(const struct told *told, const Amana__V1__Header *of, size_t recipient,
                       char ret_text[TOLD_TEXT]);
