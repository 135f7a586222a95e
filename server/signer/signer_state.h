// SPDX-License-Identifier: Apache-2.0
// What the signer remembers: size, root and compact range of what it last signed, in two slots written in turn; and the
// judgement of a log against it at start (audit.md, The signer). Used by the signer's process alone, and by fsck to
// read. One thread.
#pragma once

#include "proto/log/merkle.h"

#define SIGNER_SLOT_SIZE 4096u // bytes; one write of a slot is never mixed with the other's

struct signer_state {
    int fd;           // record file, locked
    uint64_t counter; // of the slot last written
    struct merkle_range range;
};

// Makes the record of an empty log, durable but for its folder. AM_EXISTS where there is a file; AM_FULL, AM_IO.
AM_MUST_USE enum am_err signer_state_create(const char *path);

enum signer_access {
    SIGNER_READ,  // without a lock (fsck)
    SIGNER_WRITE, // locked; a signer that is just ending is waited for
};
#define SIGNER_LOCK_WAIT 10 // seconds

// Opens the record; *ret_state has the good slot with the highest counter. AM_NOT_FOUND: no file, or no good slot;
// AM_BUSY: another process holds it and didn't end; AM_IO. SIGNER_WRITE uses SIGALRM and its timer while it waits, and
// makes what it found durable: the next write goes over the slot that it would have to fall back on.
AM_MUST_USE enum am_err signer_state_open(const char *path, enum signer_access access, struct signer_state *ret_state);
void signer_state_close(struct signer_state *state);

// Writes the range into the other slot, without a sync: it survives any crash of processes. AM_FULL, AM_IO.
AM_MUST_USE enum am_err signer_state_write(struct signer_state *state, const struct merkle_range *range);
// Makes it survive a power cut.
AM_MUST_USE enum am_err signer_state_sync(struct signer_state *state);

// The rows of the start table.
enum signer_judgement {
    SIGNER_SAME,        // equal size, same root: signed again
    SIGNER_EXTENDED,    // larger, and the signer's own range reaches the log's root: signed
    SIGNER_ROLLED_BACK, // the log is smaller than what was signed
    SIGNER_EDITED,      // another root
    SIGNER_NO_RECORD,   // no good slot, and a log that isn't empty
    SIGNER_JUDGEMENTS
};

// `extended` is the record's range with the log's leaf hashes behind its size appended; unused where size is not
// larger.
enum signer_judgement signer_judge(const struct signer_state *record, uint64_t size, const uint8_t root[LOG_HASH_SIZE],
                                   const struct merkle_range *extended);

// What it means and what to do, for the operator.
const char *signer_judgement_text(enum signer_judgement judgement);
