// SPDX-License-Identifier: Apache-2.0
// A proved entry as a C2SP .tlog-proof, whose `extra` is the leaf (audit.md, Entry and leaf). Pure; any thread.
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "proto/model/error.h"

#include <stdio.h>

struct proof_parts {
    struct am_bytes leaf; // 46 bytes
    uint64_t index;
    const ProtobufCBinaryData *path;
    size_t n_path;
    const Amana__V1__Checkpoint *checkpoint;
};

// AM_PROTO where a part has another size; AM_IO.
AM_MUST_USE enum am_err proof_text_print(const struct proof_parts *parts, FILE *out);
// The same for an entry whose leaf is made from its content.
AM_MUST_USE enum am_err proof_text_entry(const Amana__V1__ProvedEntry *entry, FILE *out);
