// SPDX-License-Identifier: Apache-2.0
// A draft as a person wrote it, and where in it a field stands. Any thread.
#pragma once

#include "amana/v1/draft.pb-c.h"
#include "proto/codec/arena.h"

// Reads FILE, or standard input for "-". *ret_text is malloc'ed for the caller (wipe_free). Errors of file_in_read,
// file_in_text and json_to_message, with the file's name before the field in *detail.
AM_MUST_USE enum am_err draft_read(const char *path, struct arena *arena, struct am_detail *detail,
                                   struct am_bytes *ret_text, Amana__V1__Draft **ret_draft);

// The line (1-based) on which the value of a path ("recipients[2].unit", "alert.persons[0].roles") begins; that of the
// nearest part of the path that is there; 0 where nothing is.
unsigned draft_line(struct am_bytes text, const char *path);
