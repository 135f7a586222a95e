// SPDX-License-Identifier: Apache-2.0
// What a person gives to be read: FILE, or standard input for "-", whole. Any thread.
#pragma once

#include "proto/model/error.h"

#include <stdbool.h>

// *ret_text is malloc'ed for the caller (wipe_free). AM_NOT_FOUND where it can't be read; AM_TOO_LARGE over `limit`
// bytes; AM_USAGE: no name.
AM_MUST_USE enum am_err file_in_read(const char *path, size_t limit, struct am_detail *detail,
                                     struct am_bytes *ret_text);

// Nothing but white space is in it.
bool file_in_blank(struct am_bytes text);

// Whether it is text in UTF-8: AM_INVALID with the line where it isn't, as of what was saved as UTF-16.
AM_MUST_USE enum am_err file_in_text(struct am_bytes text, struct am_detail *detail);
