// SPDX-License-Identifier: Apache-2.0
// What goes over the socket pair between hub and signer: fixed frames, both ends from one program.
#pragma once

#include "server/signer/signer.h"

enum signer_ask {
    SIGNER_ASK_READY, // answered with the record's size, or SIGNER_SAYS_NONE where there is no record
    SIGNER_ASK_MORE,  // leaf hashes after the record, while the log is judged
    SIGNER_ASK_JUDGE, // (size, root) of the log
    SIGNER_ASK_SIGN,  // a batch
};
struct signer_request {
    uint32_t ask; // enum signer_ask
    uint32_t n;   // leaf hashes that follow, at most SIGNER_BATCH
    uint64_t size;
    uint8_t root[LOG_HASH_SIZE];
};

enum signer_says { SIGNER_SAYS_DONE, SIGNER_SAYS_NONE, SIGNER_SAYS_REFUSED, SIGNER_SAYS_FAILED };
struct signer_answer {
    uint32_t says;      // enum signer_says
    uint32_t judgement; // enum signer_judgement, to SIGNER_ASK_JUDGE
    uint64_t size;
    uint8_t signature[LOG_SIGNATURE_SIZE];
    uint8_t reserved[4];
};

// Whole reads and writes; AM_IO at an end or a failure.
AM_MUST_USE enum am_err signer_read(int fd, void *data, size_t len);
AM_MUST_USE enum am_err signer_write(int fd, const void *data, size_t len);
