// SPDX-License-Identifier: Apache-2.0
// What this machine and this disk can do at best: what the hub's figures are measured against. One thread.
#pragma once

#include "proto/model/error.h"

#include <stddef.h>

struct machine; // a file and two LMDB environments in a folder, and a P-256 key

AM_MUST_USE enum am_err machine_open(const char *folder, struct machine **ret_machine);
void machine_close(struct machine *machine); // removes what it made; NULL is fine

// Each gives rounds durations in µs, to be written to us[0..rounds).
// An fdatasync of a 4 KiB append.
AM_MUST_USE enum am_err machine_sync(struct machine *machine, size_t rounds, double *us);
// An LMDB commit: a message of `size` bytes, its entry, and two index rows. Into blocks that the file has and nothing
// was ever written to, so that each sync is of the file system's records too; or into written ones, what LMDB costs at
// best.
enum machine_blocks { BLOCKS_UNWRITTEN, BLOCKS_WRITTEN, BLOCKS };
AM_MUST_USE enum am_err machine_commit(struct machine *machine, enum machine_blocks blocks, size_t size, size_t rounds,
                                       double *us);
// An ECDSA P-256 verification, with a context that is ready: of CPU, not of time that passes.
AM_MUST_USE enum am_err machine_verify(struct machine *machine, size_t rounds, double *us);
