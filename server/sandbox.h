// SPDX-License-Identifier: Apache-2.0
// How few rights the program keeps once it runs (security.md, The process).
#pragma once

#include "proto/model/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// No core dumps: memory holds keys and other people's words.
void sandbox_no_core(void);

// A user by name or number. AM_CONFIG with what to do.
AM_MUST_USE enum am_err sandbox_user(const char *user, struct am_detail *detail, uid_t *ret_uid, gid_t *ret_gid);

// Becomes that user for good, with no other group; checks that there is no way back. AM_DENIED.
AM_MUST_USE enum am_err sandbox_become(uid_t uid, gid_t gid, struct am_detail *detail);

// Nothing that is executed from here on gains rights. AM_DENIED.
AM_MUST_USE enum am_err sandbox_no_new_privs(struct am_detail *detail);

// Landlock: of all files only those beneath these folders, and no new TCP connection or listener where the kernel can
// say so. Folders that aren't there are left out. Writes the level in words ("landlock 6", or why not), never fails:
// a kernel without it is told, not hidden.
void sandbox_landlock(const char *const *writable, size_t n_writable, const char *const *readable, size_t n_readable,
                      char *ret_words, size_t size);
