// SPDX-License-Identifier: Apache-2.0
// Parts of answers that several methods make from what the journal gives. Any thread, each with its own arena.
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "server/store/store.h"

// The message of a checkpoint; points into the struct and `origin`.
void checkpoint_fill(const struct log_checkpoint *checkpoint, const char *origin, Amana__V1__Checkpoint *ret_message);
// The nodes of a path as protobuf has them, in the arena. AM_TOO_LARGE, AM_NOMEM.
AM_MUST_USE enum am_err path_fill(const struct merkle_path *path, struct arena *arena, size_t *ret_n,
                                  ProtobufCBinaryData **ret_nodes);

// An entry with its proof against the view's newest checkpoint. AM_NOT_FOUND, AM_TOO_LARGE, AM_NOMEM.
AM_MUST_USE enum am_err proved_read(struct store_view *view, struct arena *arena, uint64_t seq,
                                    Amana__V1__ProvedEntry **ret_entry);
