// SPDX-License-Identifier: Apache-2.0
// What was taken from the mailbox and kept is acknowledged: messages under the device's signature, one statement for
// each originating unit, notices and copies by their number (domain.md, Delivery). One thread.
#pragma once

#include "client/session/session.h"
#include "proto/log/leaf.h"

#define ACKNOWLEDGE_BATCH 32u // messages, and notices, acknowledged together

struct acknowledge_row {
    uint64_t seq;
    uint8_t digest[LOG_HASH_SIZE]; // of the header
    char originator[LIMIT_ADDRESS + 1];
    char id[STORE_ID]; // the key of its row in the inbox
};

// What waits to be acknowledged. All 0: nothing.
struct acknowledge {
    struct acknowledge_row messages[ACKNOWLEDGE_BATCH];
    size_t n_messages;
    uint64_t notices[ACKNOWLEDGE_BATCH]; // and copies
    size_t n_notices;
};

// One that is durable in the store joins the rest, which may not be full. Strings are copied.
void acknowledge_message(struct acknowledge *taken, uint64_t seq, const uint8_t digest[LOG_HASH_SIZE],
                         const char *originator, const char *key);
void acknowledge_notice(struct acknowledge *taken, uint64_t seq);

// Whether it has to be sent before anything else is taken.
bool acknowledge_full(const struct acknowledge *taken);

// Signs, hands in, and marks the messages as told in the inbox; *taken is empty then. Nothing to do: AM_OK without a
// call. Errors of session_key and session_call; AM_IO, AM_FULL, AM_NOMEM of the store.
AM_MUST_USE enum am_err acknowledge_send(struct session *session, struct acknowledge *taken, struct am_detail *detail);
