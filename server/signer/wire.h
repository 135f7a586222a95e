// SPDX-License-Identifier: Apache-2.0
// What goes over the socket pair between hub and signer: fixed frames, both ends from one program. One thread.
#pragma once

#include "server/signer/signer.h"

#define SIGNER_ARGUMENTS 6 // amanad --signer FOLDER ORIGIN UID GID, with the socket as descriptor 3

enum signer_ask {
    SIGNER_ASK_READY, // answered with the record's size, or SIGNER_SAYS_NONE where there is no record
    SIGNER_ASK_MORE,  // leaf hashes after the record, while the log is judged
    SIGNER_ASK_JUDGE, // (size, root) of the log
    // A batch that is being committed: worked out and signed meanwhile, and kept. Not answered; another one replaces
    // it.
    SIGNER_ASK_PREPARE,
    SIGNER_ASK_SIGN, // (size, root) of the batch that was prepared: recorded, and its signature given
};
struct signer_request {
    uint32_t ask; // enum signer_ask
    uint32_t n;   // leaf hashes that follow, at most SIGNER_BATCH
    uint64_t size;
    uint8_t root[LOG_HASH_SIZE];
};

enum signer_says { SIGNER_SAYS_DONE, SIGNER_SAYS_NONE, SIGNER_SAYS_REFUSED };
enum signer_refusal {
    SIGNER_REFUSED_NOT,
    SIGNER_REFUSED_JUDGEMENT, // see judgement
    SIGNER_REFUSED_UNPREPARED,
    SIGNER_REFUSED_UNJUDGED, // no batch before the log was found to be the one signed
    SIGNER_REFUSED_EMPTY,    // no leaf
    SIGNER_REFUSED_SIZE,     // not the size that these leaves lead to: a smaller one, or a gap
    SIGNER_REFUSED_ROOT,     // not the root that they lead to
    SIGNER_REFUSALS
};
struct signer_answer {
    uint32_t says;      // enum signer_says
    uint32_t judgement; // enum signer_judgement, to SIGNER_ASK_JUDGE
    uint64_t size;
    uint8_t signature[LOG_SIGNATURE_SIZE];
    uint32_t refusal; // enum signer_refusal
};

// Whole reads and writes; AM_UNAVAILABLE at an end or a failure.
AM_MUST_USE enum am_err signer_read(int fd, void *data, size_t len);
AM_MUST_USE enum am_err signer_write(int fd, const void *data, size_t len);
