// SPDX-License-Identifier: Apache-2.0
// Every way to fail, in one list, each with the text a person reads; and the idioms that go with it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define AM_ERRORS(X)                                                                                                   \
    X(OK, "no error")                                                                                                  \
    X(NOMEM, "out of memory")                                                                                          \
    X(PROTO, "the peer broke the protocol")                                                                            \
    X(DENIED, "not allowed by policy")                                                                                 \
    X(FULL, "no space left")                                                                                           \
    X(INVALID, "a value is not allowed")                                                                               \
    X(TOO_LARGE, "larger than the limit")                                                                              \
    X(NOT_FOUND, "no such thing")                                                                                      \
    X(EXISTS, "it is there already")                                                                                   \
    X(IO, "reading or writing failed")                                                                                 \
    X(CRYPTO, "a cryptographic operation failed")                                                                      \
    X(SIGNATURE, "the signature is not valid")                                                                         \
    X(CERTIFICATE, "the certificate is not acceptable")                                                                \
    X(REVOKED, "the certificate is revoked")                                                                           \
    X(EXPIRED, "it is no longer valid")                                                                                \
    X(ERASED, "the content was erased")                                                                                \
    X(SEAL, "the sealed content cannot be opened")                                                                     \
    X(PROOF, "the proof does not hold")                                                                                \
    X(FORK, "the log signed two different histories")                                                                  \
    X(ROLLBACK, "the log is older than what it showed before")                                                         \
    X(CONFLICT, "the state changed meanwhile")                                                                         \
    X(CORRUPT, "the stored data is damaged")                                                                           \
    X(VERSION, "a format version that this program does not know")                                                     \
    X(BUSY, "too much is under way")                                                                                   \
    X(UNAVAILABLE, "the other side can't be reached")                                                                  \
    X(READ_ONLY, "the log may not append")                                                                             \
    X(CONFIG, "the configuration is not valid")                                                                        \
    X(USAGE, "the command line is not valid")

#define AM_ENUM_MEMBER(name, text) AM_##name,
enum am_err { AM_ERRORS(AM_ENUM_MEMBER) AM_ERR_COUNT };

// The text of an error, in English, without a full stop. Never NULL; any thread.
const char *am_err_text(enum am_err err);

// What a person needs besides the error: which field or file, what is allowed, what to do.
// Filled by the function that fails; a caller that wants no detail passes NULL.
struct am_detail {
    char field[160]; // path of the field ("recipients[2].unit"), a file name, or ""
    char text[320];  // what is wrong and what is allowed, one sentence
    unsigned line;   // 1-based line in a text file, 0 when there is none
};

// Fills *detail (may be NULL) printf-like and returns err, so that a failing line is one statement.
__attribute__((format(printf, 4, 5))) enum am_err am_fail(enum am_err err, struct am_detail *detail, const char *field,
                                                          const char *format, ...);

#define TRY(expr)                                                                                                      \
    do {                                                                                                               \
        enum am_err try_err_ = (expr);                                                                                 \
        if (try_err_ != AM_OK)                                                                                         \
            return try_err_;                                                                                           \
    } while (0)
#define AM_CLEANUP(fn) __attribute__((cleanup(fn)))
#define AM_MUST_USE    __attribute__((warn_unused_result))
#define AM_LEN(array)  (sizeof(array) / sizeof((array)[0]))

// Bytes that somebody else owns.
struct am_bytes {
    const uint8_t *data;
    size_t len;
};
