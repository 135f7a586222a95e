// SPDX-License-Identifier: Apache-2.0
// Checkpoints of the log as C2SP signed notes (signed-note, tlog-checkpoint): their text, signature and keys. Any
// thread.
#pragma once

#include "proto/log/leaf.h"

#include <openssl/evp.h>

#define LOG_ORIGIN_MAX     255u // bytes of an origin without its NUL
#define LOG_SIGNATURE_SIZE 68u  // key hash (4) and Ed25519 signature (64)
#define LOG_VKEY_MAX       320u // bytes of "origin+hash+base64" with its NUL
#define LOG_NOTE_MAX       768u // bytes of a whole signed note of ours with its NUL

struct log_checkpoint {
    uint64_t size; // leaves
    uint8_t root[LOG_HASH_SIZE];
    uint8_t signature[LOG_SIGNATURE_SIZE];
};

// A log's verifier key. Cleared with log_verifier_clear; one of zeros is cleared.
struct log_verifier {
    char origin[LOG_ORIGIN_MAX + 1]; // and key name
    uint8_t hash[4];                 // first bytes of SHA-256(name ‖ "\n" ‖ 0x01 ‖ key)
    uint8_t key[32];                 // Ed25519
    EVP_PKEY *pkey;
};

// Parses a C2SP verifier key, "origin+74e4e3e5+AT…" with algorithm 0x01. AM_INVALID with what is allowed; AM_CRYPTO.
AM_MUST_USE enum am_err log_verifier_parse(const char *vkey, struct am_detail *detail,
                                           struct log_verifier *ret_verifier);
void log_verifier_clear(struct log_verifier *verifier);

// The verifier key's text of an Ed25519 key pair. AM_INVALID for an origin that can't be one; AM_CRYPTO.
AM_MUST_USE enum am_err log_vkey_text(const char *origin, EVP_PKEY *key, char ret_vkey[LOG_VKEY_MAX]);

// True where the text can be an origin: 1 to 255 printable ASCII bytes without space or '+'.
int log_origin_valid(const char *origin);

// What is signed: "origin\nsize\nbase64(root)\n". Returns its length. The origin must be a valid one.
size_t log_checkpoint_text(const char *origin, const struct log_checkpoint *checkpoint, char ret_text[LOG_NOTE_MAX]);

// Signs with the log's key; fills checkpoint->signature. AM_INVALID for an origin that can't be one; AM_CRYPTO.
AM_MUST_USE enum am_err log_checkpoint_sign(const char *origin, EVP_PKEY *key, struct log_checkpoint *checkpoint);

// AM_SIGNATURE unless the verifier's key signed this checkpoint under its origin; AM_NOMEM, AM_CRYPTO.
AM_MUST_USE enum am_err log_checkpoint_verify(const struct log_verifier *verifier,
                                              const struct log_checkpoint *checkpoint);

// The whole signed note: text, empty line, "— origin base64(signature)". Returns its length.
size_t log_note_print(const char *origin, const struct log_checkpoint *checkpoint, char ret_note[LOG_NOTE_MAX]);

#define LOG_NOTE_LINES 16u           // signature lines of anybody's note at most
#define LOG_NOTE_LIMIT (128u * 1024) // bytes of anybody's note at most: 16 post-quantum signatures fit

// Reads a signed note and believes it only if the verifier's key signed it: exactly three lines of text and no
// extension line, then signature lines. Lines of other names or key hashes are left alone (C2SP signed-note: another
// key of the log, a witness); each of the verifier's must hold. AM_TOO_LARGE past either limit; AM_PROTO where it is no
// note or no checkpoint; AM_SIGNATURE where it is another log's, or the verifier's signature is missing or false.
AM_MUST_USE enum am_err log_note_open(struct am_bytes note, const struct log_verifier *verifier,
                                      struct log_checkpoint *ret_checkpoint);
