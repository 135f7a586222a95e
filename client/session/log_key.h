// SPDX-License-Identifier: Apache-2.0
// The verifier key of a hub's log (C2SP signed-note) and the text that it signs (C2SP tlog-checkpoint). Pure; any
// thread.
#pragma once

#include "proto/log/merkle.h"

// A signed tree head of the log; its origin is known from elsewhere.
struct log_checkpoint {
    uint64_t size;
    uint8_t root[LOG_HASH_SIZE];
    uint8_t signature[68]; // key hash (4), Ed25519 (64)
};

#define LOG_KEY_NOTE 640 // bytes that hold any checkpoint's note text with its NUL

// Whether `key` ("origin+hash+base64") signed this checkpoint of `origin`. AM_SIGNATURE; AM_CONFIG for a key that is
// none.
AM_MUST_USE enum am_err log_key_verify(const char *key, const char *origin, const struct log_checkpoint *checkpoint,
                                       struct am_detail *detail);

// The whole signed note: text, blank line, signature line.
void log_key_note(const char *origin, const struct log_checkpoint *checkpoint, char ret_note[LOG_KEY_NOTE]);
