// SPDX-License-Identifier: Apache-2.0
// One entry with its proof: a receipt, a notice, a line of a filtered replay; and the same as a C2SP tlog-proof text.
// Any thread.
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "proto/log/checkpoint.h"
#include "proto/log/merkle.h"

// A checkpoint as the wire has it. AM_PROTO where sizes are wrong or the origin isn't `origin`.
AM_MUST_USE enum am_err log_checkpoint_read(const Amana__V1__Checkpoint *wire, const char *origin,
                                            struct log_checkpoint *ret_checkpoint);

// Checks everything that an entry proves by itself: sizes, version, class, commitment, path to the checkpoint's root,
// the log's signature. AM_PROTO (shape), AM_PROOF, AM_SIGNATURE. Whether the checkpoint is consistent with others is
// the caller's matter (audit.md, On every connection). *ret_checkpoint and *ret_leaf may be NULL.
AM_MUST_USE enum am_err log_proved_check(const Amana__V1__ProvedEntry *entry, const struct log_verifier *verifier,
                                         struct log_checkpoint *ret_checkpoint, uint8_t ret_leaf[LOG_LEAF_SIZE],
                                         struct am_detail *detail);

// The leaf of a proved entry, from its fields; AM_PROTO where a size is wrong.
AM_MUST_USE enum am_err log_proved_leaf(const Amana__V1__ProvedEntry *entry, uint8_t ret_leaf[LOG_LEAF_SIZE]);

// C2SP tlog-proof: "c2sp.org/tlog-proof@v1", "extra <base64 of the leaf>", "index N", the path in base64, an empty line
// and the signed note. malloc'ed with its NUL; the caller frees. AM_NOMEM, AM_PROTO.
AM_MUST_USE enum am_err log_proof_text(const Amana__V1__ProvedEntry *entry, char **ret_text);

// Checks such a text against a verifier: path and signature. AM_PROTO, AM_PROOF, AM_SIGNATURE.
AM_MUST_USE enum am_err log_proof_check(const char *text, size_t len, const struct log_verifier *verifier,
                                        uint64_t *ret_index, uint8_t ret_leaf[LOG_LEAF_SIZE],
                                        struct log_checkpoint *ret_checkpoint);
